/* Features of the pretrained network.
 *
 *     z_t = (y_t - loc) / scale,  a_t = asinh(z_t)           loc, scale: mean and deviation of the rows seen
 *     lag_p(tau) = a[tau - m p],  m the smallest with tau - m p at or before the last row seen
 *
 * with a carried forward over gaps. A token sees the rows up to the end of its own patch and describes the
 * next one, so a token whose patch is masked still has lag copies, taken from before the mask. A window
 * without spread has scale max(|loc|, 1) / 10. Known value: 3 5 4 6 8 7 9 has location 6, scale 2. */
#include "neural/zero_features.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { PATCH = SSMI_ZERO_PATCH, CYCLES = 4 };
static const double NO_SPREAD = 1e-10;  /* of the location: below it is rounding */
static const double MANY_SCALES = 1024; /* between level and zero: single precision has 2^24 steps */

size_t ssmi_zero_padding(size_t length)
{
    return (PATCH - length % PATCH) % PATCH;
}

/* Sums are taken of differences from the first row seen and in units of a power of two near the largest of
 * them, so that neither a high level nor large or tiny values cost digits. */
static double difference(const ssmi_zero_frame *f, double y)
{
    return (y / 2 - f->origin / 2) * f->unit;
}

static ssm_status find_origin(ssmi_zero_frame *f, const ssmi_zero_context *c, ssm_context *ctx)
{
    size_t first = 0;
    while (first < c->length && isnan(c->value[first])) first++;
    if (first == c->length)
        return ssmi_fail(ctx, SSM_E_DATA, "the last %zu rows have no observed value", c->length);
    f->origin = c->value[first];
    f->unit = 1;
    double largest = 0;
    int exponent;
    for (size_t t = first; t < c->length; t++) {
        const double d = fabs(difference(f, c->value[t]));
        if (d > largest) largest = d;
    }
    frexp(largest, &exponent);
    f->unit = ldexp(1, exponent < -1000 ? 1000 : -exponent);
    return SSM_OK;
}

/* Mean and deviation of the rows seen. */
static void measure(ssmi_zero_frame *f, const ssmi_zero_context *c)
{
    double sum = 0, square = 0, count = 0;
    for (size_t t = 0; t < c->length; t++) {
        if (isnan(c->value[t])) continue;
        sum += difference(f, c->value[t]);
        count++;
    }
    f->mean = sum / count;
    f->reach = 0;
    for (size_t t = 0; t < c->length; t++) {
        if (isnan(c->value[t])) continue;
        const double d = difference(f, c->value[t]) - f->mean;
        square += d * d;
        if (fabs(d) > f->reach) f->reach = fabs(d);
    }
    f->deviation = sqrt(square / count);
    f->loc = f->origin + 2 * (f->mean / f->unit);
    f->scale = 2 * (f->deviation / f->unit);
    f->flat = !(f->scale > NO_SPREAD * fabs(f->loc));
    f->single = fabs(f->loc) < MANY_SCALES * f->scale;
    if (f->flat) f->scale = 0.1 * fmax(fabs(f->loc), 1);
}

/* Single precision as in training where the level leaves it digits enough: the logarithm of a small running
 * spread shows the last bit. Where it does not, double precision. */
static double normalise(const ssmi_zero_frame *f, double y)
{
    if (f->flat) return 0;
    if (!f->single) return (difference(f, y) - f->mean) / f->deviation;
    const float loc = (float)(f->loc / 2 * f->unit), scale = (float)f->deviation;
    return ((float)(y / 2 * f->unit) - loc) / scale;
}

/* Rows from the padding to the end of the future. */
static size_t span(size_t length, size_t horizon)
{
    return ssmi_zero_padding(length) + length + (horizon + PATCH - 1) / PATCH * PATCH - PATCH;
}

static size_t longest_period(size_t rows)
{
    const size_t two_thirds = rows * 2 / 3;
    return two_thirds < SSMI_ZERO_CONTEXT / 2 ? two_thirds : SSMI_ZERO_CONTEXT / 2;
}

size_t ssmi_zero_frame_scratch(size_t length, size_t horizon)
{
    const size_t rows = span(length, horizon);
    return (sizeof(double) + 1) * rows + 128 + ssmi_zero_periods_scratch(rows, longest_period(rows));
}

