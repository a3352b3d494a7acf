/* The data of one panel. Labels at line ends are pushed apart; labels of points look for a free side. */
#include "eval/plot_layout.h"

#ifdef SSMCAST_PLOTS
#include "eval/plot_ink.h"
#include <math.h>

enum { MAX_LABELS = 32 };

static const double LABEL_FONT = 9.5, LABEL_HEIGHT = 12;

static double x_at(const ssmi_frame *f, const ssmi_layer *layer, size_t i)
{
    return ssmi_scale_map(&f->x, layer->x != NULL ? layer->x[i] : layer->first + (double)i);
}

static int visible(const ssmi_frame *f, const ssmi_layer *layer, size_t i)
{
    double x = layer->x != NULL ? layer->x[i] : layer->first + (double)i;
    return isfinite(x) && isfinite(layer->y[i]) && (!f->x.log || x > 0) && (!f->y.log || layer->y[i] > 0);
}

static void draw_line(const ssmi_frame *f, const ssmi_layer *layer)
{
    static const double dash[] = {5, 3};
    int pen_down = 0;
    cairo_set_line_width(f->cr, layer->ink < SSMI_INK_SERIES ? 1.1 : 1.6);
    cairo_set_line_join(f->cr, CAIRO_LINE_JOIN_ROUND);
    if (layer->dashed || ssmi_ink_repeats(layer->ink)) cairo_set_dash(f->cr, dash, 2, 0);
    for (size_t i = 0; i < layer->n; i++) {
        int shown = visible(f, layer, i);
        double y = shown ? ssmi_scale_map(&f->y, layer->y[i]) : 0;
        if (shown && pen_down) cairo_line_to(f->cr, x_at(f, layer, i), y);
        if (shown && !pen_down) cairo_move_to(f->cr, x_at(f, layer, i), y);
        pen_down = shown;
    }
    cairo_stroke(f->cr);
    cairo_set_dash(f->cr, dash, 0, 0);
}

/* One closed shape for each stretch without gaps. */
static void draw_band(const ssmi_frame *f, const ssmi_layer *layer)
{
    size_t from = 0;
    while (from < layer->n) {
        size_t to = from;
        while (to < layer->n && visible(f, layer, to) && isfinite(layer->y2[to])) to++;
        for (size_t i = from; i < to; i++) {
            cairo_line_to(f->cr, x_at(f, layer, i), ssmi_scale_map(&f->y, layer->y[i]));
        }
        for (size_t i = to; i-- > from;) {
            cairo_line_to(f->cr, x_at(f, layer, i), ssmi_scale_map(&f->y, layer->y2[i]));
        }
        if (to > from) cairo_close_path(f->cr);
        from = to + 1;
    }
    cairo_fill(f->cr);
}

static void draw_bars(const ssmi_frame *f, const ssmi_layer *layer)
{
    double width = 0.7 * f->plot.width / (double)(layer->n > 0 ? layer->n : 1);
    double base = ssmi_scale_map(&f->y, f->y.log ? f->y.low : 0);
    for (size_t i = 0; i < layer->n; i++) {
        if (!visible(f, layer, i)) continue;
        double y = ssmi_scale_map(&f->y, layer->y[i]);
        cairo_rectangle(f->cr, x_at(f, layer, i) - width / 2, fmin(y, base), width, fabs(base - y));
    }
    cairo_fill(f->cr);
}

static void draw_points(const ssmi_frame *f, const ssmi_layer *layer)
{
    for (size_t i = 0; i < layer->n; i++) {
        if (!visible(f, layer, i)) continue;
        cairo_new_sub_path(f->cr);
        cairo_arc(f->cr, x_at(f, layer, i), ssmi_scale_map(&f->y, layer->y[i]), 4, 0, 6.283185307179586);
    }
    cairo_fill(f->cr);
}

static void draw_rule(const ssmi_frame *f, const ssmi_layer *layer)
{
    cairo_set_line_width(f->cr, 0.8);
    for (size_t i = 0; i < layer->n; i++) {
        cairo_move_to(f->cr, x_at(f, layer, i), f->plot.y);
        cairo_line_to(f->cr, x_at(f, layer, i), f->plot.y + f->plot.height);
    }
    cairo_stroke(f->cr);
}

static void (*const draw[SSMI_LAYER_KINDS])(const ssmi_frame *, const ssmi_layer *) = {
    draw_line, draw_band, draw_bars, draw_points, draw_rule,
};

static double overlap(const ssmi_box *a, const ssmi_box *b)
{
    double w = fmin(a->x + a->width, b->x + b->width) - fmax(a->x, b->x);
    double h = fmin(a->y + a->height, b->y + b->height) - fmax(a->y, b->y);
    return w > 0 && h > 0 ? w * h : 0;
}

/* What a label at `box` would cover, and how far it would leave the panel. */
static double cost_of(const ssmi_frame *f, const ssmi_box *box, const ssmi_box *taken, size_t n)
{
    double cost = 0, area = box->width * box->height;
    for (size_t i = 0; i < n; i++) cost += overlap(box, &taken[i]);
    ssmi_box room = {f->plot.x - 4, f->plot.y - 6, f->plot.width + 12, f->plot.height + 6};
    return cost + 4 * (area - overlap(box, &room));
}

