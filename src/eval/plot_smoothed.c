/* The picture of a smoothed series: what was observed and what is under it, then its components one below the
 * other. */
#include "base/arena.h"
#include "eval/plot.h"
#include "series/clock.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

enum { MOST_COMPONENTS = 8, LAYERS = 8 };

typedef struct canvas {
    ssm_arena *tmp;
    const ssmi_smoothed_picture *picture;
    size_t rows; /* with the horizon */
    double z;    /* standard deviations of the band */
} canvas;

static double *copy(canvas *c, size_t count)
{
    double *block = SSMI_ALLOC(c->tmp, double, count);
    for (size_t i = 0; block != NULL && i < count; i++) block[i] = NAN;
    return block;
}

/* mean -+ z sd, from row `from` on. */
static ssm_status band(canvas *c, const double *mean, const double *sd, size_t stride, size_t from, size_t to,
                       ssmi_layer *out)
{
    const size_t n = to - from;
    double *low = copy(c, n), *high = copy(c, n);
    if (low == NULL || high == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; t < n; t++) {
        const size_t at = (from + t) * stride;
        low[t] = mean[at] - c->z * sd[at];
        high[t] = mean[at] + c->z * sd[at];
    }
    *out = (ssmi_layer){.kind = SSMI_LAYER_BAND,
                        .n = n,
                        .first = (double)from,
                        .y = low,
                        .y2 = high,
                        .ink = SSMI_INK_SERIES,
                        .alpha = 0.25};
    return SSM_OK;
}

static ssm_status column(canvas *c, const double *value, size_t stride, ssmi_layer *out)
{
    double *y = copy(c, c->rows);
    if (y == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; t < c->rows; t++) y[t] = value[t * stride];
    *out = (ssmi_layer){.kind = SSMI_LAYER_LINE, .n = c->rows, .y = y, .ink = SSMI_INK_SERIES};
    return SSM_OK;
}

/* Rows marked in `pick` at the heights of `y`, others NaN. */
static ssm_status points(canvas *c, const double *y, const unsigned char *pick, unsigned char what,
                         size_t ink, const char *label, ssmi_layer *layer, size_t *n)
{
    double *x = copy(c, c->picture->series->length), *height = copy(c, c->picture->series->length);
    size_t count = 0;
    if (x == NULL || height == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; t < c->picture->series->length; t++) {
        if (pick[t] != what || isnan(y[t])) continue;
        x[count] = ssmi_series_place(c->picture->series, t);
        height[count++] = y[t];
    }
    if (count == 0) return SSM_OK;
    layer[(*n)++] = (ssmi_layer){.kind = SSMI_LAYER_POINTS,
                                 .n = count,
                                 .x = x,
                                 .y = height,
                                 .ink = SSMI_INK_SERIES + ink,
                                 .label = label};
    return SSM_OK;
}

static ssmi_axis rows_axis(const ssm_series *series)
{
    if (series->time.step.unit == SSM_STEP_NONE) return (ssmi_axis){.label = "row"};
    return (ssmi_axis){.kind = SSMI_SCALE_TIME, .time = series->time};
}

/* 1: outlier, 2: level shift, 3: imputed. */
static ssm_status marks(canvas *c, unsigned char **out)
{
    const ssmi_smoothed_picture *p = c->picture;
    unsigned char *mark = SSMI_ALLOC(c->tmp, unsigned char, p->series->length);
    if (mark == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; p->show_imputed && t < p->series->length; t++) {
        if (isnan(p->series->value[t])) mark[t] = 3;
    }
    for (size_t i = 0; i < p->n_marks; i++) mark[p->mark_row[i]] = p->mark_is_shift[i] ? 2 : 1;
    *out = mark;
    return SSM_OK;
}

static ssm_status main_panel(canvas *c, ssmi_panel *panel)
{
    const ssmi_smoothed_picture *p = c->picture;
    const ssm_decomposition *d = p->result;
    const size_t length = p->series->length;
    unsigned char *mark;
    size_t n = 0;
    ssmi_layer *layer = SSMI_ALLOC(c->tmp, ssmi_layer, LAYERS);
    if (layer == NULL) return SSM_E_MEMORY;
    SSMI_TRY(marks(c, &mark));
    SSMI_TRY(band(c, d->signal, d->signal_sd, 1, 0, length, &layer[n++]));
    if (c->rows > length)
        SSMI_TRY(band(c, d->signal, d->observation_sd, 1, length - 1, c->rows, &layer[n++]));
    layer[n++] = (ssmi_layer){.kind = SSMI_LAYER_LINE,
                              .n = length,
                              .y = p->series->value,
                              .ink = SSMI_INK_TEXT,
                              .alpha = 0.6,
                              .label = "observed"};
    SSMI_TRY(column(c, d->signal, 1, &layer[n]));
    layer[n++].label = c->rows > length ? "smoothed and forecast" : "smoothed";
    SSMI_TRY(points(c, d->signal, mark, 3, 2, "imputed", layer, &n));
    SSMI_TRY(points(c, p->series->value, mark, 1, 1, "outlier", layer, &n));
    SSMI_TRY(points(c, d->signal, mark, 2, 3, "level shift", layer, &n));
    SSMI_TRY(ssmi_layers_place(layer, n, p->series, c->tmp));
    *panel = (ssmi_panel){.x = rows_axis(p->series), .n_layers = n, .layer = layer};
    return SSM_OK;
}

static ssm_status component_panel(canvas *c, size_t i, ssmi_panel *panel)
{
    const ssmi_smoothed_picture *p = c->picture;
    ssmi_layer *layer = SSMI_ALLOC(c->tmp, ssmi_layer, 2);
    if (layer == NULL) return SSM_E_MEMORY;
    SSMI_TRY(band(c, p->result->component + i, p->result->component_sd + i, p->n_components, 0, c->rows,
                  &layer[0]));
    SSMI_TRY(column(c, p->result->component + i, p->n_components, &layer[1]));
    SSMI_TRY(ssmi_layers_place(layer, 2, p->series, c->tmp));
    *panel = (ssmi_panel){.title = p->component[i], .x = rows_axis(p->series), .n_layers = 2, .layer = layer};
    return SSM_OK;
}

static ssm_status draw(canvas *c, const char *path)
{
    const ssmi_smoothed_picture *p = c->picture;
    const size_t shown = !p->show_components                 ? 0
                         : p->n_components < MOST_COMPONENTS ? p->n_components
                                                             : MOST_COMPONENTS;
    ssmi_panel *panel = SSMI_ALLOC(c->tmp, ssmi_panel, shown + 1);
    if (panel == NULL) return SSM_E_MEMORY;
    SSMI_TRY(main_panel(c, panel));
    for (size_t i = 0; i < shown; i++) SSMI_TRY(component_panel(c, i, panel + i + 1));
    const ssmi_figure figure = {.width = 760,
                                .height = 340 + 180 * (double)shown,
                                .title = p->series->name,
                                .columns = 1,
                                .aligned = 1,
                                .n_panels = shown + 1,
                                .panel = panel};
    return ssmi_figure_save(c->tmp->ctx, &figure, path);
}

ssm_status ssmi_plot_smoothed(ssm_context *ctx, const char *path, const ssmi_smoothed_picture *picture)
{
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    canvas c = {.tmp = &tmp,
                .picture = picture,
                .rows = picture->series->length + picture->result->horizon,
                .z = gsl_cdf_ugaussian_Pinv(0.5 + picture->percent / 200.0)};
    ssm_status status = draw(&c, path);
    ssmi_arena_clear(&tmp);
    return status;
}
