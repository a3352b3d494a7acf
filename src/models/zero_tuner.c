#include "models/zero_tuner.h"

#include "base/parallel.h"

#include <string.h>

/* clang-format off */
#include "neural/real_f32.h"
#include "neural/carve_body.h"
#include "neural/real_end.h"
/* clang-format on */

/* Weight of the squared error beside the pinball loss, as in the trained forecasters. */
static const float squares = 0.5f;

/* What one window is worked on in. */
typedef struct bench {
    float *quantile, *dquantile; /* (shown, SSMI_ZERO_OUT) */
    float *record, *scratch;
    size_t size;
} bench;

static bench bench_of(float *base, const ssmi_zero_tuner *t)
{
    const size_t tokens = t->tokens, from = tokens - t->shown;
    const int head = t->what == SSMI_TUNE_HEAD;
    bench b = {.size = 0};
    b.quantile = carve_f32(base, &b.size, t->shown * SSMI_ZERO_OUT);
    b.dquantile = carve_f32(base, &b.size, t->shown * SSMI_ZERO_OUT);
    b.record = carve_f32(base, &b.size,
                         head ? ssmi_zero_head_record_f32(&t->net.head, t->shown)
                              : ssmi_zero_trainable_record_f32(&t->net, tokens, from));
    b.scratch = carve_f32(base, &b.size,
                          head ? ssmi_zero_head_scratch_f32(&t->net.head, t->shown)
                               : ssmi_zero_trainable_scratch_f32(&t->net, tokens, from));
    return b;
}

static void forward(bench *b, const ssmi_zero_tuner *t, const ssmi_zero_window *w, const float *params)
{
    if (t->what == SSMI_TUNE_HEAD)
        ssmi_zero_head_forward_f32(b->quantile, b->record, b->scratch, w->h, w->feature, params, &t->net.head,
                                   w->tokens - w->from, t->kernels);
    else
        ssmi_zero_trainable_forward_f32(b->quantile, b->record, b->scratch, w->feature, params, &t->net,
                                        w->tokens, w->from, t->kernels);
}

static void backward(float *grad, bench *b, const ssmi_zero_tuner *t, const ssmi_zero_window *w,
                     const float *params)
{
    if (t->what == SSMI_TUNE_HEAD)
        ssmi_zero_head_backward_f32(NULL, grad, b->scratch, b->dquantile, b->record, w->h, w->feature, params,
                                    &t->net.head, w->tokens - w->from, t->kernels);
    else
        ssmi_zero_trainable_backward_f32(grad, b->scratch, b->dquantile, b->record, w->feature, params,
                                         &t->net, w->tokens, w->from, t->kernels);
}

/* Forward pass and losses of one window; gradient of its quantiles when `learning`. */
static void answer(bench *b, double *loss, const ssmi_zero_tuner *t, const ssmi_zero_window *w,
                   const float *params, int learning)
{
    forward(b, t, w, params);
    ssmi_zero_loss_f32(learning ? b->dquantile : NULL, loss, b->quantile, w->target,
                       (w->tokens - w->from) * SSMI_ZERO_PATCH, (float)(w->scale / w->unit), squares);
}

static void gradient(const void *user, double *loss, float *grad, float *workspace, const float *params,
                     const size_t *item, size_t n, uint64_t key)
{
    const ssmi_zero_lesson *l = user;
    bench b = bench_of(workspace, l->tuner);
    (void)key;
    for (size_t i = 0; i < n; i++) {
        const ssmi_zero_window *w = &l->training.window[item[i]];
        answer(&b, loss, l->tuner, w, params, 1);
        backward(grad, &b, l->tuner, w, params);
    }
}

static void judge(const void *user, double *loss, float *workspace, const float *params, size_t first,
                  size_t n)
{
    const ssmi_zero_lesson *l = user;
    bench b = bench_of(workspace, l->tuner);
    for (size_t i = 0; i < n; i++) answer(&b, loss, l->tuner, &l->validation.window[first + i], params, 0);
}

ssm_status ssmi_zero_tuner_open(ssmi_zero_tuner *tuner, ssmi_parameters *table, ssmi_zero_tune what,
                                const ssmi_zero_network *network, ssm_context *ctx)
{
    const ssmi_zero_size size = ssmi_zero_size_of(network);
    *tuner = (ssmi_zero_tuner){.what = what, .kernels = ssmi_kernels_of_f32(ssmi_cpu_isa())};
    *table = (ssmi_parameters){0};
    if (what == SSMI_TUNE_HEAD) {
        tuner->net.head = ssmi_zero_head_layout(table, &size);
        return SSM_OK;
    }
    if (size.n_blocks > SSMI_ZERO_TRAINABLE_BLOCKS)
        return ssmi_fail(ctx, SSM_E_UNSUPPORTED, "a network of %zu blocks cannot be tuned, at most %d",
                         size.n_blocks, SSMI_ZERO_TRAINABLE_BLOCKS);
    tuner->net = ssmi_zero_trainable_layout(table, &size);
    return SSM_OK;
}

void ssmi_zero_tuner_admit(ssmi_zero_tuner *tuner, const ssmi_zero_windows *windows)
{
    if (windows->tokens > tuner->tokens) tuner->tokens = windows->tokens;
    if (windows->shown > tuner->shown) tuner->shown = windows->shown;
}

ssmi_training_problem ssmi_zero_tuner_problem(const ssmi_zero_lesson *lesson)
{
    return (ssmi_training_problem){.user = lesson,
                                   .n_train = lesson->training.n,
                                   .n_validation = lesson->validation.n,
                                   .workspace = bench_of(NULL, lesson->tuner).size,
                                   .gradient = gradient,
                                   .judge = judge};
}

typedef struct comparison {
    const ssmi_zero_tuner *t;
    const ssmi_zero_windows *windows;
    const float *const *params; /* (sets) */
    size_t sets;
    double *loss;
} comparison;

static ssm_status compare_window(void *user, size_t i, ssm_arena *scratch)
{
    const comparison *c = user;
    float *memory = SSMI_ALLOC(scratch, float, bench_of(NULL, c->t).size);
    if (memory == NULL) return SSM_E_MEMORY;
    bench b = bench_of(memory, c->t);
    for (size_t k = 0; k < c->sets; k++) {
        double *loss = c->loss + (i * c->sets + k) * SSMI_LOSS_PARTS;
        loss[0] = loss[1] = 0;
        answer(&b, loss, c->t, &c->windows->window[i], c->params[k], 0);
    }
    return SSM_OK;
}

ssm_status ssmi_zero_tuner_losses(const ssmi_zero_tuner *tuner, double *loss,
                                  const ssmi_zero_windows *windows, const float *const *params, size_t sets,
                                  ssm_context *ctx)
{
    comparison c = {tuner, windows, params, sets, loss};
    return ssmi_parallel_for(ctx, windows->n, compare_window, &c);
}
