/* What trained forecasters share: all but what their network is made of.
 *
 *     w -> (w - c)/s                               c, s: centre and spread of the look-back window
 *     mean     = skip(w) + s net_0(w)              skip: models/learner_skip.h; net: neural/network.h
 *     median   = skip(w) + g (m_h + ...) + s net_1(w)
 *     deciles  = median +- g cumulated softplus widths        neural/quantile_head.h
 *
 * The network's last layer starts at zero, so training starts from the skip and its calibrated intervals
 * (forecast/conformal.h) and keeps only what the validation windows confirm: neither their squared error nor
 * their pinball loss may be worse, or the network is dropped and the note says so. Between the deciles a
 * level takes its place among the skip's own offsets; beyond them the skip's tail goes on, stretched as the
 * network stretched the outermost decile. So a silent network gives the skip's intervals exactly.
 *
 * Columns known beside the series act twice: what they drive by a fixed response is taken off
 * the series first, where that helps (models/regression.h), and the network is given them over the look-back
 * and for the steps to come, some without their level (models/learner_drift.h).
 *
 * With `state=carried` the network is not shown the window anew at each forecast: its state goes on from row
 * to row (models/learner_carried.h), what came out at its last tokens is read, and what it says is added to
 * the skip of the window all the same.
 *
 * With `seeds` several networks are trained, from other initial weights, with other orders of windows, and
 * each is judged on another stretch of rows, that it has not seen and neither has the skip it starts from:
 * the validation rows for the first, then stretches as long spread over all rows. One stretch is one season
 * of one year; a network that gains there alone is no gain. Those that gain nothing on their stretch are
 * dropped, and all where no more than half gain; means and deciles of the others are averaged, and of what
 * they add, net_0, net_1, ..., only the share that models/learner_trust.h believes takes part, times the part
 * of all networks that were kept.
 *
 * Series that are forecast together (models/mamba_joint.c) share skip and network like those of a panel;
 * their windows at one origin go through it side by side and speak to each other there.
 *
 * The forecast may be averaged with that of the pretrained network (models/learner_pretrained.h).
 *
 * A forecaster is a file with an option table and an architecture; everything else is named here. */
#ifndef SSMCAST_MODELS_LEARNER_H
#define SSMCAST_MODELS_LEARNER_H

#include "forecast/archive.h"
#include "models/learner_carried.h"
#include "models/learner_poles.h"
#include "models/learner_skip.h"
#include "models/learner_training.h"
#include "models/regression.h"

/* Every option of every trained forecaster; a forecaster's table names those that it has, the others keep the
 * values that its init gives them. */
typedef struct ssmi_learner_options {
    size_t lookback;
    double alpha;
    int normalise; /* the values of ssmi_ridge_centre */
    int refit_all;
    int skip;                            /* 0 the ridge, 1 the last value */
    size_t patch, stride, width, blocks; /* of the tokens and the backbone */
    size_t hidden, states, heads;
    int variant, first; /* what they choose from is the forecaster's */
    int poles;          /* where those of S4D blocks start: ssmi_s4d_start, then SSMI_LEARNER_FITTED */
    int bidirectional, phases, tied;
    int state; /* 1: carried from row to row */
    size_t batch, accumulate, windows, epochs, patience, seeds;
    double rate, dropout, decay;
    double pretrained;  /* share of the pretrained network: models/learner_pretrained.h */
    int loss, schedule; /* ssmi_learner_loss; 1: SSMI_WSD */
    char checkpoint[SSM_OPTION_TEXT_SIZE];
    int across; /* what lets series speak to each other: mamba_joint.c */
    size_t across_blocks;
} ssmi_learner_options;

/* The last rows of a series, raw, NaN missing. */
typedef struct ssmi_learner_rows {
    double *ring;         /* (room) */
    size_t at, n;         /* where the next row goes; rows held */
    double last_observed; /* of the whole history */
    ssm_series history;   /* as conditioned on; only its columns are read */
} ssmi_learner_rows;

/* Fills in kind and backbone of a network; the rest is set. */
typedef void ssmi_learner_architecture(ssmi_network_size *size, const ssmi_learner_options *options);

