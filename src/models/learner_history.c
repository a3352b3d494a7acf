/* The history of a trained forecaster: as many of the last rows of each series as filling gaps and
 * standardising may need, in a ring, so that a new row costs one store. */
#include "models/learner.h"

#include "models/gaussian.h"
#include "neural/zero_features.h"
#include <math.h>
#include <stdio.h>

/* Of the forecaster itself, which says the same whether the pretrained network is beside it or not. */
static size_t own_rows(const ssmi_learner *self)
{
    return 4 * self->ridge.lookback + 2 * self->period;
}

static size_t rows_wanted(const ssmi_learner *self)
{
    const size_t own = own_rows(self);
    return self->options.pretrained > 0 && own < SSMI_ZERO_CONTEXT ? SSMI_ZERO_CONTEXT : own;
}

static ssm_status open_rings(ssmi_learner *self, ssm_arena *mem)
{
    self->room = rows_wanted(self);
    self->series = SSMI_ALLOC(mem, ssmi_learner_rows, self->variates);
    if (self->series == NULL) return SSM_E_MEMORY;
    for (size_t v = 0; v < self->variates; v++) {
        self->series[v] = (ssmi_learner_rows){.ring = SSMI_ALLOC(mem, double, self->room)};
        if (self->series[v].ring == NULL) return SSM_E_MEMORY;
    }
    return SSM_OK;
}

static void append(ssmi_learner_rows *s, size_t room, double value)
{
    s->ring[s->at] = value;
    s->at = s->at + 1 < room ? s->at + 1 : 0;
    if (s->n < room) s->n++;
    if (!isnan(value)) s->last_observed = value;
}

static ssm_status take_in(ssmi_learner_rows *s, size_t room, const ssm_series *history, ssm_context *ctx)
{
    const size_t length = history->length, observed = ssmi_last_observed(history->value, length);
    if (observed == length)
        return ssmi_fail(ctx, SSM_E_DATA, "series \"%s\" has no observed value",
                         history->name != NULL ? history->name : "");
    s->last_observed = history->value[observed];
    for (size_t t = length > room ? length - room : 0; t < length; t++) append(s, room, history->value[t]);
    s->history = *history;
    return SSM_OK;
}

ssm_status ssmi_learner_condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_learner *self = self_;
    const size_t length = history->length;
    if (self->regression.n > 0 &&
        history->n_exogenous != self->regression.n) /* only a damaged file asks for it */
        return ssmi_fail(tmp->ctx, SSM_E_FORMAT, "the model wants %zu exogenous columns, there are %zu",
                         self->regression.n, history->n_exogenous);
    SSMI_TRY(open_rings(self, mem));
    for (size_t v = 0; v < self->variates; v++)
        SSMI_TRY(take_in(&self->series[v], self->room, &history[v], tmp->ctx));
    self->next = ssmi_learner_row(history) + (int64_t)length;
    self->rows = length;
    if (!ssmi_learner_carries(self)) return SSM_OK;
    SSMI_TRY(ssmi_learner_carried_open(&self->carried, self, mem));
    ssmi_learner_carried_start(&self->carried, self, history->value, length, ssmi_learner_row(history));
    return SSM_OK;
}

ssm_status ssmi_learner_update(void *self_, const double *y)
{
    ssmi_learner *self = self_;
    for (size_t v = 0; v < self->variates; v++) append(&self->series[v], self->room, y[v]);
    if (ssmi_learner_carries(self)) ssmi_learner_carried_push(&self->carried, self, *y, self->next);
    self->next++;
    self->rows++;
    return SSM_OK;
}

/* Takes off what the columns drive; s->scale raw units are one of the window series, self->scale
 * or one of those are one of what they drive. */
static ssm_status take_off(ssmi_window_series *s, const ssmi_learner *self, size_t v, ssm_arena *tmp)
{
    const ssmi_regression *r = &self->regression;
    const size_t rows = SSMI_REGRESSION_BACK + s->length;
    double *x = ssmi_arena_alloc(tmp, rows, r->n * sizeof *x);
    if (x == NULL) return SSM_E_MEMORY;
    ssmi_regression_rows(x, r, &self->series[v].history, (int64_t)self->rows - (int64_t)rows, rows);
    s->column = x + SSMI_REGRESSION_BACK * r->n;
    s->n_columns = r->n;
    return ssmi_regression_take_off(s, r, self->scale > 0 ? self->scale / s->scale : 1, self->period, tmp);
}

void ssmi_learner_columns(double *out, const ssmi_learner *self, size_t v, size_t more)
{
    const size_t L = more + self->ridge.lookback;
    ssmi_regression_rows(out, &self->regression, &self->series[v].history, (int64_t)self->rows - (int64_t)L,
                         L + self->ridge.horizon);
}

static double ring_value(const ssmi_learner_rows *s, size_t room, size_t n, size_t i)
{
    return s->ring[(s->at + room - n + i) % room];
}

/* *value (n): the ring's last rows in order; where none is observed, the value that was the last before
 * them stands in. */
