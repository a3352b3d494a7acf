/* Two tasks that need selection, and the network that learns them: symbols in, symbols out.
 *
 *     selective copying    `items` symbols lie among `length` - `items` of noise; after them `items` markers
 *                          ask for the symbols in their order
 *     induction heads      one trigger among random symbols, and the symbol after it; the last symbol is the
 *                          trigger again and asks for that symbol
 *
 * Gu & Dao (2023), sections 4.1.1 and 4.1.2. Sequences are functions of a key, so training never sees one
 * twice unless it is told to.
 *
 *     embedding (+ sines and cosines of the position) -> backbone -> linear at the rows that are asked */
#ifndef SSMCAST_TESTS_NEURAL_SELECTION_H
#define SSMCAST_TESTS_NEURAL_SELECTION_H

#include "base/random.h"
#include "neural/backbone.h"
#include "neural/initialise.h"
#include "neural/trainer.h"
#include <math.h>
#include <string.h>

enum { SYMBOLS = 16, SELECTION_SLOT = 8, SELECTION_CHUNK = 1024 };

typedef struct selection_task selection_task;
struct selection_task {
    const char *name;
    size_t length, items; /* rows before the questions; questions, at the end */
    void (*draw)(int *token, int *answer, const selection_task *task, uint64_t key);
    void (*draw_training)(int *token, int *answer, const selection_task *task, uint64_t key);
};

static inline size_t selection_rows(const selection_task *task)
{
    return task->length + task->items;
}

/* A number below n. */
static inline size_t below(uint64_t *key, size_t n)
{
    *key = ssmi_mix_key(*key, 0);
    return (size_t)((*key >> 32) * n >> 32);
}

/* Noise is 0, the marker the last symbol. Positions are drawn by going through the rows once: each takes an
 * item with the share of items that are left among rows that are left. */
static inline void draw_copying(int *token, int *answer, const selection_task *task, uint64_t key)
{
    size_t left = task->items;
    for (size_t t = 0; t < task->length; t++) {
        token[t] = 0;
        if (below(&key, task->length - t) >= left) continue;
        token[t] = answer[task->items - left] = 1 + (int)below(&key, SYMBOLS - 2);
        left--;
    }
    for (size_t i = 0; i < task->items; i++) token[task->length + i] = SYMBOLS - 1;
}

/* The trigger is the last symbol; it stands `distance` rows before the questions, 2 <= distance <= length. */
static inline void write_induction(int *token, int *answer, const selection_task *task, size_t distance,
                                   uint64_t key)
{
    const size_t at = task->length - distance;
    for (size_t t = 0; t < task->length; t++) token[t] = (int)below(&key, SYMBOLS - 1);
    token[at] = token[task->length] = SYMBOLS - 1;
    *answer = token[at + 1];
}

static inline void draw_induction(int *token, int *answer, const selection_task *task, uint64_t key)
{
    const size_t distance = 2 + below(&key, task->length - 1);
    write_induction(token, answer, task, distance, key);
}

/* In training the distance is log-uniform rather than uniform, so that some answers lie near the question and
 * are found first. */
static inline void draw_induction_near(int *token, int *answer, const selection_task *task, uint64_t key)
{
    const double u = (double)below(&key, 1 << 30) / (1 << 30);
    const size_t distance = (size_t)(2 * pow((double)(task->length + 1) / 2, u));
    write_induction(token, answer, task, distance < task->length ? distance : task->length, key);
}

typedef struct selection_model {
    const char *name;
    size_t n_blocks;
    ssmi_mixer_size block[2];
    int positions; /* attention does not know them otherwise */
} selection_model;

typedef struct selection_network {
    const selection_model *model;
    const ssmi_kernels_f32 *kernels;
    ssmi_parameters table;
    double spread;           /* of the embedding at the start: uniform up to it */
    size_t embed, out, bias; /* offsets */
    ssmi_backbone backbone;
} selection_network;

static inline void selection_lay_out(selection_network *net, const selection_model *model, size_t width,
                                     double spread)
{
    ssmi_backbone_size size = {.width = width, .n_blocks = model->n_blocks};
    for (size_t i = 0; i < model->n_blocks; i++) size.block[i] = model->block[i % 2];
    memset(net, 0, sizeof *net);
    net->model = model;
    net->spread = spread;
    net->kernels = ssmi_kernels_of_f32(ssmi_cpu_isa());
    net->embed = ssmi_parameters_add(&net->table, "embedding.", "weight", SSMI_DECAY, SYMBOLS, width, 0);
    net->backbone = ssmi_backbone_layout(&net->table, "", &size);
    net->out = ssmi_parameters_add(&net->table, "head.", "weight", SSMI_DECAY, SYMBOLS, width, 0);
    net->bias = ssmi_parameters_add(&net->table, "head.", "bias", SSMI_NO_DECAY, SYMBOLS, 0, 0);
}

