/* Checks of the U-D kernels in one precision. TOLERANCE is relative; it allows some hundred roundings. */

static double NAME(covariance_distance)(const dense_system *s, const REAL *U, const REAL *D)
{
    REAL P[DENSE_MOST * DENSE_MOST];
    double wide[DENSE_MOST * DENSE_MOST];
    NAME(ud_covariance)(P, U, D, s->n);
    for (size_t i = 0; i < s->n * s->n; i++) wide[i] = (double)P[i];
    return dense_distance(s, wide);
}

static void NAME(narrow)(REAL *out, const double *in, size_t count)
{
    for (size_t i = 0; i < count; i++) out[i] = (REAL)in[i];
}

/* Takes one scalar into both filters and compares the innovation's variance and the gain. */
static void NAME(step_both)(dense_system *s, REAL *U, REAL *D, REAL *x, size_t sensor, double y)
{
    REAL z[DENSE_MOST], f[DENSE_MOST], g[DENSE_MOST], b[DENSE_MOST], v = (REAL)y;
    const double *wide = s->Zt + sensor * s->n;
    double dense_v, dense_F;
    NAME(narrow)(z, wide, s->n);
    const REAL F = NAME(ud_project)(f, g, U, D, z, (REAL)s->h[sensor], s->n);
    for (size_t i = 0; i < s->n; i++) v -= z[i] * x[i];
    NAME(ud_correct)(U, D, b, f, g, (REAL)s->h[sensor], s->n);
    for (size_t i = 0; i < s->n; i++) x[i] += b[i] * (v / F);
    dense_update(s, wide, s->h[sensor], y, &dense_v, &dense_F);
    assert_true(fabs((double)F - dense_F) <= TOLERANCE * dense_F);
    assert_true(fabs((double)v - dense_v) <= TOLERANCE * (sqrt(dense_F) + fabs(y)));
}

static void NAME(test_random_systems)(void **state)
{
    (void)state;
    REAL T[DENSE_MOST * DENSE_MOST], G[DENSE_MOST * DENSE_MOST], q[DENSE_MOST], work[600];
    REAL U[DENSE_MOST * DENSE_MOST], D[DENSE_MOST], x[DENSE_MOST], next[DENSE_MOST];
    uint64_t seed = 1;
    for (size_t trial = 0; trial < 200; trial++) {
        dense_system s;
        dense_random(&s, 1 + trial % 12, 1 + trial % 4, trial % (2 + trial % 12), &seed);
        NAME(narrow)(T, s.T, s.n * s.n);
        NAME(narrow)(G, s.G, s.n * s.r);
        NAME(narrow)(q, s.q, s.r);
        NAME(narrow)(work, s.P, s.n * s.n);
        assert_true(NAME(ud_factor)(U, D, work, work + 256, s.n));
        for (size_t i = 0; i < s.n; i++) x[i] = 0;
        const size_t rows = s.r > 0 ? 50 : 12; /* without shocks the variances go to zero, in single soon */
        for (size_t t = 0; t < rows; t++) {
            for (size_t k = 0; k < s.p; k++) NAME(step_both)(&s, U, D, x, k, dense_normal(&seed));
            assert_true(NAME(covariance_distance)(&s, U, D) <= TOLERANCE);
            NAME(ud_predict)(U, D, T, G, q, work, s.n, s.r);
            assert_int_equal(NAME(ud_settle)(U, D, s.n), 0);
            dense_predict(&s);
            for (size_t i = 0; i < s.n; i++) {
                next[i] = 0;
                for (size_t k = 0; k < s.n; k++) next[i] += T[i + k * s.n] * x[k];
            }
            memcpy(x, next, sizeof x);
            if (s.r >= s.n) assert_true(NAME(covariance_distance)(&s, U, D) <= TOLERANCE);
        }
    }
}

/* P = U D U' and back, also of a singular matrix; what is no variance is refused. */
static void NAME(test_factor)(void **state)
{
    (void)state;
    const REAL singular[9] = {4, 2, 0, 2, 1, 0, 0, 0, 0}, saddle[4] = {1, 2, 2, 1}, edge[4] = {1, 1, 1, 0};
    const REAL bad[1] = {(REAL)NAN}, endless[1] = {(REAL)INFINITY};
    REAL U[3], D[3], P[9], work[9];
    assert_true(NAME(ud_factor)(U, D, singular, work, 3));
    NAME(ud_covariance)(P, U, D, 3);
    for (size_t i = 0; i < 9; i++) assert_true(fabs((double)(P[i] - singular[i])) <= 4 * TOLERANCE);
    assert_true(D[0] == 0 && D[2] == 0);
    assert_false(NAME(ud_factor)(U, D, saddle, work, 2));
    assert_false(NAME(ud_factor)(U, D, edge, work, 2));
    assert_false(NAME(ud_factor)(U, D, bad, work, 1));
    assert_false(NAME(ud_factor)(U, D, endless, work, 1));
}

/* An observation without noise is believed; a second one carries nothing. A row of zeros changes no bit. */
static void NAME(test_certain)(void **state)
{
    (void)state;
    const REAL z[2] = {1, 0}, nothing[2] = {0, 0};
    REAL U[1] = {(REAL)0.5}, D[2] = {3, 2}, f[2], g[2], b[2];
    assert_true(NAME(ud_project)(f, g, U, D, nothing, 1, 2) == 1);
    NAME(ud_correct)(U, D, b, f, g, 1, 2);
    assert_true(U[0] == (REAL)0.5 && D[0] == 3 && D[1] == 2 && b[0] == 0 && b[1] == 0);
    assert_true(NAME(ud_project)(f, g, U, D, z, 0, 2) == (REAL)3.5);
    NAME(ud_correct)(U, D, b, f, g, 0, 2);
    assert_true(NAME(ud_project)(f, g, U, D, z, 0, 2) == 0);
    NAME(ud_correct)(U, D, b, f, g, 0, 2);
    assert_true(D[0] == 0 && D[1] > (REAL)1.71 && D[1] < (REAL)1.72);
}

/* An unstable state that is not observed stops at the limit and says so. */
static void NAME(test_saturation)(void **state)
{
    (void)state;
    const REAL T[4] = {16, 0, 1, 16}, G[2] = {1, 1}, q[1] = {1};
    REAL U[1] = {0}, D[2] = {1, 1}, work[SSMI_UD_WORK(2, 1)];
    int cut = 0;
    for (size_t t = 0; t < 2000; t++) {
        NAME(ud_predict)(U, D, T, G, q, work, 2, 1);
        cut |= NAME(ud_settle)(U, D, 2);
        assert_true(D[0] >= 0 && D[0] <= SQUARE_LIMIT && D[1] >= 0 && D[1] <= SQUARE_LIMIT);
        assert_true(U[0] >= -SQUARE_LIMIT && U[0] <= SQUARE_LIMIT);
    }
    assert_true(cut);
}
