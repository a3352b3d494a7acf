#include "models/zero_tuning.h"

#include "models/windows.h"
#include "models/zero_blocks.h"
#include "models/zero_weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    SLOT = 4,
    BATCH = 16,
    LEAST_WINDOWS = 32,
    MOST_OF_BLOCK = 120, /* windows that judge */
    CHECKS_PER_RUN = 10,
    REHEARSALS = 3,
    STRENGTHS = 4,
    PARTS = SSMI_LOSS_PARTS
};

/* How much of the way from the pretrained weights to the tuned ones. */
static const float strength[STRENGTHS] = {0.25f, 0.5f, 0.75f, 1};

/* What the two kinds of tuning take unless the options say otherwise. */
static const struct {
    size_t distinct, shown; /* windows kept; windows shown, each several times where that is more */
    double rate;
} standard[] = {[SSMI_TUNE_HEAD] = {2048, 16384, 1e-3}, [SSMI_TUNE_ALL] = {2048, 2048, 1e-4}};

/* Three rehearsals at most, of weights that can go anywhere. */
static const ssmi_trust_rule rule = {.level = 0.9, .everywhere = 1};

typedef struct course {
    const ssmi_zero_model *model;
    const ssm_fit_task *task;
    const ssmi_zero_tuning_options *how;
    size_t horizon;
    ssmi_zero_tuner tuner;
    ssmi_parameters *table;
    ssmi_zero_blocks blocks;
    ssmi_zero_windows training, block[SSMI_ZERO_BLOCKS]; /* before the validation rows; of each block */
    const float *before;                                 /* (table->size) the pretrained weights */
} course;

size_t ssmi_zero_held(const ssm_fit_task *task)
{
    size_t shortest = task->panel[0].length;
    if (task->n_validation > 0) return task->n_validation;
    for (size_t i = 1; i < task->n_series; i++)
        if (task->panel[i].length < shortest) shortest = task->panel[i].length;
    return ssmi_windows_validation(shortest, task->horizon);
}

/* Of everything that the losses are made from. */
static ssm_status digest_problem(unsigned char out[SSMI_DIGEST_SIZE], const course *c,
                                 const ssmi_zero_lesson *lesson, ssm_arena *tmp)
{
    const ssmi_zero_model *model = c->model;
    const ssm_fit_task *task = c->task;
    const size_t sizes[] = {
        c->tuner.what, lesson->training.n, lesson->validation.n, ssmi_zero_held(task), c->blocks.width,
        task->horizon, model->context,     model->period,        (size_t)model->flip,  ssmi_cpu_isa()};
    unsigned char of_weights[SSMI_DIGEST_SIZE]; /* the ones that are not trained count as well */
    ssmi_digest d;
    SSMI_TRY(ssmi_zero_digest(of_weights, c->how->weights, tmp));
    ssmi_digest_open(&d);
    ssmi_digest_add(&d, of_weights, sizeof of_weights);
    for (size_t i = 0; i < task->n_series; i++)
        ssmi_digest_add(&d, task->panel[i].value, task->panel[i].length * sizeof *task->panel[i].value);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) ssmi_digest_add_size(&d, sizes[i]);
    ssmi_digest_close(out, &d);
    return SSM_OK;
}

/* `part` of all windows are there to learn from, and shown as often. Training continues weights that are
 * good: no decay towards zero, and a short warm-up. */
static ssmi_training training_of(const ssmi_zero_tuning_options *how, double part)
{
    const size_t all = how->windows > 0 ? how->windows : standard[how->what].shown;
    const size_t shown = (size_t)((double)all * part);
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
                           .keep = steps / 50 + 1};
}

/* params: in, where it starts; out, the best. */
static ssm_status train(ssmi_training_result *result, float *params, const course *c,
                        const ssmi_zero_lesson *lesson, int rehearsal, ssm_arena *tmp)
{
    ssmi_training training = training_of(c->how, (double)lesson->training.n / (double)c->training.n);
    ssmi_training_problem problem = ssmi_zero_tuner_problem(lesson);
    if (!rehearsal && c->how->checkpoint[0] != '\0') {
        training.checkpoint = c->how->checkpoint;
        SSMI_TRY(digest_problem(problem.digest, c, lesson, tmp));
    }
    return ssmi_train(result, params, c->table, &problem, &training, tmp);
}

/* Blocks that windows are wanted of: those of validation, and one more than are rehearsed. */
static size_t blocks_wanted(const course *c)
{
    return c->blocks.held > REHEARSALS + 1 ? c->blocks.held : REHEARSALS + 1;
}

