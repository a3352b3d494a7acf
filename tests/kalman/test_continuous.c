/* Continuous-time parts and their filter, against Van Loan's exponential, against densities written out, and
 * against the discrete filter. */
#include "kalman/cases.h"

#include "core/discretise.h"
#include "kalman/continuous.h"

enum { LENGTH = 60, MOST = 4 };

/* dx = A x dt + dW, column-major, as the definitions say it: what the closed forms must come to. */
static void drift_of(const ssmi_part *p, double *A, double *Qc)
{
    const double w = 2 * 3.14159265358979323846 * p->turn, v = p->variance, r = p->rate;
    const double drift[SSMI_MOTIONS][4] = {{0},  {0, 0, 1, 0},    {0, 0, 1, -r},
                                           {-r}, {-r, -w, w, -r}, {0, -w, w, 0}};
    const double noise[SSMI_MOTIONS][4] = {{v},         {v, 0, 0, p->slope},          {v, 0, 0, p->slope},
                                           {2 * r * v}, {2 * r * v, 0, 0, 2 * r * v}, {v, 0, 0, v}};
    memcpy(A, drift[p->motion], 4 * sizeof *A);
    memcpy(Qc, noise[p->motion], 4 * sizeof *Qc);
}

static ssmi_part some_part(ssmi_motion motion)
{
    return (ssmi_part){.motion = motion, .variance = 0.7, .slope = 0.02, .rate = 0.3, .turn = 1 / 12.7};
}

static double largest(const double *x, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(x[i]));
    return most;
}

static void every_part_moves_as_van_loan_says(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    for (int m = 0; m < SSMI_MOTIONS; m++) {
        const ssmi_part part = some_part((ssmi_motion)m);
        const size_t k = ssmi_part_states(part.motion);
        for (double gap = 1e-9; gap < 2e9; gap *= 10) {
            double A[4], Qc[4], T[4], Q[4], Td[4], Qd[4];
            drift_of(&part, A, Qc);
            ssmi_part_move(T, Q, &part, gap);
            assert_int_equal(ssm_statespace_sample(ctx, A, Qc, k, &gap, 1, Td, Qd), SSM_OK);
            for (size_t i = 0; i < k * k; i++) {
                /* each variance to its own size, the rest to the largest; a turn of 1e8 cycles keeps half of
                 * its digits, and each of the doublings of the exponential loses one bit */
                const double bits = 1e-12 * fmax(gap, 1);
                const double size = i == 0 || i == k * k - 1 ? Q[i] : largest(Q, k * k);
                assert_true(fabs(T[i] - Td[i]) <= fmin(bits, 1e-3) * fmax(largest(T, k * k), 1));
                assert_true(fabs(Q[i] - Qd[i]) <= fmin(bits, 1e-3) * size);
            }
        }
    }
    ssm_context_free(ctx);
}

/* Numbers in place of data: rows at uneven times. */
typedef struct rows {
    double y[LENGTH], gap[LENGTH], time[LENGTH];
} rows;

static void make_rows(rows *r)
{
    unsigned long x = 5;
    double t = 0;
    for (size_t i = 0; i < LENGTH; i++) {
        double noise = 0;
        for (int k = 0; k < 5; k++) {
            x = (x * 1103515245UL + 12345UL) % 2147483648UL;
            noise += (double)x / 2147483648.0 - 0.5;
        }
        r->gap[i] = 0.05 + (double)(x % 97) / 40.0;
        r->time[i] = t += r->gap[i];
        r->y[i] = sin(t / 3) + noise;
    }
}

static double loglik_of(const ssmi_part *part, size_t n, double irregular, const double *y, const double *gap,
                        size_t length, ssm_context *ctx)
{
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    ssmi_continuous f;
    ssmi_continuous_rows r;
    assert_int_equal(ssmi_continuous_init(&f, part, n, &arena), SSM_OK);
    f.irregular = irregular;
    assert_int_equal(ssmi_continuous_rows_init(&r, &f, y, gap, length, &arena), SSM_OK);
    const double loglik = ssmi_continuous_run(&f, &r, 0).loglik;
    ssmi_arena_clear(&arena);
    return loglik;
}

/* log N(y; 0, C) by Cholesky, C overwritten. */
static double density(double *C, double *y, size_t n)
{
    double loglik = 0;
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k < j; k++) {
            for (size_t i = j; i < n; i++) C[i + j * n] -= C[i + k * n] * C[j + k * n];
            y[j] -= C[j + k * n] * y[k];
        }
        const double root = sqrt(C[j + j * n]);
        for (size_t i = j; i < n; i++) C[i + j * n] /= root;
        y[j] /= root;
        loglik -= log(root) + 0.5 * y[j] * y[j] + 0.91893853320467274178;
    }
    return loglik;
}

