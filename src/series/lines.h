/* Spectral lines of a period against the spectrum beside them: is there something that repeats every p rows?
 *
 * A season of p rows is a set of sharp lines at the frequencies j/p, j = 1 .. p/2. Trends, random walks and
 * slow cycles are broad. So each line is compared with the bins on either side of it, where the spectrum is
 * nearly flat, whatever its colour. */
#ifndef SSMCAST_SERIES_LINES_H
#define SSMCAST_SERIES_LINES_H

#include "base/arena.h"

enum { SSMI_MAX_LINES = 24, SSMI_MAX_BESIDE = 8 };

typedef struct ssmi_lines {
    size_t period, n_cycles;
    size_t n_lines;                  /* lines looked at: j = 1 .. n_lines */
    double surprise[SSMI_MAX_LINES]; /* -log of each line's p-value */
    double energy[SSMI_MAX_LINES];   /* variance of the series (not of its differences) in each line */
} ssmi_lines;

/* Measures the lines of `period` in the differences of a series, using its last whole cycles; needs two. */
ssm_status ssmi_lines_measure(ssmi_lines *lines, const double *difference, size_t n, size_t period,
                              ssm_arena *tmp);

/* Evidence of the lines that are not lines of one of the shorter `known` periods. Returns the p-value
 * (1 when no line is left) and sets the energy in them. */
double ssmi_lines_judge(const ssmi_lines *lines, const size_t *known, size_t n_known, double *energy);

/* Energy of the lines that are also lines of known[which] and of none of the other known periods. */
double ssmi_lines_shared(const ssmi_lines *lines, const size_t *known, size_t n_known, size_t which);

#endif
