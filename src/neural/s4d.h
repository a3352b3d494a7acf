/* S4D: a linear time-invariant layer of complex diagonal systems (Gu, Gupta, Goel & Re 2022), forward and
 * backward, as a recurrence with carried state and as a convolution by FFT.
 *
 * Per channel there are `pairs` complex states, each standing for itself and its conjugate. Complex arrays
 * hold real parts, then imaginary parts: (2, pairs, channels). All are kernels: no allocation, no failure,
 * one thread. The mathematics stands in s4d_body.h.
 *
 * A row's step may be scaled: by the gap to the row before where sampling is irregular, by 0 where the input
 * is missing and time shall stand still. The convolution needs equal steps. */
#ifndef SSMCAST_NEURAL_S4D_H
#define SSMCAST_NEURAL_S4D_H

#include "core/discretise.h"
#include "core/recurrence.h"
#include <stddef.h>

/* Rows between two stored states: what the backward pass recomputes at a time. */
enum { SSMI_S4D_TILE = 32 };

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/s4d_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/s4d_decl.h"
#include "neural/real_end.h"
/* clang-format on */

/* Where the poles start (Gu et al. 2022, section 4): n = 0 .. pairs-1, N = 2 pairs
 *     SSMI_S4D_LIN     -1/2 + i pi n
 *     SSMI_S4D_INV     -1/2 + i N/pi (N/(2n+1) - 1)
 *     SSMI_S4D_LEGS    -1/2 + i Im of the n-th eigenvalue of the normal part of HiPPO-LegS, in ascending
 * order All tend to the same picture; LEGS is the one the others approximate. */
typedef enum ssmi_s4d_start { SSMI_S4D_LIN, SSMI_S4D_INV, SSMI_S4D_LEGS } ssmi_s4d_start;

/* lambda (2, pairs): real parts, then imaginary parts. SSM_E_MEMORY, SSM_E_NUMERIC from the eigenvalues. */
ssm_status ssmi_s4d_poles(double *lambda, size_t pairs, ssmi_s4d_start start, ssm_arena *tmp);

/* The derivatives of a step's (a, w) of ssmi_discretise_diagonal_complex with respect to lambda and dt, each
 * a complex number (re, im): a_lambda, a_dt, w_lambda, w_dt. */
typedef struct ssmi_s4d_slopes {
    double a_lambda[2], a_dt[2], w_lambda[2], w_dt[2];
} ssmi_s4d_slopes;

ssmi_s4d_slopes ssmi_s4d_slopes_of(const double lambda[2], double dt, ssmi_rule rule);

size_t ssmi_s4d_tiles(size_t length);    /* ceil(length / SSMI_S4D_TILE) */
size_t ssmi_s4d_fft_size(size_t length); /* the power of two that holds a linear convolution of it */

#endif
