/* The block of mamba_block_body.h with one row per call:
 *
 *     [x ; z] = W_in u     x' = silu(conv(x))     [l ; B ; C] = W_x x'     delta = W_dt l
 *     out = W_out (scan(x', delta, B, C) silu(z))
 *
 * Known value: as there. The memory is the window of the convolution (taps - 1, E), then the state (N, E). */
#include "neural/mamba_step.h"

#include <math.h>
#include <string.h>

/* Copies of the small tensors, turned so that the channel runs fastest. */
typedef struct small_parts {
    float *taps, *A2, *rows; /* (W, E), (N, E) or (1, E), (3, E): conv_bias, D, dt_bias */
} small_parts;

static void turn_parts(small_parts part, const float *params, const ssmi_mamba *m)
{
    const size_t E = m->channels, rates = ssmi_mamba_rates(m);
    for (size_t e = 0; e < E; e++) {
        for (size_t k = 0; k < m->taps; k++) part.taps[k * E + e] = params[m->conv_weight + e * m->taps + k];
        for (size_t n = 0; n < rates; n++)
            part.A2[n * E + e] = -expf(params[m->A_log + e * rates + n]) * 1.4426950408889634f;
    }
    memcpy(part.rows, params + m->conv_bias, E * sizeof *part.rows);
    memcpy(part.rows + E, params + m->D, E * sizeof *part.rows);
    memcpy(part.rows + 2 * E, params + m->dt_bias, E * sizeof *part.rows);
}

static ssm_status pack_all(ssmi_mamba_step *step, const float *params, const ssmi_mamba *m, ssm_arena *arena)
{
    const size_t E = m->channels, P = m->rank + 2 * m->states;
    const struct {
        ssmi_packed *to;
        size_t from, out, in;
    } matrix[] = {{&step->in_proj, m->in_proj, 2 * E, m->width},
                  {&step->x_proj, m->x_proj, P, E},
                  {&step->dt_proj, m->dt_weight, E, m->rank},
                  {&step->out_proj, m->out_proj, m->width, E}};
    for (size_t i = 0; i < sizeof matrix / sizeof *matrix; i++) {
        const ssm_status status =
            ssmi_pack(matrix[i].to, params + matrix[i].from, NULL, matrix[i].out, matrix[i].in, 0, arena);
        if (status != SSM_OK) return status;
    }
    return SSM_OK;
}

ssm_status ssmi_mamba_step_open(ssmi_mamba_step *step, const float *params, const ssmi_mamba *m,
                                ssm_arena *arena)
{
    const size_t E = m->channels;
    ssmi_mamba_step opened = {.m = *m};
    const small_parts part = {SSMI_ALLOC(arena, float, m->taps *E), SSMI_ALLOC(arena, float, m->states *E),
                              SSMI_ALLOC(arena, float, 3 * E)};
    if (part.taps == NULL || part.A2 == NULL || part.rows == NULL) return SSM_E_MEMORY;
    const ssm_status status = pack_all(&opened, params, m, arena);
    if (status != SSM_OK) return status;
    turn_parts(part, params, m);
    opened.taps = part.taps, opened.A2 = part.A2;
    opened.conv_bias = part.rows, opened.D = part.rows + E, opened.dt_bias = part.rows + 2 * E;
    *step = opened;
    return SSM_OK;
}

size_t ssmi_mamba_step_memory(const ssmi_mamba *m)
{
    return (m->taps - 1 + m->states) * m->channels;
}

/* xz (2E), conv (E), proj (R + 2N, rounded up), delta (E), y (E). */
size_t ssmi_mamba_step_scratch(const ssmi_mamba *m)
{
    return 5 * m->channels + (m->rank + 2 * m->states + 15) / 16 * 16;
}

void ssmi_mamba_step_run(float *y, float *memory, float *scratch, const float *x, const float *factor,
                         const ssmi_mamba_step *step, ssmi_isa isa)
{
    const ssmi_mamba *m = &step->m;
    const size_t E = m->channels;
    const ssmi_inference *products = ssmi_inference_for(isa);
    const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32(isa);
    float *xz = scratch, *conv = xz + 2 * E, *delta = conv + E, *out = delta + E, *proj = out + E;
    const ssmi_conv_f32 task = {1, 1, E, m->taps, xz, 2 * E, step->taps, step->conv_bias};
    const ssmi_scan_f32 scan = {.batch = 1,
                                .length = 1,
                                .channels = E,
                                .states = m->states,
                                .x = conv,
                                .delta = delta,
                                .z = xz + E,
                                .x_stride = E,
                                .delta_stride = E,
                                .z_stride = 2 * E,
                                .B = proj + m->rank,
                                .C = proj + m->rank + m->states,
                                .bc_stride = m->rank + 2 * m->states,
                                .A2 = step->A2,
                                .tied = m->tied,
                                .D = step->D,
                                .delta_bias = step->dt_bias,
                                .softplus = 1,
                                .step = factor,
                                .rule = m->rule};
    products->vector(xz, x, &step->in_proj);
    kernels->conv_forward(conv, memory, &task);
    products->vector(proj, conv, &step->x_proj);
    products->vector(delta, proj, &step->dt_proj);
    kernels->scan_forward(out, memory + (m->taps - 1) * E, NULL, &scan);
    products->vector(y, out, &step->out_proj);
}
