/* The figures of a report. A model has one colour in all of them. */
#include "eval/report.h"
#include "series/clock.h"

#include <math.h>
#include <stdio.h>

enum { SHOWN_MODELS = 3, MAX_BINS = 60, LAYERS_OF_WINDOW = 5 };

static const double WIDTH = 860;

static double *copy_column(ssm_arena *memory, const ssm_forecast *f, size_t n, size_t level)
{
    double *y = SSMI_ALLOC(memory, double, n);
    for (size_t t = 0; y != NULL && t < n; t++) y[t] = f->quantile[t * f->n_levels + level];
    return y;
}

static size_t nearest_level(const ssm_forecast *f, double level)
{
    size_t best = 0;
    for (size_t k = 1; k < f->n_levels; k++) {
        if (fabs(f->level[k] - level) < fabs(f->level[best] - level)) best = k;
    }
    return best;
}

/* Rows before the origin that are drawn: half a horizon, but one season at least. */
static size_t rows_before(const ssm_backtest *b, const ssm_window *w)
{
    size_t rows = (w->horizon + 1) / 2;
    if (rows < b->season && b->season <= 2 * w->horizon) rows = b->season;
    if (rows < 4) rows = 4;
    return rows < w->row ? rows : w->row;
}

static ssm_status window_panel(ssm_arena *memory, const ssm_backtest *b, size_t window, size_t outcome,
                               ssmi_panel *panel)
{
    static const double nominal[] = {0.95, 0.8};
    const ssm_window *w = &b->window[window];
    const ssm_series *series = &b->panel[w->series];
    const ssm_forecast *f = &b->outcome[outcome].window[window];
    size_t before = rows_before(b, w), n = 0, ink = SSMI_INK_SERIES + outcome;
    double first = (double)w->row;
    ssmi_layer *layer = SSMI_ALLOC(memory, ssmi_layer, LAYERS_OF_WINDOW);
    if (layer == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < 2; k++) {
        double *low = copy_column(memory, f, w->horizon, nearest_level(f, 0.5 - nominal[k] / 2));
        double *high = copy_column(memory, f, w->horizon, nearest_level(f, 0.5 + nominal[k] / 2));
        if (low == NULL || high == NULL) return SSM_E_MEMORY;
        layer[n++] = (ssmi_layer){.kind = SSMI_LAYER_BAND,
                                  .n = w->horizon,
                                  .first = first,
                                  .y = low,
                                  .y2 = high,
                                  .ink = ink,
                                  .alpha = 0.15 + 0.1 * (double)k};
    }
    layer[n++] = (ssmi_layer){.kind = SSMI_LAYER_LINE,
                              .n = before + w->horizon,
                              .first = first - (double)before,
                              .y = series->value + (w->row - before),
                              .ink = SSMI_INK_TEXT};
    layer[n++] =
        (ssmi_layer){.kind = SSMI_LAYER_LINE, .n = w->horizon, .first = first, .y = f->mean, .ink = ink};
    SSMI_TRY(ssmi_layers_place(layer, n, series, memory));
    *panel = (ssmi_panel){.title = ssmi_arena_printf(memory, "%s, %s%s%s", b->outcome[outcome].label,
                                                     w->reason, b->n_series > 1 ? " of " : "",
                                                     b->n_series > 1 ? series->name : ""),
                          .x = {.kind = SSMI_SCALE_TIME, .time = series->time},
                          .n_layers = n,
                          .layer = layer};
    return panel->title != NULL ? SSM_OK : SSM_E_MEMORY;
}

static void widen(double range[2], const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        range[0] = fmin(range[0], y[i]); /* fmin and fmax pass over NaN */
        range[1] = fmax(range[1], y[i]);
    }
}

/* What the layers of a panel from `first` on span: 0 is the wide band, 1 the narrow one, 2 the truth. */
static void span_of(const ssmi_panel *panel, size_t first, double range[2])
{
    for (size_t k = first; k < panel->n_layers; k++) {
        widen(range, panel->layer[k].y, panel->layer[k].n);
        if (panel->layer[k].y2 != NULL) widen(range, panel->layer[k].y2, panel->layer[k].n);
    }
}

/* One vertical scale for panels side by side: the truth, all forecasts and the narrow band of the best
 * model; the bands of the others may take a third more and leave the frame beyond. */
