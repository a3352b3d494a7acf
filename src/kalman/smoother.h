/* Fixed-interval smoothing, row by row from the last to the first: what all smoothers of a whole series run
 * on. A visitor is shown each row and keeps of it what it needs.
 *
 *     ssmi_smoother s;
 *     SSMI_TRY(ssmi_smoother_init(&s, model, length, SSMI_SMOOTH_VARIANCES, arena));
 *     SSMI_TRY(ssmi_smoother_run(&s, y, length, options, visit, user)); */
#ifndef SSMCAST_KALMAN_SMOOTHER_H
#define SSMCAST_KALMAN_SMOOTHER_H

#include "kalman/backward.h"
#include "kalman/filter.h"
#include "kalman/scaled_errors.h"

enum {
    SSMI_SMOOTH_VARIANCES = 1, /* of the errors and shocks that are shown; else means alone */
    SSMI_SMOOTH_STATES = 2,    /* variances of the states; implies the first */
    SSMI_SMOOTH_SHOCKS = 4,    /* the shocks, with variances when there are any */
    SSMI_SMOOTH_ERRORS = 8,    /* errors of the observations, likewise */
    SSMI_SMOOTH_LAG = 16       /* covariances of neighbouring states; implies variances of states */
};

/* One smoothed row. What was not asked for is NULL. `explained` is the variance of the mean
 * itself over repeated data, unconditional minus conditional: what an auxiliary residual is divided by. */
typedef struct ssmi_smoothed {
    const double *alpha, *V;                                 /* (n), (n, n) */
    const double *epsilon, *epsilon_var, *epsilon_explained; /* (p), (p, p), (p) */
    const double *eta, *eta_var, *eta_explained;             /* (r), (r, r), (r) */
    const double *V_lag; /* (n, n) Cov(alpha_{t+1}, alpha_t); NULL unless asked for */
} ssmi_smoothed;

typedef void (*ssmi_smooth_visitor)(void *user, size_t t, const ssmi_smoothed *row);

typedef struct ssmi_smoother {
    ssmi_kalman_filter filter;
    ssmi_kalman_record record;
    ssmi_kalman_backward back;
    ssmi_scaled_errors scaled; /* of a correlated H */
    unsigned want;
    size_t capacity;
    const double *y; /* of the run */
    int settled;     /* N is a fixed point: variances stay as they are */
    int indefinite;  /* of the last run: variances of diffuse rows have lost their digits */
    /* of this row; m = max(n, p) */
    double *alpha, *V, *epsilon, *error, *explained, *eta, *eta_var, *eta_explained, *V_lag;
    double *Pinf, *W, *work, *before; /* (n, n), (n, n), (m, m), (n, n) */
} ssmi_smoother;

/* For series of up to `capacity` rows. The model stays borrowed. */
ssm_status ssmi_smoother_init(ssmi_smoother *s, const ssm_statespace *model, size_t capacity, unsigned want,
                              ssm_arena *arena);
/* Filters y (p, length), goes back, shows every row. No allocation. The model's numbers may have changed if
 * ssmi_kalman_filter_refresh was called on s->filter. SSM_E_DATA when a diffuse direction is left open. */
ssm_status ssmi_smoother_run(ssmi_smoother *s, const double *y, size_t length,
                             const ssm_kalman_options *options, ssm_kalman_summary *summary,
                             ssmi_smooth_visitor visit, void *user);

/* The pass back alone, over what the record holds; `y` (p, length) is what was filtered. */
void ssmi_smoother_back(ssmi_smoother *s, const double *y, size_t length, ssmi_smooth_visitor visit,
                        void *user);

/* Another smoother of the same model, for means alone, that takes gains and variances from `main`, which has
 * run over `length` rows, and only reads it: several can work at once. */
ssm_status ssmi_smoother_share(ssmi_smoother *s, const ssmi_smoother *main, const ssm_statespace *model,
                               size_t length, ssm_arena *arena);
/* Smooths other observations that are missing in the same places, with the gains of the run before. */
void ssmi_smoother_again(ssmi_smoother *s, const double *y, size_t length, ssmi_smooth_visitor visit,
                         void *user);

/* The record that a backward pass over up to `capacity` rows needs. */
ssm_status ssmi_smoother_record(ssmi_kalman_record *record, const ssm_statespace *model, size_t capacity,
                                ssm_arena *arena);

/* V_lag (n, n) = Cov(alpha_{t+1}, alpha_t) given all rows, while s->back holds what rows after t say. */
void ssmi_smoother_lag(ssmi_smoother *s, size_t t);

#endif
