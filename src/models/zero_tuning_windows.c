#include "models/zero_tuning_windows.h"

#include "base/parallel.h"

#include <math.h>
#include <string.h>

enum { PATCH = SSMI_ZERO_PATCH, FEATURES = SSMI_ZERO_FEATURES };

typedef struct collection {
    const ssmi_zero_model *model;
    size_t horizon;
    int states;
    ssmi_zero_windows *out;
    float **feature, **h, **target; /* (n) where each window's rows go */
} collection;

/* Origins [first, last] of a series; none where first > last. Training windows have a whole context where
 * half of the training rows give room for one. */
static void origins_of(size_t *first, size_t *last, const ssmi_zero_model *model, size_t length,
                       ssmi_zero_span span, size_t horizon)
{
    const size_t end = length > span.ahead ? length - span.ahead : 0, half = end / 2;
    *first = model->context < half ? model->context : half;
    if (span.rows > 0) *first = end > span.rows ? end - span.rows : 0;
    *last = end >= horizon ? end - horizon : 0;
    if (*first == 0 || end < horizon) *first = 1, *last = 0;
}

static size_t count_origins(const ssmi_zero_model *model, const ssm_fit_task *task, ssmi_zero_span span,
                            size_t horizon)
{
    size_t total = 0, first, last;
    for (size_t i = 0; i < task->n_series; i++) {
        origins_of(&first, &last, model, task->panel[i].length, span, horizon);
        if (first <= last) total += last - first + 1;
    }
    return total;
}

/* Deviation of the rows before the span, of all rows where there are none; 0: all alike. */
static double deviation_of(const ssm_series *s, ssmi_zero_span span)
{
    const size_t later = span.rows + span.ahead, end = s->length > later ? s->length - later : s->length;
    double n = 0, mean = 0, square = 0;
    for (size_t t = 0; t < end; t++) {
        if (isnan(s->value[t])) continue;
        const double d = s->value[t] - mean;
        mean += d / ++n;
        square += d * (s->value[t] - mean);
    }
    return n > 0 ? sqrt(square / n) : 0;
}

static int has_observed(const double *value, size_t from, size_t to)
{
    while (from < to && isnan(value[from])) from++;
    return from < to;
}

/* Every window that may be used, of `total` origins those at 0, total/n, 2 total/n, ... */
static void place(ssmi_zero_windows *out, const collection *c, const ssm_fit_task *task, ssmi_zero_span span,
                  size_t total, size_t at_most)
{
    size_t seen = 0, first, last;
    for (size_t i = 0; i < task->n_series; i++) {
        const ssm_series *s = &task->panel[i];
        const double unit = deviation_of(s, span);
        origins_of(&first, &last, c->model, s->length, span, c->horizon);
        for (size_t o = first; o <= last; o++) {
            const size_t k = seen++, start = o > c->model->context ? o - c->model->context : 0;
            if (total > at_most && k * at_most / total == (k + 1) * at_most / total) continue;
            if (!(unit > 0) || !isfinite(unit) || !has_observed(s->value, start, o) ||
                !has_observed(s->value, o, o + c->horizon))
                continue;
            for (int turned = 0; turned <= (c->model->flip != 0); turned++)
                out->window[out->n++] =
                    (ssmi_zero_window){.series = s, .origin = o, .unit = unit, .turned = turned};
        }
    }
}

/* Targets as the network's quantiles are: asinh of the distance from the frame's location in its scale. */
static void set_target(float *target, const ssmi_zero_window *w, size_t rows, size_t horizon,
                       const ssmi_zero_frame *frame)
{
    for (size_t h = 0; h < rows; h++) {
        const double y = h < horizon ? w->series->value[w->origin + h] : NAN;
        const double a = asinh(y / frame->scale - frame->loc / frame->scale);
        target[h] = (float)(w->turned ? -a : a);
    }
}

/* What leaves the last block at the tokens that speak of the future. */
static ssm_status run_blocks(float *h, const ssmi_zero_network *net, const float *feature, size_t tokens,
                             size_t from, ssm_arena *scratch)
{
    const size_t d = net->model, shown = tokens - from;
    float *trace = SSMI_ALLOC(scratch, float, (1 + net->n_blocks) * tokens * d);
    float *quantile = SSMI_ALLOC(scratch, float, shown *PATCH *SSMI_ZERO_LEVELS);
    if (trace == NULL || quantile == NULL) return SSM_E_MEMORY;
    const ssmi_zero_pass pass = {
        .batch = 1, .tokens = tokens, .from = from, .feature = feature, .quantile = quantile, .trace = trace};
    SSMI_TRY(ssmi_zero_forward(net, &pass, ssmi_cpu_isa(), scratch));
    memcpy(h, trace + (net->n_blocks * tokens + from) * d, shown * d * sizeof *h);
    return SSM_OK;
}

