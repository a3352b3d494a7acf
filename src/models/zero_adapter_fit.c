#include "models/zero_adapter_fit.h"

#include "base/parallel.h"
#include "models/zero_adapter_share.h"

#include <math.h>
#include <string.h>

enum { LEVELS = SSMI_FAN_LEVELS, MOST_OF_BLOCK = 168, LEAST_WINDOWS = 32 };

typedef struct window {
    size_t series, origin, block;
} window;

typedef struct study {
    const ssmi_zero_model *model;
    const ssm_fit_task *task;
    size_t horizon;
    ssmi_zero_blocks blocks;
    size_t n, done;                   /* windows, those of blocks before included */
    window *window;                   /* (n) */
    ssmi_zero_adapter_errors *errors; /* (n) */
    /* of the block at hand */
    ssmi_zero_adapter map;
    const ssmi_window_series *panel;
} study;

static size_t longest_period(const ssm_series *series)
{
    return series->n_periods > 0 ? series->period[series->n_periods - 1] : 0;
}

/* Rows before the last `ahead` of each series, standardised. */
static ssm_status prepare(ssmi_window_series **panel, const ssm_fit_task *task, size_t ahead, ssm_arena *tmp)
{
    *panel = SSMI_ALLOC(tmp, ssmi_window_series, task->n_series);
    if (*panel == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < task->n_series; i++) {
        const ssm_series *s = &task->panel[i];
        const ssm_series before = ssm_series_slice(*s, 0, s->length - ahead);
        SSMI_TRY(ssmi_windows_prepare(&(*panel)[i], &before, before.length, tmp));
    }
    return SSM_OK;
}

static size_t shortest_of(const ssmi_window_series *panel, size_t n)
{
    size_t shortest = panel[0].length;
    for (size_t i = 1; i < n; i++)
        if (panel[i].length < shortest) shortest = panel[i].length;
    return shortest;
}

/* Settings and weights from all rows of the panel. The look-back is no longer than a stream keeps rows. */
static ssm_status fit_map(ssmi_zero_adapter *map, const study *s, const ssmi_window_series *panel,
                          ssm_arena *mem, ssm_arena *tmp)
{
    const ssm_series *first = &s->task->panel[0];
    ssmi_ridge_task task = {.panel = panel,
                            .n_series = s->task->n_series,
                            .horizon = s->horizon,
                            .period = longest_period(first),
                            .fade = SSMI_RIDGE_FADE,
                            .bands = SSMI_RIDGE_BANDS,
                            .refit_all = 1};
    task.n_validation = ssmi_windows_validation(shortest_of(panel, task.n_series), s->horizon);
    map->period = first->n_periods > 0 ? first->period[0] : 0;
    SSMI_TRY(ssmi_ridge_fit(&map->ridge, &task, mem, tmp));
    if (map->ridge.lookback <= s->model->context) return SSM_OK;
    task.lookback = s->model->context;
    return ssmi_ridge_fit(&map->ridge, &task, mem, tmp);
}

/* Windows of block k, evenly spread over its rows and all series. */
static void place(study *s, size_t k)
{
    const size_t n_series = s->task->n_series, spare = s->blocks.width - s->horizon;
    const size_t each = n_series < MOST_OF_BLOCK ? MOST_OF_BLOCK / n_series : 1;
    const size_t skip = (n_series + MOST_OF_BLOCK - 1) / MOST_OF_BLOCK, step = spare / each + 1;
    for (size_t i = 0; i < n_series; i += skip) {
        const size_t from = s->task->panel[i].length - (k + 1) * s->blocks.width;
        for (size_t o = from; o <= from + spare; o += step) s->window[s->n++] = (window){i, o, k};
    }
}

static int any_observed(const double *value, size_t n)
{
    return ssmi_windows_last_rows(value, n, n, 0) > 0;
}

/* A window without spread, or without an observed row on either side of its origin, says nothing: its losses
 * stay 0. */
