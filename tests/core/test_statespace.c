/* Checks, simulation and stationary state of a state-space model. */
#include "core/fixture.h"

#include "core/dense.h"
#include "core/statespace.h"

/* A model of two states and one observation that varies in time over four steps. */
typedef struct example {
    double Z[2], H[4], T[4], R[4], Q[16], P1[4], a1[2];
    ssm_statespace model;
} example;

static example make_example(void)
{
    example e = {.Z = {1, 0},
                 .H = {1, 2, 3, 4},
                 .T = {0.9, 0.1, -0.2, 0.7},
                 .R = {1, 0, 0.5, 1},
                 .Q = {2, 1, 1, 2, 1, 0, 0, 1, 1, 1, 1, 1, 3, 0, 0, 0},
                 .P1 = {1, 0.5, 0.5, 1},
                 .a1 = {3, -1}};
    e.model = (ssm_statespace){.n = 2, .p = 1, .r = 2};
    return e;
}

/* Points the model at the arrays of e, where e has come to rest. */
static const ssm_statespace *model_of(example *e)
{
    ssm_statespace *m = &e->model;
    m->Z = (ssm_system_matrix){e->Z, 0};
    m->H = (ssm_system_matrix){e->H, 1};
    m->T = (ssm_system_matrix){e->T, 0};
    m->R = (ssm_system_matrix){e->R, 0};
    m->Q = (ssm_system_matrix){e->Q, 4};
    m->P1 = e->P1;
    m->a1 = e->a1;
    return m;
}

static void a_sound_model_passes(void **state)
{
    fixture *f = *state;
    example e = make_example();
    assert_int_equal(ssm_statespace_check(f->ctx, model_of(&e), 4), SSM_OK);
}

