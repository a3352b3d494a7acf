#include "models/ridge_choice.h"

#include "base/parallel.h"
#include "models/ridge_solve.h"

#include <math.h>
#include <string.h>

enum {
    MAX_LOOKBACKS = 20,
    N_ALPHAS = 14,
    LONGEST = 720,
    LONGEST_SEASON = 1536,
    MAX_STEPS = 64,
    MAX_FOLDS = 5,
    HORIZONS_PER_FOLD = 2
};

/* Per training window, tried from the strongest, which repeats the centre but for a thousandth even where the
 * longest windows move together. Every second is tried first, and of what comes near the best then the
 * neighbours of its best alpha. */
static const double relative_alpha[N_ALPHAS] = {1e6, 1000, 100,  30,   10,   3,    1,
                                                0.3, 0.1,  0.03, 0.01, 1e-3, 1e-4, 1e-6};
static const double default_alpha = 0.1;
static const double about_as_good = 1.02, near_the_best = 1.05;

/* What all candidates are judged by. */
typedef struct plan {
    const ssmi_ridge_task *task;
    size_t n_folds;  /* 1: the validation rows alone */
    size_t earliest; /* first origin judged: every candidate's look-back fits before it */
} plan;

/* One look-back: squared errors, centre by centre and alpha by alpha, summed over the folds. */
typedef struct candidate {
    const plan *plan;
    size_t lookback, n_windows;
    int asked[2][N_ALPHAS];    /* to be tried */
    double error[2][N_ALPHAS]; /* of what was */
    size_t n_judged, n_steps;
    size_t best[2]; /* alpha of each centre */
    ssmi_ridge_choice choice[2];
} candidate;

static size_t longest_series(const ssmi_ridge_task *task)
{
    size_t longest = 0;
    for (size_t i = 0; i < task->n_series; i++)
        if (task->panel[i].length > longest) longest = task->panel[i].length;
    return longest;
}

/* Rows [from, to) of series i that belong to a fold. */
static void fold_rows(size_t *from, size_t *to, const plan *p, size_t fold, size_t i)
{
    ssmi_ridge_task task = *p->task;
    task.n_folds = p->n_folds;
    task.fold = fold;
    ssmi_ridge_held(from, to, &task, i);
    if (*from < p->earliest) *from = p->earliest;
}

/* Sums over the windows whose targets lie inside the fold. */
static ssm_status sum_fold(ssmi_ridge_sums *out, const candidate *c, size_t fold, ssm_arena *tmp)
{
    const ssmi_ridge_task *task = c->plan->task;
    SSMI_TRY(ssmi_ridge_sums_new(out, c->lookback, task->horizon, tmp));
    for (size_t i = 0; i < task->n_series; i++) {
        size_t from, to;
        fold_rows(&from, &to, c->plan, fold, i);
        if (to >= from + task->horizon)
            SSMI_TRY(ssmi_ridge_sums_add(out, &task->panel[i], from, to - task->horizon, tmp));
    }
    return SSM_OK;
}

static size_t n_alphas(const ssmi_ridge_task *task)
{
    return task->alpha > 0 ? 1 : N_ALPHAS;
}

static double alpha_of(const ssmi_ridge_task *task, size_t k, size_t n_windows)
{
    return task->alpha > 0 ? task->alpha : relative_alpha[k] * (double)n_windows;
}

