/* The front door: checks what callers may do wrong, owns the memory, and calls the model. */
#include "forecast/handle.h"

#include "base/suggest.h"
#include "forecast/checks.h"
#include "forecast/options.h"

#include <math.h>
#include <string.h>

static ssm_status unknown_model(ssm_context *ctx, const char *name)
{
    const char *meant = NULL;
    size_t best = (size_t)-1;
    for (size_t i = 0; ssm_forecaster_type_at(i) != NULL; i++) {
        if (ssmi_suggest(name, ssm_forecaster_type_at(i)->name, &best))
            meant = ssm_forecaster_type_at(i)->name;
    }
    if (meant == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "there is no model \"%s\"", name);
    return ssmi_fail(ctx, SSM_E_ARGUMENT, "there is no model \"%s\"; did you mean \"%s\"?", name, meant);
}

static ssm_status make_parts(ssm_forecaster *f)
{
    f->self = ssmi_arena_alloc(&f->parts, 1, f->type->self_size);
    f->options = ssmi_arena_alloc(&f->parts, 1, f->type->options_size);
    if (f->self == NULL || f->options == NULL) return SSM_E_MEMORY;
    return ssmi_options_initial(f->ctx, f->type->options, f->options);
}

ssm_status ssm_forecaster_new(ssm_context *ctx, const char *name, ssm_forecaster **out)
{
    const ssm_forecaster_type *type = ssm_forecaster_type_find(name);
    if (type == NULL) return unknown_model(ctx, name);
    ssm_forecaster *f = ssmi_resize(ctx, NULL, 1, sizeof *f);
    if (f == NULL) return SSM_E_MEMORY;
    *f = (ssm_forecaster){.ctx = ctx, .type = type};
    ssmi_arena_init(&f->parts, ctx);
    ssmi_arena_init(&f->fitted, ctx);
    ssmi_arena_init(&f->history, ctx);
    ssmi_arena_init(&f->scratch, ctx);
    ssm_status status = make_parts(f);
    if (status != SSM_OK) {
        ssm_forecaster_free(f);
        return status;
    }
    *out = f;
    return SSM_OK;
}

void ssm_forecaster_free(ssm_forecaster *f)
{
    if (f == NULL) return;
    ssmi_arena_clear(&f->scratch);
    ssmi_arena_clear(&f->history);
    ssmi_arena_clear(&f->fitted);
    ssmi_arena_clear(&f->parts);
    ssmi_release(f->ctx, f);
}

static void free_forecaster(void *f)
{
    ssm_forecaster_free(f);
}

ssm_status ssmi_forecaster_own(ssm_arena *owner, ssm_forecaster *f)
{
    const ssm_status status = ssmi_arena_defer(owner, free_forecaster, f);
    if (status != SSM_OK) ssm_forecaster_free(f);
    return status;
}

ssm_status ssmi_forecaster_new_member(ssm_arena *owner, const char *name, ssm_forecaster **out)
{
    ssm_forecaster *member;
    SSMI_TRY(ssm_forecaster_new(owner->ctx, name, &member));
    SSMI_TRY(ssmi_forecaster_own(owner, member));
    *out = member;
    return SSM_OK;
}

const ssm_forecaster_type *ssm_forecaster_type_of(const ssm_forecaster *f)
{
    return f->type;
}

ssm_status ssm_forecaster_set(ssm_forecaster *f, const char *option, const char *value)
{
    if (f->stage != SSMI_STAGE_NEW) {
        return ssmi_fail(f->ctx, SSM_E_STATE, "option \"%s\" must be set before fit", option);
    }
    return ssmi_options_set(f->ctx, f->type->name, f->type->options, f->options, option, value);
}

ssm_status ssm_forecaster_get(const ssm_forecaster *f, const char *option, char *text, size_t size)
{
    const ssm_option *found = ssmi_option_find(f->type->options, option);
    if (found == NULL || size == 0) {
        return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "\"%s\" has no option \"%s\"", f->type->name, option);
    }
    ssmi_option_text(found, f->options, text, size);
    return SSM_OK;
}

ssm_status ssmi_forecaster_restart(ssm_forecaster *f)
{
    f->stage = SSMI_STAGE_NEW;
    ssmi_arena_clear(&f->history);
    ssmi_arena_clear(&f->fitted);
    memset(f->self, 0, f->type->self_size);
    return f->type->init != NULL ? f->type->init(f->self, f->options, &f->fitted) : SSM_OK;
}

