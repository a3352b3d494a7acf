/* Known value: nine quantiles of a standard normal with loc 0 and a large scale give 1.960 at level 0.975. */
#include "models/zero_fan.h"

#include <float.h>
#include <math.h>

/* Standard normal quantiles of 0.1, ..., 0.9. */
static const double Z[SSMI_FAN_LEVELS] = {
    -1.2815515655446004, -0.8416212335729143, -0.5244005127080407, -0.25334710313579978, 0,
    0.25334710313579978, 0.5244005127080407,  0.8416212335729143,  1.2815515655446004};

void ssmi_fan_sort(double *q)
{
    for (size_t i = 1; i < SSMI_FAN_LEVELS; i++) {
        const double value = q[i];
        size_t j = i;
        for (; j > 0 && q[j - 1] > value; j--) q[j] = q[j - 1];
        q[j] = value;
    }
}

/* Straight through (z0, a0) and (z1, a1). */
static double line(double z, double z0, double a0, double z1, double a1)
{
    return a0 + (a1 - a0) * ((z - z0) / (z1 - z0));
}

/* The nodes whose line serves z: neighbours inside, median and outer level outside. */
static void nodes_of(double z, size_t *low, size_t *high)
{
    const size_t last = SSMI_FAN_LEVELS - 1;
    *low = 0;
    *high = SSMI_FAN_MIDDLE;
    if (z < Z[0]) return;
    *low = SSMI_FAN_MIDDLE;
    *high = last;
    if (z > Z[last]) return;
    for (*high = 1; z > Z[*high];) ++*high;
    *low = *high - 1;
}

static double to_a(double y, double loc, double scale)
{
    return asinh(y / scale - loc / scale);
}

static double from_a(double a, double loc, double scale)
{
    return fmin(fmax(sinh(fmin(fmax(a, -700), 700)) * scale + loc, -DBL_MAX), DBL_MAX);
}

/* Quantile p in a-space. */
static double interpolate(const double *q, double z, double loc, double scale)
{
    size_t low, high;
    nodes_of(z, &low, &high);
    return line(z, Z[low], to_a(q[low], loc, scale), Z[high], to_a(q[high], loc, scale));
}

double ssmi_fan_quantile(const double *q, double p, double z, double loc, double scale)
{
    const double nearest = nearbyint(10 * p);
    if (fabs(10 * p - nearest) < 1e-9 && nearest >= 1 && nearest <= SSMI_FAN_LEVELS)
        return q[(size_t)nearest - 1];
    return from_a(interpolate(q, z, loc, scale), loc, scale);
}

/* The half width on the side of `sign`; never 0, so that positions are finite. */
static double half_width(const double *q, double sign, double loc, double scale)
{
    const double middle = to_a(q[SSMI_FAN_MIDDLE], loc, scale);
    const double outer = to_a(q[sign < 0 ? 0 : SSMI_FAN_LEVELS - 1], loc, scale);
    return fmax(fabs(outer - middle), 1e-6);
}

double ssmi_fan_calibrated(const double *q, double z, double loc, double scale, double offset, double weight)
{
    const double own = interpolate(q, z, loc, scale);
    const double other = to_a(q[SSMI_FAN_MIDDLE], loc, scale) + offset * half_width(q, offset, loc, scale);
    return from_a(own + weight * (other - own), loc, scale);
}

double ssmi_fan_position(const double *q, double y, double loc, double scale)
{
    const double distance = to_a(y, loc, scale) - to_a(q[SSMI_FAN_MIDDLE], loc, scale);
    return distance / half_width(q, distance, loc, scale);
}

void ssmi_fan_widen(double *q, const double *before)
{
    const double middle = q[SSMI_FAN_MIDDLE];
    for (size_t k = 0; k < SSMI_FAN_LEVELS; k++) {
        const double own = q[k] - middle, earlier = before[k] - before[SSMI_FAN_MIDDLE];
        q[k] = k < SSMI_FAN_MIDDLE ? middle - hypot(own, earlier) : middle + hypot(own, earlier);
    }
}
