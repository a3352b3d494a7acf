/* Ensemble: a combination of other forecasters.
 *
 *     weighted:  as in models/ensemble_pool.h
 *     mean:      sum_i m_i / n,       quantiles: sum_i q_i(p) / n
 *     median:    the median over i of both
 *
 * Averaging quantiles (Vincent 1912; Lichtendahl, Grushka-Cockayne & Winkler 2013, Management Science 59(7),
 * section 2) keeps the shape of the members' distributions, where averaging probabilities would widen them.
 * Weights are from a short backtest as in models/ensemble_weights.h, drawn towards a prior that
 * needs no backtest: most to the pretrained network, whose parameters were not estimated on the series, then
 * to the regression. The network is also the judge of the others, unless they know exogenous columns, which
 * it cannot see, and its spread counts most. All that was chosen on training and validation rows of many
 * series (notebooks-out/zero_shot.md). Members that cannot handle the series are left out. Known value:
 * errors of 1 and 2 at every row that do not go together, equal priors and one window, give 0.62 and 0.38.
 */
#include "forecast/archive.h"
#include "forecast/handle.h"
#include "models/ensemble_pool.h"
#include "models/trial.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { MAX_MEMBERS = SSMI_ENSEMBLE_MEMBERS, NAME_SIZE = 48 };
enum { COMBINE_WEIGHTED, COMBINE_MEAN, COMBINE_MEDIAN };

/* Taken when no members are named; those that this build has. They err in different ways: a structural model,
 * a regression, a pretrained network, and the plainest of all; where rows keep no grid, those that need none.
 * Any other model has the prior of the first.
 * The network's forecast is worth its two passes; a member that the user names is as it is by itself. */
typedef struct usual_member {
    const char *name;
    double prior, trust;
    int judges, off_grid;       /* off_grid: taken for rows that keep no grid, instead of the others */
    const char *option, *value; /* of a usual member; NULL: none */
} usual_member;

static const usual_member usual_members[] = {
    {"kalman", 1, 1, 0, 0, NULL, NULL},     {"linear", 4, 1, 0, 0, NULL, NULL},
    {"zero", 8, 8, 1, 0, "flip", "true"},   {"seasonal_naive", 1, 1, 0, 0, NULL, NULL},
    {"continuous", 1, 1, 0, 1, NULL, NULL}, {"naive", 1, 1, 0, 1, NULL, NULL},
    {"mean", 1, 1, 0, 1, NULL, NULL},
};
enum { N_USUAL = sizeof usual_members / sizeof *usual_members };

typedef struct options {
    char members[SSM_OPTION_TEXT_SIZE];
    int combine;
} options;

typedef struct ensemble {
    options options;
    size_t n;
    ssm_forecaster *member[MAX_MEMBERS];
    double weight[MAX_MEMBERS]; /* sum 1 */
} ensemble;

typedef struct name_list {
    size_t n;
    char name[MAX_MEMBERS][NAME_SIZE];
    const usual_member *usual[MAX_MEMBERS]; /* NULL: named by the user */
} name_list;

static ssm_status add_name(name_list *list, const char *from, size_t length, ssm_context *ctx)
{
    while (length > 0 && *from == ' ') from++, length--;
    while (length > 0 && from[length - 1] == ' ') length--;
    if (length == 0 || length >= NAME_SIZE || list->n == MAX_MEMBERS)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "members are 1 to %d names, separated by commas", MAX_MEMBERS);
    char *name = list->name[list->n++];
    memcpy(name, from, length);
    name[length] = '\0';
    const ssm_forecaster_type *type = ssm_forecaster_type_find(name);
    if (type == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "there is no model \"%s\" to be a member", name);
    if (type->caps & SSM_CAP_COMPOSITE)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "\"%s\" is made of other models and cannot be a member", name);
    for (size_t i = 0; i + 1 < list->n; i++)
        if (strcmp(list->name[i], name) == 0)
            return ssmi_fail(ctx, SSM_E_ARGUMENT, "\"%s\" is named twice among the members", name);
    return SSM_OK;
}

