/* The steady-state Kalman predictor as a diagonal linear layer. Once its gain has settled, the Kalman filter
 * is
 *
 *     a_{t+1} = (T - K Z) a_t + K y_t + c - K d,      yhat_t = Z a_t + d,
 *
 * a linear system driven by the observations. In modal coordinates of T - K Z it is
 *
 *     z_{t+1} = lambda z_t + B y_t + f,               yhat_t = C z_t + d,
 *
 * the form of an S4D layer, run by the same recurrence. It predicts long series at a few operations per mode
 * and step, with no matrix left in the loop. */
#ifndef SSMCAST_CORE_PREDICTOR_H
#define SSMCAST_CORE_PREDICTOR_H

#include "core/modal.h"
#include <ssmcast/statespace.h>

typedef struct ssmi_predictor {
    size_t n, p;
    ssmi_modal modal;  /* of T - K Z */
    double *B;         /* (2 modes, p) */
    double *C;         /* (p, 2 modes) */
    double *f;         /* (2 modes) */
    double *d;         /* (p) */
    double *start;     /* (2 modes): z_0, from a1 of the model */
    double *P, *K, *F; /* steady state: (n, n), (n, p), (p, p) */
} ssmi_predictor;

/* Solves for the steady state of a time-invariant model and diagonalises. Everything is copied into mem.
 * SSM_E_NUMERIC: no steady state, or T - K Z is not diagonalisable. */
ssm_status ssmi_predictor_init(ssmi_predictor *predictor, const ssm_statespace *model, ssm_arena *mem,
                               ssm_arena *tmp);

/* yhat (steps, p), row t being the prediction of y_t from the rows before it; y (steps, p) without missing
 * values (SSM_E_DATA). next (n), NULL: not wanted, is the predicted state after the last row. */
ssm_status ssmi_predictor_run(double *yhat, double *next, const ssmi_predictor *predictor, const double *y,
                              size_t steps, ssm_arena *tmp);

#endif
