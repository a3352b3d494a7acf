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

/* D <- D alpha / (alpha + drop). Compensated: as D - D drop / (alpha + drop), rounded with its error in rest
 * (Dekker 1971), where nothing cancels. */
static inline void NAME(ud_shrink)(REAL *D, REAL *rest, REAL alpha, REAL drop)
{
    const REAL next = alpha + drop;
#ifdef SSM_KF_COMPENSATED
    if (next >= TINY && drop < alpha) {
        const REAL change = *rest - *D * (drop / next), sum = *D + change;
        *rest = change - (sum - *D);
        *D = sum;
        return;
    }
    *rest = 0;
#else
    (void)rest;
#endif
    if (next >= TINY) *D *= alpha / next;
}

KERNEL APART REAL NAME(ud_project)(REAL *restrict f, REAL *restrict g, const REAL *U, const REAL *D,
                                   const REAL *z, REAL h, size_t n)
{
    REAL F = h;
    UNROLLED for (size_t j = 0; j < n; U += j, j++)
    {
        REAL sum = z[j];
        UNROLLED for (size_t i = 0; i < j; i++) sum += U[i] * z[i];
        f[j] = sum;
        g[j] = D[j] * sum;
        F += g[j] * sum;
    }
    return F;
}

KERNEL APART void NAME(ud_correct)(REAL *restrict U, REAL *restrict D, REAL *restrict b, const REAL *f,
                                   const REAL *g, REAL h, size_t n)
{
    REAL *rest = U + n * (n - 1) / 2, alpha = h, inverse = NAME(ud_invert)(h);
    UNROLLED for (size_t j = 0; j < n; U += j, j++)
    {
        const REAL lambda = -f[j] * inverse, drop = f[j] * g[j], weight = g[j];
        UNROLLED for (size_t i = 0; i < j; i++)
        {
            const REAL u = U[i];
            U[i] = u + b[i] * lambda;
            b[i] += u * weight;
        }
        b[j] = weight;
        NAME(ud_shrink)(D + j, rest + j, alpha, drop);
        alpha += drop;
        inverse = NAME(ud_invert)(alpha);
    }
}

KERNEL int NAME(ud_hold)(REAL *x, const REAL *value, REAL least, REAL most, size_t n)
{
    int cut = 0;
    for (size_t i = 0; i < n; i++) {
        const REAL wanted = value[i];
        x[i] = NAME(ud_bound)(wanted, least, most);
        cut |= !(x[i] == wanted);
    }
    return cut;
}

KERNEL int NAME(ud_settle)(REAL *U, REAL *D, size_t n)
{
    if (NAME(ud_is_settled)(NULL, U, D, n)) return 0;
    const int cut = NAME(ud_hold)(U, U, -SQUARE_LIMIT, SQUARE_LIMIT, n * (n - 1) / 2 + SSM_KF_RESTS(n));
    return NAME(ud_hold)(D, D, 0, SQUARE_LIMIT, n) | cut;
}

/* The rows of W (columns, n) = [T U, G, 0] and their weights [D, q, 0]. */
static APART void NAME(ud_spread)(REAL *restrict W, const REAL *U, const REAL *D, const REAL *T,
                                  const REAL *G, const REAL *q, size_t n, size_t r)
{
    const size_t columns = SSM_KF_FOURS(n + r);
    REAL *weight = W + n * columns;
    NAME(ud_move)(W, T, U, n, columns);
    NAME(ud_place)(W + n, G, n, r, columns);
    for (size_t i = 0; i < n; i++) {
        for (size_t c = n + r; c < columns; c++) W[i * columns + c] = 0;
    }
    for (size_t j = 0; j < n; j++) weight[j] = D[j];
    for (size_t k = 0; k < r; k++) weight[n + k] = q[k];
    for (size_t c = n + r; c < columns; c++) weight[c] = 0;
}

/* Row j, whose D is 1 / inverse, leaves the rows of W before it; what it was of them is column j of U. With
 * vectors, four rows at a time are measured at once, but not the one that is next, which all others wait for.
 */
