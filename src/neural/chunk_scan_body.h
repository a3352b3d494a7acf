/* The recurrence of Mamba-2 (Dao & Gu 2024, "Transformers are SSMs", section 6) for one element type. Per
 * head, with a_t = exp(log_decay_t):
 *
 *     S_t = a_t S_{t-1} + gain_t B_t x_t'         y_t = C_t' S_t + direct_t (C_t . B_t) x_t + D x_t
 *
 * In a chunk of Q rows with the state S before it, W_ij = a_{j+1} ... a_i for j <= i, p_i = a_0 ... a_i and
 * k_j = a_{j+1} ... a_{Q-1} (their listing 1):
 *
 *     M = C B' o W diag(gain) + diag(direct C.B)      y = M x + diag(p) C S + D x
 *     S' = p_{Q-1} S + B' diag(k gain) x
 *
 * Adjoint, with dS' the gradient of the state after the chunk, dM = dy x', R = dM o C B' o W diag(gain):
 *
 *     dx = M' dy + diag(k gain) B dS' + D dy         U = x dS'^T, V = dy S^T
 *     d(C B') = dM o W diag(gain) + diag(direct dM)  dC = d(C B') B + diag(p) V    dB = d(C B')' C + diag(k
 * gain) U dgain_j = sum_i dM_ij CB_ij W_ij + k_j B_j . U_j             ddirect_i = dM_ii C_i . B_i dS =
 * p_{Q-1} dS' + C' diag(p) dy dlog_t = sum_{i >= t} q_i,  q_i = sum_j R_ij - sum_j R_ji + p_i C_i . V_i - k_i
 * gain_i B_i . U_i, and for the last row + p_{Q-1} <dS', S> + sum_j k_j gain_j B_j . U_j
 *
 * W is built row by row by products alone. Kept for the backward pass is the state before each chunk: states
 * / SSMI_CHUNK elements per token and channel. Known value: a = gain = B = C = 1, no D: the running sum. */
typedef NAME(ssmi_chunk_scan) chunk_task;
typedef NAME(ssmi_chunk_scan_grad) chunk_grad;

/* Products below this are zero: what is left of a row after that many decays is lost in rounding. */
static const REAL faint = (REAL)1e-30;

typedef struct chunk {
    const chunk_task *s;
    size_t row, rows;
    REAL *CB, *W, *M;       /* (rows, rows) */
    REAL *dCB, *dM;         /* (rows, rows) */
    REAL *scaled, *product; /* (rows, states): diag(.) B or C; U or V */
    REAL *p, *k, *q;        /* (rows) */
    REAL *dS;               /* (heads, states, width) */
} chunk;

size_t NAME(ssmi_chunk_scan_scratch)(size_t heads, size_t width, size_t states)
{
    return 5 * (size_t)SSMI_CHUNK * SSMI_CHUNK + 2 * (size_t)SSMI_CHUNK * states + 3 * (size_t)SSMI_CHUNK +
           heads * states * width;
}

static chunk open_chunk(REAL *scratch, const chunk_task *s)
{
    const size_t square = (size_t)SSMI_CHUNK * SSMI_CHUNK, plane = SSMI_CHUNK * s->states;
    chunk c = {.s = s, .CB = scratch};
    c.W = c.CB + square;
    c.M = c.W + square;
    c.dCB = c.M + square;
    c.dM = c.dCB + square;
    c.scaled = c.dM + square;
    c.product = c.scaled + plane;
    c.p = c.product + plane;
    c.k = c.p + SSMI_CHUNK;
    c.q = c.k + SSMI_CHUNK;
    c.dS = c.q + SSMI_CHUNK;
    return c;
}

static void place_chunk(chunk *c, size_t b, size_t i)
{
    const size_t first = i * SSMI_CHUNK, left = c->s->length - first;
    c->row = b * c->s->length + first;
    c->rows = left < SSMI_CHUNK ? left : SSMI_CHUNK;
}

