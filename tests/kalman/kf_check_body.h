/* Checks of the filter for control code in one precision. TOLERANCE is relative to standard deviations; it
 * allows some hundred roundings. */

/* A filter with room for its model. */
typedef struct NAME(rig) {
    REAL T[DENSE_MOST * DENSE_MOST], G[DENSE_MOST * DENSE_MOST], q[DENSE_MOST];
    REAL Zt[DENSE_MOST * DENSE_SENSORS], h[DENSE_SENSORS], H[DENSE_SENSORS * DENSE_SENSORS];
    REAL memory[SSM_KF_REALS(DENSE_MOST, DENSE_SENSORS, DENSE_MOST)];
    NAME(kf_model) model;
    NAME(kf) kf;
} NAME(rig);

static void NAME(narrow)(REAL *out, const double *in, size_t count)
{
    for (size_t i = 0; i < count; i++) out[i] = (REAL)in[i];
}

static void NAME(build)(NAME(rig) * rig, const dense_system *s)
{
    REAL P[DENSE_MOST * DENSE_MOST], x[DENSE_MOST];
    memset(rig, 0, sizeof *rig);
    NAME(narrow)(rig->T, s->T, s->n * s->n);
    NAME(narrow)(rig->G, s->G, s->n * s->r);
    NAME(narrow)(rig->q, s->q, s->r);
    NAME(narrow)(rig->Zt, s->Zt, s->n * s->p);
    NAME(narrow)(rig->h, s->h, s->p);
    NAME(narrow)(P, s->P, s->n * s->n);
    NAME(narrow)(x, s->x, s->n);
    rig->model = (NAME(kf_model)){.n = (uint16_t)s->n,
                                  .p = (uint16_t)s->p,
                                  .r = (uint16_t)s->r,
                                  .T = rig->T,
                                  .G = rig->G,
                                  .q = rig->q,
                                  .Zt = rig->Zt,
                                  .h = rig->h};
    const uint32_t reals = (uint32_t)SSM_KF_REALS(s->n, s->p, s->r);
    assert_int_equal(NAME(kf_init)(&rig->kf, &rig->model, rig->memory, reals - 1), SSM_KF_E_MEMORY);
    assert_int_equal(NAME(kf_init)(&rig->kf, &rig->model, rig->memory, reals), SSM_KF_OK);
    assert_int_equal(NAME(kf_prior)(&rig->kf, x, P), SSM_KF_OK);
}

static void NAME(assert_same)(const NAME(rig) * rig, const dense_system *s)
{
    REAL P[DENSE_MOST * DENSE_MOST];
    double wide[DENSE_MOST * DENSE_MOST];
    const size_t n = rig->model.n; /* of an augmented system the first states are compared */
    dense_system head = {.n = n};
    assert_int_equal(NAME(kf_covariance)(&rig->kf, P), SSM_KF_OK);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) {
            head.P[i + j * n] = s->P[i + j * s->n];
            wide[i + j * n] = (double)P[i + j * n];
        }
        assert_true(fabs((double)rig->kf.x[j] - s->x[j]) <=
                    TOLERANCE * (sqrt(s->P[j + j * s->n]) + fabs(s->x[j]) + 1));
    }
    assert_true(dense_distance(&head, wide) <= TOLERANCE);
    assert_int_equal(NAME(kf_check)(&rig->kf), SSM_KF_OK);
}

