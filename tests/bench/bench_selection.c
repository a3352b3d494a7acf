/* The two selection tasks of Gu & Dao (2023) at the scale of one processor: which kind of layer learns them
 * within the same budget, and how far what was learned reaches beyond the length of training. One JSON line
 * per check of the training, for the test, per block of Mamba and per length tested.
 *
 *     bench_selection TASK MODEL [steps=4000] [rate=0.002] [width=64] [length=N] [longest=12] [seed=1]
 *                     [megabytes=4000] [batch=16] [spread=1] [sequences=16] [constant=0] [states=N] [pull=0]
 *
 * TASK: selective-copying, induction-heads. MODEL: mamba, s4d, attention. Mamba is tested in pieces with its
 * carried state, so its memory does not grow; the others as long as they fit the megabytes. `longest` is the
 * logarithm to base 2 of the longest test, `spread` the bound of the embedding's first values, `sequences`
 * how many are tested beyond 4096 rows, `states` those of Mamba per channel. With `constant` the rate stays
 * until the last tenth of the steps, else it falls as a cosine. `pull` closes Mamba's steps where nothing
 * opens them (selection.h). Training, the choice of the check and the tests have sequences of their own. */
#include "neural/selection.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif

enum { CHECKS = 20, VALIDATION = 256, TEST = 1024, MARKED = 4 };

static const selection_model models[] = {
    {"mamba",
     2,
     {{.kind = SSMI_MIXER_MAMBA, .expand = 2, .states = 16, .taps = 4},
      {.kind = SSMI_MIXER_MAMBA, .expand = 2, .states = 16, .taps = 4}},
     0},
    {"s4d", 2, {{.kind = SSMI_MIXER_S4D, .states = 64}, {.kind = SSMI_MIXER_S4D, .states = 64}}, 0},
    {"attention",
     4,
     {{.kind = SSMI_MIXER_ATTENTION, .heads = 4, .causal = 1}, {.kind = SSMI_MIXER_MLP, .expand = 2}},
     1}};

static const selection_task tasks[] = {{"selective-copying", 128, 8, draw_copying, draw_copying},
                                       {"induction-heads", 255, 1, draw_induction, draw_induction_near}};

/* Of this processor: the machine may be shared. */
static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Only the last rows are asked, and on the way back to the first the gradient of a channel that forgets falls
 * below 1e-38, where this processor takes ten times as long: taken as zero, training lasts half as long. */
static void flush_subnormals(void)
{
#ifdef __SSE2__
    _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
}

typedef struct watch {
    double start, last;
} watch;

static int report(void *user, const char *stage, double done, double value, double rate)
{
    watch *w = user;
    const double now = seconds();
    (void)stage, (void)rate;
    if (now - w->last > 10) {
        fprintf(stderr, "%6.1f %% loss %.4f after %.0f s\n", 100 * done, value, now - w->start);
        w->last = now;
    }
    return 0;
}

/* One sequence in pieces through a network of Mamba blocks that carry their state on; logits of its last row.
 */
