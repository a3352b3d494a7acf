#include "core/gaps.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;
    return (*a > *b) - (*a < *b);
}

static size_t keep_distinct(double *sorted, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (n == 0 || sorted[i] != sorted[n - 1]) sorted[n++] = sorted[i];
    }
    return n;
}

static size_t place_of(const double *size, size_t n, double gap)
{
    size_t low = 0, high = n - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (size[middle] < gap)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

ssm_status ssmi_gaps_make(ssmi_gaps *out, const double *gap, size_t count, ssm_arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        if (!(gap[i] >= 0.0) || isinf(gap[i]))
            return ssmi_fail(arena->ctx, SSM_E_DATA, "gap %zu is %g, not a length of time", i, gap[i]);
    }
    double *size = SSMI_ALLOC(arena, double, count);
    size_t *of = SSMI_ALLOC(arena, size_t, count);
    if (size == NULL || of == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < count; i++) size[i] = gap[i] + 0.0; /* -0 is 0 */
    qsort(size, count, sizeof *size, ascending);
    const size_t n = keep_distinct(size, count);
    for (size_t i = 0; i < count; i++) of[i] = place_of(size, n, gap[i]);
    *out = (ssmi_gaps){n, size, of};
    return SSM_OK;
}
