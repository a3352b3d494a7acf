/* Matrices that depend on time are checked for every row, by every call that takes a model and a series. */
#include "kalman/cases.h"

enum { ROWS = 6, BAD = 4 };

/* Two states, two observations; Z, H, T, R, Q, c and d of each row. */
typedef struct varying {
    double Z[ROWS][4], H[ROWS][4], T[ROWS][4], R[ROWS][4], Q[ROWS][4], c[ROWS][2], d[ROWS][2];
    double P1[4], y[ROWS][2];
    ssm_statespace model;
} varying;

static void open_varying(varying *m)
{
    memset(m, 0, sizeof *m);
    for (size_t t = 0; t < ROWS; t++) {
        for (size_t k = 0; k < 4; k += 3)
            m->Z[t][k] = m->T[t][k] = m->R[t][k] = m->H[t][k] = m->Q[t][k] = 1 + 0.01 * (double)(t % 3);
        m->H[t][1] = m->H[t][2] = m->Q[t][1] = m->Q[t][2] = 0.5;
        m->y[t][0] = (double)t;
        m->y[t][1] = t == 2 ? NAN : 1;
    }
    m->P1[0] = m->P1[3] = 1;
    m->model = (ssm_statespace){.n = 2,
                                .p = 2,
                                .r = 2,
                                .Z = {m->Z[0], 4},
                                .H = {m->H[0], 4},
                                .T = {m->T[0], 4},
                                .R = {m->R[0], 4},
                                .Q = {m->Q[0], 4},
                                .c = {m->c[0], 2},
                                .d = {m->d[0], 2},
                                .P1 = m->P1};
}

/* ---- the calls ---- */

typedef ssm_status call(ssm_context *ctx, varying *m);

static ssm_status call_filter(ssm_context *ctx, varying *m)
{
    return ssm_kalman_filter(ctx, &m->model, m->y[0], ROWS, NULL, NULL, NULL);
}

static ssm_status call_smooth(ssm_context *ctx, varying *m)
{
    double alpha[2 * ROWS];
    return ssm_kalman_smooth(ctx, &m->model, m->y[0], ROWS, NULL,
                             &(ssm_kalman_smooth_output){.alpha = alpha});
}

/* The row lies beyond the data. */
static ssm_status call_forecast(ssm_context *ctx, varying *m)
{
    double mean[2 * ROWS];
    return ssm_kalman_forecast(ctx, &m->model, m->y[0], 3, ROWS - 3, NULL, mean, NULL);
}

static ssm_status call_impute(ssm_context *ctx, varying *m)
{
    double y[2 * ROWS];
    return ssm_kalman_impute(ctx, &m->model, m->y[0], ROWS, NULL, &(ssm_kalman_imputed){.y = y});
}

static ssm_status call_simulate(ssm_context *ctx, varying *m)
{
    double y[2 * ROWS];
    return ssm_kalman_simulate(ctx, &m->model, m->y[0], ROWS, NULL, 1, 1, &(ssm_kalman_draws){.y = y});
}

static ssm_status call_innovations(ssm_context *ctx, varying *m)
{
    double e[2 * ROWS];
    return ssm_kalman_innovations(ctx, &m->model, m->y[0], ROWS, NULL, e);
}

static ssm_status call_auxiliary(ssm_context *ctx, varying *m)
{
    double epsilon[2 * ROWS], eta[2 * ROWS];
    return ssm_kalman_auxiliary(ctx, &m->model, m->y[0], ROWS, NULL, epsilon, eta);
}

static ssm_status call_findings(ssm_context *ctx, varying *m)
{
    size_t count;
    return ssm_kalman_findings(ctx, &m->model, m->y[0], ROWS, NULL, 3.0, NULL, 0, &count);
}

/* Row after row; rows before the bad one are taken. */
static ssm_status call_fixed_lag(ssm_context *ctx, varying *m)
{
    ssm_fixed_lag *f = NULL;
    ssm_status status = ssm_fixed_lag_new(ctx, &m->model, 2, NULL, &f);
    for (size_t t = 0; t < ROWS && status == SSM_OK; t++) {
        status = ssm_fixed_lag_push(f, m->y[t]);
        if (status != SSM_OK) assert_int_equal(t, BAD);
    }
    ssm_fixed_lag_free(f);
    return status;
}

