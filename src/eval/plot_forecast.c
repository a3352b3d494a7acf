/* The picture of one forecast. */
#include "base/arena.h"
#include "eval/plot.h"

#include <math.h>
#include <stdio.h>

enum { MAX_BANDS = 4 };

typedef struct band {
    size_t low, high; /* columns of the quantiles */
    double nominal;
} band;

/* Pairs of levels symmetric around one half, widest first; at most MAX_BANDS, the widest and narrower ones
 * at even distances when there are more. */
static size_t find_bands(const ssm_forecast *f, band *out)
{
    size_t n = 0, pairs = 0;
    for (size_t i = 0; i < f->n_levels; i++) pairs += f->level[i] < 0.5;
    size_t stride = pairs > MAX_BANDS ? (pairs + MAX_BANDS - 1) / MAX_BANDS : 1;
    for (size_t i = 0; i < pairs && n < MAX_BANDS; i += stride) {
        for (size_t j = i + 1; j < f->n_levels; j++) {
            if (fabs(f->level[i] + f->level[j] - 1) > 1e-9) continue;
            out[n++] = (band){i, j, f->level[j] - f->level[i]};
            break;
        }
    }
    return n;
}

/* A column of the quantiles with the last observed value in front, so that the band begins at the data. */
static double *column(ssm_arena *tmp, const ssm_forecast *f, size_t level, double anchor)
{
    double *y = SSMI_ALLOC(tmp, double, f->horizon + 1);
    if (y == NULL) return NULL;
    y[0] = anchor;
    for (size_t t = 0; t < f->horizon; t++) {
        y[t + 1] = level == f->n_levels ? f->mean[t] : f->quantile[t * f->n_levels + level];
    }
    return y;
}

static ssm_status add_bands(ssm_arena *tmp, const ssm_forecast *f, ssmi_layer *layer, size_t *n, double first,
                            double anchor)
{
    band bands[MAX_BANDS];
    size_t count = find_bands(f, bands);
    for (size_t k = 0; k < count; k++) {
        double *low = column(tmp, f, bands[k].low, anchor), *high = column(tmp, f, bands[k].high, anchor);
        char *label = ssmi_arena_alloc(tmp, 32, 1);
        if (low == NULL || high == NULL || label == NULL) return SSM_E_MEMORY;
        snprintf(label, 32, "%.4g %% interval", 100 * bands[k].nominal);
        layer[(*n)++] = (ssmi_layer){.kind = SSMI_LAYER_BAND,
                                     .n = f->horizon + 1,
                                     .first = first,
                                     .y = low,
                                     .y2 = high,
                                     .ink = SSMI_INK_SERIES,
                                     .alpha = 0.15 + 0.12 * (double)k,
                                     .label = label};
    }
    return SSM_OK;
}

/* Three horizons of history, at least two seasons, so that the forecast can be judged by eye. */
static size_t shown_history(const ssm_series *history, const ssm_forecast *f)
{
    size_t season = history->n_periods > 0 ? history->period[0] : 1;
    size_t rows = 3 * f->horizon > 40 ? 3 * f->horizon : 40;
    if (rows < 2 * season && 2 * season < 12 * f->horizon) rows = 2 * season;
    return rows < history->length ? rows : history->length;
}

static ssm_status draw(ssm_arena *tmp, const char *path, const ssm_series *history, const ssm_forecast *f,
                       const char *title)
{
    size_t rows = shown_history(history, f), n = 0;
    double first = (double)(history->length - rows), last = (double)history->length - 1;
    const double *value = history->value + (history->length - rows);
    double anchor = rows > 0 ? value[rows - 1] : NAN;
    ssmi_layer layer[MAX_BANDS + 2];
    SSMI_TRY(add_bands(tmp, f, layer, &n, last, anchor));
    double *mean = column(tmp, f, f->n_levels, anchor);
    if (mean == NULL) return SSM_E_MEMORY;
    layer[n++] = (ssmi_layer){.kind = SSMI_LAYER_LINE,
                              .n = rows,
                              .first = first,
                              .y = value,
                              .ink = SSMI_INK_TEXT,
                              .label = "observed"};
    layer[n++] = (ssmi_layer){.kind = SSMI_LAYER_LINE,
                              .n = f->horizon + 1,
                              .first = last,
                              .y = mean,
                              .ink = SSMI_INK_SERIES,
                              .label = "forecast"};
    SSMI_TRY(ssmi_layers_place(layer, n, history, tmp));
    ssmi_panel panel = {.x = {.kind = SSMI_SCALE_TIME, .time = history->time}, .n_layers = n, .layer = layer};
    if (history->time.step.unit == SSM_STEP_NONE) panel.x = (ssmi_axis){.label = "row"};
    ssmi_figure figure = {.width = 760,
                          .height = 340,
                          .title = title != NULL ? title : history->name,
                          .columns = 1,
                          .n_panels = 1,
                          .panel = &panel};
    return ssmi_figure_save(tmp->ctx, &figure, path);
}

ssm_status ssmi_plot_forecast(ssm_context *ctx, const char *path, const ssm_series *history,
                              const ssm_forecast *forecast, const char *title)
{
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    ssm_status status = draw(&tmp, path, history, forecast, title);
    ssmi_arena_clear(&tmp);
    return status;
}
