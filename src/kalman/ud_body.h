/* Bierman's update and Thornton's prediction by weighted modified Gram-Schmidt.
 *
 * Update (Bierman 1977, sec. V.3): with f = U'z, g = D f, alpha_0 = h, for j = 1 ... n
 *     alpha_j = alpha_{j-1} + f_j g_j         D_j <- D_j alpha_{j-1} / alpha_j
 *     U_ij <- U_ij - b_i f_j / alpha_{j-1}    b_i <- b_i + U_ij g_j (the old U)    for i < j;    b_j = g_j
 * and alpha_n = F. All sums are of terms of one sign, so nothing cancels.
 * Prediction (Thornton 1976; Grewal & Andrews 2015, table 7.12): with W = [T U, G] and weights w = [D, q],
 * for j = n ... 1 D_j = sum_k w_k W_jk^2     U_ij = sum_k w_k W_ik W_jk / D_j     W_i <- W_i - U_ij W_j for i
 * < j.
 *
 * Known value: Nile, variances 15099 and 1469.1, start 1e7: after the first row P = 15076.24, and the second
 * innovation variance is 31644.3 (exact diffuse start: 15099 and 31667.1). */

static REAL NAME(ud_invert)(REAL x)
{
    return x >= TINY ? 1 / x : 0;
}

/* A variance within [0, SQUARE_LIMIT]; the upper end for NaN. */
static REAL NAME(ud_variance)(REAL x)
{
    if (x != x) return SQUARE_LIMIT;
    if (x <= SQUARE_LIMIT) return x >= 0 ? x : 0;
    return SQUARE_LIMIT;
}

/* D <- D alpha / (alpha + drop). Compensated: as D - D drop / (alpha + drop), rounded with its error in rest
 * (Dekker 1971), where nothing cancels. */
static void NAME(ud_shrink)(REAL *D, REAL *rest, REAL alpha, REAL drop)
{
    const REAL next = alpha + drop;
#ifdef SSM_KF_COMPENSATED
    if (next >= TINY && drop < alpha) {
        const REAL change = *rest - *D * (drop / next), sum = *D + change;
        *rest = NAME(ud_bound)(change - (sum - *D), SQUARE_LIMIT);
        *D = NAME(ud_variance)(sum);
        return;
    }
    *rest = 0;
#else
    (void)rest;
#endif
    if (next >= TINY) *D = NAME(ud_variance)(*D * (alpha / next));
}

KERNEL REAL NAME(ud_project)(REAL *restrict f, REAL *restrict g, const REAL *U, const REAL *D, const REAL *z,
                             REAL h, size_t n)
{
    REAL F = h;
    for (size_t j = 0; j < n; U += j, j++) {
        REAL sum = z[j];
        for (size_t i = 0; i < j; i++) sum += U[i] * z[i];
        f[j] = sum;
        g[j] = D[j] * sum;
        F += g[j] * sum;
    }
    return F;
}

KERNEL void NAME(ud_correct)(REAL *restrict U, REAL *restrict D, REAL *restrict b, const REAL *f,
                             const REAL *g, REAL h, size_t n)
{
    REAL *rest = U + n * (n - 1) / 2, alpha = h, inverse = NAME(ud_invert)(h);
    for (size_t j = 0; j < n; U += j, j++) {
        const REAL lambda = -f[j] * inverse, drop = f[j] * g[j], weight = g[j];
        for (size_t i = 0; i < j; i++) {
            const REAL u = U[i];
            U[i] = NAME(ud_bound)(u + b[i] * lambda, SQUARE_LIMIT);
            b[i] += u * weight;
        }
        b[j] = weight;
        NAME(ud_shrink)(D + j, rest + j, alpha, drop);
        alpha += drop;
        inverse = NAME(ud_invert)(alpha);
    }
}

/* W (n, n + r) = [T U, G] and its weights. */
static void NAME(ud_spread)(REAL *restrict W, REAL *restrict weight, const REAL *U, const REAL *D,
                            const REAL *T, const REAL *G, const REAL *q, size_t n, size_t r)
{
    for (size_t j = 0; j < n; U += j, j++) {
        REAL *w = W + j * n;
        for (size_t i = 0; i < n; i++) w[i] = T[i + j * n];
        for (size_t k = 0; k < j; k++) {
            for (size_t i = 0; i < n; i++) w[i] += T[i + k * n] * U[k];
        }
        weight[j] = D[j];
    }
    for (size_t i = 0; i < n * r; i++) W[n * n + i] = G[i];
    for (size_t k = 0; k < r; k++) weight[n + k] = q[k];
}

