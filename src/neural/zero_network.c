/* Forward pass of the pretrained network.
 *
 *     h = W2 silu(W1 f) + W3 f
 *     per block   z | x B C s = W norm(h);  x B C = silu(conv4(x B C));  dt = softplus(s + bias)
 *                 B, C turned by position * frequency;  y = ssd(x, dt, A, B, C) + D x
 *                 h = h + W norm(y silu(z))
 *     q = W2 silu(W1 h) + W3 h + reference(h) . (lag copies, last value),   h here norm(h)
 *
 * Dao & Gu (2024), "Transformers are SSMs", section 7 (block) and 6 (recurrence); rotations as in rotary
 * position embedding (Su et al. 2021, eq. 15). Only the tokens that speak of the future are read out, so the
 * last block and the head skip the others wherever rows do not depend on each other. */
#include "neural/zero_network.h"

#include "neural/selective_scan.h"

#include <math.h>
#include <string.h>

typedef struct workspace {
    const ssmi_zero_network *net;
    const ssmi_zero_pass *pass;
    const ssmi_inference *run;
    const ssmi_kernels_f32 *scan;
    size_t rows, mixed; /* batch * tokens; width of x, B, C */
    float *h, *normed;  /* (rows, model) */
    float *gate, *y;    /* (rows, inner) */
    float *mix;         /* (rows, mixed + heads) */
    float *xbc;         /* (rows, mixed) */
    float *dt, *decay;  /* (rows, heads) */
    float *scratch;     /* of the recurrence */
    float *hidden;      /* (rows, widest hidden layer) */
    float *reference;   /* (rows, 4) */
    float *turn;        /* (tokens, 2, states / 2) of a pass with positions */
    int16_t *q;         /* (rows, widest input): rounded inputs of 8-bit products */
    float *q_scale;     /* (rows) */
} workspace;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* `place` gets n floats of `base`, or only their number counts when that is NULL. */
static void take(float **place, float *base, size_t *used, size_t n)
{
    *place = base != NULL ? base + *used : NULL;
    *used += (n + SSMI_PANEL - 1) / SSMI_PANEL * SSMI_PANEL;
}

/* Divides `base` up; returns how many floats are needed. */
static size_t divide(workspace *w, float *base, size_t batch, size_t tokens)
{
    const ssmi_zero_network *net = w->net;
    const size_t hidden = larger(net->embed1.out, net->head1.out);
    const size_t widest = larger(larger(hidden, net->inner), larger(net->model, SSMI_ZERO_FEATURES + 1));
    const ssmi_ssd shape = {.length = tokens, .states = net->states, .width = net->inner / net->heads};
    size_t used = 0;
    float *q;
    w->rows = batch * tokens;
    w->mixed = net->inner + 2 * net->states;
    take(&w->h, base, &used, w->rows * net->model);
    take(&w->normed, base, &used, w->rows * net->model);
    take(&w->gate, base, &used, w->rows * net->inner);
    take(&w->y, base, &used, w->rows * net->inner);
    take(&w->mix, base, &used, w->rows * (w->mixed + net->heads));
    take(&w->xbc, base, &used, w->rows * w->mixed);
    take(&w->dt, base, &used, w->rows * net->heads);
    take(&w->decay, base, &used, w->rows * net->heads);
    take(&w->scratch, base, &used, ssmi_ssd_scratch(&shape));
    take(&w->hidden, base, &used, w->rows * hidden);
    take(&w->reference, base, &used, w->rows * 4);
    take(&w->q_scale, base, &used, w->rows);
    take(&w->turn, base, &used, tokens * net->states);
    take(&q, base, &used, (w->rows * widest + 1) / 2);
    w->q = (int16_t *)(void *)q;
    return used;
}

size_t ssmi_zero_forward_scratch(const ssmi_zero_network *network, size_t batch, size_t tokens)
{
    workspace w = {.net = network};
    return divide(&w, NULL, batch, tokens) * sizeof(float) + 64;
}

size_t ssmi_zero_window_size(const ssmi_zero_network *net, size_t batch)
{
    return net->n_blocks * batch * (net->taps - 1) * (net->inner + 2 * net->states);
}

size_t ssmi_zero_h_size(const ssmi_zero_network *net, size_t batch)
{
    return net->n_blocks * batch * net->states * net->inner;
}

