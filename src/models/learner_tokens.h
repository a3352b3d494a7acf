/* What a carried network (neural/network.h) is told of a series, token by token, the same in training and in
 * a stream:
 *
 *     rows       0 ....... | stride ...... | 2 stride ... | ... n-1
 *     tokens     0 ends -->|  1 ends ----->|              the newest ends with the newest row
 *
 * A token has the values of the last `patch` rows before its end, with the stream's own centre and spread at
 * its last row: of the last rows mostly, since a row counts less the more came after it. So nothing is
 * found anew for each forecast, a series that drifts or grows takes its frame along, and a series that was
 * never seen has one from its first rows on. A missing row repeats the value before it and is marked.
 *
 * Whole tokens move the states of the network by a step. The newest, of `since` rows, moves a copy of the
 * state by since/stride of one, for the forecast at hand alone.
 *
 * There are two states, each of which starts again after T tokens, half of that apart; the older answers. It
 * has therefore seen more than T/2 and at most T tokens, as the sequences that the network is trained on,
 * however long the stream is. */
#ifndef SSMCAST_MODELS_LEARNER_TOKENS_H
#define SSMCAST_MODELS_LEARNER_TOKENS_H

#include "models/learner_phases.h"
#include "models/windows.h"
#include "neural/network.h"

/* Where a stream of n rows stands. */
typedef struct ssmi_learner_place {
    size_t told;    /* whole tokens before the newest */
    size_t since;   /* rows of the newest that are not theirs, 1 ... stride */
    size_t context; /* tokens that the older state has seen once it has seen the newest */
} ssmi_learner_place;

ssmi_learner_place ssmi_learner_place_of(size_t rows, const ssmi_network *net); /* rows >= 1 */

/* Weighted mean and mean squared deviation. */
typedef struct ssmi_learner_moments {
    double n, mean, square;
} ssmi_learner_moments;

typedef struct ssmi_learner_frame {
    ssmi_learner_moments recent, whole; /* of the last rows, and of all */
    double held;                        /* the last observed value; NaN: none yet */
} ssmi_learner_frame;

ssmi_learner_frame ssmi_learner_frame_new(void);
/* NaN: missing. Of the recent moments a row has lost all but 1/e of its weight after `memory` others. */
void ssmi_learner_frame_add(ssmi_learner_frame *frame, double value, size_t memory);

/* Frame of a token. */
typedef struct ssmi_learner_unit {
    double centre, spread, scale; /* scale: logarithm of the spread against that of all rows so far */
} ssmi_learner_unit;

ssmi_learner_unit ssmi_learner_unit_of(const ssmi_learner_frame *frame);

typedef struct ssmi_learner_token {
    const double *value;       /* (patch) its rows; NaN: nothing was observed so far */
    const unsigned char *seen; /* (patch) */
    ssmi_learner_unit unit;
    int64_t number;        /* of its last row (learner_phases.h) */
    size_t since;          /* rows by which it is newer than the one before */
    const double *columns; /* (end, columns): what is known of all rows up to its last */
    const double *level;   /* (columns) what is taken off them: learner_drift.h */
    size_t end;
} ssmi_learner_token;

/* feature (net->features), and the factor of its step. */
void ssmi_learner_token_fill(float *feature, float *step, const ssmi_learner_token *token,
                             const ssmi_network *net, const ssmi_learner_phases *phases);

/* A series of a panel, as trained forecasters see it beside its windows. */
typedef struct ssmi_learner_track {
    int64_t first; /* number of its first row */
    /* for a carried network: */
    double *value;           /* (patch + length) observed or repeated; what was before the first row is NaN */
    unsigned char *seen;     /* (patch + length) */
    ssmi_learner_unit *unit; /* (length) after each row */
    double *level;           /* (length, columns) taken off the columns of a token that ends with each row */
} ssmi_learner_track;

/* Goes through a prepared series; track->first is left as it is; drifts (columns): learner_drift.h. */
ssm_status ssmi_learner_track_run(ssmi_learner_track *track, const ssmi_window_series *series,
                                  const double *drifts, const ssmi_network *net, ssm_arena *arena);

/* The tokens of a stream that began with the series and stands before row `origin`: token (net->tokens,
 * net->features), of which the last ones may be empty, step (net->tokens). Returns the index of the newest.
 */
size_t ssmi_learner_track_tell(float *token, float *step, const ssmi_learner_track *track,
                               const ssmi_window_series *series, size_t origin, const ssmi_network *net,
                               const ssmi_learner_phases *phases);

#endif
