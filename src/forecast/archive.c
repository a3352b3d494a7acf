/* Model files: a forecaster's type, options, annotations and parameters as a safetensors file.
 *
 *   metadata   format, version; per forecaster (prefix "" for the outer one): model, horizon,
 *              option.<name>, note.<key>, scalar.<name>, text.<name>
 *   tensors    <prefix><name> */
#include "forecast/archive.h"

#include "base/file.h"
#include "forecast/handle.h"
#include "forecast/safetensors.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 256, MAX_ENTRIES = 4096, MAX_DEPTH = 4, MOST_COLUMNS = 1 << 20 };
static const char FORMAT[] = "ssmcast-model-1";
static const size_t FILE_LIMIT = (size_t)1 << 32;
static const double LARGEST_SIZE = 9007199254740992.0; /* 2^53 */

struct ssm_archive {
    ssm_context *ctx;
    const char *path;
    int loading;
    size_t depth; /* of members inside members */
    ssm_arena *mem, *tmp;
    char prefix[NAME_SIZE];
    ssmi_safetensors file; /* read from, or filled */
    ssmi_tensor *tensor;   /* saving: the writable side of `file` */
    ssmi_pair *pair;
    size_t n_read; /* loading: tensors taken */
};

int ssmi_archive_loading(const ssm_archive *archive)
{
    return archive->loading;
}

ssm_context *ssmi_archive_context(const ssm_archive *archive)
{
    return archive->ctx;
}

ssm_arena *ssmi_archive_memory(const ssm_archive *archive)
{
    return archive->mem;
}

ssm_status ssmi_archive_reject(ssm_archive *archive, const char *format, ...)
{
    char why[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    return ssmi_fail(archive->ctx, SSM_E_FORMAT, "%s: %s", archive->path, why);
}

/* <prefix><group><name>, in tmp. NULL: out of memory. */
static char *full_name(ssm_archive *archive, const char *group, const char *name)
{
    size_t size = strlen(archive->prefix) + strlen(group) + strlen(name) + 1;
    char *text = SSMI_ALLOC(archive->tmp, char, size);
    if (text != NULL) snprintf(text, size, "%s%s%s", archive->prefix, group, name);
    return text;
}

static ssm_status put_text(ssm_archive *archive, const char *group, const char *name, const char *value)
{
    if (archive->file.n_metadata == MAX_ENTRIES) return ssmi_archive_reject(archive, "too many entries");
    ssmi_pair pair = {full_name(archive, group, name), ssmi_arena_strdup(archive->tmp, value)};
    if (pair.key == NULL || pair.value == NULL) return SSM_E_MEMORY;
    archive->pair[archive->file.n_metadata++] = pair;
    return SSM_OK;
}

static ssm_status get_text(ssm_archive *archive, const char *group, const char *name, const char **value)
{
    char *key = full_name(archive, group, name);
    if (key == NULL) return SSM_E_MEMORY;
    *value = ssmi_safetensors_metadata(&archive->file, key);
    return *value != NULL ? SSM_OK : ssmi_archive_reject(archive, "metadata \"%s\" is missing", key);
}

static ssm_status get_number(ssm_archive *archive, const char *name, double *number)
{
    const char *text;
    char *end;
    SSMI_TRY(get_text(archive, "scalar.", name, &text));
    *number = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !isfinite(*number)) {
        return ssmi_archive_reject(archive, "\"%s\": \"%.40s\" is not a finite number", name, text);
    }
    return SSM_OK;
}

ssm_status ssmi_archive_size(ssm_archive *archive, const char *name, size_t *value)
{
    char text[32];
    double number;
    if (!archive->loading) {
        snprintf(text, sizeof text, "%zu", *value);
        return put_text(archive, "scalar.", name, text);
    }
    SSMI_TRY(get_number(archive, name, &number));
    if (number < 0 || number > LARGEST_SIZE || number != floor(number)) {
        return ssmi_archive_reject(archive, "\"%s\" is not a size", name);
    }
    *value = (size_t)number;
    return SSM_OK;
}

ssm_status ssmi_archive_real(ssm_archive *archive, const char *name, double *value)
{
    char text[32];
    if (archive->loading) return get_number(archive, name, value);
    snprintf(text, sizeof text, "%.17g", *value);
    return put_text(archive, "scalar.", name, text);
}

