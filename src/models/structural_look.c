#include "models/structural_look.h"

#include "models/gaussian.h"
#include "series/time.h"

#include <math.h>

int64_t ssmi_grid_row(const ssm_series *series)
{
    const ssm_time_index time = series->time;
    if (time.step.unit == SSM_STEP_NONE) return time.start;
    if (time.step.unit == SSM_STEP_NANOSECONDS) return ssmi_floor_div(time.start, time.step.count);
    return ssmi_floor_div(ssmi_month_number(ssmi_civil_from_time(time.start)), time.step.count);
}

size_t ssmi_first_row(const ssm_series *series, size_t period)
{
    if (series->time.step.unit == SSM_STEP_MONTHS) return 0; /* months have no long seasons */
    return (size_t)ssmi_floor_mod(ssmi_grid_row(series), (int64_t)period);
}

double ssmi_structural_value(const ssmi_structural_choice *c, double y, size_t row)
{
    if (c->logged && y <= 0.0) return NAN; /* outside the model's range: as good as missing */
    const double x = (c->logged ? log(y) : y) - c->center;
    return (c->scale > 0.0 ? x / c->scale : x) - ssmi_pattern_at(&c->pattern, row);
}

double ssmi_structural_level(const ssmi_structural_choice *c, double x)
{
    const double y = c->center + (c->scale > 0.0 ? c->scale : 1.0) * x;
    return c->logged ? exp(fmin(y, 709.0)) : fmin(fmax(y, -1.7e308), 1.7e308);
}

static void standardise(double *x, size_t length, double *center, double *scale)
{
    ssmi_spread spread = {0};
    *center = ssmi_mean(x, length, NULL);
    for (size_t t = 0; t < length; t++) ssmi_spread_add(&spread, x[t] - *center);
    *scale = ssmi_spread_sd(&spread, 0);
    if (!(*scale > 1e-14 * fabs(*center))) *scale = 0.0;
    for (size_t t = 0; t < length; t++) x[t] = *scale > 0.0 ? (x[t] - *center) / *scale : x[t] - *center;
}

ssm_status ssmi_look_open(ssmi_look *l, const double *y, size_t length, int logged, ssm_arena *tmp)
{
    l->x = SSMI_ALLOC(tmp, double, length);
    if (l->x == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; t < length; t++) l->x[t] = logged ? log(y[t]) : y[t];
    standardise(l->x, length, &l->center, &l->scale);
    return SSM_OK;
}

ssm_status ssmi_look_finish(ssmi_look *l, const double *y, size_t length, int logged, size_t burn, size_t row,
                            const ssmi_line *line, size_t n_lines, size_t keep, ssm_arena *mem,
                            ssm_arena *tmp)
{
    SSMI_TRY(ssmi_pattern_fit(&l->pattern, line, n_lines, keep, l->x, length, row, mem, tmp));
    for (size_t t = 0; t < length; t++) l->x[t] -= ssmi_pattern_at(&l->pattern, row + t);
    l->jacobian = 0.0;
    for (size_t t = burn; t < length; t++) {
        if (!isnan(y[t])) l->jacobian -= (logged ? log(y[t]) : 0.0) + log(l->scale);
    }
    return SSM_OK;
}
