/* A whole row at once gives what its scalars give one after the other, with the same bits from every instance
 * of the inner loops; what it must not take it leaves alone. */
#include "kalman/random_system.h"
#include "kalman/whole_row.h"

enum { MOST = 40 };

typedef struct row_case {
    size_t n, p;
    ssmi_rows Z;
    size_t start[MOST + 1], column[MOST * MOST];
    double value[MOST * MOST], dense[MOST * MOST], h[MOST], y[MOST];
    ssmi_observation observation;
    ssmi_kalman_state state;
    double memory[SSMI_KALMAN_STATE_SIZE(MOST)], P1[MOST * MOST], a1[MOST], M[MOST * MOST];
    ssmi_innovation row[MOST];
} row_case;

static void observe(row_case *c, const ssmi_columns *wide)
{
    c->Z = (ssmi_rows){.start = c->start, .column = c->column, .value = c->value, .wide = wide};
    ssmi_rows_build(&c->Z, c->dense, c->p, c->n);
    c->observation = (ssmi_observation){.Z = &c->Z, .h = c->h, .y = c->y};
}

/* The state before the row. */
static void begin(row_case *c)
{
    const ssmi_entries none = {0};
    ssmi_kalman_state_init(&c->state, c->n, c->memory);
    ssmi_kalman_start(&c->state, c->a1, c->P1, c->P1, 0, &none);
}

static void make(row_case *c, random_system *s, size_t n, size_t p)
{
    double root[MOST * MOST];
    c->n = n;
    c->p = p;
    for (size_t k = 0; k < n * n; k++) root[k] = random_normal(s);
    for (size_t j = 0; j < n; j++) {
        c->a1[j] = random_normal(s);
        for (size_t i = 0; i < n; i++) {
            c->P1[i + j * n] = i == j ? 0.5 : 0.0;
            for (size_t k = 0; k < n; k++) c->P1[i + j * n] += root[i + k * n] * root[j + k * n] / (double)n;
        }
    }
    for (size_t k = 0; k < n * p; k++) c->dense[k] = random_normal(s);
    for (size_t i = 0; i < p; i++) {
        c->h[i] = 0.1 + random_uniform(s);
        c->y[i] = random_normal(s);
    }
}

static void close_to(const double *x, const double *expected, size_t count)
{
    for (size_t k = 0; k < count; k++)
        assert_true(fabs(x[k] - expected[k]) <= 1e-12 * (1.0 + fabs(expected[k])));
}

static void compare_with_scalars(row_case *c)
{
    static double P[MOST * MOST], M[MOST * MOST], a[MOST], Minf[MOST];
    ssmi_innovation row[MOST];
    begin(c);
    for (size_t i = 0; i < c->p; i++)
        row[i] = ssmi_kalman_update(&c->state, &c->Z, i, c->h[i], c->y[i], M + i * c->n, Minf);
    memcpy(P, c->state.P, c->n * c->n * sizeof(double));
    memcpy(a, c->state.a, c->n * sizeof(double));
    begin(c);
    assert_int_equal(ssmi_kalman_update_whole_row(&c->state, &c->observation, c->row, c->M), 1);
    close_to(c->state.P, P, c->n * c->n);
    close_to(c->state.a, a, c->n);
    close_to(c->M, M, c->n * c->p);
    for (size_t i = 0; i < c->p; i++) {
        assert_int_equal(c->row[i].kind, row[i].kind);
        close_to(&c->row[i].v, &row[i].v, 1);
        close_to(&c->row[i].F, &row[i].F, 1);
    }
}

static void a_row_equals_its_scalars(void **state)
{
    static row_case c;
    random_system s = {.seed = 11};
    (void)state;
    for (size_t n = 12; n <= MOST; n += 1 + n % 3) {
        for (size_t p = 4; p <= n; p += 3) {
            make(&c, &s, n, p);
            observe(&c, ssmi_columns_for(ssmi_cpu_isa()));
            compare_with_scalars(&c);
        }
    }
}

static void every_instance_gives_the_same_bits(void **state)
{
    static row_case c;
    static double P[MOST * MOST], a[MOST];
    random_system s = {.seed = 12};
    (void)state;
    if (ssmi_columns_for(ssmi_cpu_isa()) == NULL) skip();
    for (size_t n = 12; n <= MOST; n++) {
        make(&c, &s, n, 4 + n % 9);
        for (int isa = SSMI_ISA_PORTABLE; isa <= (int)ssmi_cpu_isa(); isa++) {
            observe(&c, ssmi_columns_for((ssmi_isa)isa));
            begin(&c);
            assert_int_equal(ssmi_kalman_update_whole_row(&c.state, &c.observation, c.row, c.M), 1);
            if (isa > SSMI_ISA_PORTABLE) {
                assert_memory_equal(P, c.state.P, n * n * sizeof(double));
                assert_memory_equal(a, c.state.a, n * sizeof(double));
            }
            memcpy(P, c.state.P, n * n * sizeof(double));
            memcpy(a, c.state.a, n * sizeof(double));
        }
    }
}

static void four_readings_of_a_sum(void **state)
{
    static row_case c = {.n = 12, .p = 4};
    const double F[] = {24, 18, 16, 15};
    (void)state;
    for (size_t k = 0; k < 48; k++) c.dense[k] = 1.0;
    for (size_t k = 0; k < 12; k++) c.P1[k * 13] = 1.0;
    for (size_t k = 0; k < 4; k++) {
        c.h[k] = 12.0;
        c.y[k] = 1.0;
    }
    observe(&c, NULL);
    begin(&c);
    assert_int_equal(ssmi_kalman_update_whole_row(&c.state, &c.observation, c.row, c.M), 1);
    for (size_t k = 0; k < 4; k++) close_to(&c.row[k].F, F + k, 1);
    for (size_t k = 0; k < 12; k++) close_to(c.state.a + k, &(double){1.0 / 15}, 1);
}

static void refused(row_case *c)
{
    double P[MOST * MOST], a[MOST];
    memcpy(P, c->state.P, c->n * c->n * sizeof(double));
    memcpy(a, c->state.a, c->n * sizeof(double));
    assert_int_equal(ssmi_kalman_update_whole_row(&c->state, &c->observation, c->row, c->M), 0);
    assert_memory_equal(P, c->state.P, c->n * c->n * sizeof(double));
    assert_memory_equal(a, c->state.a, c->n * sizeof(double));
}

static void what_needs_scalars_is_left_alone(void **state)
{
    static row_case c;
    random_system s = {.seed = 13};
    (void)state;
    make(&c, &s, 15, 5);
    observe(&c, NULL);
    begin(&c);
    c.observation.n_missing = 1;
    refused(&c);
    c.observation.n_missing = 0;
    c.h[2] = 0.0;
    refused(&c);
    c.h[2] = 1e-300; /* more than nothing, but F of a state that is known is only that */
    memset(c.state.P, 0, 15 * 15 * sizeof(double));
    refused(&c);
    c.h[2] = 1.0;
    c.state.P[0] = INFINITY;
    refused(&c);
    c.dense[7] = 0.0;
    observe(&c, NULL);
    begin(&c);
    refused(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_equals_its_scalars),
        cmocka_unit_test(every_instance_gives_the_same_bits),
        cmocka_unit_test(four_readings_of_a_sum),
        cmocka_unit_test(what_needs_scalars_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