/* One row with gaps into both; the innovations agree. */
static void NAME(row_both)(NAME(rig) * rig, dense_system *s, uint64_t *seed)
{
    REAL y[DENSE_SENSORS];
    NAME(kf_innovation) in[DENSE_SENSORS];
    double v, F;
    for (size_t k = 0; k < s->p; k++)
        y[k] = dense_draw(seed) > 0.6 ? (REAL)NAN : (REAL)(round(256 * dense_normal(seed)) / 128);
    REAL mean[DENSE_SENSORS], variance[DENSE_SENSORS];
    assert_int_equal(NAME(kf_expect)(&rig->kf, mean, variance), SSM_KF_OK);
    assert_true(NAME(kf_update)(&rig->kf, y, in) >= SSM_KF_OK);
    if (in[0].status == SSM_KF_OK && rig->model.H == NULL)
        assert_true(variance[0] == in[0].F && fabs((double)(y[0] - mean[0] - in[0].v)) < TOLERANCE);
    for (size_t k = 0; k < s->p; k++) {
        assert_int_equal(in[k].status, isnan(y[k]) ? SSM_KF_MISSING : SSM_KF_OK);
        if (isnan(y[k])) continue;
        dense_update(s, s->Zt + k * s->n, s->h[k], (double)y[k], &v, &F);
        if (rig->model.H != NULL) continue; /* its innovations are of rotated rows */
        assert_true(fabs((double)in[k].F - F) <= TOLERANCE * F);
        assert_true(fabs((double)in[k].v - v) <= TOLERANCE * (sqrt(F) + fabs((double)y[k])));
    }
}

static void NAME(test_oracle)(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (size_t trial = 0; trial < 200; trial++) {
        dense_system s;
        NAME(rig) rig;
        const size_t n = 1 + trial % 12;
        dense_random(&s, n, 1 + trial % 4, 1 + trial % n, &seed);
        NAME(build)(&rig, &s);
        for (size_t t = 0; t < 40; t++) {
            NAME(row_both)(&rig, &s, &seed);
            NAME(assert_same)(&rig, &s);
            assert_int_equal(NAME(kf_predict)(&rig.kf, NULL), SSM_KF_OK);
            dense_predict(&s);
        }
    }
}

/* Errors that depend on one another, with gaps, against a system that has them as states. */
static void NAME(test_correlated_errors)(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (size_t trial = 0; trial < 60; trial++) {
        dense_system s;
        NAME(rig) rig;
        double L[DENSE_SENSORS * DENSE_SENSORS] = {0};
        const size_t n = 1 + trial % 8, p = 1 + trial % 4;
        dense_random(&s, n, p, n, &seed);
        for (size_t j = 0; j < p; j++) {
            for (size_t i = j; i < p; i++) L[i + j * p] = (i == j) + round(32 * dense_draw(&seed)) / 64;
        }
        NAME(build)(&rig, &s);
        for (size_t i = 0; i < p * p; i++) {
            double sum = 0;
            for (size_t k = 0; k < p; k++) sum += L[i % p + k * p] * L[i / p + k * p];
            rig.H[i] = (REAL)sum;
        }
        rig.model.H = rig.H;
        rig.model.h = NULL;
        dense_system a = dense_augmented(&s, L);
        for (size_t t = 0; t < 40; t++) {
            assert_int_equal(NAME(kf_predict)(&rig.kf, NULL), SSM_KF_OK);
            dense_predict(&a);
            NAME(row_both)(&rig, &a, &seed);
            NAME(assert_same)(&rig, &a);
        }
    }
}

/* A row is its sensors one by one, in any order, and a row of one's own. */
static void NAME(test_order)(void **state)
{
    (void)state;
    uint64_t seed = 4;
    dense_system s;
    static NAME(rig) row, each, back;
    dense_random(&s, 6, 3, 4, &seed);
    NAME(build)(&row, &s);
    NAME(build)(&each, &s);
    NAME(build)(&back, &s);
    for (size_t t = 0; t < 100; t++) {
        REAL y[3];
        for (size_t k = 0; k < 3; k++) y[k] = (REAL)dense_normal(&seed);
        assert_int_equal(NAME(kf_update)(&row.kf, y, NULL), SSM_KF_OK);
        for (uint16_t k = 0; k < 3; k++) {
            const uint16_t other = (uint16_t)(2 - k);
            assert_int_equal(NAME(kf_update_sensor)(&each.kf, k, y[k], NULL), SSM_KF_OK);
            assert_int_equal(
                NAME(kf_update_row)(&back.kf, back.Zt + 6 * other, back.h[other], y[other], NULL), SSM_KF_OK);
            dense_update(&s, s.Zt + 6 * k, s.h[k], (double)y[k], &(double){0}, &(double){0});
        }
        assert_memory_equal(row.memory, each.memory, SSM_KF_STATE_REALS(6) * sizeof(REAL));
        NAME(assert_same)(&back, &s);
        assert_int_equal(NAME(kf_predict)(&row.kf, NULL), SSM_KF_OK);
        assert_int_equal(NAME(kf_predict)(&each.kf, NULL), SSM_KF_OK);
        assert_int_equal(NAME(kf_predict)(&back.kf, NULL), SSM_KF_OK);
        dense_predict(&s);
    }
}

