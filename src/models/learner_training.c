#include "models/learner_training.h"

#include "models/learner_trust.h"

#include <math.h>
#include <string.h>

/* clang-format off */
#include "neural/real_f32.h"
#include "neural/carve_body.h"
#include "neural/real_end.h"
/* clang-format on */

enum {
    SLOT = 8,
    LEAST_WINDOWS = 64,
    MOST_TRAINING = 1000000,
    MOST_VALIDATION = 768,
    CHECKS_PER_RUN = 20,
    CHECKPOINTS_PER_RUN = 100
};

static const ssmi_loss_weights loss_weights[SSMI_LEARNER_LOSSES] = {
    [SSMI_LEARNER_BOTH] = {.squared = 0.5, .pinball = 1},
    [SSMI_LEARNER_MSE] = {.squared = 1},
    [SSMI_LEARNER_MAE] = {.absolute = 1},
    [SSMI_LEARNER_PINBALL] = {.pinball = 1}};

void ssmi_learner_tie(float *out, size_t horizon, ssmi_learner_loss loss)
{
    float *mean = out, *median = out + horizon;
    if (loss == SSMI_LEARNER_MSE) memcpy(median, mean, horizon * sizeof *out);
    if (loss == SSMI_LEARNER_MAE || loss == SSMI_LEARNER_PINBALL) memcpy(mean, median, horizon * sizeof *out);
}

typedef struct learner {
    const ssmi_network *net;
    const ssmi_learner_skip *skip;
    const ssmi_window_series *panel;
    ssmi_learner_windows training, validation;
    size_t variates, slot; /* rows of a batch per window, windows per slot */
    const ssmi_kernels_f32 *kernels;
    const ssmi_learner_training *how;
} learner;

/* What one slot works in. */
typedef struct bench {
    ssmi_learner_batch batch;
    float *out, *dout, *mean, *quantile, *record, *scratch;
    size_t size;
} bench;

static bench bench_of(float *base, const learner *l)
{
    const size_t H = l->net->size.horizon, rows = l->slot * l->variates;
    bench b = {.batch = ssmi_learner_batch_of(base, l->skip, rows)};
    b.size = b.batch.size;
    b.out = carve_f32(base, &b.size, rows * l->net->outputs);
    b.dout = carve_f32(base, &b.size, rows * l->net->outputs);
    b.mean = carve_f32(base, &b.size, H);
    b.quantile = carve_f32(base, &b.size, SSMI_QUANTILES * H);
    b.record = carve_f32(base, &b.size, ssmi_network_record_f32(l->net, rows));
    b.scratch = carve_f32(base, &b.size, ssmi_network_scratch_f32(l->net, rows));
    return b;
}

/* Forward pass and losses of the windows in b->batch; gradients of the outputs when `learning`. The loss of
 * windows that are looked at together is their mean. */
static void answer(bench *b, double *loss, const float *params, const learner *l, int learning, uint64_t key)
{
    const size_t n = b->batch.n, H = l->net->size.horizon;
    const ssmi_network_input_f32 in = ssmi_learner_batch_input(&b->batch);
    ssmi_network_forward_f32(b->out, b->record, b->scratch, &in, params, l->net,
                             learning ? l->how->dropout : 0, key, l->kernels);
    for (size_t i = 0; i < n; i++) {
        double own[SSMI_LOSS_PARTS] = {0};
        const ssmi_quantile_window_f32 w = {
            b->batch.skip + i * H, l->skip->base, b->batch.s[i], b->batch.g[i], H, l->kernels};
        float *out = b->out + i * l->net->outputs, *dout = b->dout + i * l->net->outputs;
        ssmi_learner_tie(out, H, l->how->loss);
        ssmi_quantile_forward_f32(b->mean, b->quantile, out, &w);
        ssmi_quantile_loss_f32(learning ? dout : NULL, own, b->mean, b->quantile, b->batch.target + i * H,
                               out, &w, &loss_weights[l->how->loss], 1 / (float)l->variates);
        for (int k = 0; k < SSMI_LOSS_PARTS; k++) loss[k] += own[k] / (double)l->variates;
    }
}

static void gradient(const void *user, double *loss, float *grad, float *workspace, const float *params,
                     const size_t *item, size_t n, uint64_t key)
{
    const learner *l = user;
    bench b = bench_of(workspace, l);
    ssmi_learner_batch_fill(&b.batch, l->panel, l->how->track, &l->training, item, n, l->skip);
    answer(&b, loss, params, l, 1, key);
    ssmi_network_backward_f32(grad, b.scratch, b.dout, b.record, b.batch.n, params, l->net, l->how->dropout,
                              l->kernels);
}

static void judge(const void *user, double *loss, float *workspace, const float *params, size_t first,
                  size_t n)
{
    const learner *l = user;
    size_t item[SLOT];
    bench b = bench_of(workspace, l);
    for (size_t i = 0; i < n; i++) item[i] = first + i;
    ssmi_learner_batch_fill(&b.batch, l->panel, l->how->track, &l->validation, item, n, l->skip);
    answer(&b, loss, params, l, 0, 0);
}

/* Of everything that the losses are made from: windows, their starting forecast, the network's shape, and the
 * instruction set, whose kernels round in their own way. */