static ssm_status find_periods(ssmi_zero_frame *f, const ssmi_zero_context *c, ssm_arena *tmp)
{
    const size_t rows = span(c->length, c->horizon), padding = ssmi_zero_padding(c->length);
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    double *z = SSMI_ALLOC(tmp, double, rows);
    unsigned char *seen = SSMI_ALLOC(tmp, unsigned char, rows);
    if (z == NULL || seen == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; t < c->length; t++) {
        seen[padding + t] = !isnan(c->value[t]);
        if (seen[padding + t]) z[padding + t] = normalise(f, c->value[t]);
    }
    SSMI_TRY(ssmi_zero_find_periods(z, seen, rows, longest_period(rows), &f->periods, tmp));
    ssmi_arena_rewind(tmp, mark);
    if (c->period > 1) f->periods.main = c->period;
    return SSM_OK;
}

ssm_status ssmi_zero_frame_of(ssmi_zero_frame *frame, const ssmi_zero_context *context, ssm_arena *tmp)
{
    ssmi_zero_frame f = {0};
    SSMI_TRY(find_origin(&f, context, tmp->ctx));
    measure(&f, context);
    SSMI_TRY(find_periods(&f, context, tmp));
    *frame = f;
    return SSM_OK;
}

int ssmi_zero_frame_leaves(const ssmi_zero_frame *frame, double y)
{
    return fabs(difference(frame, y) - frame->mean) > 2 * frame->reach;
}

ssm_status ssmi_zero_rows_open(ssmi_zero_rows *rows, size_t room, ssm_arena *arena)
{
    *rows = (ssmi_zero_rows){.room = room, .first = SIZE_MAX};
    rows->seen = SSMI_ALLOC(arena, unsigned char, room);
    rows->a = SSMI_ALLOC(arena, float, room);
    rows->carried = SSMI_ALLOC(arena, float, room);
    rows->so_far = SSMI_ALLOC(arena, ssmi_zero_so_far, room);
    const int made = rows->seen != NULL && rows->a != NULL && rows->carried != NULL && rows->so_far != NULL;
    return made ? SSM_OK : SSM_E_MEMORY;
}

static const ssmi_zero_so_far nothing = {.last = SIZE_MAX};

void ssmi_zero_rows_clear(ssmi_zero_rows *rows, size_t padding)
{
    assert(padding <= rows->room);
    rows->length = padding;
    rows->first = SIZE_MAX;
    memset(rows->seen, 0, padding * sizeof *rows->seen);
    memset(rows->a, 0, padding * sizeof *rows->a);
    memset(rows->carried, 0, padding * sizeof *rows->carried);
    for (size_t t = 0; t < padding; t++) rows->so_far[t] = nothing;
}

void ssmi_zero_rows_push(ssmi_zero_rows *rows, const ssmi_zero_frame *frame, double y)
{
    const size_t t = rows->length++;
    const int seen = !isnan(y);
    ssmi_zero_so_far now = t > 0 ? rows->so_far[t - 1] : nothing;
    assert(t < rows->room);
    const float a = seen ? asinhf((float)normalise(frame, y)) : 0;
    if (seen) {
        if (rows->first == SIZE_MAX) rows->first = t;
        now = (ssmi_zero_so_far){now.sum + a, now.square + a * a, now.count + 1, t};
    }
    rows->seen[t] = (unsigned char)seen;
    rows->a[t] = a;
    rows->carried[t] = seen || t == 0 ? a : rows->carried[t - 1];
    rows->so_far[t] = now;
}

/* a carried forward at row `at`; 0 and not known before the first row seen. */
static inline float recall(const ssmi_zero_rows *rows, ptrdiff_t at, int *known)
{
    *known = at >= (ptrdiff_t)rows->first;
    return *known ? rows->carried[at] : 0;
}

/* The patch from row `end` on as it was `period` rows before, or as many periods as it takes to be known when
 * `last` is the last row seen. With `cycle` also the mean over four periods. */
static void copy_lag(const ssmi_zero_rows *rows, float *lag, float *cycle, size_t end, size_t last,
                     size_t period)
{
    size_t back = (end - last + period - 1) / period * period; /* whole periods */
    for (size_t j = 0; j < PATCH; j++) {
        const size_t row = end + j;
        if (back < row - last) back += period;
        ptrdiff_t at = (ptrdiff_t)row - (ptrdiff_t)back;
        int known;
        float sum = lag[j] = recall(rows, at, &known);
        float count = (float)known;
        for (int k = 1; cycle != NULL && k < CYCLES; k++) {
            sum += recall(rows, at -= (ptrdiff_t)period, &known);
            count += (float)known;
        }
        if (cycle != NULL) cycle[j] = count > 1 ? sum / count : sum;
    }
}

/* Mean, spread and number of what was seen so far. Single precision where the network's training had it,
 * since the logarithm of a spread near zero shows every bit. */
