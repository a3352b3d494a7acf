/* From continuous time to a step dt, as core/discretise.c does with LAPACK: for a step t = dt / 2^s with
 * |A t| <= 1/2 by series,
 *
 *     T = sum_k (A t)^k / k!     Q = sum_k M_k,  M_0 = t Qc,  M_{k+1} = t / (k + 2) (A M_k + M_k A')
 *
 * (the derivatives of Van Loan's integral, 1978, eq. 1.2), then s times doubled, which adds non-negative
 * terms only: Q <- Q + T Q T', T <- T T. At last Q = G diag(q) G'.
 *
 * Known value: A = [0 1; 0 0], Qc = [0 0; 0 1]: Q = [dt^3/3 dt^2/2; dt^2/2 dt], so q = (dt^3/12, dt) and
 * G = [1 dt/2; 0 1]. */

enum { NAME(kf_most_doublings) = 64 };

/* C (n, n) = a (A B), or a (A B') */
static void NAME(kf_multiply)(REAL *restrict C, const REAL *A, const REAL *B, REAL a, int transposed,
                              size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) {
            REAL sum = 0;
            for (size_t k = 0; k < n; k++) sum += A[i + k * n] * (transposed ? B[j + k * n] : B[k + j * n]);
            C[i + j * n] = a * sum;
        }
    }
}

/* t and the number of doublings; -1 when that is too many. */
static int NAME(kf_short_step)(const REAL *A, REAL dt, size_t n, REAL *t)
{
    REAL most = 0;
    int doublings = 0;
    for (size_t j = 0; j < n; j++) {
        REAL sum = 0;
        for (size_t i = 0; i < n; i++) sum += A[i + j * n] < 0 ? -A[i + j * n] : A[i + j * n];
        if (sum > most) most = sum;
    }
    *t = dt;
    for (int i = 0; i < NAME(kf_most_doublings); i++) {
        if (!(most * *t <= (REAL)0.5)) {
            *t *= (REAL)0.5;
            doublings = i + 1;
        }
    }
    return most * *t <= (REAL)0.5 ? doublings : -1;
}

/* T and Q by series; M, next, power: (n, n) each. */
static void NAME(kf_series)(REAL *T, REAL *Q, REAL *M, REAL *next, const REAL *A, const REAL *Qc, REAL t,
                            size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) {
            M[i + j * n] = Q[i + j * n] = t * Qc[i <= j ? i + j * n : j + i * n];
        }
    }
    for (int k = 0; k < TAYLOR; k++) { /* A M is the transpose of M A', M being symmetric */
        NAME(kf_multiply)(next, A, M, t / (REAL)(k + 2), 0, n);
        for (size_t j = 0; j < n; j++) {
            for (size_t i = 0; i < n; i++) M[i + j * n] = next[i + j * n] + next[j + i * n];
        }
        for (size_t i = 0; i < n * n; i++) Q[i] += M[i];
    }
    for (size_t i = 0; i < n * n; i++) T[i] = M[i] = i % (n + 1) == 0;
    for (int k = 0; k < TAYLOR; k++) {
        NAME(kf_multiply)(next, A, M, t / (REAL)(k + 1), 0, n);
        for (size_t i = 0; i < n * n; i++) {
            M[i] = next[i];
            T[i] += next[i];
        }
    }
}

/* T and Q over the double of their step; a, b: (n, n). */
static void NAME(kf_double)(REAL *T, REAL *Q, REAL *a, REAL *b, size_t n)
{
    NAME(kf_multiply)(a, T, Q, 1, 0, n);
    NAME(kf_multiply)(b, a, T, 1, 1, n);
    for (size_t i = 0; i < n * n; i++) Q[i] += b[i];
    NAME(kf_multiply)(a, T, T, 1, 0, n);
    for (size_t i = 0; i < n * n; i++) T[i] = a[i];
}

/* Writes T, G and q out, when they are what a model may have. */
static ssm_kf_status NAME(kf_deliver)(REAL *T, REAL *G, REAL *q, const REAL *step, REAL *Q, size_t n)
{
    REAL *left = Q + n * n;
    if (!NAME(kf_are_in)(step, n * n, -LIMIT, LIMIT)) return SSM_KF_E_RANGE;
    if (!NAME(kf_are_in)(Q, n * n, -SQUARE_LIMIT, SQUARE_LIMIT)) return SSM_KF_E_RANGE;
    for (size_t i = 0; i < n * n; i++) left[i] = Q[i];
    for (size_t j = n; j-- > 0;) {
        if (!NAME(ud_eliminate)(left, Q[j + j * n], j, n)) return SSM_KF_E_VARIANCE;
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) {
            G[i + j * n] = i < j ? left[i + j * n] : i == j;
            T[i + j * n] = step[i + j * n];
        }
        q[j] = left[j + j * n];
    }
    return SSM_KF_OK;
}

ssm_kf_status NAME(kf_discretise)(const REAL *A, const REAL *Qc, REAL dt, uint16_t states, REAL *T, REAL *G,
                                  REAL *q, REAL *work)
{
    if (A == NULL || Qc == NULL || T == NULL || G == NULL || q == NULL || work == NULL || states == 0)
        return SSM_KF_E_ARGUMENT;
    const size_t n = states;
    if (!NAME(kf_is_in)(dt, 0, LIMIT) || !NAME(kf_are_in)(A, n * n, -LIMIT, LIMIT) ||
        !NAME(kf_are_in)(Qc, n * n, -LIMIT, LIMIT))
        return SSM_KF_E_RANGE;
    REAL t, *step = work, *Q = step + n * n, *a = Q + n * n, *b = a + n * n;
    const int doublings = NAME(kf_short_step)(A, dt, n, &t);
    if (doublings < 0) return SSM_KF_E_RANGE;
    NAME(kf_series)(step, Q, a, b, A, Qc, t, n);
    for (int i = 0; i < NAME(kf_most_doublings); i++) {
        if (i < doublings) NAME(kf_double)(step, Q, a, b, n);
    }
    return NAME(kf_deliver)(T, G, q, step, Q, n);
}
