/* Sum of the terms of a Gaussian log-likelihood,  -1/2 sum (log 2 pi + log F + v^2 / F).
 *
 * The logarithm is taken of a product of many F at once, which is exact to one rounding per factor and spares
 * most calls of log. The rest is summed with compensation (Neumaier 1974): differences of log-likelihoods
 * over 1e5 rows decide between models and feed finite-difference checks, and the plain sum loses the digits
 * that they need; it costs four additions off the critical path. */
#ifndef SSMCAST_KALMAN_LOGLIK_SUM_H
#define SSMCAST_KALMAN_LOGLIK_SUM_H

#include <math.h>
#include <stddef.h>

typedef struct ssmi_loglik_sum {
    double sum, lost; /* of log F and v^2 / F */
    double product;   /* of F whose logarithm is still to be added */
    size_t count;     /* of terms with the constant log 2 pi */
} ssmi_loglik_sum;

static inline ssmi_loglik_sum ssmi_loglik_zero(void)
{
    return (ssmi_loglik_sum){.product = 1.0};
}

static inline void ssmi_loglik_plain(ssmi_loglik_sum *s, double term)
{
    const double total = s->sum + term;
    s->lost += fabs(s->sum) >= fabs(term) ? (s->sum - total) + term : (term - total) + s->sum;
    s->sum = total;
}

static inline void ssmi_loglik_log(ssmi_loglik_sum *s, double F)
{
    if (!(F > 1e-150 && F < 1e150)) { /* would leave the range of the product */
        ssmi_loglik_plain(s, log(F));
        return;
    }
    s->product *= F;
    if (!(s->product > 1e-150 && s->product < 1e150)) {
        ssmi_loglik_plain(s, log(s->product));
        s->product = 1.0;
    }
}

/* Adds the terms of `from`. */
static inline void ssmi_loglik_merge(ssmi_loglik_sum *s, const ssmi_loglik_sum *from)
{
    ssmi_loglik_plain(s, from->sum);
    ssmi_loglik_plain(s, from->lost + log(from->product));
    s->count += from->count;
}

static inline double ssmi_loglik_value(const ssmi_loglik_sum *s)
{
    const double log_2pi = 1.8378770664093454836;
    return -0.5 * ((double)s->count * log_2pi + (s->sum + (s->lost + log(s->product))));
}

#endif
