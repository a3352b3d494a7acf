/* A state-space model of the user's own, from a JSON file (core/statespace_json.h).
 *
 *     y_t = d + Z alpha_t + eps_t,   alpha_{t+1} = c + T alpha_t + R eta_t     (Durbin & Koopman 2012,
 * eq. 4.12)
 *
 * Fitting reads the file and estimates at most one number: the common factor s of all variances, when the
 * file says "scale": "estimate". It is the mean of v^2/F over the ordinary innovations of the filter run with
 * s = 1 (Harvey 1989, eq. 4.2.11); means do not depend on it, so the filter always runs with s = 1 and
 * variances are multiplied on the way out. The text of the file is kept, and a saved model needs no file.
 *
 * Several observations are one vector series. Without a file the model is a local level, H = Q = 1, scale
 * estimated. Known value: that model on 1, 2, 4 has F = 3, 8/3 and v = 1, 7/3: s = (1/3 + 49/24) / 2. */
#include "base/file.h"
#include "core/statespace_json.h"
#include "forecast/archive.h"
#include "kalman/filter.h"
#include "models/gaussian.h"
#include "models/kalman_state.h"
#include "models/smoothed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MOST = 1 << 26 };

static const char local_level[] =
    "{\"states\": [\"level\"], \"Z\": 1, \"T\": 1, \"H\": 1, \"Q\": 1, \"scale\": \"estimate\"}";

typedef struct options {
    char file[SSM_OPTION_TEXT_SIZE];
} options;

typedef struct statespace {
    options options;
    const char *text; /* parameter: the JSON */
    double scale;     /* parameter: factor of the variances */
    ssmi_system_file system;
    size_t contradicted; /* values of the fit that the system has no room for */
    /* the history */
    ssmi_kalman_filter filter;
    ssmi_kalman_run run;
    size_t rows;          /* taken in */
    const double **value; /* (p) the series conditioned on, for decompose */
    size_t length;
} statespace;

static ssm_status init(void *self_, const void *options_, ssm_arena *mem)
{
    (void)mem;
    statespace *self = self_;
    self->options = *(const options *)options_;
    return SSM_OK;
}

/* ---- fit ---- */

static const char *file_name(const statespace *self)
{
    return self->options.file[0] != '\0' ? self->options.file : "local level";
}

static ssm_status read_system(statespace *self, ssm_arena *mem)
{
    unsigned char *bytes;
    size_t size = sizeof local_level - 1;
    self->text = local_level;
    if (self->options.file[0] != '\0') {
        SSMI_TRY(ssmi_file_read(mem, self->options.file, FILE_MOST, &bytes, &size));
        self->text = (const char *)bytes;
    }
    SSMI_TRY(ssmi_system_parse(&self->system, file_name(self), self->text, size, mem));
    self->scale = self->system.scale;
    return SSM_OK;
}

static ssm_status start(statespace *self, ssm_arena *mem)
{
    self->rows = 0;
    SSMI_TRY(ssmi_kalman_filter_init(&self->filter, &self->system.model, mem));
    ssmi_kalman_run_start(&self->run, &self->filter, NULL, NULL);
    return SSM_OK;
}

static ssm_status take_in(statespace *self, const double *y)
{
    return ssmi_kalman_run_row(&self->run, self->rows++, y);
}

static void gather_row(double *y, const ssm_series *series, size_t p, size_t t)
{
    for (size_t i = 0; i < p; i++) y[i] = series[i].value[t];
}

/* What the rows of the fit say of the system. */
static ssm_status look(statespace *self, const ssm_series *panel, ssmi_spread *spread, ssm_arena *tmp)
{
    const size_t p = self->system.model.p;
    double *y = SSMI_ALLOC(tmp, double, p);
    if (y == NULL) return SSM_E_MEMORY;
    self->contradicted = 0;
    SSMI_TRY(start(self, tmp));
    for (size_t t = 0; t < panel->length; t++) {
        gather_row(y, panel, p, t);
        SSMI_TRY(take_in(self, y));
        for (size_t i = 0; i < p; i++) {
            const ssmi_innovation *in = self->filter.row + i;
            if (in->kind == SSMI_KALMAN_ORDINARY) ssmi_spread_add(spread, in->v / sqrt(in->F));
            self->contradicted += in->kind == SSMI_KALMAN_CONTRADICTION;
        }
    }
    return SSM_OK;
}

