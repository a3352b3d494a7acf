#include "models/learner_windows.h"

#include "models/ridge_unit.h"

#include <math.h>

static int in_part(const ssmi_ridge_task *task, size_t i, size_t origin, size_t lookback, int part)
{
    size_t from, to;
    ssmi_ridge_held(&from, &to, task, i);
    const int before = origin + task->horizon <= from, after = origin >= to + lookback;
    const int inside = origin >= from && origin + task->horizon <= to;
    return part == SSMI_LEARNER_TRAINING ? before || after : inside;
}

static int any_usable(const ssmi_window_series *series, size_t variates, size_t origin, size_t lookback,
                      size_t horizon)
{
    for (size_t v = 0; v < variates; v++)
        if (ssmi_windows_usable(&series[v], origin, lookback, horizon)) return 1;
    return 0;
}

/* Calls for every usable window of the part; counts them, and keeps those with index k where keep says so. */
static size_t scan_windows(ssmi_learner_windows *out, const ssmi_ridge_task *task, size_t lookback,
                           size_t variates, int part, size_t total, size_t at_most)
{
    size_t seen = 0;
    for (size_t i = 0; i + variates <= task->n_series; i += variates) {
        for (size_t o = lookback; o + task->horizon <= task->panel[i].length; o++) {
            if (!in_part(task, i, o, lookback, part)) continue;
            if (!any_usable(&task->panel[i], variates, o, lookback, task->horizon)) continue;
            const size_t k = seen++;
            /* of `total`, the n = min(total, at_most) at k = 0, total/n, 2 total/n, ... */
            if (out == NULL || (total > at_most && k * at_most / total == (k + 1) * at_most / total))
                continue;
            out->series[out->n] = i;
            out->origin[out->n++] = o;
        }
    }
    return seen;
}

ssm_status ssmi_learner_windows_collect(ssmi_learner_windows *out, const ssmi_ridge_task *task,
                                        const ssmi_ridge *ridge, size_t variates, int part, size_t at_most,
                                        ssm_arena *arena)
{
    const size_t total = scan_windows(NULL, task, ridge->lookback, variates, part, 0, 0);
    const size_t n = total < at_most ? total : at_most;
    *out = (ssmi_learner_windows){0, SSMI_ALLOC(arena, size_t, n), SSMI_ALLOC(arena, size_t, n)};
    if (out->series == NULL || out->origin == NULL) return SSM_E_MEMORY;
    scan_windows(out, task, ridge->lookback, variates, part, total, at_most);
    return SSM_OK;
}

static void *carve(float *base, size_t *used, size_t n, size_t size)
{
    float *part = base != NULL ? base + *used : NULL;
    *used += (n * size / sizeof(float) + 15) & ~(size_t)15;
    return part;
}

ssmi_learner_batch ssmi_learner_batch_of(float *base, const ssmi_learner_skip *skip, size_t room)
{
    const size_t L = skip->ridge->lookback, H = skip->ridge->horizon, tokens = room * skip->net->tokens;
    const size_t carried = skip->net->size.carried ? 1 : 0, shown = carried ? 0 : room;
    ssmi_learner_batch b = {.room = room};
    b.z = carve(base, &b.size, room * ssmi_ridge_width(skip->ridge), sizeof(double));
    b.linear = carve(base, &b.size, room * H, sizeof(double));
    b.centre = carve(base, &b.size, room, sizeof(double));
    b.window = carve(base, &b.size, skip->net->size.variates > 1 ? L : 0, sizeof(double));
    b.value = carve(base, &b.size, shown * L, sizeof(float));
    b.mask = carve(base, &b.size, shown * L, sizeof(float));
    b.scale = carve(base, &b.size, shown, sizeof(float));
    b.phase = carve(base, &b.size, shown * skip->net->tokens * skip->net->size.phases, sizeof(float));
    b.token = carve(base, &b.size, carried * tokens * skip->net->features, sizeof(float));
    b.step = carve(base, &b.size, carried * tokens, sizeof(float));
    b.newest = carve(base, &b.size, carried * room, sizeof(size_t));
    b.columns = carve(base, &b.size, room * (L + H) * skip->net->size.columns, sizeof(float));
    b.skip = carve(base, &b.size, room * H, sizeof(float));
    b.target = carve(base, &b.size, room * H, sizeof(float));
    b.s = carve(base, &b.size, room, sizeof(float));
    b.g = carve(base, &b.size, room, sizeof(float));
    return b;
}

ssmi_network_input_f32 ssmi_learner_batch_input(const ssmi_learner_batch *b)
{
    return (ssmi_network_input_f32){.batch = b->n,
                                    .value = b->value,
                                    .mask = b->mask,
                                    .scale = b->scale,
                                    .phase = b->phase,
                                    .columns = b->columns,
                                    .token = b->token,
                                    .step = b->step,
                                    .newest = b->newest};
}

