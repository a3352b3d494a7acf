#include "models/zero_tuning.h"

#include "base/parallel.h"
#include "models/windows.h"
#include "models/zero_tuning_windows.h"
#include "models/zero_weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
#include "neural/real_f32.h"
#include "neural/carve_body.h"
#include "neural/real_end.h"
/* clang-format on */

enum { SLOT = 4, BATCH = 16, LEAST_WINDOWS = 32, MOST_VALIDATION = 168, CHECKS_PER_RUN = 10 };

/* Weight of the squared error beside the pinball loss, as in the trained forecasters. */
static const float squares = 0.5f;

/* What the two kinds of tuning take unless the options say otherwise. */
static const struct {
    size_t distinct, shown; /* windows kept; windows shown, each several times where that is more */
    double rate;
} standard[] = {[SSMI_TUNE_HEAD] = {2048, 16384, 1e-3}, [SSMI_TUNE_ALL] = {2048, 2048, 1e-4}};

typedef struct tuner {
    ssmi_zero_tune what;
    ssmi_zero_windows training, validation;
    ssmi_zero_trainable net; /* SSMI_TUNE_HEAD: only the head is laid out */
    size_t horizon;
    size_t tokens, shown; /* of the largest window */
    const ssmi_kernels_f32 *kernels;
} tuner;

/* What one window is worked on in. */
typedef struct bench {
    float *quantile, *dquantile; /* (shown, SSMI_ZERO_OUT) */
    float *record, *scratch;
    size_t size;
} bench;

static bench bench_of(float *base, const tuner *t)
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

static void forward(bench *b, const tuner *t, const ssmi_zero_window *w, const float *params)
{
    if (t->what == SSMI_TUNE_HEAD)
        ssmi_zero_head_forward_f32(b->quantile, b->record, b->scratch, w->h, w->feature, params, &t->net.head,
                                   w->tokens - w->from, t->kernels);
    else
        ssmi_zero_trainable_forward_f32(b->quantile, b->record, b->scratch, w->feature, params, &t->net,
                                        w->tokens, w->from, t->kernels);
}

static void backward(float *grad, bench *b, const tuner *t, const ssmi_zero_window *w, const float *params)
{
    if (t->what == SSMI_TUNE_HEAD)
        ssmi_zero_head_backward_f32(NULL, grad, b->scratch, b->dquantile, b->record, w->h, w->feature, params,
                                    &t->net.head, w->tokens - w->from, t->kernels);
    else
        ssmi_zero_trainable_backward_f32(grad, b->scratch, b->dquantile, b->record, w->feature, params,
                                         &t->net, w->tokens, w->from, t->kernels);
}

/* Forward pass and losses of one window; gradient of its quantiles when `learning`. */
static void answer(bench *b, double *loss, const tuner *t, const ssmi_zero_window *w, const float *params,
                   int learning)
{
    forward(b, t, w, params);
    ssmi_zero_loss_f32(learning ? b->dquantile : NULL, loss, b->quantile, w->target,
                       (w->tokens - w->from) * SSMI_ZERO_PATCH, (float)(w->scale / w->unit), squares);
}

static void gradient(const void *user, double *loss, float *grad, float *workspace, const float *params,
                     const size_t *item, size_t n, uint64_t key)
{
    const tuner *t = user;
    bench b = bench_of(workspace, t);
    (void)key;
    for (size_t i = 0; i < n; i++) {
        answer(&b, loss, t, &t->training.window[item[i]], params, 1);
        backward(grad, &b, t, &t->training.window[item[i]], params);
    }
}

static void judge(const void *user, double *loss, float *workspace, const float *params, size_t first,
                  size_t n)
{
    const tuner *t = user;
    bench b = bench_of(workspace, t);
    for (size_t i = 0; i < n; i++) answer(&b, loss, t, &t->validation.window[first + i], params, 0);
}