typedef struct ssmi_learner {
    ssmi_learner_options options;
    ssmi_learner_architecture *architecture;
    int joint;        /* 1: series are forecast together */
    size_t variates;  /* how many; 1: each alone */
    ssmi_ridge ridge; /* of what the columns known beside the series leave */
    ssmi_regression regression;
    double *drifts;            /* (regression.n) */
    ssmi_conformal interval;   /* in units of spread^gamma, values being standardised */
    double gamma, mean, scale; /* scale 0: each history is standardised by itself */
    size_t period;             /* season that fills gaps; 0: none */
    size_t n_poles;            /* that a structural model gave, for the note */
    size_t trained;            /* networks that take part, each with weights of its own */
    double trust;              /* share of what they add to the skip: models/learner_trust.h */
    size_t patch, stride;      /* of the network, when trained */
    ssmi_learner_phases phases;
    ssmi_parameters *table;
    ssmi_network net;
    float *params, *base;        /* params (trained, table->size) */
    ssmi_training_result result; /* of the first that was kept, or of the first; for the note */
    /* the history */
    ssmi_learner_rows *series;    /* (variates) */
    size_t room;                  /* of each ring */
    int64_t next;                 /* number of the row after the history (learner_phases.h) */
    size_t rows;                  /* of the history, with those added since */
    ssmi_learner_carried carried; /* where networks are */
    ssm_forecaster *pretrained;   /* NULL: not asked for */
} ssmi_learner;

enum { SSMI_LEARNER_FITTED = 3 }; /* the first block's by a structural model: models/learner_poles.h */

enum {
    SSMI_LEARNER_LOOKBACK = 4096,
    SSMI_LEARNER_WIDTH = 256,
    SSMI_LEARNER_PERIOD = 1000000,
    SSMI_LEARNER_SEEDS = 16,
    SSMI_LEARNER_VARIATES = 1024
};

/* For a forecaster's type; it forecasts series together if the architecture has blocks across them.
 * SSM_E_ARGUMENT: a state cannot be carried through such a network. */
ssm_status ssmi_learner_init(ssmi_learner *self, const ssmi_learner_options *options,
                             ssmi_learner_architecture *architecture, ssm_arena *mem);
/* The same for a network without tokens: what it has not gets the least valid value. */
ssm_status ssmi_learner_init_linear(ssmi_learner *self, const ssmi_learner_options *options,
                                    ssmi_learner_architecture *architecture, ssm_arena *mem);
ssm_status ssmi_learner_fit(void *self, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp);
ssm_status ssmi_learner_condition(void *self, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp);
ssm_status ssmi_learner_update(void *self, const double *y);
ssm_status ssmi_learner_predict(const void *self, ssm_forecast *out, ssm_arena *tmp);
ssm_status ssmi_learner_params(void *self, ssm_archive *archive);
ssm_status ssmi_learner_state(void *self, ssm_archive *archive);
size_t ssmi_learner_curve(const void *self, ssm_training_point *out, size_t room);
ssm_status ssmi_learner_note(const void *self, char *text, size_t size);

/* Between the files of the family. */
ssmi_s4d_start ssmi_learner_start(
    const ssmi_learner_options *options);      /* for S4D blocks of an architecture */
void ssmi_learner_lay_out(ssmi_learner *self); /* table and net, from options, patch, stride and phases */
ssmi_learner_skip ssmi_learner_skip_of(const ssmi_learner *self);
int ssmi_learner_carries(const ssmi_learner *self); /* 1: it has networks that are carried */
/* The window of series v before the origin: value (lookback) standardised, without what the columns drive,
 * and filled; gap (lookback) 1 where filled; raw = *shift + *unit * (value + what they drive). A history
 * shorter than the look-back is continued to the left by its first value, as a gap. */
ssm_status ssmi_learner_window(double *value, unsigned char *gap, double *shift, double *unit,
                               const ssmi_learner *self, size_t v, ssm_arena *tmp);
/* *value (*length): the last rows of its history without what the columns drive, NaN missing; *unit: raw
 * units to one of what they drive. */
ssm_status ssmi_learner_rest(double **value, size_t *length, double *unit, const ssmi_learner *self, size_t v,
                             ssm_arena *tmp);
/* out (more + lookback + horizon, columns): its standardised columns around the origin. */
void ssmi_learner_columns(double *out, const ssmi_learner *self, size_t v, size_t more);

#endif
