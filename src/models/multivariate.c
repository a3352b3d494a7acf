/* Common levels: several series as one vector whose levels move together (models/shared.h), so that one
 * sensor says something about the others where they are silent.
 *
 * Each series is centred and scaled at fit. A history is filtered from an exact diffuse start and never
 * refitted; a new row, of which any part may be missing, is one step of the same filter.
 *
 * Known value: a single series without a slope is the local level; its maximum on the Nile has the variances
 * 15099 and 1469.1. */
#include "forecast/archive.h"
#include "models/gaussian.h"
#include "models/kalman_state.h"
#include "models/shared_decompose.h"

#include <math.h>
#include <ssmcast/kalman.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { most_condition_rows = 20000 };
/* Prior variance, in units of that of the series, of directions that the history leaves open. */
static const double open_variance = 100.0;

typedef struct multivariate_options {
    int rank, slope;
} multivariate_options;

static const char *const rank_choices[] = {"auto", "0", "1", "2", "3", "4", NULL};

static const ssm_option option_table[] = {
    {"rank", "movements that the series have in common; 0: they are independent", SSM_OPTION_CHOICE,
     offsetof(multivariate_options, rank), "auto", 0, 0, rank_choices},
    {"slope", "levels have slopes, which move together as well", SSM_OPTION_FLAG,
     offsetof(multivariate_options, slope), "off", 0, 0, NULL},
    {0},
};

typedef struct multivariate {
    multivariate_options options;
    /* the fit */
    ssmi_shared shared;
    double *center, *scale; /* (p) */
    size_t converged;
    /* the history */
    const ssm_series *history; /* (p), rows of others */
    ssmi_shared_matrices matrices;
    ssmi_kalman_filter filter;
    ssmi_kalman_run run;
    size_t rows;
    double *x; /* (p) the row being taken in */
} multivariate;

static ssm_status init(void *self, const void *options, ssm_arena *mem)
{
    (void)mem;
    ((multivariate *)self)->options = *(const multivariate_options *)options;
    return SSM_OK;
}

/* ---- fit ---- */

static double unit_of(const multivariate *self, size_t i)
{
    return self->scale[i] > 0.0 ? self->scale[i] : 1.0;
}

static void standardise(multivariate *self, const ssm_series *series, size_t i)
{
    ssmi_spread spread = {0};
    self->center[i] = ssmi_mean(series->value, series->length, NULL);
    for (size_t t = 0; t < series->length; t++) ssmi_spread_add(&spread, series->value[t] - self->center[i]);
    self->scale[i] = ssmi_spread_sd(&spread, 0);
    if (!(self->scale[i] > 1e-14 * fabs(self->center[i]))) self->scale[i] = 0.0;
}

/* y (p, length) in model units. */
static void interleave(const multivariate *self, double *y, const ssm_series *series, size_t p)
{
    for (size_t i = 0; i < p; i++) {
        for (size_t t = 0; t < series->length; t++)
            y[t * p + i] = (series[i].value[t] - self->center[i]) / unit_of(self, i);
    }
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    multivariate *self = self_;
    const size_t p = task->n_series, length = task->panel->length;
    int converged = 1;
    if (p > SSMI_SHARED_SERIES)
        return ssmi_fail(tmp->ctx, SSM_E_UNSUPPORTED,
                         "\"multivariate\" takes at most %d series together, not %zu", SSMI_SHARED_SERIES, p);
    double *y = ssmi_arena_alloc(tmp, length, p * sizeof *y);
    self->center = SSMI_ALLOC(mem, double, p);
    self->scale = SSMI_ALLOC(mem, double, p);
    if (y == NULL || self->center == NULL || self->scale == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < p; i++) standardise(self, task->panel + i, i);
    interleave(self, y, task->panel, p);
    int rank = self->options.rank - 1; /* -1: auto */
    if (rank > (int)p) rank = (int)p;
    SSMI_TRY(ssmi_shared_search(&self->shared, rank, self->options.slope ? 2 : 1, y, p, length, &converged,
                                mem, tmp));
    self->converged = converged != 0;
    return SSM_OK;
}