static ssm_status collect(course *c, ssm_arena *tmp)
{
    const int states = c->how->what == SSMI_TUNE_HEAD;
    SSMI_TRY(ssmi_progress(tmp->ctx, "looking at windows", 0, NAN));
    SSMI_TRY(ssmi_zero_windows_collect(&c->training, c->model, c->task,
                                       (ssmi_zero_span){0, ssmi_zero_held(c->task)},
                                       standard[c->how->what].distinct, states, tmp));
    ssmi_zero_tuner_admit(&c->tuner, &c->training);
    for (size_t k = 0; k < blocks_wanted(c); k++) {
        SSMI_TRY(ssmi_zero_windows_collect(&c->block[k], c->model, c->task,
                                           (ssmi_zero_span){c->blocks.width, k * c->blocks.width},
                                           MOST_OF_BLOCK, states, tmp));
        ssmi_zero_tuner_admit(&c->tuner, &c->block[k]);
    }
    return SSM_OK;
}

/* out = from + share (to - from); it may be either of them. */
static void interpolate(float *out, const float *from, const float *to, float share, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = share < 1 ? from[i] + share * (to[i] - from[i]) : to[i];
}

/* loss (windows->n, 1 + STRENGTHS, PARTS) of the pretrained weights and of each strength. */
static ssm_status measure(double *loss, const course *c, const ssmi_zero_windows *windows, const float *after,
                          ssm_arena *tmp)
{
    const size_t n = c->table->size;
    const float *sets[1 + STRENGTHS] = {c->before};
    for (size_t k = 0; k < STRENGTHS; k++) {
        float *params = SSMI_ALLOC(tmp, float, n);
        if (params == NULL) return SSM_E_MEMORY;
        interpolate(params, c->before, after, strength[k], n);
        sets[1 + k] = params;
    }
    return ssmi_zero_tuner_losses(&c->tuner, loss, windows, sets, 1 + STRENGTHS, tmp->ctx);
}

/* Tunes on the rows before block k + 1, stopped by that block, and measures block k, which comes next. *done:
 * whether there was enough to do so, and something was kept. */
static ssm_status rehearse(int *done, double *loss, const course *c, size_t k, ssm_arena *tmp)
{
    ssmi_zero_lesson lesson = {.tuner = &c->tuner, .validation = c->block[k + 1]};
    ssmi_training_result result;
    float *params = SSMI_ALLOC(tmp, float, c->table->size);
    if (params == NULL) return SSM_E_MEMORY;
    SSMI_TRY(
        ssmi_zero_windows_before(&lesson.training, &c->training, c->horizon, (k + 2) * c->blocks.width, tmp));
    *done = lesson.training.n >= LEAST_WINDOWS && lesson.validation.n > 0;
    if (!*done) return SSM_OK;
    memcpy(params, c->before, c->table->size * sizeof *params);
    SSMI_TRY(train(&result, params, c, &lesson, 1, tmp));
    *done = result.best_step > 0;
    return *done ? measure(loss, c, &c->block[k], params, tmp) : SSM_OK;
}

/* What tuning would have done in the past, from the newest block on, until no strength is left that gained in
 * all. */
static ssm_status rehearse_all(ssmi_trust *trust, const course *c, ssm_arena *tmp)
{
    enum { ROOM = REHEARSALS * 2 * MOST_OF_BLOCK, ROW = (1 + STRENGTHS) * PARTS }; /* turned twins */
    size_t n = 0, *block = SSMI_ALLOC(tmp, size_t, ROOM);
    double *loss = SSMI_ALLOC(tmp, double, ROOM *ROW);
    int done = 1;
    if (block == NULL || loss == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < REHEARSALS && done; k++) {
        const ssmi_mark mark = ssmi_arena_mark(tmp);
        SSMI_TRY(rehearse(&done, loss + n * ROW, c, k, tmp));
        for (size_t i = 0; i < c->block[k].n && done; i++) block[n++] = k;
        if (done) SSMI_TRY(ssmi_trust_choose(trust, &rule, loss, block, n, STRENGTHS, REHEARSALS, tmp));
        ssmi_arena_rewind(tmp, mark);
        if (!(trust->least > 0)) return SSM_OK;
    }
    return SSM_OK;
}

/* Takes the tuned weights `after` to the strength that is trusted, where validation is no worse there: then
 * out->params. */
static ssm_status settle(ssmi_zero_tuning *out, const course *c, const ssmi_zero_lesson *lesson, float *after,
                         ssm_arena *tmp)
{
    const size_t n = lesson->validation.n, row = 2 * PARTS;
    double *loss = SSMI_ALLOC(tmp, double, n *row), sum[2 * PARTS] = {0};
    if (loss == NULL) return SSM_E_MEMORY;
    interpolate(after, c->before, after, strength[out->trust.chosen - 1], c->table->size);
    SSMI_TRY(ssmi_zero_tuner_losses(&c->tuner, loss, &lesson->validation,
                                    (const float *const[]){c->before, after}, 2, tmp->ctx));
    for (size_t i = 0; i < n * row; i++) sum[i % row] += loss[i] / (double)n;
    for (size_t k = 0; k < PARTS; k++) {
        out->result.best[k] = sum[PARTS + k];
        if (!(sum[PARTS + k] <= sum[k])) return SSM_OK;
    }
    out->params = after;
    return SSM_OK;
}