static ssm_status list_usual(name_list *list, int off_grid, ssm_context *ctx)
{
    for (size_t i = 0; i < N_USUAL; i++) {
        const char *name = usual_members[i].name;
        if (usual_members[i].off_grid != off_grid || ssm_forecaster_type_find(name) == NULL) continue;
        SSMI_TRY(add_name(list, name, strlen(name), ctx));
        list->usual[list->n - 1] = &usual_members[i];
    }
    return SSM_OK;
}

static ssm_status parse_members(name_list *list, const char *text, int off_grid, ssm_context *ctx)
{
    *list = (name_list){0};
    if (text[0] == '\0') return list_usual(list, off_grid, ctx);
    for (;;) {
        size_t length = strcspn(text, ",");
        SSMI_TRY(add_name(list, text, length, ctx));
        if (text[length] == '\0') return SSM_OK;
        text += length + 1;
    }
}

static ssm_status init(void *self_, const void *options_, ssm_arena *mem)
{
    ensemble *self = self_;
    name_list list;
    self->options = *(const options *)options_;
    return parse_members(&list, self->options.members, 0, mem->ctx);
}

/* Members that can be fitted are kept, in the order given. Failures that are about the series are not the
 * ensemble's as long as one member is left. */
static ssm_status fit_members(ensemble *self, const name_list *list, size_t *kept, const ssm_fit_task *task,
                              ssm_arena *mem)
{
    ssm_status status = SSM_OK;
    self->n = 0;
    for (size_t i = 0; i < list->n; i++) {
        ssm_forecaster *member;
        const usual_member *usual = list->usual[i];
        SSMI_TRY(ssmi_forecaster_new_member(mem, list->name[i], &member));
        if (usual != NULL && usual->option != NULL)
            SSMI_TRY(ssm_forecaster_set(member, usual->option, usual->value));
        ssm_status fitted = ssm_forecaster_fit(member, task);
        if (fitted == SSM_E_MEMORY || fitted == SSM_E_CANCELLED) return fitted;
        if (fitted != SSM_OK) {
            status = fitted;
            continue;
        }
        kept[self->n] = i;
        self->member[self->n++] = member;
    }
    return self->n > 0 ? SSM_OK : status;
}

/* What is known of a model beforehand. */
static const usual_member *known_of(const char *name)
{
    for (size_t i = 0; i < N_USUAL; i++)
        if (strcmp(usual_members[i].name, name) == 0) return &usual_members[i];
    return &usual_members[0];
}

static const usual_member *known(const ensemble *self, size_t k)
{
    return known_of(ssm_forecaster_type_of(self->member[k])->name);
}

/* The member that bounds the others, n when none does: one that knows exogenous columns may see what the
 * judge cannot. */
static size_t judge_of(const ensemble *self)
{
    size_t judge = self->n;
    for (size_t k = 0; k < self->n; k++) {
        if (self->member[k]->n_exogenous > 0) return self->n;
        if (known(self, k)->judges) judge = k;
    }
    return judge;
}

/* Members with a trial, all of which were tried on the same rows. */
typedef struct tried_members {
    size_t n, index[MAX_MEMBERS];
    const double *mean[MAX_MEMBERS]; /* (n_origins, horizon) each */
    const double *bounds;            /* (n_origins, horizon, SSMI_ENSEMBLE_BOUNDS) of the judge, or NULL */
} tried_members;

static void find_tried(tried_members *tried, const ensemble *self, const ssmi_trial *trials,
                       const size_t *kept)
{
    tried->n = 0;
    tried->bounds = NULL;
    for (size_t k = 0; trials != NULL && k < self->n; k++) {
        if (isnan(trials[kept[k]].mase)) continue;
        if (k == judge_of(self)) tried->bounds = trials[kept[k]].quantile;
        tried->index[tried->n] = k;
        tried->mean[tried->n++] = trials[kept[k]].mean;
    }
}

