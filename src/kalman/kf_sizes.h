/* What does not depend on the precision: status codes, and memory as constant expressions. */
#ifndef SSMCAST_KALMAN_KF_SIZES_H
#define SSMCAST_KALMAN_KF_SIZES_H

#include <stddef.h>
#include <stdint.h>

/* Negative: refused, and not a bit has changed. Positive: done, with a note; a row of several observations
 * returns its largest. */
typedef enum ssm_kf_status {
    SSM_KF_OK = 0,
    SSM_KF_MISSING = 1,    /* NaN: nothing observed */
    SSM_KF_CERTAIN = 2,    /* no noise and nothing uncertain: nothing to learn, not taken in */
    SSM_KF_GATED = 3,      /* outlier, not taken in */
    SSM_KF_REACQUIRED = 4, /* outlier after outlier: the variance was widened and this one taken in */
    SSM_KF_DIVERGED = 5,   /* a number reached its limit; it was cut there, or the observation not taken in */
    SSM_KF_E_ARGUMENT = -1,
    SSM_KF_E_MEMORY = -2,   /* the buffer is too small */
    SSM_KF_E_RANGE = -3,    /* infinite, NaN where it means nothing, or beyond the limits */
    SSM_KF_E_VARIANCE = -4, /* not a variance: negative, or not non-negative definite */
    SSM_KF_E_FORMAT = -5    /* not a saved state, damaged, or of another size or precision */
} ssm_kf_status;

/* ---- memory: numbers for n states, p sensors, r shocks ---- */

#define SSM_KF_LARGER(a, b) ((a) > (b) ? (a) : (b))
/* n (n + 1) / 2 + n numbers of state, with SSM_KF_COMPENSATED n more; and scratch */
#ifdef SSM_KF_COMPENSATED
#define SSM_KF_RESTS(n) (n)
#else
#define SSM_KF_RESTS(n) 0
#endif
#define SSM_KF_FOURS(n)            (((n) + 3) / 4 * 4)
#define SSM_KF_TRIANGLE_REALS(n)   ((n) * ((n)-1) / 2 + SSM_KF_RESTS(n))
#define SSM_KF_STATE_REALS(n)      (2 * (n) + SSM_KF_TRIANGLE_REALS(n))
#define SSM_KF_PREDICT_REALS(n, r) (((n) + 2) * SSM_KF_FOURS((n) + (r)))
#define SSM_KF_UPDATE_REALS(n, p)  SSM_KF_LARGER(((p) + 4) * (n) + 2 * (p) + (p) * ((p)-1) / 2, (p) * (p))
#define SSM_KF_WORK_REALS(n, p, r) SSM_KF_LARGER(SSM_KF_PREDICT_REALS(n, r), SSM_KF_UPDATE_REALS(n, p))
/* for ssm_kf_init: static ssm_kf_real memory[SSM_KF_REALS(4, 2, 4)]; */
#define SSM_KF_REALS(n, p, r) (SSM_KF_STATE_REALS(n) + SSM_KF_WORK_REALS(n, p, r))
/* for ssm_kf_discretise */
#define SSM_KF_DISCRETISE_REALS(n) (4 * (n) * (n))
/* bytes for ssm_kf_save, given sizeof(ssm_kf_real) */
#define SSM_KF_SAVED_BYTES(n, real_size) (20 + SSM_KF_STATE_REALS(n) * (real_size))
/* numbers for ssm_kf_steady_init */
#define SSM_KF_STEADY_REALS(n, p) (2 * (n) + (p))

#endif