static const REAL *chunk_B(const chunk *c, size_t group)
{
    return c->s->B + c->row * c->s->bc_stride + group * c->s->states;
}

static const REAL *chunk_C(const chunk *c, size_t group)
{
    return c->s->C + c->row * c->s->bc_stride + group * c->s->states;
}

/* C = alpha A B + beta C with leading dimensions; ta, tb: transposed. */
static void multiply(REAL *y, size_t ldy, const REAL *a, size_t lda, int ta, const REAL *b, size_t ldb,
                     int tb, size_t m, size_t n, size_t k, REAL beta)
{
    GEMM(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m, (int)n,
         (int)k, 1, a, (int)lda, b, (int)ldb, beta, y, (int)ldy);
}

static void multiply_CB(const chunk *c, size_t group)
{
    const size_t stride = c->s->bc_stride, Q = c->rows;
    multiply(c->CB, Q, chunk_C(c, group), stride, 0, chunk_B(c, group), stride, 1, Q, Q, c->s->states, 0);
}

/* W, p, k and M of one head. */
static void weigh(chunk *c, size_t head)
{
    const size_t Q = c->rows, H = c->s->heads, first = c->row * H + head;
    REAL product = 1;
    for (size_t i = 0; i < Q; i++) {
        const REAL a = R_EXP(c->s->log_decay[first + i * H]);
        REAL *w = c->W + i * Q;
        product = product * a < faint ? 0 : product * a;
        c->p[i] = product;
        for (size_t j = 0; j < i; j++) {
            const REAL next = a * w[j - Q];
            w[j] = next < faint ? 0 : next;
        }
        w[i] = 1;
        for (size_t j = i + 1; j < Q; j++) w[j] = 0;
    }
    for (size_t j = 0; j < Q; j++) c->q[j] = c->s->gain[first + j * H];
    for (size_t j = 0; j < Q; j++) c->k[j] = c->W[(Q - 1) * Q + j] * c->q[j];
    for (size_t i = 0; i < Q; i++) {
        for (size_t j = 0; j < Q; j++) c->M[i * Q + j] = c->CB[i * Q + j] * c->W[i * Q + j] * c->q[j];
        if (c->s->direct != NULL) c->M[i * Q + i] += c->s->direct[first + i * H] * c->CB[i * Q + i];
    }
}

/* scaled = diag(factor) v, v (rows, states). */
static void scale_rows(const chunk *c, const REAL *factor, const REAL *v)
{
    const size_t N = c->s->states;
    for (size_t i = 0; i < c->rows; i++) {
        for (size_t n = 0; n < N; n++) c->scaled[i * N + n] = factor[i] * v[i * c->s->bc_stride + n];
    }
}

static void scale_state(REAL *state, REAL factor, const chunk_task *s)
{
    for (size_t i = 0; i < s->states * s->width; i++) state[i] *= factor;
}

static void forward_head(REAL *y, REAL *state, chunk *c, size_t head, size_t group)
{
    const chunk_task *s = c->s;
    const size_t Q = c->rows, P = s->width, N = s->states, E = s->heads * P;
    const REAL *x = s->x + c->row * s->x_stride + head * P;
    y += c->row * E + head * P;
    weigh(c, head);
    multiply(y, E, c->M, Q, 0, x, s->x_stride, 0, Q, P, Q, 0);
    scale_rows(c, c->p, chunk_C(c, group));
    multiply(y, E, c->scaled, N, 0, state, P, 0, Q, P, N, 1);
    for (size_t i = 0; i < Q && s->D != NULL; i++) {
        for (size_t e = 0; e < P; e++) y[i * E + e] += s->D[head] * x[i * s->x_stride + e];
    }
    scale_rows(c, c->k, chunk_B(c, group));
    scale_state(state, c->p[Q - 1], s);
    multiply(state, P, c->scaled, N, 1, x, s->x_stride, 0, N, P, Q, 1);
}