static ssm_status estimate_scale(statespace *self, const ssmi_spread *spread, ssm_arena *tmp)
{
    if (spread->n == 0)
        return ssmi_fail(tmp->ctx, SSM_E_DATA, "too few rows to estimate the scale of \"%s\" from",
                         file_name(self));
    self->scale = pow(ssmi_spread_sd(spread, 0), 2.0);
    if (isfinite(self->scale)) return SSM_OK;
    return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "the scale of \"%s\" is not finite", file_name(self));
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    statespace *self = self_;
    SSMI_TRY(read_system(self, mem));
    if (task->n_series != self->system.model.p)
        return ssmi_fail(tmp->ctx, SSM_E_ARGUMENT, "\"%s\" is a system of %zu series, not of %zu",
                         file_name(self), self->system.model.p, task->n_series);
    ssmi_spread spread = {0};
    SSMI_TRY(look(self, task->panel, &spread, tmp));
    return self->system.estimate_scale ? estimate_scale(self, &spread, tmp) : SSM_OK;
}

/* ---- condition, update, predict ---- */

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    statespace *self = self_;
    const size_t p = self->system.model.p;
    double *y = SSMI_ALLOC(tmp, double, p);
    self->value = SSMI_ALLOC(mem, const double *, p);
    if (y == NULL || self->value == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < p; i++) self->value[i] = history[i].value;
    self->length = history->length;
    SSMI_TRY(start(self, mem));
    for (size_t t = 0; t < history->length; t++) {
        gather_row(y, history, p, t);
        SSMI_TRY(take_in(self, y));
    }
    return SSM_OK;
}

static ssm_status update(void *self_, const double *y)
{
    return take_in(self_, y);
}

/* Mean and standard deviation of every series in the row of s. */
static void read_out(const statespace *self, const ssmi_kalman_state *s, double *M, ssm_forecast *out,
                     double *sd, size_t h)
{
    const ssm_statespace *m = &self->system.model;
    const ssmi_rows *Z = &self->filter.system.Z;
    for (size_t i = 0; i < m->p; i++) {
        ssmi_rows_combine(M, s->P, Z, i, m->n);
        const double H = m->H.data != NULL ? m->H.data[i + i * m->p] : 0.0,
                     d = m->d.data != NULL ? m->d.data[i] : 0.0;
        out[i].mean[h] = d + ssmi_rows_dot(Z, i, s->a);
        sd[i * out->horizon + h] = sqrt(self->scale) * sqrt(fmax(ssmi_rows_dot(Z, i, M) + H, 0.0));
    }
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const statespace *self = self_;
    const size_t n = self->system.model.n, p = self->system.model.p;
    const ssmi_kalman_system *system = &self->filter.system;
    ssmi_kalman_state s;
    double *memory = SSMI_ALLOC(tmp, double, SSMI_KALMAN_STATE_SIZE(n)), *M = SSMI_ALLOC(tmp, double, n);
    double *sd = ssmi_arena_alloc(tmp, p, out->horizon * sizeof(double));
    if (memory == NULL || M == NULL || sd == NULL) return SSM_E_MEMORY;
    if (self->filter.state.n_diffuse > 0)
        return ssmi_fail(tmp->ctx, SSM_E_DATA,
                         "%zu row%s leave%s %zu of the %zu states of \"%s\" open: more rows, or a start that "
                         "is not diffuse",
                         self->rows, self->rows == 1 ? "" : "s", self->rows == 1 ? "s" : "",
                         self->filter.state.n_diffuse, n, file_name(self));
    ssmi_kalman_state_init(&s, n, memory);
    ssmi_kalman_state_copy(&s, &self->filter.state);
    for (size_t h = 0; h < out->horizon; h++) {
        read_out(self, &s, M, out, sd, h);
        ssmi_kalman_predict(&s, &system->T, &system->shock, system->c);
    }
    for (size_t i = 0; i < p; i++) SSMI_TRY(ssmi_gaussian_quantiles(out + i, sd + i * out->horizon, tmp));
    return SSM_OK;
}

/* ---- components ---- */

