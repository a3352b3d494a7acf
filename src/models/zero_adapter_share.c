#include "models/zero_adapter_share.h"

#include "models/zero_adapter.h"
#include "models/zero_fan.h"

#include <math.h>

void ssmi_zero_adapter_errors_add(ssmi_zero_adapter_errors *sum, const double *q, double line, double y,
                                  double weight, double unit)
{
    const double change = ssmi_zero_adapter_shift(q, line) / unit, error = (y - q[SSMI_FAN_MIDDLE]) / unit;
    sum->square += weight * error * error;
    sum->cross += weight * error * change;
    sum->change += weight * change * change;
}

void ssmi_zero_adapter_errors_join(ssmi_zero_adapter_errors *to, const ssmi_zero_adapter_errors *more)
{
    to->square += more->square;
    to->cross += more->cross;
    to->change += more->change;
}

double ssmi_zero_adapter_log_ratio(const ssmi_zero_adapter_errors *block, double share, double floor)
{
    const double with = block->square - 2 * share * block->cross + share * share * block->change;
    return log((fmax(with, 0) + floor) / (block->square + floor));
}

/* What keeps a perfect forecast of one block from counting more than all others together. */
static double floor_of(const ssmi_zero_adapter_errors *block, size_t n)
{
    const double nothing = 1e-6; /* of the mean */
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += block[k].square;
    return n > 0 ? nothing * sum / (double)n : 0;
}

static int is_silent(const ssmi_zero_adapter_errors *block)
{
    return block->square == 0 && block->change == 0;
}

double ssmi_zero_adapter_share(ssmi_trust *trust, const ssmi_zero_adapter_errors *block, size_t n)
{
    const double most = 0.5, level = 0.8, floor = floor_of(block, n);
    double c = 0, v = 0;
    *trust = (ssmi_trust){0};
    for (size_t k = 0; k < n; k++) {
        if (is_silent(&block[k])) continue;
        c += block[k].cross / (block[k].square + floor);
        v += block[k].change / (block[k].square + floor);
    }
    const double share = v > 0 ? fmin(fmax(c / v, 0), most) : 0;
    for (size_t k = 0; k < n; k++)
        if (!is_silent(&block[k]))
            ssmi_trust_add(trust, -ssmi_zero_adapter_log_ratio(&block[k], share, floor));
    ssmi_trust_close(trust, level);
    trust->chosen = trust->blocks >= SSMI_TRUST_BLOCKS && trust->low > 0;
    return trust->chosen ? share : 0;
}