/* Looks at window i. With states only the rows that speak of the future are kept. */
static ssm_status look(void *task, size_t i, ssm_arena *scratch)
{
    const collection *c = task;
    ssmi_zero_window *w = &c->out->window[i];
    ssmi_zero_view view;
    SSMI_TRY(ssmi_zero_view_of(c->model, w->series->value, w->origin, c->horizon, &view, scratch));
    const size_t from = c->states ? view.from : 0, kept = view.tokens - from;
    w->tokens = view.tokens;
    w->from = view.from;
    w->scale = view.frame.scale;
    if (w->turned) {
        float *turned = SSMI_ALLOC(scratch, float, view.tokens *FEATURES);
        if (turned == NULL) return SSM_E_MEMORY;
        ssmi_zero_flip(turned, view.feature, view.tokens);
        view.feature = turned;
    }
    memcpy(c->feature[i], view.feature + from * FEATURES, kept * FEATURES * sizeof **c->feature);
    set_target(c->target[i], w, view.n_future * PATCH, c->horizon, &view.frame);
    if (view.frame.flat) w->tokens = 0; /* nothing to be learned */
    if (!c->states || view.frame.flat) return SSM_OK;
    return run_blocks(c->h[i], c->model->network, view.feature, view.tokens, view.from, scratch);
}

/* Room for what the windows keep. */
static ssm_status make_room(collection *c, size_t n, ssm_arena *arena)
{
    const size_t context = c->model->context, patches = (c->horizon + PATCH - 1) / PATCH;
    c->feature = SSMI_ALLOC(arena, float *, n);
    c->h = SSMI_ALLOC(arena, float *, n);
    c->target = SSMI_ALLOC(arena, float *, n);
    if (c->feature == NULL || c->h == NULL || c->target == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const size_t origin = c->out->window[i].origin, rows = origin < context ? origin : context;
        const size_t tokens = (rows + PATCH - 1) / PATCH - 1 + patches;
        c->feature[i] = SSMI_ALLOC(arena, float, (c->states ? patches : tokens) * FEATURES);
        c->target[i] = SSMI_ALLOC(arena, float, patches *PATCH);
        c->h[i] = SSMI_ALLOC(arena, float, c->states ? patches * c->model->network->model : 0);
        if (c->feature[i] == NULL || c->target[i] == NULL || c->h[i] == NULL) return SSM_E_MEMORY;
    }
    return SSM_OK;
}

/* Adds a window behind those there are, for which there is room. */
static void add(ssmi_zero_windows *out, const ssmi_zero_window *w)
{
    if (w->tokens > out->tokens) out->tokens = w->tokens;
    if (w->tokens - w->from > out->shown) out->shown = w->tokens - w->from;
    out->window[out->n++] = *w;
}

/* Drops the windows without spread. */
static void close_windows(const collection *c)
{
    ssmi_zero_windows *out = c->out;
    const size_t n = out->n;
    out->n = 0;
    for (size_t i = 0; i < n; i++) {
        ssmi_zero_window w = out->window[i];
        if (w.tokens == 0) continue;
        w.feature = c->feature[i];
        w.h = c->states ? c->h[i] : NULL;
        w.target = c->target[i];
        add(out, &w);
    }
}

ssm_status ssmi_zero_windows_collect(ssmi_zero_windows *out, const ssmi_zero_model *model,
                                     const ssm_fit_task *task, ssmi_zero_span span, size_t at_most,
                                     int states, ssm_arena *arena)
{
    const size_t horizon = task->horizon < SSMI_ZERO_HORIZON ? task->horizon : SSMI_ZERO_HORIZON;
    collection c = {.model = model, .horizon = horizon, .states = states, .out = out};
    const size_t total = count_origins(model, task, span, horizon);
    const size_t twins = model->flip ? 2 : 1;
    *out = (ssmi_zero_windows){
        .window = SSMI_ALLOC(arena, ssmi_zero_window, twins * (total < at_most ? total : at_most))};
    if (out->window == NULL) return SSM_E_MEMORY;
    place(out, &c, task, span, total, at_most);
    SSMI_TRY(make_room(&c, out->n, arena));
    SSMI_TRY(ssmi_parallel_for(arena->ctx, out->n, look, &c));
    close_windows(&c);
    return SSM_OK;
}

ssm_status ssmi_zero_windows_before(ssmi_zero_windows *out, const ssmi_zero_windows *in, size_t horizon,
                                    size_t ahead, ssm_arena *arena)
{
    *out = (ssmi_zero_windows){.window = SSMI_ALLOC(arena, ssmi_zero_window, in->n)};
    if (out->window == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < in->n; i++) {
        const ssmi_zero_window *w = &in->window[i];
        if (w->series->length >= ahead && w->origin + horizon <= w->series->length - ahead) add(out, w);
    }
    return SSM_OK;
}

ssm_status ssmi_zero_windows_join(ssmi_zero_windows *out, const ssmi_zero_windows *in, size_t n,
                                  ssm_arena *arena)
{
    size_t total = 0;
    for (size_t k = 0; k < n; k++) total += in[k].n;
    *out = (ssmi_zero_windows){.window = SSMI_ALLOC(arena, ssmi_zero_window, total)};
    if (out->window == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < in[k].n; i++) add(out, &in[k].window[i]);
    return SSM_OK;
}