static void a_wrong_value_is_named_by_matrix_time_and_entry(void **state)
{
    fixture *f = *state;
    const struct {
        size_t offset;
        double value;
        const char *message;
    } cases[] = {
        {offsetof(example, T) + 2 * sizeof(double), NAN, "matrix \"T\", entry (0, 1), is not finite"},
        {offsetof(example, H) + 3 * sizeof(double), -1,
         "matrix \"H\" at time 3, entry (0, 0), is a negative variance"},
        {offsetof(example, Q) + 6 * sizeof(double), 0.3,
         "matrix \"Q\" at time 1, entry (1, 0), differs from its mirror image"},
        {offsetof(example, Q) + 8 * sizeof(double), 0.3,
         "matrix \"Q\" at time 2, entry (1, 0), exceeds what its variances allow"},
        {offsetof(example, a1), INFINITY, "matrix \"a1\", entry (0, 0), is not finite"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        example e = make_example();
        memcpy((char *)&e + cases[i].offset, &cases[i].value, sizeof(double));
        assert_int_equal(ssm_statespace_check(f->ctx, model_of(&e), 4), SSM_E_DATA);
        assert_string_equal(ssm_context_message(f->ctx), cases[i].message);
    }
}

static void values_after_the_last_step_are_not_looked_at(void **state)
{
    fixture *f = *state;
    example e = make_example();
    e.H[3] = NAN;
    assert_int_equal(ssm_statespace_check(f->ctx, model_of(&e), 3), SSM_OK);
    assert_int_equal(ssm_statespace_check(f->ctx, model_of(&e), 4), SSM_E_DATA);
}

static void an_indefinite_matrix_with_sound_pairs_is_found(void **state)
{
    fixture *f = *state;
    /* three correlations of -0.9 cannot be; each pair alone could */
    const double I[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, S[9] = {1, -.9, -.9, -.9, 1, -.9, -.9, -.9, 1};
    const ssm_statespace m = {.n = 3, .p = 1, .r = 3, .Z = {I, 0}, .T = {I, 0}, .Q = {S, 0}};
    assert_int_equal(ssm_statespace_check(f->ctx, &m, 1), SSM_E_DATA);
    assert_string_equal(ssm_context_message(f->ctx), "matrix \"Q\" is not non-negative definite");
}

static void definiteness_is_judged_relative_to_scale(void **state)
{
    fixture *f = *state;
    const double I[4] = {1, 0, 0, 1};
    const double rounding[4] = {1e12, 1, 1 + 1e-12,
                                1e-12 * (1 - 1e-12)}; /* singular up to rounding: accepted */
    const double wrong[4] = {1e12, 0, 0, -1e-12};     /* small beside 1e12, but negative */
    ssm_statespace m = {.n = 2, .p = 1, .r = 2, .Z = {I, 0}, .T = {I, 0}, .Q = {rounding, 0}};
    assert_int_equal(ssm_statespace_check(f->ctx, &m, 1), SSM_OK);
    m.Q.data = wrong;
    assert_int_equal(ssm_statespace_check(f->ctx, &m, 1), SSM_E_DATA);
}

static void impossible_layouts_are_refused(void **state)
{
    fixture *f = *state;
    example e = make_example();
    const ssm_statespace good = *model_of(&e);
    ssm_statespace bad[7];
    for (size_t i = 0; i < 7; i++) bad[i] = good;
    bad[0].n = 0;
    bad[1].p = 0;
    bad[2].r = 3;
    bad[3].Z.data = NULL;
    bad[4].Q.data = NULL;
    bad[5].Q.stride = 3;
    bad[6].r = 1, bad[6].R.data = NULL;
    for (size_t i = 0; i < 7; i++) assert_int_equal(ssm_statespace_check(f->ctx, &bad[i], 4), SSM_E_ARGUMENT);
}

static void without_noise_the_path_is_the_deterministic_one(void **state)
{
    fixture *f = *state;
    const double Z[2] = {1, 2}, T[4] = {0.5, 0.25, 0, 1}, c[2] = {1, 0}, d[3] = {10, 20, 30}, a1[2] = {4, 8};
    const ssm_statespace m = {
        .n = 2, .p = 1, .r = 0, .Z = {Z, 0}, .T = {T, 0}, .R = {Z, 0}, .c = {c, 0}, .d = {d, 1}, .a1 = a1};
    const double expected[6] = {4, 8, 3, 9, 2.5, 9.75};
    double y[3], alpha[6] = {0};
    assert_int_equal(ssm_statespace_simulate(f->ctx, &m, 3, 1, y, alpha), SSM_OK);
    assert_close(alpha, expected, 6, 0);
    for (size_t t = 0; t < 3; t++) assert_true(y[t] == d[t] + alpha[2 * t] + 2 * alpha[2 * t + 1]);
}

static void equal_seed_and_stream_give_equal_paths_and_others_do_not(void **state)
{
    fixture *f = *state;
    example e = make_example();
    double first[4], again[4], other[4];
    assert_int_equal(ssm_statespace_simulate(f->ctx, model_of(&e), 4, 3, first, NULL), SSM_OK);
    assert_int_equal(ssm_statespace_simulate(f->ctx, model_of(&e), 4, 3, again, NULL), SSM_OK);
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(ssm_statespace_simulate(f->ctx, model_of(&e), 4, 4, other, NULL), SSM_OK);
    assert_memory_not_equal(first, other, sizeof first);
    ssm_context_set_seed(f->ctx, 99);
    assert_int_equal(ssm_statespace_simulate(f->ctx, model_of(&e), 4, 3, other, NULL), SSM_OK);
    assert_memory_not_equal(first, other, sizeof first);
}

static void simulated_moments_are_those_of_the_model(void **state)
{
    fixture *f = *state;
    enum { STEPS = 200000 };
    example e = make_example();
    double P[4], mean[2], sum[2] = {0}, square[4] = {0}, c[2] = {0.4, -0.3};
    ssm_statespace m = *model_of(&e);
    m.H.stride = m.Q.stride = 0;
    m.c.data = c;
    assert_int_equal(ssm_statespace_stationary(f->ctx, &m, mean, P), SSM_OK);
    m.a1 = mean, m.P1 = P;
    double *y = zeros(f, STEPS), *alpha = zeros(f, 2 * STEPS), noise = 0;
    assert_int_equal(ssm_statespace_simulate(f->ctx, &m, STEPS, 1, y, alpha), SSM_OK);
    for (size_t t = 0; t < STEPS; t++) {
        const double x[2] = {alpha[2 * t] - mean[0], alpha[2 * t + 1] - mean[1]};
        for (size_t i = 0; i < 2; i++) sum[i] += x[i] / STEPS;
        for (size_t i = 0; i < 4; i++) square[i] += x[i % 2] * x[i / 2] / STEPS;
        noise += (y[t] - alpha[2 * t]) * (y[t] - alpha[2 * t]) / STEPS;
    }
    /* about ten correlated steps make one independent draw: standard errors are 0.01 of a deviation */
    assert_close(sum, (double[]){0, 0}, 2, 0.05 * sqrt(P[0]));
    assert_close(square, P, 4, 0.05);
    assert_true(fabs(noise - 1) < 0.02);
}

static void a_singular_start_is_drawn_from_its_range(void **state)
{
    fixture *f = *state;
    const double I[4] = {1, 0, 0, 1}, P1[4] = {4, 2, 2, 1};
    const ssm_statespace m = {.n = 2, .p = 1, .r = 0, .Z = {I, 0}, .T = {I, 0}, .R = {I, 0}, .P1 = P1};
    for (uint64_t stream = 0; stream < 20; stream++) {
        double y, alpha[2];
        assert_int_equal(ssm_statespace_simulate(f->ctx, &m, 1, stream, &y, alpha), SSM_OK);
        assert_true(alpha[0] != 0 && fabs(alpha[0] - 2 * alpha[1]) < 1e-14);
    }
}

static void an_explosive_path_is_an_error_and_leaves_the_output_alone(void **state)
{
    fixture *f = *state;
    const double T = 1e10, one = 1;
    const ssm_statespace m = {.n = 1, .p = 1, .r = 1, .Z = {&one, 0}, .T = {&T, 0}, .Q = {&one, 0}};
    double y[100] = {7};
    assert_int_equal(ssm_statespace_simulate(f->ctx, &m, 100, 1, y, NULL), SSM_E_NUMERIC);
    assert_true(y[0] == 7);
}

static void the_steady_state_of_a_model_is_that_of_its_equations(void **state)
{
    fixture *f = *state;
    example e = make_example();
    ssm_statespace m = *model_of(&e);
    double P[4], K[2], F, radius = 0;
    assert_int_equal(ssm_statespace_steady_state(f->ctx, &m, P, K, &F), SSM_E_ARGUMENT);
    m.H.stride = m.Q.stride = 0;
    assert_int_equal(ssm_statespace_steady_state(f->ctx, &m, P, K, &F), SSM_OK);
    assert_true(F == P[0] + 1);
    assert_true(fabs(K[0] - (0.9 * P[0] - 0.2 * P[1]) / F) < 1e-14);
    assert_int_equal(ssm_statespace_spectral_radius(f->ctx, &m, 0, &radius), SSM_OK);
    assert_true(fabs(radius - sqrt(0.65)) < 1e-14); /* complex pair: determinant 0.65 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sound_model_passes),
        TEST(a_wrong_value_is_named_by_matrix_time_and_entry),
        TEST(values_after_the_last_step_are_not_looked_at),
        TEST(an_indefinite_matrix_with_sound_pairs_is_found),
        TEST(definiteness_is_judged_relative_to_scale),
        TEST(impossible_layouts_are_refused),
        TEST(without_noise_the_path_is_the_deterministic_one),
        TEST(equal_seed_and_stream_give_equal_paths_and_others_do_not),
        TEST(simulated_moments_are_those_of_the_model),
        TEST(a_singular_start_is_drawn_from_its_range),
        TEST(an_explosive_path_is_an_error_and_leaves_the_output_alone),
        TEST(the_steady_state_of_a_model_is_that_of_its_equations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
