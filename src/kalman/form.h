/* The forms of the filter: what is carried in place of P, and how a row and a step change it.
 *
 * Every form keeps the mean and the factor of the diffuse part in f->state, and leaves a row's innovations
 * and what the updates returned in f->row, f->M, f->Minf, as the sequence of scalars y_1, y_2 | y_1, ... of
 * the row. These do not depend on the form, so record, likelihood, steady state and smoothers need not know
 * it. */
#ifndef SSMCAST_KALMAN_FORM_H
#define SSMCAST_KALMAN_FORM_H

#include "kalman/filter.h"

struct ssmi_kalman_form {
    ssm_status (*use)(ssmi_kalman_filter *f, ssm_arena *arena); /* takes its memory */
    void (*start)(ssmi_kalman_filter *f);                       /* from f->state, which is set */
    void (*update)(ssmi_kalman_filter *f, const double *y); /* takes in the row whose system is prepared */
    void (*predict)(ssmi_kalman_filter *f);
    void (*covariance)(ssmi_kalman_filter *f); /* writes f->state.P */
};

extern const ssmi_kalman_form ssmi_kalman_univariate, ssmi_kalman_multivariate, ssmi_kalman_square_root,
    ssmi_kalman_ud, ssmi_kalman_constant_gain;

/* NULL for SSM_KALMAN_PARALLEL, which does not go row after row, and for what is no form. */
const ssmi_kalman_form *ssmi_kalman_sequential_form(ssm_kalman_form form);

/* Takes in scalar i of a row. */
typedef ssmi_innovation ssmi_kalman_take(ssmi_kalman_filter *f, const ssmi_observation *o, size_t i);
/* Prepares the row y and takes in its scalars in order; missing ones are marked so. */
void ssmi_kalman_each_scalar(ssmi_kalman_filter *f, const double *y, ssmi_kalman_take *take);

/* The update of the univariate form; f->state.P must be valid. Forms fall back on it. */
void ssmi_kalman_update_scalars(ssmi_kalman_filter *f, const double *y);

#endif
