/* Instantiated by square_root.c and square_root_float.c, which define
 *     REAL        float or double
 *     NAME(x)     the name of function x in that precision
 *     ROOT(x)     its square root
 * Arrays in the sense of Kailath, Sayed & Hassibi (2000, ch. 12), transposed so that columns are contiguous:
 * an orthogonal transformation from the left takes
 *
 *     [ e       0 ]       [ f   K' ]                        [ U T' ]       [ U ]
 *     [ U z'    U ]  to   [ 0   U  ]   (update)             [ G'   ]  to   [ 0 ]   (prediction)
 *
 * with P = U'U, e^2 = h, f^2 = F, K f = P z'. The update rotates row k of U against the first row, from the
 * last k to the first (Givens), which keeps U triangular; the prediction reflects (Householder). Nothing is
 * subtracted from a variance. */

static REAL NAME(magnitude)(REAL x)
{
    return x < 0 ? -x : x;
}

/* Rotates row x of U against y by an angle of sine s and cosine 1 - rest. A state that is hardly learned of
 * any more turns by less than a rounding of the cosine, and the same way each time. */
static void NAME(turn_little)(REAL *y, REAL *x, REAL s, REAL rest, size_t from, size_t n)
{
    for (size_t j = from; j < n; j++) {
        const REAL above = y[j], below = x[j * n];
        y[j] = above - (rest * above - s * below);
        x[j * n] = below - (rest * below + s * above);
    }
}

REAL NAME(ssmi_root_update)(REAL *U, REAL *K, const REAL *u, REAL e, size_t n)
{
    REAL f = e;
    for (size_t j = 0; j < n; j++) K[j] = 0;
    for (size_t k = n; k-- > 0;) {
        if (u[k] == 0) continue;
        const REAL norm = ROOT(f * f + u[k] * u[k]);
        if (!(norm > 0)) continue; /* underflow: nothing to rotate */
        const REAL c = f / norm, s = u[k] / norm;
        if (c > (REAL)0.5) {
            NAME(turn_little)(K, U + k, s, u[k] * (u[k] / (norm * (norm + f))), k, n);
        } else {
            for (size_t j = k; j < n; j++) {
                const REAL above = K[j], below = U[k + j * n];
                K[j] = c * above + s * below;
                U[k + j * n] = c * below - s * above;
            }
        }
        f = norm;
    }
    return f;
}

/* Reflects column k so that it ends at row k, and the columns after it likewise. */
static void NAME(reflect)(REAL *A, size_t k, size_t m, size_t n)
{
    REAL *column = A + k * m, sum = 0;
    for (size_t i = k; i < m; i++) sum += column[i] * column[i];
    const REAL norm = ROOT(sum), old = column[k];
    if (!(norm > 0)) return;
    column[k] += old < 0 ? -norm : norm;
    const REAL beta = 1 / (sum + NAME(magnitude)(old) * norm);
    for (size_t j = k + 1; j < n; j++) {
        REAL *x = A + j * m, dot = 0;
        for (size_t i = k; i < m; i++) dot += column[i] * x[i];
        dot *= beta;
        for (size_t i = k; i < m; i++) x[i] -= dot * column[i];
    }
    column[k] = old < 0 ? norm : -norm;
    for (size_t i = k + 1; i < m; i++) column[i] = 0;
}

void NAME(ssmi_root_triangle)(REAL *U, REAL *A, size_t m, size_t n)
{
    for (size_t k = 0; k < n && k < m; k++) NAME(reflect)(A, k, m, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) U[i + j * n] = i < m && i <= j ? A[i + j * m] : 0;
    }
}

void NAME(ssmi_root_predict)(REAL *U, const REAL *T, const REAL *G, REAL *work, size_t n, size_t r)
{
    const size_t m = n + r;
    for (size_t j = 0; j < n; j++) {
        REAL *x = work + j * m;
        for (size_t i = 0; i < n; i++) x[i] = 0;
        for (size_t k = 0; k < n; k++) {
            const REAL t = T[j + k * n], *column = U + k * n;
            if (t == 0) continue;
            for (size_t i = 0; i <= k; i++) x[i] += t * column[i];
        }
        for (size_t i = 0; i < r; i++) x[n + i] = G[j + i * n];
    }
    NAME(ssmi_root_triangle)(U, work, m, n);
}

void NAME(ssmi_root_append)(REAL *U, REAL *x, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        REAL *pivot = U + k + k * n;
        const REAL norm = ROOT(*pivot * *pivot + x[k] * x[k]);
        if (!(norm > 0)) continue;
        const REAL c = *pivot / norm, s = x[k] / norm;
        for (size_t j = k; j < n; j++) {
            const REAL above = U[k + j * n];
            U[k + j * n] = c * above + s * x[j];
            x[j] = c * x[j] - s * above;
        }
    }
}
