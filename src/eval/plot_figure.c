/* A figure: title, one legend for all panels, the grid of panels. */
#include "eval/plot_layout.h"

#ifdef SSMCAST_PLOTS
#include "eval/plot_ink.h"
#include <math.h>
#include <string.h>

static const double MARGIN = 10, GAP = 18, LEGEND_LINE = 17;

/* A layer belongs into the legend when it has a label that no earlier layer has. */
static int in_legend(const ssmi_figure *figure, size_t panel, size_t k)
{
    const ssmi_layer *layer = &figure->panel[panel].layer[k];
    if (layer->label == NULL || layer->direct) return 0;
    for (size_t p = 0; p <= panel; p++) {
        size_t end = p < panel ? figure->panel[p].n_layers : k;
        for (size_t i = 0; i < end; i++) {
            const ssmi_layer *earlier = &figure->panel[p].layer[i];
            if (!earlier->direct && earlier->label != NULL && strcmp(earlier->label, layer->label) == 0)
                return 0;
        }
    }
    return 1;
}

static void draw_key(cairo_t *cr, const ssmi_layer *layer, double x, double y)
{
    static const double dash[] = {4, 2.5};
    ssmi_use_ink(cr, layer->ink, layer->alpha > 0 ? layer->alpha : 1);
    if (layer->kind == SSMI_LAYER_BAND || layer->kind == SSMI_LAYER_BARS) {
        cairo_rectangle(cr, x, y - 8, 16, 9);
        cairo_fill(cr);
    } else if (layer->kind == SSMI_LAYER_POINTS) {
        cairo_arc(cr, x + 8, y - 3.5, 4, 0, 6.283185307179586);
        cairo_fill(cr);
    } else {
        cairo_set_line_width(cr, 1.8);
        if (layer->dashed || ssmi_ink_repeats(layer->ink)) cairo_set_dash(cr, dash, 2, 0);
        cairo_move_to(cr, x, y - 3.5);
        cairo_line_to(cr, x + 16, y - 3.5);
        cairo_stroke(cr);
        cairo_set_dash(cr, dash, 0, 0);
    }
}

/* Draws the legend from baseline y on; returns the next free y. */
static double draw_legend(cairo_t *cr, const ssmi_figure *figure, double y)
{
    double x = MARGIN;
    int drawn = 0;
    ssmi_use_font(cr, 10, 0);
    for (size_t p = 0; p < figure->n_panels; p++) {
        for (size_t k = 0; k < figure->panel[p].n_layers; k++) {
            const ssmi_layer *layer = &figure->panel[p].layer[k];
            if (!in_legend(figure, p, k)) continue;
            double width = 22 + ssmi_text_width(cr, layer->label) + 16;
            if (drawn && x + width > figure->width - MARGIN) {
                x = MARGIN;
                y += LEGEND_LINE;
            }
            draw_key(cr, layer, x, y);
            ssmi_use_ink(cr, SSMI_INK_TEXT, 1);
            ssmi_draw_text(cr, x + 22, y, SSMI_LEFT, layer->label);
            x += width;
            drawn = 1;
        }
    }
    return drawn ? y + LEGEND_LINE : y;
}

/* The grid of panels: how many there are, and the place and size of the first. */
typedef struct grid {
    size_t columns, rows;
    ssmi_box first;
} grid;

static grid lay_grid(const ssmi_figure *figure, double top)
{
    grid g = {.columns = figure->columns > 0 ? figure->columns : 1};
    g.rows = (figure->n_panels + g.columns - 1) / g.columns;
    g.first = (ssmi_box){MARGIN, top,
                         (figure->width - 2 * MARGIN - GAP * (double)(g.columns - 1)) / (double)g.columns,
                         (figure->height - top - MARGIN - GAP * (double)(g.rows - 1)) / (double)g.rows};
    return g;
}

static ssmi_frame place_panel(cairo_t *cr, const ssmi_figure *figure, const grid *g, size_t p)
{
    ssmi_frame frame = {.cr = cr, .panel = &figure->panel[p], .outer = g->first};
    frame.outer.x += (double)(p % g->columns) * (g->first.width + GAP);
    frame.outer.y += (double)(p / g->columns) * (g->first.height + GAP);
    ssmi_place_axes(&frame);
    return frame;
}

/* The x axis that all panels have room for. */
typedef struct common {
    double low, high, left;
} common;

static common find_common(cairo_t *cr, const ssmi_figure *figure, const grid *g)
{
    common c = {INFINITY, -INFINITY, 0};
    for (size_t p = 0; p < figure->n_panels; p++) {
        const ssmi_frame frame = place_panel(cr, figure, g, p);
        c.low = fmin(c.low, frame.x.low);
        c.high = fmax(c.high, frame.x.high);
        c.left = fmax(c.left, frame.plot.x - frame.outer.x);
    }
    return c;
}

void ssmi_draw_figure(cairo_t *cr, const ssmi_figure *figure)
{
    double y = MARGIN + 10;
    if (figure->title != NULL) {
        ssmi_use_font(cr, 14, 1);
        ssmi_use_ink(cr, SSMI_INK_TEXT, 1);
        ssmi_draw_text(cr, MARGIN, y + 2, SSMI_LEFT, figure->title);
        y += 23;
    }
    double top = draw_legend(cr, figure, y) - 9;
    if (figure->n_panels == 0) return;
    const grid g = lay_grid(figure, top);
    const common c = find_common(cr, figure, &g);
    for (size_t p = 0; p < figure->n_panels; p++) {
        ssmi_frame frame = place_panel(cr, figure, &g, p);
        if (figure->aligned) ssmi_align_axes(&frame, c.low, c.high, c.left);
        ssmi_draw_axes(&frame);
        ssmi_draw_layers(&frame);
    }
}
#endif
