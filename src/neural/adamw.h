/* AdamW (Loshchilov & Hutter 2019, algorithm 2): Adam with weight decay apart from the gradient, the cosine
 * schedule, clipping by the global norm, and the moving average of weights. Kernels on flat arrays; sums run
 * in a fixed order. */
#ifndef SSMCAST_NEURAL_ADAMW_H
#define SSMCAST_NEURAL_ADAMW_H

#include "neural/parameters.h"

typedef struct ssmi_adamw {
    double beta1, beta2, epsilon, decay;
    float *m, *v; /* (size) first and second moments, zero at the start */
    size_t step;  /* updates done */
} ssmi_adamw;

/* One update of params (size of the table) along -grad; decay only for tensors whose row says so. */
void ssmi_adamw_update(ssmi_adamw *adam, float *params, const float *grad, const ssmi_parameters *table,
                       double rate);

/* Linear warm-up to `rate` over the first `warmup` steps, then half a cosine down to zero at `steps`. step
 * from 0. */
double ssmi_cosine_rate(double rate, size_t step, size_t warmup, size_t steps);

/* Warm-up, then `rate` until `cooldown` steps before the end, then a straight line down to zero (warm-up,
 * stable, decay: Hu et al. 2024, "MiniCPM", section 4): a run can be lengthened before its decay. */
double ssmi_wsd_rate(double rate, size_t step, size_t warmup, size_t cooldown, size_t steps);

/* The Euclidean norm of x; if it exceeds `most`, x is scaled down to it. */
double ssmi_clip_norm(float *x, size_t n, double most);

/* average += (1 - keep) (x - average). */
void ssmi_average_weights(float *average, const float *x, size_t n, double keep);

#endif
