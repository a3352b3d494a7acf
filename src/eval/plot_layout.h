/* Inside of the renderer: scales, text, and the two halves of drawing a panel. Only built with cairo. */
#ifndef SSMCAST_EVAL_PLOT_LAYOUT_H
#define SSMCAST_EVAL_PLOT_LAYOUT_H

#include "eval/plot.h"
#include "eval/ticks.h"

#ifdef SSMCAST_PLOTS
#include <cairo.h>

typedef struct ssmi_scale {
    double low, high; /* in data */
    double from, to;  /* in points */
    int log;
} ssmi_scale;

typedef struct ssmi_box {
    double x, y, width, height;
} ssmi_box;

/* A panel being drawn. */
typedef struct ssmi_frame {
    cairo_t *cr;
    const ssmi_panel *panel;
    ssmi_box outer, plot; /* all of the panel; the part with data */
    ssmi_scale x, y;
} ssmi_frame;

typedef enum ssmi_align { SSMI_LEFT, SSMI_CENTRE, SSMI_RIGHT } ssmi_align;

double ssmi_scale_map(const ssmi_scale *scale, double value);
void ssmi_use_ink(cairo_t *cr, size_t ink, double alpha);
void ssmi_use_font(cairo_t *cr, double size, int bold);
double ssmi_text_width(cairo_t *cr, const char *text);
void ssmi_draw_text(cairo_t *cr, double x, double y, ssmi_align align, const char *text);

/* Finds the scales and the plot area. */
void ssmi_place_axes(ssmi_frame *frame);
/* Moves the x scale to low .. high and the left edge of the plot area so far into the panel. */
void ssmi_align_axes(ssmi_frame *frame, double low, double high, double left);
/* Draws title, grid, axes. */
void ssmi_draw_axes(const ssmi_frame *frame);
/* Draws the data and the labels beside it. */
void ssmi_draw_layers(const ssmi_frame *frame);
/* The whole figure. */
void ssmi_draw_figure(cairo_t *cr, const ssmi_figure *figure);

#endif
#endif
