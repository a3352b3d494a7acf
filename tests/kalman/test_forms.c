/* Every form of the filter against every other, all outputs, on random systems of every kind. Against the
 * univariate form, which test_oracle.c holds against brute force. */
#include "kalman/random_system.h"

static const ssm_kalman_form exact[] = {SSM_KALMAN_UNIVARIATE, SSM_KALMAN_MULTIVARIATE,
                                        SSM_KALMAN_SQUARE_ROOT, SSM_KALMAN_UD, SSM_KALMAN_PARALLEL};
enum { n_exact = sizeof exact / sizeof *exact };

typedef struct result {
    ssm_kalman_output out;
    ssm_kalman_summary summary;
    double *numbers;
} result;

static void run(result *x, const ssm_statespace *m, const double *y, size_t length,
                ssm_kalman_options options)
{
    const size_t n = m->n, p = m->p, L = length + 1;
    ssm_context *ctx = open_context();
    double *next = x->numbers = calloc(L * (4 * n * n + 2 * n + 3 * p + n * p), sizeof(double));
    const struct {
        double **place;
        size_t count;
    } arrays[] = {{&x->out.a, n},          {&x->out.P, n * n}, {&x->out.Pinf, n * n},
                  {&x->out.a_filtered, n}, {&x->out.v, p},     {&x->out.F, p},
                  {&x->out.Finf, p},       {&x->out.K, n * p}, {&x->out.P_filtered, n * n}};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        *arrays[k].place = next;
        next += arrays[k].count * L;
    }
    if (ssm_kalman_filter(ctx, m, y, length, &options, &x->out, &x->summary) != SSM_OK)
        fail_msg("form %s: %s", ssm_kalman_form_name(options.form), ssm_context_message(ctx));
    ssm_context_free(ctx);
}

/* Largest difference of two lists, relative to the largest element; missing values in the same places. */
static double apart(const double *x, const double *y, size_t count)
{
    double off = 0.0, size = 0.0;
    for (size_t k = 0; k < count; k++) {
        assert_int_equal(isnan(x[k]) != 0, isnan(y[k]) != 0);
        if (isnan(x[k])) continue;
        off = fmax(off, fabs(x[k] - y[k]));
        size = fmax(size, fabs(x[k]));
    }
    return off > 0.0 ? off / size : 0.0;
}

/* The largest of all rows, each relative to its own size. */
static double rows_apart(const double *x, const double *y, size_t width, size_t rows)
{
    double off = 0.0;
    for (size_t t = 0; t < rows; t++) off = fmax(off, apart(x + t * width, y + t * width, width));
    return off;
}

static double results_apart(const result *x, const result *y, size_t n, size_t p, size_t length)
{
    const ssm_kalman_output *a = &x->out, *b = &y->out;
    double off = fabs(x->summary.loglik / y->summary.loglik - 1.0);
    off = fmax(off, apart(a->a, b->a, n * (length + 1)));
    off = fmax(off, apart(a->a_filtered, b->a_filtered, n * length));
    off = fmax(off, rows_apart(a->P, b->P, n * n, length + 1));
    off = fmax(off, rows_apart(a->P_filtered, b->P_filtered, n * n, length));
    off = fmax(off, apart(a->Pinf, b->Pinf, n * n * (length + 1)));
    off = fmax(off, apart(a->v, b->v, p * length));
    off = fmax(off, rows_apart(a->F, b->F, p, length));
    off = fmax(off, rows_apart(a->Finf, b->Finf, p, length));
    return fmax(off, rows_apart(a->K, b->K, n * p, length));
}

static void check_counts(const ssm_kalman_summary *x, const ssm_kalman_summary *y)
{
    assert_int_equal(x->n_observed, y->n_observed);
    assert_int_equal(x->n_missing, y->n_missing);
    assert_int_equal(x->n_diffuse, y->n_diffuse);
    assert_int_equal(x->n_diffuse_left, y->n_diffuse_left);
    assert_int_equal(x->n_certain, y->n_certain);
}

static void all_forms_agree_on_random_systems(void **state)
{
    (void)state;
    double worst[n_exact] = {0};
    for (unsigned seed = 1; seed <= 200; seed++) {
        random_system s;
        result x[n_exact];
        random_open(&s, seed);
        for (size_t k = 0; k < n_exact; k++) {
            run(x + k, &s.model, s.y, s.length, (ssm_kalman_options){.form = exact[k]});
            check_counts(&x[k].summary, &x[0].summary);
            for (size_t l = 0; l < k; l++) {
                const double off = results_apart(x + l, x + k, s.n, s.p, s.length);
                worst[k] = fmax(worst[k], off);
                if (!(off <= 1e-9))
                    fail_msg("seed %u: n %zu, p %zu: %s and %s are %.2g apart", seed, s.n, s.p,
                             ssm_kalman_form_name(exact[l]), ssm_kalman_form_name(exact[k]), off);
            }
        }
        for (size_t k = 0; k < n_exact; k++) free(x[k].numbers);
        random_close(&s);
    }
    for (size_t k = 1; k < n_exact; k++)
        print_message("%s: at most %.1e from the others before it\n", ssm_kalman_form_name(exact[k]),
                      worst[k]);
}

