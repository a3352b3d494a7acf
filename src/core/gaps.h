/* The distinct gaps between irregular times, so that what depends on a gap alone is worked out once for each:
 * a day of minutes with a few rows lost has five gaps, not 1440. */
#ifndef SSMCAST_CORE_GAPS_H
#define SSMCAST_CORE_GAPS_H

#include "base/arena.h"

typedef struct ssmi_gaps {
    size_t n;     /* distinct ones */
    double *size; /* (n) ascending */
    size_t *of;   /* (count) gap[i] is size[of[i]] */
} ssmi_gaps;

/* Sorts gap (count), each finite and not negative; SSM_E_DATA names the first that is not. O(count log
 * count).
 */
ssm_status ssmi_gaps_make(ssmi_gaps *out, const double *gap, size_t count, ssm_arena *arena);

#endif
