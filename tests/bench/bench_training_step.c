/* One training step of a forecaster of plain shape, all of it: forward, backward, AdamW. Tokens (32, 128, 7)
 * -> linear -> two residual blocks of Mamba-1 (width 64, 128 channels, 16 states) -> norm -> the last token
 * -> linear
 * -> (96, 7), mean squared error: 109664 parameters, which other libraries can be given alike. One thread.
 * Items pass `slot` at a time, as in the trainer, so that a slot's activations stay near. One JSON line:
 * milliseconds, minimum over the rounds, and bytes kept for the backward pass.
 *
 *     bench_training_step [rounds] [slot] */
#include "base/arena.h"
#include "neural/adamw.h"
#include "neural/backbone.h"
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 32, LENGTH = 128, COLUMNS = 7, WIDTH = 64, HORIZON = 96, OUTPUTS = HORIZON * COLUMNS };

typedef struct model {
    ssmi_parameters table;
    ssmi_backbone backbone;
    size_t embed, embed_bias, head, head_bias;
    float *params, *grad;
    ssmi_adamw adam;
    const ssmi_kernels_f32 *kernels;
} model;

typedef struct workspace {
    float *embedded, *flat, *record, *scratch, *out, *last; /* of one slot */
} workspace;

/* Of this thread's processor time: the work is one thread's, and other work on the machine does not count. */
static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static float *normals(ssm_arena *arena, size_t n, gsl_rng *rng)
{
    float *x = SSMI_ALLOC(arena, float, n);
    for (size_t i = 0; x != NULL && i < n; i++) x[i] = (float)(2 * gsl_rng_uniform(rng) - 1) * 1.7f;
    return x;
}

static ssm_status open_model(model *net, gsl_rng *rng, ssm_arena *arena)
{
    ssmi_backbone_size size = {.width = WIDTH, .n_blocks = 2};
    for (size_t i = 0; i < size.n_blocks; i++)
        size.block[i] =
            (ssmi_mixer_size){.kind = SSMI_MIXER_MAMBA, .width = WIDTH, .expand = 2, .states = 16, .taps = 4};
    memset(net, 0, sizeof *net);
    net->embed = ssmi_parameters_add(&net->table, "", "embed.weight", SSMI_DECAY, WIDTH, COLUMNS, 0);
    net->embed_bias = ssmi_parameters_add(&net->table, "", "embed.bias", SSMI_NO_DECAY, WIDTH, 0, 0);
    net->backbone = ssmi_backbone_layout(&net->table, "", &size);
    net->head = ssmi_parameters_add(&net->table, "", "head.weight", SSMI_DECAY, OUTPUTS, WIDTH, 0);
    net->head_bias = ssmi_parameters_add(&net->table, "", "head.bias", SSMI_NO_DECAY, OUTPUTS, 0, 0);
    net->params = normals(arena, net->table.size, rng);
    net->grad = SSMI_ALLOC(arena, float, net->table.size);
    net->adam = (ssmi_adamw){.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 0.01};
    net->adam.m = SSMI_ALLOC(arena, float, net->table.size);
    net->adam.v = SSMI_ALLOC(arena, float, net->table.size);
    net->kernels = ssmi_kernels_of_f32(ssmi_cpu_isa());
    if (net->params == NULL || net->grad == NULL || net->adam.m == NULL || net->adam.v == NULL)
        return SSM_E_MEMORY;
    for (size_t i = 0; i < net->table.size; i++) net->params[i] *= 0.1f;
    return ssmi_backbone_init(net->params, &net->backbone, rng, arena);
}

/* 0 without memory. */
static int open_workspace(workspace *w, const model *net, size_t slot, ssm_arena *arena)
{
    w->embedded = SSMI_ALLOC(arena, float, slot *LENGTH *WIDTH);
    w->flat = SSMI_ALLOC(arena, float, slot *LENGTH *WIDTH);
    w->record = SSMI_ALLOC(arena, float, ssmi_backbone_record_f32(&net->backbone, slot, LENGTH));
    w->scratch = SSMI_ALLOC(arena, float, ssmi_backbone_scratch_f32(&net->backbone, slot, LENGTH));
    w->out = SSMI_ALLOC(arena, float, slot *OUTPUTS);
    w->last = SSMI_ALLOC(arena, float, slot *WIDTH);
    return w->embedded && w->flat && w->record && w->scratch && w->out && w->last;
}

static void forward(const model *net, workspace *w, const float *x, size_t items)
{
    const ssmi_tokens_f32 tokens = {items, LENGTH, NULL, net->kernels};
    ssmi_linear_forward_f32(w->embedded, WIDTH, x, COLUMNS, net->params + net->embed,
                            net->params + net->embed_bias, items * LENGTH, COLUMNS, WIDTH);
    ssmi_backbone_forward_f32(w->flat, w->record, w->scratch, w->embedded, net->params, &net->backbone,
                              tokens, 0, 0);
    ssmi_linear_forward_f32(w->out, OUTPUTS, w->flat + (LENGTH - 1) * WIDTH, LENGTH * WIDTH,
                            net->params + net->head, net->params + net->head_bias, items, WIDTH, OUTPUTS);
}