static void share_scale(ssmi_panel *panel, size_t n)
{
    double core[2] = {INFINITY, -INFINITY}, all[2] = {INFINITY, -INFINITY};
    for (size_t p = 0; p < n; p++) {
        span_of(&panel[p], p == 0 ? 1 : 2, core);
        span_of(&panel[p], 1, all);
    }
    double room = (core[1] - core[0]) / 3, pad = 0.04 * (core[1] - core[0]) + 1e-12;
    for (size_t p = 0; p < n && core[0] <= core[1]; p++) {
        panel[p].y.low = fmax(all[0], core[0] - room) - pad;
        panel[p].y.high = fmin(all[1], core[1] + room) + pad;
    }
}

ssm_status ssmi_figure_windows(ssm_arena *memory, const ssm_backtest *b, size_t horizon, ssmi_figure *figure)
{
    const ssm_ranking *r = &b->ranking[horizon];
    size_t models = r->n < SHOWN_MODELS ? r->n : SHOWN_MODELS, rows = 0;
    ssmi_panel *panel = SSMI_ALLOC(memory, ssmi_panel, b->n_windows * models);
    if (panel == NULL) return SSM_E_MEMORY;
    for (size_t w = 0; w < b->n_windows; w++) {
        if (b->window[w].horizon != b->horizon[horizon]) continue;
        for (size_t k = 0; k < models; k++) {
            SSMI_TRY(window_panel(memory, b, w, r->order[k], &panel[rows * models + k]));
        }
        share_scale(&panel[rows * models], models);
        rows++;
    }
    *figure = (ssmi_figure){.width = WIDTH,
                            .height = 30 + 205 * (double)rows,
                            .columns = models,
                            .n_panels = rows * models,
                            .panel = panel};
    return SSM_OK;
}

/* Means of bins of `width` steps, so that a line of hundreds of noisy steps can be read. */
static ssm_status binned_line(ssm_arena *memory, const double *y, size_t n, size_t width, ssmi_layer *layer)
{
    size_t bins = (n + width - 1) / width;
    double *x = SSMI_ALLOC(memory, double, bins), *mean = SSMI_ALLOC(memory, double, bins);
    if (x == NULL || mean == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < bins; i++) {
        size_t from = i * width, to = from + width < n ? from + width : n, counted = 0;
        for (size_t t = from; t < to; t++) {
            if (isnan(y[t])) continue;
            mean[i] += y[t];
            counted++;
        }
        mean[i] = counted > 0 ? mean[i] / (double)counted : NAN;
        x[i] = (double)(from + to + 1) / 2;
    }
    layer->n = bins;
    layer->x = x;
    layer->y = mean;
    return SSM_OK;
}

/* The axis of errors: from zero, unless the worst model would press all others against the floor. */
static ssm_status error_axis(ssm_arena *memory, const ssm_backtest *b, const char *what, ssmi_axis *axis)
{
    double range[2] = {INFINITY, -INFINITY};
    for (size_t o = 0; o < b->n_outcomes; o++) {
        for (size_t i = 0; i < b->n_horizons; i++) {
            double value = ssmi_report_value(b, o, i, b->ranked_by);
            if (value > 0) widen(range, &value, 1);
        }
    }
    int wide = range[1] > 10 * range[0];
    *axis = (ssmi_axis){.kind = wide ? SSMI_SCALE_LOG : SSMI_SCALE_LINEAR, .from_zero = !wide};
    axis->label = ssmi_arena_printf(memory, "%s%s%s", b->measure[b->ranked_by].title, what,
                                    wide ? ", logarithmic scale" : "");
    return axis->label != NULL ? SSM_OK : SSM_E_MEMORY;
}

static ssmi_figure *one_panel(ssm_arena *memory, size_t n_layers, ssmi_layer **layer, ssmi_panel **panel,
                              ssmi_figure *figure)
{
    *layer = SSMI_ALLOC(memory, ssmi_layer, n_layers);
    *panel = SSMI_ALLOC(memory, ssmi_panel, 1);
    if (*layer == NULL || *panel == NULL) return NULL;
    (*panel)->layer = *layer;
    *figure = (ssmi_figure){.width = WIDTH, .height = 330, .columns = 1, .n_panels = 1, .panel = *panel};
    return figure;
}

