/* Auto: a short rolling backtest decides among the other forecasters.
 *
 * Each candidate whose length rule the series meets is fitted before the first of up to five origins and
 * scored by MASE (Hyndman & Koehler 2006, eq. 5) over all of them; the plain average of the best ones
 * competes as a candidate of its own, since combinations often win (Makridakis et al. 2020, finding 1). The
 * lowest score is fitted on the whole series. A series too short for a backtest is forecast by seasonal
 * naive when it holds two seasons, else by naive. */
#include "forecast/archive.h"
#include "forecast/handle.h"
#include "models/trial.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { NOTE_SIZE = 480, MAX_BEST = 3 };

/* Rows and cycles are needed before the first origin. */
typedef struct candidate {
    const char *model;
    size_t rows;   /* at least so many */
    size_t cycles; /* at least so many of the shortest season; 0: no season needed */
    int off_grid;  /* only for series with times of their own */
} candidate;

/* The first two also answer when nothing can be scored. Of equal scores the earlier one wins. */
static const candidate table[] = {
    {"naive", 1, 0, 0},   {"seasonal_naive", 2, 2, 0}, {"mean", 8, 0, 0},  {"drift", 8, 0, 0},
    {"kalman", 12, 0, 0}, {"linear", 40, 0, 0},        {"zero", 16, 0, 0}, {"continuous", 12, 0, 1},
};

enum { N_CANDIDATES = sizeof table / sizeof *table };

typedef struct auto_model {
    ssm_forecaster *member;
    char why[NOTE_SIZE];
} auto_model;

static int suits(const candidate *c, const ssm_series *series, size_t rows)
{
    const ssm_forecaster_type *type = ssm_forecaster_type_find(c->model);
    if (type == NULL || rows < c->rows) return 0;
    if (series->stamp != NULL ? !(type->caps & SSM_CAP_IRREGULAR) : c->off_grid) return 0;
    return c->cycles == 0 || (series->n_periods > 0 && rows >= c->cycles * series->period[0]);
}

/* Order of the scored trials, best first; returns how many there are. */
static size_t rank(size_t *order, const ssmi_trial *trials, size_t n)
{
    size_t scored = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(trials[i].mase)) continue;
        size_t at = scored++;
        for (; at > 0 && trials[order[at - 1]].mase > trials[i].mase; at--) order[at] = order[at - 1];
        order[at] = i;
    }
    return scored;
}

/* MASE of the average of the first k in order. */
static ssm_status average_score(double *mase, const ssmi_trial *trials, const size_t *order, size_t k,
                                const ssmi_trial_plan *plan, ssm_arena *tmp)
{
    size_t n = plan->rolling.n_origins * plan->rolling.horizon;
    double *mean = SSMI_ALLOC(tmp, double, n);
    if (mean == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++) mean[i] += trials[order[j]].mean[i] / (double)k;
    *mase = ssmi_trial_mase(mean, plan);
    return SSM_OK;
}

/* What was decided: the best `size` of order together. */
typedef struct decision {
    size_t order[N_CANDIDATES], scored, size;
    double mase;
} decision;

static ssm_status decide(decision *d, const ssmi_trial *trials, size_t n, const ssmi_trial_plan *plan,
                         ssm_arena *tmp)
{
    d->scored = rank(d->order, trials, n);
    d->size = d->scored > 0;
    d->mase = d->scored > 0 ? trials[d->order[0]].mase : NAN;
    const size_t most = plan->series.stamp == NULL ? MAX_BEST : 1; /* off a grid too few compete */
    for (size_t k = 2; k <= most && k <= d->scored; k++) {
        double mase;
        SSMI_TRY(average_score(&mase, trials, d->order, k, plan, tmp));
        if (!(mase < d->mase)) continue;
        d->mase = mase;
        d->size = k;
    }
    return SSM_OK;
}

/* "kalman chosen: MASE 0.81 over 5 origins; linear 0.92, seasonal_naive 1.00" */
static void explain(auto_model *self, const decision *d, const ssmi_trial *trials, const char *chosen,
                    const ssmi_trial_plan *plan)
{
    size_t used = (size_t)snprintf(self->why, sizeof self->why, "%s chosen: MASE %.3f over %zu origins",
                                   chosen, d->mase, plan->rolling.n_origins);
    for (size_t k = d->size == 1; k < d->scored && used < sizeof self->why; k++) {
        const ssmi_trial *trial = &trials[d->order[k]];
        const char *before = k == (d->size == 1) ? "; against" : ",";
        used += (size_t)snprintf(self->why + used, sizeof self->why - used, "%s %.3f of %s", before,
                                 trial->mase, trial->model);
    }
}