static void digest_problem(unsigned char out[SSMI_DIGEST_SIZE], const learner *l, const ssmi_ridge_task *task)
{
    const ssmi_ridge *ridge = l->skip->ridge;
    const ssmi_network_size *size = &l->net->size;
    const size_t sizes[] = {ridge->lookback,
                            ridge->horizon,
                            ridge->centre,
                            task->n_validation,
                            task->n_folds,
                            task->fold,
                            size->kind,
                            size->patch,
                            size->stride,
                            size->hidden,
                            size->phases,
                            l->how->loss,
                            ssmi_cpu_isa(),
                            size->backbone.width,
                            size->backbone.n_blocks,
                            (size_t)size->carried,
                            size->variates,
                            size->across.n_blocks,
                            size->across.block[0].kind};
    ssmi_digest d;
    ssmi_digest_open(&d);
    for (size_t i = 0; i < task->n_series; i++) {
        const ssmi_window_series *s = &task->panel[i];
        ssmi_digest_add(&d, s->value, s->length * sizeof *s->value);
        ssmi_digest_add(&d, s->missing, (s->length + 1) * sizeof *s->missing);
        ssmi_digest_add_size(&d, (size_t)l->how->track[i].first);
        ssmi_digest_add(&d, s->column, s->length * s->n_columns * sizeof *s->column);
    }
    ssmi_digest_add(&d, ridge->weight, ssmi_ridge_width(ridge) * ridge->horizon * sizeof *ridge->weight);
    ssmi_digest_add(&d, l->skip->base, SSMI_BASE_ROWS * ridge->horizon * sizeof *l->skip->base);
    ssmi_digest_add_real(&d, l->skip->gamma);
    ssmi_digest_add_real(&d, l->how->dropout);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) ssmi_digest_add_size(&d, sizes[i]);
    ssmi_digest_close(out, &d);
}

/* What the network adds on its validation windows, told to `evidence`. */
static ssm_status weigh(ssmi_learner_evidence *evidence, const float *params, const learner *l,
                        ssm_arena *tmp)
{
    const size_t H = l->net->size.horizon;
    double loss[SSMI_LOSS_PARTS];
    float *workspace = SSMI_ALLOC(tmp, float, bench_of(NULL, l).size);
    if (workspace == NULL) return SSM_E_MEMORY;
    bench b = bench_of(workspace, l);
    for (size_t k = 0; k < l->validation.n; k++) {
        const size_t rows = l->panel[l->validation.series[k]].length;
        ssmi_learner_batch_fill(&b.batch, l->panel, l->how->track, &l->validation, &k, 1, l->skip);
        answer(&b, loss, params, l, 0, 0);
        for (size_t v = 0; v < l->variates; v++) {
            float *out = b.out + v * l->net->outputs;
            for (size_t h = 0; h < H; h++) out[h] *= b.batch.s[v];
            ssmi_learner_evidence_add(evidence, rows - l->validation.origin[k], b.batch.target + v * H,
                                      b.batch.skip + v * H, out, H);
        }
    }
    return SSM_OK;
}

/* Origins that have n windows between them, no fewer than `least`. */
static size_t whole_origins(size_t n, size_t least, const learner *l)
{
    return n / l->variates > least ? n / l->variates : least;
}

ssm_status ssmi_learner_train(ssmi_training_result *result, float *params, ssmi_learner_evidence *evidence,
                              const ssmi_parameters *table, const ssmi_network *net,
                              const ssmi_learner_skip *skip, const ssmi_ridge_task *task,
                              const ssmi_learner_training *how, ssm_arena *tmp)
{
    learner l = {.net = net,
                 .skip = skip,
                 .panel = task->panel,
                 .variates = ssmi_network_variates(net),
                 .kernels = ssmi_kernels_of_f32(ssmi_cpu_isa()),
                 .how = how};
    *result = (ssmi_training_result){0};
    l.slot = whole_origins(SLOT, 1, &l);
    SSMI_TRY(ssmi_learner_windows_collect(&l.training, task, skip->ridge, l.variates, SSMI_LEARNER_TRAINING,
                                          MOST_TRAINING, tmp));
    SSMI_TRY(ssmi_learner_windows_collect(&l.validation, task, skip->ridge, l.variates,
                                          SSMI_LEARNER_VALIDATION,
                                          whole_origins(MOST_VALIDATION, LEAST_WINDOWS, &l), tmp));
    if (l.training.n < LEAST_WINDOWS || l.validation.n == 0 || how->windows == 0) return SSM_OK;
    const size_t batch = whole_origins(how->batch, 1, &l), windows = whole_origins(how->windows, 1, &l);
    const size_t shown = how->epochs < windows / l.training.n ? how->epochs * l.training.n : windows;
    const size_t steps = shown / (batch * how->accumulate) + 1;
    ssmi_training_problem problem = {.user = &l,
                                     .n_train = l.training.n,
                                     .n_validation = l.validation.n,
                                     .workspace = bench_of(NULL, &l).size,
                                     .gradient = gradient,
                                     .judge = judge};
    const ssmi_training training = {.batch = batch,
                                    .slot = l.slot,
                                    .accumulate = how->accumulate,
                                    .steps = steps,
                                    .warmup = steps / 20 + 1,
                                    .check = steps / CHECKS_PER_RUN + 1,
                                    .patience = how->patience,
                                    .schedule = how->wsd ? SSMI_WSD : SSMI_COSINE,
                                    .cooldown = steps / 5 + 1,
                                    .rate = how->rate,
                                    .decay = how->decay,
                                    .clip = 1,
                                    .average = 0.99,
                                    .stream = how->stream,
                                    .checkpoint = how->checkpoint,
                                    .keep = steps / CHECKPOINTS_PER_RUN + 1};
    if (how->checkpoint[0] != '\0') digest_problem(problem.digest, &l, task);
    SSMI_TRY(ssmi_train(result, params, table, &problem, &training, tmp));
    return result->best_step > 0 ? weigh(evidence, params, &l, tmp) : SSM_OK;
}