static inline ssm_status selection_init(float *params, const selection_network *net, ssm_arena *tmp)
{
    gsl_rng *rng = ssmi_random_stream(tmp, 1);
    if (rng == NULL) return SSM_E_MEMORY;
    const size_t d = net->backbone.width;
    ssmi_fill_uniform(params + net->embed, SYMBOLS * d, net->spread, rng);
    ssmi_fill_linear(params + net->out, SYMBOLS * d, d, rng);
    ssmi_fill_constant(params + net->bias, SYMBOLS, 0);
    return ssmi_backbone_init(params, &net->backbone, rng, tmp);
}

/* Vaswani et al. (2017), section 3.5. */
static inline void add_positions(float *x, size_t length, size_t width)
{
    for (size_t t = 0; t < length; t++)
        for (size_t j = 0; j < width / 2; j++) {
            const double angle = (double)t * pow(1e-4, 2 * (double)j / (double)width);
            x[t * width + 2 * j] += (float)sin(angle);
            x[t * width + 2 * j + 1] += (float)cos(angle);
        }
}

/* What a pass over `batch` sequences works in; sizes alone where base is NULL. */
typedef struct selection_work {
    int *token, *answer;            /* (batch, rows), (batch, items) */
    float *embedded, *stream;       /* (batch, rows, width) before and behind the backbone */
    float *asked, *dasked, *logits; /* (batch items, width) twice, (batch items, SYMBOLS) */
    float *record, *scratch;
    size_t size;
} selection_work;

static inline float *selection_carve(float *base, size_t *used, size_t n)
{
    float *part = base != NULL ? base + *used : NULL;
    *used += (n + 15) & ~(size_t)15;
    return part;
}

static inline selection_work selection_work_of(float *base, const selection_network *net,
                                               const selection_task *task, size_t batch)
{
    const size_t rows = selection_rows(task), d = net->backbone.width, items = batch * task->items;
    selection_work w = {.size = 0};
    w.token = (int *)(void *)selection_carve(base, &w.size, batch * rows);
    w.answer = (int *)(void *)selection_carve(base, &w.size, items);
    w.embedded = selection_carve(base, &w.size, batch * rows * d);
    w.stream = selection_carve(base, &w.size, batch * rows * d);
    w.asked = selection_carve(base, &w.size, items * d);
    w.dasked = selection_carve(base, &w.size, items * d);
    w.logits = selection_carve(base, &w.size, items * SYMBOLS);
    w.record = selection_carve(base, &w.size, ssmi_backbone_record_f32(&net->backbone, batch, rows));
    w.scratch = selection_carve(base, &w.size, ssmi_backbone_scratch_f32(&net->backbone, batch, rows));
    return w;
}

static inline ssmi_tokens_f32 selection_tokens(const selection_network *net, const selection_task *task,
                                               size_t batch)
{
    return (ssmi_tokens_f32){batch, selection_rows(task), NULL, net->kernels};
}

static inline void selection_embed(float *x, const int *token, const float *params,
                                   const selection_network *net, size_t batch, size_t rows)
{
    const size_t d = net->backbone.width;
    ssmi_embedding_forward_f32(x, token, params + net->embed, batch * rows, d);
    for (size_t b = 0; b < batch && net->model->positions; b++) add_positions(x + b * rows * d, rows, d);
}

/* Logits of the questions of w->token. */
static inline void selection_forward(selection_work *w, const float *params, const selection_network *net,
                                     const selection_task *task, size_t batch)
{
    const size_t rows = selection_rows(task), d = net->backbone.width, items = task->items;
    selection_embed(w->embedded, w->token, params, net, batch, rows);
    ssmi_backbone_forward_f32(w->stream, w->record, w->scratch, w->embedded, params, &net->backbone,
                              selection_tokens(net, task, batch), 0, 0);
    for (size_t b = 0; b < batch; b++)
        memcpy(w->asked + b * items * d, w->stream + (b * rows + task->length) * d,
               items * d * sizeof *w->asked);
    ssmi_linear_forward_f32(w->logits, SYMBOLS, w->asked, d, params + net->out, params + net->bias,
                            batch * items, d, SYMBOLS);
}

/* Gradient of the backbone's output is left in w->stream from w->logits, then goes down to the symbols. */
static inline void selection_backward(float *grad, selection_work *w, const float *params,
                                      const selection_network *net, const selection_task *task, size_t batch)
{
    const size_t rows = selection_rows(task), d = net->backbone.width, items = task->items;
    ssmi_linear_backward_f32(w->dasked, 0, grad + net->out, grad + net->bias, w->logits, SYMBOLS, w->asked, d,
                             params + net->out, batch * items, d, SYMBOLS);
    memset(w->stream, 0, batch * rows * d * sizeof *w->stream);
    for (size_t b = 0; b < batch; b++)
        memcpy(w->stream + (b * rows + task->length) * d, w->dasked + b * items * d,
               items * d * sizeof *w->dasked);
    ssmi_backbone_backward_f32(w->embedded, grad, w->scratch, w->stream, w->record, params, &net->backbone,
                               selection_tokens(net, task, batch), 0);
    ssmi_embedding_backward_f32(grad + net->embed, w->embedded, w->token, batch * rows, d);
}

