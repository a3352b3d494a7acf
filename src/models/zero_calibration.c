/* Split conformal prediction (forecast/conformal.h) of positions rather than errors: the truth's distance
 * from the median in half widths of its own fan, in a-space. So a fan keeps its shape over horizon and time,
 * all steps of all past forecasts are of one kind, and only how far the levels reach is corrected.
 *
 * Origins lie evenly on the second half of each series (or the part of it that a tuned network has not seen),
 * up to MOST of them over all series. Neighbouring steps err alike: with the correlation r of positions one
 * step apart, m rows count as k = m (1 - r) / (1 + r) independent ones, as for a first-order autoregression.
 * The correction counts k / (k + HALF): the network's 0.1 quantile is typically off by 0.05, which is the
 * standard error of a frequency of 0.1 in 36 draws, so with fewer the network knows better.
 *
 * Known value: a truth that always lies on the 0.9 quantile has position 1. */
#include "models/zero_calibration.h"

#include "base/parallel.h"

#include <math.h>

enum { MOST = 256, MOST_OF_ONE = 64 };
static const double HALF = 36;

typedef struct origin {
    const ssm_series *series;
    size_t row;
} origin;

typedef struct past {
    const ssmi_zero_model *model;
    size_t horizon, unseen, n;
    double rows;      /* distinct rows forecast */
    origin *origin;   /* (n) */
    double *position; /* (n, horizon) */
} past;

/* Observed rows decide: an origin needs one in its context. */
static int has_observed(const ssmi_zero_model *model, const ssm_series *series, size_t row)
{
    for (size_t t = row; t > 0 && row - t < model->context; t--) {
        if (!isnan(series->value[t - 1])) return 1;
    }
    return 0;
}

static void add_series(past *p, const ssm_series *series, size_t at_most)
{
    const size_t half = (series->length + 1) / 2, before = p->n;
    const size_t first = p->unseen > 0 && p->unseen < half ? series->length - p->unseen : half;
    if (series->length < 8 || first + p->horizon > series->length) return;
    const size_t range = series->length - p->horizon - first, step = range / at_most + 1;
    for (size_t row = series->length - p->horizon; row >= first && row > 0; row -= step < row ? step : row) {
        if (has_observed(p->model, series, row)) p->origin[p->n++] = (origin){series, row};
    }
    p->rows += fmin((double)(range + p->horizon), (double)((p->n - before) * p->horizon));
}

static ssm_status place_origins(past *p, const ssm_fit_task *task, ssm_arena *tmp)
{
    size_t each = MOST / task->n_series, skip = 1;
    if (each > MOST_OF_ONE) each = MOST_OF_ONE;
    if (each == 0) each = 1, skip = (task->n_series + MOST - 1) / MOST;
    p->origin = SSMI_ALLOC(tmp, origin, (task->n_series / skip + 1) * (each + 1));
    if (p->origin == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < task->n_series; i += skip) add_series(p, &task->panel[i], each);
    p->position = SSMI_ALLOC(tmp, double, p->n * p->horizon);
    return p->position != NULL ? SSM_OK : SSM_E_MEMORY;
}

static ssm_status measure(void *task, size_t i, ssm_arena *scratch)
{
    const past *p = task;
    const origin *o = &p->origin[i];
    const double *y = o->series->value;
    ssmi_zero_view view;
    double *fan = SSMI_ALLOC(scratch, double, p->horizon *SSMI_FAN_LEVELS);
    if (fan == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_zero_view_of(p->model, y, o->row, p->horizon, &view, scratch));
    SSMI_TRY(ssmi_zero_forecast(p->model, fan, y, o->row, p->horizon, &view, scratch));
    for (size_t h = 0; h < p->horizon; h++) {
        const double *q = fan + h * SSMI_FAN_LEVELS;
        p->position[i * p->horizon + h] =
            isnan(y[o->row + h]) ? NAN
                                 : ssmi_fan_position(q, y[o->row + h], view.frame.loc, view.frame.scale);
    }
    return SSM_OK;
}

/* Correlation of positions one step apart around 0, where the network's medians are; in [0, 1). */
static double correlation(const past *p)
{
    double square = 0, product = 0;
    for (size_t i = 0; i < p->n * p->horizon; i++) {
        const double x = p->position[i], before = i % p->horizon > 0 ? p->position[i - 1] : NAN;
        if (isnan(x) || isnan(before)) continue;
        square += 0.5 * (x * x + before * before);
        product += x * before;
    }
    return square > 0 ? fmin(fmax(product / square, 0), 0.999) : 0;
}

static size_t count_finite(const double *x, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += isfinite(x[i]) != 0;
    return count;
}

ssm_status ssmi_zero_calibrate(ssmi_zero_calibration *out, const ssmi_zero_model *model,
                               const ssm_fit_task *task, size_t unseen, ssm_arena *mem, ssm_arena *tmp)
{
    past p = {.model = model, .horizon = task->horizon, .unseen = unseen};
    *out = (ssmi_zero_calibration){{1, SSMI_ALLOC(mem, double, SSMI_CONFORMAL_POINTS)}, 0};
    if (out->positions.offset == NULL) return SSM_E_MEMORY;
    SSMI_TRY(place_origins(&p, task, tmp));
    SSMI_TRY(ssmi_parallel_for(mem->ctx, p.n, measure, &p));
    const size_t all = p.n * p.horizon, finite = count_finite(p.position, all);
    if (finite == 0) return SSM_OK;
    const double r = correlation(&p), share = (double)finite / (double)all;
    const double independent = fmax(p.rows * share * (1 - r) / (1 + r), 1);
    out->weight = independent / (independent + HALF);
    return ssmi_conformal_fit(&out->positions, p.position, all, 1, fmin(independent / share, (double)all),
                              mem, tmp);
}

double ssmi_zero_calibrated(const ssmi_zero_calibration *calibration, const double *q, double p, double z,
                            double loc, double scale)
{
    if (!(calibration->weight > 0)) return ssmi_fan_quantile(q, p, z, loc, scale);
    const double offset = ssmi_conformal_offset(&calibration->positions, 0, p);
    return ssmi_fan_calibrated(q, z, loc, scale, offset, calibration->weight);
}
