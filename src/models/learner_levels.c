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

double ssmi_learner_quantile(const double *d, const ssmi_conformal *interval, size_t h, double p)
{
    double at = p * 10 - 1;
    if (at < 0 || at > SSMI_QUANTILES - 1) {
        const size_t edge = at < 0 ? 0 : SSMI_QUANTILES - 1;
        const double o = ssmi_conformal_offset(interval, h, at < 0 ? 0.1 : 0.9);
        const double inner = o - ssmi_conformal_offset(interval, h, 0.5), reach = d[edge] - d[SSMI_SIDE];
        const double stretch = inner != 0 ? reach / inner : 1;
        return d[edge] + stretch * (ssmi_conformal_offset(interval, h, p) - o);
    }
    const size_t i = at < SSMI_QUANTILES - 1 ? (size_t)at : SSMI_QUANTILES - 2;
    const double low = ssmi_conformal_offset(interval, h, 0.1 * (double)(i + 1));
    const double high = ssmi_conformal_offset(interval, h, 0.1 * (double)(i + 2));
    double share = at - (double)i;
    if (high > low) share = (ssmi_conformal_offset(interval, h, p) - low) / (high - low);
    return d[i] + fmin(fmax(share, 0), 1) * (d[i + 1] - d[i]);
}
