/* The Kalman filter in U-D form (Bierman 1977, Thornton 1976): the variance of the state is
 *
 *     P = U diag(D) U',    U unit upper triangular, D >= 0,
 *
 * so it is symmetric and non-negative by construction, and single precision does what others need double for.
 * Kernels: nothing is checked, nothing allocated, no function called, the number of operations depends on the
 * sizes alone. What ud_correct and ud_predict leave may have overflowed; ud_settle after a prediction or a
 * row of observations leaves finite elements, within SQUARE_LIMIT, whatever went in.
 *
 *     U    (n (n - 1) / 2): above the diagonal, column after column; element (i, j) is U[j (j - 1) / 2 + i]
 *     D    (n)
 *
 * With SSM_KF_COMPENSATED, n numbers more stand behind U: rest, what rounding took from D, so that a variance
 * can shrink by less than its last place. The variance is D + rest as ud_correct sees it; a prediction keeps
 * the rest of a D that it leaves bit for bit, other rests become 0.
 *
 * Matrices are column-major. */

/* f = U'z and g = D f for an observation y = z alpha + eps, eps ~ N(0, h); returns F = h + f'g, the variance
 * of the innovation. The state is only read. */
KERNEL REAL NAME(ud_project)(REAL *f /* (n) */, REAL *g /* (n) */, const REAL *U, const REAL *D,
                             const REAL *z /* (n) */, REAL h, size_t n);

/* Takes the observation in, given f and g of it: P <- P - b b' / F with b = P z'. The mean moves by b v / F,
 * which is left to the caller. b must not overlap f or g. */
KERNEL void NAME(ud_correct)(REAL *U, REAL *D, REAL *b /* (n) */, const REAL *f, const REAL *g, REAL h,
                             size_t n);

/* x (n) is the value within [least, most]; returns 1 when it had to be cut, else 0. */
KERNEL int NAME(ud_hold)(REAL *x, const REAL *value, REAL least, REAL most, size_t n);

/* Brings elements of U and D that overflowed, or are no numbers, back to within SQUARE_LIMIT; returns 1 when
 * there were any, else 0. */
KERNEL int NAME(ud_settle)(REAL *U, REAL *D, size_t n);

/* P <- T P T' + G diag(q) G'. */
KERNEL void NAME(ud_predict)(REAL *U, REAL *D, const REAL *T /* (n, n) */, const REAL *G /* (n, r) */,
                             const REAL *q /* (r) */, REAL *work /* SSMI_UD_WORK(n, r) */, size_t n,
                             size_t r);

/* U and D of a symmetric P, whose upper triangle is read. Returns 0 when P is not non-negative definite up to
 * rounding or not finite; U and D are then untouched. work (n, n). */
KERNEL int NAME(ud_factor)(REAL *U, REAL *D, const REAL *P /* (n, n) */, REAL *work, size_t n);

/* P (n, n), exactly symmetric. */
KERNEL void NAME(ud_covariance)(REAL *P, const REAL *U, const REAL *D, size_t n);

/* x within [least, most]; the upper end for NaN. */
static inline REAL NAME(ud_bound)(REAL x, REAL least, REAL most)
{
    x = x == x ? x : most;
    x = x < most ? x : most;
    return x >= least ? x : least;
}