static void label_point(const ssmi_frame *f, double x, double y, const char *text, ssmi_box *taken, size_t *n)
{
    static const double side[][2] = {{7, 0},   {-7, 0}, {0, -11},  {0, 13},
                                     {7, -10}, {7, 11}, {-7, -10}, {-7, 11}};
    double width = ssmi_text_width(f->cr, text), least = INFINITY;
    ssmi_box best = {0, 0, 0, 0};
    for (size_t k = 0; k < sizeof side / sizeof side[0]; k++) {
        double left = side[k][0] > 0 ? 0 : side[k][0] < 0 ? -width : -width / 2;
        ssmi_box box = {x + side[k][0] + left, y + side[k][1] - LABEL_HEIGHT / 2, width, LABEL_HEIGHT};
        double cost = cost_of(f, &box, taken, *n) + 0.01 * (double)k;
        if (cost < least) {
            least = cost;
            best = box;
        }
    }
    ssmi_draw_text(f->cr, best.x, best.y + 0.75 * LABEL_HEIGHT, SSMI_LEFT, text);
    if (*n < MAX_LABELS) taken[(*n)++] = best;
}

static void label_points(const ssmi_frame *f)
{
    ssmi_box taken[MAX_LABELS];
    size_t n = 0;
    ssmi_use_font(f->cr, LABEL_FONT, 0);
    for (int pass = 0; pass < 2; pass++) { /* the dots take their places first */
        for (size_t k = 0; k < f->panel->n_layers; k++) {
            const ssmi_layer *layer = &f->panel->layer[k];
            if (layer->kind != SSMI_LAYER_POINTS) continue;
            for (size_t i = 0; i < layer->n; i++) {
                if (!visible(f, layer, i)) continue;
                double x = x_at(f, layer, i), y = ssmi_scale_map(&f->y, layer->y[i]);
                if (pass == 0 && n < MAX_LABELS / 2) taken[n++] = (ssmi_box){x - 5, y - 5, 10, 10};
                if (pass == 1 && layer->text != NULL) {
                    ssmi_use_ink(f->cr, SSMI_INK_TEXT, 1);
                    label_point(f, x, y, layer->text[i], taken, &n);
                }
            }
        }
    }
}

/* Where the line ends, in points; NAN when nothing of it is seen. */
static double line_end(const ssmi_frame *f, const ssmi_layer *layer)
{
    for (size_t i = layer->n; i-- > 0;) {
        if (visible(f, layer, i)) return ssmi_scale_map(&f->y, layer->y[i]);
    }
    return NAN;
}

/* Keeps the order and the distances: first push down, then, where the floor is reached, push up. */
static void spread(double *y, size_t n, double top, double bottom)
{
    for (size_t i = 0; i < n; i++) y[i] = fmax(y[i], i > 0 ? y[i - 1] + LABEL_HEIGHT : top);
    for (size_t i = n; i-- > 0;) y[i] = fmin(y[i], i + 1 < n ? y[i + 1] - LABEL_HEIGHT : bottom);
}

static void label_lines(const ssmi_frame *f)
{
    const ssmi_layer *layer[MAX_LABELS];
    double y[MAX_LABELS];
    size_t n = 0;
    for (size_t k = 0; k < f->panel->n_layers && n < MAX_LABELS; k++) {
        const ssmi_layer *candidate = &f->panel->layer[k];
        double end = candidate->direct && candidate->label != NULL ? line_end(f, candidate) : NAN;
        if (isnan(end)) continue;
        size_t i = n++;
        for (; i > 0 && y[i - 1] > end; i--) {
            y[i] = y[i - 1];
            layer[i] = layer[i - 1];
        }
        y[i] = end;
        layer[i] = candidate;
    }
    spread(y, n, f->plot.y, f->plot.y + f->plot.height);
    ssmi_use_font(f->cr, LABEL_FONT, 1);
    for (size_t i = 0; i < n; i++) {
        ssmi_use_ink(f->cr, layer[i]->ink, 1);
        ssmi_draw_text(f->cr, f->plot.x + f->plot.width + 6, y[i] + 0.35 * LABEL_FONT, SSMI_LEFT,
                       layer[i]->label);
    }
}

void ssmi_draw_layers(const ssmi_frame *f)
{
    cairo_save(f->cr);
    cairo_rectangle(f->cr, f->plot.x - 1, f->plot.y - 5, f->plot.width + 6, f->plot.height + 5);
    cairo_clip(f->cr);
    for (size_t k = 0; k < f->panel->n_layers; k++) {
        const ssmi_layer *layer = &f->panel->layer[k];
        ssmi_use_ink(f->cr, layer->ink, layer->alpha > 0 ? layer->alpha : 1);
        draw[layer->kind](f, layer);
    }
    cairo_restore(f->cr);
    label_lines(f);
    label_points(f);
}
#endif
