#include "cli/exogenous.h"

#include "eval/document.h"
#include <ssmcast/forecast.h>

#include <math.h>
#include <string.h>

/* The columns while they are sorted out. */
typedef struct regressors {
    size_t n, rows;            /* columns; rows from the first on that all of them have */
    const ssm_series **column; /* (n) of the table */
    double *value;             /* (rows, n) */
} regressors;

int cli_columns_with_exogenous(cli_session *session, const cli_input *input, ssm_arena *arena,
                               const char **out)
{
    *out = input->columns;
    if (input->columns == NULL || input->exogenous == NULL) return CLI_OK;
    *out = ssmi_arena_printf(arena, "%s,%s", input->columns, input->exogenous);
    return *out != NULL ? CLI_OK : cli_fail(session, SSM_E_MEMORY);
}

/* Finds each name of the list among the series of the table. */
static int find_columns(cli_session *session, const char *names, const cli_data *data, ssm_arena *arena,
                        regressors *x)
{
    size_t room = 1;
    for (const char *c = names; *c != '\0'; c++) room += *c == ',';
    x->column = SSMI_ALLOC(arena, const ssm_series *, room);
    char *list = ssmi_arena_strdup(arena, names);
    if (x->column == NULL || list == NULL) return cli_fail(session, SSM_E_MEMORY);
    for (char *name = list, *next; name != NULL; name = next) {
        next = strchr(name, ',');
        if (next != NULL) *next++ = '\0';
        const ssm_status status = ssm_table_find(data->table, name, &x->column[x->n]);
        if (status != SSM_OK) return cli_fail(session, status);
        for (size_t k = 0; k < x->n; k++) {
            if (x->column[k] != x->column[x->n]) continue;
            cli_error("option \"--exogenous\": column \"%s\" is named twice", name);
            return CLI_USAGE;
        }
        x->n++;
    }
    return CLI_OK;
}

static int is_regressor(const regressors *x, const ssm_series *series)
{
    for (size_t k = 0; k < x->n; k++) {
        if (x->column[k]->name == series->name) return 1;
    }
    return 0;
}

/* The first column without a value in this row; n when all have one. */
static size_t first_missing(const regressors *x, size_t row)
{
    size_t k = 0;
    while (k < x->n && !isnan(x->column[k]->value[row])) k++;
    return k;
}

static size_t last_value(const ssm_series *series)
{
    size_t rows = series->length;
    while (rows > 0 && isnan(series->value[rows - 1])) rows--;
    return rows;
}

static int refuse_missing(cli_session *session, const regressors *x, size_t row, const cli_data *data,
                          ssm_arena *arena)
{
    char when[SSM_TIME_TEXT_SIZE];
    const ssm_series *column = x->column[first_missing(x, row)];
    const char *name = cli_printable(arena, column->name), *path = cli_printable(arena, data->table->path);
    if (name == NULL || path == NULL) return cli_fail(session, SSM_E_MEMORY);
    ssm_time_text(column->time, (int64_t)row, when, sizeof when);
    cli_error("%s: exogenous column \"%s\" has no value at %s%s", path, name,
              column->time.step.unit == SSM_STEP_NONE ? "row " : "", when);
    return CLI_USAGE;
}

/* Values row by row, up to the last row that all columns have. */
static int gather(cli_session *session, regressors *x, const cli_data *data, ssm_arena *arena)
{
    size_t rows = data->table->length;
    while (rows > 0 && first_missing(x, rows - 1) < x->n) rows--;
    x->rows = rows;
    x->value = ssmi_arena_alloc(arena, rows, x->n * sizeof(double));
    if (x->value == NULL) return cli_fail(session, SSM_E_MEMORY);
    for (size_t t = 0; t < rows; t++) {
        if (first_missing(x, t) < x->n) return refuse_missing(session, x, t, data, arena);
        for (size_t k = 0; k < x->n; k++) x->value[t * x->n + k] = x->column[k]->value[t];
    }
    return CLI_OK;
}

static int give(cli_session *session, const regressors *x, ssm_series *series, const cli_data *data,
                ssm_arena *arena)
{
    const size_t rows = last_value(series);
    if (rows > x->rows) return refuse_missing(session, x, x->rows, data, arena);
    if (x->rows < series->length) /* trailing rows without anything */
        series->length = rows > 0 ? rows : x->rows;
    else if (rows > 0)
        series->length = rows;
    series->exogenous = x->value;
    series->n_exogenous = x->n;
    series->exogenous_rows = x->rows;
    return CLI_OK;
}

int cli_take_exogenous(cli_session *session, const char *names, ssm_arena *arena, cli_data *data)
{
    regressors x = {0};
    size_t n = 0;
    int failed = find_columns(session, names, data, arena, &x);
    if (!failed) failed = gather(session, &x, data, arena);
    for (size_t i = 0; i < data->n_series && !failed; i++) {
        if (is_regressor(&x, &data->series[i])) continue;
        data->series[n] = data->series[i];
        failed = give(session, &x, &data->series[n++], data, arena);
    }
    if (failed) return failed;
    data->n_series = n;
    if (n > 0) return CLI_OK;
    cli_error("option \"--exogenous\": no column is left to forecast");
    return CLI_USAGE;
}

size_t cli_future_rows(const ssm_series *series, size_t n)
{
    size_t least = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t rows = series[i].exogenous != NULL ? series[i].exogenous_rows - series[i].length : 0;
        if (i == 0 || rows < least) least = rows;
    }
    return least;
}

void cli_warn_unused_exogenous(const cli_session *session, const char *model, const ssm_series *series)
{
    const ssm_forecaster_type *type = ssm_forecaster_type_find(model);
    if (series->n_exogenous > 0 && type != NULL && !(type->caps & SSM_CAP_EXOGENOUS))
        cli_warn(session, "\"%s\" does not use exogenous columns", model);
}
