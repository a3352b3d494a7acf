/* What a forecaster is: data plus a few functions. The front door (ssmcast/forecast.h) drives them, the
 * library allocates, the model never does. A new model is one file in src/models/ that fills this struct,
 * and one line in the registry. */
#ifndef SSMCAST_FORECASTER_H
#define SSMCAST_FORECASTER_H

#include <ssmcast/series.h>
#include <ssmcast/statespace.h>

SSM_BEGIN_DECLS

/* A probabilistic forecast. The caller owns the arrays; the model fills them. */
typedef struct ssm_forecast {
    size_t horizon;      /* rows to forecast, >= 1 */
    size_t n_levels;     /* may be 0 */
    const double *level; /* (n_levels) quantile probabilities, ascending, inside (0, 1) */
    double *mean;        /* (horizon) */
    double *quantile;    /* (horizon, n_levels), row-major, non-decreasing along a row */
} ssm_forecast;

/* What a series is made of, given all its rows: components, and residuals that show outliers and breaks. The
 * caller owns the arrays, each of which may be NULL: not wanted. Rows from the length of the history on are
 * forecasts. */
typedef struct ssm_decomposition {
    size_t horizon;         /* rows wanted after the history, may be 0 */
    double *signal;         /* (length + horizon) the series without its irregular part, in data units */
    double *signal_sd;      /* (length + horizon) its standard deviation */
    double *observation_sd; /* (length + horizon) of a value observed there: with the irregular part */
    double *component;      /* (length + horizon, n_components) row-major; names: ssm_forecaster_component */
    double *component_sd;   /* (length + horizon, n_components) */
    double *innovation;     /* (length) one-step errors, standardised; NaN where missing or not yet known */
    double *outlier;        /* (length) smoothed irregular, standardised: beyond 3 or so a single odd value */
    double *shift;          /* (length) smoothed shock to the level before this row, standardised: a break */
    int multiplicative;     /* set: the signal is the product of the components, otherwise their sum */
    int states;             /* set: the components are states, of which the signal is a combination */
} ssm_decomposition;

/* The linear system behind a fit: that of the data, or of their logarithm. */
typedef struct ssm_fitted_system {
    ssm_statespace model; /* time-invariant, in the units of the data, or of the logarithm */
    int logarithm;        /* the observations of the system are the logarithms of the data */
} ssm_fitted_system;

/* One check of a training. Losses are per window, as parts of the loss on the validation windows before
 * training: 1 is no better than untrained. */
typedef struct ssm_training_point {
    double step;       /* training steps done */
    double rate;       /* the learning rate of the last of them */
    double train;      /* mean of the training windows since the check before, NaN without a good step */
    double validation; /* of the validation windows */
} ssm_training_point;

enum { SSM_TRAINING_POINTS = 64 }; /* checks that are kept of a training at most */

/* What a model can do. */
enum {
    SSM_CAP_MISSING = 1 << 0,   /* NaN in fit and history is handled; else it is refused */
    SSM_CAP_GLOBAL = 1 << 1,    /* fits a panel of many series with one set of parameters; else exactly one */
    SSM_CAP_DIRECT = 1 << 2,    /* trained for the horizon given at fit; a longer one is refused at predict */
    SSM_CAP_ONLINE = 1 << 3,    /* has update(): one new row in O(1) */
    SSM_CAP_COMPOSITE = 1 << 4, /* made of other registered forecasters */
    SSM_CAP_MULTIVARIATE = 1 << 5, /* several series of one length are one vector series: forecast jointly */
    SSM_CAP_EXOGENOUS = 1 << 6,    /* uses exogenous rows; others do not look at them */
    SSM_CAP_IRREGULAR = 1 << 7,    /* takes series with times of their own; else they are refused */
    SSM_CAP_DECOMPOSE = 1 << 8,    /* has decompose(): components and residuals of the history */
    SSM_CAP_SYSTEM = 1 << 9,       /* forecasts by the model of its caller, named by the option "file" */
    SSM_CAP_FROZEN = 1 << 10, /* ONLINE, but what condition finds in the history as a whole (a scale, say)
                                holds for up to `refresh` rows, an option; refresh=1: each update gives
                                what a condition on all rows gives */
    SSM_CAP_STUDY = 1 << 11   /* for studies and special cases: compared only when it is named */
};

/* Options: one table is the only place that describes them; parsing, --help, the man page and the JSON
 * record are generated from it. `offset` points into the model's options struct. */