size_t ssmi_zero_held(const ssm_fit_task *task)
{
    size_t shortest = task->panel[0].length;
    if (task->n_validation > 0) return task->n_validation;
    for (size_t i = 1; i < task->n_series; i++)
        if (task->panel[i].length < shortest) shortest = task->panel[i].length;
    return ssmi_windows_validation(shortest, task->horizon);
}

static ssm_status lay_out(tuner *t, ssmi_parameters *table, const ssmi_zero_network *network,
                          ssm_context *ctx)
{
    const ssmi_zero_size size = ssmi_zero_size_of(network);
    *table = (ssmi_parameters){0};
    if (t->what == SSMI_TUNE_HEAD) {
        t->net.head = ssmi_zero_head_layout(table, &size);
        return SSM_OK;
    }
    if (size.n_blocks > SSMI_ZERO_TRAINABLE_BLOCKS)
        return ssmi_fail(ctx, SSM_E_UNSUPPORTED, "a network of %zu blocks cannot be tuned, at most %d",
                         size.n_blocks, SSMI_ZERO_TRAINABLE_BLOCKS);
    t->net = ssmi_zero_trainable_layout(table, &size);
    return SSM_OK;
}

/* Of everything that the losses are made from. */
static ssm_status digest_problem(unsigned char out[SSMI_DIGEST_SIZE], const tuner *t,
                                 const ssmi_zero_model *model, const ssm_fit_task *task, const char *weights,
                                 ssm_arena *tmp)
{
    const size_t held = ssmi_zero_held(task);
    const size_t sizes[] = {t->what,        t->training.n, t->validation.n,     held,          task->horizon,
                            model->context, model->period, (size_t)model->flip, ssmi_cpu_isa()};
    unsigned char of_weights[SSMI_DIGEST_SIZE]; /* the ones that are not trained count as well */
    ssmi_digest d;
    SSMI_TRY(ssmi_zero_digest(of_weights, weights, tmp));
    ssmi_digest_open(&d);
    ssmi_digest_add(&d, of_weights, sizeof of_weights);
    for (size_t i = 0; i < task->n_series; i++)
        ssmi_digest_add(&d, task->panel[i].value, task->panel[i].length * sizeof *task->panel[i].value);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) ssmi_digest_add_size(&d, sizes[i]);
    ssmi_digest_close(out, &d);
    return SSM_OK;
}

/* Training continues weights that are good: no decay towards zero, and a short warm-up. */
static ssmi_training training_of(const ssmi_zero_tuning_options *how)
{
    const size_t shown = how->windows > 0 ? how->windows : standard[how->what].shown;
    const size_t steps = shown / BATCH + 1;
    return (ssmi_training){.batch = BATCH,
                           .slot = SLOT,
                           .steps = steps,
                           .warmup = steps / 10 + 1,
                           .check = steps / CHECKS_PER_RUN + 1,
                           .patience = CHECKS_PER_RUN / 2,
                           .schedule = SSMI_COSINE,
                           .rate = how->rate > 0 ? how->rate : standard[how->what].rate,
                           .clip = 1,
                           .average = 0.95,
                           .stream = 3,
                           .checkpoint = how->checkpoint,
                           .keep = steps / 50 + 1};
}

static ssm_status train(ssmi_zero_tuning *out, tuner *t, const ssmi_zero_model *model,
                        const ssm_fit_task *task, const ssmi_zero_tuning_options *how, float *params,
                        ssm_arena *tmp)
{
    const ssmi_training training = training_of(how);
    ssmi_training_problem problem = {.user = t,
                                     .n_train = t->training.n,
                                     .n_validation = t->validation.n,
                                     .workspace = bench_of(NULL, t).size,
                                     .gradient = gradient,
                                     .judge = judge};
    if (how->checkpoint[0] != '\0')
        SSMI_TRY(digest_problem(problem.digest, t, model, task, how->weights, tmp));
    return ssmi_train(&out->result, params, out->table, &problem, &training, tmp);
}

/* Losses of each validation window with two sets of weights. */
typedef struct comparison {
    const tuner *t;
    const float *params[2];
    double *loss[2]; /* (windows, SSMI_LOSS_PARTS), zero at the start */
} comparison;

