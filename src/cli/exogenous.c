#include "cli/exogenous.h"

#include "eval/document.h"
#include <ssmcast/forecast.h>

#include <math.h>
#include <string.h>

/* The columns while they are sorted out. */
typedef struct regressors {
    size_t n, rows;            /* columns; rows from the first on that all of them have */
    const ssm_series **column; /* (n) of the table */
    size_t *lag;               /* (n) */
    double *value;             /* (rows, n) */
} regressors;

/* Cuts "@ROWS" off a name and gives the rows; 0 where there is none. */
static int cut_lag(char *name, size_t *lag)
{
    char *at = strrchr(name, '@');
    double rows;
    size_t n;
    *lag = 0;
    if (at == NULL || at[1] == '\0' || at[1 + strspn(at + 1, "0123456789")] != '\0') return CLI_OK;
    const int failed = cli_parse_numbers("exogenous", at + 1, 0, 1e6, 1, &rows, &n);
    if (failed) return failed;
    *at = '\0';
    *lag = (size_t)rows;
    return CLI_OK;
}

/* The next name of a list that is cut up; NULL at its end. */
static char *next_name(char **list)
{
    char *name = *list, *end = name != NULL ? strchr(name, ',') : NULL;
    if (end != NULL) *end = '\0';
    *list = end != NULL ? end + 1 : NULL;
    return name;
}

int cli_columns_with_exogenous(cli_session *session, const cli_input *input, ssm_arena *arena,
                               const char **out)
{
    *out = input->columns;
    if (input->columns == NULL || input->exogenous == NULL) return CLI_OK;
    char *list = ssmi_arena_strdup(arena, input->exogenous);
    for (char *name; list != NULL && *out != NULL && (name = next_name(&list)) != NULL;) {
        size_t lag;
        const int failed = cut_lag(name, &lag);
        if (failed) return failed;
        *out = ssmi_arena_printf(arena, "%s,%s", *out, name);
    }
    return *out != NULL ? CLI_OK : cli_fail(session, SSM_E_MEMORY);
}

static int refuse_second(const regressors *x)
{
    for (size_t k = 0; k < x->n; k++) {
        if (x->column[k] != x->column[x->n] || x->lag[k] != x->lag[x->n]) continue;
        cli_error("option \"--exogenous\": column \"%s\" is named twice", x->column[k]->name);
        return CLI_USAGE;
    }
    return CLI_OK;
}

/* Finds each name of the list among the series of the table. */
static int find_columns(cli_session *session, const char *names, const cli_data *data, ssm_arena *arena,
                        regressors *x)
{
    size_t room = 1;
    for (const char *c = names; *c != '\0'; c++) room += *c == ',';
    x->column = SSMI_ALLOC(arena, const ssm_series *, room);
    x->lag = SSMI_ALLOC(arena, size_t, room);
    char *list = ssmi_arena_strdup(arena, names);
    if (x->column == NULL || x->lag == NULL || list == NULL) return cli_fail(session, SSM_E_MEMORY);
    for (char *name; (name = next_name(&list)) != NULL; x->n++) {
        int failed = cut_lag(name, &x->lag[x->n]);
        if (failed) return failed;
        const ssm_status status = ssm_table_find(data->table, name, &x->column[x->n]);
        if (status != SSM_OK) return cli_fail(session, status);
        failed = refuse_second(x);
        if (failed) return failed;
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

/* Column k as it was `lag` rows before; before its first row as in that, NaN after its last. */
static double value_of(const regressors *x, size_t k, size_t row)
{
    const size_t at = row > x->lag[k] ? row - x->lag[k] : 0;
    return at < x->column[k]->length ? x->column[k]->value[at] : NAN;
}

/* The first column without a value in this row; n when all have one. */
static size_t first_missing(const regressors *x, size_t row)
{
    size_t k = 0;
    while (k < x->n && !isnan(value_of(x, k, row))) k++;
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
    const size_t k = first_missing(x, row), at = row > x->lag[k] ? row - x->lag[k] : 0;
    const ssm_series *column = x->column[k];
    const char *name = cli_printable(arena, column->name), *path = cli_printable(arena, data->table->path);
    if (name == NULL || path == NULL) return cli_fail(session, SSM_E_MEMORY);
    ssm_time_text(column->time, (int64_t)at, when, sizeof when);
    cli_error("%s: exogenous column \"%s\" has no value at %s%s", path, name,
              column->time.step.unit == SSM_STEP_NONE ? "row " : "", when);
    return CLI_USAGE;
}

/* Values row by row, up to the last row that all columns have. */
static int gather(cli_session *session, regressors *x, const cli_data *data, ssm_arena *arena)
{
    size_t rows = data->table->length, longest = 0;
    for (size_t k = 0; k < x->n; k++) longest = x->lag[k] > longest ? x->lag[k] : longest;
    rows += longest;
    while (rows > 0 && first_missing(x, rows - 1) < x->n) rows--;
    x->rows = rows;
    x->value = ssmi_arena_alloc(arena, rows, x->n * sizeof(double));
    if (x->value == NULL) return cli_fail(session, SSM_E_MEMORY);
    for (size_t t = 0; t < rows; t++) {
        if (first_missing(x, t) < x->n) return refuse_missing(session, x, t, data, arena);
        for (size_t k = 0; k < x->n; k++) x->value[t * x->n + k] = value_of(x, k, t);
    }
    return CLI_OK;
}

/* As the user wrote them: "rain", "rain@3". */
static const char *const *names_of(const regressors *x, ssm_arena *arena)
{
    const char **name = SSMI_ALLOC(arena, const char *, x->n);
    for (size_t k = 0; k < x->n && name != NULL; k++) {
        name[k] = x->lag[k] == 0 ? x->column[k]->name
                                 : ssmi_arena_printf(arena, "%s@%zu", x->column[k]->name, x->lag[k]);
        if (name[k] == NULL) return NULL;
    }
    return name;
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
    series->exogenous_name = names_of(x, arena);
    if (series->exogenous_name == NULL) return cli_fail(session, SSM_E_MEMORY);
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
