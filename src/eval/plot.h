/* Figures: a description of what is to be seen, and one renderer that draws it as SVG, PNG or PDF.
 *
 *   figure -> panels (a grid) -> axes and layers (lines, bands, bars, points, rules)
 *
 * A description borrows everything it points to. Colours are named by role, not by value, so that one
 * figure serves paper, screen and dark screens, and a model keeps its colour through a report. Built without
 * cairo, every function that draws returns SSM_E_UNSUPPORTED and the rest of the library works. */
#ifndef SSMCAST_EVAL_PLOT_H
#define SSMCAST_EVAL_PLOT_H

#include "base/text.h"
#include <ssmcast/forecaster.h>

/* Roles. SSMI_INK_SERIES + i is the i-th colour for data, safe for colour-blind readers (Okabe & Ito);
 * beyond the last the colours repeat and lines become dashed. */
typedef enum ssmi_ink {
    SSMI_INK_PAPER,
    SSMI_INK_TEXT,
    SSMI_INK_MUTED,
    SSMI_INK_GRID,
    SSMI_INK_SERIES,
    SSMI_INK_COUNT = SSMI_INK_SERIES + 7
} ssmi_ink;

typedef enum ssmi_layer_kind {
    SSMI_LAYER_LINE,   /* y over x; NaN interrupts */
    SSMI_LAYER_BAND,   /* between y and y2 */
    SSMI_LAYER_BARS,   /* from zero to y */
    SSMI_LAYER_POINTS, /* dots, with `text` beside them */
    SSMI_LAYER_RULE,   /* vertical line at each x */
    SSMI_LAYER_KINDS
} ssmi_layer_kind;

typedef struct ssmi_layer {
    ssmi_layer_kind kind;
    size_t n;
    const double *x; /* (n); NULL: first, first + 1, ... */
    double first;
    const double *y, *y2;    /* (n) */
    const char *const *text; /* (n) labels of points; NULL: none */
    size_t ink;              /* a role */
    double alpha;            /* 0 means 1 */
    int dashed;
    int direct;        /* label stands at the end of the line instead of in the legend */
    const char *label; /* NULL: none */
} ssmi_layer;

typedef enum ssmi_scale_kind { SSMI_SCALE_LINEAR, SSMI_SCALE_LOG, SSMI_SCALE_TIME } ssmi_scale_kind;

typedef struct ssmi_axis {
    const char *label; /* NULL: none */
    ssmi_scale_kind kind;
    double low, high; /* equal: taken from the data */
    int from_zero;
    ssm_time_index time; /* SSMI_SCALE_TIME: x counts rows of this index */
} ssmi_axis;

typedef struct ssmi_panel {
    const char *title;
    ssmi_axis x, y;
    size_t n_layers;
    const ssmi_layer *layer; /* (n_layers), drawn in order */
} ssmi_panel;

typedef struct ssmi_figure {
    double width, height; /* points */
    const char *title;    /* NULL: none */
    size_t columns;       /* panels side by side */
    int aligned;          /* panels have one x axis: a place across means the same in all of them */
    size_t n_panels;
    const ssmi_panel *panel; /* (n_panels), row by row */
} ssmi_figure;

/* Gives layers whose x counts rows of a series with stamps the places of these rows on its grid of the
 * typical distance; layers of a series without stay as they are. */
ssm_status ssmi_layers_place(ssmi_layer *layer, size_t n, const ssm_series *series, ssm_arena *arena);

/* Draws into a file; the suffix .svg, .png or .pdf decides how. Written beside and renamed. */
ssm_status ssmi_figure_save(ssm_context *ctx, const ssmi_figure *figure, const char *path);

/* Appends an <svg> element that stands inside an HTML page: no prolog, ids that start with `id`, colours
 * as CSS variables --ink-<role> (see ssmi_ink_css). `alternative` describes the figure in words. */
ssm_status ssmi_figure_inline(ssm_context *ctx, const ssmi_figure *figure, const char *id,
                              const char *alternative, ssmi_text *out);

/* CSS declarations of all --ink-<role> variables, for light or dark paper. */
void ssmi_ink_css(ssmi_text *out, int dark);

/* 1 when the library was built with plots. */
int ssmi_plots_available(void);

/* The end of the history, then mean and shaded bands of the forecast (for each pair of levels that lies
 * symmetric around one half). `title` NULL: the name of the series. */
ssm_status ssmi_plot_forecast(ssm_context *ctx, const char *path, const ssm_series *history,
                              const ssm_forecast *forecast, const char *title);

/* The loss curve of a training as layers: on the training windows, dashed, and on the validation windows,
 * with the label. Their numbers live in `memory`. */
enum { SSMI_TRAINING_LAYERS = 2 };
ssm_status ssmi_training_layers(ssmi_layer layer[SSMI_TRAINING_LAYERS], const ssm_training_point *point,
                                size_t n, size_t ink, const char *label, ssm_arena *memory);
void ssmi_training_axes(ssmi_panel *panel);
/* The loss curve of one training, n >= 1. */
ssm_status ssmi_plot_training(ssm_context *ctx, const char *path, const ssm_training_point *point, size_t n,
                              const char *title);

/* A smoothed series: values, signal with its band, forecasts behind, marked rows, components below. */
typedef struct ssmi_smoothed_picture {
    const ssm_series *series;
    const ssm_decomposition *result; /* every array is there */
    size_t n_components;
    const char *const *component; /* (n_components) names */
    double percent;               /* of the band */
    int show_components;          /* the first eight of them */
    int show_imputed;             /* missing rows are marked */
    size_t n_marks;
    const size_t *mark_row;             /* (n_marks) rows that stand out */
    const unsigned char *mark_is_shift; /* (n_marks) the level moves there; else the value is odd */
} ssmi_smoothed_picture;

ssm_status ssmi_plot_smoothed(ssm_context *ctx, const char *path, const ssmi_smoothed_picture *picture);

#endif
