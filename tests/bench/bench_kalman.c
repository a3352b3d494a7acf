/* Time per row of the filter and the smoother on the reference systems.
 *
 *     bench_kalman [--forms] FOLDER...      each with sys.json, y.f64, ref_statsmodels.json
 *
 * One JSON line per case: microseconds of CPU per row, the least of several runs, of the log-likelihood with
 * the full recursion on every row, with the steady state, and of the smoother (means and variances); and the
 * relative distance from the reference's log-likelihood. With --forms a line for every form of the filter. */
#include "kalman/reference_case.h"

#include <time.h>

enum { repeats = 12 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double wall_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double time_filter(ssm_context *ctx, const reference_case *c, ssm_kalman_form form, double tolerance,
                          ssm_kalman_summary *s)
{
    const ssm_kalman_options options = {.form = form, .steady_tolerance = tolerance};
    double best = INFINITY;
    for (int k = 0; k < repeats; k++) {
        const double start = now();
        if (ssm_kalman_filter(ctx, &c->model, c->y, c->length, &options, NULL, s) != SSM_OK) return NAN;
        best = fmin(best, now() - start);
    }
    return 1e6 * best / (double)c->length;
}

static double time_smoother(ssm_context *ctx, const reference_case *c)
{
    const size_t n = c->model.n;
    double *alpha = calloc(n * c->length, sizeof *alpha), *V = calloc(n * n * c->length, sizeof *V);
    const ssm_kalman_smooth_output out = {.alpha = alpha, .V = V};
    double best = INFINITY;
    for (int k = 0; k < repeats && alpha != NULL && V != NULL; k++) {
        const double start = now();
        if (ssm_kalman_smooth(ctx, &c->model, c->y, c->length, NULL, &out) != SSM_OK) break;
        best = fmin(best, now() - start);
    }
    free(alpha);
    free(V);
    return 1e6 * best / (double)c->length;
}

/* Every form with the full recursion on every row; the scan over time also in wall clock. */
static void bench_forms(ssm_context *ctx, const reference_case *c, const char *name)
{
    ssm_kalman_summary summary;
    for (int form = SSM_KALMAN_UNIVARIATE; form < SSM_KALMAN_CONSTANT_GAIN; form++) {
        const size_t most = form == SSM_KALMAN_PARALLEL ? 2 : 1;
        for (size_t threads = 1; threads <= most; threads++) {
            ssm_context_set_threads(ctx, threads);
            const double wall = wall_clock();
            const double us = time_filter(ctx, c, (ssm_kalman_form)form, -1.0, &summary);
            printf("{\"case\": \"%s\", \"form\": \"%s\", \"threads\": %zu, \"cpu_us\": %.3f, "
                   "\"mean_wall_us\": %.3f}\n",
                   name, ssm_kalman_form_name((ssm_kalman_form)form), threads, us,
                   1e6 * (wall_clock() - wall) / (repeats * (double)c->length));
        }
    }
    ssm_context_set_threads(ctx, 1);
}

static int bench(ssm_context *ctx, const char *folder, int forms)
{
    reference_case c;
    ssm_kalman_summary full, steady;
    if (!reference_open(&c, folder)) {
        fprintf(stderr, "cannot read %s\n", folder);
        return 1;
    }
    const double full_us = time_filter(ctx, &c, SSM_KALMAN_UNIVARIATE, -1.0, &full),
                 steady_us = time_filter(ctx, &c, SSM_KALMAN_UNIVARIATE, 0.0, &steady);
    const double smoother_us = time_smoother(ctx, &c);
    const double expected = json_number_value(json_object_get(c.expected, "loglik"));
    const char *name = strrchr(folder, '/');
    printf(
        "{\"case\": \"%s\", \"rows\": %zu, \"n\": %zu, \"p\": %zu, \"full_us\": %.4f, \"steady_us\": %.4f, "
        "\"steady_rows\": %zu, \"smoother_us\": %.4f, \"loglik_error\": %.1e}\n",
        name != NULL ? name + 1 : folder, c.length, c.model.n, c.model.p, full_us, steady_us, steady.n_steady,
        smoother_us, fabs(full.loglik / expected - 1.0));
    if (forms) bench_forms(ctx, &c, name != NULL ? name + 1 : folder);
    reference_close(&c);
    return 0;
}

int main(int argc, char **argv)
{
    ssm_context *ctx;
    const int forms = argc > 1 && strcmp(argv[1], "--forms") == 0;
    int failed = argc < 2 + forms;
    if (failed) fprintf(stderr, "usage: bench_kalman [--forms] FOLDER...\n");
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    for (int k = 1 + forms; k < argc; k++) failed |= bench(ctx, argv[k], forms);
    ssm_context_free(ctx);
    return failed;
}
