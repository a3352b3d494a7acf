/* The block of mamba2_block_body.h with one row per call, per head:
 *
 *     [z ; x B C ; s (; l ; p)] = W_in u     x B C = silu(conv(x B C))     dt = softplus(s + bias)
 *     S = a S + (1 - lambda) dt a B_before x_before' + lambda dt B x'      a = exp(dt A), lambda = sigmoid(l)
 * or 1 y = C' S + D x     out = W_out RMSNorm(y silu(z))
 *
 * B and C are turned by an angle that goes on from the token before; only differences of angles count, so it
 * begins at zero and is kept within a turn. Known value: as there. */
#include "neural/mamba2_step.h"

#include "neural/layers.h"
#include <math.h>
#include <string.h>

/* clang-format off */
#include "neural/real_f32.h"
#include "neural/carve_body.h"
#include "neural/real_end.h"
/* clang-format on */

/* What is remembered of the tokens before: rows of the convolution, states, angles, and with the trapezoid
 * the last turned B and x. */
typedef struct past {
    float *window, *state, *angle; /* (taps - 1, mixed), (heads, states, head_width), (groups, states/2) */
    float *B, *x;                  /* (groups or 1, states), (inner) */
    size_t size;
} past;

static size_t groups_of(const ssmi_mamba2 *m)
{
    return m->size.turn == SSMI_TURN_DATA ? m->size.heads : 1;
}

static past past_of(float *memory, const ssmi_mamba2 *m)
{
    const size_t N = m->size.states, G = groups_of(m), before = m->size.trapezoid ? 1 : 0;
    const size_t angles = m->size.turn == SSMI_TURN_NONE ? 0 : G * N / 2;
    past p = {.size = 0};
    p.window = carve_f32(memory, &p.size, (m->size.taps - 1) * m->mixed);
    p.state = carve_f32(memory, &p.size, m->inner * N);
    p.angle = carve_f32(memory, &p.size, angles);
    p.B = carve_f32(memory, &p.size, before * G * N);
    p.x = carve_f32(memory, &p.size, before * m->inner);
    return p;
}

size_t ssmi_mamba2_step_memory(const ssmi_mamba2 *m)
{
    return past_of(NULL, m).size;
}

/* What a token is on its way. */
typedef struct passage {
    float *projected, *mixed, *B, *C, *y; /* (projected), (mixed), (groups, states) twice, (inner) */
    size_t size;
} passage;

static passage passage_of(float *scratch, const ssmi_mamba2 *m)
{
    const size_t turned = groups_of(m) * m->size.states;
    passage p = {.size = 0};
    p.projected = carve_f32(scratch, &p.size, m->projected);
    p.mixed = carve_f32(scratch, &p.size, m->mixed);
    p.B = carve_f32(scratch, &p.size, turned);
    p.C = carve_f32(scratch, &p.size, turned);
    p.y = carve_f32(scratch, &p.size, m->inner);
    return p;
}

size_t ssmi_mamba2_step_scratch(const ssmi_mamba2 *m)
{
    return passage_of(NULL, m).size;
}

ssm_status ssmi_mamba2_step_open(ssmi_mamba2_step *step, const float *params, const ssmi_mamba2 *m,
                                 ssm_arena *arena)
{
    const ssmi_mamba2_size *s = &m->size;
    const size_t freq = s->turn == SSMI_TURN_TIME ? s->states / 2 : 0;
    ssmi_mamba2_step opened = {.m = *m};
    const struct {
        const float **to;
        size_t from, count;
    } part[] = {{&opened.taps, m->conv_weight, s->taps * m->mixed},
                {&opened.conv_bias, m->conv_bias, m->mixed},
                {&opened.dt_bias, m->dt_bias, s->heads},
                {&opened.D, m->D, s->heads},
                {&opened.freq, m->freq, freq},
                {&opened.norm, m->norm, m->inner}};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        float *copy = SSMI_ALLOC(arena, float, part[i].count);
        if (copy == NULL) return SSM_E_MEMORY;
        memcpy(copy, params + part[i].from, part[i].count * sizeof *copy);
        *part[i].to = copy;
    }
    float *A = SSMI_ALLOC(arena, float, s->heads);
    if (A == NULL) return SSM_E_MEMORY;
    for (size_t h = 0; h < s->heads; h++) A[h] = -expf(params[m->A_log + h]);
    opened.A = A;
    ssm_status status = ssmi_pack(&opened.in, params + m->in, NULL, m->projected, s->width, 0, arena);
    if (status == SSM_OK)
        status = ssmi_pack(&opened.out, params + m->out, NULL, s->width, m->inner, 0, arena);
    if (status == SSM_OK) *step = opened;
    return status;
}

static float sigmoid(float v)
{
    return 1 / (1 + expf(-v));
}

