/* Model files and files of states: forecasters with type, options, annotations, parameters, and perhaps what
 * they have seen, as a safetensors file.
 *
 *   metadata   format, version; per forecaster (prefix "" for the outer one): model, horizon,
 *              option.<name>, note.<key>, scalar.<name>, text.<name>
 *   tensors    <prefix><name>
 *
 * A file of states holds n forecasters, with the prefixes "0." to "n-1.", and after each its state. */
#include "forecast/archive_inside.h"

#include "base/file.h"
#include "forecast/archive_clock.h"
#include "forecast/handle.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 4, MOST_COLUMNS = 1 << 20 };
static const size_t FILE_LIMIT = (size_t)1 << 32;

/* What a kind of file holds; `subject` is given to save or load. */
typedef struct content {
    const char *format;
    ssm_status (*save)(ssm_archive *archive, void *subject);
    ssm_status (*load)(ssm_archive *archive, void *subject);
} content;

/* What the front door knows of the fit; sizes that only some models have are written by those alone. */
static ssm_status exchange_shape(ssm_archive *archive, ssm_forecaster *f)
{
    if (archive->loading) f->width = 1, f->n_exogenous = 0;
    SSMI_TRY(ssmi_archive_size(archive, "fit.horizon", &f->horizon));
    if (f->type->caps & SSM_CAP_MULTIVARIATE) SSMI_TRY(ssmi_archive_size(archive, "fit.width", &f->width));
    if (f->type->caps & SSM_CAP_EXOGENOUS)
        SSMI_TRY(ssmi_archive_size(archive, "fit.exogenous", &f->n_exogenous));
    if (f->width < 1 || f->width > MOST_COLUMNS || f->n_exogenous > MOST_COLUMNS)
        return ssmi_archive_reject(archive, "the number of columns is out of range");
    archive->width = f->width;
    return SSM_OK;
}

ssm_status ssmi_archive_vector(ssm_archive *archive, size_t n)
{
    if (archive->width == n) return SSM_OK;
    return ssmi_archive_reject(archive, "a model of %zu series, said to be of %zu", n, archive->width);
}

static ssm_status save_forecaster(ssm_archive *archive, ssm_forecaster *f)
{
    char text[SSM_OPTION_TEXT_SIZE];
    SSMI_TRY(ssmi_archive_put(archive, "", "model", f->type->name));
    SSMI_TRY(exchange_shape(archive, f));
    for (const ssm_option *option = f->type->options; option != NULL && option->name != NULL; option++) {
        SSMI_TRY(ssm_forecaster_get(f, option->name, text, sizeof text));
        SSMI_TRY(ssmi_archive_put(archive, "option.", option->name, text));
    }
    for (size_t i = 0; i < f->n_annotations; i++) {
        SSMI_TRY(ssmi_archive_put(archive, "note.", f->annotation[i].key, f->annotation[i].value));
    }
    return f->type->params(f->self, archive);
}

static ssm_status load_notes(ssm_archive *archive, ssm_forecaster *f)
{
    char *group = ssmi_archive_full_name(archive, "note.", "");
    if (group == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < archive->file.n_metadata; i++) {
        const ssmi_pair *pair = &archive->file.metadata[i];
        if (strncmp(pair->key, group, strlen(group)) != 0) continue;
        SSMI_TRY(ssm_forecaster_annotate(f, pair->key + strlen(group), pair->value));
    }
    return SSM_OK;
}

/* A model's own range errors count as a damaged file here. */
static ssm_status as_format(ssm_archive *archive, ssm_status status)
{
    if (status != SSM_E_ARGUMENT) return status;
    return ssmi_fail_prefix(archive->ctx, SSM_E_FORMAT, "%s: ", archive->path);
}

static ssm_status load_forecaster(ssm_archive *archive, ssm_forecaster *f)
{
    const char *value;
    ssm_arena *outer = archive->mem;
    for (const ssm_option *option = f->type->options; option != NULL && option->name != NULL; option++) {
        SSMI_TRY(ssmi_archive_get(archive, "option.", option->name, &value));
        SSMI_TRY(as_format(archive, ssm_forecaster_set(f, option->name, value)));
    }
    SSMI_TRY(load_notes(archive, f));
    SSMI_TRY(as_format(archive, ssmi_forecaster_restart(f)));
    SSMI_TRY(exchange_shape(archive, f));
    archive->mem = &f->fitted;
    ssm_status status = as_format(archive, f->type->params(f->self, archive));
    archive->mem = outer;
    if (status == SSM_OK) f->stage = SSMI_STAGE_FITTED;
    return status;
}