/* The squared error of the slot, and its gradient added to the model's. */
static double backward(model *net, workspace *w, const float *x, const float *target, size_t items)
{
    const ssmi_tokens_f32 tokens = {items, LENGTH, NULL, net->kernels};
    double loss = 0;
    for (size_t i = 0; i < items * OUTPUTS; i++) {
        const float error = w->out[i] - target[i];
        loss += (double)error * error;
        w->out[i] = 2 * error / (BATCH * OUTPUTS);
    }
    ssmi_linear_backward_f32(w->last, 0, net->grad + net->head, net->grad + net->head_bias, w->out, OUTPUTS,
                             w->flat + (LENGTH - 1) * WIDTH, LENGTH * WIDTH, net->params + net->head, items,
                             WIDTH, OUTPUTS);
    memset(w->flat, 0, items * LENGTH * WIDTH * sizeof *w->flat);
    for (size_t i = 0; i < items; i++)
        memcpy(w->flat + ((i + 1) * LENGTH - 1) * WIDTH, w->last + i * WIDTH, WIDTH * sizeof *w->last);
    ssmi_backbone_backward_f32(w->embedded, net->grad, w->scratch, w->flat, w->record, net->params,
                               &net->backbone, tokens, 0);
    ssmi_linear_backward_f32(NULL, 0, net->grad + net->embed, net->grad + net->embed_bias, w->embedded, WIDTH,
                             x, COLUMNS, net->params + net->embed, items * LENGTH, COLUMNS, WIDTH);
    return loss;
}

/* Seconds of forward passes, backward passes and the update. */
typedef struct timing {
    double forward, backward, update, loss;
} timing;

static timing step(model *net, workspace *w, const float *x, const float *target, size_t slot)
{
    timing t = {0};
    memset(net->grad, 0, net->table.size * sizeof *net->grad);
    for (size_t i = 0; i < BATCH; i += slot) {
        const size_t items = BATCH - i < slot ? BATCH - i : slot;
        const double start = seconds();
        forward(net, w, x + i * LENGTH * COLUMNS, items);
        const double middle = seconds();
        t.loss += backward(net, w, x + i * LENGTH * COLUMNS, target + i * OUTPUTS, items);
        t.forward += middle - start;
        t.backward += seconds() - middle;
    }
    const double start = seconds();
    ssmi_adamw_update(&net->adam, net->params, net->grad, &net->table, 1e-3);
    t.update = seconds() - start;
    t.loss /= BATCH * OUTPUTS;
    return t;
}

static void time_steps(model *net, workspace *w, const float *x, const float *target, size_t slot, int rounds)
{
    timing best = {INFINITY, INFINITY, INFINITY, 0}, now = {0};
    double whole = INFINITY;
    for (int r = 0; r < rounds; r++) {
        now = step(net, w, x, target, slot);
        whole = fmin(whole, now.forward + now.backward + now.update);
        best.forward = fmin(best.forward, now.forward);
        best.backward = fmin(best.backward, now.backward);
        best.update = fmin(best.update, now.update);
    }
    printf(
        "{\"bench\":\"training_step\",\"parameters\":%zu,\"slot\":%zu,\"step_ms\":%.2f,\"forward_ms\":%.2f,"
        "\"backward_ms\":%.2f,\"update_ms\":%.2f,\"kept_bytes\":%zu,\"loss\":%.4f}\n",
        net->table.size, slot, 1e3 * whole, 1e3 * best.forward, 1e3 * best.backward, 1e3 * best.update,
        4 * ssmi_backbone_record_f32(&net->backbone, slot, LENGTH), now.loss);
}

int main(int argc, char **argv)
{
    const int rounds = argc > 1 ? atoi(argv[1]) : 10, slot = argc > 2 ? atoi(argv[2]) : 4;
    ssm_context *ctx = NULL;
    ssm_arena arena;
    model net;
    workspace w;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    if (slot < 1 || rng == NULL || ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    ssmi_arena_init(&arena, ctx);
    const float *x = normals(&arena, BATCH * LENGTH * COLUMNS, rng),
                *target = normals(&arena, BATCH * OUTPUTS, rng);
    if (x == NULL || target == NULL || open_model(&net, rng, &arena) != SSM_OK ||
        !open_workspace(&w, &net, (size_t)slot, &arena))
        return 1;
    time_steps(&net, &w, x, target, (size_t)slot, rounds);
    gsl_rng_free(rng);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
    return 0;
}
