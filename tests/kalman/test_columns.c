/* Every instance of the inner loops gives the bits of the portable one, for all sizes around the widths of
 * the vectors; and the lean loops for small models give the bits of the filter row by row. */
#include "kalman/random_system.h"
#include "kalman/rows.h"

enum { MOST = 37 };

typedef struct lists {
    ssmi_rows rows;
    size_t start[MOST + 1], column[MOST * MOST], moving[MOST];
    double value[MOST * MOST], dense[MOST * MOST];
} lists;

static void make(lists *l, random_system *s, size_t n, double share, const ssmi_columns *wide)
{
    l->rows = (ssmi_rows){
        .start = l->start, .column = l->column, .value = l->value, .moving = l->moving, .wide = wide};
    for (size_t k = 0; k < n * n; k++) l->dense[k] = random_uniform(s) < share ? random_normal(s) : 0.0;
    ssmi_rows_build(&l->rows, l->dense, n, n);
}

/* Products of the instance `wide` with the rows of l. */
static void multiply(double *out, lists *l, const ssmi_columns *wide, const double *X, size_t n)
{
    double work[2 * MOST * MOST];
    l->rows.wide = wide;
    memcpy(out, X, n * n * sizeof(double));
    ssmi_rows_congruence(out, &l->rows, work, n);
    for (size_t i = 0; i < n; i++) ssmi_rows_combine(out + (n + i) * n, X, &l->rows, i, n);
    ssmi_rows_downdate(out, out + n * n, n / 2 + 1, &l->rows, n);
}

static void instances_agree(ssmi_isa isa)
{
    const ssmi_columns *wide = ssmi_columns_for(isa);
    random_system s = {.seed = 5};
    static lists l;
    static double X[MOST * MOST], out[2][2 * MOST * MOST];
    if (ssmi_cpu_isa() < isa) skip();
    for (size_t n = 1; n <= MOST; n++) {
        for (int share = 0; share < 3; share++) {
            make(&l, &s, n, share == 0 ? 1.1 : share == 1 ? 0.7 : 0.1, NULL);
            for (size_t j = 0; j < n; j++) {
                for (size_t i = 0; i <= j; i++) X[i + j * n] = X[j + i * n] = random_normal(&s);
            }
            multiply(out[0], &l, NULL, X, n);
            multiply(out[1], &l, wide, X, n);
            for (size_t k = 0; k < 2 * n * n; k++) {
                if (out[0][k] != out[1][k]) fail_msg("n %zu, share %d: element %zu", n, share, k);
            }
        }
    }
}

static void avx2_gives_the_bits_of_the_portable_loops(void **state)
{
    (void)state;
    instances_agree(SSMI_ISA_AVX2);
}

static void avx512_gives_the_bits_of_the_portable_loops(void **state)
{
    (void)state;
    instances_agree(SSMI_ISA_AVX512);
}

/* An identity of which a few rows are others: only these are gone through, and the result is that of all. */
static void rows_that_stay_are_left_out(void **state)
{
    random_system s = {.seed = 6};
    static lists l;
    static double X[MOST * MOST], work[2 * MOST * MOST], out[2][MOST * MOST], x[2][MOST];
    (void)state;
    for (size_t n = 1; n <= MOST; n++) {
        make(&l, &s, n, 0.0, NULL);
        for (size_t i = 0; i < n; i++) {
            l.dense[i + i * n] = 1.0;
            x[0][i] = x[1][i] = random_normal(&s);
            for (size_t j = 0; i % 5 == 2 && j < n; j += 3) l.dense[i + j * n] = random_normal(&s);
            for (size_t j = 0; j <= i; j++) X[i + j * n] = X[j + i * n] = random_normal(&s);
        }
        for (int whole = 0; whole < 2; whole++) {
            l.rows.moving = whole ? NULL : l.moving;
            ssmi_rows_build(&l.rows, l.dense, n, n);
            memcpy(out[whole], X, n * n * sizeof(double));
            ssmi_rows_congruence(out[whole], &l.rows, work, n);
            ssmi_rows_move(x[whole], &l.rows, work);
        }
        for (size_t k = 0; k < n * n; k++)
            assert_true(fabs(out[0][k] - out[1][k]) <= 1e-13 * (1 + fabs(out[1][k])));
        for (size_t k = 0; k < n; k++) assert_true(x[0][k] == x[1][k]);
    }
}

/* Without an output the small models take the lean loops, with one they go row by row. */
static void check_lean(const ssm_statespace *m, const double *y, size_t length, ssm_kalman_options options)
{
    ssm_context *ctx = open_context();
    double *v = calloc(length, sizeof *v);
    const ssm_kalman_output out = {.v = v};
    ssm_kalman_summary lean, rows;
    assert_int_equal(ssm_kalman_filter(ctx, m, y, length, &options, NULL, &lean), SSM_OK);
    assert_int_equal(ssm_kalman_filter(ctx, m, y, length, &options, &out, &rows), SSM_OK);
    assert_memory_equal(&lean.loglik, &rows.loglik, sizeof(double));
    assert_memory_equal(&lean.scale, &rows.scale, sizeof(double));
    assert_int_equal(lean.n_steady, rows.n_steady);
    assert_int_equal(lean.n_observed, rows.n_observed);
    assert_int_equal(lean.n_missing, rows.n_missing);
    assert_int_equal(lean.n_diffuse, rows.n_diffuse);
    assert_int_equal(lean.n_certain, rows.n_certain);
    free(v);
    ssm_context_free(ctx);
}

static void lean_loops_give_the_bits_of_the_filter(void **state)
{
    (void)state;
    size_t seen[MOST_STATES] = {0};
    for (unsigned seed = 1; seed <= 300; seed++) {
        random_system s;
        random_open(&s, 2 * seed + 1);
        if (s.n <= 7) {
            double y[400];
            ssm_statespace m = s.model;
            m.p = 1; /* column-major arrays of p rows begin with what a model of one observation can use */
            for (size_t t = 0; t < 400; t++) y[t] = random_uniform(&s) < 0.01 ? NAN : random_normal(&s);
            check_lean(&m, y, 400, (ssm_kalman_options){.concentrate = seed % 2});
            check_lean(&m, y, 400, (ssm_kalman_options){.steady_tolerance = -1.0});
            seen[s.n]++;
        }
        random_close(&s);
    }
    for (size_t n = 1; n <= 7; n++) assert_true(seen[n] > 5);
}

static void lean_loops_settle_and_stop_at_odd_rows(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    small_model m;
    read_nile(y);
    local_level(&m, 15099, 1469.1);
    check_lean(&m.model, y, 100, (ssm_kalman_options){0});
    y[60] = y[61] = NAN;
    check_lean(&m.model, y, 100, (ssm_kalman_options){.convention = SSM_LOGLIK_KFAS});
    check_lean(&m.model, y, 1, (ssm_kalman_options){0});
    check_lean(&m.model, y, 0, (ssm_kalman_options){0});
    local_level(&m, 0.0, 0.0);
    for (size_t t = 0; t < 100; t++) y[t] = 3.0;
    check_lean(&m.model, y, 100, (ssm_kalman_options){0}); /* certain observations are none of theirs */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avx2_gives_the_bits_of_the_portable_loops),
        cmocka_unit_test(avx512_gives_the_bits_of_the_portable_loops),
        cmocka_unit_test(rows_that_stay_are_left_out),
        cmocka_unit_test(lean_loops_give_the_bits_of_the_filter),
        cmocka_unit_test(lean_loops_settle_and_stop_at_odd_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
