/* Axes of one panel: a range from the data, room for the labels, a light horizontal grid, one thin line
 * below. The label of the y axis lies flat above the axis, where it can be read without turning the head. */
#include "eval/plot_layout.h"

#ifdef SSMCAST_PLOTS
#include "eval/plot_ink.h"
#include <math.h>

static const double TICK_FONT = 9.5, TITLE_FONT = 11.5, LINE = 13;

double ssmi_scale_map(const ssmi_scale *s, double value)
{
    double part =
        s->log ? log(value / s->low) / log(s->high / s->low) : (value - s->low) / (s->high - s->low);
    return s->from + part * (s->to - s->from);
}

void ssmi_use_ink(cairo_t *cr, size_t ink, double alpha)
{
    const unsigned char *c = ssmi_ink_colour(ink)->light;
    cairo_set_source_rgba(cr, c[0] / 255.0, c[1] / 255.0, c[2] / 255.0, alpha);
}

void ssmi_use_font(cairo_t *cr, double size, int bold)
{
    cairo_select_font_face(cr, "Helvetica", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
}

double ssmi_text_width(cairo_t *cr, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cr, text, &extents);
    return extents.x_advance;
}

void ssmi_draw_text(cairo_t *cr, double x, double y, ssmi_align align, const char *text)
{
    cairo_move_to(cr, x - ssmi_text_width(cr, text) * (double)align / 2, y);
    cairo_show_text(cr, text);
    cairo_new_path(cr);
}

static void widen(double range[2], double value, int positive)
{
    if (!isfinite(value) || (positive && value <= 0)) return;
    if (value < range[0]) range[0] = value;
    if (value > range[1]) range[1] = value;
}

static double layer_x(const ssmi_layer *layer, size_t i)
{
    return layer->x != NULL ? layer->x[i] : layer->first + (double)i;
}

/* The span of the data along one axis (vertical: y), {inf, -inf} when there is none. */
static void data_range(const ssmi_panel *panel, int vertical, double range[2])
{
    const ssmi_axis *axis = vertical ? &panel->y : &panel->x;
    int positive = axis->kind == SSMI_SCALE_LOG;
    range[0] = INFINITY;
    range[1] = -INFINITY;
    if (vertical && axis->from_zero) range[0] = range[1] = 0;
    for (size_t k = 0; k < panel->n_layers; k++) {
        const ssmi_layer *layer = &panel->layer[k];
        if (layer->kind == SSMI_LAYER_RULE) continue;
        for (size_t i = 0; i < layer->n; i++) {
            widen(range, vertical ? layer->y[i] : layer_x(layer, i), positive);
            if (vertical && layer->kind == SSMI_LAYER_BAND) widen(range, layer->y2[i], positive);
            if (vertical && layer->kind == SSMI_LAYER_BARS) widen(range, 0, positive);
        }
    }
}

/* Dots and bars need air at the sides; lines use the full width. */
static int wants_air(const ssmi_panel *panel)
{
    for (size_t k = 0; k < panel->n_layers; k++) {
        if (panel->layer[k].kind == SSMI_LAYER_POINTS || panel->layer[k].kind == SSMI_LAYER_BARS) return 1;
    }
    return 0;
}

static ssmi_scale make_scale(const ssmi_panel *panel, int vertical)
{
    const ssmi_axis *axis = vertical ? &panel->y : &panel->x;
    double range[2];
    ssmi_scale s = {.low = axis->low, .high = axis->high, .log = axis->kind == SSMI_SCALE_LOG};
    if (s.low < s.high) return s;
    data_range(panel, vertical, range);
    if (!(range[0] <= range[1])) range[0] = range[1] = s.log ? 1 : 0;
    double air = vertical || wants_air(panel) ? 0.06 : 0;
    if (s.log) {
        double factor = pow(range[1] / range[0], air) * (range[0] == range[1] ? 2 : 1.02);
        return (ssmi_scale){.low = range[0] / factor, .high = range[1] * factor, .log = 1};
    }
    double pad = range[0] < range[1] ? air * (range[1] - range[0]) : fabs(range[0]) * 0.1 + 0.5;
    s.low = vertical && axis->from_zero && range[0] >= 0 ? 0 : range[0] - pad;
    s.high = range[1] + pad;
    return s;
}

static size_t make_ticks(ssmi_tick *tick, const ssmi_axis *axis, const ssmi_scale *s, size_t wanted)
{
    if (axis->kind == SSMI_SCALE_TIME) return ssmi_ticks_time(tick, s->low, s->high, wanted, axis->time);
    if (s->log) return ssmi_ticks_log(tick, s->low, s->high, wanted);
    return ssmi_ticks_linear(tick, s->low, s->high, wanted);
}

/* Room to the right for labels that stand at the end of their line. */
static double direct_width(const ssmi_frame *f)
{
    double width = 0;
    ssmi_use_font(f->cr, TICK_FONT, 1);
    for (size_t k = 0; k < f->panel->n_layers; k++) {
        const ssmi_layer *layer = &f->panel->layer[k];
        if (layer->direct && layer->label != NULL)
            width = fmax(width, ssmi_text_width(f->cr, layer->label) + 8);
    }
    return width;
}

static double head_height(const ssmi_panel *panel)
{
    return (panel->title != NULL ? LINE + 5 : 0) + (panel->y.label != NULL ? LINE + 3 : 0) + 4;
}

