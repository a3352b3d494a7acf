#include "models/learner_training.h"

#include <math.h>
#include <string.h>

enum { SLOT = 8, LEAST_WINDOWS = 64, MOST_TRAINING = 1000000, MOST_VALIDATION = 768, CHECKS_PER_RUN = 20 };

/* Share of the squared error of the mean beside the pinball loss. */
static const ssmi_loss_weights weights = {.squared = 0.5, .pinball = 1};

typedef struct learner {
    const ssmi_network *net;
    const ssmi_learner_skip *skip;
    const ssmi_window_series *panel;
    ssmi_learner_windows training, validation;
    const ssmi_kernels_f32 *kernels;
    double dropout;
} learner;

/* What one slot works in. */
typedef struct bench {
    ssmi_learner_batch batch;
    float *out, *dout, *mean, *quantile, *record, *scratch;
    size_t size;
} bench;

static float *carve(float *base, size_t *used, size_t n)
{
    float *part = base != NULL ? base + *used : NULL;
    *used += (n + 15) & ~(size_t)15;
    return part;
}

static bench bench_of(float *base, const learner *l)
{
    const size_t H = l->net->size.horizon;
    bench b = {.batch = ssmi_learner_batch_of(base, l->skip->ridge, SLOT)};
    b.size = b.batch.size;
    b.out = carve(base, &b.size, SLOT * l->net->outputs);
    b.dout = carve(base, &b.size, SLOT * l->net->outputs);
    b.mean = carve(base, &b.size, H);
    b.quantile = carve(base, &b.size, SSMI_QUANTILES * H);
    b.record = carve(base, &b.size, ssmi_network_record_f32(l->net, SLOT));
    b.scratch = carve(base, &b.size, ssmi_network_scratch_f32(l->net, SLOT));
    return b;
}

/* Forward pass and losses of the windows in b->batch; gradients of the outputs when `learning`. */
static void answer(bench *b, double *loss, const float *params, const learner *l, int learning, uint64_t key)
{
    const size_t n = b->batch.n, H = l->net->size.horizon;
    const ssmi_network_input_f32 in = {n, b->batch.value, b->batch.mask, b->batch.scale, NULL};
    ssmi_network_forward_f32(b->out, b->record, b->scratch, &in, params, l->net, learning ? l->dropout : 0,
                             key, l->kernels);
    for (size_t i = 0; i < n; i++) {
        const ssmi_quantile_window_f32 w = {b->batch.skip + i * H, l->skip->base, b->batch.s[i],
                                            b->batch.g[i], H};
        float *out = b->out + i * l->net->outputs, *dout = b->dout + i * l->net->outputs;
        ssmi_quantile_forward_f32(b->mean, b->quantile, out, &w);
        ssmi_quantile_loss_f32(learning ? dout : NULL, loss, b->mean, b->quantile, b->batch.target + i * H,
                               out, &w, &weights, 1);
    }
}

static void gradient(const void *user, double *loss, float *grad, float *workspace, const float *params,
                     const size_t *item, size_t n, uint64_t key)
{
    const learner *l = user;
    bench b = bench_of(workspace, l);
    ssmi_learner_batch_fill(&b.batch, l->panel, &l->training, item, n, l->skip);
    answer(&b, loss, params, l, 1, key);
    ssmi_network_backward_f32(grad, b.scratch, b.dout, b.record, n, params, l->net, l->dropout, l->kernels);
}

static void judge(const void *user, double *loss, float *workspace, const float *params, size_t first,
                  size_t n)
{
    const learner *l = user;
    size_t item[SLOT];
    bench b = bench_of(workspace, l);
    for (size_t i = 0; i < n; i++) item[i] = first + i;
    ssmi_learner_batch_fill(&b.batch, l->panel, &l->validation, item, n, l->skip);
    answer(&b, loss, params, l, 0, 0);
}

ssm_status ssmi_learner_train(ssmi_training_result *result, float *params, const ssmi_parameters *table,
                              const ssmi_network *net, const ssmi_learner_skip *skip,
                              const ssmi_ridge_task *task, const ssmi_learner_training *how, ssm_arena *tmp)
{
    learner l = {.net = net,
                 .skip = skip,
                 .panel = task->panel,
                 .kernels = ssmi_kernels_of_f32(ssmi_cpu_isa()),
                 .dropout = how->dropout};
    *result = (ssmi_training_result){0};
    SSMI_TRY(ssmi_learner_windows_collect(&l.training, task, skip->ridge, SSMI_LEARNER_TRAINING,
                                          MOST_TRAINING, tmp));
    SSMI_TRY(ssmi_learner_windows_collect(&l.validation, task, skip->ridge, SSMI_LEARNER_VALIDATION,
                                          MOST_VALIDATION, tmp));
    if (l.training.n < LEAST_WINDOWS || l.validation.n == 0 || how->windows == 0) return SSM_OK;
    const size_t shown =
        how->epochs < how->windows / l.training.n ? how->epochs * l.training.n : how->windows;
    const size_t steps = shown / how->batch + 1;
    const ssmi_training_problem problem = {.user = &l,
                                           .n_train = l.training.n,
                                           .n_validation = l.validation.n,
                                           .workspace = bench_of(NULL, &l).size,
                                           .gradient = gradient,
                                           .judge = judge};
    const ssmi_training training = {.batch = how->batch,
                                    .slot = SLOT,
                                    .steps = steps,
                                    .warmup = steps / 20 + 1,
                                    .check = steps / CHECKS_PER_RUN + 1,
                                    .patience = how->patience,
                                    .rate = how->rate,
                                    .decay = how->decay,
                                    .clip = 1,
                                    .average = 0.99,
                                    .stream = 2};
    return ssmi_train(result, params, table, &problem, &training, tmp);
}