/* Adds the errors of the alphas asked for. */
static ssm_status judge_alphas(double *error, const int *asked, const ssmi_ridge_task *task,
                               const ssmi_ridge_moments *training, const ssmi_ridge_moments *judged,
                               ssm_arena *tmp)
{
    const size_t width = training->width, row = training->horizon * sizeof(double);
    double *factor = ssmi_arena_alloc(tmp, width, width * sizeof(double));
    double *weight = ssmi_arena_alloc(tmp, width, row), *image = ssmi_arena_alloc(tmp, width, row);
    double *penalty = SSMI_ALLOC(tmp, double, width);
    if (factor == NULL || weight == NULL || image == NULL || penalty == NULL) return SSM_E_MEMORY;
    ssmi_ridge_penalty(penalty, width - 1, task->fade);
    for (size_t k = 0; k < N_ALPHAS; k++) {
        double alpha = alpha_of(task, k, training->n_windows);
        if (!asked[k]) continue;
        SSMI_TRY(ssmi_ridge_solve(weight, factor, &alpha, penalty, training, tmp->ctx));
        error[k] += ssmi_ridge_square_error(weight, image, judged);
    }
    return SSM_OK;
}

static int is_open(const ssmi_ridge_task *task, ssmi_ridge_centre centre)
{
    return task->centre == SSMI_RIDGE_AUTO || task->centre == centre;
}

/* The columns of W are independent, so a look-back is judged on at most MAX_STEPS steps spread over the
 * horizon. */
static ssm_status judge_fold(candidate *c, const ssmi_ridge_sums *whole, size_t fold, ssm_arena *tmp)
{
    ssmi_ridge_task without = *c->plan->task;
    ssmi_ridge_sums training = *whole, judged;
    without.n_folds = c->plan->n_folds;
    without.fold = fold;
    if (without.n_folds > 1) SSMI_TRY(ssmi_ridge_leave_out(&training, whole, &without, tmp));
    SSMI_TRY(sum_fold(&judged, c, fold, tmp));
    if (training.n_windows == 0 || judged.n_windows == 0) return SSM_OK;
    const size_t step = (without.horizon - without.first + MAX_STEPS - 1) / MAX_STEPS;
    for (int k = SSMI_RIDGE_MEAN; k <= SSMI_RIDGE_LAST; k++) {
        const ssmi_ridge_centre centre = (ssmi_ridge_centre)k;
        ssmi_ridge_moments train, judge;
        if (!is_open(&without, centre)) continue;
        const int at = k - SSMI_RIDGE_MEAN;
        const ssmi_mark mark = ssmi_arena_mark(tmp);
        SSMI_TRY(ssmi_ridge_centre_sums(&train, &training, centre, without.first, step, tmp));
        SSMI_TRY(ssmi_ridge_centre_sums(&judge, &judged, centre, without.first, step, tmp));
        SSMI_TRY(judge_alphas(c->error[at], c->asked[at], &without, &train, &judge, tmp));
        c->n_steps = judge.horizon;
        ssmi_arena_rewind(tmp, mark);
    }
    c->n_judged += judged.n_windows;
    return SSM_OK;
}

/* Takes the best of the alphas just tried, and of those before, of each centre. */
static void take_best(candidate *c)
{
    for (int k = 0; k < 2 && c->n_judged > 0; k++) {
        ssmi_ridge_choice *choice = &c->choice[k];
        choice->n_judged = c->n_judged;
        for (size_t a = 0; a < N_ALPHAS; a++) {
            const double mse = c->error[k][a] / ((double)c->n_judged * (double)c->n_steps);
            if (!c->asked[k][a] || (!(mse < choice->mse) && !isnan(choice->mse))) continue;
            choice->mse = mse;
            choice->part.alpha = alpha_of(c->plan->task, a, choice->part.n_windows);
            c->best[k] = a;
        }
    }
}

static ssm_status judge(candidate *c, ssm_arena *scratch)
{
    const ssmi_ridge_range range = c->plan->n_folds > 1 ? SSMI_RIDGE_ALL : SSMI_RIDGE_TRAINING;
    ssmi_ridge_sums whole;
    SSMI_TRY(ssmi_ridge_sum_windows(&whole, c->plan->task, c->lookback, range, scratch));
    const ssmi_mark mark = ssmi_arena_mark(scratch);
    c->n_judged = 0;
    for (size_t fold = 0; c->n_windows > 0 && fold < c->plan->n_folds; fold++) {
        SSMI_TRY(judge_fold(c, &whole, fold, scratch));
        ssmi_arena_rewind(scratch, mark);
    }
    take_best(c);
    return SSM_OK;
}