static ssm_status read_ring(double **value, size_t n, const ssmi_learner *self, size_t v, ssm_arena *tmp)
{
    const ssmi_learner_rows *s = &self->series[v];
    double *row = *value = SSMI_ALLOC(tmp, double, n);
    if (row == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) row[i] = ring_value(s, self->room, n, i);
    if (ssmi_last_observed(row, n) == n) row[0] = s->last_observed;
    return SSM_OK;
}

static ssm_status unroll(ssmi_window_series *out, size_t n, const ssmi_learner *self, size_t v,
                         ssm_arena *tmp)
{
    double *value;
    SSMI_TRY(read_ring(&value, n, self, v, tmp));
    ssm_series series = {.name = "history", .value = value, .length = n};
    if (self->period > 0) series.n_periods = 1, series.period[0] = self->period;
    SSMI_TRY(ssmi_windows_prepare(out, &series, n, tmp));
    return self->regression.n > 0 ? take_off(out, self, v, tmp) : SSM_OK;
}

ssm_status ssmi_learner_rest(double **value, size_t *length, double *unit, const ssmi_learner *self, size_t v,
                             ssm_arena *tmp)
{
    const size_t n = self->series[v].n;
    ssmi_window_series s;
    SSMI_TRY(read_ring(value, n, self, v, tmp));
    *length = n;
    *unit = self->scale;
    if (self->regression.n == 0) return SSM_OK;
    SSMI_TRY(unroll(&s, n, self, v, tmp));
    if (!(self->scale > 0)) *unit = s.scale;
    for (size_t t = 0; t < s.length; t++)
        if (!isnan((*value)[t])) (*value)[t] = s.mean + s.scale * s.value[t];
    return SSM_OK;
}

ssm_status ssmi_learner_window(double *value, unsigned char *gap, double *shift, double *unit,
                               const ssmi_learner *self, size_t v, ssm_arena *tmp)
{
    const size_t L = self->ridge.lookback, n = self->series[v].n, own = own_rows(self);
    ssmi_window_series s;
    SSMI_TRY(unroll(&s, n < own ? n : own, self, v, tmp));
    *shift = self->scale > 0 ? self->mean : s.mean;
    *unit = self->scale > 0 ? self->scale : s.scale;
    for (size_t i = 0; i < L; i++) {
        const size_t t = i + s.length < L ? 0 : i + s.length - L;
        value[i] = (s.mean + s.scale * s.value[t] - *shift) / *unit;
        gap[i] = i + s.length < L || s.missing[t + 1] > s.missing[t];
    }
    return SSM_OK;
}

static ssm_status archive_ring(ssmi_learner_rows *s, size_t room, ssm_archive *a)
{
    const int loading = ssmi_archive_loading(a);
    double *value = SSMI_ALLOC(ssmi_archive_scratch(a), double, room);
    double *seen = SSMI_ALLOC(ssmi_archive_scratch(a), double, room), last = s->last_observed;
    size_t n = s->n;
    if (value == NULL || seen == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; !loading && i < n; i++) {
        const double y = ring_value(s, room, n, i);
        seen[i] = !isnan(y);
        value[i] = isnan(y) ? 0 : y;
    }
    SSMI_TRY(ssmi_archive_size(a, "state.rows", &n));
    SSMI_TRY(ssmi_archive_real(a, "state.last", &last));
    if (n < 1 || n > room) return ssmi_archive_reject(a, "a history of %zu rows", n);
    SSMI_TRY(ssmi_archive_values(a, "state.value", value, n));
    SSMI_TRY(ssmi_archive_values(a, "state.seen", seen, n));
    for (size_t i = 0; loading && i < n; i++) append(s, room, seen[i] != 0 ? value[i] : NAN);
    s->last_observed = last;
    return SSM_OK;
}

/* Those after the first have their number before their names. */
static ssm_status archive_rings(ssmi_learner *self, ssm_archive *a)
{
    for (size_t v = 0; v < self->variates; v++) {
        char number[32];
        size_t outer;
        snprintf(number, sizeof number, "series%zu", v + 1);
        if (v > 0) SSMI_TRY(ssmi_archive_enter(a, number, &outer));
        SSMI_TRY(archive_ring(&self->series[v], self->room, a));
        if (v > 0) ssmi_archive_leave(a, outer);
    }
    return SSM_OK;
}

ssm_status ssmi_learner_state(void *self_, ssm_archive *a)
{
    ssmi_learner *self = self_;
    double next = (double)self->next;
    if (ssmi_archive_loading(a)) SSMI_TRY(open_rings(self, ssmi_archive_memory(a)));
    SSMI_TRY(ssmi_archive_real(a, "state.next", &next));
    if (!(fabs(next) < 0x1p53)) return ssmi_archive_reject(a, "a history before row %g", next);
    self->next = (int64_t)next;
    SSMI_TRY(archive_rings(self, a));
    if (!ssmi_learner_carries(self)) return SSM_OK;
    if (ssmi_archive_loading(a))
        SSMI_TRY(ssmi_learner_carried_open(&self->carried, self, ssmi_archive_memory(a)));
    return ssmi_learner_carried_archive(&self->carried, self, a);
}
