/* kalman-clib on the problem of peers_kf.h: its inputs are the shocks. It has numbers of one size only. */
#include "peers_kf.h"

#include <string.h>

#define EXTERN_INLINE_MATRIX    static inline
#define EXTERN_INLINE_KALMAN    static inline
#define KALMAN_NAME             peer
#define KALMAN_NUM_STATES       NX
#define KALMAN_NUM_INPUTS       NW
#define KALMAN_MEASUREMENT_NAME rows
#define KALMAN_NUM_MEASUREMENTS NY
#include <kalman_factory_filter.h>
#include <kalman_factory_measurement.h>

static kalman_t *filter;
static kalman_measurement_t *rows;

void clib_open(const problem *s)
{
    filter = kalman_filter_peer_init();
    rows = kalman_filter_peer_measurement_rows_init();
    memcpy(filter->A.data, s->T, sizeof s->T);
    memcpy(filter->B.data, s->G, sizeof s->G);
    memcpy(rows->H.data, s->Z, sizeof s->Z);
    for (int i = 0; i < NX; i++) filter->P.data[i * (NX + 1)] = s->start[i];
    for (int i = 0; i < NW; i++) filter->Q.data[i * (NW + 1)] = s->q[i];
    for (int i = 0; i < NY; i++) rows->R.data[i * (NY + 1)] = s->h[i];
}

void clib_run(const problem *s, REAL *x)
{
    for (int t = 0; t < STEPS; t++) {
        kalman_predict_x(filter);
        kalman_predict_Q(filter);
        memcpy(rows->z.data, s->y + t * NY, NY * sizeof(REAL));
        kalman_correct(filter, rows);
    }
    memcpy(x, filter->x.data, NX * sizeof(REAL));
}
