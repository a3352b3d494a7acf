/* Fixed-lag smoothing: at every row what the fixed-interval smoother says of the rows so far. */
#include "base/counting.h"
#include "kalman/joint_normal.h"
#include "kalman/random_system.h"

static void assert_same(const double *found, const double *expected, size_t count, double tolerance)
{
    double largest = 1.0;
    for (size_t k = 0; k < count; k++) largest = fmax(largest, fabs(expected[k]));
    for (size_t k = 0; k < count; k++) {
        if (!(fabs(found[k] - expected[k]) <= tolerance * largest))
            fail_msg("element %zu is %.15g, expected %.15g", k, found[k], expected[k]);
    }
}

/* After each row, each state that the lag reaches. */
static void compare_all(const ssm_statespace *model, const double *y, size_t length, size_t lag,
                        double tolerance)
{
    const size_t n = model->n;
    double alpha[MOST_STATES], V[MOST_STATES * MOST_STATES];
    double *want = calloc(n * length, sizeof *want), *want_V = calloc(n * n * length, sizeof *want_V);
    const ssm_kalman_smooth_output out = {.alpha = want, .V = want_V};
    ssm_context *ctx = open_context();
    ssm_fixed_lag *f = NULL;
    assert_int_equal(ssm_fixed_lag_new(ctx, model, lag, NULL, &f), SSM_OK);
    for (size_t t = 0; t < length; t++) {
        assert_int_equal(ssm_fixed_lag_push(f, y + t * model->p), SSM_OK);
        const ssm_status whole = ssm_kalman_smooth(ctx, model, y, t + 1, NULL, &out);
        for (size_t back = 0; back <= lag && back <= t; back++) {
            assert_int_equal(ssm_fixed_lag_state(f, back, alpha, V), whole);
            if (whole != SSM_OK) continue;
            assert_same(alpha, want + (t - back) * n, n, tolerance);
            assert_same(V, want_V + (t - back) * n * n, n * n, tolerance);
        }
    }
    ssm_fixed_lag_free(f);
    ssm_context_free(ctx);
    free(want);
    free(want_V);
}

static void random_systems_agree_with_the_fixed_interval_smoother(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 40; seed++) {
        joint_system j;
        joint_random(&j, seed, seed % 2 == 0);
        compare_all(&j.model, j.y, j.length, seed % 9, 1e-9);
        joint_close(&j);
    }
}

/* Does V have a direction of negative variance? Elimination, as far as pivots are not rounding. */
static int is_negative(const double *V, size_t n)
{
    double W[MOST_STATES * MOST_STATES];
    memcpy(W, V, n * n * sizeof *W);
    for (size_t k = 0; k < n; k++) {
        if (W[k + k * n] < -1e-10 * V[k + k * n]) return 1;
        if (W[k + k * n] <= 1e-11 * V[k + k * n]) continue;
        for (size_t j = k + 1; j < n; j++) {
            for (size_t i = j; i < n; i++) W[i + j * n] -= W[i + k * n] * W[j + k * n] / W[k + k * n];
        }
    }
    return 0;
}

/* All states of a system after its last row; returns how many variances were refused. */
static size_t look_back(const random_system *s)
{
    const size_t n = s->n, L = s->length;
    double alpha[MOST_STATES], V[MOST_STATES * MOST_STATES];
    size_t refused = 0;
    ssm_context *ctx = open_context();
    ssm_fixed_lag *f = NULL;
    assert_int_equal(ssm_fixed_lag_new(ctx, &s->model, L, NULL, &f), SSM_OK);
    for (size_t t = 0; t < L; t++) assert_int_equal(ssm_fixed_lag_push(f, s->y + t * s->p), SSM_OK);
    for (size_t back = 0; back < L; back++) {
        alpha[0] = V[0] = 77;
        const ssm_status status = ssm_fixed_lag_state(f, back, alpha, V);
        if (status == SSM_OK) {
            assert_false(is_negative(V, n));
            continue;
        }
        assert_int_equal(status, SSM_E_NUMERIC);
        assert_true(alpha[0] == 77 && V[0] == 77);
        assert_non_null(strstr(ssm_context_message(ctx), "lost its digits"));
        assert_int_equal(ssm_fixed_lag_state(f, back, alpha, NULL), SSM_OK);
        refused++;
    }
    ssm_fixed_lag_free(f);
    ssm_context_free(ctx);
    return refused;
}

static void variances_without_digits_are_refused(void **state)
{
    (void)state;
    size_t refused = 0;
    for (unsigned seed = 1; seed <= 400; seed++) {
        random_system s;
        random_open(&s, seed);
        refused += look_back(&s);
        random_close(&s);
    }
    print_message("%zu variances refused\n", refused);
    assert_true(refused > 0);
}

static void whole_nile_agrees_with_the_reference(void **state)
{
    (void)state;
    double y[MOST_ROWS], alpha[1], V[1];
    small_model m;
    read_nile(y);
    local_level(&m, 15099, 1469.1);
    ssm_context *ctx = open_context();
    ssm_fixed_lag *f = NULL;
    assert_int_equal(ssm_fixed_lag_new(ctx, &m.model, 99, NULL, &f), SSM_OK);
    for (size_t t = 0; t < 100; t++) assert_int_equal(ssm_fixed_lag_push(f, y + t), SSM_OK);
    assert_int_equal(ssm_fixed_lag_state(f, 99, alpha, V), SSM_OK);
    assert_close(alpha[0], 1111.66831913, 1e-11);
    assert_close(V[0], 4032.15794181, 1e-11);
    ssm_fixed_lag_free(f);
    ssm_context_free(ctx);
}