static ssm_status judge(void *study_, size_t i, ssm_arena *scratch)
{
    study *s = study_;
    const window *w = &s->window[s->done + i];
    const double *value = s->task->panel[w->series].value, *y = value + w->origin;
    const size_t H = s->horizon, context = s->model->context < w->origin ? s->model->context : w->origin;
    double *fan = SSMI_ALLOC(scratch, double, H *LEVELS), *line = SSMI_ALLOC(scratch, double, H);
    ssmi_zero_view view;
    int known;
    if (fan == NULL || line == NULL) return SSM_E_MEMORY;
    if (!any_observed(y - context, context) || !any_observed(y, H)) return SSM_OK;
    SSMI_TRY(ssmi_zero_view_of(s->model, value, w->origin, H, &view, scratch));
    if (view.frame.flat) return SSM_OK;
    SSMI_TRY(ssmi_zero_forecast(s->model, fan, value, w->origin, H, &view, scratch));
    SSMI_TRY(ssmi_zero_adapter_line(&known, line, &s->map, value, w->origin, H, scratch));
    for (size_t h = 0; h < H; h++)
        if (!isnan(y[h]))
            ssmi_zero_adapter_errors_add(&s->errors[s->done + i], fan + h * LEVELS, line[h], y[h],
                                         1 / (double)H, s->panel[w->series].scale);
    return SSM_OK;
}

/* SSM_E_DATA: the rows before block k do not make a map. */
static ssm_status study_block(study *s, size_t k, ssm_arena *tmp)
{
    ssmi_window_series *panel;
    SSMI_TRY(prepare(&panel, s->task, (k + 1) * s->blocks.width, tmp));
    SSMI_TRY(fit_map(&s->map, s, panel, tmp, tmp));
    s->panel = panel;
    s->done = s->n;
    place(s, k);
    return ssmi_parallel_for(tmp->ctx, s->n - s->done, judge, s);
}

static ssm_status make_room(study *s, ssm_arena *tmp)
{
    const size_t n_series = s->task->n_series, each = n_series < MOST_OF_BLOCK ? MOST_OF_BLOCK : n_series;
    const size_t room = s->blocks.n * (each + 1);
    s->window = SSMI_ALLOC(tmp, window, room);
    s->errors = SSMI_ALLOC(tmp, ssmi_zero_adapter_errors, room);
    return s->window != NULL && s->errors != NULL ? SSM_OK : SSM_E_MEMORY;
}

/* The blocks from the newest on; older ones that do not make a map are left out. */
static ssm_status study_blocks(study *s, ssm_arena *tmp)
{
    for (size_t k = 0; k < s->blocks.n; k++) {
        const ssmi_mark mark = ssmi_arena_mark(tmp);
        SSMI_TRY(ssmi_progress(tmp->ctx, "looking back", (double)k / (double)s->blocks.n, NAN));
        const ssm_status status = study_block(s, k, tmp);
        ssmi_arena_rewind(tmp, mark);
        if (status == SSM_E_DATA) break;
        SSMI_TRY(status);
    }
    return SSM_OK;
}

/* Windows of a block are one observation. */
static double share_of(ssmi_trust *trust, const study *s)
{
    ssmi_zero_adapter_errors block[SSMI_ZERO_BLOCKS] = {{0}};
    for (size_t i = 0; i < s->n; i++)
        ssmi_zero_adapter_errors_join(&block[s->window[i].block], &s->errors[i]);
    return ssmi_zero_adapter_share(trust, block, s->blocks.n);
}

ssm_status ssmi_zero_adapter_fit(ssmi_zero_adapter *out, ssmi_trust *trust, const ssmi_zero_model *model,
                                 const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    study s = {.model = model, .task = task, .blocks = ssmi_zero_blocks_of(task)};
    ssmi_window_series *panel;
    s.horizon = task->horizon < SSMI_ZERO_HORIZON ? task->horizon : SSMI_ZERO_HORIZON;
    *out = (ssmi_zero_adapter){0};
    *trust = (ssmi_trust){0};
    if (s.blocks.n < SSMI_TRUST_BLOCKS) return SSM_OK;
    SSMI_TRY(make_room(&s, tmp));
    SSMI_TRY(study_blocks(&s, tmp));
    if (s.n < LEAST_WINDOWS) return SSM_OK;
    const double share = share_of(trust, &s);
    if (!(share > 0)) return SSM_OK;
    SSMI_TRY(prepare(&panel, task, 0, tmp));
    SSMI_TRY(fit_map(out, &s, panel, mem, tmp));
    out->share = share;
    return SSM_OK;
}
