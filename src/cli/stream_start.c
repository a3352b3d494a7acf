#include "cli/stream_start.h"

#include "cli/prediction.h"
#include "forecast/handle.h"
#include "series/time.h"

#include <math.h>
#include <string.h>

/* ---- time ---- */

int cli_clock_row(const cli_clock *clock, int64_t stamp, int64_t *row)
{
    const ssm_time_index *index = &clock->index;
    if (index->step.unit == SSM_STEP_MONTHS) {
        const int64_t months = ssmi_month_number(ssmi_civil_from_time(stamp)) -
                               ssmi_month_number(ssmi_civil_from_time(index->start));
        *row = ssmi_floor_div(months, index->step.count);
        return 1;
    }
    /* unsigned: times may lie 580 years apart */
    const uint64_t apart = (uint64_t)stamp - (uint64_t)index->start;
    const int backward = stamp < index->start;
    if (backward || apart > (uint64_t)INT64_MAX - (uint64_t)index->step.count) {
        *row = -1;
        return backward;
    }
    *row = ((int64_t)apart + index->step.count / 2) / index->step.count;
    return 1;
}

/* ---- forecasters ---- */

static ssm_status check_online(const ssm_forecaster_type *type, ssm_context *ctx)
{
    if (type->caps & SSM_CAP_ONLINE) return SSM_OK;
    return ssmi_fail(ctx, SSM_E_UNSUPPORTED,
                     "\"%s\" cannot be updated row by row; \"ssmcast models\" lists those that are online",
                     type->name);
}

/* As --step says it. */
static int is_irregular(const char *step)
{
    return step != NULL && (strcmp(step, "irregular") == 0 || strcmp(step, "none") == 0);
}

/* Mean distance of the rows; of one row nothing is known but that a second is a time. */
static int64_t typical_gap(const cli_first_rows *rows)
{
    const int64_t span = rows->stamp[rows->rows - 1] - rows->stamp[0];
    const int64_t gap = rows->rows > 1 ? span / (int64_t)(rows->rows - 1) : 0;
    return gap > 0 ? gap : SSMI_SECOND;
}

/* The first rows and those that follow stand at their own times. */
static void keep_times(cli_flow *s, cli_data *data, const cli_first_rows *rows)
{
    s->clock = (cli_clock){.irregular = 1, .last = rows->stamp[rows->rows - 1]};
    for (size_t i = 0; i < rows->n; i++) {
        data->series[i].stamp = rows->stamp;
        data->series[i].time = (ssm_time_index){rows->stamp[0], {SSM_STEP_NANOSECONDS, typical_gap(rows)}};
    }
}

/* The step that the user gave, or that a loaded model was fitted for, gives the times of the rows their grid.
 */
static void set_clock(cli_flow *s, const char *text, cli_data *data, const cli_first_rows *rows)
{
    ssm_step step;
    const char *rest = text != NULL ? ssmi_step_read(text, &step) : NULL;
    if (s->clock.known || s->clock.irregular || rows->stamp == NULL) return;
    if (is_irregular(text)) {
        keep_times(s, data, rows);
        return;
    }
    if (rest == NULL || *rest != '\0') return;
    s->clock = (cli_clock){.known = 1, .index = {rows->stamp[0], step}};
    if (!cli_clock_row(&s->clock, rows->stamp[rows->rows - 1], &s->clock.row)) s->clock.known = 0;
    for (size_t i = 0; i < data->n_series; i++) data->series[i].time = s->clock.index;
}

