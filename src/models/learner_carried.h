/* The networks of a trained forecaster carried along a stream of rows: learner_tokens.h says what they are
 * told. A row costs the same whatever came before it, and the memory stays as it is. */
#ifndef SSMCAST_MODELS_LEARNER_CARRIED_H
#define SSMCAST_MODELS_LEARNER_CARRIED_H

#include "forecast/archive.h"
#include "models/learner_tokens.h"
#include "neural/network_step.h"

struct ssmi_learner;

typedef struct ssmi_learner_carried {
    ssmi_isa isa; /* of this machine: asked once, for the question costs more than a token */
    size_t rows;  /* so far */
    ssmi_learner_frame frame;
    double *value;           /* (patch) the last rows, as a token has them */
    unsigned char *seen;     /* (patch) */
    ssmi_network_step *step; /* (trained) */
    float *memory;           /* (trained, 2, ssmi_network_step_memory) */
    float *scratch;          /* a token, and a step through a network */
    double *columns;         /* (lookback + 1, columns): of the last rows, and what is taken off them */
} ssmi_learner_carried;

/* Starts before the first row of learner->history. All memory that rows need is kept in `mem`. */
ssm_status ssmi_learner_carried_open(ssmi_learner_carried *carried, const struct ssmi_learner *learner,
                                     ssm_arena *mem);

/* Takes in the rows of a whole history (n), the first of which has the number `first`. */
void ssmi_learner_carried_start(ssmi_learner_carried *carried, const struct ssmi_learner *learner,
                                const double *value, size_t n, int64_t first);

/* Takes in the next row, which has the number `number`; NaN: missing. */
void ssmi_learner_carried_push(ssmi_learner_carried *carried, const struct ssmi_learner *learner, double y,
                               int64_t number);

/* out (SSMI_HEAD_OUTPUTS, horizon): what network number `member` says after the last row, whose number is
 * `number`; columns as the network takes them (neural/network_decl.h). */
ssm_status ssmi_learner_carried_ask(float *out, const ssmi_learner_carried *carried,
                                    const struct ssmi_learner *learner, size_t member, int64_t number,
                                    const float *columns, ssm_arena *tmp);

/* For saving, and for loading into what was opened alike. */
ssm_status ssmi_learner_carried_archive(ssmi_learner_carried *carried, const struct ssmi_learner *learner,
                                        ssm_archive *archive);

#endif