/* ---- condition, update, predict ---- */

static ssm_status take_in(multivariate *self, const double *y)
{
    for (size_t i = 0; i < self->shared.p; i++) self->x[i] = (y[i] - self->center[i]) / unit_of(self, i);
    return ssmi_kalman_run_row(&self->run, self->rows++, self->x);
}

static ssm_status start(multivariate *self, ssm_arena *mem)
{
    self->x = SSMI_ALLOC(mem, double, self->shared.p);
    if (self->x == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_shared_build(&self->matrices, &self->shared, mem));
    SSMI_TRY(ssmi_kalman_filter_init(&self->filter, &self->matrices.model, mem));
    ssmi_kalman_run_start(&self->run, &self->filter, NULL, NULL);
    self->rows = 0;
    return SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    multivariate *self = self_;
    const size_t p = self->shared.p, length = history->length;
    const size_t from = length > most_condition_rows ? length - most_condition_rows : 0;
    ssm_series *kept = SSMI_ALLOC(mem, ssm_series, p);
    double *row = SSMI_ALLOC(tmp, double, p);
    if (kept == NULL || row == NULL) return SSM_E_MEMORY;
    memcpy(kept, history, p * sizeof *kept);
    self->history = kept;
    SSMI_TRY(start(self, mem));
    for (size_t t = from; t < length; t++) {
        for (size_t i = 0; i < p; i++) row[i] = history[i].value[t];
        SSMI_TRY(take_in(self, row));
    }
    return SSM_OK;
}

static ssm_status update(void *self, const double *y)
{
    return take_in(self, y);
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const multivariate *self = self_;
    const ssmi_kalman_system *system = &self->filter.system;
    const size_t n = system->n, p = system->p, horizon = out->horizon;
    ssmi_kalman_state s;
    double *memory = SSMI_ALLOC(tmp, double, SSMI_KALMAN_STATE_SIZE(n)), *M = SSMI_ALLOC(tmp, double, n);
    double *sd = ssmi_arena_alloc(tmp, horizon, p * sizeof *sd);
    if (memory == NULL || M == NULL || sd == NULL) return SSM_E_MEMORY;
    ssmi_kalman_state_init(&s, n, memory);
    ssmi_kalman_state_copy(&s, &self->filter.state);
    ssmi_kalman_close_diffuse(&s, open_variance);
    for (size_t h = 0; h < horizon; h++) {
        for (size_t i = 0; i < p; i++) {
            ssmi_rows_combine(M, s.P, &system->Z, i, n);
            out[i].mean[h] = self->center[i] + unit_of(self, i) * ssmi_rows_dot(&system->Z, i, s.a);
            sd[i * horizon + h] =
                unit_of(self, i) * sqrt(fmax(ssmi_rows_dot(&system->Z, i, M) + self->shared.h[i], 0.0));
        }
        ssmi_kalman_predict(&s, &system->T, &system->shock, NULL);
    }
    for (size_t i = 0; i < p; i++) SSMI_TRY(ssmi_gaussian_quantiles(out + i, sd + i * horizon, tmp));
    return SSM_OK;
}

/* ---- components ---- */

static ssm_status decompose(const void *self_, ssm_decomposition *out, ssm_arena *tmp)
{
    const multivariate *self = self_;
    const size_t p = self->shared.p, length = self->history->length, rows = length + out->horizon;
    double *y = ssmi_arena_alloc(tmp, rows, p * sizeof *y);
    if (y == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < rows * p; k++) y[k] = NAN;
    interleave(self, y, self->history, p);
    const ssmi_shared_view view = {.shared = &self->shared,
                                   .y = y,
                                   .length = length,
                                   .rows = rows,
                                   .center = self->center,
                                   .scale = self->scale,
                                   .open = self->filter.state.n_diffuse > 0 ? open_variance : 0.0};
    return ssmi_shared_decompose(&view, out, tmp);
}

static const char *component(const void *self, size_t i)
{
    (void)self;
    return i == 0 ? "common" : i == 1 ? "own" : NULL;
}

