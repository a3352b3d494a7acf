/* The block of s4d_block_body.h with one row per call:
 *
 *     h = a h + w x     v = 2 Re sum_n C_n h[n] + D x     [p ; q] = W gelu(v) + b     y = p sigmoid(q)
 *
 * Known value: as there. A step that is not whole is discretised when it comes. */
#include "neural/s4d_step.h"

#include "core/discretise.h"
#include <math.h>
#include <string.h>

static size_t lanes_of(const ssmi_s4d_block *m)
{
    return m->pairs * m->width;
}

/* a and w (2, pairs, width) of `factor` steps. */
static void discretise(float *a, float *w, const float *lambda, const float *dt, double factor,
                       const ssmi_s4d_block *m)
{
    const size_t lanes = lanes_of(m);
    for (size_t i = 0; i < lanes; i++) {
        const double pole[2] = {(double)lambda[i], (double)lambda[lanes + i]};
        double ai[2], wi[2];
        ssmi_discretise_diagonal_complex(ai, wi, pole, (double)dt[i % m->width] * factor, 1, m->rule);
        a[i] = (float)ai[0], a[lanes + i] = (float)ai[1];
        w[i] = (float)wi[0], w[lanes + i] = (float)wi[1];
    }
}

ssm_status ssmi_s4d_step_open(ssmi_s4d_step *step, const float *params, const ssmi_s4d_block *m,
                              ssm_arena *arena)
{
    const size_t lanes = lanes_of(m), d = m->width;
    float *lambda = SSMI_ALLOC(arena, float, 6 * lanes), *dt = SSMI_ALLOC(arena, float, 2 * d);
    float *C = SSMI_ALLOC(arena, float, 2 * lanes);
    ssmi_packed mix;
    if (lambda == NULL || dt == NULL || C == NULL) return SSM_E_MEMORY;
    const ssm_status status = ssmi_pack(&mix, params + m->mix, params + m->mix_bias, 2 * d, d, 0, arena);
    if (status != SSM_OK) return status;
    for (size_t i = 0; i < lanes; i++) {
        lambda[i] = -expf(params[m->log_re + i]);
        lambda[lanes + i] = params[m->im + i];
    }
    for (size_t e = 0; e < d; e++) dt[e] = expf(params[m->log_dt + e]);
    memcpy(dt + d, params + m->D, d * sizeof *dt);
    memcpy(C, params + m->C, 2 * lanes * sizeof *C);
    discretise(lambda + 2 * lanes, lambda + 4 * lanes, lambda, dt, 1, m);
    *step = (ssmi_s4d_step){*m, mix, lambda, lambda + 2 * lanes, lambda + 4 * lanes, dt, C, dt + d};
    return SSM_OK;
}

size_t ssmi_s4d_step_memory(const ssmi_s4d_block *m)
{
    return 2 * lanes_of(m);
}

/* a and w of a step that is not whole; v (d), p and q (2 d, rounded up). */
size_t ssmi_s4d_step_scratch(const ssmi_s4d_block *m)
{
    return 4 * lanes_of(m) + m->width + (2 * m->width + 15) / 16 * 16;
}

/* h (2, lanes) goes on by a row. */
static void move(float *h, const float *a, const float *w, const float *x, size_t width, size_t lanes)
{
    for (size_t i = 0; i < lanes; i += width) {
        for (size_t e = 0; e < width; e++) {
            const size_t re = i + e, im = lanes + re;
            const float old = h[re];
            h[re] = a[re] * old - a[im] * h[im] + w[re] * x[e];
            h[im] = a[re] * h[im] + a[im] * old + w[im] * x[e];
        }
    }
}

static void read_out(float *v, const float *h, const float *x, const ssmi_s4d_step *step)
{
    const size_t d = step->m.width, lanes = lanes_of(&step->m);
    memset(v, 0, d * sizeof *v);
    for (size_t i = 0; i < lanes; i += d) {
        const float *re = step->C + i, *im = re + lanes;
        for (size_t e = 0; e < d; e++) v[e] += re[e] * h[i + e] - im[e] * h[lanes + i + e];
    }
    for (size_t e = 0; e < d; e++) v[e] = 2 * v[e] + step->D[e] * x[e];
}

void ssmi_s4d_step_run(float *y, float *memory, float *scratch, const float *x, const float *factor,
                       const ssmi_s4d_step *step, ssmi_isa isa)
{
    const size_t d = step->m.width, lanes = lanes_of(&step->m);
    const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32(isa);
    const float *a = step->a, *w = step->w;
    float *v = scratch + 4 * lanes, *pq = v + d;
    if (factor != NULL && *factor != 1) {
        discretise(scratch, scratch + 2 * lanes, step->lambda, step->dt, (double)*factor, &step->m);
        a = scratch, w = scratch + 2 * lanes;
    }
    move(memory, a, w, x, d, lanes);
    read_out(v, memory, x, step);
    kernels->gelu_forward(v, v, d);
    ssmi_inference_for(isa)->vector(pq, v, &step->mix);
    kernels->sigmoid(y, pq + d, d);
    for (size_t e = 0; e < d; e++) y[e] *= pq[e];
}