/* Settled, then a gap, then settled again: the cheap path and its end. */
static void a_gap_ends_the_settled_variance(void **state)
{
    (void)state;
    enum { rows = 100, lag = 3 };
    double y[MOST_ROWS], alpha[2], V[4], want[2 * rows], want_V[4 * rows];
    small_model m;
    read_nile(y);
    y[70] = y[71] = NAN;
    local_trend(&m, 1000, 5000, 5000);
    ssm_context *ctx = open_context();
    ssm_fixed_lag *f = NULL;
    ssm_kalman_summary summary;
    assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, rows, NULL, NULL, &summary), SSM_OK);
    assert_true(summary.n_steady > 20 && summary.n_steady < rows - 20);
    assert_int_equal(ssm_fixed_lag_new(ctx, &m.model, lag, NULL, &f), SSM_OK);
    for (size_t t = 0; t < rows; t++) {
        assert_int_equal(ssm_fixed_lag_push(f, y + t), SSM_OK);
        if (t < lag) continue;
        const ssm_kalman_options never = {.steady_tolerance = -1};
        const ssm_kalman_smooth_output out = {.alpha = want, .V = want_V};
        assert_int_equal(ssm_kalman_smooth(ctx, &m.model, y, t + 1, &never, &out), SSM_OK);
        assert_int_equal(ssm_fixed_lag_state(f, lag, alpha, V), SSM_OK);
        assert_same(alpha, want + (t - lag) * 2, 2, 1e-10);
        assert_same(V, want_V + (t - lag) * 4, 4, 1e-10);
    }
    ssm_fixed_lag_free(f);
    ssm_context_free(ctx);
}

static void nothing_is_allocated_after_the_start(void **state)
{
    (void)state;
    double y[MOST_ROWS], alpha[13], V[169];
    small_model m;
    counting memory = {0};
    const ssm_allocator allocator = counting_allocator(&memory);
    ssm_context *ctx;
    ssm_fixed_lag *f = NULL;
    read_log_passengers(y);
    dummy_seasonal(&m, 1e-4, 7e-4, 1e-7, 6e-5);
    assert_int_equal(ssm_context_new(&allocator, &ctx), SSM_OK);
    assert_int_equal(ssm_fixed_lag_new(ctx, &m.model, 12, NULL, &f), SSM_OK);
    const size_t calls = memory.calls;
    for (size_t t = 0; t < 144; t++) {
        assert_int_equal(ssm_fixed_lag_push(f, y + t), SSM_OK);
        if (t >= 13) assert_int_equal(ssm_fixed_lag_state(f, 12, alpha, V), SSM_OK);
    }
    assert_int_equal(memory.calls, calls);
    ssm_fixed_lag_free(f);
    ssm_context_free(ctx);
    assert_int_equal(memory.blocks_out, 0);
}

static void wrong_calls_are_refused_and_leave_the_handle_good(void **state)
{
    (void)state;
    const double bad = INFINITY, good = 3, missing = NAN;
    double alpha[1] = {-7};
    small_model m;
    ssm_context *ctx = open_context();
    ssm_fixed_lag *f = NULL;
    local_level(&m, 1, 1);
    assert_int_equal(ssm_fixed_lag_new(ctx, NULL, 2, NULL, &f), SSM_E_ARGUMENT);
    assert_int_equal(ssm_fixed_lag_new(ctx, &m.model, SIZE_MAX, NULL, &f), SSM_E_ARGUMENT);
    assert_int_equal(ssm_fixed_lag_new(ctx, &m.model, SIZE_MAX / 64, NULL, &f), SSM_E_MEMORY);
    assert_int_equal(ssm_fixed_lag_new(ctx, &m.model, 2, NULL, &f), SSM_OK);
    assert_int_equal(ssm_fixed_lag_state(f, 0, alpha, NULL), SSM_E_STATE);
    assert_int_equal(ssm_fixed_lag_push(f, &bad), SSM_E_DATA);
    assert_int_equal(ssm_fixed_lag_push(f, &missing), SSM_OK);
    assert_int_equal(ssm_fixed_lag_state(f, 0, alpha, NULL), SSM_E_DATA); /* still diffuse */
    assert_int_equal(ssm_fixed_lag_push(f, &good), SSM_OK);
    assert_int_equal(ssm_fixed_lag_state(f, 3, alpha, NULL), SSM_E_ARGUMENT);
    assert_int_equal(ssm_fixed_lag_state(f, 2, alpha, NULL), SSM_E_STATE);
    assert_true(alpha[0] == -7);
    assert_int_equal(ssm_fixed_lag_state(f, 1, alpha, NULL), SSM_OK);
    assert_close(alpha[0], 3, 1e-15);
    ssm_fixed_lag_free(f);
    ssm_fixed_lag_free(NULL);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_systems_agree_with_the_fixed_interval_smoother),
        cmocka_unit_test(variances_without_digits_are_refused),
        cmocka_unit_test(whole_nile_agrees_with_the_reference),
        cmocka_unit_test(a_gap_ends_the_settled_variance),
        cmocka_unit_test(nothing_is_allocated_after_the_start),
        cmocka_unit_test(wrong_calls_are_refused_and_leave_the_handle_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