static ssm_status open_workspace(workspace *w, ssm_arena *tmp)
{
    const size_t size = divide(w, NULL, w->pass->batch, w->pass->tokens);
    float *base = SSMI_ALLOC(tmp, float, size);
    if (base == NULL) return SSM_E_MEMORY;
    divide(w, base, w->pass->batch, w->pass->tokens);
    return SSM_OK;
}

/* y (rows, y_stride) = x (rows, w->in) W' + bias, or added to it. */
static void multiply(const workspace *ws, float *y, size_t y_stride, const float *x, const ssmi_packed *w,
                     size_t rows, int add)
{
    if (w->panel8 == NULL) {
        ws->run->product(y, y_stride, x, w->in, w, rows, add);
        return;
    }
    ws->run->quantise(ws->q, ws->q_scale, x, w->in, rows, w->in);
    ws->run->product8(y, y_stride, ws->q, ws->q_scale, w, rows, add);
}

/* y = W2 silu(W1 x) + W3 x */
static void two_layers(const workspace *ws, float *y, const float *x, const ssmi_packed *w1,
                       const ssmi_packed *w2, const ssmi_packed *w3, size_t rows)
{
    multiply(ws, ws->hidden, w1->out, x, w1, rows, 0);
    ws->run->silu(ws->hidden, rows * w1->out);
    multiply(ws, y, w2->out, ws->hidden, w2, rows, 0);
    multiply(ws, y, w2->out, x, w3, rows, 1);
}

/* Cosines and sines of the tokens of this pass. */
static const float *turn_of(const workspace *ws, const ssmi_zero_block *block)
{
    const size_t half = ws->net->states / 2;
    float *turn = ws->turn;
    if (ws->pass->position == NULL) return block->turn;
    for (size_t t = 0; t < ws->pass->tokens; t++, turn += 2 * half) {
        for (size_t i = 0; i < half; i++) {
            const float angle = ws->pass->position[t] * block->frequency[i];
            turn[i] = cosf(angle);
            turn[i + half] = sinf(angle);
        }
    }
    return ws->turn;
}

/* x, B, C and steps of all rows; `i` is the block's number. */
static void mix_rows(workspace *ws, const ssmi_zero_block *block, size_t i)
{
    const ssmi_zero_network *net = ws->net;
    const size_t tokens = ws->pass->tokens, stride = ws->mixed + net->heads;
    float *window = ws->pass->state != NULL ? ws->pass->state->window : NULL;
    multiply(ws, ws->mix, stride, ws->normed, &block->mix, ws->rows, 0);
    const ssmi_conv_f32 conv = {ws->pass->batch, tokens, ws->mixed,   net->taps,
                                ws->mix,         stride, block->conv, block->conv_bias};
    if (window != NULL) window += i * ws->pass->batch * (net->taps - 1) * ws->mixed;
    ws->scan->conv_forward(ws->xbc, window, &conv);
    ws->run->steps(ws->dt, ws->decay, ws->mix + ws->mixed, stride, block->step_bias, block->A, ws->rows,
                   net->heads);
    const float *turn = turn_of(ws, block);
    for (size_t b = 0; b < ws->pass->batch; b++) {
        float *B = ws->xbc + b * tokens * ws->mixed + net->inner;
        ws->run->rotate(B, ws->mixed, turn, tokens, net->states / 2);
        ws->run->rotate(B + net->states, ws->mixed, turn, tokens, net->states / 2);
    }
}

static void recur(workspace *ws, const ssmi_zero_block *block, size_t i, size_t from)
{
    const ssmi_zero_network *net = ws->net;
    const ssmi_ssd ssd = {.batch = ws->pass->batch,
                          .length = ws->pass->tokens,
                          .heads = net->heads,
                          .width = net->inner / net->heads,
                          .states = net->states,
                          .from = from,
                          .x = ws->xbc,
                          .B = ws->xbc + net->inner,
                          .C = ws->xbc + net->inner + net->states,
                          .x_stride = ws->mixed,
                          .bc_stride = ws->mixed,
                          .dt = ws->dt,
                          .decay = ws->decay,
                          .D = block->D};
    if (ws->pass->state == NULL) {
        ws->run->ssd_dual(ws->y, ws->scratch, &ssd);
    } else {
        ws->run->ssd(ws->y, ws->pass->state->h + i * ws->pass->batch * net->states * net->inner, &ssd);
    }
}