/* All exact forms give what the univariate one gives; how many rows the form of that place left to it. */
static void compare_exact(const ssm_statespace *m, const double *y, size_t length, size_t fallback[n_exact])
{
    result x[n_exact];
    for (size_t k = 0; k < n_exact; k++) {
        run(x + k, m, y, length, (ssm_kalman_options){.form = exact[k]});
        check_counts(&x[k].summary, &x[0].summary);
        const double off = results_apart(x, x + k, m->n, m->p, length);
        if (!(off <= 1e-9)) fail_msg("%s is %.2g apart", ssm_kalman_form_name(exact[k]), off);
        fallback[k] = x[k].summary.n_fallback;
    }
    for (size_t k = 0; k < n_exact; k++) free(x[k].numbers);
}

static void rows_diffuse_in_part_are_left_to_the_univariate_form(void **state)
{
    (void)state;
    const double Z[6] = {1, 2, -1, 0, 0, 0}, T[4] = {1, 0, 1, 1}, Q[4] = {0.3, 0, 0, 0.1};
    const double H[9] = {1, 0.2, 0.1, 0.2, 2, 0.3, 0.1, 0.3, 1}, P1inf[4] = {1, 0, 0, 1};
    const double y[12] = {1, 2.2, -0.7, 1.5, 2.9, NAN, 1.9, 4.5, -2, 2, NAN, NAN};
    const ssm_statespace m = {
        .n = 2, .p = 3, .r = 2, .Z = {Z, 0}, .H = {H, 0}, .T = {T, 0}, .Q = {Q, 0}, .P1inf = P1inf};
    size_t fallback[n_exact];
    compare_exact(&m, y, 4, fallback);
    assert_int_equal(fallback[0], 0);
    assert_int_equal(fallback[1], 2); /* one direction in the first row of three, one in the second of two */
    assert_int_equal(fallback[2], 0);
}

static void singular_innovation_variances_are_left_to_the_univariate_form(void **state)
{
    (void)state;
    const double Z[4] = {1, 2, 1, 2}, T[4] = {0.5, 0.1, 0.2, 0.7}, Q[4] = {1, 0, 0, 1};
    const double P1[4] = {1, 0, 0, 1}, y[8] = {1, 2, 0.5, 1, NAN, 3, 0.1, 0.2};
    const ssm_statespace m = {
        .n = 2, .p = 2, .r = 2, .Z = {Z, 0}, .T = {T, 0}, .Q = {Q, 0}, .P1 = P1}; /* y2 = 2 y1, exactly */
    size_t fallback[n_exact];
    compare_exact(&m, y, 4, fallback);
    assert_int_equal(fallback[1], 3);
}

static void observations_without_any_variance_are_run_through_in_sequence(void **state)
{
    (void)state;
    small_model m;
    double y[60];
    size_t fallback[n_exact];
    open_model(&m, 1, 0.0);
    m.Z[0] = 1.0;
    m.T[0] = 0.5;
    for (size_t t = 0; t < 60; t++) y[t] = t == 0 ? 1.0 : 0.5 * y[t - 1];
    compare_exact(&m.model, y, 60, fallback); /* no errors and no shocks: certain after the first row */
    assert_int_equal(fallback[4], 60);
}

static void every_form_settles_without_changing_the_likelihood(void **state)
{
    (void)state;
    double y[600];
    small_model m;
    uint32_t noise = 1;
    trigonometric_seasonal(&m, 1.0, 0.3, 0.01, 0.02);
    for (size_t t = 0; t < 600; t++) {
        noise = noise * 1664525u + 1013904223u;
        y[t] = (double)noise / 4294967296.0 * 5.0;
    }
    for (size_t k = 0; k < 4; k++) {
        result fast, full;
        run(&fast, &m.model, y, 600, (ssm_kalman_options){.form = exact[k]});
        run(&full, &m.model, y, 600, (ssm_kalman_options){.form = exact[k], .steady_tolerance = -1.0});
        assert_true(fast.summary.n_steady > 150);
        assert_int_equal(full.summary.n_steady, 0);
        assert_close(fast.summary.loglik, full.summary.loglik, 1e-12);
        free(fast.numbers);
        free(full.numbers);
    }
}

static void marginal_likelihood_agrees_with_kfas_in_every_form(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    small_model level, trend, seasonal;
    ssm_context *ctx = open_context();
    ssm_kalman_summary s;
    local_level(&level, 15099, 1469.1);
    local_trend(&trend, 15099, 1469.1, 10);
    dummy_seasonal(&seasonal, 1e-4, 7e-4, 1e-7, 6e-5);
    for (size_t k = 0; k < n_exact; k++) {
        const ssm_kalman_options options = {.form = exact[k], .convention = SSM_LOGLIK_MARGINAL};
        read_nile(y);
        assert_int_equal(ssm_kalman_filter(ctx, &level.model, y, 100, &options, NULL, &s), SSM_OK);
        assert_close(s.loglik, -630.243040022679, 1e-11);
        assert_int_equal(ssm_kalman_filter(ctx, &trend.model, y, 100, &options, NULL, &s), SSM_OK);
        assert_close(s.loglik, -623.335833962519, 1e-11);
        read_log_passengers(y);
        assert_int_equal(ssm_kalman_filter(ctx, &seasonal.model, y, 144, &options, NULL, &s), SSM_OK);
        assert_close(s.loglik, 252.686234898102, 1e-9); /* 13 diffuse states, Cholesky of X'X on their side */
        assert_int_equal(ssm_kalman_filter(ctx, &seasonal.model, y, 5, &options, NULL, &s), SSM_E_DATA);
    }
    ssm_context_free(ctx);
}