ssm_status ssmi_archive_text(ssm_archive *archive, const char *name, char *text, size_t size)
{
    const char *stored;
    if (!archive->loading) return put_text(archive, "text.", name, text);
    SSMI_TRY(get_text(archive, "text.", name, &stored));
    if (strlen(stored) >= size) return ssmi_archive_reject(archive, "text \"%s\" is too long", name);
    memcpy(text, stored, strlen(stored) + 1);
    return SSM_OK;
}

ssm_status ssmi_archive_string(ssm_archive *archive, const char *name, const char **text)
{
    const char *stored;
    if (!archive->loading) return put_text(archive, "text.", name, *text);
    SSMI_TRY(get_text(archive, "text.", name, &stored));
    char *copy = ssmi_arena_strdup(archive->mem, stored);
    if (copy == NULL) return SSM_E_MEMORY;
    *text = copy;
    return SSM_OK;
}

static ssm_status put_tensor(ssm_archive *archive, const ssmi_tensor *tensor)
{
    if (archive->file.n_tensors == MAX_ENTRIES) return ssmi_archive_reject(archive, "too many tensors");
    archive->tensor[archive->file.n_tensors] = *tensor;
    archive->file.n_tensors++;
    return SSM_OK;
}

static ssm_status check_finite(ssm_archive *archive, const ssmi_tensor *wanted, const void *block,
                               size_t count)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        double x = wanted->dtype == SSMI_F64 ? ((const double *)block)[i] : (double)((const float *)block)[i];
        finite = finite && isfinite(x);
    }
    return finite
               ? SSM_OK
               : ssmi_archive_reject(archive, "tensor \"%s\" has values that are not finite", wanted->name);
}

static ssm_status get_tensor(ssm_archive *archive, const ssmi_tensor *wanted, void **data)
{
    const ssmi_tensor *found = ssmi_safetensors_find(&archive->file, wanted->name);
    if (found == NULL) return ssmi_archive_reject(archive, "tensor \"%s\" is missing", wanted->name);
    int same = found->dtype == wanted->dtype && found->rank == wanted->rank;
    for (size_t k = 0; same && k < wanted->rank; k++) same = found->shape[k] == wanted->shape[k];
    if (!same)
        return ssmi_archive_reject(archive, "tensor \"%s\" has another type or shape than the model",
                                   wanted->name);
    size_t width = ssmi_dtype_size(wanted->dtype);
    void *block = ssmi_arena_alloc(archive->mem, found->size, 1);
    if (block == NULL) return SSM_E_MEMORY;
    memcpy(block, found->bytes, found->size);
    SSMI_TRY(check_finite(archive, wanted, block, found->size / width));
    archive->n_read++;
    *data = block;
    return SSM_OK;
}

static ssm_status exchange(ssm_archive *archive, const char *name, ssmi_dtype dtype, void **data, size_t rank,
                           const size_t *shape)
{
    ssmi_tensor tensor = {.name = full_name(archive, "", name), .dtype = dtype, .rank = rank};
    size_t bytes = ssmi_dtype_size(dtype);
    if (tensor.name == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < rank; k++) {
        tensor.shape[k] = shape[k];
        if (!ssmi_size_mul(shape[k], bytes, &bytes))
            return ssmi_archive_reject(archive, "\"%s\" is too large", name);
    }
    if (archive->loading) return get_tensor(archive, &tensor, data);
    tensor.bytes = *data;
    tensor.size = bytes;
    return put_tensor(archive, &tensor);
}

ssm_status ssmi_archive_f64(ssm_archive *archive, const char *name, double **data, size_t rank,
                            const size_t *shape)
{
    void *block = *data;
    SSMI_TRY(exchange(archive, name, SSMI_F64, &block, rank, shape));
    *data = block;
    return SSM_OK;
}

ssm_status ssmi_archive_f32(ssm_archive *archive, const char *name, float **data, size_t rank,
                            const size_t *shape)
{
    void *block = *data;
    SSMI_TRY(exchange(archive, name, SSMI_F32, &block, rank, shape));
    *data = block;
    return SSM_OK;
}

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
    return SSM_OK;
}

static ssm_status save_forecaster(ssm_archive *archive, ssm_forecaster *f)
{
    char text[SSM_OPTION_TEXT_SIZE];
    SSMI_TRY(put_text(archive, "", "model", f->type->name));
    SSMI_TRY(exchange_shape(archive, f));
    for (const ssm_option *option = f->type->options; option != NULL && option->name != NULL; option++) {
        SSMI_TRY(ssm_forecaster_get(f, option->name, text, sizeof text));
        SSMI_TRY(put_text(archive, "option.", option->name, text));
    }
    for (size_t i = 0; i < f->n_annotations; i++) {
        SSMI_TRY(put_text(archive, "note.", f->annotation[i].key, f->annotation[i].value));
    }
    return f->type->params(f->self, archive);
}