/* Rows [row, row + rows) of what does not look at other rows. */
static void read_out(workspace *ws, const ssmi_zero_block *block, size_t row, size_t rows)
{
    const ssmi_zero_network *net = ws->net;
    float *gate = ws->gate + row * net->inner, *y = ws->y + row * net->inner;
    multiply(ws, gate, net->inner, ws->normed + row * net->model, &block->gate, rows, 0);
    ws->run->gated_norm(y, gate, block->out_norm, rows, net->inner);
    multiply(ws, ws->h + row * net->model, net->model, y, &block->out, rows, 1);
}

/* Block i; rows before `from` of each sequence are left as they were. */
static void run_block(workspace *ws, size_t i, size_t from)
{
    const ssmi_zero_block *block = &ws->net->block[i];
    ws->run->norm(ws->normed, ws->h, block->norm, ws->rows, ws->net->model);
    mix_rows(ws, block, i);
    recur(ws, block, i, from);
    if (from == 0) {
        read_out(ws, block, 0, ws->rows);
        return;
    }
    for (size_t b = 0; b < ws->pass->batch; b++)
        read_out(ws, block, b * ws->pass->tokens + from, ws->pass->tokens - from);
}

/* Adds what the reference weights make of lag copies and last value to every quantile of a patch. */
static void add_reference(float *quantile, const float *g, const float *f)
{
    for (size_t j = 0; j < SSMI_ZERO_PATCH; j++) {
        const float sum = g[3] * f[SSMI_ZERO_LAST] + g[0] * f[SSMI_ZERO_LAG_MAIN + j] +
                          g[1] * f[SSMI_ZERO_LAG_SECOND + j] + g[2] * f[SSMI_ZERO_CYCLE + j];
        for (size_t k = 0; k < SSMI_ZERO_LEVELS; k++) quantile[j * SSMI_ZERO_LEVELS + k] += sum;
    }
}

/* Quantiles of the wanted rows of sequence b. */
static void run_head(workspace *ws, size_t b)
{
    const ssmi_zero_network *net = ws->net;
    const size_t from = ws->pass->from, rows = ws->pass->tokens - from, first = b * ws->pass->tokens + from;
    const size_t width = SSMI_ZERO_PATCH * SSMI_ZERO_LEVELS;
    float *quantile = ws->pass->quantile + b * rows * width;
    ws->run->norm(ws->normed, ws->h + first * net->model, net->final_norm, rows, net->model);
    two_layers(ws, quantile, ws->normed, &net->head1, &net->head2, &net->head3, rows);
    multiply(ws, ws->reference, 4, ws->normed, &net->reference, rows, 0);
    for (size_t i = 0; i < rows; i++)
        add_reference(quantile + i * width, ws->reference + i * 4,
                      ws->pass->feature + (first + i) * SSMI_ZERO_FEATURES);
}

static void keep_trace(const workspace *ws, size_t layer)
{
    const size_t size = ws->rows * ws->net->model;
    if (ws->pass->trace != NULL) memcpy(ws->pass->trace + layer * size, ws->h, size * sizeof *ws->h);
}

ssm_status ssmi_zero_forward(const ssmi_zero_network *network, const ssmi_zero_pass *pass, ssmi_isa isa,
                             ssm_arena *tmp)
{
    workspace ws = {
        .net = network, .pass = pass, .run = ssmi_inference_for(isa), .scan = ssmi_kernels_of_f32(isa)};
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    SSMI_TRY(open_workspace(&ws, tmp));
    two_layers(&ws, ws.h, pass->feature, &network->embed1, &network->embed2, &network->embed3, ws.rows);
    keep_trace(&ws, 0);
    for (size_t i = 0; i < network->n_blocks; i++) {
        run_block(&ws, i, i + 1 == network->n_blocks ? pass->from : 0);
        keep_trace(&ws, i + 1);
    }
    for (size_t b = 0; b < pass->batch && pass->from < pass->tokens; b++) run_head(&ws, b);
    ssmi_arena_rewind(tmp, mark);
    return SSM_OK;
}