static ssm_status fit_member(auto_model *self, const char *model, const char *members,
                             const ssm_fit_task *task, ssm_arena *mem)
{
    SSMI_TRY(ssmi_forecaster_new_member(mem, model, &self->member));
    if (members != NULL) {
        SSMI_TRY(ssm_forecaster_set(self->member, "members", members));
        SSMI_TRY(ssm_forecaster_set(self->member, "combine", "mean"));
    }
    return ssm_forecaster_fit(self->member, task);
}

static ssm_status fit_decision(auto_model *self, const decision *d, const ssmi_trial *trials,
                               const ssmi_trial_plan *plan, const ssm_fit_task *task, ssm_arena *mem)
{
    char members[SSM_OPTION_TEXT_SIZE] = "", chosen[SSM_OPTION_TEXT_SIZE + 16];
    for (size_t k = 0, used = 0; k < d->size; k++)
        used += (size_t)snprintf(members + used, sizeof members - used, "%s%s", k > 0 ? "," : "",
                                 trials[d->order[k]].model);
    snprintf(chosen, sizeof chosen, d->size > 1 ? "average of %s" : "%s", members);
    explain(self, d, trials, chosen, plan);
    return fit_member(self, d->size > 1 ? "ensemble" : members, d->size > 1 ? members : NULL, task, mem);
}

static ssm_status fit_unscored(auto_model *self, const ssm_fit_task *task, ssm_arena *mem)
{
    const ssm_series *series = &task->panel[0];
    int seasonal = suits(&table[1], series, series->length);
    const char *model = seasonal ? table[1].model : table[0].model;
    snprintf(self->why, sizeof self->why, "%s chosen: %zu rows are too few for a backtest", model,
             series->length);
    return fit_member(self, model, NULL, task, mem);
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    auto_model *self = self_;
    ssmi_trial_plan plan;
    ssmi_trial trials[N_CANDIDATES] = {{0}};
    decision d;
    size_t n = 0;
    ssmi_trial_plan_make(&plan, &task->panel[0], task->horizon);
    if (plan.rolling.n_origins == 0) return fit_unscored(self, task, mem);
    for (size_t i = 0; i < N_CANDIDATES; i++)
        if (suits(&table[i], &plan.series, plan.rolling.first)) trials[n++].model = table[i].model;
    SSMI_TRY(ssmi_progress(tmp->ctx, "choosing a model", 0, NAN));
    SSMI_TRY(ssmi_trial_run(trials, n, &plan, tmp));
    SSMI_TRY(decide(&d, trials, n, &plan, tmp));
    if (d.scored == 0) return fit_unscored(self, task, mem);
    SSMI_TRY(ssmi_progress(tmp->ctx, "fitting", 0.5, d.mase));
    ssm_status status = fit_decision(self, &d, trials, &plan, task, mem);
    int own = status == SSM_OK || status == SSM_E_MEMORY || status == SSM_E_CANCELLED;
    return own ? status : fit_unscored(self, task, mem);
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem, (void)tmp;
    auto_model *self = self_;
    return ssm_forecaster_condition(self->member, history);
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    (void)tmp;
    const auto_model *self = self_;
    return ssm_forecaster_predict(self->member, out);
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    auto_model *self = self_;
    SSMI_TRY(ssmi_archive_text(archive, "why", self->why, sizeof self->why));
    return ssmi_archive_member(archive, "chosen", &self->member);
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    const auto_model *self = self_;
    snprintf(text, size, "%s", self->why);
    return SSM_OK;
}

const ssm_forecaster_type ssmi_model_auto = {
    .name = "auto",
    .summary = "the model, or average of models, that wins a short backtest",
    .reference = "Hyndman & Koehler (2006), Another look at measures of forecast accuracy",
    .caps = SSM_CAP_MISSING | SSM_CAP_DIRECT | SSM_CAP_COMPOSITE | SSM_CAP_IRREGULAR | SSM_CAP_EXOGENOUS,
    .self_size = sizeof(auto_model),
    .fit = fit,
    .condition = condition,
    .predict = predict,
    .params = params,
    .note = note,
};
