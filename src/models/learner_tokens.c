/* Moments with a memory of m rows (the recursion of Welford 1962, its divisor held at m):
 *
 *     n <- min(n + 1, m)     d = y - mean     mean <- mean + d/n     square <- square + (d (y - mean) -
 * square)/n
 *
 * Known value: up to m rows they are mean and population variance. A row that jumps off a long constant one
 * lies sqrt(m) of the new spread from the new centre, about: what a token is told is bounded by that. */
#include "models/learner_tokens.h"

#include "models/learner_drift.h"

#include <math.h>
#include <string.h>

/* Below this part of the spread of all rows the recent ones count as flat. */
static const double least_spread = 1e-3;

ssmi_learner_place ssmi_learner_place_of(size_t rows, const ssmi_network *net)
{
    const size_t told = (rows - 1) / net->size.stride, older = net->half + told % net->half;
    return (ssmi_learner_place){told, rows - told * net->size.stride, 1 + (told < older ? told : older)};
}

static void add(ssmi_learner_moments *m, double y, double memory)
{
    m->n = fmin(m->n + 1, memory);
    const double d = y - m->mean;
    m->mean += d / m->n;
    m->square += (d * (y - m->mean) - m->square) / m->n;
}

ssmi_learner_frame ssmi_learner_frame_new(void)
{
    return (ssmi_learner_frame){.held = NAN};
}

void ssmi_learner_frame_add(ssmi_learner_frame *frame, double value, size_t memory)
{
    if (isnan(value)) return;
    add(&frame->recent, value, (double)memory);
    add(&frame->whole, value, 0x1p52);
    frame->held = value;
}

ssmi_learner_unit ssmi_learner_unit_of(const ssmi_learner_frame *frame)
{
    const double whole = sqrt(frame->whole.square);
    const double spread = fmax(sqrt(frame->recent.square), least_spread * whole);
    if (!isfinite(whole)) return (ssmi_learner_unit){frame->recent.mean, INFINITY, 0};
    if (!(spread > 0)) return (ssmi_learner_unit){frame->recent.mean, 1, 0};
    return (ssmi_learner_unit){frame->recent.mean, spread, log(spread / whole)};
}

/* What cannot be told, because nothing was observed, is told as zero. So is all where squares of the rows do
 * not fit a number, whose spread is infinite. */
static float told(double value)
{
    return fabs(value) < 1e30 ? (float)value : 0;
}

void ssmi_learner_token_fill(float *feature, float *step, const ssmi_learner_token *token,
                             const ssmi_network *net, const ssmi_learner_phases *phases)
{
    const size_t patch = net->size.patch, n = net->size.columns;
    float *known = feature + 2 * patch + 1 + net->size.phases;
    size_t observed = 0;
    for (size_t i = 0; i < patch; i++) {
        feature[i] = told((token->value[i] - token->unit.centre) / token->unit.spread);
        feature[patch + i] = token->seen[i] ? 1 : 0;
        observed += token->seen[i] != 0;
    }
    feature[2 * patch] = told(token->unit.scale);
    if (net->size.phases > 0)
        ssmi_learner_phases_fill(feature + 2 * patch + 1, phases, token->number, 1, net->size.stride);
    for (size_t i = 0; i < patch * n; i++) {
        const size_t before = patch - i / n, row = token->end > before ? token->end - before : 0;
        known[i] = (float)(token->columns[row * n + i % n] - token->level[i % n]);
    }
    *step = (float)(observed * token->since) / (float)(patch * net->size.stride);
}

static ssm_status run_levels(ssmi_learner_track *track, const ssmi_window_series *series,
                             const double *drifts, size_t lookback, ssm_arena *arena)
{
    const size_t n = series->n_columns, length = series->length;
    double *mean = SSMI_ALLOC(arena, double, length);
    track->level = ssmi_arena_alloc(arena, length, n * sizeof *track->level);
    if (mean == NULL || track->level == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < n; k++) {
        ssmi_learner_drift_means(mean, series->column, length, lookback, n, k);
        for (size_t t = 0; t < length; t++) track->level[t * n + k] = drifts[k] * mean[t];
    }
    return SSM_OK;
}

ssm_status ssmi_learner_track_run(ssmi_learner_track *track, const ssmi_window_series *series,
                                  const double *drifts, const ssmi_network *net, ssm_arena *arena)
{
    const size_t patch = net->size.patch;
    ssmi_learner_frame frame = ssmi_learner_frame_new();
    track->value = SSMI_ALLOC(arena, double, patch + series->length);
    track->seen = SSMI_ALLOC(arena, unsigned char, patch + series->length);
    track->unit = SSMI_ALLOC(arena, ssmi_learner_unit, series->length);
    if (track->value == NULL || track->seen == NULL || track->unit == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < patch; i++) track->value[i] = NAN;
    for (size_t t = 0; t < series->length; t++) {
        const int seen = series->missing[t + 1] == series->missing[t];
        ssmi_learner_frame_add(&frame, seen ? series->value[t] : NAN, net->size.lookback);
        track->value[patch + t] = frame.held;
        track->seen[patch + t] = (unsigned char)seen;
        track->unit[t] = ssmi_learner_unit_of(&frame);
    }
    return run_levels(track, series, drifts, net->size.lookback, arena);
}

/* The token that ends before row `end`; the arrays begin a patch before the first row. */
static ssmi_learner_token token_at(const ssmi_learner_track *track, const ssmi_window_series *series,
                                   size_t end, size_t since)
{
    return (ssmi_learner_token){.value = track->value + end,
                                .seen = track->seen + end,
                                .unit = track->unit[end - 1],
                                .number = track->first + (int64_t)end - 1,
                                .since = since,
                                .columns = series->column,
                                .level = track->level + (end - 1) * series->n_columns,
                                .end = end};
}

size_t ssmi_learner_track_tell(float *token, float *step, const ssmi_learner_track *track,
                               const ssmi_window_series *series, size_t origin, const ssmi_network *net,
                               const ssmi_learner_phases *phases)
{
    const ssmi_learner_place place = ssmi_learner_place_of(origin, net);
    const size_t stride = net->size.stride, newest = place.context - 1;
    for (size_t i = 0; i < newest; i++) {
        const ssmi_learner_token whole =
            token_at(track, series, (place.told - newest + i + 1) * stride, stride);
        ssmi_learner_token_fill(token + i * net->features, &step[i], &whole, net, phases);
    }
    const ssmi_learner_token last = token_at(track, series, origin, place.since);
    ssmi_learner_token_fill(token + newest * net->features, &step[newest], &last, net, phases);
    memset(token + place.context * net->features, 0,
           (net->tokens - place.context) * net->features * sizeof *token);
    for (size_t i = place.context; i < net->tokens; i++) step[i] = 1;
    return newest;
}
