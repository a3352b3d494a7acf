/* Time of maximum-likelihood fits of the caller's own models.
 *
 *     bench_estimate datasets/nile.csv datasets/air_passengers.csv
 *
 * One JSON line per case: microseconds of processor time of one fit, the least of several, of a local level
 * on the first file (two variances) and of level, slope and dummy seasonal of period 12 on the logarithms of
 * the second (four variances), both with the analytic score, and the log-likelihood reached. */
#include <math.h>
#include <ssmcast/ssmcast.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { most_rows = 1000, n = 13, repeats = 20 };

typedef struct structural {
    double Z[n], H, T[n * n], Q[n * n], P1inf[n * n];
    size_t states, shocks;
} structural;

static ssm_status set(void *user, const double *x)
{
    structural *s = user;
    s->H = x[0];
    for (size_t k = 0; k < s->shocks; k++) s->Q[k * (s->states + 1)] = x[k + 1];
    return SSM_OK;
}

static void slope(void *user, const double *x, const ssm_kalman_score *score, double *gradient)
{
    const structural *s = user;
    (void)x;
    gradient[0] = score->H[0];
    for (size_t k = 0; k < s->shocks; k++) gradient[k + 1] = score->Q[k * (s->states + 1)];
}

static void build(structural *s, size_t states)
{
    *s = (structural){.states = states, .shocks = states == 1 ? 1 : 3};
    s->Z[0] = s->T[0] = 1;
    for (size_t i = 0; i < states; i++) s->P1inf[i * (states + 1)] = 1;
    if (states == 1) return;
    s->Z[2] = s->T[states] = s->T[1 + states] = 1;
    for (size_t j = 2; j < states; j++) s->T[2 + j * states] = -1;
    for (size_t j = 3; j < states; j++) s->T[j + (j - 1) * states] = 1;
}

static size_t read_last_column(const char *path, double *y)
{
    char line[256];
    size_t rows = 0;
    FILE *file = fopen(path, "r");
    while (file != NULL && rows < most_rows && fgets(line, sizeof line, file) != NULL) {
        const char *comma = strrchr(line, ','), *text = comma != NULL ? comma + 1 : line;
        char *end;
        y[rows] = strtod(text, &end);
        rows += line[0] != '#' && end != text ? 1 : 0;
    }
    if (file != NULL) fclose(file);
    return rows;
}

static int bench(ssm_context *ctx, const char *name, size_t states, const double *y, size_t rows,
                 double start)
{
    structural s;
    build(&s, states);
    const ssm_statespace model = {.n = states,
                                  .p = 1,
                                  .r = states,
                                  .Z = {s.Z, 0},
                                  .H = {&s.H, 0},
                                  .T = {s.T, 0},
                                  .Q = {s.Q, 0},
                                  .P1inf = s.P1inf};
    ssm_parameter parameter[4];
    for (size_t k = 0; k < 4; k++) parameter[k] = (ssm_parameter){.transform = SSM_VARIANCE, .start = start};
    const ssm_estimation task = {.n = s.shocks + 1,
                                 .parameter = parameter,
                                 .model = &model,
                                 .set = set,
                                 .gradient = slope,
                                 .user = &s};
    ssm_estimate_summary summary = {0};
    double best = INFINITY;
    for (int k = 0; k < repeats; k++) {
        const clock_t begin = clock();
        const ssm_status status = ssm_estimate(ctx, &task, y, rows, NULL, NULL, &summary);
        if (status != SSM_OK) fprintf(stderr, "%s: %s\n", name, ssm_context_message(ctx));
        if (status != SSM_OK) return 1;
        best = fmin(best, (double)(clock() - begin) / CLOCKS_PER_SEC);
    }
    printf("{\"case\": \"%s\", \"fit_us\": %.0f, \"loglik\": %.6f, \"evaluations\": %zu}\n", name, 1e6 * best,
           summary.loglik, summary.evaluations);
    return 0;
}

int main(int argc, char **argv)
{
    static double y[most_rows];
    ssm_context *ctx;
    if (argc != 3) {
        fprintf(stderr, "usage: bench_estimate NILE.csv AIR_PASSENGERS.csv\n");
        return 2;
    }
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    size_t rows = read_last_column(argv[1], y);
    int failed = bench(ctx, "nile local level", 1, y, rows, 1e4);
    rows = read_last_column(argv[2], y);
    for (size_t t = 0; t < rows; t++) y[t] = log(y[t]);
    failed |= bench(ctx, "log passengers, trend and dummy seasonal", n, y, rows, 1e-3);
    ssm_context_free(ctx);
    return failed;
}
