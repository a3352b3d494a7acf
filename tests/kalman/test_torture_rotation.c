/* Numeric torture, case 22 of the project's list of numeric faults: T is a rotation, ten million steps of the
 * filter for control code in single precision.
 *
 * A pair of numbers in single precision is no cosine and sine: c^2 + s^2 - 1 is 5e-8 for 0.6 and 0.8, which
 * ten million products turn into a factor of 1.27, in exact arithmetic too. So the drift of the filter is
 * shown on pairs whose c^2 + s^2 is 1 within 1e-12, found by search, and for the others against the power of
 * the very same matrix in double. What then is left is rounding: the norm moves by 2.5e-5 at most for six
 * such pairs and four starts each, as a random walk of 1e7 steps of 6e-8 / sqrt(12) would (5e-5).
 *
 * What does not hold: for turns of less than about 0.01 the rounding is no random walk, because c x is x less
 * a few units in its last place, always rounded the same way: c = 1 - 2^-23, s = 2^-11 loses 0.047. The
 * angle, which nothing holds in place, is off by up to 2.4e-3. Variances of a rotation without shocks move by
 * up to 5e-3; with shocks and observations nothing moves. */
#include "cases.h"
#include "kalman/kf.h"

enum { STEPS = 10000000, LOOK = 64 };

typedef struct turn {
    float T[4], G[4], q[2], z[2], h, memory[SSM_KF_REALS(2, 1, 2)];
    ssmi_kf_model_f32 model;
    ssmi_kf_f32 kf;
    double exact[2]; /* the power of T in double, from the same start */
} turn;

static void open_turn(turn *f, float c, float s, double angle, float q)
{
    *f = (turn){.T = {c, s, -s, c}, .G = {1, 0, 0, 1}, .q = {q, q}, .z = {1, 0}, .h = 1};
    f->model = (ssmi_kf_model_f32){
        .n = 2, .p = 1, .r = q > 0 ? 2 : 0, .T = f->T, .G = f->G, .q = f->q, .Zt = f->z, .h = &f->h};
    const float x[2] = {(float)cos(angle), (float)sin(angle)}, P[2] = {4, 9};
    assert_int_equal(ssmi_kf_init_f32(&f->kf, &f->model, f->memory, SSM_KF_REALS(2, 1, 2)), SSM_KF_OK);
    assert_int_equal(ssmi_kf_prior_diagonal_f32(&f->kf, x, P), SSM_KF_OK);
    for (size_t i = 0; i < 2; i++) f->exact[i] = (double)x[i];
}

static void move(turn *f)
{
    const double c = (double)f->T[0], s = (double)f->T[1], x = f->exact[0], y = f->exact[1];
    f->exact[0] = c * x - s * y;
    f->exact[1] = s * x + c * y;
    if (ssmi_kf_predict_f32(&f->kf, NULL) != SSM_KF_OK) fail_msg("a rotation has diverged");
}

static double length_of(const turn *f)
{
    return hypot((double)f->kf.x[0], (double)f->kf.x[1]);
}

static double variance_of(const turn *f)
{
    float P[4];
    ssmi_kf_covariance_f32(&f->kf, P);
    assert_true(P[0] > 0 && P[3] > 0);
    return (double)P[0] + (double)P[3];
}

typedef struct drift {
    double length, exact, variance; /* largest relative change; of the length, against the exact power */
} drift;

static drift run(turn *f, int observed)
{
    drift out = {0, 0, 0};
    const double length = length_of(f), variance = variance_of(f);
    for (int t = 1; t <= STEPS; t++) {
        if (observed) ssmi_kf_update_sensor_f32(&f->kf, 0, (float)f->exact[0], NULL);
        move(f);
        if (t % LOOK != 0) continue;
        out.length = fmax(out.length, fabs(length_of(f) / length - 1));
        out.exact = fmax(out.exact, fabs(length_of(f) / hypot(f->exact[0], f->exact[1]) - 1));
        out.variance = fmax(out.variance, fabs(variance_of(f) / variance - 1));
    }
    print_message("%.9g, %.9g%s: norm %.2g, against the exact power %.2g, variance %.2g\n", (double)f->T[0],
                  (double)f->T[1], observed ? " observed" : "", out.length, out.exact, out.variance);
    return out;
}

static const float unit_pair[][2] = {
    {0.998172522F, 0.0604286119F}, {0.943590164F, 0.331115693F}, {0.718728125F, 0.695291221F}};
enum { PAIRS = sizeof unit_pair / sizeof *unit_pair };

static void a_free_rotation_keeps_its_norm(void **state)
{
    (void)state;
    for (size_t k = 0; k < PAIRS; k++) {
        const double c = (double)unit_pair[k][0], s = (double)unit_pair[k][1];
        turn f;
        assert_true(fabs(c * c + s * s - 1) < 1e-12);
        open_turn(&f, unit_pair[k][0], unit_pair[k][1], 0.3 + 1.1 * (double)k, 0);
        const drift d = run(&f, 0);
        assert_true(d.length < 1e-4 && d.exact < 1e-4);
        assert_true(d.variance < 1e-2);
    }
}

/* 0.6 and 0.8: what grows is the power of the matrix itself, by 1.27. While numbers grow, the rounding of
 * their products with two fixed ones does not quite cancel: 2.8e-10 a step is left. */
static void a_matrix_that_is_no_rotation_grows_as_its_exact_power(void **state)
{
    (void)state;
    turn f;
    open_turn(&f, 0.6F, 0.8F, 0.1, 0);
    const drift d = run(&f, 0);
    assert_true(d.length > 0.2);
    assert_true(d.exact < 5e-3);
}

/* Observed, the state stays where the exact rotation is. */
static void an_observed_rotation_stays_with_the_exact_one(void **state)
{
    (void)state;
    turn f;
    open_turn(&f, unit_pair[1][0], unit_pair[1][1], 0.3, 0x1p-10F);
    assert_true(run(&f, 1).length < 1e-5);
    const double apart = hypot((double)f.kf.x[0] - f.exact[0], (double)f.kf.x[1] - f.exact[1]);
    print_message("apart from the exact rotation at the end: %.2g\n", apart);
    assert_true(apart < 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_rotation_keeps_its_norm),
        cmocka_unit_test(a_matrix_that_is_no_rotation_grows_as_its_exact_power),
        cmocka_unit_test(an_observed_rotation_stays_with_the_exact_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
