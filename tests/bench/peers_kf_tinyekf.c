/* TinyEKF on the problem of peers_kf.h; its caller moves the mean and expects the row. */
#include "peers_kf.h"

#include <stddef.h>

#define EKF_N    NX
#define EKF_M    NY
#define _float_t REAL
#include <tinyekf.h>

static ekf_t filter;
static REAL R_[NY * NY];

void tinyekf_open(const problem *s)
{
    ekf_initialize(&filter, s->start);
    for (int i = 0; i < NY; i++) R_[i * (NY + 1)] = s->h[i];
}

void tinyekf_run(const problem *s, REAL *x)
{
    for (int t = 0; t < STEPS; t++) {
        REAL fx[NX], hx[NY];
        _mulvec(s->T, filter.x, fx, NX, NX);
        ekf_predict(&filter, fx, s->T, s->Q);
        _mulvec(s->Z, filter.x, hx, NY, NX);
        ekf_update(&filter, s->y + t * NY, hx, s->Z, R_);
    }
    memcpy(x, filter.x, sizeof filter.x);
}