static ssm_status compare_window(void *user, size_t i, ssm_arena *scratch)
{
    const comparison *c = user;
    float *memory = SSMI_ALLOC(scratch, float, bench_of(NULL, c->t).size);
    if (memory == NULL) return SSM_E_MEMORY;
    bench b = bench_of(memory, c->t);
    for (size_t k = 0; k < 2; k++)
        answer(&b, c->loss[k] + i * SSMI_LOSS_PARTS, c->t, &c->t->validation.window[i], c->params[k], 0);
    return SSM_OK;
}

/* How far the gain of the weights `after` over `before` can be trusted. */
static ssm_status measure_trust(ssmi_trust *trust, const tuner *t, const float *before, const float *after,
                                size_t held, ssm_arena *tmp)
{
    const size_t n = t->validation.n, horizon = t->horizon;
    comparison c = {.t = t, .params = {before, after}};
    size_t *stretch = SSMI_ALLOC(tmp, size_t, n);
    for (size_t k = 0; k < 2; k++) {
        c.loss[k] = SSMI_ALLOC(tmp, double, n *SSMI_LOSS_PARTS);
        if (c.loss[k] == NULL) return SSM_E_MEMORY;
    }
    if (stretch == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_parallel_for(tmp->ctx, n, compare_window, &c));
    for (size_t i = 0; i < n; i++) {
        const ssmi_zero_window *w = &t->validation.window[i];
        stretch[i] = (w->series->length - horizon - w->origin) / horizon;
    }
    return ssmi_trust_measure(trust, c.loss[0], c.loss[1], stretch, n, held / horizon + 1, tmp);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

ssm_status ssmi_zero_tune_on(ssmi_zero_tuning *out, const ssmi_zero_model *model, const ssm_fit_task *task,
                             const ssmi_zero_tuning_options *how, ssm_arena *mem, ssm_arena *tmp)
{
    const int head = how->what == SSMI_TUNE_HEAD;
    const size_t held = ssmi_zero_held(task);
    tuner t = {.what = how->what, .kernels = ssmi_kernels_of_f32(ssmi_cpu_isa())};
    t.horizon = task->horizon < SSMI_ZERO_HORIZON ? task->horizon : SSMI_ZERO_HORIZON;
    *out = (ssmi_zero_tuning){.table = SSMI_ALLOC(mem, ssmi_parameters, 1)};
    if (out->table == NULL) return SSM_E_MEMORY;
    SSMI_TRY(lay_out(&t, out->table, model->network, mem->ctx));
    SSMI_TRY(ssmi_progress(tmp->ctx, "looking at windows", 0, NAN));
    SSMI_TRY(ssmi_zero_windows_collect(&t.training, model, task, held, 0, standard[how->what].distinct, head,
                                       tmp));
    SSMI_TRY(ssmi_zero_windows_collect(&t.validation, model, task, held, 1, MOST_VALIDATION, head, tmp));
    out->n_train = t.training.n;
    out->n_validation = t.validation.n;
    if (held == 0 || t.training.n < LEAST_WINDOWS || t.validation.n == 0) return SSM_OK;
    t.shown = larger(t.training.shown, t.validation.shown);
    t.tokens = larger(t.training.tokens, t.validation.tokens);
    float *params = SSMI_ALLOC(mem, float, out->table->size);
    if (params == NULL) return SSM_E_MEMORY;
    float *before = SSMI_ALLOC(tmp, float, out->table->size);
    if (before == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_zero_read(params, out->table, how->weights, tmp));
    memcpy(before, params, out->table->size * sizeof *params);
    SSMI_TRY(train(out, &t, model, task, how, params, tmp));
    if (out->result.best_step == 0) return SSM_OK;
    SSMI_TRY(measure_trust(&out->trust, &t, before, params, held, tmp));
    if (ssmi_trust_enough(&out->trust)) out->params = params;
    return SSM_OK;
}

/* What the note says. The numbers stand in memory of the archive, which reads them when the file is written.
 */
static ssm_status archive_numbers(ssmi_zero_tuning *tuning, ssm_archive *archive)
{
    ssmi_training_result *r = &tuning->result;
    size_t *const size[] = {&tuning->n_train, &tuning->n_validation, &r->steps, &r->best_step,
                            &tuning->trust.stretches};
    double *const real[] = {&r->start[0], &r->best[0],         &r->start[1],
                            &r->best[1],  &tuning->trust.gain, &tuning->trust.error};
    enum { SIZES = sizeof size / sizeof *size, REALS = sizeof real / sizeof *real };
    double *value = SSMI_ALLOC(ssmi_archive_scratch(archive), double, REALS);
    if (value == NULL) return SSM_E_MEMORY;
    static const char *const names[SIZES] = {"tuning_windows", "tuning_checked", "tuning_steps",
                                             "tuning_best", "tuning_stretches"};
    for (size_t i = 0; i < SIZES; i++) SSMI_TRY(ssmi_archive_size(archive, names[i], size[i]));
    for (size_t i = 0; i < REALS; i++) value[i] = *real[i];
    SSMI_TRY(ssmi_archive_values(archive, "tuning", value, REALS));
    for (size_t i = 0; i < REALS; i++) *real[i] = value[i];
    return SSM_OK;
}

ssm_status ssmi_zero_tuning_archive(ssmi_zero_tuning *tuning, ssmi_zero_tune what,
                                    const ssmi_zero_network *network, ssm_archive *archive)
{
    size_t kept = tuning->params != NULL;
    SSMI_TRY(archive_numbers(tuning, archive));
    SSMI_TRY(ssmi_archive_size(archive, "tuned", &kept));
    if (kept > 1) return ssmi_archive_reject(archive, "\"tuned\" is %zu", kept);
    if (kept == 0) return SSM_OK;
    if (ssmi_archive_loading(archive)) {
        ssm_arena *mem = ssmi_archive_memory(archive);
        tuner t = {.what = what};
        tuning->table = SSMI_ALLOC(mem, ssmi_parameters, 1);
        if (tuning->table == NULL) return SSM_E_MEMORY;
        SSMI_TRY(lay_out(&t, tuning->table, network, ssmi_archive_context(archive)));
        tuning->params = SSMI_ALLOC(mem, float, tuning->table->size);
        if (tuning->params == NULL) return SSM_E_MEMORY;
    }
    for (size_t i = 0; i < tuning->table->n; i++) {
        const ssmi_parameter *p = &tuning->table->entry[i];
        float *tensor = tuning->params + p->offset;
        SSMI_TRY(ssmi_archive_f32(archive, p->name, &tensor, p->rank, p->shape));
        if (ssmi_archive_loading(archive))
            memcpy(tuning->params + p->offset, tensor, p->size * sizeof *tensor);
    }
    return SSM_OK;
}

void ssmi_zero_tuning_note(const ssmi_zero_tuning *tuning, ssmi_zero_tune what, char *text, size_t size)
{
    const ssmi_training_result *r = &tuning->result;
    const char *part = what == SSMI_TUNE_HEAD ? "head" : "network";
    if (tuning->params != NULL)
        snprintf(text, size,
                 "%s tuned on %zu windows in %zu steps: validation pinball %.4g to %.4g, mse %.4g to %.4g",
                 part, tuning->n_train, r->best_step, r->start[0], r->best[0], r->start[1], r->best[1]);
    else if (r->best_step > 0)
        snprintf(text, size,
                 "pretrained weights kept: tuning the %s lowered the losses of %zu stretches of validation "
                 "by %.1f %%, "
                 "with a standard error of %.1f %%",
                 part, tuning->trust.stretches, 100 * tuning->trust.gain, 100 * tuning->trust.error);
    else if (r->steps > 0)
        snprintf(text, size,
                 "pretrained weights kept: tuning the %s on %zu windows made validation no better", part,
                 tuning->n_train);
    else
        snprintf(text, size, "pretrained weights kept: too few windows to tune on (%zu, and %zu to check)",
                 tuning->n_train, tuning->n_validation);
}