/* Answers that are not the largest logit's. */
static inline size_t selection_errors(const float *logits, const int *answer, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++, logits += SYMBOLS) {
        int best = 0;
        for (int k = 1; k < SYMBOLS; k++)
            if (logits[k] > logits[best]) best = k;
        wrong += best != answer[i];
    }
    return wrong;
}

/* NULL: the block is of another kind. */
static inline const ssmi_mamba *selection_mamba(const selection_network *net, size_t block)
{
    const ssmi_mixer *m = &net->backbone.block[block];
    return m->size.kind == SSMI_MIXER_MAMBA ? &m->as.mamba : NULL;
}

/* What is minimised besides the questions' loss, per sequence answered right: `pull` times the sum of the
 * step biases of Mamba's blocks, which are log(step) where no input opens a channel. What is held for 2^20
 * rows must lose less than 2^-20 of itself in a row, but 256 rows give no slope to a step far below 2^-8:
 * this one does, the same at any step, and waits until there is something to hold. Ours, not the paper's. */
static inline double selection_pull(const float *params, const selection_network *net, double pull)
{
    double sum = 0;
    for (size_t i = 0; i < net->backbone.n_blocks; i++) {
        const ssmi_mamba *m = selection_mamba(net, i);
        for (size_t e = 0; m != NULL && e < m->channels; e++) sum += (double)params[m->dt_bias + e];
    }
    return pull * sum;
}

static inline void selection_pull_gradient(float *grad, const selection_network *net, double pull)
{
    for (size_t i = 0; i < net->backbone.n_blocks; i++) {
        const ssmi_mamba *m = selection_mamba(net, i);
        for (size_t e = 0; m != NULL && e < m->channels; e++) grad[m->dt_bias + e] += (float)pull;
    }
}

/* What the trainer gets. Sequences of training have the keys of `training`, those that are judged of another.
 */
typedef struct selection_problem {
    const selection_network *net;
    const selection_task *task;
    uint64_t training, validation;
    double pull;
} selection_problem;

/* Losses are the mean cross-entropy of a question and the share of wrong answers. */
static inline void selection_answer(selection_work *w, double *loss, float share, const float *params,
                                    const selection_problem *p, size_t n, int learning)
{
    const size_t items = p->task->items;
    selection_forward(w, params, p->net, p->task, n);
    const size_t wrong = selection_errors(w->logits, w->answer, n * items);
    loss[0] +=
        ssmi_cross_entropy_f32(learning ? w->logits : NULL, w->logits, w->answer, share, n * items, SYMBOLS) /
        (double)items;
    loss[1] += (double)wrong / (double)items;
}

static inline void selection_gradient(const void *user, double *loss, float *grad, float *workspace,
                                      const float *params, const size_t *item, size_t n, uint64_t key)
{
    const selection_problem *p = user;
    selection_work w = selection_work_of(workspace, p->net, p->task, SELECTION_SLOT);
    const double before = loss[1];
    (void)key;
    for (size_t i = 0; i < n; i++)
        p->task->draw_training(w.token + i * selection_rows(p->task), w.answer + i * p->task->items, p->task,
                               ssmi_mix_key(p->training, item[i]));
    selection_answer(&w, loss, 1 / (float)p->task->items, params, p, n, 1);
    selection_backward(grad, &w, params, p->net, p->task, n);
    selection_pull_gradient(grad, p->net, p->pull * ((double)n - (loss[1] - before)));
}

static inline void selection_judge(const void *user, double *loss, float *workspace, const float *params,
                                   size_t first, size_t n)
{
    const selection_problem *p = user;
    selection_work w = selection_work_of(workspace, p->net, p->task, SELECTION_SLOT);
    for (size_t i = 0; i < n; i++)
        p->task->draw(w.token + i * selection_rows(p->task), w.answer + i * p->task->items, p->task,
                      ssmi_mix_key(p->validation, first + i));
    selection_answer(&w, loss, 0, params, p, n, 0);
}

static inline ssmi_training_problem selection_problem_of(const selection_problem *p, size_t n_train,
                                                         size_t n_validation)
{
    return (ssmi_training_problem){.user = p,
                                   .n_train = n_train,
                                   .n_validation = n_validation,
                                   .workspace = selection_work_of(NULL, p->net, p->task, SELECTION_SLOT).size,
                                   .gradient = selection_gradient,
                                   .judge = selection_judge};
}

#endif