ssm_status ssmi_figure_steps(ssm_arena *memory, const ssm_backtest *b, ssmi_figure *figure)
{
    ssmi_layer *layer;
    ssmi_panel *panel;
    size_t width = (b->longest + MAX_BINS - 1) / MAX_BINS;
    if (one_panel(memory, b->n_outcomes, &layer, &panel, figure) == NULL) return SSM_E_MEMORY;
    for (size_t o = 0; o < b->n_outcomes; o++) {
        if (b->outcome[o].status != SSM_OK) continue;
        ssmi_layer *line = &layer[panel->n_layers++];
        *line = (ssmi_layer){
            .kind = SSMI_LAYER_LINE, .ink = SSMI_INK_SERIES + o, .direct = 1, .label = b->outcome[o].label};
        SSMI_TRY(binned_line(memory, b->outcome[o].step_value + b->ranked_by * b->longest, b->longest, width,
                             line));
    }
    panel->x = (ssmi_axis){.label = "steps ahead", .low = 0, .high = (double)b->longest};
    return error_axis(memory, b, "", &panel->y);
}

ssm_status ssmi_figure_origins(ssm_arena *memory, const ssm_backtest *b, ssmi_figure *figure)
{
    ssmi_layer *layer;
    ssmi_panel *panel;
    double *x = SSMI_ALLOC(memory, double, b->n_origins);
    if (x == NULL || one_panel(memory, b->n_outcomes, &layer, &panel, figure) == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < b->n_origins; k++)
        x[k] = ssmi_series_place(b->panel, ssm_backtest_origin(b, 0, k));
    for (size_t o = 0; o < b->n_outcomes; o++) {
        if (b->outcome[o].status != SSM_OK) continue;
        const double *loss = b->outcome[o].loss + (b->n_horizons - 1) * b->n_origins;
        layer[panel->n_layers++] = (ssmi_layer){.kind = SSMI_LAYER_LINE,
                                                .n = b->n_origins,
                                                .x = x,
                                                .y = loss,
                                                .ink = SSMI_INK_SERIES + o,
                                                .direct = 1,
                                                .label = b->outcome[o].label};
    }
    panel->x = (ssmi_axis){.kind = SSMI_SCALE_TIME, .time = b->panel[0].time};
    return error_axis(memory, b, " of the forecast made at this time", &panel->y);
}

ssm_status ssmi_figure_training(ssm_arena *memory, const ssm_backtest *b, ssmi_figure *figure)
{
    ssmi_layer *layer;
    ssmi_panel *panel;
    if (one_panel(memory, SSMI_TRAINING_LAYERS * b->n_outcomes, &layer, &panel, figure) == NULL)
        return SSM_E_MEMORY;
    for (size_t o = 0; o < b->n_outcomes; o++) {
        const ssm_outcome *trained = &b->outcome[o];
        if (trained->status != SSM_OK || trained->n_training == 0) continue;
        SSMI_TRY(ssmi_training_layers(layer + panel->n_layers, trained->training, trained->n_training,
                                      SSMI_INK_SERIES + o, trained->label, memory));
        panel->n_layers += SSMI_TRAINING_LAYERS;
    }
    ssmi_training_axes(panel);
    figure->n_panels = panel->n_layers > 0;
    return SSM_OK;
}

/* Actual against nominal coverage of one model. */
static ssm_status coverage_line(ssm_arena *memory, const ssm_backtest *b, size_t outcome, size_t horizon,
                                ssmi_layer *line, ssmi_layer *dots)
{
    double *x = SSMI_ALLOC(memory, double, b->n_measures), *y = SSMI_ALLOC(memory, double, b->n_measures);
    size_t n = 0;
    if (x == NULL || y == NULL) return SSM_E_MEMORY;
    for (size_t m = 0; m < b->n_measures; m++) {
        if (b->measure[m].metric->direction != SSM_NOMINAL_IS_BEST) continue;
        x[n] = 100 * b->measure[m].nominal;
        y[n++] = ssmi_report_value(b, outcome, horizon, m);
    }
    *line = (ssmi_layer){.kind = SSMI_LAYER_LINE,
                         .n = n,
                         .x = x,
                         .y = y,
                         .ink = SSMI_INK_SERIES + outcome,
                         .label = b->outcome[outcome].label};
    *dots = (ssmi_layer){.kind = SSMI_LAYER_POINTS, .n = n, .x = x, .y = y, .ink = SSMI_INK_SERIES + outcome};
    return SSM_OK;
}

