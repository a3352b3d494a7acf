/* How large the errors of a ridge map were of late, against what they usually are.
 *
 *     origins   o - a, o - 2a, ..., o - 8a     a = H/8, rounded up
 *     steps     H/4, H/2, 3H/4, H, those whose truth lies before o
 *     m_k       mean |e| of step k over these origins, u_k its mean over windows that the weights had not
 * seen lately    (1 + sum_k c_k m_k / u_k) / (1 + sum_k c_k),   c_k the part of step k's errors that is known
 *
 * Errors come in calm and in rough times (Engle 1982, Econometrica 50(4)), which the spread of a window
 * does not always tell. The four steps count like four errors beside one of the usual size, so that a history
 * too short to look back on gives 1. The map that looks back has not seen the validation rows, even where the
 * one that forecasts has: errors on rows that weights were solved from would be small by themselves. */
#ifndef SSMCAST_MODELS_RIDGE_RECENT_H
#define SSMCAST_MODELS_RIDGE_RECENT_H

#include "models/ridge.h"

enum { SSMI_RIDGE_RECENT_ORIGINS = 8, SSMI_RIDGE_RECENT_STEPS = 4 };

typedef struct ssmi_ridge_recent {
    size_t n_steps, apart;
    size_t step[SSMI_RIDGE_RECENT_STEPS]; /* 0-based, ascending */
    ssmi_ridge map; /* of these steps alone, with the bands they lie in: weight (width, n_steps) */
    double usual[SSMI_RIDGE_RECENT_STEPS]; /* u_k in the panel's units; 0: not known, or no errors at all */
    double power;                          /* the intervals' unit has lately^power; 0: nothing to look at */
} ssmi_ridge_recent;

/* The errors known at an origin: c_k m_k and c_k. */
typedef struct ssmi_ridge_recent_errors {
    double size[SSMI_RIDGE_RECENT_STEPS], known[SSMI_RIDGE_RECENT_STEPS];
} ssmi_ridge_recent_errors;

/* Takes the steps of a map whose weights are there; `usual` and `power` are 0. Weights live in `mem`. */
ssm_status ssmi_ridge_recent_open(ssmi_ridge_recent *out, const ssmi_ridge *ridge, ssm_arena *mem);

/* Steps and distance of the origins alone, of ridge->horizon: for a map whose weights are loaded. */
void ssmi_ridge_recent_plan(ssmi_ridge_recent *out, const ssmi_ridge *ridge);

/* Rows before the last window that looking back wants. */
size_t ssmi_ridge_recent_reach(const ssmi_ridge_recent *recent);

/* Looks back from an origin of the series; only rows before it are read. Sizes are times `widen`; z (width)
 * is scratch. */
void ssmi_ridge_recent_look(ssmi_ridge_recent_errors *out, const ssmi_ridge_recent *recent,
                            const ssmi_window_series *series, size_t origin, double widen, double *z);

/* Sets `usual` from errors (n, horizon) on unseen windows, NaN where there is none. */
void ssmi_ridge_recent_learn(ssmi_ridge_recent *recent, const double *error, size_t n, size_t horizon);

/* `lately`, above 0; `unit`: of the values looked at, in the panel's units 1. */
double ssmi_ridge_recent_size(const ssmi_ridge_recent *recent, const ssmi_ridge_recent_errors *errors,
                              double unit);

#endif