static ssm_status tune(ssmi_zero_tuning *out, course *c, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_zero_lesson lesson = {.tuner = &c->tuner, .training = c->training};
    float *params = SSMI_ALLOC(mem, float, c->table->size), *before = SSMI_ALLOC(tmp, float, c->table->size);
    if (params == NULL || before == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_zero_windows_join(&lesson.validation, c->block, c->blocks.held, tmp));
    out->n_validation = lesson.validation.n;
    if (out->n_train < LEAST_WINDOWS || out->n_validation == 0) return SSM_OK;
    SSMI_TRY(ssmi_zero_read(params, c->table, c->how->weights, tmp));
    memcpy(before, params, c->table->size * sizeof *params);
    c->before = before;
    SSMI_TRY(train(&out->result, params, c, &lesson, 0, tmp));
    if (out->result.best_step == 0) return SSM_OK;
    SSMI_TRY(rehearse_all(&out->trust, c, tmp));
    return out->trust.chosen > 0 ? settle(out, c, &lesson, params, tmp) : SSM_OK;
}

ssm_status ssmi_zero_tune_on(ssmi_zero_tuning *out, const ssmi_zero_model *model, const ssm_fit_task *task,
                             const ssmi_zero_tuning_options *how, ssm_arena *mem, ssm_arena *tmp)
{
    course c = {.model = model, .task = task, .how = how, .blocks = ssmi_zero_blocks_of(task)};
    c.horizon = task->horizon < SSMI_ZERO_HORIZON ? task->horizon : SSMI_ZERO_HORIZON;
    *out = (ssmi_zero_tuning){.table = SSMI_ALLOC(mem, ssmi_parameters, 1)};
    if (out->table == NULL) return SSM_E_MEMORY;
    c.table = out->table;
    SSMI_TRY(ssmi_zero_tuner_open(&c.tuner, c.table, how->what, model->network, mem->ctx));
    if (c.blocks.n <= REHEARSALS) return SSM_OK;
    SSMI_TRY(collect(&c, tmp));
    out->n_train = c.training.n;
    return tune(out, &c, mem, tmp);
}

/* What the note says. The numbers stand in memory of the archive, which reads them when the file is written.
 */
static ssm_status archive_numbers(ssmi_zero_tuning *tuning, ssm_archive *archive)
{
    ssmi_training_result *r = &tuning->result;
    size_t *const size[] = {&tuning->n_train, &tuning->n_validation, &r->steps, &r->best_step};
    double *const real[] = {&r->start[0], &r->best[0], &r->start[1], &r->best[1]};
    enum { SIZES = sizeof size / sizeof *size, REALS = sizeof real / sizeof *real };
    double *value = SSMI_ALLOC(ssmi_archive_scratch(archive), double, REALS);
    if (value == NULL) return SSM_E_MEMORY;
    static const char *const names[SIZES] = {"tuning_windows", "tuning_checked", "tuning_steps",
                                             "tuning_best"};
    for (size_t i = 0; i < SIZES; i++) SSMI_TRY(ssmi_archive_size(archive, names[i], size[i]));
    for (size_t i = 0; i < REALS; i++) value[i] = *real[i];
    SSMI_TRY(ssmi_archive_values(archive, "tuning", value, REALS));
    for (size_t i = 0; i < REALS; i++) *real[i] = value[i];
    return ssmi_trust_archive(&tuning->trust, archive);
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
        ssmi_zero_tuner t;
        tuning->table = SSMI_ALLOC(mem, ssmi_parameters, 1);
        if (tuning->table == NULL) return SSM_E_MEMORY;
        SSMI_TRY(ssmi_zero_tuner_open(&t, tuning->table, what, network, ssmi_archive_context(archive)));
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
    char past[128];
    ssmi_trust_describe(&tuning->trust, past, sizeof past);
    if (tuning->params != NULL)
        snprintf(
            text, size,
            "%s tuned on %zu windows in %zu steps: validation pinball %.4g to %.4g, mse %.4g to %.4g; in "
            "rehearsals %s",
            part, tuning->n_train, r->best_step, r->start[0], r->best[0], r->start[1], r->best[1], past);
    else if (r->best_step > 0 && tuning->trust.blocks > 0)
        snprintf(text, size, "pretrained weights kept: tuning the %s would in rehearsals have changed %s",
                 part, past);
    else if (r->best_step > 0)
        snprintf(text, size, "pretrained weights kept: a rehearsal of tuning the %s came to nothing", part);
    else if (r->steps > 0)
        snprintf(text, size,
                 "pretrained weights kept: tuning the %s on %zu windows made validation no better", part,
                 tuning->n_train);
    else
        snprintf(text, size, "pretrained weights kept: too few windows to tune on (%zu, and %zu to check)",
                 tuning->n_train, tuning->n_validation);
}
