/* Features of the pretrained network.
 *
 *     z_t = (y_t - loc) / scale,  a_t = asinh(z_t)           loc, scale: mean and deviation of the rows seen
 *     lag_p(tau) = a[tau - m p],  m the smallest with tau - m p at or before the last row seen
 *
 * with a carried forward over gaps. A token sees the rows up to the end of its own patch and describes the
 * next one, so a token whose patch is masked still has lag copies, taken from before the mask. A window
 * without spread has scale max(|loc|, 1) / 10. Known value: 3 5 4 6 8 7 9 has location 6, scale 2. */
#include "neural/zero_features.h"

#include <math.h>
#include <string.h>

enum { PATCH = SSMI_ZERO_PATCH, CYCLES = 4 };
static const double NO_SPREAD = 1e-10;  /* of the location: below it is rounding */
static const double MANY_SCALES = 1024; /* between level and zero: single precision has 2^24 steps */

typedef struct window {
    size_t length, tokens;
    size_t first;        /* first row seen */
    unsigned char *seen; /* (length) */
    double *z;           /* (length) 0 where not seen */
    float *a, *carried;  /* (length) asinh(z); the last seen one carried forward */
} window;

static ssm_status open_window(window *w, const ssmi_zero_context *c, ssmi_zero_view *view, ssm_arena *arena)
{
    const size_t padding = (PATCH - c->length % PATCH) % PATCH;
    view->n_future = (c->horizon + PATCH - 1) / PATCH;
    view->from = (padding + c->length) / PATCH - 1;
    view->tokens = w->tokens = view->from + view->n_future;
    w->length = w->tokens * PATCH;
    w->seen = SSMI_ALLOC(arena, unsigned char, w->length);
    w->z = SSMI_ALLOC(arena, double, w->length);
    w->a = SSMI_ALLOC(arena, float, w->length);
    w->carried = SSMI_ALLOC(arena, float, w->length);
    view->feature = SSMI_ALLOC(arena, float, w->tokens *SSMI_ZERO_FEATURES);
    if (w->seen == NULL || w->z == NULL || w->a == NULL || w->carried == NULL || view->feature == NULL)
        return SSM_E_MEMORY;
    for (size_t t = 0; t < c->length; t++) {
        w->seen[padding + t] = !isnan(c->value[t]);
        if (w->seen[padding + t]) w->z[padding + t] = c->value[t];
    }
    w->first = 0;
    while (w->first < w->length && !w->seen[w->first]) w->first++;
    if (w->first < w->length) return SSM_OK;
    return ssmi_fail(arena->ctx, SSM_E_DATA, "the last %zu rows have no observed value", c->length);
}

/* Mean and deviation of the rows seen. Sums are taken of differences from the first row and in units of a
 * power of two near the largest of them, so that neither a high level nor large or tiny values cost digits.
 */
typedef struct moments {
    double origin, unit;    /* a row is origin + difference / unit */
    double mean, deviation; /* of the differences */
} moments;

static double difference(const moments *m, double z)
{
    return (z / 2 - m->origin / 2) * m->unit;
}

static moments measure(const window *w)
{
    moments m = {.origin = w->z[w->first], .unit = 1};
    double largest = 0, sum = 0, square = 0, count = 0;
    int exponent;
    for (size_t t = 0; t < w->length; t++) {
        if (w->seen[t]) largest = fmax(largest, fabs(difference(&m, w->z[t])));
    }
    frexp(largest, &exponent);
    m.unit = ldexp(1, exponent < -1000 ? 1000 : -exponent);
    for (size_t t = 0; t < w->length; t++) {
        if (!w->seen[t]) continue;
        sum += difference(&m, w->z[t]);
        count++;
    }
    m.mean = sum / count;
    for (size_t t = 0; t < w->length; t++) {
        const double d = difference(&m, w->z[t]) - m.mean;
        if (w->seen[t]) square += d * d;
    }
    m.deviation = sqrt(square / count);
    return m;
}

/* Single precision as in training where the level leaves it digits enough: the logarithm of a small running
 * spread shows the last bit. Where it does not, double precision. */
static void normalise(window *w, ssmi_zero_view *view)
{
    const moments m = measure(w);
    view->loc = m.origin + 2 * (m.mean / m.unit);
    view->scale = 2 * (m.deviation / m.unit);
    const int flat = !(view->scale > NO_SPREAD * fabs(view->loc));
    const int single = fabs(view->loc) < MANY_SCALES * view->scale;
    const float loc = (float)(view->loc / 2 * m.unit), scale = (float)m.deviation;
    if (flat) view->scale = 0.1 * fmax(fabs(view->loc), 1);
    for (size_t t = 0; t < w->length; t++) {
        if (!w->seen[t]) continue;
        const double d = difference(&m, w->z[t]);
        w->z[t] = flat     ? 0
                  : single ? ((float)(w->z[t] / 2 * m.unit) - loc) / scale
                           : (d - m.mean) / m.deviation;
    }
}

