/* Seasonal periods of one window, as the pretrained network was taught to see them. */
#ifndef SSMCAST_NEURAL_ZERO_PERIODS_H
#define SSMCAST_NEURAL_ZERO_PERIODS_H

#include "base/arena.h"

typedef struct ssmi_zero_periods {
    size_t main, second;                   /* rows, >= 1 */
    double main_strength, second_strength; /* autocorrelation there; 0: none found */
} ssmi_zero_periods;

/* z (length): normalised values, 0 where seen is 0. `longest` is the largest lag looked at. Scratch comes
 * from tmp. SSM_E_MEMORY only. */
ssm_status ssmi_zero_find_periods(const double *z, const unsigned char *seen, size_t length, size_t longest,
                                  ssmi_zero_periods *out, ssm_arena *tmp);

/* Bytes of scratch that it takes, at most. */
size_t ssmi_zero_periods_scratch(size_t length, size_t longest);

#endif
