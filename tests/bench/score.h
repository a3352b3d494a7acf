/* Errors of forecasts against what came: the sums that the benches share. */
#ifndef SSMCAST_BENCH_SCORE_H
#define SSMCAST_BENCH_SCORE_H

#include <stddef.h>

enum { SCORE_LEVELS = 11 };

/* The deciles, between the ends of an interval of 95 %. */
extern const double score_level[SCORE_LEVELS];

typedef struct score {
    double squared, absolute;
    double pinball;            /* mean over the deciles of the quantile loss */
    double inside80, inside95; /* whether the truth was in the intervals of 80 and 95 % */
} score;

/* Adds one row; quantile (SCORE_LEVELS). */
void score_add_row(score *sum, double mean, const double *quantile, double truth);

/* sum += factor * x. */
void score_add(score *sum, const score *x, double factor);

#endif