/* Errors of one origin's forecast. */
static void add_origin(ssmi_ensemble_errors *errors, const tried_members *tried, const ssmi_trial_plan *plan,
                       size_t origin)
{
    const size_t horizon = plan->rolling.horizon;
    const double *truth = plan->series.value + plan->rolling.first + origin * plan->rolling.step;
    double error[MAX_MEMBERS];
    for (size_t h = 0; h < horizon; h++) {
        if (isnan(truth[h])) continue;
        const size_t at = origin * horizon + h;
        const double *bounds = tried->bounds != NULL ? tried->bounds + at * SSMI_ENSEMBLE_BOUNDS : NULL;
        for (size_t k = 0; k < tried->n; k++)
            error[k] = truth[h] - ssmi_ensemble_within(tried->mean[k][at], bounds);
        ssmi_ensemble_add(errors, error);
    }
}

/* Weights of the members by their trials; a member without one gets nothing, unless none has any: then all
 * weigh the same. */
static void weigh(ensemble *self, const ssmi_trial *trials, const size_t *kept, const ssmi_trial_plan *plan)
{
    tried_members tried;
    double prior[MAX_MEMBERS], weight[MAX_MEMBERS], all = 0;
    find_tried(&tried, self, trials, kept);
    for (size_t k = 0; k < self->n; k++) self->weight[k] = tried.n > 0 ? 0 : 1 / (double)self->n;
    if (tried.n == 0) return;
    const ssmi_rolling *rolling = &plan->rolling;
    ssmi_ensemble_errors errors = {.n = tried.n, .unit = plan->scale};
    errors.windows = 1 + (double)((rolling->n_origins - 1) * rolling->step) / (double)rolling->horizon;
    for (size_t k = 0; k < tried.n; k++) all += prior[k] = known(self, tried.index[k])->prior;
    for (size_t k = 0; k < tried.n; k++) prior[k] /= all;
    for (size_t i = 0; i < rolling->n_origins; i++) add_origin(&errors, &tried, plan, i);
    ssmi_ensemble_weigh(weight, prior, &errors);
    for (size_t k = 0; k < tried.n; k++) self->weight[tried.index[k]] = weight[k];
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    ensemble *self = self_;
    name_list list;
    size_t kept[MAX_MEMBERS];
    ssmi_trial_plan plan;
    ssmi_trial trials[MAX_MEMBERS] = {{0}};
    SSMI_TRY(parse_members(&list, self->options.members, task->panel[0].stamp != NULL, tmp->ctx));
    ssmi_trial_plan_make(&plan, &task->panel[0], task->horizon);
    plan.rolling.n_levels = SSMI_ENSEMBLE_BOUNDS;
    plan.rolling.level = ssmi_ensemble_bounds;
    int tried = self->options.combine == COMBINE_WEIGHTED && plan.rolling.n_origins > 0;
    for (size_t i = 0; i < list.n; i++) {
        const usual_member *usual = list.usual[i];
        trials[i].model = list.name[i];
        if (usual != NULL) trials[i].option = usual->option, trials[i].value = usual->value;
    }
    if (tried) SSMI_TRY(ssmi_trial_run(trials, list.n, &plan, tmp));
    SSMI_TRY(fit_members(self, &list, kept, task, mem));
    weigh(self, tried ? trials : NULL, kept, &plan);
    return SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem, (void)tmp;
    ensemble *self = self_;
    for (size_t k = 0; k < self->n; k++) SSMI_TRY(ssm_forecaster_condition(self->member[k], history));
    return SSM_OK;
}

/* value (n) is reordered. */
static double median(double *value, size_t n)
{
    gsl_sort(value, 1, n);
    return 0.5 * value[(n - 1) / 2] + 0.5 * value[n / 2];
}

static void combine_medians(ssm_forecast *out, const ssm_forecast *part, size_t n)
{
    double value[MAX_MEMBERS];
    for (size_t h = 0; h < out->horizon; h++) {
        for (size_t k = 0; k < n; k++) value[k] = part[k].mean[h];
        out->mean[h] = median(value, n);
    }
    for (size_t i = 0; i < out->horizon * out->n_levels; i++) {
        for (size_t k = 0; k < n; k++) value[k] = part[k].quantile[i];
        out->quantile[i] = median(value, n);
    }
}