/* What a network of windows is shown; z: the window without its centre. */
static void show(ssmi_learner_batch *batch, size_t i, const double *z, double spread,
                 const unsigned char *gap, int64_t last, const ssmi_learner_skip *skip)
{
    const size_t L = skip->ridge->lookback, phases = skip->net->tokens * skip->net->size.phases;
    for (size_t t = 0; t < L; t++) {
        batch->value[i * L + t] = (float)(z[t] / spread);
        batch->mask[i * L + t] = gap != NULL && gap[t] ? 0.0f : 1.0f;
    }
    if (phases > 0)
        ssmi_learner_phases_fill(batch->phase + i * phases, skip->phases, last, skip->net->tokens,
                                 skip->net->size.stride);
    batch->scale[i] = (float)log(spread);
}

/* out (L + H, n) */
static void show_columns(float *out, const double *columns, const double *drifts, size_t L, size_t H,
                         size_t n)
{
    for (size_t k = 0; k < n; k++) {
        double sum = 0;
        for (size_t t = 0; t < L; t++) sum += columns[t * n + k];
        const double level = drifts[k] * sum / (double)L;
        for (size_t t = 0; t < L + H; t++) out[t * n + k] = (float)(columns[t * n + k] - level);
    }
}

void ssmi_learner_batch_set(ssmi_learner_batch *batch, size_t i, const double *window,
                            const unsigned char *gap, int64_t last, const double *columns,
                            const ssmi_learner_skip *skip)
{
    const size_t L = skip->ridge->lookback, H = skip->ridge->horizon, n = skip->net->size.columns;
    double *z = batch->z + i * ssmi_ridge_width(skip->ridge);
    ssmi_ridge_regressors(z, &batch->centre[i], window, skip->ridge);
    const double spread = ssmi_ridge_spread(ssmi_ridge_spread_of(z, skip->ridge));
    if (!skip->net->size.carried) show(batch, i, z, spread, gap, last, skip);
    show_columns(batch->columns + i * (L + H) * n, columns, skip->drifts, L, H, n);
    batch->s[i] = (float)spread;
    batch->g[i] = (float)ssmi_ridge_unit(spread, skip->gamma);
}

void ssmi_learner_batch_close(ssmi_learner_batch *batch, size_t n, const ssmi_learner_skip *skip)
{
    const size_t H = skip->ridge->horizon;
    batch->n = n;
    ssmi_ridge_apply(batch->linear, batch->z, skip->ridge, n, H);
    for (size_t k = 0; k < n * H; k++) batch->skip[k] = (float)(batch->linear[k] + batch->centre[k / H]);
}

/* What a carried network is told. */
static void tell(ssmi_learner_batch *batch, size_t i, const ssmi_learner_track *track,
                 const ssmi_window_series *s, size_t origin, const ssmi_learner_skip *skip)
{
    const size_t at = i * skip->net->tokens;
    batch->newest[i] = ssmi_learner_track_tell(batch->token + at * skip->net->features, batch->step + at,
                                               track, s, origin, skip->net, skip->phases);
}

static int is_missing(const ssmi_window_series *s, size_t t)
{
    return s->missing[t + 1] > s->missing[t];
}

/* Row i: the window of a series before row o. */
static void fill_row(ssmi_learner_batch *batch, size_t i, const ssmi_window_series *s,
                     const ssmi_learner_track *track, size_t o, const ssmi_learner_skip *skip)
{
    const size_t L = skip->ridge->lookback, H = skip->ridge->horizon;
    const int carried = skip->net->size.carried;
    const double *window = skip->net->size.variates > 1
                               ? ssmi_windows_known(batch->window, s, o, L, skip->period)
                               : s->value + o - L;
    ssmi_learner_batch_set(batch, i, window, NULL, track->first + (int64_t)o - 1,
                           s->n_columns > 0 ? s->column + (o - L) * s->n_columns : NULL, skip);
    if (carried) tell(batch, i, track, s, o, skip);
    for (size_t t = 0; t < L && !carried; t++) {
        if (is_missing(s, o - L + t)) batch->mask[i * L + t] = 0;
    }
    const int judged = ssmi_windows_usable(s, o, L, H);
    for (size_t h = 0; h < H; h++)
        batch->target[i * H + h] = judged && !is_missing(s, o + h) ? (float)s->value[o + h] : NAN;
}

void ssmi_learner_batch_fill(ssmi_learner_batch *batch, const ssmi_window_series *panel,
                             const ssmi_learner_track *track, const ssmi_learner_windows *from,
                             const size_t *item, size_t n, const ssmi_learner_skip *skip)
{
    const size_t variates = ssmi_network_variates(skip->net);
    for (size_t i = 0; i < n * variates; i++) {
        const size_t k = item[i / variates], series = from->series[k] + i % variates;
        fill_row(batch, i, &panel[series], &track[series], from->origin[k], skip);
    }
    ssmi_learner_batch_close(batch, n * variates, skip);
}