static inline void NAME(ud_leave)(REAL *restrict column, REAL *restrict W, const REAL *weighted, REAL inverse,
                                  size_t j, size_t n, size_t r)
{
    const size_t columns = SSM_KF_FOURS(n + r);
    const REAL *row = W + j * columns;
    size_t together = 0;
#ifdef VECTORS
    together = j > 0 ? (j - 1) / 4 * 4 : 0;
#endif
    UNROLLED for (size_t i = j; i-- > together;)
    {
        column[i] = NAME(ud_dot)(W + i * columns, weighted, n, r) * inverse;
        NAME(ud_sweep)(W + i * columns, column[i], row, columns);
    }
#ifdef VECTORS
    UNROLLED for (size_t i = together; i > 0; i -= 4)
    {
        REAL *rows = W + (i - 4) * columns;
        NAME(four) u;
        NAME(ud_dots)(&u, rows, weighted, columns);
        u *= inverse;
        *(NAME(four) *)(column + i - 4) = u;
        UNROLLED for (size_t k = 4; k-- > 0;) NAME(ud_sweep)(rows + k * columns, u[k], row, columns);
    }
#endif
}

/* U and D of the rows W, which are made orthogonal from the last on. */
static APART void NAME(ud_orthogonalise)(REAL *restrict U, REAL *restrict D, REAL *restrict W, size_t n,
                                         size_t r)
{
    const size_t columns = SSM_KF_FOURS(n + r);
    REAL *weight = W + n * columns, *weighted = weight + columns;
    UNROLLED for (size_t j = n; j-- > 0;)
    {
        const REAL *row = W + j * columns;
        NAME(ud_weigh)(weighted, weight, row, columns);
        const REAL sum = NAME(ud_dot)(row, weighted, n, r), inverse = NAME(ud_invert)(sum);
#ifdef SSM_KF_COMPENSATED
        if (sum != D[j]) U[n * (n - 1) / 2 + j] = 0;
#endif
        D[j] = sum;
        NAME(ud_leave)(U + j * (j - 1) / 2, W, weighted, inverse, j, n, r);
    }
}

KERNEL void NAME(ud_predict)(REAL *U, REAL *D, const REAL *T, const REAL *G, const REAL *q, REAL *work,
                             size_t n, size_t r)
{
#if defined(SSM_KF_STATES) && defined(VECTORS)
    /* Of an array of its own the compiler knows that nothing else points there. */
    REAL own[SSM_KF_PREDICT_REALS(SSM_KF_STATES, SSM_KF_SHOCKS)] __attribute__((aligned(64)));
    work = own;
#endif
    NAME(ud_spread)(work, U, D, T, G, q, n, r);
    NAME(ud_orthogonalise)(U, D, work, n, r);
}

/* Column j of what is left of P, (A_ij) for i <= j, becomes that of U and D; its part leaves the columns
 * before it. A pivot below `zero` is rounding. 0: this is no variance. */
static int NAME(ud_eliminate)(REAL *A, REAL scale, size_t j, size_t n)
{
    const REAL zero = 16 * (REAL)n * EPSILON * scale;
    REAL *column = A + j * n;
    if (!(scale >= 0 && scale <= SQUARE_LIMIT && column[j] >= -zero && column[j] <= scale)) return 0;
    const REAL inverse = column[j] > zero ? NAME(ud_invert)(column[j]) : 0;
    if (!(inverse > 0)) column[j] = 0;
    for (size_t k = j; k-- > 0;) {
        const REAL u = column[k] * inverse;
        /* A covariance with what does not vary: |P_kj| <= sd_k sd_j is broken beyond rounding. */
        if (!(inverse > 0 || column[k] * column[k] <= 4 * zero * A[k + k * n])) return 0;
        if (!(u >= -SQUARE_LIMIT && u <= SQUARE_LIMIT)) return 0;
        for (size_t i = 0; i <= k; i++) A[i + k * n] -= column[i] * u;
        column[k] = u;
    }
    return 1;
}

KERNEL int NAME(ud_factor)(REAL *U, REAL *D, const REAL *P, REAL *work, size_t n)
{
    for (size_t i = 0; i < n * n; i++) work[i] = P[i];
    for (size_t j = n; j-- > 0;) {
        if (!NAME(ud_eliminate)(work, P[j + j * n], j, n)) return 0;
    }
    /* ud_eliminate keeps these bounds; here an analysis of intervals sees them. */
    for (size_t j = 0; j < n; U += j, j++) {
        for (size_t i = 0; i < j; i++) U[i] = NAME(ud_bound)(work[i + j * n], -SQUARE_LIMIT, SQUARE_LIMIT);
        D[j] = NAME(ud_bound)(work[j + j * n], 0, SQUARE_LIMIT);
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