typedef enum ssm_option_kind {
    SSM_OPTION_SIZE,   /* size_t */
    SSM_OPTION_REAL,   /* double */
    SSM_OPTION_FLAG,   /* int, 0 or 1; text: true/false, 1/0, yes/no, on/off */
    SSM_OPTION_CHOICE, /* int, index into `choices` */
    SSM_OPTION_TEXT    /* char[SSM_OPTION_TEXT_SIZE] */
} ssm_option_kind;

enum { SSM_OPTION_TEXT_SIZE = 1024 };

typedef struct ssm_option {
    const char *name; /* as in --set name=value; NULL ends the table */
    const char *help; /* one line, lower case, no full stop */
    ssm_option_kind kind;
    size_t offset;
    const char *initial;        /* default, written as a user would */
    double minimum, maximum;    /* for SIZE and REAL, inclusive */
    const char *const *choices; /* for CHOICE, NULL-terminated */
} ssm_option;

/* A model file being written or read; see src/forecast/archive.h. */
typedef struct ssm_archive ssm_archive;

/* What fit is given besides the options. */
typedef struct ssm_fit_task {
    const ssm_series *panel; /* (n_series); borrowed during the call only */
    size_t n_series;         /* 1 unless SSM_CAP_GLOBAL or SSM_CAP_MULTIVARIATE */
    size_t horizon;          /* the longest horizon that will be asked for */
    size_t n_validation; /* last rows of each series meant for choosing hyper-parameters; 0: model decides */
} ssm_fit_task;

typedef struct ssm_forecaster_type {
    const char *name, *summary, *reference; /* "kalman"; one line; citation */
    unsigned caps;
    size_t self_size, options_size; /* the library allocates both, zeroed */
    const ssm_option *options;      /* ends with a NULL name; NULL: none */

    /* Checks the options and keeps what it needs. `mem` lives as long as the handle. NULL: nothing to keep.
     */
    ssm_status (*init)(void *self, const void *options, ssm_arena *mem);
    /* Estimates parameters. `tmp` is scratch of this call. Messages go to tmp->ctx, which also has seed,
     * threads and progress. May be called again: then the earlier fit is gone. */
    ssm_status (*fit)(void *self, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp);
    /* Same parameters, new history, which is borrowed until the next condition. Never refits. `mem` is an
     * arena that is emptied before each condition: what predict needs of the history lives there. With
     * SSM_CAP_MULTIVARIATE `history` is an array of as many series as the fit had, of equal length; `y` and
     * `out` below are arrays alike. */
    ssm_status (*condition)(void *self, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp);
    /* SSM_CAP_ONLINE: appends one row (NaN missing) to the history, O(1), no allocation. Else NULL. */
    ssm_status (*update)(void *self, const double *y);
    /* SSM_CAP_ONLINE with SSM_CAP_IRREGULAR: the same for a row at a time after that of the last row;
     * update() is then the row that the first forecast is for. Else NULL. */
    ssm_status (*update_at)(void *self, int64_t time, const double *y);
    /* Forecasts the rows after the history. Repeatable; must not change self. */
    ssm_status (*predict)(const void *self, ssm_forecast *out, ssm_arena *tmp);
    /* With update_at(): forecasts the one row at a time after that of the last. NULL: as predict does. */
    ssm_status (*predict_at)(const void *self, int64_t time, ssm_forecast *out, ssm_arena *tmp);
    /* SSM_CAP_DECOMPOSE: of the history that was conditioned on. Else NULL. */
    ssm_status (*decompose)(const void *self, ssm_decomposition *out, ssm_arena *tmp);
    /* Name of component i of the fit, such as "level"; NULL past the last. Wanted with decompose. */
    const char *(*component)(const void *self, size_t i);
    /* The linear system behind the fit, in `mem`; SSM_E_UNSUPPORTED when this fit has none. NULL: never. */
    ssm_status (*statespace)(const void *self, ssm_fitted_system *out, ssm_arena *mem);
    /* Names everything that fit produced, for saving and for loading alike (one function, so that the two
     * cannot drift apart). */
    ssm_status (*params)(void *self, ssm_archive *archive);
    /* SSM_CAP_ONLINE: names everything that condition and update made, in the same way. When loading, params
     * came before, condition did not: what condition allocates is allocated here. */
    ssm_status (*state)(void *self, ssm_archive *archive);
    /* The first `room` checks of the training behind this fit, in their order; returns how many. NULL:
     * nothing is trained. */
    size_t (*training)(const void *self, ssm_training_point *out, size_t room);
    /* One line on what was fitted or decided and why, lower case; "" if there is nothing to say. NULL: none.
     */
    ssm_status (*note)(const void *self, char *text, size_t size);
} ssm_forecaster_type;

SSM_END_DECLS

#endif