/* Offsets and inputs; and the extended filter on linear functions is the linear one. */
static void NAME(test_extended)(void **state)
{
    (void)state;
    uint64_t seed = 5;
    dense_system s;
    static NAME(rig) linear, extended;
    const REAL B[10] = {1, 0, 0, 0, 2, 0, 0, 3, 0, 0}, c[5] = {0, 1, 0, 0, 0}, d[2] = {4, -4};
    dense_random(&s, 5, 2, 5, &seed);
    NAME(build)(&linear, &s);
    NAME(build)(&extended, &s);
    linear.model.m = 2;
    linear.model.B = B;
    linear.model.c = c;
    linear.model.d = d;
    for (size_t t = 0; t < 50; t++) {
        const REAL u[2] = {(REAL)dense_draw(&seed), (REAL)dense_draw(&seed)};
        REAL y[2], fx[5], hx[2];
        for (size_t k = 0; k < 2; k++) {
            y[k] = (REAL)dense_normal(&seed) + d[k];
            hx[k] = d[k];
            for (size_t i = 0; i < 5; i++) hx[k] += extended.Zt[i + 5 * k] * extended.kf.x[i];
        }
        assert_int_equal(NAME(kf_update)(&linear.kf, y, NULL), SSM_KF_OK);
        assert_int_equal(NAME(kf_update_ekf)(&extended.kf, hx, extended.Zt, y, NULL), SSM_KF_OK);
        for (size_t i = 0; i < 5; i++) {
            fx[i] = c[i] + B[i] * u[0] + B[i + 5] * u[1];
            for (size_t k = 0; k < 5; k++) fx[i] += extended.T[i + 5 * k] * extended.kf.x[k];
        }
        assert_int_equal(NAME(kf_predict)(&linear.kf, u), SSM_KF_OK);
        assert_int_equal(NAME(kf_predict_ekf)(&extended.kf, fx, extended.T), SSM_KF_OK);
        for (size_t i = 0; i < 5; i++)
            assert_true(fabs((double)(linear.kf.x[i] - extended.kf.x[i])) <= 10 * TOLERANCE);
        for (size_t i = 0; i < 15; i++)
            assert_true(fabs((double)(linear.kf.D[i] - extended.kf.D[i])) <=
                        10 * TOLERANCE * (1 + fabs((double)linear.kf.D[i])));
    }
}

/* Forecasts are predictions of a copy. */
static void NAME(test_forecast)(void **state)
{
    (void)state;
    uint64_t seed = 6;
    dense_system s;
    static NAME(rig) rig;
    REAL mean[20], variance[20], scratch[SSM_KF_REALS(4, 2, 3)];
    dense_random(&s, 4, 2, 3, &seed);
    NAME(build)(&rig, &s);
    NAME(row_both)(&rig, &s, &seed);
    const NAME(rig) before = rig;
    assert_int_equal(NAME(kf_forecast)(&rig.kf, 10, mean, variance, scratch, SSM_KF_REALS(4, 2, 3) - 1),
                     SSM_KF_E_MEMORY);
    assert_int_equal(NAME(kf_forecast)(&rig.kf, 10, mean, variance, scratch, SSM_KF_REALS(4, 2, 3)),
                     SSM_KF_OK);
    assert_memory_equal(rig.memory, before.memory, SSM_KF_STATE_REALS(4) * sizeof(REAL));
    for (size_t t = 0; t < 10; t++) {
        dense_predict(&s);
        for (size_t k = 0; k < 2; k++) {
            dense_system copy = s;
            double v, F;
            dense_update(&copy, s.Zt + 4 * k, s.h[k], 0, &v, &F);
            assert_true(fabs((double)mean[2 * t + k] + v) <= TOLERANCE * sqrt(F));
            assert_true(fabs((double)variance[2 * t + k] - F) <= TOLERANCE * F);
        }
    }
}

