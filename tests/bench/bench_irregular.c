/* Cost of a log-likelihood at irregular times: closed forms once for each distinct gap, Van Loan's
 * exponential once for each distinct gap, and once for each row. A level with a damped slope and one
 * harmonic, 5000 rows; one JSON line for each number of distinct gaps. Times are the least of several runs.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "kalman/continuous.h"
#include <ssmcast/ssmcast.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 5000, N = 4, REPEATS = 5 };

static const ssmi_part part[] = {{.motion = SSMI_DAMPED, .variance = 0.1, .slope = 0.01, .rate = 0.2},
                                 {.motion = SSMI_HARMONIC, .variance = 1e-3, .turn = 1 / 24.0}};

static double y[ROWS], gap[ROWS], after[ROWS], T[ROWS * N * N], Q[ROWS * N * N];

static void make_rows(size_t distinct)
{
    unsigned long x = 1;
    for (size_t t = 0; t < ROWS; t++) {
        x = (x * 1103515245UL + 12345UL) % 2147483648UL;
        gap[t] = 0.5 + (double)(x / 1024 % distinct) / (double)distinct;
        y[t] = sin((double)t / 20) + (double)(x % 1000) / 1000;
    }
    for (size_t t = 0; t < ROWS; t++) after[t] = gap[(t + 1) % ROWS];
}

static double closed(ssm_context *ctx, double *loglik, size_t *distinct)
{
    ssm_arena arena;
    ssmi_continuous f;
    ssmi_continuous_rows rows;
    double least = INFINITY;
    ssmi_arena_init(&arena, ctx);
    if (ssmi_continuous_init(&f, part, 2, &arena) != SSM_OK) exit(1);
    f.irregular = 0.2;
    if (ssmi_continuous_rows_init(&rows, &f, y, gap, ROWS, &arena) != SSM_OK) exit(1);
    for (int k = 0; k < REPEATS; k++) {
        const double began = ssmi_clock_seconds();
        *loglik = ssmi_continuous_run(&f, &rows, 0).loglik;
        least = fmin(least, ssmi_clock_seconds() - began);
    }
    *distinct = rows.gaps.n;
    ssmi_arena_clear(&arena);
    return least;
}

/* `at_once` 1: gaps are sampled together and so once each; 0: row by row. */
static double van_loan(ssm_context *ctx, int at_once, double *loglik)
{
    const double w = 2 * 3.14159265358979323846 / 24;
    const double A[N * N] = {0, 0, 0, 0, 1, -0.2, 0, 0, 0, 0, 0, -w, 0, 0, w, 0};
    double Qc[N * N] = {0}, P1inf[N * N] = {0}, least = INFINITY;
    const double diagonal[N] = {0.1, 0.01, 1e-3, 1e-3}, Z[N] = {1, 0, 1, 0}, H = 0.2;
    for (size_t i = 0; i < N; i++) {
        Qc[i * (N + 1)] = diagonal[i];
        P1inf[i * (N + 1)] = 1;
    }
    const ssm_statespace model = {
        .n = N, .p = 1, .r = N, .Z = {Z, 0}, .H = {&H, 0}, .T = {T, N * N}, .Q = {Q, N * N}, .P1inf = P1inf};
    for (int k = 0; k < (at_once ? REPEATS : 1); k++) {
        ssm_kalman_summary summary;
        const double began = ssmi_clock_seconds();
        if (at_once) {
            if (ssm_statespace_sample(ctx, A, Qc, N, after, ROWS, T, Q) != SSM_OK) exit(1);
        } else {
            for (size_t t = 0; t < ROWS; t++)
                if (ssm_statespace_sample(ctx, A, Qc, N, after + t, 1, T + t * N * N, Q + t * N * N) !=
                    SSM_OK)
                    exit(1);
        }
        if (ssm_kalman_filter(ctx, &model, y, ROWS, NULL, NULL, &summary) != SSM_OK) exit(1);
        least = fmin(least, ssmi_clock_seconds() - began);
        *loglik = summary.loglik;
    }
    return least;
}

int main(void)
{
    static const size_t distinct[] = {1, 10, 100, 1000};
    ssm_context *ctx;
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    for (size_t k = 0; k < sizeof distinct / sizeof *distinct; k++) {
        double loglik[3];
        size_t found;
        make_rows(distinct[k]);
        const double a = closed(ctx, &loglik[0], &found), b = van_loan(ctx, 1, &loglik[1]);
        const double c = van_loan(ctx, 0, &loglik[2]);
        printf("{\"rows\": %d, \"distinct_gaps\": %zu, \"closed_us_per_row\": %.3f, "
               "\"van_loan_cached_ratio\": %.2f, "
               "\"van_loan_per_row_ratio\": %.1f, \"loglik_difference\": %.1e}\n",
               ROWS, found, 1e6 * a / ROWS, b / a, c / a, fabs(loglik[1] / loglik[0] - 1));
    }
    ssm_context_free(ctx);
    return 0;
}
