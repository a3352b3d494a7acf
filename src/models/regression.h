/* Columns known beside a series, for models that learn from windows: their values in even units, and the part
 * of the series that they drive, at once and by their means over the last rows,
 *
 *     y_t = sum over spans w and columns k of b_wk (x_k,t + ... + x_k,t-w+1) / w + r_t,    w = 1, 4, 16, 64,
 *
 * which is taken off before a window is looked at and added to the forecast. Means over spans that grow stand
 * for a response that fades, as in Corsi (2009), "A simple approximate long-memory model of realized
 * volatility", Journal of Financial Econometrics 7(2), equation 8. x and y are standardised on the training
 * rows, x over all series of a panel. */
#ifndef SSMCAST_MODELS_REGRESSION_H
#define SSMCAST_MODELS_REGRESSION_H

#include "models/ridge.h"

enum { SSMI_REGRESSION_COLUMNS = 64, SSMI_REGRESSION_SPANS = 4, SSMI_REGRESSION_BACK = 63 };

typedef struct ssmi_regression {
    size_t n;             /* columns, 0: none */
    double *mean, *scale; /* (n) of the training rows; scale 1 for a column that is constant there */
    double *effect;       /* (SSMI_REGRESSION_SPANS, n) b; zero where taking it off does not help the ridge */
} ssmi_regression;

/* Reads the units of the columns off all rows but the last n_validation of each series; b is zero. The arrays
 * live in `mem`. SSM_E_UNSUPPORTED: too many columns; SSM_E_ARGUMENT: not the same number in all series. */
ssm_status ssmi_regression_open(ssmi_regression *out, const ssm_series *series, size_t n_series,
                                size_t n_validation, ssm_arena *mem);

/* out (rows, n): the standardised columns of rows [from, from + rows), which may begin below 0; before the
 * first row they are as in it, after the last known one as in that. */
void ssmi_regression_rows(double *out, const ssmi_regression *r, const ssm_series *series, int64_t from,
                          size_t rows);

/* What the columns say of one row, x; SSMI_REGRESSION_BACK rows lie before it. */
double ssmi_regression_effect(const ssmi_regression *r, const double *x);

/* Gives the windows of a prepared series its columns (windows.h), SSMI_REGRESSION_BACK rows before the first
 * too. */
ssm_status ssmi_regression_attach(ssmi_window_series *windows, const ssmi_regression *r,
                                  const ssm_series *series, ssm_arena *arena);

/* Takes that times `unit` off the observed rows of a series that has its columns, and fills its gaps anew;
 * unit: of b, in units of the windows' values. The new values live in `arena`. */
ssm_status ssmi_regression_take_off(ssmi_window_series *windows, const ssmi_regression *r, double unit,
                                    size_t period, ssm_arena *arena);

/* Finds b for a panel whose series have columns, and leaves in it what they do not say; nothing without
 * columns. `task` is that of the ridge, on this panel. Errors of ssmi_ridge_fit. */
ssm_status ssmi_regression_leave_rest(ssmi_window_series *panel, ssmi_regression *r,
                                      const ssmi_ridge_task *task, size_t period, ssm_arena *tmp);

/* Finds b for the ridge of the task, whose panel has its columns, in the units of that panel; `period` as for
 * the filling of gaps. Errors of ssmi_ridge_fit. */
ssm_status ssmi_regression_fit(ssmi_regression *r, const ssmi_ridge_task *task, size_t period,
                               ssm_arena *tmp);

#endif
