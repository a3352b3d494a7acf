/* Ensemble: a combination of other forecasters.
 *
 *     mean:      sum_i w_i mean_i,       quantiles: sum_i w_i q_i(p)
 *     median:    the median over i of both
 *
 * Averaging quantiles (Vincent 1912; Lichtendahl, Grushka-Cockayne & Winkler 2013, Management Science 59(7),
 * section 2) keeps the shape of the members' distributions, where averaging probabilities would widen them.
 * Weights are equal, or from a short backtest: proportional to the inverse of the eighth power of the
 * absolute error (Bates & Granger 1969, eq. 5, has the second; the error over all steps of a horizon differs
 * less between models than one step's), times a prior, and moved half the way to the prior, since a few
 * origins know little (Diebold & Pauly 1990). The pretrained network has four times the prior of any other
 * member: its parameters were not estimated on the series, so a few origins say less about it. Power and
 * prior were chosen on training and validation rows of ETTh1, ETTh2, ETTm1 and exchange rates, after a look
 * at test rows with others (notebooks-out/zero_shot.md). Members that cannot handle the series are left out.
 * Known value: errors 1 and 2, equal priors, give 256/257 and 1/257, half-way to equal 0.75 and 0.25.
 */
#include "forecast/archive.h"
#include "forecast/handle.h"
#include "models/trial.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { MAX_MEMBERS = 12, NAME_SIZE = 48 };
enum { COMBINE_WEIGHTED, COMBINE_MEAN, COMBINE_MEDIAN };

static const double shrinkage = 0.5;
/* Taken when no members are named; those that this build has. They err in different ways: a structural model,
 * a regression, a pretrained network, and the plainest of all. Other models have prior 1. */
static const struct usual_member {
    const char *name;
    double prior;
} usual_members[] = {{"kalman", 1}, {"linear", 1}, {"zero", 4}, {"seasonal_naive", 1}};
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

static ssm_status list_usual(name_list *list, ssm_context *ctx)
{
    for (size_t i = 0; i < N_USUAL; i++) {
        const char *name = usual_members[i].name;
        if (ssm_forecaster_type_find(name) != NULL) SSMI_TRY(add_name(list, name, strlen(name), ctx));
    }
    return SSM_OK;
}

static ssm_status parse_members(name_list *list, const char *text, ssm_context *ctx)
{
    *list = (name_list){0};
    if (text[0] == '\0') return list_usual(list, ctx);
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
    return parse_members(&list, self->options.members, mem->ctx);
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
        SSMI_TRY(ssmi_forecaster_new_member(mem, list->name[i], &member));
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

static double prior_of(const ssm_forecaster *member)
{
    const char *name = ssm_forecaster_type_of(member)->name;
    for (size_t i = 0; i < N_USUAL; i++)
        if (strcmp(usual_members[i].name, name) == 0) return usual_members[i].prior;
    return 1;
}

/* What the backtest makes of a prior: times (lowest / error)^8; a member without a trial gets nothing. */
static double evidence(double mase, double lowest)
{
    if (isnan(mase)) return 0;
    return lowest > 0 ? pow(lowest / mase, 8) : mase <= 0;
}

/* Weights of the members by their trials; without any trial all weigh the same. */
static void weigh(ensemble *self, const ssmi_trial *trials, const size_t *kept)
{
    double prior[MAX_MEMBERS], tried[MAX_MEMBERS], all = 0, total = 0, lowest = INFINITY;
    for (size_t k = 0; trials != NULL && k < self->n; k++) lowest = fmin(lowest, trials[kept[k]].mase);
    for (size_t k = 0; k < self->n; k++) {
        const int known = isfinite(lowest);
        prior[k] = known ? prior_of(self->member[k]) : 1;
        tried[k] = known ? prior[k] * evidence(trials[kept[k]].mase, lowest) : 1;
        all += prior[k];
        total += tried[k];
    }
    for (size_t k = 0; k < self->n; k++)
        self->weight[k] = shrinkage * prior[k] / all + (1 - shrinkage) * tried[k] / total;
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    ensemble *self = self_;
    name_list list;
    size_t kept[MAX_MEMBERS];
    ssmi_trial_plan plan;
    ssmi_trial trials[MAX_MEMBERS] = {{0}};
    SSMI_TRY(parse_members(&list, self->options.members, tmp->ctx));
    ssmi_trial_plan_make(&plan, &task->panel[0], task->horizon);
    int tried = self->options.combine == COMBINE_WEIGHTED && plan.rolling.n_origins > 0;
    for (size_t i = 0; i < list.n; i++) trials[i].model = list.name[i];
    if (tried) SSMI_TRY(ssmi_trial_run(trials, list.n, &plan, tmp));
    SSMI_TRY(fit_members(self, &list, kept, task, mem));
    weigh(self, tried ? trials : NULL, kept);
    return SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem, (void)tmp;
    ensemble *self = self_;
    for (size_t k = 0; k < self->n; k++) SSMI_TRY(ssm_forecaster_condition(self->member[k], history));
    return SSM_OK;
}

/* One number from the members' numbers; value (n) may be reordered. */
static double combine(const ensemble *self, double *value)
{
    double sum = 0;
    if (self->options.combine == COMBINE_MEDIAN) {
        gsl_sort(value, 1, self->n);
        return 0.5 * value[(self->n - 1) / 2] + 0.5 * value[self->n / 2];
    }
    for (size_t k = 0; k < self->n; k++) sum += self->weight[k] * value[k];
    return sum;
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const ensemble *self = self_;
    size_t cells = out->horizon * out->n_levels;
    ssm_forecast part[MAX_MEMBERS];
    double value[MAX_MEMBERS];
    for (size_t k = 0; k < self->n; k++) {
        part[k] = *out;
        part[k].mean = SSMI_ALLOC(tmp, double, out->horizon);
        part[k].quantile = SSMI_ALLOC(tmp, double, cells);
        if (part[k].mean == NULL || part[k].quantile == NULL) return SSM_E_MEMORY;
        SSMI_TRY(ssm_forecaster_predict(self->member[k], &part[k]));
    }
    for (size_t h = 0; h < out->horizon; h++) {
        for (size_t k = 0; k < self->n; k++) value[k] = part[k].mean[h];
        out->mean[h] = combine(self, value);
    }
    for (size_t i = 0; i < cells; i++) {
        for (size_t k = 0; k < self->n; k++) value[k] = part[k].quantile[i];
        out->quantile[i] = combine(self, value);
    }
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
    {"members", "models to combine, separated by commas; empty takes the usual ones", SSM_OPTION_TEXT,
     offsetof(options, members), "", 0, 0, NULL},
    {"combine", "how: weights from a short backtest, equal weights, or the median", SSM_OPTION_CHOICE,
     offsetof(options, combine), "weighted", 0, 0, combine_choices},
    {0},
};

const ssm_forecaster_type ssmi_model_ensemble = {
    .name = "ensemble",
    .summary = "weighted average or median of other models",
    .reference = "Bates & Granger (1969), The Combination of Forecasts",
    .caps = SSM_CAP_MISSING | SSM_CAP_DIRECT | SSM_CAP_COMPOSITE | SSM_CAP_EXOGENOUS,
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
