/* Windows for trained forecasters: which ones there are, and what network and skip see of them. */
#ifndef SSMCAST_MODELS_LEARNER_WINDOWS_H
#define SSMCAST_MODELS_LEARNER_WINDOWS_H

#include "models/learner_tokens.h"
#include "models/ridge.h"
#include "neural/network.h"

typedef struct ssmi_learner_windows {
    size_t n;
    size_t *series, *origin; /* (n) */
} ssmi_learner_windows;

enum { SSMI_LEARNER_TRAINING, SSMI_LEARNER_VALIDATION };

/* The usable windows whose targets lie in the rows that the task holds back (validation), and those that do
 * not touch them (training); at most `at_most`, evenly spread. Of `variates` series that are looked at
 * together the first stands for all, and the window of one of them at an origin must be usable. */
ssm_status ssmi_learner_windows_collect(ssmi_learner_windows *out, const ssmi_ridge_task *task,
                                        const ssmi_ridge *ridge, size_t variates, int part, size_t at_most,
                                        ssm_arena *arena);

/* How a standardised window becomes network input and how the network's answer is scaled. */
typedef struct ssmi_learner_skip {
    const ssmi_ridge *ridge;
    const float *base; /* (SSMI_BASE_ROWS, horizon) of the quantile head */
    double gamma;      /* widths are in units of spread^gamma, values being standardised */
    const ssmi_network *net;
    const ssmi_learner_phases *phases; /* read where the network has phases */
    const double *drifts;              /* (columns) learner_drift.h */
    size_t period;                     /* season that fills gaps; 0: none */
} ssmi_learner_skip;

/* A batch of up to `room` windows, carved from flat memory. */
typedef struct ssmi_learner_batch {
    size_t room, n;
    double *z, *linear, *centre; /* (room, width), (room, H), (room): the ridge */
    double *window; /* (L), where series are looked at together: room for one with a gap at its end */
    /* the network's input: (room, L), (room, L), (room), (room, tokens, phases); */
    float *value, *mask, *scale, *phase;
    /* or when it is carried: (room, tokens, features), (room, tokens), (room) */
    float *token, *step;
    size_t *newest;
    float *columns;       /* (room, L + H, columns) where the network has columns */
    float *skip, *target; /* (room, H): centre of the head; truth, NaN missing */
    float *s, *g;         /* (room) */
    size_t size;          /* floats used */
} ssmi_learner_batch;

ssmi_learner_batch ssmi_learner_batch_of(float *base, const ssmi_learner_skip *skip,
                                         size_t room); /* base NULL: only size */

/* What the network is given of rows [0, n). */
ssmi_network_input_f32 ssmi_learner_batch_input(const ssmi_learner_batch *batch);

/* Sets row i from a window of standardised values and its mask (NULL: all observed); `last`: number of the
 * window's last row (learner_phases.h); columns (L + H, columns): what is known of its rows and of those to
 * come, read where the network has columns. A carried network is told nothing of it. */
void ssmi_learner_batch_set(ssmi_learner_batch *batch, size_t i, const double *window,
                            const unsigned char *gap, int64_t last, const double *columns,
                            const ssmi_learner_skip *skip);
/* Computes the skip of rows [0, n). */
void ssmi_learner_batch_close(ssmi_learner_batch *batch, size_t n, const ssmi_learner_skip *skip);
/* Fills a batch from the panel, targets included, NaN for a window that is not usable, with as many rows of
 * each of n windows as there are variates; track (n_series), gone through where the network is carried. */
void ssmi_learner_batch_fill(ssmi_learner_batch *batch, const ssmi_window_series *panel,
                             const ssmi_learner_track *track, const ssmi_learner_windows *from,
                             const size_t *item, size_t n, const ssmi_learner_skip *skip);

#endif