static call *const calls[] = {call_filter,      call_smooth,    call_forecast, call_impute,   call_simulate,
                              call_innovations, call_auxiliary, call_findings, call_fixed_lag};
enum { CALLS = sizeof calls / sizeof *calls };

/* ---- what is wrong with a row ---- */

static void any_row_that_is_wrong_is_named(void **state)
{
    (void)state;
    static varying m;
    const struct {
        double *at, value;
        const char *message;
    } damage[] = {
        {&m.Z[BAD][1], NAN, "matrix \"Z\" at time 4, entry (1, 0), is not finite"},
        {&m.H[BAD][0], -1, "matrix \"H\" at time 4, entry (0, 0), is a negative variance"},
        {&m.H[BAD][1], 0.25, "matrix \"H\" at time 4, entry (1, 0), differs from its mirror image"},
        {&m.T[BAD][3], INFINITY, "matrix \"T\" at time 4, entry (1, 1), is not finite"},
        {&m.R[BAD][2], NAN, "matrix \"R\" at time 4, entry (0, 1), is not finite"},
        {&m.Q[BAD][3], 0.1, "matrix \"Q\" at time 4, entry (1, 0), exceeds what its variances allow"},
        {&m.c[BAD][1], NAN, "matrix \"c\" at time 4, entry (1, 0), is not finite"},
        {&m.d[BAD][0], INFINITY, "matrix \"d\" at time 4, entry (0, 0), is not finite"},
    };
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        for (size_t k = 0; k < CALLS; k++) {
            ssm_context *ctx = open_context();
            open_varying(&m);
            assert_int_equal(calls[k](ctx, &m), SSM_OK);
            *damage[i].at = damage[i].value;
            assert_int_equal(calls[k](ctx, &m), SSM_E_DATA);
            assert_string_equal(ssm_context_message(ctx), damage[i].message);
            ssm_context_free(ctx);
        }
    }
}

/* A row of fixed-lag smoothing that is refused may be mended and given again. */
static void a_refused_row_leaves_the_handle_good(void **state)
{
    (void)state;
    static varying m;
    double before[2], after[2];
    ssm_fixed_lag *f = NULL;
    ssm_context *ctx = open_context();
    open_varying(&m);
    assert_int_equal(ssm_fixed_lag_new(ctx, &m.model, 1, NULL, &f), SSM_OK);
    assert_int_equal(ssm_fixed_lag_push(f, m.y[0]), SSM_OK);
    assert_int_equal(ssm_fixed_lag_state(f, 0, before, NULL), SSM_OK);
    m.H[1][0] = -1;
    assert_int_equal(ssm_fixed_lag_push(f, m.y[1]), SSM_E_DATA);
    assert_int_equal(ssm_fixed_lag_state(f, 0, after, NULL), SSM_OK);
    assert_memory_equal(before, after, sizeof before);
    m.H[1][0] = 1;
    assert_int_equal(ssm_fixed_lag_push(f, m.y[1]), SSM_OK);
    ssm_fixed_lag_free(f);
    ssm_context_free(ctx);
}

/* Constant matrices are refused by these calls as by the filter. */
static void calls_refuse_what_the_filter_refuses(void **state)
{
    (void)state;
    static varying m;
    for (size_t k = 0; k < CALLS; k++) {
        ssm_context *ctx = open_context();
        open_varying(&m);
        m.P1[1] = 2;
        assert_int_equal(calls[k](ctx, &m), SSM_E_DATA);
        assert_non_null(strstr(ssm_context_message(ctx), "matrix \"P1\""));
        open_varying(&m);
        m.model.Q.stride = 3;
        assert_int_equal(calls[k](ctx, &m), SSM_E_ARGUMENT);
        ssm_context_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_row_that_is_wrong_is_named),
        cmocka_unit_test(a_refused_row_leaves_the_handle_good),
        cmocka_unit_test(calls_refuse_what_the_filter_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
