/* How far a change to the pretrained network may be taken, or whether at all.
 *
 * A change comes in several strengths; 0 is the pretrained network. Windows overlap and columns move
 * together, so windows are not independent: all windows of all columns in the same block of time are one
 * observation. Of strength s in block k
 *
 *     g_k(s) = 1/2 sum over both losses of log(mean at 0 / mean at s)
 *     low(s) = mean g_k - t(level, n - 1) sd(g_k) / sqrt(n)
 *
 * Logarithms, since losses of wild blocks are many times those of calm ones. low(s) is the lower end of a
 * one-sided confidence interval (Student 1908) for the gain, n the number of blocks and t a quantile of
 * Student's distribution. The strength with the highest low(s) is chosen if that is above 0: where blocks
 * agree it is near the one with the highest mean, where they differ it is less, or none. Known value: g of
 * .01, .02 and .03 have mean .02, standard error .00577, and low .0091 at level .9. */
#ifndef SSMCAST_MODELS_ZERO_TUNING_TRUST_H
#define SSMCAST_MODELS_ZERO_TUNING_TRUST_H

#include "forecast/archive.h"
#include "neural/trainer.h"

enum { SSMI_TRUST_BLOCKS = 3 /* at least */ };

typedef struct ssmi_trust_rule {
    double level;   /* of the interval, in (0.5, 1) */
    int everywhere; /* a strength that lost in a block is not trusted either */
} ssmi_trust_rule;

/* What is known of the strength chosen; where there is none, of the one whose worst block is best. `low` is
 * -INFINITY with fewer than two blocks. */
typedef struct ssmi_trust {
    size_t blocks;             /* that have a window with an error */
    size_t chosen;             /* 1, ..., strengths; 0: none is trusted */
    double gain, error, least; /* mean of g_k, its standard error (0 with one block), the lowest g_k */
    double low, squares;       /* not kept in files; squares: sum of squared deviations from the mean */
} ssmi_trust;

/* Counts one more g_k, from {0} on, and gives error and low of those that were counted. */
void ssmi_trust_add(ssmi_trust *trust, double gain);
void ssmi_trust_close(ssmi_trust *trust, double level);

/* loss (n, 1 + strengths, SSMI_LOSS_PARTS) of each window, strength 0 first, the others in any order; block
 * (n): of each window, below `most`. SSM_E_MEMORY only. */
ssm_status ssmi_trust_choose(ssmi_trust *out, const ssmi_trust_rule *rule, const double *loss,
                             const size_t *block, size_t n, size_t strengths, size_t most, ssm_arena *tmp);

/* "losses of 5 blocks of time -2.1 % (standard error 0.5), the worst -0.4 %" */
void ssmi_trust_describe(const ssmi_trust *trust, char *text, size_t size);
ssm_status ssmi_trust_archive(ssmi_trust *trust, ssm_archive *archive);

#endif
