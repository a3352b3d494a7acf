/* Instantiated by columns_avx2.c and columns_avx512.c, which define
 *     VEC, WIDTH               the vector type, and doubles in it
 *     SET(x) ZERO              all lanes x, all lanes 0
 *     LOAD(p) STORE(p, v)      WIDTH doubles
 *     MUL(x, y) ADD(x, y) SUB(x, y)
 *
 * Sums stay in registers over all columns; four vectors at once hide the time of an addition. The last rows
 * are done by a vector that begins before them and writes some results again: a masked store would make the
 * loads that follow wait. */

/* Where four vectors from row i on begin. */
#define FOUR_FROM(i) (i), (i) + WIDTH, (i) + 2 * WIDTH, (i) + 3 * WIDTH

/* Vectors of one sum, those that begin at `at`. */
SSMI_INLINE void sum_blocks(double *y, const double *X, const size_t *column, const double *value,
                            size_t count, size_t n, const size_t *at, int blocks)
{
    VEC sum[4];
    for (int b = 0; b < blocks; b++) sum[b] = MUL(SET(value[0]), LOAD(X + column[0] * n + at[b]));
    for (size_t e = 1; e < count; e++) {
        const double *x = X + column[e] * n;
        const VEC s = SET(value[e]);
        for (int b = 0; b < blocks; b++) sum[b] = ADD(sum[b], MUL(s, LOAD(x + at[b])));
    }
    for (int b = 0; b < blocks; b++) STORE(y + at[b], sum[b]);
}

static void combine_few(double *y, const double *X, const size_t *column, const double *value, size_t count,
                        size_t from, size_t n)
{
    for (size_t i = from; i < n; i++) {
        double sum = value[0] * X[column[0] * n + i];
        for (size_t e = 1; e < count; e++) sum += value[e] * X[column[e] * n + i];
        y[i] = sum;
    }
}

static void combine(double *y, const double *X, const size_t *column, const double *value, size_t count,
                    size_t from, size_t n)
{
    size_t i = from;
    if (count == 0) {
        for (; i < n; i++) y[i] = 0.0;
        return;
    }
    if (n < WIDTH) {
        combine_few(y, X, column, value, count, from, n);
        return;
    }
    for (; i + 4 * WIDTH < n; i += 4 * WIDTH)
        sum_blocks(y, X, column, value, count, n, (size_t[]){FOUR_FROM(i)}, 4);
    if (i >= n) return;
    size_t at[] = {FOUR_FROM(i)};
    const size_t left = (n - i + WIDTH - 1) / WIDTH;
    at[left - 1] = n - WIDTH;
    if (left == 1) sum_blocks(y, X, column, value, count, n, at, 1);
    if (left == 2) sum_blocks(y, X, column, value, count, n, at, 2);
    if (left == 3) sum_blocks(y, X, column, value, count, n, at, 3);
    if (left == 4) sum_blocks(y, X, column, value, count, n, at, 4);
}

/* `blocks` vectors of four sums. */
SSMI_INLINE void sum4_blocks(double *y, const double *X, const double *value, size_t count, size_t n,
                             int blocks)
{
    VEC sum[4][2];
    for (int k = 0; k < 4; k++) {
        for (int b = 0; b < blocks; b++)
            sum[k][b] = MUL(SET(value[(size_t)k * count]), LOAD(X + (size_t)b * WIDTH));
    }
    for (size_t e = 1; e < count; e++) {
        VEC x[2];
        for (int b = 0; b < blocks; b++) x[b] = LOAD(X + e * n + (size_t)b * WIDTH);
        for (int k = 0; k < 4; k++) {
            const VEC s = SET(value[(size_t)k * count + e]);
            for (int b = 0; b < blocks; b++) sum[k][b] = ADD(sum[k][b], MUL(s, x[b]));
        }
    }
    for (int k = 0; k < 4; k++) {
        for (int b = 0; b < blocks; b++) STORE(y + (size_t)k * n + (size_t)b * WIDTH, sum[k][b]);
    }
}

static void combine4(double *y, const double *X, const double *value, size_t count, size_t from, size_t n)
{
    size_t i = from;
    for (; i + 2 * WIDTH <= n; i += 2 * WIDTH) sum4_blocks(y + i, X + i, value, count, n, 2);
    for (; i + WIDTH <= n; i += WIDTH) sum4_blocks(y + i, X + i, value, count, n, 1);
    if (i < n) sum4_blocks(y + n - WIDTH, X + n - WIDTH, value, count, n, 1);
}

/* Vectors of one or two columns of P at once, those that begin at `at`, the last of them already in `last`.
 */