static ssmi_ensemble_pool pool_of(const ensemble *self)
{
    const int weighted = self->options.combine == COMBINE_WEIGHTED;
    ssmi_ensemble_pool pool = {.n = self->n, .judge = weighted ? judge_of(self) : self->n};
    for (size_t k = 0; k < self->n; k++) {
        pool.weight[k] = self->weight[k];
        pool.trust[k] = weighted ? known(self, k)->trust : 1;
    }
    return pool;
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const ensemble *self = self_;
    const ssmi_ensemble_pool pool = pool_of(self);
    ssm_forecast request, part[MAX_MEMBERS];
    SSMI_TRY(ssmi_ensemble_request(&request, &pool, out, tmp));
    for (size_t k = 0; k < self->n; k++) {
        part[k] = request;
        part[k].mean = SSMI_ALLOC(tmp, double, request.horizon);
        part[k].quantile = SSMI_ALLOC(tmp, double, request.horizon *request.n_levels);
        if (part[k].mean == NULL || part[k].quantile == NULL) return SSM_E_MEMORY;
        SSMI_TRY(ssm_forecaster_predict(self->member[k], &part[k]));
    }
    if (self->options.combine == COMBINE_MEDIAN)
        combine_medians(out, part, self->n);
    else
        ssmi_ensemble_combine(out, &pool, part);
    return SSM_OK;
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    ensemble *self = self_;
    double total = 0;
    SSMI_TRY(ssmi_archive_size(archive, "members", &self->n));
    if (self->n < 1 || self->n > MAX_MEMBERS) return ssmi_archive_reject(archive, "%zu members", self->n);
    for (size_t k = 0; k < self->n; k++) {
        char name[32];
        snprintf(name, sizeof name, "weight%zu", k);
        SSMI_TRY(ssmi_archive_real(archive, name, &self->weight[k]));
        if (!(self->weight[k] >= 0)) return ssmi_archive_reject(archive, "\"%s\" is negative", name);
        total += self->weight[k];
        snprintf(name, sizeof name, "member%zu", k);
        SSMI_TRY(ssmi_archive_member(archive, name, &self->member[k]));
    }
    return fabs(total - 1) < 1e-9 ? SSM_OK : ssmi_archive_reject(archive, "weights do not sum to one");
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    const ensemble *self = self_;
    int median = self->options.combine == COMBINE_MEDIAN;
    size_t used = (size_t)snprintf(text, size, "%s", median ? "median of" : "weights:");
    for (size_t k = 0; k < self->n && used < size; k++) {
        char weight[16] = "";
        if (!median) snprintf(weight, sizeof weight, " %.2f", self->weight[k]);
        used += (size_t)snprintf(text + used, size - used, "%s %s%s", k > 0 ? "," : "",
                                 ssm_forecaster_type_of(self->member[k])->name, weight);
    }
    return SSM_OK;
}

static const char *const combine_choices[] = {"weighted", "mean", "median", NULL};

static const ssm_option option_table[] = {
    {"members",
     "models to combine, separated by commas; empty takes the usual ones, zero among them with flip",
     SSM_OPTION_TEXT, offsetof(options, members), "", 0, 0, NULL},
    {"combine", "how: weights from a short backtest, equal weights, or the median", SSM_OPTION_CHOICE,
     offsetof(options, combine), "weighted", 0, 0, combine_choices},
    {0},
};

const ssm_forecaster_type ssmi_model_ensemble = {
    .name = "ensemble",
    .summary = "weighted average or median of other models",
    .reference = "Granger & Ramanathan (1984), Improved Methods of Combining Forecasts",
    .caps = SSM_CAP_MISSING | SSM_CAP_DIRECT | SSM_CAP_COMPOSITE | SSM_CAP_IRREGULAR | SSM_CAP_EXOGENOUS,
    .self_size = sizeof(ensemble),
    .options_size = sizeof(options),
    .options = option_table,
    .init = init,
    .fit = fit,
    .condition = condition,
    .predict = predict,
    .params = params,
    .note = note,
};