ssm_status ssm_forecaster_fit(ssm_forecaster *f, const ssm_fit_task *task)
{
    SSMI_TRY(ssmi_check_task(f, task));
    SSMI_TRY(ssmi_forecaster_restart(f));
    ssm_status status = f->type->fit(f->self, task, &f->fitted, &f->scratch);
    ssmi_arena_clear(&f->scratch); /* fits are rare and their scratch can be large */
    if (status != SSM_OK) return status;
    f->horizon = task->horizon;
    f->width = f->type->caps & SSM_CAP_MULTIVARIATE ? task->n_series : 1;
    f->n_exogenous = f->type->caps & SSM_CAP_EXOGENOUS ? task->panel->n_exogenous : 0;
    f->stage = SSMI_STAGE_FITTED;
    return SSM_OK;
}

size_t ssm_forecaster_width(const ssm_forecaster *f)
{
    return f->stage == SSMI_STAGE_NEW ? 0 : f->width;
}

ssm_status ssm_forecaster_condition(ssm_forecaster *f, const ssm_series *history)
{
    if (f->stage == SSMI_STAGE_NEW) return ssmi_fail(f->ctx, SSM_E_STATE, "condition before fit");
    SSMI_TRY(ssmi_check_history(f, history));
    f->stage = SSMI_STAGE_FITTED;
    ssmi_arena_rewind(&f->history, (ssmi_mark){NULL, 0, NULL});
    ssm_status status = f->type->condition(f->self, history, &f->history, &f->scratch);
    ssmi_arena_rewind(&f->scratch, (ssmi_mark){NULL, 0, NULL});
    if (status != SSM_OK) return status;
    f->length = history->length;
    f->updates = 0;
    ssmi_clock_start(&f->clock, history);
    f->future = history->exogenous_rows - (history->exogenous != NULL ? history->length : 0);
    f->stage = SSMI_STAGE_CONDITIONED;
    return SSM_OK;
}

ssm_status ssm_forecaster_update(ssm_forecaster *f, const double *y)
{
    SSMI_TRY(ssmi_check_update(f, y));
    SSMI_TRY(f->type->update(f->self, y));
    f->updates++;
    ssmi_clock_step(&f->clock);
    if (f->n_exogenous > 0) f->future--;
    return SSM_OK;
}

ssm_status ssm_forecaster_update_at(ssm_forecaster *f, int64_t time, const double *y)
{
    SSMI_TRY(ssmi_check_update(f, y));
    SSMI_TRY(ssmi_check_time(f, time));
    SSMI_TRY(f->type->update_at(f->self, time, y));
    f->updates++;
    ssmi_clock_set(&f->clock, time);
    if (f->n_exogenous > 0) f->future--;
    return SSM_OK;
}

/* Non-finite forecasts are an error; quantiles that cross by rounding are lifted to the one below. */
static ssm_status settle(const ssm_forecaster *f, ssm_forecast *draft)
{
    for (size_t h = 0; h < draft->horizon; h++) {
        double *q = draft->quantile + h * draft->n_levels;
        int finite = isfinite(draft->mean[h]);
        for (size_t j = 0; j < draft->n_levels; j++) {
            finite = finite && isfinite(q[j]);
            if (j > 0 && q[j] < q[j - 1]) q[j] = q[j - 1];
        }
        if (!finite) {
            return ssmi_fail(f->ctx, SSM_E_NUMERIC, "\"%s\" gave a forecast that is not finite at step %zu",
                             f->type->name, h + 1);
        }
    }
    return SSM_OK;
}

/* Arrays like those of `out`, in the scratch, to be filled by the model. */
static ssm_status draft_of(ssm_forecaster *f, const ssm_forecast *out, ssm_forecast *draft)
{
    size_t cells;
    if (!ssmi_size_mul(out->horizon, out->n_levels, &cells)) {
        return ssmi_fail(f->ctx, SSM_E_MEMORY, "horizon %zu is too long", out->horizon);
    }
    *draft = *out;
    draft->mean = SSMI_ALLOC(&f->scratch, double, out->horizon);
    draft->quantile = SSMI_ALLOC(&f->scratch, double, cells);
    return draft->mean != NULL && draft->quantile != NULL ? SSM_OK : SSM_E_MEMORY;
}

static void hand_over(ssm_forecast *out, const ssm_forecast *draft)
{
    const size_t cells = out->horizon * out->n_levels;
    memcpy(out->mean, draft->mean, out->horizon * sizeof *out->mean);
    if (cells > 0) memcpy(out->quantile, draft->quantile, cells * sizeof *out->quantile);
}