static ssm_status load_notes(ssm_archive *archive, ssm_forecaster *f)
{
    char *group = full_name(archive, "note.", "");
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
        SSMI_TRY(get_text(archive, "option.", option->name, &value));
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
    SSMI_TRY(get_text(archive, "", "model", &name));
    SSMI_TRY(as_format(archive, ssmi_forecaster_new_member(archive->mem, name, &made)));
    SSMI_TRY(load_forecaster(archive, made));
    *member = made;
    return SSM_OK;
}

ssm_status ssmi_archive_member(ssm_archive *archive, const char *prefix, ssm_forecaster **member)
{
    size_t outer = strlen(archive->prefix);
    int room = outer + strlen(prefix) + 2 <= sizeof archive->prefix && archive->depth < MAX_DEPTH;
    if (!room) return ssmi_archive_reject(archive, "models are nested too deeply");
    snprintf(archive->prefix + outer, sizeof archive->prefix - outer, "%s.", prefix);
    archive->depth++;
    ssm_status status = archive->loading ? load_member(archive, member) : save_forecaster(archive, *member);
    archive->depth--;
    archive->prefix[outer] = '\0';
    return status;
}

static ssm_status save_archive(ssm_archive *archive, ssm_forecaster *f)
{
    unsigned char *image;
    size_t size;
    archive->tensor = SSMI_ALLOC(archive->tmp, ssmi_tensor, MAX_ENTRIES);
    archive->pair = SSMI_ALLOC(archive->tmp, ssmi_pair, MAX_ENTRIES);
    if (archive->tensor == NULL || archive->pair == NULL) return SSM_E_MEMORY;
    archive->file.tensor = archive->tensor;
    archive->file.metadata = archive->pair;
    SSMI_TRY(put_text(archive, "", "format", FORMAT));
    SSMI_TRY(put_text(archive, "", "version", ssm_version()));
    SSMI_TRY(save_forecaster(archive, f));
    SSMI_TRY(ssmi_safetensors_build(archive->tmp, &archive->file, &image, &size));
    return ssmi_file_replace(archive->ctx, archive->path, image, size);
}

ssm_status ssm_forecaster_save(ssm_forecaster *f, const char *path)
{
    if (f->stage == SSMI_STAGE_NEW) return ssmi_fail(f->ctx, SSM_E_STATE, "save before fit");
    ssm_arena tmp;
    ssmi_arena_init(&tmp, f->ctx);
    ssm_archive archive = {.ctx = f->ctx, .path = path, .tmp = &tmp};
    ssm_status status = save_archive(&archive, f);
    ssmi_arena_clear(&tmp);
    return status;
}

static ssm_status load_archive(ssm_archive *archive, ssm_forecaster **made)
{
    unsigned char *image;
    size_t size;
    const char *format, *name;
    SSMI_TRY(ssmi_file_read(archive->tmp, archive->path, FILE_LIMIT, &image, &size));
    SSMI_TRY(ssmi_safetensors_parse(archive->tmp, archive->path, image, size, &archive->file));
    SSMI_TRY(get_text(archive, "", "format", &format));
    if (strcmp(format, FORMAT) != 0) {
        return ssmi_archive_reject(archive, "format \"%.40s\" is not \"%s\"", format, FORMAT);
    }
    SSMI_TRY(get_text(archive, "", "model", &name));
    SSMI_TRY(as_format(archive, ssm_forecaster_new(archive->ctx, name, made)));
    SSMI_TRY(load_forecaster(archive, *made));
    if (archive->n_read == archive->file.n_tensors) return SSM_OK;
    return ssmi_archive_reject(archive, "%zu tensors that \"%s\" does not know",
                               archive->file.n_tensors - archive->n_read, name);
}

ssm_status ssm_forecaster_load(ssm_context *ctx, const char *path, ssm_forecaster **out)
{
    ssm_arena tmp;
    ssm_forecaster *made = NULL;
    ssmi_arena_init(&tmp, ctx);
    ssm_archive archive = {.ctx = ctx, .path = path, .loading = 1, .tmp = &tmp};
    ssm_status status = load_archive(&archive, &made);
    ssmi_arena_clear(&tmp);
    if (status != SSM_OK) {
        ssm_forecaster_free(made);
        return status;
    }
    *out = made;
    return SSM_OK;
}
