/* What the pretrained network is shown of a series: one row of numbers per patch of 16 values.
 *
 *     rows      | left padding | context ................ | masked future ...... |
 *     patches   |  0  |  1  |  2  |  3  |  4  |  5  |  6  |  7  |     length = 16 * tokens
 *     outputs      1     2     3     4     5     6     7    [8]       token i speaks of patch i + 1
 *
 * The window is brought to location 0 and scale 1 and then through asinh; the network's quantiles live there
 * ("a-space") and come back by ssmi_zero_restore. */
#ifndef SSMCAST_NEURAL_ZERO_FEATURES_H
#define SSMCAST_NEURAL_ZERO_FEATURES_H

#include "neural/zero_periods.h"

enum {
    SSMI_ZERO_PATCH = 16,
    SSMI_ZERO_FEATURES = 90,
    SSMI_ZERO_CONTEXT = 2048, /* rows of context in training */
    SSMI_ZERO_HORIZON = 768,  /* rows of masked future in training */
    SSMI_ZERO_TOKENS = (SSMI_ZERO_CONTEXT + SSMI_ZERO_HORIZON) / SSMI_ZERO_PATCH
};

/* Columns of a feature row. */
enum {
    SSMI_ZERO_VALUE = 0,                                         /* (16) */
    SSMI_ZERO_MASK = SSMI_ZERO_VALUE + SSMI_ZERO_PATCH,          /* (16) 1 where seen */
    SSMI_ZERO_LAG_MAIN = SSMI_ZERO_MASK + SSMI_ZERO_PATCH,       /* (16) the next patch a main period ago */
    SSMI_ZERO_LAG_SECOND = SSMI_ZERO_LAG_MAIN + SSMI_ZERO_PATCH, /* (16) ... a second period ago */
    SSMI_ZERO_CYCLE = SSMI_ZERO_LAG_SECOND + SSMI_ZERO_PATCH,    /* (16) ... mean of four main periods */
    SSMI_ZERO_LAST = SSMI_ZERO_CYCLE + SSMI_ZERO_PATCH,          /* last value seen */
    SSMI_ZERO_AGE = SSMI_ZERO_LAST + 1,                          /* (2) patches since then: log1p, /16 */
    SSMI_ZERO_PERIOD = SSMI_ZERO_AGE + 2,                        /* (4) both periods, both strengths */
    SSMI_ZERO_RUNNING = SSMI_ZERO_PERIOD + 4                     /* (3) mean, log spread, log count */
};

typedef struct ssmi_zero_context {
    const double *value; /* (length) NaN missing; at least one observed */
    size_t length;       /* >= 1 */
    size_t horizon;      /* rows wanted, >= 1 */
    size_t period;       /* taken for the main period when above 1 */
} ssmi_zero_context;

typedef struct ssmi_zero_view {
    size_t tokens;         /* patches, context and future */
    size_t from, n_future; /* tokens [from, from + n_future) speak of the future */
    double loc, scale;     /* of the rows seen */
    ssmi_zero_periods periods;
    float *feature; /* (tokens, SSMI_ZERO_FEATURES) */
} ssmi_zero_view;

/* Lives in `arena`, scratch included. SSM_E_DATA: no value observed. */
ssm_status ssmi_zero_look(const ssmi_zero_context *context, ssmi_zero_view *view, ssm_arena *arena);

/* The same rows for the series with its sign turned: feature and out (tokens, SSMI_ZERO_FEATURES). */
void ssmi_zero_flip(float *out, const float *feature, size_t tokens);

/* From a-space to data units. */
double ssmi_zero_restore(const ssmi_zero_view *view, double a);

#endif
