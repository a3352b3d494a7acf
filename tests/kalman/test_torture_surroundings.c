/* Numeric torture by what surrounds the filter: counters that wrap, lengths of time, the state in which the
 * caller has left the floating-point unit. Numbers of cases are those of the project's list of numeric
 * faults.
 */
#include "kalman/kf.h"
#include "kalman/torture.h"

#include <fenv.h>
#include <float.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

typedef struct level {
    float one, q, h, memory[SSM_KF_REALS(1, 1, 1)];
    ssmi_kf_model_f32 model;
    ssmi_kf_f32 kf;
} level;

static void open_level(level *f)
{
    *f = (level){.one = 1, .q = 0.25F, .h = 1};
    f->model = (ssmi_kf_model_f32){
        .n = 1, .p = 1, .r = 1, .T = &f->one, .G = &f->one, .q = &f->q, .Zt = &f->one, .h = &f->h};
    assert_int_equal(ssmi_kf_init_f32(&f->kf, &f->model, f->memory, SSM_KF_REALS(1, 1, 1)), SSM_KF_OK);
    assert_int_equal(ssmi_kf_prior_diagonal_f32(&f->kf, NULL, &(float){4}), SSM_KF_OK);
}

/* ---- counters ---- */

/* 42: the number of steps starts again at 0, in a saved state as well, and no other bit knows of it. */
static void a_counter_of_steps_that_wraps_changes_nothing_else(void **state)
{
    (void)state;
    uint8_t saved[SSM_KF_SAVED_BYTES(1, sizeof(float))];
    level a, b;
    open_level(&a);
    open_level(&b);
    a.kf.steps = UINT32_MAX - 9;
    for (int t = 0; t < 20; t++) {
        const float y = (float)(t % 7);
        assert_int_equal(ssmi_kf_update_sensor_f32(&a.kf, 0, y, NULL), SSM_KF_OK);
        assert_int_equal(ssmi_kf_update_sensor_f32(&b.kf, 0, y, NULL), SSM_KF_OK);
        assert_int_equal(ssmi_kf_predict_f32(&a.kf, NULL), SSM_KF_OK);
        assert_int_equal(ssmi_kf_predict_f32(&b.kf, NULL), SSM_KF_OK);
        assert_true(a.kf.x[0] == b.kf.x[0] && a.kf.D[0] == b.kf.D[0]);
        assert_int_equal(ssmi_kf_save_f32(&a.kf, saved, sizeof saved), SSM_KF_OK);
        assert_int_equal(ssmi_kf_load_f32(&a.kf, saved, sizeof saved), SSM_KF_OK);
    }
    assert_int_equal(a.kf.steps, 10);
}

/* The number of outliers in a row stops at its end: starting again at 0, it would ask for patience again. */
static void a_counter_of_outliers_stops_at_its_end(void **state)
{
    (void)state;
    level f;
    open_level(&f);
    f.kf.gate = 9;
    f.kf.refused = UINT32_MAX - 1;
    for (int t = 0; t < 3; t++)
        assert_int_equal(ssmi_kf_update_sensor_f32(&f.kf, 0, 1e6F, NULL), SSM_KF_GATED);
    assert_int_equal(f.kf.refused, UINT32_MAX);
    f.kf.patience = UINT32_MAX;
    assert_int_equal(ssmi_kf_update_sensor_f32(&f.kf, 0, 1e6F, NULL), SSM_KF_REACQUIRED);
}

/* ---- lengths of time ---- */

/* 43: after thirty years a state that decays has its stationary variance, one that does not has a variance
 * within the limits, and the filter goes on. Steps are lengths, so that no stamp is ever held in a float,
 * where stamps of today in seconds are multiples of 128. */
static void a_step_of_thirty_years_leaves_finite_numbers(void **state)
{
    (void)state;
    const float decay[4] = {-1, 0, 0, -2}, drift[4] = {0, 0, 1, 0}, Qc[4] = {1, 0, 0, 1};
    float T[4], G[4], q[2], work[SSM_KF_DISCRETISE_REALS(2)], z[2] = {1, 0}, h = 1,
                                                              memory[SSM_KF_REALS(2, 1, 2)];
    assert_int_equal(ssmi_kf_discretise_f32(decay, Qc, 1e9F, 2, T, G, q, work), SSM_KF_OK);
    for (size_t i = 0; i < 4; i++) assert_true(T[i] == 0);
    assert_close((double)q[0], 0.5, 1e-6); /* q / (2 |a|) */
    assert_close((double)q[1], 0.25, 1e-6);
    assert_int_equal(ssmi_kf_discretise_f32(drift, Qc, 1e9F, 2, T, G, q, work), SSM_KF_OK);
    const ssmi_kf_model_f32 m = {.n = 2, .p = 1, .r = 2, .T = T, .G = G, .q = q, .Zt = z, .h = &h};
    ssmi_kf_f32 f;
    assert_int_equal(ssmi_kf_init_f32(&f, &m, memory, SSM_KF_REALS(2, 1, 2)), SSM_KF_OK);
    assert_int_equal(ssmi_kf_prior_diagonal_f32(&f, NULL, (float[]){1, 1}), SSM_KF_OK);
    assert_int_equal(ssmi_kf_predict_f32(&f, NULL), SSM_KF_OK);
    assert_int_equal(ssmi_kf_update_sensor_f32(&f, 0, 5, NULL), SSM_KF_OK);
    assert_close((double)f.x[0], 5.0, 1e-6);
    assert_true(f.D[0] >= 0 && f.D[1] > 0 && f.D[1] <= FLT_MAX);
}

