#include "models/learner_phases.h"

#include "series/time.h"
#include <math.h>

static void add(ssmi_learner_phases *out, double period, size_t length)
{
    if (!(period >= 2) || 2 * period > (double)length) return;
    for (size_t i = 0; i < out->n; i++)
        if (fabs(out->period[i] - period) < 1e-6 * period) return;
    out->period[out->n++] = period;
}

void ssmi_learner_phases_find(ssmi_learner_phases *out, const ssm_series *series)
{
    const double days[] = {1, 7, 365.2425}, count = (double)series->time.step.count;
    *out = (ssmi_learner_phases){0};
    for (size_t i = 0; i < series->n_periods; i++) add(out, (double)series->period[i], series->length);
    if (series->time.step.unit == SSM_STEP_MONTHS) add(out, 12 / count, series->length);
    for (size_t i = 0; i < 3 && series->time.step.unit == SSM_STEP_NANOSECONDS; i++)
        add(out, days[i] * (double)SSMI_DAY / count, series->length);
}

int64_t ssmi_learner_row(const ssm_series *series)
{
    const ssm_time_index *time = &series->time;
    switch (time->step.unit) {
    case SSM_STEP_NANOSECONDS:
        return ssmi_floor_div(time->start, time->step.count);
    case SSM_STEP_MONTHS:
        return ssmi_floor_div(ssmi_month_number(ssmi_civil_from_time(time->start)), time->step.count);
    case SSM_STEP_NONE:
        break;
    }
    return time->start;
}

void ssmi_learner_phases_fill(float *out, const ssmi_learner_phases *phases, int64_t last, size_t tokens,
                              size_t stride)
{
    const double turn = 2 * 3.14159265358979324;
    for (size_t k = 0; k < tokens; k++) {
        const double row = (double)(last - (int64_t)((tokens - 1 - k) * stride));
        for (size_t i = 0; i < phases->n; i++, out += 2) {
            const double angle = turn * (fmod(row, phases->period[i]) / phases->period[i]);
            out[0] = (float)sin(angle);
            out[1] = (float)cos(angle);
        }
    }
}
