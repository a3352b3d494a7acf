/* How far a change to the pretrained network may be taken: the strength that lost nowhere, or none.
 *
 * A change comes in several strengths; 0 is the pretrained network. Windows overlap and columns move
 * together, so windows are not independent: all windows of all columns in the same block of time are one
 * observation. Of strength s in block k
 *
 *     g_k(s) = 1/2 sum over both losses of log(mean at 0 / mean at s)
 *
 * Logarithms, since losses of wild blocks are many times those of calm ones. A strength is trusted where
 * there are SSMI_TRUST_BLOCKS or more, no g_k is 0 or less, and the mean of g_k is more than
 * SSMI_TRUST_ERRORS standard errors above 0; among these the one with the highest mean is chosen. A gain of
 * the mean alone is not enough: a drift that turns gains in one block what it loses in the next, and the next
 * is what counts. Known value: g of .01, .02 and .03 have mean .02 and standard error .00577. */
#ifndef SSMCAST_MODELS_ZERO_TUNING_TRUST_H
#define SSMCAST_MODELS_ZERO_TUNING_TRUST_H

#include "forecast/archive.h"
#include "neural/trainer.h"

enum { SSMI_TRUST_BLOCKS = 3, SSMI_TRUST_ERRORS = 2 };

/* What is known of the strength chosen; where there is none, of the one whose worst block is best. */
typedef struct ssmi_trust {
    size_t blocks;             /* that have a window with an error */
    size_t chosen;             /* 1, ..., strengths; 0: none is trusted */
    double gain, error, least; /* mean of g_k, its standard error (0 with one block), the lowest g_k */
} ssmi_trust;

/* loss (n, 1 + strengths, SSMI_LOSS_PARTS) of each window, strength 0 first, the others in any order; block
 * (n): of each window, below `most`. SSM_E_MEMORY only. */
ssm_status ssmi_trust_choose(ssmi_trust *out, const double *loss, const size_t *block, size_t n,
                             size_t strengths, size_t most, ssm_arena *tmp);

/* "losses of 5 blocks of time -2.1 % (standard error 0.5), the worst -0.4 %" */
void ssmi_trust_describe(const ssmi_trust *trust, char *text, size_t size);
ssm_status ssmi_trust_archive(ssmi_trust *trust, ssm_archive *archive);

#endif