static ssm_status try_first(void *candidates, size_t i, ssm_arena *scratch)
{
    candidate *c = (candidate *)candidates + i;
    const ssmi_ridge_task *task = c->plan->task;
    c->n_windows = ssmi_ridge_count_windows(task, c->lookback);
    for (int k = 0; k < 2; k++) {
        const ssmi_ridge_centre centre = (ssmi_ridge_centre)(SSMI_RIDGE_MEAN + k);
        c->choice[k] = (ssmi_ridge_choice){.part = {c->lookback, centre, 0, c->n_windows}, .mse = NAN};
        for (size_t a = 0; a < n_alphas(task); a += 2) c->asked[k][a] = is_open(task, centre);
    }
    return judge(c, scratch);
}

static ssm_status try_more(void *candidates, size_t i, ssm_arena *scratch)
{
    candidate *c = (candidate *)candidates + i;
    int more = 0;
    for (size_t a = 0; a < N_ALPHAS; a++) more |= c->asked[0][a] || c->asked[1][a];
    return more ? judge(c, scratch) : SSM_OK;
}

/* The neighbours of the best alphas, where these come near the best of all. */
static void ask_more(candidate *list, size_t n)
{
    double best = INFINITY;
    for (size_t k = 0; k < 2 * n; k++) best = fmin(best, list[k / 2].choice[k % 2].mse);
    for (size_t k = 0; k < 2 * n; k++) {
        candidate *c = &list[k / 2];
        int *asked = c->asked[k % 2];
        const size_t at = c->best[k % 2];
        memset(asked, 0, sizeof c->asked[0]);
        if (!(c->choice[k % 2].mse <= near_the_best * best) || n_alphas(c->plan->task) == 1) continue;
        if (at > 0) asked[at - 1] = 1;
        if (at + 1 < N_ALPHAS) asked[at + 1] = 1;
    }
}

static size_t insert_sorted(size_t *list, size_t n, size_t value)
{
    size_t at = 0;
    while (at < n && list[at] < value) at++;
    if (n == MAX_LOOKBACKS || (at < n && list[at] == value)) return n;
    memmove(list + at + 1, list + at, (n - at) * sizeof *list);
    list[at] = value;
    return n + 1;
}

/* A ladder and the first multiples of the season, as far as two thirds of the training rows before one
 * horizon of targets reach. */
static size_t list_lookbacks(size_t *list, const ssmi_ridge_task *task)
{
    static const size_t ladder[] = {1, 2, 3, 6, 12, 24, 48, 96, 192, 336, 512, LONGEST};
    size_t n = 0, longest = longest_series(task);
    if (task->lookback > 0) {
        list[0] = task->lookback;
        return 1;
    }
    size_t taken = task->n_validation + task->horizon;
    size_t bound = longest > taken ? (longest - taken) / 3 * 2 : 1;
    if (bound < 1) bound = 1;
    for (size_t k = 0; k < sizeof ladder / sizeof *ladder; k++)
        if (ladder[k] <= bound) n = insert_sorted(list, n, ladder[k]);
    for (size_t k = 1; k <= 3 && task->period > 1; k++) {
        size_t multiple = k * task->period;
        if (multiple <= bound && multiple <= (k == 1 ? LONGEST_SEASON : LONGEST))
            n = insert_sorted(list, n, multiple);
    }
    return n;
}

/* With nothing to judge by: the longest look-back that its own number of windows can carry, centred at the
 * last value unless told otherwise. */