/* ---- refusals ---- */

/* CALL must return STATUS and change nothing of the rig but its scratch. */
#define assert_refused(rig, call, expected)                                                                  \
    do {                                                                                                     \
        const NAME(kf) kf_ = (rig).kf;                                                                       \
        REAL memory_[SSM_KF_STATE_REALS(DENSE_MOST)];                                                        \
        memcpy(memory_, (rig).memory, SSM_KF_STATE_REALS((rig).model.n) * sizeof(REAL));                     \
        assert_int_equal(call, expected);                                                                    \
        assert_memory_equal(&kf_, &(rig).kf, sizeof kf_);                                                    \
        assert_memory_equal(memory_, (rig).memory, SSM_KF_STATE_REALS((rig).model.n) * sizeof(REAL));        \
    } while (0)

static void NAME(test_refusals)(void **state)
{
    (void)state;
    uint64_t seed = 7;
    dense_system s;
    static NAME(rig) rig;
    dense_random(&s, 3, 2, 2, &seed);
    NAME(build)(&rig, &s);
    NAME(kf) *kf = &rig.kf;
    const REAL bad[] = {(REAL)INFINITY, -(REAL)INFINITY, 10 * LIMIT, -10 * LIMIT};
    REAL y[2] = {1, 1}, z[3] = {1, 2, 3}, P[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        y[1] = bad[i];
        assert_refused(rig, NAME(kf_update)(kf, y, NULL), SSM_KF_E_RANGE);
        assert_refused(rig, NAME(kf_update_sensor)(kf, 1, bad[i], NULL), SSM_KF_E_RANGE);
        assert_refused(rig, NAME(kf_update_row)(kf, z, 1, bad[i], NULL), SSM_KF_E_RANGE);
        assert_refused(rig, NAME(kf_update_ekf)(kf, y, rig.Zt, z, NULL), SSM_KF_E_RANGE);
        z[1] = bad[i];
        assert_refused(rig, NAME(kf_update_row)(kf, z, 1, 1, NULL), SSM_KF_E_RANGE);
        assert_refused(rig, NAME(kf_predict_ekf)(kf, z, rig.T), SSM_KF_E_RANGE);
        assert_refused(rig, NAME(kf_prior)(kf, z, P), SSM_KF_E_RANGE);
        z[1] = 2;
        P[8] = bad[i] * LIMIT;
        assert_refused(rig, NAME(kf_prior)(kf, z, P), SSM_KF_E_VARIANCE);
        P[8] = 1;
    }
    assert_refused(rig, NAME(kf_update_row)(kf, z, -1, 1, NULL), SSM_KF_E_VARIANCE);
    assert_refused(rig, NAME(kf_update_row)(kf, z, (REAL)NAN, 1, NULL), SSM_KF_E_VARIANCE);
    assert_refused(rig, NAME(kf_update_sensor)(kf, 2, 1, NULL), SSM_KF_E_ARGUMENT);
    assert_refused(rig, NAME(kf_update)(kf, NULL, NULL), SSM_KF_E_ARGUMENT);
    P[0] = -1;
    assert_refused(rig, NAME(kf_prior)(kf, NULL, P), SSM_KF_E_VARIANCE);
    assert_refused(rig, NAME(kf_prior_diagonal)(kf, NULL, P), SSM_KF_E_VARIANCE);
    assert_int_equal(NAME(kf_update)(NULL, y, NULL), SSM_KF_E_ARGUMENT);
}