static void stationary_parts_have_the_density_of_their_covariance(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    rows r;
    double C[LENGTH * LENGTH];
    const ssmi_part part[2] = {some_part(SSMI_REVERTING),
                               {.motion = SSMI_TURNING, .variance = 1.3, .rate = 0.05, .turn = 0.11}};
    make_rows(&r);
    for (size_t i = 0; i < LENGTH; i++) {
        for (size_t j = 0; j < LENGTH; j++) {
            const double d = fabs(r.time[i] - r.time[j]);
            C[i + j * LENGTH] = 0.7 * exp(-0.3 * d) +
                                1.3 * exp(-0.05 * d) * cos(2 * 3.14159265358979323846 * 0.11 * d) +
                                (i == j ? 0.2 : 0.0);
        }
    }
    const double filtered = loglik_of(part, 2, 0.2, r.y, r.gap, LENGTH, ctx);
    assert_close(filtered, density(C, r.y, LENGTH), 1e-11);
    ssm_context_free(ctx);
}

/* A diffuse level leaves the contrasts y_i - y_0, whose covariance is that of Brownian motion from y_0 on. */
static void a_wandering_level_has_the_density_of_its_contrasts(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    enum { M = LENGTH - 1 };
    rows r;
    double C[M * M], contrast[M];
    const ssmi_part part = {.motion = SSMI_WIENER, .variance = 0.4};
    make_rows(&r);
    for (size_t i = 0; i < M; i++) {
        contrast[i] = r.y[i + 1] - r.y[0];
        for (size_t j = 0; j < M; j++) {
            const double since = r.time[(i < j ? i : j) + 1] - r.time[0];
            C[i + j * M] = 0.4 * since + 0.3 + (i == j ? 0.3 : 0.0);
        }
    }
    const double filtered = loglik_of(&part, 1, 0.3, r.y, r.gap, LENGTH, ctx);
    assert_close(filtered, density(C, contrast, M) - 0.91893853320467274178, 1e-11);
    ssm_context_free(ctx);
}

/* CARMA(2,1) with roots -0.3 and -1.1: x'' + 1.4 x' + 0.33 x = w, y = x + 0.5 x' + noise. Its covariance is
 * Z exp(A d) P Z' with the stationary P of x and x', and exp(A d) by Sylvester's formula (Brockwell 2001). */
static double carma_covariance(double d, const double *P)
{
    const double r = -0.3, s = -1.1, e = exp(r * d), f = exp(s * d);
    const double one = (r * f - s * e) / (r - s), slope = (e - f) / (r - s);
    const double T[4] = {one, -0.33 * slope, slope, one - 1.4 * slope};
    const double x = T[0] * P[0] + T[2] * 0.5 * P[1], v = T[1] * P[0] + T[3] * 0.5 * P[1];
    return x + 0.5 * v;
}

static void a_carma_process_has_the_density_of_its_covariance(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    rows r;
    static double T[4 * LENGTH], Q[4 * LENGTH], C[LENGTH * LENGTH];
    double after[LENGTH];
    const double A[4] = {0, -0.33, 1, -1.4}, Qc[4] = {0, 0, 0, 0.6}, Z[2] = {1, 0.5}, H = 0.1;
    const double variance[2] = {0.6 / (2 * 1.4 * 0.33), 0.6 / (2 * 1.4)},
                 P[4] = {variance[0], 0, 0, variance[1]};
    make_rows(&r);
    for (size_t t = 0; t < LENGTH; t++) after[t] = r.gap[(t + 1) % LENGTH];
    for (size_t i = 0; i < LENGTH; i++) {
        for (size_t j = 0; j < LENGTH; j++)
            C[i + j * LENGTH] = carma_covariance(fabs(r.time[i] - r.time[j]), variance) + (i == j ? H : 0.0);
    }
    assert_int_equal(ssm_statespace_sample(ctx, A, Qc, 2, after, LENGTH, T, Q), SSM_OK);
    const ssm_statespace model = {
        .n = 2, .p = 1, .r = 2, .Z = {Z, 0}, .H = {&H, 0}, .T = {T, 4}, .Q = {Q, 4}, .P1 = P};
    ssm_kalman_summary summary;
    assert_int_equal(ssm_kalman_filter(ctx, &model, r.y, LENGTH, NULL, NULL, &summary), SSM_OK);
    assert_close(summary.loglik, density(C, r.y, LENGTH), 1e-11);
    ssm_context_free(ctx);
}