static ssmi_ridge_choice by_default(const candidate *list, size_t n)
{
    const ssmi_ridge_task *task = list->plan->task;
    const candidate *chosen = &list[0];
    for (size_t k = 0; k < n; k++) {
        if (list[k].n_windows == 0) continue;
        if (chosen->n_windows == 0 || list[k].n_windows >= 2 * list[k].lookback) chosen = &list[k];
    }
    return (ssmi_ridge_choice){
        .part = {.lookback = chosen->lookback,
                 .centre = task->centre != SSMI_RIDGE_AUTO ? task->centre : SSMI_RIDGE_LAST,
                 .alpha = task->alpha > 0 ? task->alpha : default_alpha * (double)chosen->n_windows,
                 .n_windows = chosen->n_windows},
        .mse = NAN};
}

/* Folds of a few horizons each, if the rows are enough for two of them behind the longest look-back. */
static plan make_plan(const ssmi_ridge_task *task, size_t longest_lookback)
{
    const size_t longest = longest_series(task);
    plan p = {.task = task, .n_folds = MAX_FOLDS, .earliest = longest_lookback};
    while (p.n_folds > 1 && longest / p.n_folds < HORIZONS_PER_FOLD * task->horizon) p.n_folds--;
    const size_t behind = longest > longest_lookback ? longest - longest_lookback : 0;
    if (behind < 2 * (longest / p.n_folds)) p.n_folds = 1;
    if (p.n_folds == 1) p.earliest = 1;
    return p;
}

static int is_taken(size_t lookback, const ssmi_ridge_choice *taken, size_t n_taken)
{
    for (size_t k = 0; k < n_taken; k++)
        if (taken[k].part.lookback == lookback) return 1;
    return 0;
}

/* The best of all choices whose look-back is not taken; NULL when no such was judged. */
static const ssmi_ridge_choice *best_of(const candidate *list, size_t n, const ssmi_ridge_choice *taken,
                                        size_t n_taken)
{
    const ssmi_ridge_choice *best = NULL;
    for (size_t k = 0; k < 2 * n; k++) {
        const ssmi_ridge_choice *c = &list[k / 2].choice[k % 2];
        if (isnan(c->mse) || is_taken(c->part.lookback, taken, n_taken)) continue;
        if (best == NULL || c->mse < best->mse) best = c;
    }
    return best;
}

static ssm_status no_window(const ssmi_ridge_part *part, size_t horizon, ssm_context *ctx)
{
    return ssmi_fail(ctx, SSM_E_DATA,
                     "no series is long enough: a look-back of %zu and a horizon of %zu need %zu rows before "
                     "validation, few of them missing",
                     part->lookback, horizon, part->lookback + horizon);
}

ssm_status ssmi_ridge_choose(ssmi_ridge_choice *out, size_t *n, const ssmi_ridge_task *task, ssm_arena *tmp)
{
    size_t lookback[MAX_LOOKBACKS], n_lookbacks = list_lookbacks(lookback, task);
    const plan p = make_plan(task, lookback[n_lookbacks - 1]);
    candidate *list = SSMI_ALLOC(tmp, candidate, MAX_LOOKBACKS);
    if (list == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < n_lookbacks; k++) list[k] = (candidate){.plan = &p, .lookback = lookback[k]};
    SSMI_TRY(ssmi_parallel_for(tmp->ctx, n_lookbacks, try_first, list));
    ask_more(list, n_lookbacks);
    SSMI_TRY(ssmi_parallel_for(tmp->ctx, n_lookbacks, try_more, list));
    const ssmi_ridge_choice *best = best_of(list, n_lookbacks, NULL, 0);
    const ssmi_ridge_choice chosen = best != NULL ? *best : by_default(list, n_lookbacks);
    if (chosen.part.n_windows == 0) return no_window(&chosen.part, task->horizon, tmp->ctx);
    out[0] = chosen;
    *n = 1;
    while (*n < SSMI_RIDGE_PARTS) {
        const ssmi_ridge_choice *next = best_of(list, n_lookbacks, out, *n);
        if (next == NULL || !(next->mse <= about_as_good * chosen.mse && next->mse > 0)) break;
        out[(*n)++] = *next;
    }
    return SSM_OK;
}
