/* What Thornton's prediction does to rows of numbers: with the vectors of GCC and clang where the machine has
 * them, else in plain C, with the same bits. Rows are a multiple of four long, and a sum over a row is kept
 * in four parts, one of each fourth term, wherever it is computed. SSM_KF_SCALAR: plain C everywhere. */

#if !defined(SSM_KF_SCALAR) && (defined(__SSE2__) || defined(__aarch64__)) &&                                \
    (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12))
#define VECTORS
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

/* a'b */
static inline REAL NAME(ud_dot)(const REAL *a, const REAL *b, size_t n, size_t r)
{
    const size_t columns = SSM_KF_FOURS(n + r);
#ifdef VECTORS
    NAME(four) sum = *(const NAME(four) *)a * *(const NAME(four) *)b;
    for (size_t c = 4; c < columns; c += 4)
        sum += *(const NAME(four) *)(a + c) * *(const NAME(four) *)(b + c);
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

/* T u, where u_j is 1 and u (j) holds what is before it, into every `columns`-th place of W. */
static inline void NAME(ud_move_column)(REAL *restrict W, const REAL *T, const REAL *u, size_t j, size_t n,
                                        size_t columns)
{
#ifdef VECTORS
    const size_t whole = n / 4 * 4;
    for (size_t i = 0; i < whole; i += 4) {
        NAME(four) sum = *(const NAME(four) *)(T + i + j * n);
        UNROLLED for (size_t k = 0; k < j; k++) sum += *(const NAME(four) *)(T + i + k * n) * u[k];
        for (size_t k = 0; k < 4; k++) W[(i + k) * columns] = sum[k];
    }
#else
    const size_t whole = 0;
#endif
    for (size_t i = whole; i < n; i++) {
        REAL sum = T[i + j * n];
        for (size_t k = 0; k < j; k++) sum += T[i + k * n] * u[k];
        W[i * columns] = sum;
    }
}
