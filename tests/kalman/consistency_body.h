/* Consistency of the filter in one precision: systems simulated in double, filtered in REAL. */

/* (x - truth)' P^-1 (x - truth), P = U diag(D) U': back substitution with the columns of U. */
static double NAME(normalised_error)(const NAME(kf) * f, const double *truth, size_t n)
{
    double e[MOST_STATES], sum = 0.0;
    for (size_t i = 0; i < n; i++) e[i] = (double)f->x[i] - truth[i];
    for (size_t j = n; j-- > 0;) {
        const REAL *u = f->U + (j > 0 ? j * (j - 1) / 2 : 0);
        for (size_t i = 0; i < j; i++) e[i] -= (double)u[i] * e[j];
        sum += e[j] * e[j] / (double)f->D[j];
    }
    return sum;
}

/* One system over CONSISTENCY_ROWS rows: returns the sum of squared normalised innovations over all rows, and
 * adds to error[k] the normalised squared error of the state after row rows_looked_at[k]. */
static double NAME(follow)(const dense_system *s, uint64_t *seed, double *error)
{
    REAL T[MOST_STATES * MOST_STATES], G[MOST_STATES * MOST_STATES], q[MOST_STATES], x[MOST_STATES];
    REAL Zt[MOST_STATES * DENSE_SENSORS], h[DENSE_SENSORS], variance[MOST_STATES], y[DENSE_SENSORS];
    REAL memory[SSM_KF_REALS(MOST_STATES, DENSE_SENSORS, MOST_STATES)];
    NAME(kf) f;
    NAME(kf_innovation) told[DENSE_SENSORS];
    double truth[MOST_STATES], sum = 0.0;
    size_t next = 0;
    for (size_t k = 0; k < s->n * s->n; k++) T[k] = (REAL)s->T[k];
    for (size_t k = 0; k < s->n * s->r; k++) G[k] = (REAL)s->G[k];
    for (size_t k = 0; k < s->n * s->p; k++) Zt[k] = (REAL)s->Zt[k];
    for (size_t k = 0; k < s->r; k++) q[k] = (REAL)s->q[k];
    for (size_t k = 0; k < s->p; k++) h[k] = (REAL)s->h[k];
    for (size_t k = 0; k < s->n; k++) {
        x[k] = (REAL)s->x[k];
        variance[k] = (REAL)(1 + k);
        truth[k] = s->x[k] + sqrt((double)(1 + k)) * dense_normal(seed);
    }
    const NAME(kf_model) model = {.n = (uint16_t)s->n,
                                  .p = (uint16_t)s->p,
                                  .r = (uint16_t)s->r,
                                  .T = T,
                                  .G = G,
                                  .q = q,
                                  .Zt = Zt,
                                  .h = h};
    assert_int_equal(NAME(kf_init)(&f, &model, memory, (uint32_t)SSM_KF_REALS(s->n, s->p, s->r)), SSM_KF_OK);
    assert_int_equal(NAME(kf_prior_diagonal)(&f, x, variance), SSM_KF_OK);
    for (size_t t = 0; t < CONSISTENCY_ROWS; t++) {
        for (size_t i = 0; i < s->p; i++) {
            double mean = sqrt(s->h[i]) * dense_normal(seed);
            for (size_t k = 0; k < s->n; k++) mean += s->Zt[k + i * s->n] * truth[k];
            y[i] = (REAL)mean;
        }
        assert_int_equal(NAME(kf_update)(&f, y, told), SSM_KF_OK);
        for (size_t i = 0; i < s->p; i++) sum += (double)told[i].v * (double)told[i].v / (double)told[i].F;
        if (t + 1 == rows_looked_at[next]) error[next++] += NAME(normalised_error)(&f, truth, s->n);
        move_truth(truth, s, seed);
        assert_int_equal(NAME(kf_predict)(&f, NULL), SSM_KF_OK);
    }
    return sum;
}