static ssm_status decompose(const void *self_, ssm_decomposition *out, ssm_arena *tmp)
{
    const statespace *self = self_;
    const ssmi_smoothed_series series = {
        .model = &self->system.model, .scale = self->scale, .value = self->value, .length = self->length};
    return ssmi_smoothed_decompose(out, &series, tmp);
}

static const char *component(const void *self_, size_t i)
{
    const statespace *self = self_;
    return i < self->system.model.n ? self->system.state[i] : NULL;
}

/* ---- save, load, tell ---- */

static ssm_status params(void *self_, ssm_archive *archive)
{
    statespace *self = self_;
    SSMI_TRY(ssmi_archive_string(archive, "system", &self->text));
    SSMI_TRY(ssmi_archive_spread(archive, "scale", &self->scale));
    if (!ssmi_archive_loading(archive)) return SSM_OK;
    ssm_status status = ssmi_system_parse(&self->system, "system", self->text, strlen(self->text),
                                          ssmi_archive_memory(archive));
    if (status == SSM_OK) return ssmi_archive_vector(archive, self->system.model.p);
    if (status != SSM_E_DATA && status != SSM_E_FORMAT) return status;
    return ssmi_archive_reject(archive, "%s", ssm_context_message(ssmi_archive_context(archive)));
}

static ssm_status state(void *self_, ssm_archive *archive)
{
    statespace *self = self_;
    if (ssmi_archive_loading(archive)) SSMI_TRY(start(self, ssmi_archive_memory(archive)));
    SSMI_TRY(ssmi_archive_size(archive, "state.rows", &self->rows));
    return ssmi_archive_run(archive, &self->run);
}

/* The matrix times the scale of the variances. */
static ssm_status scaled(const double **out, const double *matrix, size_t size, double scale, ssm_arena *mem)
{
    *out = NULL;
    if (matrix == NULL) return SSM_OK;
    double *copy = SSMI_ALLOC(mem, double, size *size);
    if (copy == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < size * size; i++) copy[i] = scale * matrix[i];
    *out = copy;
    return SSM_OK;
}

static ssm_status fitted_system(const void *self_, ssm_fitted_system *out, ssm_arena *mem)
{
    const statespace *self = self_;
    const ssm_statespace *m = &self->system.model;
    ssm_statespace all = *m;
    if (m->H.stride != 0 || m->Q.stride != 0)
        return ssmi_fail(mem->ctx, SSM_E_UNSUPPORTED, "the system varies with time");
    SSMI_TRY(scaled(&all.H.data, m->H.data, m->p, self->scale, mem));
    SSMI_TRY(scaled(&all.Q.data, m->Q.data, m->r, self->scale, mem));
    SSMI_TRY(scaled(&all.P1, m->P1, m->n, self->scale, mem));
    out->model = all;
    return SSM_OK;
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    const statespace *self = self_;
    const ssm_statespace *m = &self->system.model;
    const int estimated = self->system.estimate_scale;
    const int used =
        snprintf(text, size, "%s: %zu state%s, %zu series, %s %.6g", file_name(self), m->n,
                 m->n == 1 ? "" : "s", m->p, estimated ? "scale estimated as" : "scale", self->scale);
    if (self->contradicted > 0 && used > 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used,
                 "; %zu value%s impossible under it (another value was certain) and left out",
                 self->contradicted, self->contradicted == 1 ? " is" : "s are");
    return SSM_OK;
}

static const ssm_option option_table[] = {
    {"file", "JSON file with the system; empty: a local level with noise of equal variances", SSM_OPTION_TEXT,
     offsetof(options, file), "", 0, 0, NULL},
    {0},
};

const ssm_forecaster_type ssmi_model_statespace = {
    .name = "statespace",
    .summary = "state-space model of one's own, from a file with its matrices",
    .reference = "Durbin & Koopman (2012), Time Series Analysis by State Space Methods, chapters 4 to 6",
    .caps = SSM_CAP_MISSING | SSM_CAP_ONLINE | SSM_CAP_MULTIVARIATE | SSM_CAP_DECOMPOSE | SSM_CAP_SYSTEM,
    .self_size = sizeof(statespace),
    .options_size = sizeof(options),
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
    .statespace = fitted_system,
    .note = note,
};
