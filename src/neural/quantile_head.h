/* From raw network outputs to a mean and nine quantiles that cannot cross, and the loss on them.
 *
 * Per step the network gives SSMI_HEAD_OUTPUTS numbers: a mean, a median, and eight widths. The forecast is
 * built around a given centre (the linear skip) with given base widths, so that zero outputs mean exactly the
 * base:
 *
 *     mean    = centre + s o_0
 *     q_0.5   = centre + g m + s o_1                      m: base median, in units of g
 *     q_0.6.. = q_0.5 + g sum_{j<=i} softplus(u_j + o_{2+j})        j = 0..3, upwards
 *     q_0.4.. = q_0.5 - g sum_{j<=i} softplus(l_j + o_{6+j})        j = 0..3, downwards
 *
 * s and g are scales of the window. The losses of a window are the means over its observed steps of (y -
 * mean)^2 and of 2/9 sum_levels pinball(y - q); what is minimised weighs the two and the absolute error of
 * the median. */
#ifndef SSMCAST_NEURAL_QUANTILE_HEAD_H
#define SSMCAST_NEURAL_QUANTILE_HEAD_H

#include "neural/selective_scan.h"

enum { SSMI_QUANTILES = 9, SSMI_SIDE = 4, SSMI_HEAD_OUTPUTS = 10, SSMI_BASE_ROWS = 9 };

/* Level of quantile i: (i + 1) / 10. */

/* What is minimised: squared |y - mean|^2 + absolute |y - q_0.5| + pinball 2/9 sum pinball. */
typedef struct ssmi_loss_weights {
    double squared, absolute, pinball;
} ssmi_loss_weights;

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/quantile_head_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/quantile_head_decl.h"
#include "neural/real_end.h"
/* clang-format on */

#endif