/* ---- save, load, tell ---- */

static ssm_status check(const multivariate *self, ssm_archive *archive)
{
    const ssmi_shared *s = &self->shared;
    for (size_t i = 0; i < s->p; i++) {
        if (!(s->h[i] >= 0.0 && self->scale[i] >= 0.0))
            return ssmi_archive_reject(archive, "a variance is negative");
    }
    for (size_t i = 0; i < s->p * s->blocks; i++) {
        if (!(s->d[i] >= 0.0)) return ssmi_archive_reject(archive, "a variance is negative");
    }
    return SSM_OK;
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    multivariate *self = self_;
    ssmi_shared *s = &self->shared;
    SSMI_TRY(ssmi_archive_size(archive, "series", &s->p));
    SSMI_TRY(ssmi_archive_size(archive, "rank", &s->rank));
    SSMI_TRY(ssmi_archive_size(archive, "blocks", &s->blocks));
    if (s->p < 1 || s->p > SSMI_SHARED_SERIES || s->rank > s->p || s->blocks < 1 ||
        s->blocks > SSMI_SHARED_BLOCKS)
        return ssmi_archive_reject(archive, "number of series, rank or blocks is out of range");
    SSMI_TRY(ssmi_archive_vector(archive, s->p));
    SSMI_TRY(ssmi_archive_size(archive, "converged", &self->converged));
    SSMI_TRY(ssmi_archive_f64(archive, "center", &self->center, 1, &s->p));
    SSMI_TRY(ssmi_archive_f64(archive, "scale", &self->scale, 1, &s->p));
    SSMI_TRY(ssmi_archive_f64(archive, "irregular", &s->h, 1, &s->p));
    SSMI_TRY(ssmi_archive_f64(archive, "own", &s->d, 2, (size_t[]){s->blocks, s->p}));
    if (s->rank > 0)
        SSMI_TRY(ssmi_archive_f64(archive, "loading", &s->L, 3, (size_t[]){s->blocks, s->rank, s->p}));
    return check(self, archive);
}

static ssm_status state(void *self_, ssm_archive *archive)
{
    multivariate *self = self_;
    if (ssmi_archive_loading(archive)) SSMI_TRY(start(self, ssmi_archive_memory(archive)));
    SSMI_TRY(ssmi_archive_size(archive, "state.rows", &self->rows));
    return ssmi_archive_run(archive, &self->run);
}

/* Part of the variance of the level shocks that is common, averaged over the series. */
static double common_share(const ssmi_shared *s)
{
    double share = 0.0;
    for (size_t i = 0; i < s->p; i++) {
        double common = 0.0;
        for (size_t k = 0; k < s->rank; k++) common += s->L[i + k * s->p] * s->L[i + k * s->p];
        share += common > 0.0 ? common / (common + s->d[i]) / (double)s->p : 0.0;
    }
    return share;
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    const multivariate *self = self_;
    const ssmi_shared *s = &self->shared;
    snprintf(text, size,
             "%zu series, levels%s with %zu common movement%s: %.0f %% of the variance of levels%s", s->p,
             s->blocks == 2 ? " and slopes" : "", s->rank, s->rank == 1 ? "" : "s", 100.0 * common_share(s),
             self->converged ? "" : " (the optimiser stopped early)");
    return SSM_OK;
}

const ssm_forecaster_type ssmi_model_multivariate = {
    .name = "multivariate",
    .summary =
        "several series as one vector: levels that move together, so that sensors fill each other's gaps",
    .reference = "Durbin & Koopman (2012), Time Series Analysis by State Space Methods, section 3.7",
    .caps = SSM_CAP_MULTIVARIATE | SSM_CAP_MISSING | SSM_CAP_ONLINE | SSM_CAP_DECOMPOSE,
    .self_size = sizeof(multivariate),
    .options_size = sizeof(multivariate_options),
    .options = option_table,
    .init = init,
    .fit = fit,
    .condition = condition,
    .update = update,
    .predict = predict,
    .decompose = decompose,
    .component = component,
    .params = params,
    .state = state,
    .note = note,
};
