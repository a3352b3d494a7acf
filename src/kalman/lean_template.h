/* Instantiated by lean.c, which defines
 *     N        the number of states, a constant, so that the loops unroll and the state stays in registers
 *     NAME(x)  the name of function x for that N
 *
 * The operations and their order are those of kalman/step.c, written for dense matrices: a product with a
 * zero that the lists of kalman/rows.h leave out adds nothing. */

/* a <- T a + c */
static inline void NAME(move)(double *a, const double *T, const double *c)
{
    double sum[N] = {0.0};
    for (size_t j = 0; j < N; j++) {
        for (size_t i = 0; i < N; i++) sum[i] += T[i + j * N] * a[j];
    }
    for (size_t i = 0; i < N; i++) a[i] = sum[i] + c[i];
}

/* M = P z', returns z M */
static inline double NAME(project)(double *M, const double *P, const double *z)
{
    double sum = 0.0;
    for (size_t i = 0; i < N; i++) M[i] = z[0] * P[i];
    for (size_t j = 1; j < N; j++) {
        for (size_t i = 0; i < N; i++) M[i] += z[j] * P[i + j * N];
    }
    for (size_t i = 0; i < N; i++) sum += z[i] * M[i];
    return sum;
}

static inline double NAME(dot)(const double *z, const double *a)
{
    double sum = 0.0;
    for (size_t i = 0; i < N; i++) sum += z[i] * a[i];
    return sum;
}

/* P <- T P T' + V; the lower triangle counts. */
static inline void NAME(spread)(double *P, const double *T, const double *V)
{
    double W[N * N];
    for (size_t k = 0; k < N; k++) { /* W = T P */
        for (size_t i = 0; i < N; i++) W[i + k * N] = T[i] * P[k * N];
        for (size_t j = 1; j < N; j++) {
            for (size_t i = 0; i < N; i++) W[i + k * N] += T[i + j * N] * P[j + k * N];
        }
    }
    for (size_t j = 0; j < N; j++) { /* P = W T' + V */
        double sum[N];
        for (size_t i = 0; i < N; i++) sum[i] = W[i] * T[j];
        for (size_t k = 1; k < N; k++) {
            for (size_t i = 0; i < N; i++) sum[i] += W[i + k * N] * T[j + k * N];
        }
        for (size_t i = 0; i < N; i++) P[i + j * N] = sum[i] + V[i + j * N];
    }
    for (size_t j = 1; j < N; j++) {
        for (size_t i = 0; i < j; i++) P[i + j * N] = P[j + i * N];
    }
}

static size_t NAME(full_rows)(lean *x, const double *y, size_t t, size_t end)
{
    double a[N], P[N * N], M[N] = {0.0}, F = x->F, v = x->v;
    ssmi_loglik_sum sum = x->sum, squares = x->squares;
    memcpy(a, x->a, sizeof a);
    memcpy(P, x->P, sizeof P);
    memcpy(M, x->M, sizeof M);
    for (x->look = 0; t < end && !x->look; t++) {
        double next[N], u[N];
        const double F_t = NAME(project)(next, P, x->z) + x->h, v_t = y[t] - x->d - NAME(dot)(x->z, a);
        if (!(F_t > x->least_F && F_t <= DBL_MAX && fabs(v_t) <= DBL_MAX)) break;
        x->calm = fabs(F_t - F) <= x->tolerance * F_t;
        F = F_t;
        v = v_t;
        const double inverse = 1.0 / F, root = sqrt(inverse), step = v * inverse;
        for (size_t i = 0; i < N; i++) {
            M[i] = next[i];
            a[i] += M[i] * step;
            u[i] = M[i] * root;
        }
        for (size_t j = 0; j < N; j++) {
            for (size_t i = 0; i < N; i++) P[i + j * N] -= u[i] * u[j];
        }
        ssmi_loglik_log(&sum, F);
        ssmi_loglik_plain(x->concentrate ? &squares : &sum, v * v / F);
        NAME(move)(a, x->T, x->c);
        NAME(spread)(P, x->T, x->V);
        x->look = x->watching || (x->calm && t >= x->test_after);
    }
    memcpy(x->a, a, sizeof a);
    memcpy(x->P, P, sizeof P);
    memcpy(x->M, M, sizeof M);
    x->F = F;
    x->v = v;
    x->sum = sum;
    x->squares = squares;
    return t;
}

/* In the steady state: F and M stay. */
static size_t NAME(steady_rows)(lean *x, const double *y, size_t t, size_t end)
{
    double a[N], M[N], v = x->v;
    const double F = x->F;
    ssmi_loglik_sum sum = x->sum, squares = x->squares;
    memcpy(a, x->a, sizeof a);
    memcpy(M, x->M, sizeof M);
    for (; t < end; t++) {
        const double v_t = y[t] - x->d - NAME(dot)(x->z, a);
        if (!(fabs(v_t) <= DBL_MAX)) break;
        v = v_t;
        const double step = v / F;
        for (size_t i = 0; i < N; i++) a[i] += M[i] * step;
        ssmi_loglik_log(&sum, F);
        ssmi_loglik_plain(x->concentrate ? &squares : &sum, v * v / F);
        NAME(move)(a, x->T, x->c);
    }
    memcpy(x->a, a, sizeof a);
    x->v = v;
    x->sum = sum;
    x->squares = squares;
    return t;
}

#undef N
#undef NAME
