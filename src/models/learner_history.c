/* The history of a trained forecaster: as many of its last rows as filling gaps and standardising may need,
 * in a ring, so that a new row costs one store. */
#include "models/learner.h"

#include "models/gaussian.h"
#include "neural/zero_features.h"
#include <math.h>

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

static ssm_status open_ring(ssmi_learner *self, ssm_arena *mem)
{
    self->room = rows_wanted(self);
    self->ring = SSMI_ALLOC(mem, double, self->room);
    self->at = self->n = 0;
    return self->ring != NULL ? SSM_OK : SSM_E_MEMORY;
}

static void append(ssmi_learner *self, double value)
{
    self->ring[self->at] = value;
    self->at = self->at + 1 < self->room ? self->at + 1 : 0;
    if (self->n < self->room) self->n++;
    if (!isnan(value)) self->last_observed = value;
}

ssm_status ssmi_learner_condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_learner *self = self_;
    const size_t length = history->length, observed = ssmi_last_observed(history->value, length);
    if (self->regression.n > 0 &&
        history->n_exogenous != self->regression.n) /* only a damaged file asks for it */
        return ssmi_fail(tmp->ctx, SSM_E_FORMAT, "the model wants %zu exogenous columns, there are %zu",
                         self->regression.n, history->n_exogenous);
    if (observed == length)
        return ssmi_fail(tmp->ctx, SSM_E_DATA, "series \"%s\" has no observed value",
                         history->name != NULL ? history->name : "");
    SSMI_TRY(open_ring(self, mem));
    self->last_observed = history->value[observed];
    for (size_t t = length > self->room ? length - self->room : 0; t < length; t++)
        append(self, history->value[t]);
    self->next = ssmi_learner_row(history) + (int64_t)length;
    self->history = *history;
    self->rows = length;
    if (!ssmi_learner_carries(self)) return SSM_OK;
    SSMI_TRY(ssmi_learner_carried_open(&self->carried, self, mem));
    ssmi_learner_carried_start(&self->carried, self, history->value, length, ssmi_learner_row(history));
    return SSM_OK;
}

ssm_status ssmi_learner_update(void *self_, const double *y)
{
    ssmi_learner *self = self_;
    append(self, *y);
    if (ssmi_learner_carries(self)) ssmi_learner_carried_push(&self->carried, self, *y, self->next);
    self->next++;
    self->rows++;
    return SSM_OK;
}

/* Takes off what the columns drive; s->scale raw units are one of the window series, self->scale
 * or one of those are one of what they drive. */
static ssm_status take_off(ssmi_window_series *s, const ssmi_learner *self, ssm_arena *tmp)
{
    const ssmi_regression *r = &self->regression;
    const size_t rows = SSMI_REGRESSION_BACK + s->length;
    double *x = ssmi_arena_alloc(tmp, rows, r->n * sizeof *x);
    if (x == NULL) return SSM_E_MEMORY;
    ssmi_regression_rows(x, r, &self->history, (int64_t)self->rows - (int64_t)rows, rows);
    s->column = x + SSMI_REGRESSION_BACK * r->n;
    s->n_columns = r->n;
    return ssmi_regression_take_off(s, r, self->scale > 0 ? self->scale / s->scale : 1, self->period, tmp);
}

void ssmi_learner_columns(double *out, const ssmi_learner *self, size_t more)
{
    const size_t L = more + self->ridge.lookback;
    ssmi_regression_rows(out, &self->regression, &self->history, (int64_t)self->rows - (int64_t)L,
                         L + self->ridge.horizon);
}

/* *value (n): the ring's last rows in order; where none is observed, the value that was the last before
 * them stands in. */
static ssm_status read_ring(double **value, size_t n, const ssmi_learner *self, ssm_arena *tmp)
{
    double *row = *value = SSMI_ALLOC(tmp, double, n);
    if (row == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) row[i] = self->ring[(self->at + self->room - n + i) % self->room];
    if (ssmi_last_observed(row, n) == n) row[0] = self->last_observed;
    return SSM_OK;
}