static ssm_status load_member(ssm_archive *archive, ssm_forecaster **member)
{
    const char *name;
    ssm_forecaster *made;
    SSMI_TRY(ssmi_archive_get(archive, "", "model", &name));
    SSMI_TRY(as_format(archive, ssmi_forecaster_new_member(archive->mem, name, &made)));
    SSMI_TRY(load_forecaster(archive, made));
    *member = made;
    return SSM_OK;
}

ssm_status ssmi_archive_enter(ssm_archive *archive, const char *prefix, size_t *outer)
{
    *outer = strlen(archive->prefix);
    int room = *outer + strlen(prefix) + 2 <= sizeof archive->prefix && archive->depth < MAX_DEPTH;
    if (!room) return ssmi_archive_reject(archive, "models are nested too deeply");
    snprintf(archive->prefix + *outer, sizeof archive->prefix - *outer, "%s.", prefix);
    archive->depth++;
    return SSM_OK;
}

void ssmi_archive_leave(ssm_archive *archive, size_t outer)
{
    archive->depth--;
    archive->prefix[outer] = '\0';
}

ssm_status ssmi_archive_member(ssm_archive *archive, const char *prefix, ssm_forecaster **member)
{
    const size_t width = archive->width;
    size_t outer;
    SSMI_TRY(ssmi_archive_enter(archive, prefix, &outer));
    ssm_status status = archive->loading ? load_member(archive, member) : save_forecaster(archive, *member);
    ssmi_archive_leave(archive, outer);
    archive->width = width;
    return status;
}

/* ---- files ---- */

static ssm_status save_content(ssm_archive *archive, const content *c, void *subject)
{
    unsigned char *image;
    size_t size;
    SSMI_TRY(ssmi_archive_put(archive, "", "format", c->format));
    SSMI_TRY(ssmi_archive_put(archive, "", "version", ssm_version()));
    SSMI_TRY(c->save(archive, subject));
    SSMI_TRY(ssmi_safetensors_build(archive->tmp, &archive->file, &image, &size));
    return ssmi_file_replace(archive->ctx, archive->path, image, size);
}

static ssm_status load_content(ssm_archive *archive, const content *c, void *subject)
{
    unsigned char *image;
    size_t size;
    const char *format;
    SSMI_TRY(ssmi_file_read(archive->tmp, archive->path, FILE_LIMIT, &image, &size));
    SSMI_TRY(ssmi_safetensors_parse(archive->tmp, archive->path, image, size, &archive->file));
    SSMI_TRY(ssmi_archive_get(archive, "", "format", &format));
    if (strcmp(format, c->format) != 0) {
        return ssmi_archive_reject(archive, "format \"%.40s\" is not \"%s\"", format, c->format);
    }
    SSMI_TRY(c->load(archive, subject));
    if (archive->n_read == archive->file.n_tensors) return SSM_OK;
    return ssmi_archive_reject(archive, "%zu tensors that the model does not know",
                               archive->file.n_tensors - archive->n_read);
}

static ssm_status save_file(ssm_context *ctx, const char *path, const content *c, void *subject)
{
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    ssm_archive archive = {.ctx = ctx, .path = path, .tmp = &tmp};
    ssm_status status = save_content(&archive, c, subject);
    ssmi_arena_clear(&tmp);
    return status;
}

static ssm_status load_file(ssm_context *ctx, const char *path, const content *c, void *subject)
{
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    ssm_archive archive = {.ctx = ctx, .path = path, .loading = 1, .tmp = &tmp};
    ssm_status status = load_content(&archive, c, subject);
    ssmi_arena_clear(&tmp);
    return status;
}

/* ---- one model ---- */

static ssm_status load_new(ssm_archive *archive, ssm_forecaster **made)
{
    const char *name;
    SSMI_TRY(ssmi_archive_get(archive, "", "model", &name));
    SSMI_TRY(as_format(archive, ssm_forecaster_new(archive->ctx, name, made)));
    return load_forecaster(archive, *made);
}

static ssm_status save_model(ssm_archive *archive, void *f)
{
    return save_forecaster(archive, f);
}