SSMI_INLINE void down_blocks(double *P, const double *U, const size_t *at, const double *uj, size_t count,
                             size_t n, const VEC *last, int columns, int blocks)
{
    VEC x[2][4];
    for (int c = 0; c < columns; c++) {
        for (int b = 0; b < blocks - 1; b++) x[c][b] = LOAD(P + (size_t)c * n + at[b]);
        x[c][blocks - 1] = last[c];
    }
    for (size_t k = 0; k < count; k++) {
        for (int c = 0; c < columns; c++) {
            const VEC s = SET(uj[k * n + (size_t)c]);
            for (int b = 0; b < blocks; b++) x[c][b] = SUB(x[c][b], MUL(LOAD(U + k * n + at[b]), s));
        }
    }
    for (int c = 0; c < columns; c++) {
        for (int b = 0; b < blocks; b++) STORE(P + (size_t)c * n + at[b], x[c][b]);
    }
}

/* The last vector of a column overlaps the one before it: it is read before that is written. */
SSMI_INLINE void down_columns(double *P, const double *U, const double *uj, size_t count, size_t n,
                              int columns)
{
    VEC last[2], fourth[2];
    size_t i = 0;
    for (int c = 0; c < columns; c++) last[c] = LOAD(P + (size_t)c * n + n - WIDTH);
    for (; i + 4 * WIDTH < n; i += 4 * WIDTH) {
        for (int c = 0; c < columns; c++) fourth[c] = LOAD(P + (size_t)c * n + i + 3 * WIDTH);
        down_blocks(P, U, (size_t[]){FOUR_FROM(i)}, uj, count, n, fourth, columns, 4);
    }
    const size_t left = (n - i + WIDTH - 1) / WIDTH;
    size_t at[] = {FOUR_FROM(i)};
    at[left - 1] = n - WIDTH;
    if (left == 1) down_blocks(P, U, at, uj, count, n, last, columns, 1);
    if (left == 2) down_blocks(P, U, at, uj, count, n, last, columns, 2);
    if (left == 3) down_blocks(P, U, at, uj, count, n, last, columns, 3);
    if (left == 4) down_blocks(P, U, at, uj, count, n, last, columns, 4);
}

static void downdate(double *P, const double *U, size_t count, size_t n)
{
    size_t j = n % 2;
    if (j == 1) down_columns(P, U, U, count, n, 1);
    for (; j < n; j += 2) down_columns(P + j * n, U, U + j, count, n, 2);
}

/* Y[0..4, 0..4] = X[0..4, 0..4]', both with n rows. */
SSMI_INLINE void turn_block(double *Y, const double *X, size_t n)
{
    const __m256d x0 = _mm256_loadu_pd(X), x1 = _mm256_loadu_pd(X + n);
    const __m256d x2 = _mm256_loadu_pd(X + 2 * n), x3 = _mm256_loadu_pd(X + 3 * n);
    const __m256d even01 = _mm256_unpacklo_pd(x0, x1), odd01 = _mm256_unpackhi_pd(x0, x1);
    const __m256d even23 = _mm256_unpacklo_pd(x2, x3), odd23 = _mm256_unpackhi_pd(x2, x3);
    _mm256_storeu_pd(Y, _mm256_permute2f128_pd(even01, even23, 0x20));
    _mm256_storeu_pd(Y + n, _mm256_permute2f128_pd(odd01, odd23, 0x20));
    _mm256_storeu_pd(Y + 2 * n, _mm256_permute2f128_pd(even01, even23, 0x31));
    _mm256_storeu_pd(Y + 3 * n, _mm256_permute2f128_pd(odd01, odd23, 0x31));
}

static void transpose(double *Y, const double *X, size_t n)
{
    const size_t whole = n - n % 4;
    for (size_t j = 0; j < whole; j += 4) {
        for (size_t i = 0; i < whole; i += 4) turn_block(Y + j + i * n, X + i + j * n, n);
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t i = j < whole ? whole : 0; i < n; i++) Y[j + i * n] = X[i + j * n];
    }
}

static void mirror(double *X, size_t n)
{
    const size_t whole = n - n % 4;
    for (size_t j = 0; j < whole; j += 4) {
        for (size_t i = j + 4; i < whole; i += 4) turn_block(X + j + i * n, X + i + j * n, n);
    }
    for (size_t j = 0; j < n; j++) {
        const size_t block_end = j - j % 4 + 4; /* what the blocks above have left out */
        for (size_t i = j + 1; i < n && i < block_end; i++) X[j + i * n] = X[i + j * n];
        for (size_t i = block_end > whole ? block_end : whole; i < n; i++) X[j + i * n] = X[i + j * n];
    }
}