static void describe_running(float *out, const ssmi_zero_so_far *so_far)
{
    const float n = (float)so_far->count, divisor = n > 1 ? n : 1;
    const float mean = (float)so_far->sum / divisor;
    const float variance = (float)so_far->square / divisor - mean * mean;
    out[0] = mean;
    out[1] = 0.5f * logf(sqrtf(variance > 0 ? variance : 0) + 1e-2f);
    out[2] = log1pf(n) / 8;
}

static float clamp_strength(double r)
{
    return (float)fmin(fmax(r, -1), 1.5);
}

static void describe_periods(float *out, const ssmi_zero_periods *p)
{
    out[0] = logf((float)p->main) / 7;
    out[1] = logf((float)p->second) / 7;
    out[2] = clamp_strength(p->main_strength);
    out[3] = clamp_strength(p->second_strength);
}

/* Lags and age are 0 as long as nothing was seen. */
static void describe_past(float *f, const ssmi_zero_rows *rows, const ssmi_zero_periods *p, size_t end,
                          size_t last)
{
    if (last == SIZE_MAX) return;
    const float age = (float)(end - 1 - last) / PATCH;
    copy_lag(rows, f + SSMI_ZERO_LAG_MAIN, f + SSMI_ZERO_CYCLE, end, last, p->main);
    copy_lag(rows, f + SSMI_ZERO_LAG_SECOND, NULL, end, last, p->second);
    f[SSMI_ZERO_LAST] = rows->carried[last];
    f[SSMI_ZERO_AGE] = log1pf(age);
    f[SSMI_ZERO_AGE + 1] = age / 16;
}

void ssmi_zero_describe(float *f, const ssmi_zero_rows *rows, const ssmi_zero_frame *frame, ptrdiff_t from,
                        size_t end)
{
    const ssmi_zero_so_far *so_far = &rows->so_far[(end < rows->length ? end : rows->length) - 1];
    memset(f, 0, SSMI_ZERO_FEATURES * sizeof *f);
    for (size_t j = 0; j < PATCH; j++) {
        const ptrdiff_t t = (ptrdiff_t)(end + j) - PATCH;
        if (t < 0 || t < from || t >= (ptrdiff_t)rows->length) continue;
        f[SSMI_ZERO_VALUE + j] = rows->a[t];
        f[SSMI_ZERO_MASK + j] = rows->seen[t];
    }
    describe_past(f, rows, &frame->periods, end, so_far->last);
    describe_periods(f + SSMI_ZERO_PERIOD, &frame->periods);
    describe_running(f + SSMI_ZERO_RUNNING, so_far);
}

ssm_status ssmi_zero_look(const ssmi_zero_context *c, ssmi_zero_view *view, ssm_arena *arena)
{
    const size_t padding = ssmi_zero_padding(c->length), length = padding + c->length;
    ssmi_zero_rows rows;
    SSMI_TRY(ssmi_zero_frame_of(&view->frame, c, arena));
    view->n_future = (c->horizon + PATCH - 1) / PATCH;
    view->from = length / PATCH - 1;
    view->tokens = view->from + view->n_future;
    view->feature = SSMI_ALLOC(arena, float, view->tokens *SSMI_ZERO_FEATURES);
    if (view->feature == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_zero_rows_open(&rows, length, arena));
    ssmi_zero_rows_clear(&rows, padding);
    for (size_t t = 0; t < c->length; t++) ssmi_zero_rows_push(&rows, &view->frame, c->value[t]);
    for (size_t i = 0; i < view->tokens; i++)
        ssmi_zero_describe(view->feature + i * SSMI_ZERO_FEATURES, &rows, &view->frame, 0, (i + 1) * PATCH);
    return SSM_OK;
}

void ssmi_zero_flip(float *out, const float *feature, size_t tokens)
{
    memcpy(out, feature, tokens * SSMI_ZERO_FEATURES * sizeof *out);
    for (size_t i = 0; i < tokens; i++, out += SSMI_ZERO_FEATURES) {
        for (size_t j = 0; j < PATCH; j++) out[SSMI_ZERO_VALUE + j] = -out[SSMI_ZERO_VALUE + j];
        for (size_t j = SSMI_ZERO_LAG_MAIN; j <= SSMI_ZERO_LAST; j++) out[j] = -out[j];
        out[SSMI_ZERO_RUNNING] = -out[SSMI_ZERO_RUNNING];
    }
}

double ssmi_zero_restore(const ssmi_zero_frame *frame, double a)
{
    return sinh(fmin(fmax(a, -SSMI_ZERO_REACH), SSMI_ZERO_REACH)) * frame->scale + frame->loc;
}