static void to_a_space(window *w)
{
    float last = 0;
    for (size_t t = 0; t < w->length; t++) {
        if (w->seen[t]) last = w->a[t] = asinhf((float)w->z[t]);
        w->carried[t] = last;
    }
}

/* a carried forward at row `at`; 0 and not known before the first row seen. */
static inline float recall(const window *w, ptrdiff_t at, int *known)
{
    *known = at >= (ptrdiff_t)w->first;
    return *known ? w->carried[at] : 0;
}

/* The patch behind token i as it was `period` rows before, or as many periods as it takes to be known. `last`
 * is the last row seen. With `cycle` also the mean over four periods. */
static void copy_lag(const window *w, float *lag, float *cycle, size_t i, size_t last, size_t period)
{
    for (size_t j = 0; j < PATCH; j++) {
        const size_t row = (i + 1) * PATCH + j;
        const size_t periods = (row - last + period - 1) / period;
        ptrdiff_t at = (ptrdiff_t)row - (ptrdiff_t)(periods * period);
        int known;
        float sum = lag[j] = recall(w, at, &known);
        float count = (float)known;
        for (int k = 1; cycle != NULL && k < CYCLES; k++) {
            sum += recall(w, at -= (ptrdiff_t)period, &known);
            count += (float)known;
        }
        if (cycle != NULL) cycle[j] = count > 1 ? sum / count : sum;
    }
}

/* Mean, spread and number of what was seen so far. Single precision where the network's training had it,
 * since the logarithm of a spread near zero shows every bit. */
typedef struct running {
    double sum, square, count;
} running;

static void describe_running(float *out, const running *so_far)
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

/* `last`: last row seen up to the end of token i; SIZE_MAX when there is none, and then lags and age are 0.
 */
static void describe_past(const window *w, float *f, size_t i, size_t last, const ssmi_zero_periods *p)
{
    if (last == SIZE_MAX) return;
    const float age = (float)((i + 1) * PATCH - 1 - last) / PATCH;
    copy_lag(w, f + SSMI_ZERO_LAG_MAIN, f + SSMI_ZERO_CYCLE, i, last, p->main);
    copy_lag(w, f + SSMI_ZERO_LAG_SECOND, NULL, i, last, p->second);
    f[SSMI_ZERO_LAST] = w->carried[last];
    f[SSMI_ZERO_AGE] = log1pf(age);
    f[SSMI_ZERO_AGE + 1] = age / 16;
}

static void describe(const window *w, ssmi_zero_view *view)
{
    running so_far = {0};
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < w->tokens; i++) {
        float *f = view->feature + i * SSMI_ZERO_FEATURES;
        for (size_t j = 0; j < PATCH; j++) {
            const size_t t = i * PATCH + j;
            f[SSMI_ZERO_VALUE + j] = w->a[t];
            f[SSMI_ZERO_MASK + j] = w->seen[t];
            if (!w->seen[t]) continue;
            last = t;
            so_far.sum += w->a[t];
            so_far.square += w->a[t] * w->a[t];
            so_far.count++;
        }
        describe_past(w, f, i, last, &view->periods);
        describe_periods(f + SSMI_ZERO_PERIOD, &view->periods);
        describe_running(f + SSMI_ZERO_RUNNING, &so_far);
    }
}

ssm_status ssmi_zero_look(const ssmi_zero_context *context, ssmi_zero_view *view, ssm_arena *arena)
{
    window w;
    SSMI_TRY(open_window(&w, context, view, arena));
    normalise(&w, view);
    const size_t two_thirds = w.length * 2 / 3;
    const size_t longest = two_thirds < SSMI_ZERO_CONTEXT / 2 ? two_thirds : SSMI_ZERO_CONTEXT / 2;
    const ssmi_mark mark = ssmi_arena_mark(arena);
    SSMI_TRY(ssmi_zero_find_periods(w.z, w.seen, w.length, longest, &view->periods, arena));
    ssmi_arena_rewind(arena, mark);
    if (context->period > 1) view->periods.main = context->period;
    to_a_space(&w);
    describe(&w, view);
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

double ssmi_zero_restore(const ssmi_zero_view *view, double a)
{
    return sinh(fmin(fmax(a, -12), 12)) * view->scale + view->loc;
}
