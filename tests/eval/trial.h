/* A made-up panel with a daily pattern, trend and noise, and a backtest of the simple models on it. */
#ifndef SSMCAST_TESTS_EVAL_TRIAL_H
#define SSMCAST_TESTS_EVAL_TRIAL_H

#include <math.h>
#include <ssmcast/eval.h>
#include <stdint.h>
#include <string.h>

enum { TRIAL_ROWS = 480, TRIAL_SERIES = 5, TRIAL_SEASON = 12 };

typedef struct trial {
    double value[TRIAL_SERIES][TRIAL_ROWS];
    ssm_series panel[TRIAL_SERIES];
} trial;

/* Uniform in (-1, 1), the same everywhere. */
static double trial_noise(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 4503599627370496.0 - 1;
}

static void trial_fill(trial *t)
{
    static const char *const name[TRIAL_SERIES] = {"load", "<script>alert(1)</script>", "a|b & \"c\"", "d",
                                                   "e"};
    uint64_t state = 7;
    for (size_t s = 0; s < TRIAL_SERIES; s++) {
        for (size_t i = 0; i < TRIAL_ROWS; i++) {
            t->value[s][i] = 50 + 10 * sin(2 * 3.14159265358979 * (double)i / TRIAL_SEASON) +
                             (1 + (double)s) * trial_noise(&state);
        }
        t->panel[s] = (ssm_series){
            .name = name[s],
            .value = t->value[s],
            .length = TRIAL_ROWS,
            .time = {INT64_C(946684800000000000), {SSM_STEP_NANOSECONDS, INT64_C(7200000000000)}},
            .n_periods = 1,
            .period = {TRIAL_SEASON}};
    }
}

#endif