static float softplus(float v)
{
    return v > 20 ? v : fmaxf(v, 0) + log1pf(expf(-fabsf(v)));
}

/* Step of a head. */
static float step_of(const passage *p, size_t head, const float *factor, const ssmi_mamba2_step *step)
{
    const float raw = p->projected[step->m.inner + step->m.mixed + head];
    return softplus(raw + step->dt_bias[head]) * (factor != NULL ? *factor : 1);
}

/* The angles go on to this token. */
static void turn_on(float *angle, const passage *p, const float *factor, const ssmi_mamba2_step *step)
{
    const ssmi_mamba2 *m = &step->m;
    const size_t half = m->size.states / 2;
    const float pi = 3.14159265f, *raw = p->projected + m->projected - half;
    for (size_t k = 0; k < groups_of(m) * half; k++) {
        const float more = m->size.turn == SSMI_TURN_TIME
                               ? step->freq[k] * (factor != NULL ? *factor : 1)
                               : pi * step_of(p, k / half, factor, step) * tanhf(raw[k % half]);
        angle[k] = remainderf(angle[k] + more, 2 * pi);
    }
}

/* B and C of all groups, turned where they turn. */
static void take_pairs(const passage *p, const past *before, const float *factor,
                       const ssmi_mamba2_step *step)
{
    const ssmi_mamba2 *m = &step->m;
    const size_t N = m->size.states, half = N / 2;
    const float *B = p->mixed + m->inner, *C = B + N;
    if (m->size.turn == SSMI_TURN_NONE) {
        memcpy(p->B, B, N * sizeof *B);
        memcpy(p->C, C, N * sizeof *C);
        return;
    }
    turn_on(before->angle, p, factor, step);
    for (size_t g = 0; g < groups_of(m); g++) {
        ssmi_turn_forward_f32(p->B + g * N, N, B, N, before->angle + g * half, half, 1, half);
        ssmi_turn_forward_f32(p->C + g * N, N, C, N, before->angle + g * half, half, 1, half);
    }
}

/* S (states, width) of a head goes on, and is read into y (width). */
static void move_head(float *y, const passage *p, const past *before, size_t head, float dt,
                      const ssmi_mamba2_step *step)
{
    const ssmi_mamba2 *m = &step->m;
    const size_t N = m->size.states, W = m->size.head_width, H = m->size.heads;
    const size_t at = groups_of(m) > 1 ? head * N : 0;
    const float a = expf(dt * step->A[head]), *x = p->mixed + head * W;
    const float *old = m->size.trapezoid ? before->x + head * W : x;
    const float lambda = m->size.trapezoid ? sigmoid(p->projected[m->inner + m->mixed + H + head]) : 1;
    float *S = before->state + head * N * W;
    for (size_t e = 0; e < W; e++) y[e] = step->D[head] * x[e];
    for (size_t n = 0; n < N; n++, S += W) {
        const float fresh = lambda * dt * p->B[at + n], C = p->C[at + n];
        const float stale = m->size.trapezoid ? (1 - lambda) * dt * a * before->B[at + n] : 0;
        for (size_t e = 0; e < W; e++) S[e] = a * S[e] + fresh * x[e];
        for (size_t e = 0; e < W && m->size.trapezoid; e++) S[e] += stale * old[e];
        for (size_t e = 0; e < W; e++) y[e] += C * S[e];
    }
}

void ssmi_mamba2_step_run(float *y, float *memory, float *scratch, const float *x, const float *factor,
                          const ssmi_mamba2_step *step, ssmi_isa isa)
{
    const ssmi_mamba2 *m = &step->m;
    const size_t E = m->inner;
    const ssmi_inference *products = ssmi_inference_for(isa);
    const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32(isa);
    const past before = past_of(memory, m);
    const passage p = passage_of(scratch, m);
    const ssmi_conv_f32 conv = {
        1, 1, m->mixed, m->size.taps, p.projected + E, m->projected, step->taps, step->conv_bias};
    products->vector(p.projected, x, &step->in);
    kernels->conv_forward(p.mixed, before.window, &conv);
    take_pairs(&p, &before, factor, step);
    for (size_t h = 0; h < m->size.heads; h++)
        move_head(p.y + h * m->size.head_width, &p, &before, h, step_of(&p, h, factor, step), step);
    if (m->size.trapezoid) {
        memcpy(before.B, p.B, groups_of(m) * m->size.states * sizeof *p.B);
        memcpy(before.x, p.mixed, E * sizeof *p.mixed);
    }
    kernels->silu_forward(p.projected, p.projected, E);
    for (size_t e = 0; e < E; e++) p.projected[e] *= p.y[e];
    ssmi_rmsnorm_forward_f32(p.y, p.projected, step->norm, SSMI_MAMBA2_EPSILON, 1, E);
    products->vector(y, p.y, &step->out);
}
