#include "bench/score.h"

#include <math.h>

const double score_level[SCORE_LEVELS] = {0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975};

void score_add_row(score *sum, double mean, const double *quantile, double truth)
{
    const double e = mean - truth;
    sum->squared += e * e;
    sum->absolute += fabs(e);
    for (size_t i = 1; i + 1 < SCORE_LEVELS; i++) {
        const double d = truth - quantile[i];
        sum->pinball += (d > 0 ? score_level[i] : score_level[i] - 1) * d / (SCORE_LEVELS - 2);
    }
    sum->inside80 += truth >= quantile[1] && truth <= quantile[SCORE_LEVELS - 2];
    sum->inside95 += truth >= quantile[0] && truth <= quantile[SCORE_LEVELS - 1];
}

void score_add(score *sum, const score *x, double factor)
{
    sum->squared += factor * x->squared;
    sum->absolute += factor * x->absolute;
    sum->pinball += factor * x->pinball;
    sum->inside80 += factor * x->inside80;
    sum->inside95 += factor * x->inside95;
}