static ssm_status load_model(ssm_archive *archive, void *made)
{
    return load_new(archive, made);
}

static const content model_file = {"ssmcast-model-1", save_model, load_model};

ssm_status ssm_forecaster_save(ssm_forecaster *f, const char *path)
{
    if (f->stage == SSMI_STAGE_NEW) return ssmi_fail(f->ctx, SSM_E_STATE, "save before fit");
    return save_file(f->ctx, path, &model_file, f);
}

ssm_status ssm_forecaster_load(ssm_context *ctx, const char *path, ssm_forecaster **out)
{
    ssm_forecaster *made = NULL;
    ssm_status status = load_file(ctx, path, &model_file, &made);
    if (status != SSM_OK) {
        ssm_forecaster_free(made);
        return status;
    }
    *out = made;
    return SSM_OK;
}

/* ---- states ---- */

typedef struct states {
    ssm_forecaster **f;
    size_t n, room;
} states;

static ssm_status exchange_state(ssm_archive *archive, ssm_forecaster *f)
{
    ssm_arena *outer = archive->mem;
    if (f->type->state == NULL)
        return ssmi_fail(f->ctx, SSM_E_UNSUPPORTED, "\"%s\" cannot be updated row by row", f->type->name);
    if (f->n_exogenous > 0)
        return ssmi_fail(f->ctx, SSM_E_UNSUPPORTED, "\"%s\" with exogenous columns cannot keep its state",
                         f->type->name);
    SSMI_TRY(ssmi_archive_size(archive, "state.length", &f->length));
    if (archive->loading) f->updates = 1; /* the rows themselves are gone */
    archive->mem = &f->history;
    ssm_status status = ssmi_archive_clock(archive, "state.front", &f->clock);
    if (status == SSM_OK) status = as_format(archive, f->type->state(f->self, archive));
    archive->mem = outer;
    if (status == SSM_OK) f->stage = SSMI_STAGE_CONDITIONED;
    return status;
}

static ssm_status exchange_one(ssm_archive *archive, size_t i, ssm_forecaster **f)
{
    char prefix[24];
    size_t outer;
    snprintf(prefix, sizeof prefix, "%zu", i);
    SSMI_TRY(ssmi_archive_enter(archive, prefix, &outer));
    ssm_status status = archive->loading ? load_new(archive, f) : save_forecaster(archive, *f);
    if (status == SSM_OK) status = exchange_state(archive, *f);
    ssmi_archive_leave(archive, outer);
    return status;
}

static ssm_status exchange_states(ssm_archive *archive, void *subject)
{
    states *s = subject;
    SSMI_TRY(ssmi_archive_size(archive, "count", &s->n));
    if (s->n > s->room) {
        const size_t found = s->n;
        s->n = 0;
        return ssmi_fail(archive->ctx, SSM_E_ARGUMENT, "%s: %zu forecasters, more than %zu", archive->path,
                         found, s->room);
    }
    for (size_t i = 0; i < s->n; i++) SSMI_TRY(exchange_one(archive, i, s->f + i));
    return SSM_OK;
}

static const content state_file = {"ssmcast-state-1", exchange_states, exchange_states};

ssm_status ssm_forecaster_save_state(ssm_forecaster *const *f, size_t n, const char *path)
{
    states s = {(ssm_forecaster **)f, n, n};
    if (n == 0) return SSM_E_ARGUMENT;
    for (size_t i = 0; i < n; i++) {
        if (f[i]->stage != SSMI_STAGE_CONDITIONED)
            return ssmi_fail(f[0]->ctx, SSM_E_STATE, "saving the state before condition");
    }
    return save_file(f[0]->ctx, path, &state_file, &s);
}

ssm_status ssm_forecaster_load_state(ssm_context *ctx, const char *path, size_t room, ssm_forecaster **out,
                                     size_t *n)
{
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    states s = {SSMI_ALLOC(&tmp, ssm_forecaster *, room), 0, room};
    ssm_status status = s.f != NULL ? load_file(ctx, path, &state_file, &s) : SSM_E_MEMORY;
    for (size_t i = 0; status != SSM_OK && s.f != NULL && i < room; i++) ssm_forecaster_free(s.f[i]);
    if (status == SSM_OK) {
        memcpy(out, s.f, s.n * sizeof *out);
        *n = s.n;
    }
    ssmi_arena_clear(&tmp);
    return status;
}
