/* The matrix exponential. */
#ifndef SSMCAST_CORE_EXPM_H
#define SSMCAST_CORE_EXPM_H

#include "base/arena.h"

/* E = exp(A), both (n, n) column-major; E may be A. SSM_E_DATA: A is not finite. SSM_E_NUMERIC: exp(A) is not
 * representable. E is untouched on failure. */
ssm_status ssmi_expm(double *E, const double *A, size_t n, ssm_arena *tmp);

#endif
