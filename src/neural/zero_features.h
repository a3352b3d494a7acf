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

/* What is found in a context as a whole and holds for all of its tokens. */
typedef struct ssmi_zero_frame {
    double loc, scale; /* mean and deviation of the rows seen */
    ssmi_zero_periods periods;
    double origin, unit;    /* a row is origin + 2 * difference / unit; unit is a power of two */
    double mean, deviation; /* of the differences */
    double reach;           /* largest distance of a difference from the mean */
    int flat, single;       /* no spread; single precision as in training serves */
} ssmi_zero_frame;

/* SSM_E_DATA: no value observed. Scratch comes from tmp: of ssmi_zero_frame_scratch bytes for a context of
 * `length` rows and `horizon` rows wanted. */
ssm_status ssmi_zero_frame_of(ssmi_zero_frame *frame, const ssmi_zero_context *context, ssm_arena *tmp);
size_t ssmi_zero_frame_scratch(size_t length, size_t horizon);

/* Whether y lies more than twice as far from the mean as any row that the frame was made of. */
int ssmi_zero_frame_leaves(const ssmi_zero_frame *frame, double y);

/* What was seen up to a row. */
typedef struct ssmi_zero_so_far {
    double sum, square; /* of values in a-space */
    size_t count, last; /* rows seen; the last of them, SIZE_MAX: none yet */
} ssmi_zero_so_far;

/* Rows of a window in a-space, told one by one. */
typedef struct ssmi_zero_rows {
    size_t length, room;
    size_t first;             /* row seen; SIZE_MAX: none yet */
    unsigned char *seen;      /* (room) */
    float *a, *carried;       /* (room) 0 where not seen; the last seen one carried forward */
    ssmi_zero_so_far *so_far; /* (room) */
} ssmi_zero_rows;

ssm_status ssmi_zero_rows_open(ssmi_zero_rows *rows, size_t room, ssm_arena *arena);
void ssmi_zero_rows_clear(ssmi_zero_rows *rows, size_t padding); /* left with `padding` rows, not seen */
void ssmi_zero_rows_push(ssmi_zero_rows *rows, const ssmi_zero_frame *frame, double y); /* NaN: missing */

/* The feature row f (SSMI_ZERO_FEATURES) of the token of rows [end - 16, end), of which those before `from`
 * (and before the window, and from rows->length on) count as not seen. It speaks of the rows [end, end + 16),
 * end >= 1. */
void ssmi_zero_describe(float *f, const ssmi_zero_rows *rows, const ssmi_zero_frame *frame, ptrdiff_t from,
                        size_t end);

typedef struct ssmi_zero_view {
    size_t tokens;         /* patches, context and future */
    size_t from, n_future; /* tokens [from, from + n_future) speak of the future */
    ssmi_zero_frame frame;
    float *feature; /* (tokens, SSMI_ZERO_FEATURES) */
} ssmi_zero_view;

/* Lives in `arena`, scratch included. SSM_E_DATA: no value observed. */
ssm_status ssmi_zero_look(const ssmi_zero_context *context, ssmi_zero_view *view, ssm_arena *arena);

/* Rows in front of a context of `length`, so that it ends with a patch. */
size_t ssmi_zero_padding(size_t length);

/* The same rows for the series with its sign turned: feature and out (tokens, SSMI_ZERO_FEATURES). */
void ssmi_zero_flip(float *out, const float *feature, size_t tokens);

/* From a-space to data units; a is not taken for more than +-SSMI_ZERO_REACH. */
enum { SSMI_ZERO_REACH = 12 };
double ssmi_zero_restore(const ssmi_zero_frame *frame, double a);

#endif