static void on_a_grid_it_is_the_discrete_model(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    double y[100], gap[100];
    const size_t length = read_nile(y);
    for (size_t t = 0; t < length; t++) gap[t] = 1;
    const ssmi_part level = {.motion = SSMI_WIENER, .variance = 1469.1};
    assert_close(loglik_of(&level, 1, 15099, y, gap, length, ctx), -633.4645636489, 1e-12);
    /* an integrated slope of variance u puts u/3, u/2 and u into Q */
    const ssmi_part trend = {.motion = SSMI_TREND, .variance = 1000, .slope = 12};
    small_model m;
    local_trend(&m, 15099, 1004, 12);
    m.Q[1] = m.Q[2] = 6;
    ssm_kalman_summary summary;
    assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, length, NULL, NULL, &summary), SSM_OK);
    assert_close(loglik_of(&trend, 1, 15099, y, gap, length, ctx), summary.loglik, 1e-12);
    ssm_context_free(ctx);
}

static const ssmi_part sum_of_parts[] = {
    {.motion = SSMI_DAMPED, .variance = 0.1, .slope = 0.01, .rate = 0.2},
    {.motion = SSMI_REVERTING, .variance = 0.5, .rate = 0.7},
    {.motion = SSMI_HARMONIC, .variance = 1e-3, .turn = 0.09},
    {.motion = SSMI_HARMONIC, .variance = 1e-3, .turn = 0.01, .start = 2}};
enum { PARTS = sizeof sum_of_parts / sizeof *sum_of_parts };

static void rows_left_out_are_rows_missing(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    rows r;
    double kept[LENGTH], gap[LENGTH], since = 0;
    size_t n = 0;
    make_rows(&r);
    for (size_t t = 0; t < LENGTH; t++) {
        since += r.gap[t];
        if (t % 7 == 3 || (t > 20 && t < 30)) {
            r.y[t] = NAN;
            continue;
        }
        kept[n] = r.y[t];
        gap[n++] = since;
        since = 0;
    }
    const double whole = loglik_of(sum_of_parts, PARTS, 0.2, r.y, r.gap, LENGTH, ctx);
    assert_close(loglik_of(sum_of_parts, PARTS, 0.2, kept, gap, n, ctx), whole, 1e-10);
    ssm_context_free(ctx);
}

static void the_unit_of_time_does_not_matter(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    rows r;
    make_rows(&r);
    const double whole = loglik_of(sum_of_parts, PARTS, 0.2, r.y, r.gap, LENGTH, ctx);
    const double unit[] = {60, 1e-9, 1e5};
    for (size_t k = 0; k < 3; k++) {
        ssmi_part part[PARTS];
        double gap[LENGTH];
        memcpy(part, sum_of_parts, sizeof part);
        for (size_t b = 0; b < PARTS; b++) {
            if (part[b].motion != SSMI_REVERTING) part[b].variance /= unit[k];
            part[b].slope /= unit[k] * unit[k] * unit[k];
            part[b].rate /= unit[k];
            part[b].turn /= unit[k];
        }
        for (size_t t = 0; t < LENGTH; t++) gap[t] = r.gap[t] * unit[k];
        /* the slope per unit is a diffuse direction of another length: a constant that the data do not touch
         */
        const double constant = log(unit[k]);
        assert_close(loglik_of(part, PARTS, 0.2, r.y, gap, LENGTH, ctx) + constant, whole, 1e-9);
    }
    ssm_context_free(ctx);
}

static void rows_of_one_time_are_one_vector(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    rows r;
    make_rows(&r);
    for (size_t t = 1; t < LENGTH; t += 2) r.gap[t] = 0; /* pairs */
    const ssmi_part part = {.motion = SSMI_WIENER, .variance = 0.4};
    const double pairs = loglik_of(&part, 1, 0.3, r.y, r.gap, LENGTH, ctx);
    const double Z[2] = {1, 1}, H[4] = {0.3, 0, 0, 0.3}, one = 1;
    double Q[LENGTH / 2];
    for (size_t t = 0; t < LENGTH / 2; t++) Q[t] = 2 * t + 2 < LENGTH ? 0.4 * r.gap[2 * t + 2] : 0;
    const ssm_statespace model = {
        .n = 1, .p = 2, .r = 1, .Z = {Z, 0}, .H = {H, 0}, .T = {&one, 0}, .Q = {Q, 1}, .P1inf = &one};
    ssm_kalman_summary summary;
    assert_int_equal(ssm_kalman_filter(ctx, &model, r.y, LENGTH / 2, NULL, NULL, &summary), SSM_OK);
    assert_close(pairs, summary.loglik, 1e-12);
    ssm_context_free(ctx);
}

