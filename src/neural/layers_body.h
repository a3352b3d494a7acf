/* Linear, RMSNorm (Zhang & Sennrich 2019, eq. 4), rotation
 * (Su et al. 2021, eq. 15), dropout, embedding and cross-entropy for one element type.
 *
 *     y = x W' + b            dx = dy W, dW = dy' x, db = sum dy
 *     y = x r w, r = (mean x^2 + eps)^{-1/2}
 *                             dx = r (w dy - x r^2 mean(w dy x)), dw = sum dy x r
 *     l = log sum_k exp v_k - v_a
 *                             dv = softmax(v) - e_a
 *
 * Known values: RMSNorm of (3, 4) with w = 1 is (0.8485, 1.1314); equal logits of k symbols cost log k. */

void NAME(ssmi_linear_forward)(REAL *y, size_t ldy, const REAL *x, size_t ldx, const REAL *w,
                               const REAL *bias, size_t rows, size_t in, size_t out)
{
    for (size_t i = 0; bias != NULL && i < rows; i++) memcpy(y + i * ldy, bias, out * sizeof *y);
    GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)out, (int)in, 1, x, (int)ldx, w, (int)in,
         bias != NULL ? 1 : 0, y, (int)ldy);
}

void NAME(ssmi_linear_backward)(REAL *dx, REAL beta, REAL *dw, REAL *dbias, const REAL *dy, size_t ldy,
                                const REAL *x, size_t ldx, const REAL *w, size_t rows, size_t in, size_t out)
{
    if (dx != NULL) {
        GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows, (int)in, (int)out, 1, dy, (int)ldy, w,
             (int)in, beta, dx, (int)ldx);
    }
    GEMM(CblasRowMajor, CblasTrans, CblasNoTrans, (int)out, (int)in, (int)rows, 1, dy, (int)ldy, x, (int)ldx,
         1, dw, (int)in);
    for (size_t i = 0; dbias != NULL && i < rows; i++) {
        for (size_t j = 0; j < out; j++) dbias[j] += dy[i * ldy + j];
    }
}

static REAL inverse_rms(const REAL *x, REAL epsilon, size_t width)
{
    REAL sum = 0;
    for (size_t j = 0; j < width; j++) sum += x[j] * x[j];
    return 1 / R_SQRT(sum / (REAL)width + epsilon);
}

void NAME(ssmi_rmsnorm_forward)(REAL *y, const REAL *x, const REAL *w, REAL epsilon, size_t rows,
                                size_t width)
{
    for (size_t i = 0; i < rows; i++, x += width, y += width) {
        const REAL r = inverse_rms(x, epsilon, width);
        for (size_t j = 0; j < width; j++) y[j] = x[j] * r * w[j];
    }
}

void NAME(ssmi_rmsnorm_backward)(REAL *dx, REAL *dw, const REAL *dy, const REAL *x, const REAL *w,
                                 REAL epsilon, size_t rows, size_t width)
{
    for (size_t i = 0; i < rows; i++, x += width, dx += width, dy += width) {
        const REAL r = inverse_rms(x, epsilon, width);
        REAL along = 0;
        for (size_t j = 0; j < width; j++) along += w[j] * dy[j] * x[j];
        along *= r * r / (REAL)width;
        for (size_t j = 0; j < width; j++) {
            dx[j] += r * (w[j] * dy[j] - x[j] * along);
            dw[j] += dy[j] * x[j] * r;
        }
    }
}

void NAME(ssmi_dropout_mask)(REAL *mask, size_t n, double p, uint64_t key)
{
    const REAL keep = (REAL)(1 / (1 - p));
    const uint64_t threshold = (uint64_t)(p * 4294967296.0);
    for (size_t i = 0; i < n; i++) mask[i] = (ssmi_mix_key(key, i) >> 32) < threshold ? 0 : keep;
}

void NAME(ssmi_turn_forward)(REAL *y, size_t y_stride, const REAL *x, size_t x_stride, const REAL *angle,
                             size_t angle_stride, size_t rows, size_t half)
{
    for (size_t i = 0; i < rows; i++, x += x_stride, y += y_stride, angle += angle_stride) {
        for (size_t j = 0; j < half; j++) {
            const REAL re = x[j], im = x[j + half], c = R_COS(angle[j]), s = R_SIN(angle[j]);
            y[j] = re * c - im * s;
            y[j + half] = re * s + im * c;
        }
    }
}

/* Turning back carries dy to dx; the angle moves y along its normal (-im, re). */
void NAME(ssmi_turn_backward)(REAL *dx, size_t x_stride, REAL *dangle, size_t angle_stride, const REAL *dy,
                              const REAL *y, size_t y_stride, const REAL *angle, size_t rows, size_t half)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < half; j++) {
            const REAL re = dy[j], im = dy[j + half], c = R_COS(angle[j]), s = R_SIN(angle[j]);
            dx[j] += re * c + im * s;
            dx[j + half] += im * c - re * s;
            dangle[j] += im * y[j] - re * y[j + half];
        }
        dx += x_stride, dangle += angle_stride, dy += y_stride, y += y_stride, angle += angle_stride;
    }
}

void NAME(ssmi_embedding_forward)(REAL *y, const int *token, const REAL *w, size_t rows, size_t width)
{
    for (size_t i = 0; i < rows; i++) memcpy(y + i * width, w + (size_t)token[i] * width, width * sizeof *y);
}

void NAME(ssmi_embedding_backward)(REAL *dw, const REAL *dy, const int *token, size_t rows, size_t width)
{
    for (size_t i = 0; i < rows; i++) {
        REAL *row = dw + (size_t)token[i] * width;
        for (size_t j = 0; j < width; j++) row[j] += dy[i * width + j];
    }
}

/* The largest logit is taken off first, so no exponential overflows. */
double NAME(ssmi_cross_entropy)(REAL *dlogits, const REAL *logits, const int *answer, REAL share, size_t rows,
                                size_t symbols)
{
    double loss = 0;
    for (size_t i = 0; i < rows; i++, logits += symbols, answer++) {
        REAL most = logits[0], sum = 0, own = logits[*answer];
        for (size_t k = 1; k < symbols; k++) most = logits[k] > most ? logits[k] : most;
        for (size_t k = 0; k < symbols; k++) sum += R_EXP(logits[k] - most);
        loss += (double)(R_LOG(sum) + most - own);
        if (dlogits == NULL) continue;
        for (size_t k = 0; k < symbols; k++) dlogits[k] = share * R_EXP(logits[k] - most) / sum;
        dlogits[*answer] -= share;
        dlogits += symbols;
    }
    return loss;
}
