/* What Thornton's prediction does to rows of numbers: with the vectors of GCC and clang where the machine has
 * them, else in plain C, with the same bits. Rows are a multiple of four long, and a sum over a row is kept
 * in four parts, one of each fourth term, wherever it is computed. SSM_KF_SCALAR: plain C everywhere. */

#if !defined(SSM_KF_SCALAR) && (defined(__SSE2__) || defined(__aarch64__)) &&                                \
    (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12))
#define VECTORS
typedef TRUTH NAME(truth) __attribute__((vector_size(4 * sizeof(REAL)))); /* 0 or -1 each */
typedef REAL NAME(four) __attribute__((vector_size(4 * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
#endif

/* A function that is to have a frame for itself where arithmetic is calls, so that stack is short: what its
 * caller calls besides does not stand on it then. */
#if defined(__GNUC__) && defined(__SOFTFP__)
#define APART __attribute__((noinline))
#else
#define APART
#endif

/* Before a loop that is to be unrolled whole, if its length is known. */
#if defined(SSM_KF_STATES) && defined(VECTORS)
#define UNROLLED _Pragma("GCC unroll 16")
#else
#define UNROLLED
#endif

#ifdef VECTORS
/* Each lane of `in` stays true (-1) where x (count) is within [least, most], which NaN is not. */
static inline void NAME(ud_look)(NAME(truth) * in, const REAL *x, REAL least, REAL most, size_t count)
{
    const NAME(four) low = {least, least, least, least}, high = {most, most, most, most};
    NAME(four) some = high;
    if (count < 4) {
        for (size_t i = 0; i < count; i++) some[i] = x[i];
        *in &= (some >= low) & (some <= high);
        return;
    }
    UNROLLED for (size_t i = 0; i < count; i += 4)
    {
        some = *(const NAME(four) *)(x + (i + 4 <= count ? i : count - 4));
        *in &= (some >= low) & (some <= high);
    }
}
#endif

/* Whether U and D, and x (n) if it is not NULL, are known to be within their limits. Plain C does not ask and
 * says no. */
static inline int NAME(ud_is_settled)(const REAL *x, const REAL *U, const REAL *D, size_t n)
{
#ifdef VECTORS
    NAME(truth) in = {-1, -1, -1, -1};
    NAME(ud_look)(&in, D, 0, SQUARE_LIMIT, n);
    NAME(ud_look)(&in, U, -SQUARE_LIMIT, SQUARE_LIMIT, n * (n - 1) / 2 + SSM_KF_RESTS(n));
    if (x != NULL) NAME(ud_look)(&in, x, -LIMIT, LIMIT, n);
    in &= __builtin_shufflevector(in, in, 2, 3, 0, 1);
    return (in[0] & in[1]) != 0;
#else
    (void)x, (void)U, (void)D, (void)n;
    return 0;
#endif
}

#ifdef VECTORS
/* a'b in four parts. */
static inline void NAME(ud_parts)(NAME(four) * sum, const REAL *a, const REAL *b, size_t columns)
{
    *sum = *(const NAME(four) *)a * *(const NAME(four) *)b;
    for (size_t c = 4; c < columns; c += 4)
        *sum += *(const NAME(four) *)(a + c) * *(const NAME(four) *)(b + c);
}
#endif

/* a'b */
static inline REAL NAME(ud_dot)(const REAL *a, const REAL *b, size_t n, size_t r)
{
    const size_t columns = SSM_KF_FOURS(n + r);
#ifdef VECTORS
    NAME(four) sum;
    NAME(ud_parts)(&sum, a, b, columns);
    sum += __builtin_shufflevector(sum, sum, 2, 3, 0, 1);
    return sum[0] + sum[1];
#else
    REAL sum0 = a[0] * b[0], sum1 = a[1] * b[1], sum2 = a[2] * b[2], sum3 = a[3] * b[3];
    for (size_t c = 4; c < columns; c += 4) {
        sum0 += a[c] * b[c];
        sum1 += a[c + 1] * b[c + 1];
        sum2 += a[c + 2] * b[c + 2];
        sum3 += a[c + 3] * b[c + 3];
    }
    return (sum0 + sum2) + (sum1 + sum3);
#endif
}

#ifdef VECTORS
/* ud_dot with b of each of four rows A. */
static inline void NAME(ud_dots)(NAME(four) * dot, const REAL *A, const REAL *b, size_t columns)
{
    NAME(four) sum[4];
    UNROLLED for (size_t k = 0; k < 4; k++) NAME(ud_parts)(sum + k, A + k * columns, b, columns);
    const NAME(four) front = __builtin_shufflevector(sum[0], sum[1], 0, 1, 4, 5) +
                             __builtin_shufflevector(sum[0], sum[1], 2, 3, 6, 7),
                     back = __builtin_shufflevector(sum[2], sum[3], 0, 1, 4, 5) +
                            __builtin_shufflevector(sum[2], sum[3], 2, 3, 6, 7);
    *dot =
        __builtin_shufflevector(front, back, 0, 2, 4, 6) + __builtin_shufflevector(front, back, 1, 3, 5, 7);
}
#endif

/* c_i = a_i b_i */
static inline void NAME(ud_weigh)(REAL *c, const REAL *a, const REAL *b, size_t columns)
{
#ifdef VECTORS
    for (size_t i = 0; i < columns; i += 4)
        *(NAME(four) *)(c + i) = *(const NAME(four) *)(a + i) * *(const NAME(four) *)(b + i);
#else
    for (size_t i = 0; i < columns; i++) c[i] = a[i] * b[i];
#endif
}

/* c <- c - u a */
static inline void NAME(ud_sweep)(REAL *c, REAL u, const REAL *a, size_t columns)
{
#ifdef VECTORS
    for (size_t i = 0; i < columns; i += 4) *(NAME(four) *)(c + i) -= u * *(const NAME(four) *)(a + i);
#else
    for (size_t i = 0; i < columns; i++) c[i] -= u * a[i];
#endif
}

#ifdef VECTORS
/* Four columns of four numbers into as many rows, `apart` numbers from one another. */
static inline void NAME(ud_turn)(REAL *W, size_t apart, const NAME(four) * column)
{
    const NAME(four) even_01 = __builtin_shufflevector(column[0], column[1], 0, 4, 2, 6),
                     odd_01 = __builtin_shufflevector(column[0], column[1], 1, 5, 3, 7),
                     even_23 = __builtin_shufflevector(column[2], column[3], 0, 4, 2, 6),
                     odd_23 = __builtin_shufflevector(column[2], column[3], 1, 5, 3, 7);
    *(NAME(four) *)W = __builtin_shufflevector(even_01, even_23, 0, 1, 4, 5);
    *(NAME(four) *)(W + apart) = __builtin_shufflevector(odd_01, odd_23, 0, 1, 4, 5);
    *(NAME(four) *)(W + 2 * apart) = __builtin_shufflevector(even_01, even_23, 2, 3, 6, 7);
    *(NAME(four) *)(W + 3 * apart) = __builtin_shufflevector(odd_01, odd_23, 2, 3, 6, 7);
}

/* Four rows of T u as in ud_move_column. */
static inline void NAME(ud_move_four)(NAME(four) * sum, const REAL *T, const REAL *u, size_t j, size_t n)
{
    *sum = *(const NAME(four) *)(T + j * n);
    UNROLLED for (size_t k = 0; k < j; k++) *sum += *(const NAME(four) *)(T + k * n) * u[k];
}

/* The first `rows` rows, a multiple of four, of the columns of T U from j on: of four, if so many are left,
 * when j is a multiple of four; of those behind, each. */
static inline void NAME(ud_move_rows)(REAL *restrict W, const REAL *T, const REAL *u, size_t j, size_t rows,
                                      size_t n, size_t columns)
{
    NAME(four) sum[4];
    UNROLLED for (size_t i = 0; i < rows; i += 4)
    {
        if (j >= rows) {
            NAME(ud_move_four)(sum, T + i, u, j, n);
            for (size_t k = 0; k < 4; k++) W[(i + k) * columns] = sum[0][k];
        } else if (j % 4 == 0) {
            NAME(ud_move_four)(sum, T + i, u, j, n);
            NAME(ud_move_four)(sum + 1, T + i, u + j, j + 1, n);
            NAME(ud_move_four)(sum + 2, T + i, u + 2 * j + 1, j + 2, n);
            NAME(ud_move_four)(sum + 3, T + i, u + 3 * j + 3, j + 3, n);
            NAME(ud_turn)(W + i * columns, columns, sum);
        }
    }
}
#endif

/* T u, where u_j is 1 and u (j) holds what is before it, from row `first` on, into every `columns`-th place
 * of W. */
static inline void NAME(ud_move_column)(REAL *restrict W, const REAL *T, const REAL *u, size_t j,
                                        size_t first, size_t n, size_t columns)
{
    for (size_t i = first; i < n; i++) {
        REAL sum = T[i + j * n];
        for (size_t k = 0; k < j; k++) sum += T[i + k * n] * u[k];
        W[i * columns] = sum;
    }
}

/* T U into the first n columns of the rows W. */
static inline void NAME(ud_move)(REAL *restrict W, const REAL *T, const REAL *U, size_t n, size_t columns)
{
    size_t whole = 0;
    UNROLLED for (size_t j = 0; j < n; U += j, j++)
    {
#ifdef VECTORS
        whole = n / 4 * 4;
        NAME(ud_move_rows)(W + j, T, U, j, whole, n, columns);
#endif
        NAME(ud_move_column)(W + j, T, U, j, whole, n, columns);
    }
}

/* G (n, r) into the first r columns of the rows W. */
static inline void NAME(ud_place)(REAL *restrict W, const REAL *G, size_t n, size_t r, size_t columns)
{
    size_t whole = 0;
#ifdef VECTORS
    whole = n / 4 * 4;
    UNROLLED for (size_t k = 0; k < r; k += 4)
    {
        UNROLLED for (size_t i = 0; i < whole; i += 4)
        {
            const REAL *from = G + i + k * n;
            if (k + 4 <= r) {
                const NAME(four)
                    column[4] = {*(const NAME(four) *)from, *(const NAME(four) *)(from + n),
                                 *(const NAME(four) *)(from + 2 * n), *(const NAME(four) *)(from + 3 * n)};
                NAME(ud_turn)(W + i * columns + k, columns, column);
            } else {
                for (size_t c = k; c < r; c++) {
                    for (size_t row = i; row < i + 4; row++) W[row * columns + c] = G[row + c * n];
                }
            }
        }
    }
#endif
    for (size_t i = whole; i < n; i++) {
        for (size_t k = 0; k < r; k++) W[i * columns + k] = G[i + k * n];
    }
}