void NAME(ssmi_chunk_scan_forward)(REAL *y, REAL *state, REAL *checkpoints, REAL *scratch,
                                   const NAME(ssmi_chunk_scan) * s)
{
    const size_t part = s->states * s->width, size = s->heads * part, chunks = ssmi_chunks(s->length);
    const size_t together = s->heads / s->groups;
    chunk c = open_chunk(scratch, s);
    for (size_t i = 0; i < s->batch * chunks; i++) {
        REAL *before = state + i / chunks * size;
        place_chunk(&c, i / chunks, i % chunks);
        if (checkpoints != NULL) memcpy(checkpoints + i * size, before, size * sizeof *state);
        for (size_t head = 0; head < s->heads; head++) {
            if (head % together == 0) multiply_CB(&c, head / together);
            forward_head(y, before + head * part, &c, head, head / together);
        }
    }
}

static REAL dot(const REAL *a, const REAL *b, size_t n)
{
    REAL sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* What a chunk's own rows make of dM: dCB (added to), dgain, ddirect, and q from R. */
static void inner_adjoint(const chunk_grad *grad, chunk *c, size_t head)
{
    const chunk_task *s = c->s;
    const size_t Q = c->rows, H = s->heads, first = c->row * H + head;
    for (size_t j = 0; j < Q; j++) {
        grad->dgain[first + j * H] = 0;
        c->q[j] = 0;
    }
    for (size_t i = 0; i < Q; i++) {
        const REAL *W = c->W + i * Q, *dM = c->dM + i * Q, *CB = c->CB + i * Q;
        REAL across = 0;
        for (size_t j = 0; j <= i; j++) {
            const REAL gain = s->gain[first + j * H], part = dM[j] * W[j];
            c->dCB[i * Q + j] += part * gain;
            grad->dgain[first + j * H] += part * CB[j];
            across += part * CB[j] * gain;
            c->q[j] -= part * CB[j] * gain;
        }
        c->q[i] += across;
        if (s->direct == NULL) continue;
        grad->ddirect[first + i * H] = dM[i] * CB[i];
        c->dCB[i * Q + i] += dM[i] * s->direct[first + i * H];
    }
}

/* What enters through the state after the chunk and leaves through the one before it. */
static void outer_adjoint(const chunk_grad *grad, chunk *c, const REAL *dy, const REAL *state, size_t head,
                          size_t group)
{
    const chunk_task *s = c->s;
    const size_t Q = c->rows, N = s->states, P = s->width, E = s->heads * P, H = s->heads,
                 stride = s->bc_stride;
    const REAL *x = s->x + c->row * s->x_stride + head * P, *B = chunk_B(c, group), *C = chunk_C(c, group);
    REAL *dB = grad->dB + c->row * stride + group * N, *dC = grad->dC + c->row * stride + group * N;
    REAL *dS = c->dS + head * N * P, last = c->p[Q - 1] * dot(dS, state, N * P);
    multiply(c->product, N, x, s->x_stride, 0, dS, P, 1, Q, N, P, 0);
    for (size_t j = 0; j < Q; j++) {
        const REAL along = dot(B + j * stride, c->product + j * N, N), part = c->k[j] * along;
        grad->dgain[(c->row + j) * H + head] += c->W[(Q - 1) * Q + j] * along;
        for (size_t n = 0; n < N; n++) dB[j * stride + n] += c->k[j] * c->product[j * N + n];
        c->q[j] -= part;
        last += part;
    }
    multiply(c->product, N, dy, E, 0, state, P, 1, Q, N, P, 0);
    for (size_t i = 0; i < Q; i++) {
        c->q[i] += c->p[i] * dot(C + i * stride, c->product + i * N, N);
        for (size_t n = 0; n < N; n++) dC[i * stride + n] += c->p[i] * c->product[i * N + n];
    }
    c->q[Q - 1] += last;
    scale_rows(c, c->p, C);
    scale_state(dS, c->p[Q - 1], s);
    multiply(dS, P, c->scaled, N, 1, dy, E, 0, N, P, Q, 1);
}

static void backward_head(const chunk_grad *grad, chunk *c, const REAL *dy, const REAL *state, size_t head,
                          size_t group)
{
    const chunk_task *s = c->s;
    const size_t Q = c->rows, P = s->width, E = s->heads * P;
    const REAL *x = s->x + c->row * s->x_stride + head * P;
    REAL *dx = grad->dx + c->row * s->x_stride + head * P, sum = 0;
    dy += c->row * E + head * P;
    weigh(c, head);
    multiply(c->dM, Q, dy, E, 0, x, s->x_stride, 1, Q, Q, P, 0);
    multiply(dx, s->x_stride, c->M, Q, 1, dy, E, 0, Q, P, Q, 0);
    scale_rows(c, c->k, chunk_B(c, group));
    multiply(dx, s->x_stride, c->scaled, s->states, 0, c->dS + head * s->states * P, P, 0, Q, P, s->states,
             1);
    for (size_t i = 0; i < Q && s->D != NULL; i++) {
        sum += dot(dy + i * E, x + i * s->x_stride, P);
        for (size_t e = 0; e < P; e++) dx[i * s->x_stride + e] += s->D[head] * dy[i * E + e];
    }
    if (s->D != NULL) grad->dD[head] += sum;
    inner_adjoint(grad, c, head);
    outer_adjoint(grad, c, dy, state, head, group);
    sum = 0;
    for (size_t i = Q; i-- > 0;) {
        sum += c->q[i];
        grad->dlog_decay[(c->row + i) * s->heads + head] = sum;
    }
}

static void open_group(const chunk_grad *grad, chunk *c, size_t group)
{
    const size_t N = c->s->states, stride = c->s->bc_stride;
    multiply_CB(c, group);
    memset(c->dCB, 0, c->rows * c->rows * sizeof *c->dCB);
    for (size_t i = c->row; i < c->row + c->rows; i++) {
        memset(grad->dB + i * stride + group * N, 0, N * sizeof *grad->dB);
        memset(grad->dC + i * stride + group * N, 0, N * sizeof *grad->dC);
    }
}

static void close_group(const chunk_grad *grad, chunk *c, size_t group)
{
    const size_t N = c->s->states, Q = c->rows, stride = c->s->bc_stride, at = c->row * stride + group * N;
    multiply(grad->dC + at, stride, c->dCB, Q, 0, chunk_B(c, group), stride, 0, Q, N, Q, 1);
    multiply(grad->dB + at, stride, c->dCB, Q, 1, chunk_C(c, group), stride, 0, Q, N, Q, 1);
}

void NAME(ssmi_chunk_scan_backward)(const NAME(ssmi_chunk_scan_grad) * grad, const REAL *dy,
                                    const REAL *checkpoints, REAL *scratch, const NAME(ssmi_chunk_scan) * s)
{
    const size_t part = s->states * s->width, size = s->heads * part, chunks = ssmi_chunks(s->length);
    const size_t together = s->heads / s->groups;
    chunk c = open_chunk(scratch, s);
    for (size_t b = 0; b < s->batch; b++) {
        memset(c.dS, 0, size * sizeof *c.dS);
        for (size_t i = chunks; i-- > 0;) {
            const REAL *state = checkpoints + (b * chunks + i) * size;
            place_chunk(&c, b, i);
            for (size_t head = 0; head < s->heads; head++) {
                if (head % together == 0) open_group(grad, &c, head / together);
                backward_head(grad, &c, dy, state + head * part, head, head / together);
                if ((head + 1) % together == 0) close_group(grad, &c, head / together);
            }
        }
    }
}