/* `time` NULL: the rows after the last; else the one row then. */
static ssm_status predict_into_scratch(ssm_forecaster *f, const int64_t *time, ssm_forecast *out)
{
    ssm_forecast *draft = SSMI_ALLOC(&f->scratch, ssm_forecast, f->width);
    if (draft == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < f->width; i++) SSMI_TRY(draft_of(f, out + i, draft + i));
    SSMI_TRY(time != NULL && f->type->predict_at != NULL
                 ? f->type->predict_at(f->self, *time, draft, &f->scratch)
                 : f->type->predict(f->self, draft, &f->scratch));
    for (size_t i = 0; i < f->width; i++) SSMI_TRY(settle(f, draft + i));
    for (size_t i = 0; i < f->width; i++) hand_over(out + i, draft + i);
    return SSM_OK;
}

static ssm_status predict(ssm_forecaster *f, const int64_t *time, ssm_forecast *out)
{
    ssm_status status = predict_into_scratch(f, time, out);
    ssmi_arena_rewind(&f->scratch, (ssmi_mark){NULL, 0, NULL});
    return status;
}

ssm_status ssm_forecaster_predict(ssm_forecaster *f, ssm_forecast *out)
{
    SSMI_TRY(ssmi_check_request(f, out));
    return predict(f, NULL, out);
}

ssm_status ssm_forecaster_predict_at(ssm_forecaster *f, int64_t time, ssm_forecast *out)
{
    SSMI_TRY(ssmi_check_request(f, out));
    SSMI_TRY(ssmi_check_time(f, time));
    if (out->horizon != 1)
        return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "a forecast for one time has horizon 1, not %zu",
                         out->horizon);
    return predict(f, &time, out);
}

ssm_status ssm_forecaster_decompose(ssm_forecaster *f, ssm_decomposition *out)
{
    SSMI_TRY(ssmi_check_decompose(f, out));
    ssm_status status = f->type->decompose(f->self, out, &f->scratch);
    ssmi_arena_rewind(&f->scratch, (ssmi_mark){NULL, 0, NULL});
    return status;
}

const char *ssm_forecaster_component(const ssm_forecaster *f, size_t i)
{
    if (f->stage == SSMI_STAGE_NEW || f->type->component == NULL) return NULL;
    return f->type->component(f->self, i);
}

ssm_status ssm_forecaster_statespace(ssm_forecaster *f, ssm_fitted_system *out)
{
    ssm_fitted_system system = {.logarithm = 0};
    if (f->stage == SSMI_STAGE_NEW)
        return ssmi_fail(f->ctx, SSM_E_STATE, "%s: fit or load before asking for its system", f->type->name);
    if (f->type->statespace == NULL)
        return ssmi_fail(f->ctx, SSM_E_UNSUPPORTED, "\"%s\" is not a linear system with a constant filter",
                         f->type->name);
    ssmi_arena_rewind(&f->scratch, (ssmi_mark){NULL, 0, NULL});
    SSMI_TRY(f->type->statespace(f->self, &system, &f->scratch));
    *out = system;
    return SSM_OK;
}

ssm_status ssm_forecaster_note(const ssm_forecaster *f, char *text, size_t size)
{
    if (size == 0) return SSM_E_ARGUMENT;
    text[0] = '\0';
    if (f->stage == SSMI_STAGE_NEW || f->type->note == NULL) return SSM_OK;
    return f->type->note(f->self, text, size);
}

size_t ssm_forecaster_training(const ssm_forecaster *f, ssm_training_point *out, size_t room)
{
    if (f->stage == SSMI_STAGE_NEW || f->type->training == NULL) return 0;
    return f->type->training(f->self, out, room);
}

static size_t annotation_place(const ssm_forecaster *f, const char *key)
{
    size_t i = 0;
    while (i < f->n_annotations && strcmp(f->annotation[i].key, key) != 0) i++;
    return i;
}

ssm_status ssm_forecaster_annotate(ssm_forecaster *f, const char *key, const char *value)
{
    size_t i = annotation_place(f, key);
    if (i == SSMI_ANNOTATIONS)
        return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "more than %d annotations", SSMI_ANNOTATIONS);
    ssmi_annotation *place = &f->annotation[i];
    const size_t length = strlen(value);
    if (i < f->n_annotations && length < place->room) { /* memory does not grow with every change */
        memcpy(place->value, value, length + 1);
        return SSM_OK;
    }
    ssmi_annotation copy = {.key = ssmi_arena_strdup(&f->parts, key), .room = 2 * length + 1};
    copy.value = SSMI_ALLOC(&f->parts, char, copy.room);
    if (copy.key == NULL || copy.value == NULL) return SSM_E_MEMORY;
    memcpy(copy.value, value, length + 1);
    *place = copy;
    f->n_annotations += i == f->n_annotations;
    return SSM_OK;
}

const char *ssm_forecaster_annotation(const ssm_forecaster *f, const char *key)
{
    size_t i = annotation_place(f, key);
    return i < f->n_annotations ? f->annotation[i].value : NULL;
}
