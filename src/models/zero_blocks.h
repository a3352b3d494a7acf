/* Blocks of time at the end of every series, for asking of each in turn whether something learned from the
 * rows before it would have helped (rolling origins).
 *
 *     row 0                                             the end
 *     |  a third or more ......... |  n-1  | ... |  1  |  0  |     block k: `width` rows, k * width before
 * the end
 *
 * The rows that validation keeps from training are whole blocks, the last `held` of them. */
#ifndef SSMCAST_MODELS_ZERO_BLOCKS_H
#define SSMCAST_MODELS_ZERO_BLOCKS_H

#include <ssmcast/forecaster.h>

enum { SSMI_ZERO_BLOCKS = 6 };

typedef struct ssmi_zero_blocks {
    size_t n, held; /* blocks, and how many of them are the validation rows; n 0: too few rows */
    size_t width;   /* rows of each, at least a horizon */
} ssmi_zero_blocks;

/* Of the shortest series; validation rows as the task names them, or a fifth. */
ssmi_zero_blocks ssmi_zero_blocks_of(const ssm_fit_task *task);

#endif