static void set_plot(ssmi_frame *f, ssmi_box plot)
{
    f->plot = plot;
    f->x.from = plot.x;
    f->x.to = plot.x + plot.width;
    f->y.from = plot.y + plot.height;
    f->y.to = plot.y;
}

static void place_plot(ssmi_frame *f, const ssmi_tick *y_tick, size_t n)
{
    double left = 8, head = head_height(f->panel), right = 8 + direct_width(f);
    double foot = LINE + 6 + (f->panel->x.kind == SSMI_SCALE_TIME ? LINE : 0) +
                  (f->panel->x.label != NULL ? LINE + 2 : 0);
    ssmi_use_font(f->cr, TICK_FONT, 0);
    for (size_t i = 0; i < n; i++) left = fmax(left, ssmi_text_width(f->cr, y_tick[i].label) + 8);
    set_plot(f, (ssmi_box){f->outer.x + left, f->outer.y + head, fmax(f->outer.width - left - right, 10),
                           fmax(f->outer.height - head - foot, 10)});
}

static size_t y_ticks(ssmi_tick *tick, const ssmi_frame *f)
{
    return make_ticks(tick, &f->panel->y, &f->y,
                      (size_t)fmax((f->outer.height - head_height(f->panel)) / 38, 2));
}

void ssmi_place_axes(ssmi_frame *f)
{
    ssmi_tick tick[SSMI_MAX_TICKS];
    f->x = make_scale(f->panel, 0);
    f->y = make_scale(f->panel, 1);
    place_plot(f, tick, y_ticks(tick, f));
}

void ssmi_align_axes(ssmi_frame *f, double low, double high, double left)
{
    ssmi_box plot = f->plot;
    plot.width = fmax(plot.x + plot.width - (f->outer.x + left), 10);
    plot.x = f->outer.x + left;
    f->x.low = low;
    f->x.high = high;
    set_plot(f, plot);
}

static void draw_y_axis(const ssmi_frame *f, const ssmi_tick *tick, size_t n)
{
    cairo_t *cr = f->cr;
    cairo_set_line_width(cr, 0.8);
    for (size_t i = 0; i < n; i++) {
        double y = ssmi_scale_map(&f->y, tick[i].at);
        ssmi_use_ink(cr, SSMI_INK_GRID, 1);
        cairo_move_to(cr, f->plot.x, y);
        cairo_line_to(cr, f->plot.x + f->plot.width, y);
        cairo_stroke(cr);
        ssmi_use_ink(cr, SSMI_INK_MUTED, 1);
        ssmi_draw_text(cr, f->plot.x - 6, y + 0.35 * TICK_FONT, SSMI_RIGHT, tick[i].label);
    }
}

/* Labels that would touch the one before are left out; their marks stay. */
static void draw_x_axis(const ssmi_frame *f)
{
    ssmi_tick tick[SSMI_MAX_TICKS];
    cairo_t *cr = f->cr;
    double base = f->plot.y + f->plot.height, free_from[2] = {-INFINITY, -INFINITY};
    size_t n = make_ticks(tick, &f->panel->x, &f->x, (size_t)fmax(f->plot.width / 48, 2));
    ssmi_use_ink(cr, SSMI_INK_MUTED, 1);
    cairo_set_line_width(cr, 0.8);
    cairo_move_to(cr, f->plot.x, base);
    cairo_line_to(cr, f->plot.x + f->plot.width, base);
    for (size_t i = 0; i < n; i++) {
        double x = ssmi_scale_map(&f->x, tick[i].at);
        cairo_move_to(cr, x, base);
        cairo_line_to(cr, x, base + 3.5);
        cairo_stroke(cr);
        const char *line[2] = {tick[i].label, tick[i].second};
        for (size_t k = 0; k < 2; k++) {
            double half = ssmi_text_width(cr, line[k]) / 2;
            if (line[k][0] == '\0' || x - half < free_from[k]) continue;
            ssmi_draw_text(cr, x, base + 3.5 + LINE * (double)(k + 1) - 2, SSMI_CENTRE, line[k]);
            free_from[k] = x + half + 5;
        }
    }
}

static void draw_words(const ssmi_frame *f)
{
    cairo_t *cr = f->cr;
    const ssmi_panel *panel = f->panel;
    double y = f->outer.y + LINE;
    if (panel->title != NULL) {
        ssmi_use_font(cr, TITLE_FONT, 1);
        ssmi_use_ink(cr, SSMI_INK_TEXT, 1);
        ssmi_draw_text(cr, f->outer.x + 2, y, SSMI_LEFT, panel->title);
        y += LINE + 4;
    }
    ssmi_use_font(cr, TICK_FONT, 0);
    ssmi_use_ink(cr, SSMI_INK_MUTED, 1);
    if (panel->y.label != NULL) ssmi_draw_text(cr, f->outer.x + 2, y, SSMI_LEFT, panel->y.label);
    if (panel->x.label != NULL) {
        ssmi_draw_text(cr, f->plot.x + f->plot.width, f->outer.y + f->outer.height - 4, SSMI_RIGHT,
                       panel->x.label);
    }
}

void ssmi_draw_axes(const ssmi_frame *f)
{
    ssmi_tick tick[SSMI_MAX_TICKS];
    const size_t n = y_ticks(tick, f);
    draw_words(f);
    draw_y_axis(f, tick, n);
    draw_x_axis(f);
}
#endif