static ssm_status coverage_panel(ssm_arena *memory, const ssm_backtest *b, size_t horizon, ssmi_panel *panel)
{
    static const double ends[] = {0, 100};
    ssmi_layer *layer = SSMI_ALLOC(memory, ssmi_layer, 1 + 2 * b->n_outcomes);
    char *rows = ssmi_report_horizon(memory, b, b->horizon[horizon]);
    if (layer == NULL || rows == NULL) return SSM_E_MEMORY;
    layer[0] = (ssmi_layer){.kind = SSMI_LAYER_LINE,
                            .n = 2,
                            .x = ends,
                            .y = ends,
                            .ink = SSMI_INK_MUTED,
                            .dashed = 1,
                            .label = "ideal"};
    *panel =
        (ssmi_panel){.title = ssmi_arena_printf(memory, "horizon %s", rows), .n_layers = 1, .layer = layer};
    for (size_t o = 0; o < b->n_outcomes; o++) {
        if (b->outcome[o].status != SSM_OK) continue;
        SSMI_TRY(coverage_line(memory, b, o, horizon, &layer[panel->n_layers], &layer[panel->n_layers + 1]));
        panel->n_layers += 2;
    }
    panel->x = (ssmi_axis){.label = "nominal coverage, %", .low = 0, .high = 100};
    panel->y = (ssmi_axis){.label = "actual coverage, %", .low = 0, .high = 100};
    return panel->title != NULL ? SSM_OK : SSM_E_MEMORY;
}

/* Panels side by side, one for each horizon, at most three in a row. */
static ssm_status per_horizon(ssm_arena *memory, const ssm_backtest *b, double height,
                              ssm_status (*fill)(ssm_arena *, const ssm_backtest *, size_t, ssmi_panel *),
                              ssmi_figure *figure)
{
    ssmi_panel *panel = SSMI_ALLOC(memory, ssmi_panel, b->n_horizons);
    size_t columns = b->n_horizons < 3 ? b->n_horizons : 3, rows = (b->n_horizons + columns - 1) / columns;
    if (panel == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < b->n_horizons; i++) SSMI_TRY(fill(memory, b, i, &panel[i]));
    double width = b->n_horizons == 1 ? 0.62 * WIDTH : WIDTH;
    *figure = (ssmi_figure){.width = width,
                            .height = 50 + height * (double)rows,
                            .columns = columns,
                            .n_panels = b->n_horizons,
                            .panel = panel};
    return SSM_OK;
}

ssm_status ssmi_figure_coverage(ssm_arena *memory, const ssm_backtest *b, ssmi_figure *figure)
{
    return per_horizon(memory, b, 340, coverage_panel, figure);
}

static ssm_status cost_panel(ssm_arena *memory, const ssm_backtest *b, size_t horizon, ssmi_panel *panel)
{
    ssmi_layer *layer = SSMI_ALLOC(memory, ssmi_layer, b->n_outcomes);
    double *point = SSMI_ALLOC(memory, double, 2 * b->n_outcomes);
    const char **text = SSMI_ALLOC(memory, const char *, b->n_outcomes);
    char *rows = ssmi_report_horizon(memory, b, b->horizon[horizon]);
    if (layer == NULL || point == NULL || text == NULL || rows == NULL) return SSM_E_MEMORY;
    *panel = (ssmi_panel){.title = ssmi_arena_printf(memory, "horizon %s", rows), .layer = layer};
    for (size_t o = 0; o < b->n_outcomes; o++) {
        const ssm_outcome *outcome = &b->outcome[o];
        if (outcome->status != SSM_OK) continue;
        double *xy = point + 2 * o;
        xy[0] = fmax(outcome->cost.fit_seconds + outcome->cost.predict_seconds, 1e-6);
        xy[1] = ssmi_report_value(b, o, horizon, b->ranked_by);
        text[o] = outcome->label;
        layer[panel->n_layers++] = (ssmi_layer){.kind = SSMI_LAYER_POINTS,
                                                .n = 1,
                                                .x = xy,
                                                .y = xy + 1,
                                                .text = text + o,
                                                .ink = SSMI_INK_SERIES + o};
    }
    panel->x = (ssmi_axis){.label = "seconds to fit and predict", .kind = SSMI_SCALE_LOG};
    SSMI_TRY(error_axis(memory, b, "", &panel->y));
    return panel->title != NULL ? SSM_OK : SSM_E_MEMORY;
}

ssm_status ssmi_figure_cost(ssm_arena *memory, const ssm_backtest *b, ssmi_figure *figure)
{
    return per_horizon(memory, b, 280, cost_panel, figure);
}
