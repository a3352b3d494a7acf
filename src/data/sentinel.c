#include "data/sentinel.h"

#include <math.h>

/* One end of a column: its extreme value, how often it occurs, and the next value. */
typedef struct extreme {
    double value, next;
    size_t count;
} extreme;

static void note_low(extreme *e, double v)
{
    if (v < e->value) {
        e->next = e->value;
        e->value = v;
        e->count = 1;
    } else if (v == e->value) {
        e->count++;
    } else if (v < e->next) {
        e->next = v;
    }
}

/* Both ends; the high one is kept with its sign turned. */
static void find_ends(extreme end[2], const double *value, size_t n, size_t m, size_t k)
{
    end[0] = end[1] = (extreme){INFINITY, INFINITY, 0};
    for (size_t i = 0; i < n; i++) {
        double v = value[i * m + k];
        if (isnan(v)) continue;
        note_low(&end[0], v);
        note_low(&end[1], -v);
    }
}

static int all_nines(double v)
{
    v = fabs(v);
    for (int decimals = 0; decimals <= 2; decimals++, v *= 10) {
        double power = 10;
        if (fabs(v - round(v)) > 1e-9 * v) continue;
        while (power <= v) power *= 10;
        return power >= 100 && fabs(v - (power - 1)) < 0.5;
    }
    return 0;
}

static int is_customary(double v)
{
    static const double limits[] = {-32768, 32767, 65535, -2147483648.0, 2147483647.0, 4294967295.0};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (v == limits[i]) return 1;
    }
    return all_nines(v) || fabs(v) >= 1e18;
}

/* Few digits: an integer, or huge. */
static int is_plain(double v)
{
    return v != 0 && fabs(v) != 1 && (v == floor(v) || all_nines(v));
}

/* End `side` of a column with the given ends stands apart from the rest. */
static int stands_apart(const extreme end[2], int side)
{
    const extreme *e = &end[side];
    double v = side ? -e->value : e->value;
    double range = -end[1].next - end[0].next, gap = e->next - e->value;
    if (e->count < 2 || !is_plain(v) || !(range > 0) || !isfinite(gap)) return 0;
    return gap >= 5 * range || (is_customary(v) && gap >= range / 2);
}

void ssmi_sentinel_find(ssmi_sentinel *found, const double *value, size_t n, size_t m)
{
    for (size_t k = 0; k < m; k++) {
        extreme end[2];
        find_ends(end, value, n, m, k);
        found[k] = (ssmi_sentinel){NAN, 0};
        for (int side = 0; side < 2; side++) {
            if (!stands_apart(end, side) || end[side].count <= found[k].count) continue;
            found[k] = (ssmi_sentinel){side ? -end[side].value : end[side].value, end[side].count};
        }
    }
    for (size_t k = 0; k < m; k++) {
        extreme end[2];
        if (!isnan(found[k].value)) continue;
        find_ends(end, value, n, m, k);
        for (size_t other = 0; other < m && isnan(found[k].value); other++) {
            double v = found[other].value;
            if (v == end[0].value && end[0].count > 1) found[k] = (ssmi_sentinel){v, end[0].count};
            if (-v == end[1].value && end[1].count > 1) found[k] = (ssmi_sentinel){v, end[1].count};
        }
    }
}