/* A model with a bad number is refused and leaves a running filter alone. */
static void NAME(test_bad_models)(void **state)
{
    (void)state;
    uint64_t seed = 8;
    dense_system s;
    static NAME(rig) rig;
    const REAL asymmetric[4] = {1, (REAL)0.5, 0, 1}, saddle[4] = {1, 2, 2, 1};
    dense_random(&s, 3, 2, 2, &seed);
    NAME(build)(&rig, &s);
    const uint32_t reals = SSM_KF_REALS(3, 2, 2);
    NAME(kf_model) m = rig.model;
    m.T = NULL;
    assert_refused(rig, NAME(kf_init)(&rig.kf, &m, rig.memory, reals), SSM_KF_E_ARGUMENT);
    m = rig.model;
    m.n = 0;
    assert_refused(rig, NAME(kf_init)(&rig.kf, &m, rig.memory, reals), SSM_KF_E_ARGUMENT);
    m = rig.model;
    m.H = asymmetric;
    assert_refused(rig, NAME(kf_init)(&rig.kf, &m, rig.memory, reals), SSM_KF_E_VARIANCE);
    m.H = saddle;
    assert_refused(rig, NAME(kf_init)(&rig.kf, &m, rig.memory, reals), SSM_KF_E_VARIANCE);
    REAL *const places[] = {rig.T + 4, rig.G + 1, rig.q + 1, rig.Zt + 2, rig.h};
    const ssm_kf_status expected[] = {SSM_KF_E_RANGE, SSM_KF_E_RANGE, SSM_KF_E_VARIANCE, SSM_KF_E_RANGE,
                                      SSM_KF_E_VARIANCE};
    for (size_t i = 0; i < 5; i++) {
        const REAL kept = *places[i];
        *places[i] = (REAL)NAN;
        assert_refused(rig, NAME(kf_init)(&rig.kf, &rig.model, rig.memory, reals), expected[i]);
        *places[i] = kept;
    }
    rig.h[0] = -1;
    assert_refused(rig, NAME(kf_init)(&rig.kf, &rig.model, rig.memory, reals), SSM_KF_E_VARIANCE);
}

/* ---- saved states ---- */

static void NAME(test_archive)(void **state)
{
    (void)state;
    uint64_t seed = 9;
    dense_system s;
    static NAME(rig) rig, other;
    uint8_t bytes[SSM_KF_SAVED_BYTES(5, sizeof(REAL))];
    dense_random(&s, 5, 2, 3, &seed);
    NAME(build)(&other, &s);
    NAME(build)(&rig, &s);
    for (size_t t = 0; t < 10; t++) {
        NAME(row_both)(&rig, &s, &seed);
        NAME(kf_predict)(&rig.kf, NULL);
        dense_predict(&s);
    }
    assert_int_equal(NAME(kf_save)(&rig.kf, bytes, sizeof bytes - 1), SSM_KF_E_MEMORY);
    assert_int_equal(NAME(kf_save)(&rig.kf, bytes, sizeof bytes), SSM_KF_OK);
    for (size_t i = 0; i < 8 * sizeof bytes; i++) { /* CRC-32 finds every single bit */
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_refused(other, NAME(kf_load)(&other.kf, bytes, sizeof bytes), SSM_KF_E_FORMAT);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (uint32_t size = 0; size < sizeof bytes; size++)
        assert_refused(other, NAME(kf_load)(&other.kf, bytes, size), SSM_KF_E_FORMAT);
    assert_int_equal(NAME(kf_load)(&other.kf, bytes, sizeof bytes), SSM_KF_OK);
    assert_memory_equal(rig.memory, other.memory, SSM_KF_STATE_REALS(5) * sizeof(REAL));
    assert_int_equal(other.kf.steps, 10);
}

/* Bytes with a good checksum but numbers that no state has. */
static void NAME(test_impossible_archive)(void **state)
{
    (void)state;
    uint64_t seed = 10;
    dense_system s;
    static NAME(rig) rig, bad;
    uint8_t bytes[SSM_KF_SAVED_BYTES(3, sizeof(REAL))];
    dense_random(&s, 3, 1, 3, &seed);
    NAME(build)(&rig, &s);
    const REAL number[] = {(REAL)NAN, (REAL)INFINITY, -1, 10 * SQUARE_LIMIT};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        NAME(build)(&bad, &s);
        bad.kf.D[1] = number[i];
        assert_true(NAME(kf_check)(&bad.kf) < 0);
        assert_int_equal(NAME(kf_save)(&bad.kf, bytes, sizeof bytes), SSM_KF_OK);
        assert_refused(rig, NAME(kf_load)(&rig.kf, bytes, sizeof bytes), SSM_KF_E_FORMAT);
    }
    for (size_t trial = 0; trial < 20000; trial++) {
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(dense_draw(&seed) * 256);
        assert_refused(rig, NAME(kf_load)(&rig.kf, bytes, sizeof bytes), SSM_KF_E_FORMAT);
    }
}