/* ---- the floating-point unit ---- */

enum { ROWS = 144, STATES = 13 };

typedef struct path {
    double loglik, a[(ROWS + 1) * STATES];
} path;

static void run_seasonal(path *out, const double *y, ssm_kalman_form form)
{
    small_model m;
    dummy_seasonal(&m, 2e-4, 5e-4, 1e-6, 5e-5);
    out->loglik = torture_run(&m.model, y, ROWS, form, &(ssm_kalman_output){.a = out->a}).loglik;
}

static void compare_paths(const path *found, const path *expected, double tolerance)
{
    assert_close(found->loglik, expected->loglik, tolerance);
    for (size_t k = STATES * STATES; k < (ROWS + 1) * STATES; k++)
        assert_true(fabs(found->a[k] - expected->a[k]) <= tolerance * (1 + fabs(expected->a[k])));
}

/* 44: results move by rounding, which the system magnifies a thousandfold, and variances stay variances. */
static void rounding_in_another_direction_moves_the_last_digits(void **state)
{
    (void)state;
    static const int direction[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    static path nearest, other;
    double y[MOST_ROWS];
    assert_int_equal(read_log_passengers(y), ROWS);
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        run_seasonal(&nearest, y, torture_forms[i]);
        for (size_t k = 0; k < sizeof direction / sizeof *direction; k++) {
            assert_int_equal(fesetround(direction[k]), 0);
            run_seasonal(&other, y, torture_forms[i]);
            assert_int_equal(fegetround(), direction[k]); /* the library leaves it alone */
            assert_int_equal(fesetround(FE_TONEAREST), 0);
            compare_paths(&other, &nearest, 1e-10);
        }
    }
}

/* Steps of the filter for control code on a level, variances from 1e-30 up; returns how many were not. */
static size_t run_small(level *f)
{
    size_t bad = 0;
    open_level(f);
    f->q = 1e-36F;
    f->h = 1e-30F;
    assert_int_equal(ssmi_kf_prior_diagonal_f32(&f->kf, NULL, &(float){1e-20F}), SSM_KF_OK);
    for (int t = 0; t < 10000; t++) {
        ssmi_kf_update_sensor_f32(&f->kf, 0, 1e-15F * (float)(t % 3), NULL);
        ssmi_kf_predict_f32(&f->kf, NULL);
        bad += !(f->kf.D[0] > 0 && f->kf.D[0] < 1) || !(fabsf(f->kf.x[0]) < 1e-14F);
    }
    return bad;
}

static void control_code_keeps_its_variances_in_any_direction(void **state)
{
    (void)state;
    static const int direction[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (size_t k = 0; k < sizeof direction / sizeof *direction; k++) {
        level f;
        assert_int_equal(fesetround(direction[k]), 0);
        const size_t bad = run_small(&f);
        assert_int_equal(fesetround(FE_TONEAREST), 0);
        assert_int_equal(bad, 0);
    }
}

/* Numbers too small to be normal become zero, as on processors that have no others. Where none occur, no bit
 * changes; where they would, variances stay above zero. */
static void flushing_small_numbers_to_zero_does_no_harm(void **state)
{
#if defined(__SSE__)
    const unsigned flush = 0x8040; /* of results and of operands */
    const unsigned before = _mm_getcsr();
    static path plain, flushed;
    double y[MOST_ROWS];
    level f;
    (void)state;
    assert_int_equal(read_log_passengers(y), ROWS);
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        run_seasonal(&plain, y, torture_forms[i]);
        _mm_setcsr(before | flush);
        run_seasonal(&flushed, y, torture_forms[i]);
        _mm_setcsr(before);
        assert_memory_equal(&plain, &flushed, sizeof plain);
    }
    _mm_setcsr(before | flush);
    const size_t bad = run_small(&f);
    _mm_setcsr(before);
    assert_int_equal(bad, 0);
#else
    (void)state;
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_of_steps_that_wraps_changes_nothing_else),
        cmocka_unit_test(a_counter_of_outliers_stops_at_its_end),
        cmocka_unit_test(a_step_of_thirty_years_leaves_finite_numbers),
        cmocka_unit_test(rounding_in_another_direction_moves_the_last_digits),
        cmocka_unit_test(control_code_keeps_its_variances_in_any_direction),
        cmocka_unit_test(flushing_small_numbers_to_zero_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