/* One handle for the series from `first` on; *width of them. */
static ssm_status make_unit(cli_flow *s, const cli_stream_origin *origin, cli_data *data, size_t first,
                            const cli_first_rows *rows, ssm_forecaster **out)
{
    cli_data part = *data;
    part.series += first;
    part.n_series -= first;
    if (origin->load != NULL && rows == NULL) {
        SSMI_TRY(cli_load(s->session, origin->load, &part, s->arena, out));
    } else if (origin->load != NULL) {
        SSMI_TRY(ssm_forecaster_load(s->session->ctx, origin->load, out));
        SSMI_TRY(ssmi_forecaster_own(s->arena, *out));
        set_clock(s, ssm_forecaster_annotation(*out, "step"), data, rows);
    } else {
        const ssm_forecaster_type *type = ssm_forecaster_type_find(origin->request->model);
        if (type == NULL || !(type->caps & SSM_CAP_MULTIVARIATE)) part.n_series = 1;
        SSMI_TRY(cli_fit_shared(origin->request, &part, origin->horizon, s->arena, out));
    }
    SSMI_TRY(check_online(ssm_forecaster_type_of(*out), s->session->ctx));
    if (ssm_forecaster_width(*out) > data->n_series - first)
        return ssmi_fail(s->session->ctx, SSM_E_ARGUMENT,
                         "the model is one of %zu columns together, here are %zu; choose with --column",
                         ssm_forecaster_width(*out), data->n_series);
    return ssm_forecaster_condition(*out, data->series + first);
}

static ssm_status say_note(const cli_flow *s, const ssm_forecaster *f, const char *name)
{
    char note[512];
    SSMI_TRY(ssm_forecaster_note(f, note, sizeof note));
    const char *shown = cli_printable(s->arena, name), *text = cli_printable(s->arena, note);
    if (shown == NULL || text == NULL) return SSM_E_MEMORY;
    if (*text != '\0' && !s->session->quiet)
        fprintf(stderr, "ssmcast: %s: %s: %s\n", shown, ssm_forecaster_type_of(f)->name, text);
    return SSM_OK;
}

static ssm_status open_units(cli_flow *s, const cli_stream_origin *origin, cli_data *data,
                             const cli_first_rows *rows)
{
    ssm_forecaster **unit = SSMI_ALLOC(s->arena, ssm_forecaster *, data->n_series);
    const char **name = SSMI_ALLOC(s->arena, const char *, data->n_series);
    size_t n = 0;
    if (unit == NULL || name == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < data->n_series; i++) name[i] = data->series[i].name;
    SSMI_TRY(cli_feed_init(&s->feed, name, data->n_series, origin->percent, origin->horizon, s->arena));
    if (rows != NULL) set_clock(s, origin->step, data, rows);
    for (size_t first = 0; first < data->n_series; n++) {
        SSMI_TRY(make_unit(s, origin, data, first, rows, &unit[n]));
        SSMI_TRY(say_note(s, unit[n], name[first]));
        first += ssm_forecaster_width(unit[n]);
    }
    return cli_feed_connect(&s->feed, unit, n);
}

ssm_status cli_stream_open_history(cli_flow *s, const cli_stream_origin *origin, const cli_data *data)
{
    cli_data copy = *data;
    SSMI_TRY(ssmi_stream_layout_of(&s->layout, data->table, s->arena));
    s->has_layout = 1;
    if (data->table->stamp != NULL)
        s->clock = (cli_clock){.irregular = 1, .last = data->table->stamp[data->table->length - 1]};
    else if (data->table->time.step.unit != SSM_STEP_NONE)
        s->clock =
            (cli_clock){.known = 1, .index = data->table->time, .row = (int64_t)data->table->length - 1};
    return open_units(s, origin, &copy, NULL);
}

ssm_status cli_stream_open_rows(cli_flow *s, const cli_stream_origin *origin, const cli_first_rows *rows)
{
    cli_data data = {.n_series = rows->n, .series = SSMI_ALLOC(s->arena, ssm_series, rows->n)};
    if (data.series == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < rows->n; i++) {
        double *value = SSMI_ALLOC(s->arena, double, rows->rows);
        if (value == NULL) return SSM_E_MEMORY;
        for (size_t t = 0; t < rows->rows; t++) value[t] = rows->value[t * rows->n + i];
        data.series[i] = (ssm_series){.name = rows->name[i], .value = value, .length = rows->rows};
        data.series[i].name = ssmi_arena_strdup(s->arena, rows->name[i]);
        if (data.series[i].name == NULL) return SSM_E_MEMORY;
    }
    return open_units(s, origin, &data, rows);
}