static ssm_status unroll(ssmi_window_series *out, size_t n, const ssmi_learner *self, ssm_arena *tmp)
{
    double *value;
    SSMI_TRY(read_ring(&value, n, self, tmp));
    ssm_series series = {.name = "history", .value = value, .length = n};
    if (self->period > 0) series.n_periods = 1, series.period[0] = self->period;
    SSMI_TRY(ssmi_windows_prepare(out, &series, n, tmp));
    return self->regression.n > 0 ? take_off(out, self, tmp) : SSM_OK;
}

ssm_status ssmi_learner_rest(double **value, size_t *length, double *unit, const ssmi_learner *self,
                             ssm_arena *tmp)
{
    ssmi_window_series s;
    SSMI_TRY(read_ring(value, self->n, self, tmp));
    *length = self->n;
    *unit = self->scale;
    if (self->regression.n == 0) return SSM_OK;
    SSMI_TRY(unroll(&s, self->n, self, tmp));
    if (!(self->scale > 0)) *unit = s.scale;
    for (size_t t = 0; t < s.length; t++)
        if (!isnan((*value)[t])) (*value)[t] = s.mean + s.scale * s.value[t];
    return SSM_OK;
}

ssm_status ssmi_learner_window(double *value, unsigned char *gap, double *shift, double *unit,
                               const ssmi_learner *self, ssm_arena *tmp)
{
    const size_t L = self->ridge.lookback;
    ssmi_window_series s;
    SSMI_TRY(unroll(&s, self->n < own_rows(self) ? self->n : own_rows(self), self, tmp));
    *shift = self->scale > 0 ? self->mean : s.mean;
    *unit = self->scale > 0 ? self->scale : s.scale;
    for (size_t i = 0; i < L; i++) {
        const size_t t = i + s.length < L ? 0 : i + s.length - L;
        value[i] = (s.mean + s.scale * s.value[t] - *shift) / *unit;
        gap[i] = i + s.length < L || s.missing[t + 1] > s.missing[t];
    }
    return SSM_OK;
}

static ssm_status archive_ring(ssmi_learner *self, ssm_archive *a)
{
    const int loading = ssmi_archive_loading(a);
    const size_t room = rows_wanted(self);
    double *value = SSMI_ALLOC(ssmi_archive_scratch(a), double, room);
    double *seen = SSMI_ALLOC(ssmi_archive_scratch(a), double, room), next = (double)self->next;
    size_t n = self->n;
    if (value == NULL || seen == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; !loading && i < n; i++) {
        const double y = self->ring[(self->at + room - n + i) % room];
        seen[i] = !isnan(y);
        value[i] = isnan(y) ? 0 : y;
    }
    SSMI_TRY(ssmi_archive_size(a, "state.rows", &n));
    SSMI_TRY(ssmi_archive_real(a, "state.next", &next));
    SSMI_TRY(ssmi_archive_real(a, "state.last", &self->last_observed));
    if (n < 1 || n > room || !(fabs(next) < 0x1p53))
        return ssmi_archive_reject(a, "a history of %zu rows before row %g", n, next);
    SSMI_TRY(ssmi_archive_values(a, "state.value", value, n));
    SSMI_TRY(ssmi_archive_values(a, "state.seen", seen, n));
    if (!loading) return SSM_OK;
    const double last = self->last_observed;
    SSMI_TRY(open_ring(self, ssmi_archive_memory(a)));
    for (size_t i = 0; i < n; i++) append(self, seen[i] != 0 ? value[i] : NAN);
    self->last_observed = last;
    self->next = (int64_t)next;
    return SSM_OK;
}

ssm_status ssmi_learner_state(void *self_, ssm_archive *a)
{
    ssmi_learner *self = self_;
    SSMI_TRY(archive_ring(self, a));
    if (!ssmi_learner_carries(self)) return SSM_OK;
    if (ssmi_archive_loading(a))
        SSMI_TRY(ssmi_learner_carried_open(&self->carried, self, ssmi_archive_memory(a)));
    return ssmi_learner_carried_archive(&self->carried, self, a);
}