static void rows_one_by_one_and_matrices_give_the_same(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    rows r;
    ssmi_continuous f;
    ssmi_continuous_rows whole;
    make_rows(&r);
    r.y[11] = NAN;
    assert_int_equal(ssmi_continuous_init(&f, sum_of_parts, PARTS, &arena), SSM_OK);
    f.irregular = 0.2;
    assert_int_equal(ssmi_continuous_rows_init(&whole, &f, r.y, r.gap, LENGTH, &arena), SSM_OK);
    const double loglik = ssmi_continuous_run(&f, &whole, 0).loglik;
    double mean, variance, later_mean, later_variance;
    ssmi_continuous_read(&f, &mean, &variance);
    ssmi_continuous_start(&f);
    for (size_t t = 0; t < LENGTH; t++) {
        if (t > 0) ssmi_continuous_advance(&f, r.gap[t]);
        ssmi_continuous_take(&f, r.y[t]);
    }
    ssmi_continuous_read(&f, &later_mean, &later_variance);
    assert_true(mean == later_mean && variance == later_variance); /* the same numbers in the same order */
    ssm_statespace model;
    ssm_kalman_summary summary;
    double after[LENGTH];
    for (size_t t = 0; t < LENGTH; t++) after[t] = r.gap[(t + 1) % LENGTH];
    assert_int_equal(ssmi_continuous_statespace(&model, &f, after, LENGTH, 0, &arena), SSM_OK);
    assert_int_equal(ssm_kalman_filter(ctx, &model, r.y, LENGTH, NULL, NULL, &summary), SSM_OK);
    assert_close(summary.loglik, loglik, 1e-11);
    assert_int_equal(summary.n_diffuse_left, 0);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

static void extreme_gaps_leave_finite_numbers(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    rows r;
    make_rows(&r);
    for (size_t t = 0; t < LENGTH; t++) r.gap[t] = pow(10, (double)(t % 19) - 9);
    for (int m = 0; m < SSMI_MOTIONS; m++) {
        const ssmi_part part = some_part((ssmi_motion)m);
        assert_true(isfinite(loglik_of(&part, 1, 0.2, r.y, r.gap, LENGTH, ctx)));
    }
    ssm_context_free(ctx);
}

static void gaps_that_are_none_are_refused(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    const double one = 1, zero = 0, bad[] = {-1, NAN, INFINITY};
    double gap[3] = {1, 2, 1}, T[3] = {7, 7, 7}, Q[3];
    for (size_t k = 0; k < 3; k++) {
        gap[1] = bad[k];
        assert_int_equal(ssm_statespace_sample(ctx, &zero, &one, 1, gap, 3, T, Q), SSM_E_DATA);
        assert_non_null(strstr(ssm_context_message(ctx), "gap 1"));
        assert_true(T[0] == 7);
    }
    gap[1] = 0;
    assert_int_equal(ssm_statespace_sample(ctx, &zero, &one, 1, gap, 3, T, Q), SSM_OK);
    assert_true(T[1] == 1 && Q[1] == 0 && Q[0] == Q[2]);
    assert_int_equal(ssm_statespace_sample(ctx, NULL, &one, 1, gap, 3, T, Q), SSM_E_ARGUMENT);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_moves_as_van_loan_says),
        cmocka_unit_test(stationary_parts_have_the_density_of_their_covariance),
        cmocka_unit_test(a_wandering_level_has_the_density_of_its_contrasts),
        cmocka_unit_test(a_carma_process_has_the_density_of_its_covariance),
        cmocka_unit_test(on_a_grid_it_is_the_discrete_model),
        cmocka_unit_test(rows_left_out_are_rows_missing),
        cmocka_unit_test(the_unit_of_time_does_not_matter),
        cmocka_unit_test(rows_of_one_time_are_one_vector),
        cmocka_unit_test(rows_one_by_one_and_matrices_give_the_same),
        cmocka_unit_test(extreme_gaps_leave_finite_numbers),
        cmocka_unit_test(gaps_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