/* ---- outliers ---- */

/* A step of a million standard deviations is refused `patience` times and then followed at once. */
static void NAME(test_gate)(void **state)
{
    (void)state;
    dense_system s = {.n = 1, .p = 1, .r = 1, .T = {1}, .G = {1}, .q = {0.01}, .Zt = {1}, .h = {1}, .P = {1}};
    static NAME(rig) rig;
    NAME(kf_innovation) in;
    uint64_t seed = 11;
    size_t refused = 0;
    NAME(build)(&rig, &s);
    rig.kf.gate = 16;
    rig.kf.patience = 5;
    for (size_t t = 0; t < 300; t++) {
        NAME(kf_predict)(&rig.kf, NULL);
        const REAL y = (REAL)(t < 100 ? 0 : 1e6) + (REAL)dense_normal(&seed) / 4;
        NAME(kf_update_sensor)(&rig.kf, 0, y, &in);
        refused += in.status == SSM_KF_GATED;
        if (t == 105) assert_int_equal(in.status, SSM_KF_REACQUIRED);
        if (t >= 106) assert_true(fabs((double)rig.kf.x[0] - 1e6) < 2);
    }
    assert_int_equal(refused, 5);
    rig.kf.patience = 0;
    for (size_t t = 0; t < 10000; t++) {
        NAME(kf_predict)(&rig.kf, NULL);
        assert_int_equal(NAME(kf_update_sensor)(&rig.kf, 0, 0, NULL), SSM_KF_GATED);
    }
    for (size_t t = 0; t < 100; t++) {
        NAME(kf_predict)(&rig.kf, NULL);
        NAME(kf_update_sensor)(&rig.kf, 0, (REAL)1e6, &in);
    }
    assert_int_equal(in.status, SSM_KF_OK);
}

/* ---- constant gain ---- */

static void NAME(test_steady)(void **state)
{
    (void)state;
    uint64_t seed = 12;
    dense_system s;
    static NAME(rig) rig;
    REAL K[4], memory[SSM_KF_STEADY_REALS(4, 1)], P[16];
    NAME(kf_steady) steady;
    dense_random(&s, 4, 1, 4, &seed);
    NAME(build)(&rig, &s);
    for (size_t t = 0; t < 300;
         t++) { /* until the variance has settled; its gain is P z'/h after the update */
        NAME(kf_predict)(&rig.kf, NULL);
        NAME(kf_update_sensor)(&rig.kf, 0, 0, NULL);
    }
    NAME(kf_covariance)(&rig.kf, P);
    for (size_t i = 0; i < 4; i++) {
        K[i] = 0;
        for (size_t k = 0; k < 4; k++) K[i] += P[i + 4 * k] * rig.Zt[k] / rig.h[0];
    }
    assert_int_equal(NAME(kf_steady_init)(&steady, &rig.model, K, rig.kf.x, memory, 8), SSM_KF_E_MEMORY);
    assert_int_equal(NAME(kf_steady_init)(&steady, &rig.model, K, rig.kf.x, memory, 9), SSM_KF_OK);
    for (size_t t = 0; t < 100; t++) {
        const REAL y = (REAL)dense_normal(&seed);
        REAL v;
        NAME(kf_predict)(&rig.kf, NULL);
        assert_int_equal(NAME(kf_steady_predict)(&steady, NULL), SSM_KF_OK);
        NAME(kf_update_sensor)(&rig.kf, 0, y, NULL);
        assert_int_equal(NAME(kf_steady_update)(&steady, &y, &v), SSM_KF_OK);
        for (size_t i = 0; i < 4; i++)
            assert_true(fabs((double)(steady.x[i] - rig.kf.x[i])) <= 10 * TOLERANCE);
    }
    assert_int_equal(NAME(kf_steady_update)(&steady, &(REAL){(REAL)NAN}, NULL), SSM_KF_MISSING);
    assert_int_equal(NAME(kf_steady_update)(&steady, &(REAL){(REAL)INFINITY}, NULL), SSM_KF_E_RANGE);
}
