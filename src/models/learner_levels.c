#include "models/learner_levels.h"

#include <math.h>

static double inverse_softplus(double width)
{
    width = fmax(width, 1e-6);
    return width > 30 ? width : log(expm1(width));
}

void ssmi_learner_base(float *base, const ssmi_conformal *interval)
{
    const size_t H = interval->horizon;
    for (size_t h = 0; h < H; h++) {
        base[h] = (float)ssmi_conformal_offset(interval, h, 0.5);
        for (size_t j = 0; j < SSMI_SIDE; j++) {
            const double inner = 0.1 * (double)j, outer = inner + 0.1;
            base[(1 + j) * H + h] = (float)inverse_softplus(ssmi_conformal_offset(interval, h, 0.5 + outer) -
                                                            ssmi_conformal_offset(interval, h, 0.5 + inner));
            base[(1 + SSMI_SIDE + j) * H + h] =
                (float)inverse_softplus(ssmi_conformal_offset(interval, h, 0.5 - inner) -
                                        ssmi_conformal_offset(interval, h, 0.5 - outer));
        }
    }
}

ssmi_learner_level ssmi_learner_level_of(double p)
{
    const double at = p * 10 - 1, last = SSMI_QUANTILES - 1;
    ssmi_learner_level level = {.beyond = at < 0 || at > last, .own = ssmi_conformal_place_of(p)};
    if (level.beyond) {
        level.decile = at < 0 ? 0 : SSMI_QUANTILES - 1;
        level.low = ssmi_conformal_place_of(at < 0 ? 0.1 : 0.9);
        level.high = ssmi_conformal_place_of(0.5);
        return level;
    }
    level.decile = at < last ? (size_t)at : SSMI_QUANTILES - 2;
    level.share = at - (double)level.decile;
    level.low = ssmi_conformal_place_of(0.1 * (double)(level.decile + 1));
    level.high = ssmi_conformal_place_of(0.1 * (double)(level.decile + 2));
    return level;
}

double ssmi_learner_quantile(const double *d, const ssmi_conformal *interval, size_t h,
                             const ssmi_learner_level *level)
{
    const size_t i = level->decile;
    const double own = ssmi_conformal_at(interval, h, level->own);
    const double low = ssmi_conformal_at(interval, h, level->low);
    const double high = ssmi_conformal_at(interval, h, level->high);
    if (level->beyond) {
        const double stretch = low != high ? (d[i] - d[SSMI_SIDE]) / (low - high) : 1;
        return d[i] + stretch * (own - low);
    }
    const double share = high > low ? (own - low) / (high - low) : level->share;
    return d[i] + fmin(fmax(share, 0), 1) * (d[i + 1] - d[i]);
}