/* sum_i = sum_k w_k W_ik W_jk for i <= j. */
static void NAME(ud_weigh)(REAL *restrict sum, const REAL *restrict W, const REAL *weight, size_t j, size_t n,
                           size_t columns)
{
    for (size_t i = 0; i < LANES(n, j + 1); i++) sum[i] = 0;
    for (size_t k = 0; k < columns; k++) {
        const REAL w = weight[k] * W[j + k * n];
        for (size_t i = 0; i < LANES(n, j + 1); i++) sum[i] += W[i + k * n] * w;
    }
}

/* W_i <- W_i - u_i W_j for i < j. */
static void NAME(ud_sweep)(REAL *restrict W, const REAL *restrict u, size_t j, size_t n, size_t columns)
{
    for (size_t k = 0; k < columns; k++) {
        const REAL w = W[j + k * n];
        for (size_t i = 0; i < LANES(n, j); i++) W[i + k * n] -= u[i] * w;
    }
}

KERNEL int NAME(ud_predict)(REAL *U, REAL *D, const REAL *T, const REAL *G, const REAL *q, REAL *work,
                            size_t n, size_t r)
{
    const size_t columns = n + r;
    REAL *W = work, *weight = W + n * columns, *sum = weight + columns;
    int cut = 0;
    NAME(ud_spread)(W, weight, U, D, T, G, q, n, r);
    for (size_t j = n; j-- > 0;) {
        REAL *column = U + j * (j - 1) / 2;
        NAME(ud_weigh)(sum, W, weight, j, n, columns);
        cut |= !(sum[j] <= SQUARE_LIMIT);
#ifdef SSM_KF_COMPENSATED
        if (sum[j] != D[j]) U[n * (n - 1) / 2 + j] = 0;
#endif
        D[j] = NAME(ud_variance)(sum[j]);
        const REAL inverse = NAME(ud_invert)(D[j]);
        for (size_t i = 0; i < j; i++) {
            sum[i] = NAME(ud_bound)(sum[i] * inverse, SQUARE_LIMIT);
            column[i] = sum[i];
        }
        NAME(ud_sweep)(W, sum, j, n, columns);
    }
    return cut;
}

/* Column j of what is left of P, (A_ij) for i <= j, becomes that of U and D; its part leaves the columns
 * before it. A pivot below `zero` is rounding. 0: this is no variance. */
static int NAME(ud_eliminate)(REAL *A, REAL scale, size_t j, size_t n)
{
    const REAL zero = 16 * (REAL)n * EPSILON * scale;
    REAL *column = A + j * n;
    if (!(scale >= 0 && scale <= SQUARE_LIMIT && column[j] >= -zero)) return 0;
    const REAL inverse = column[j] > zero ? NAME(ud_invert)(column[j]) : 0;
    if (!(inverse > 0)) column[j] = 0;
    for (size_t k = 0; k < j; k++) {
        const REAL u = column[k] * inverse;
        /* A covariance with what does not vary: |P_kj| <= sd_k sd_j is broken beyond rounding. */
        if (!(inverse > 0 || column[k] * column[k] <= 4 * zero * A[k + k * n])) return 0;
        if (!(u >= -SQUARE_LIMIT && u <= SQUARE_LIMIT)) return 0;
        for (size_t i = 0; i <= k; i++) A[i + k * n] -= column[i] * u;
    }
    for (size_t k = 0; k < j; k++) column[k] *= inverse;
    return 1;
}

KERNEL int NAME(ud_factor)(REAL *U, REAL *D, const REAL *P, REAL *work, size_t n)
{
    for (size_t i = 0; i < n * n; i++) work[i] = P[i];
    for (size_t j = n; j-- > 0;) {
        if (!NAME(ud_eliminate)(work, P[j + j * n], j, n)) return 0;
    }
    for (size_t j = 0; j < n; U += j, j++) {
        for (size_t i = 0; i < j; i++) U[i] = work[i + j * n];
        D[j] = work[j + j * n];
    }
    return 1;
}

KERNEL void NAME(ud_covariance)(REAL *P, const REAL *U, const REAL *D, size_t n)
{
    for (size_t j = 0; j < n; U += j, j++) {
        for (size_t k = 0; k <= j; k++) {
            const REAL weight = (k < j ? U[k] : 1) * D[j];
            P[k + j * n] = 0;
            for (size_t i = 0; i <= k; i++) P[i + k * n] += (i < j ? U[i] : 1) * weight;
        }
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < j; i++) P[j + i * n] = P[i + j * n];
    }
}
