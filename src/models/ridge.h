/* Closed-form ridge regression from a normalised look-back window to the whole horizon at once.
 *
 *     c = mean (or last value) of the window w,  s = its population standard deviation
 *     z = (w_0 - c, ..., w_{L-1} - c, s)                    regressors, L+1
 *     forecast = c + W' z                                   W (L+1, H), shared by all series
 *     W = (sum z z' + alpha P)^{-1} sum z (y - c)'           sums over all training windows, stride 1
 *     P = diag(p),  p_i ~ ((L - i)/L + 1/10)^fade            mean 1 over the lags; 1 for s
 *
 * A ridge is the posterior mean under weights of one variance (Hoerl & Kennard 1970); what a row says of the
 * future wears off, so that the variance falls with its age. Fade 0 is the plain ridge.
 *
 * What helps the next day is not what helps the next month: the horizon is cut into bands that end at H,
 * H/4, H/16, as long as these are 12 rows, and each band has look-back, alpha and centre of its own, and
 * every window whose targets its steps reach. Where nothing is left to choose there is one band.
 *
 * The map is equivariant to shift and scale, so a fitted map needs no scaling of its own: it applies to raw
 * values as well as to standardised ones. Standardising the panel only weighs its series against each other
 * in the sums and gives alpha its meaning. */
#ifndef SSMCAST_MODELS_RIDGE_H
#define SSMCAST_MODELS_RIDGE_H

#include "models/windows.h"

typedef enum ssmi_ridge_centre {
    SSMI_RIDGE_AUTO = 0, /* in a task: choose */
    SSMI_RIDGE_MEAN = 1,
    SSMI_RIDGE_LAST = 2
} ssmi_ridge_centre;

typedef struct ssmi_ridge_task {
    const ssmi_window_series *panel; /* (n_series) */
    size_t n_series;
    size_t horizon;           /* H >= 1 */
    size_t first;             /* of a band: steps before it are another's; 0 in the whole task */
    size_t n_validation;      /* last rows of each series, kept from the weights unless refit_all is set */
    size_t lookback;          /* 0: choose; how: models/ridge_choice.h */
    size_t period;            /* longest season known, 0 none: candidates for the look-back respect it */
    double alpha;             /* penalty: alpha P is added to the Gram matrix; 0: choose */
    double fade;              /* how fast the penalty grows with the lag, SSMI_RIDGE_FADE unless asked */
    ssmi_ridge_centre centre; /* SSMI_RIDGE_AUTO: choose */
    size_t bands;             /* at most, SSMI_RIDGE_BANDS unless asked; 0: one */
    int refit_all;            /* after choosing, solve again on training and validation windows together */
    size_t n_folds, fold;     /* n_folds > 1, in a refit: leave out every window that touches rows
                                 [length fold / n_folds, length (fold+1) / n_folds) of its series */
} ssmi_ridge_task;

enum { SSMI_RIDGE_BANDS = 3, SSMI_RIDGE_PARTS = 4 /* of a band */, SSMI_RIDGE_FADE = 1 };

/* Settings of one map. */
typedef struct ssmi_ridge_part {
    size_t lookback;
    ssmi_ridge_centre centre; /* MEAN or LAST */
    double alpha;             /* for n_windows windows */
    size_t n_windows;         /* that the weights were solved from */
} ssmi_ridge_part;

/* Steps [end of the band before, end) of the horizon: one map, or the mean of several about as good. */
typedef struct ssmi_ridge_band {
    size_t end, n_parts;
    ssmi_ridge_part part[SSMI_RIDGE_PARTS];
} ssmi_ridge_band;

/* The map of all bands. Each part is linear in its window but for the spread, and repeats a constant, so
 * together they are one map on the longest window, with a spread for each part. */
typedef struct ssmi_ridge {
    size_t lookback, horizon; /* lookback: the longest of the parts */
    ssmi_ridge_centre centre; /* of the map; LAST where it has several parts */
    size_t n_bands;
    ssmi_ridge_band band[SSMI_RIDGE_BANDS];
    double *weight;  /* (lookback + parts, horizon) row-major; the last rows multiply the parts' spreads */
    double freedom;  /* effective parameters per step: trace of the smoother, at most lookback + 1 */
    size_t n_judged; /* windows that the choice was made on, 0: nothing to choose from */
    double mse; /* of the chosen settings on these, by weights that had not seen them (of a mean of several
                   no more than that); NaN without */
    int last;   /* it repeats the last value: nothing is solved */
} ssmi_ridge;

/* Regressors of a window: lookback + parts. */
size_t ssmi_ridge_width(const ssmi_ridge *ridge);

/* The best setting of the last band, which has most of the horizon. */
const ssmi_ridge_part *ssmi_ridge_main(const ssmi_ridge *ridge);

/* The spread of that part's window, of the regressors z (width): what the size of errors is told in. */
double ssmi_ridge_spread_of(const double *z, const ssmi_ridge *ridge);

/* Fits. Look-back, alpha and centre left open are chosen over folds of all rows (models/ridge_choice.h).
 * Weights live in `mem`. SSM_E_DATA when no series holds one usable training window of the shortest
 * look-back. */
ssm_status ssmi_ridge_fit(ssmi_ridge *out, const ssmi_ridge_task *task, ssm_arena *mem, ssm_arena *tmp);

/* Solves again with the settings of an earlier fit, on the windows of `task` (training, or all of them when
 * refit_all is set); alpha grows or shrinks with the number of windows unless the task names one. What is
 * known of validation stays. */
ssm_status ssmi_ridge_refit(ssmi_ridge *ridge, const ssmi_ridge_task *task, ssm_arena *mem, ssm_arena *tmp);

/* Rows [*from, *to) of series i that the task keeps from the weights: its fold, else its validation rows. */
void ssmi_ridge_held(size_t *from, size_t *to, const ssmi_ridge_task *task, size_t i);

/* Regressors of one window: z (width), *centre its c; window (lookback) without gaps. */
void ssmi_ridge_regressors(double *z, double *centre, const double *window, const ssmi_ridge *ridge);

/* y (n, horizon) = z (n, width) times the first `horizon` columns of the weights; add each window's
 * centre to have forecasts. horizon <= ridge->horizon. */
void ssmi_ridge_apply(double *y, const double *z, const ssmi_ridge *ridge, size_t n, size_t horizon);

#endif