/* The marginal likelihood does not depend on the scale of the diffuse part, the diffuse one does. */
static void marginal_likelihood_ignores_the_scale_of_the_diffuse_part(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    small_model m;
    ssm_kalman_summary s[4];
    ssm_context *ctx = open_context();
    read_nile(y);
    local_trend(&m, 15099, 1469.1, 10);
    for (int k = 0; k < 4; k++) {
        const ssm_kalman_options options = {.convention = k % 2 ? SSM_LOGLIK_MARGINAL : SSM_LOGLIK_KFAS};
        if (k == 2) m.P1inf[0] = m.P1inf[3] = 1e6;
        assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, 100, &options, NULL, s + k), SSM_OK);
    }
    assert_close(s[3].loglik, s[1].loglik, 1e-13);
    assert_close(s[2].loglik, s[0].loglik - log(1e6), 1e-13);
    ssm_context_free(ctx);
}

/* The concentrated likelihood is that of the model with all variances multiplied by the returned scale, and
 * no other multiple is more likely. */
static void concentrated_scale_is_the_most_likely_one(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    small_model m;
    ssm_context *ctx = open_context();
    read_nile(y);
    for (size_t k = 0; k < n_exact; k++) {
        const ssm_kalman_options concentrated = {.form = exact[k], .concentrate = 1};
        ssm_kalman_summary s, at;
        local_level(&m, 1.0, 0.0973);
        assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, 100, &concentrated, NULL, &s), SSM_OK);
        for (int side = -1; side <= 1; side++) {
            const double scale = s.scale * (1.0 + 0.001 * side);
            local_level(&m, scale, 0.0973 * scale);
            assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, 100, NULL, NULL, &at), SSM_OK);
            if (side == 0)
                assert_close(at.loglik, s.loglik, 1e-13);
            else
                assert_true(at.loglik < s.loglik);
            assert_true(at.scale == 1.0);
        }
    }
    ssm_context_free(ctx);
}

static void names_lead_to_forms_and_conventions_and_back(void **state)
{
    (void)state;
    ssm_context *ctx = open_context();
    ssm_kalman_form form;
    ssm_loglik_convention convention;
    for (int k = 0; ssm_kalman_form_name((ssm_kalman_form)k) != NULL; k++) {
        assert_int_equal(ssm_kalman_form_find(ctx, ssm_kalman_form_name((ssm_kalman_form)k), &form), SSM_OK);
        assert_int_equal(form, k);
    }
    for (int k = 0; ssm_loglik_convention_name((ssm_loglik_convention)k) != NULL; k++) {
        const char *name = ssm_loglik_convention_name((ssm_loglik_convention)k);
        assert_int_equal(ssm_loglik_convention_find(ctx, name, &convention), SSM_OK);
        assert_int_equal(convention, k);
    }
    assert_int_equal(ssm_kalman_form_find(ctx, "squareroot", &form), SSM_E_ARGUMENT);
    assert_non_null(strstr(ssm_context_message(ctx), "square-root"));
    assert_int_equal(ssm_loglik_convention_find(ctx, NULL, &convention), SSM_E_ARGUMENT);
    ssm_context_free(ctx);
}

static void unknown_forms_are_refused(void **state)
{
    (void)state;
    const ssm_kalman_options options = {.form = (ssm_kalman_form)77};
    const ssm_kalman_options other = {.convention = (ssm_loglik_convention)77};
    double y[2] = {1, 2};
    small_model m;
    ssm_context *ctx = open_context();
    local_level(&m, 1, 1);
    assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, 2, &options, NULL, NULL), SSM_E_ARGUMENT);
    assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, 2, &other, NULL, NULL), SSM_E_ARGUMENT);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_agree_on_random_systems),
        cmocka_unit_test(rows_diffuse_in_part_are_left_to_the_univariate_form),
        cmocka_unit_test(singular_innovation_variances_are_left_to_the_univariate_form),
        cmocka_unit_test(observations_without_any_variance_are_run_through_in_sequence),
        cmocka_unit_test(every_form_settles_without_changing_the_likelihood),
        cmocka_unit_test(marginal_likelihood_agrees_with_kfas_in_every_form),
        cmocka_unit_test(marginal_likelihood_ignores_the_scale_of_the_diffuse_part),
        cmocka_unit_test(concentrated_scale_is_the_most_likely_one),
        cmocka_unit_test(names_lead_to_forms_and_conventions_and_back),
        cmocka_unit_test(unknown_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