static void answer_in_pieces(float *logits, const int *token, size_t rows, const float *params,
                             const selection_network *net)
{
    const ssmi_backbone *b = &net->backbone;
    const size_t d = b->width, C = SELECTION_CHUNK;
    const ssmi_mamba *m = &b->block[0].as.mamba;
    const size_t window = (m->taps - 1) * m->channels, state = m->states * m->channels;
    float *x = calloc(C * d, sizeof *x), *normed = calloc(C * d, sizeof *x), *y = calloc(C * d, sizeof *x);
    float *kept = calloc(b->n_blocks * (window + state), sizeof *kept);
    float *record = calloc(ssmi_mamba_record_f32(m, 1, C), sizeof *record);
    for (size_t from = 0, n; from < rows; from += n) {
        n = rows - from < C ? rows - from : C;
        selection_embed(x, token + from, params, net, 1, n);
        for (size_t i = 0; i < b->n_blocks; i++) {
            float *own = kept + i * (window + state);
            ssmi_rmsnorm_forward_f32(normed, x, params + b->norm[i], (float)SSMI_NORM_EPSILON, n, d);
            ssmi_mamba_forward_f32(y, record, own, own + window, normed, NULL, params, &b->block[i].as.mamba,
                                   1, n, net->kernels);
            for (size_t k = 0; k < n * d; k++) x[k] += y[k];
        }
        ssmi_rmsnorm_forward_f32(y, x + (n - 1) * d, params + b->final_norm, (float)SSMI_NORM_EPSILON, 1, d);
    }
    ssmi_linear_forward_f32(logits, SYMBOLS, y, d, params + net->out, params + net->bias, 1, d, SYMBOLS);
    float *all[] = {x, normed, y, kept, record};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/* 0 where the whole sequence does not fit. */
static int answer_whole(size_t *wrong, selection_task task, uint64_t key, const float *params,
                        const selection_network *net, double bytes)
{
    const size_t size = selection_work_of(NULL, net, &task, 1).size;
    if (4.0 * (double)size > bytes) return 0;
    float *base = calloc(size + 16, sizeof *base);
    if (base == NULL) return 0;
    selection_work w = selection_work_of(base, net, &task, 1);
    task.draw(w.token, w.answer, &task, key);
    selection_forward(&w, params, net, &task, 1);
    *wrong += selection_errors(w.logits, w.answer, task.items);
    free(base);
    return 1;
}

static void answer_long(size_t *wrong, const selection_task *task, uint64_t key, const float *params,
                        const selection_network *net)
{
    float logits[SYMBOLS];
    int answer, *token = calloc(selection_rows(task), sizeof *token);
    task->draw(token, &answer, task, key);
    answer_in_pieces(logits, token, selection_rows(task), params, net);
    *wrong += selection_errors(logits, &answer, 1);
    free(token);
}

/* Induction at and beyond the length of training. */
static void test_lengths(const selection_network *net, selection_task task, const float *params, int longest,
                         size_t sequences, uint64_t test, double bytes)
{
    const int carried = net->model->block[0].kind == SSMI_MIXER_MAMBA;
    for (int power = 6; power <= longest; power += 2) {
        const size_t n = power <= 12 ? 256 : sequences;
        size_t wrong = 0, done = 0;
        const double start = seconds();
        task.length = ((size_t)1 << power) - 1;
        for (; done < n; done++) {
            const uint64_t key = ssmi_mix_key(test, TEST + done);
            if (carried)
                answer_long(&wrong, &task, key, params, net);
            else if (!answer_whole(&wrong, task, key, params, net, bytes))
                break;
        }
        if (done == 0) return;
        printf("{\"bench\":\"selection\",\"task\":\"%s\",\"model\":\"%s\",\"length\":%zu,\"sequences\":%zu,"
               "\"accuracy\":%.4f,\"seconds_each\":%.3f}\n",
               task.name, net->model->name, task.length + 1, done, 1 - (double)wrong / (double)done,
               (seconds() - start) / (double)done);
        fflush(stdout);
    }
}

static void print_training(const ssmi_training_result *r, const selection_network *net,
                           const selection_task *task, size_t batch, double took)
{
    for (size_t i = 0; i < r->n_curve; i++)
        printf("{\"bench\":\"selection\",\"task\":\"%s\",\"model\":\"%s\",\"step\":%.0f,\"loss\":%.4f,"
               "\"accuracy\":%.4f}\n",
               task->name, net->model->name, r->curve[i].step, r->curve[i].validation[0],
               1 - r->curve[i].validation[1]);
    printf("{\"bench\":\"selection\",\"task\":\"%s\",\"model\":\"%s\",\"rows\":%zu,\"parameters\":%zu,"
           "\"steps\":%zu,\"batch\":%zu,\"best_step\":%zu,\"validation\":%.4f,\"seconds\":%.0f}\n",
           task->name, net->model->name, selection_rows(task), net->table.size, r->steps, batch, r->best_step,
           1 - r->best[1], took);
    fflush(stdout);
}

/* At the length of training, on sequences that neither training nor the choice of the check has seen. */
static ssm_status test_task(const selection_network *net, const selection_task *task, const float *params,
                            uint64_t test, ssm_arena *tmp)
{
    const selection_problem p = {net, task, 0, test, 0};
    const ssmi_training_problem problem = selection_problem_of(&p, 1, TEST);
    float *work = SSMI_ALLOC(tmp, float, problem.workspace);
    double loss[SSMI_LOSS_PARTS] = {0};
    if (work == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < TEST; i += SELECTION_SLOT)
        problem.judge(&p, loss, work, params, i, SELECTION_SLOT);
    printf("{\"bench\":\"selection\",\"task\":\"%s\",\"model\":\"%s\",\"test_sequences\":%d,\"loss\":%.6f,"
           "\"accuracy\":%.4f}\n",
           task->name, net->model->name, TEST, loss[0] / TEST, 1 - loss[1] / TEST);
    return SSM_OK;
}

/* dt (rows, channels) of a block from what enters it: selective_scan_body.h's, as the block finds it. */
static void find_steps(float *dt, const float *normed, const float *params, const ssmi_mamba *m, size_t rows,
                       const ssmi_kernels_f32 *kernels)
{
    const size_t E = m->channels, R = m->rank, W = m->taps;
    float *x = calloc(rows * E, sizeof *x), *conv = calloc(rows * E, sizeof *conv);
    float *low = calloc(rows * R, sizeof *low), *taps = calloc(W * E, sizeof *taps);
    for (size_t i = 0; i < W * E; i++) taps[i % W * E + i / W] = params[m->conv_weight + i];
    ssmi_linear_forward_f32(x, E, normed, m->width, params + m->in_proj, NULL, rows, m->width, E);
    const ssmi_conv_f32 c = {1, rows, E, W, x, E, taps, params + m->conv_bias};
    kernels->conv_forward(conv, NULL, &c);
    ssmi_linear_forward_f32(low, R, conv, E, params + m->x_proj, NULL, rows, E, R);
    ssmi_linear_forward_f32(dt, E, low, R, params + m->dt_weight, params + m->dt_bias, rows, R, E);
    kernels->softplus(dt, dt, rows * E);
    float *all[] = {x, conv, low, taps};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the channels that the trigger opens, to a step of 0.05 within the rows that the convolution lets it
 * reach: their mean step at all other rows, which is what a row takes from the slowest state (A = -1 at the
 * start). at: the trigger. */
static void print_steps(const float *dt, size_t rows, size_t channels, size_t at, size_t block)
{
    double *quiet = calloc(channels, sizeof *quiet), *opened = calloc(channels, sizeof *opened);
    size_t n = 0;
    for (size_t e = 0; e < channels; e++) {
        double sum = 0, most = 0;
        for (size_t t = 0; t + 1 < rows; t++) {
            const double step = (double)dt[t * channels + e];
            if (t >= at && t < at + MARKED)
                most = step > most ? step : most;
            else
                sum += step;
        }
        if (most < 0.05) continue;
        quiet[n] = sum / (double)(rows - 1 - MARKED), opened[n++] = most;
    }
    qsort(quiet, n, sizeof *quiet, by_size), qsort(opened, n, sizeof *opened, by_size);
    printf("{\"bench\":\"selection\",\"block\":%zu,\"opened\":%zu,\"step_opened\":%.3g,\"step_least\":%.3g,"
           "\"step_median\":%.3g,\"step_most\":%.3g}\n",
           block, n, opened[n / 2], quiet[0], quiet[n / 2], quiet[n > 0 ? n - 1 : 0]);
    free(quiet), free(opened);
}

/* How selective the blocks of a network of Mamba are on one sequence of induction. */
static void show_steps(const selection_network *net, selection_task task, const float *params, uint64_t test)
{
    enum { ROWS = 4096, DISTANCE = 2000 };
    task.length = ROWS - 1;
    selection_work w = selection_work_of(NULL, net, &task, 1);
    float *base = calloc(w.size + 16, sizeof *base);
    w = selection_work_of(base, net, &task, 1);
    write_induction(w.token, w.answer, &task, DISTANCE, test);
    selection_embed(w.embedded, w.token, params, net, 1, ROWS);
    for (size_t i = 0; i < net->backbone.n_blocks; i++) {
        const ssmi_mamba *m = selection_mamba(net, i);
        const size_t d = m->width;
        float *dt = calloc(ROWS * m->channels, sizeof *dt);
        ssmi_rmsnorm_forward_f32(w.stream, w.embedded, params + net->backbone.norm[i],
                                 (float)SSMI_NORM_EPSILON, ROWS, d);
        find_steps(dt, w.stream, params, m, ROWS, net->kernels);
        print_steps(dt, ROWS, m->channels, task.length - DISTANCE, i);
        ssmi_mamba_forward_f32(w.scratch, w.record, NULL, NULL, w.stream, NULL, params, m, 1, ROWS,
                               net->kernels);
        for (size_t k = 0; k < ROWS * d; k++) w.embedded[k] += w.scratch[k];
        free(dt);
    }
    free(base);
}

typedef struct course {
    selection_task task;
    const selection_model *listed;
    selection_model model;
    double steps, rate, width, length, longest, seed, megabytes, batch, spread, sequences, constant, states,
        pull;
} course;

static int find(course *c, const char *task, const char *model)
{
    int found = 0;
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(task, tasks[i].name) == 0) c->task = tasks[i], found = 1;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (strcmp(model, models[i].name) == 0) c->listed = &models[i];
    return found && c->listed != NULL;
}

/* "name=number"; 0: none of ours. */
static int set(course *c, const char *text)
{
    const struct {
        const char *name;
        double *value;
    } known[] = {{"steps", &c->steps},
                 {"rate", &c->rate},
                 {"width", &c->width},
                 {"length", &c->length},
                 {"longest", &c->longest},
                 {"seed", &c->seed},
                 {"megabytes", &c->megabytes},
                 {"batch", &c->batch},
                 {"spread", &c->spread},
                 {"sequences", &c->sequences},
                 {"constant", &c->constant},
                 {"states", &c->states},
                 {"pull", &c->pull}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const size_t n = strlen(known[i].name);
        if (strncmp(text, known[i].name, n) != 0 || text[n] != '=') continue;
        *known[i].value = atof(text + n + 1);
        return 1;
    }
    return 0;
}

static ssm_status train(ssmi_training_result *result, float *params, const selection_network *net,
                        const course *c, ssm_arena *tmp)
{
    const uint64_t seed = (uint64_t)c->seed;
    const size_t steps = (size_t)c->steps, batch = (size_t)c->batch;
    const selection_problem p = {net, &c->task, ssmi_mix_key(seed, 1), ssmi_mix_key(seed, 2), c->pull};
    const ssmi_training_problem problem = selection_problem_of(&p, steps * batch, VALIDATION);
    const ssmi_training how = {.batch = batch,
                               .slot = SELECTION_SLOT,
                               .steps = steps,
                               .warmup = steps / 50 + 1,
                               .check = steps / CHECKS + 1,
                               .patience = CHECKS + 1,
                               .schedule = c->constant > 0 ? SSMI_WSD : SSMI_COSINE,
                               .cooldown = steps / 10,
                               .rate = c->rate,
                               .clip = 1,
                               .average = 0.99,
                               .stream = 2};
    const ssm_status status = selection_init(params, net, tmp);
    return status == SSM_OK ? ssmi_train(result, params, &net->table, &problem, &how, tmp) : status;
}

static void lay_out(selection_network *net, course *c)
{
    c->model = *c->listed;
    for (size_t i = 0; i < c->model.n_blocks && c->states > 0; i++)
        if (c->model.block[i % 2].kind == SSMI_MIXER_MAMBA) c->model.block[i % 2].states = (size_t)c->states;
    selection_lay_out(net, &c->model, (size_t)c->width, c->spread);
}

static ssm_status test(const selection_network *net, const course *c, const float *params, ssm_arena *tmp)
{
    const uint64_t key = ssmi_mix_key((uint64_t)c->seed, 3);
    SSMI_TRY(test_task(net, &c->task, params, key, tmp));
    if (c->task.items > 1) return SSM_OK;
    if (selection_mamba(net, 0) != NULL) show_steps(net, c->task, params, ssmi_mix_key(key, 0));
    test_lengths(net, c->task, params, (int)c->longest, (size_t)c->sequences, key, 1e6 * c->megabytes);
    return SSM_OK;
}

static int run(course *c, ssm_context *ctx)
{
    selection_network net;
    ssmi_training_result result;
    ssm_arena tmp;
    watch w = {seconds(), 0};
    lay_out(&net, c);
    float *params = calloc(net.table.size, sizeof *params);
    ssm_context_set_seed(ctx, (uint64_t)c->seed);
    ssm_context_set_threads(ctx, 1);
    ssm_context_set_progress(ctx, (ssm_progress){report, &w});
    ssmi_arena_init(&tmp, ctx);
    ssm_status status = train(&result, params, &net, c, &tmp);
    if (status == SSM_OK) {
        print_training(&result, &net, &c->task, (size_t)c->batch, seconds() - w.start);
        status = test(&net, c, params, &tmp);
    }
    if (status != SSM_OK) fprintf(stderr, "%s\n", ssm_context_message(ctx));
    ssmi_arena_clear(&tmp);
    free(params);
    return status != SSM_OK;
}

int main(int argc, char **argv)
{
    course c = {.steps = 4000,
                .rate = 2e-3,
                .width = 64,
                .longest = 12,
                .seed = 1,
                .megabytes = 4000,
                .batch = 16,
                .spread = 1,
                .sequences = 16};
    int good = argc > 2 && find(&c, argv[1], argv[2]);
    for (int i = 3; i < argc && good; i++) good = set(&c, argv[i]);
    if (!good) {
        fprintf(stderr,
                "usage: bench_selection TASK MODEL [steps=] [rate=] [width=] [length=] [longest=] [seed=] "
                "[megabytes=] [batch=] [spread=] [sequences=] [constant=] [states=] [pull=]\n");
        return 2;
    }
    if (c.length > 0) c.task.length = (size_t)c.length;
    ssm_context *ctx;
    flush_subnormals();
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    const int failed = run(&c, ctx);
    ssm_context_free(ctx);
    return failed;
}
