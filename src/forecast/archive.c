/* Numbers, arrays and texts into an archive and out of it. */
#include "forecast/archive_inside.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ENTRIES = 1 << 20, FIRST_ENTRIES = 64 };
static const double LARGEST_SIZE = 9007199254740992.0; /* 2^53 */

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

ssm_arena *ssmi_archive_scratch(const ssm_archive *archive)
{
    return archive->tmp;
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

/* A file that says what it is and lacks something knew other options or parameters. */
static ssm_status reject_missing(ssm_archive *archive, const char *kind, const char *name)
{
    return ssmi_archive_reject(
        archive, "%s \"%s\" is missing: the file was written by another version of ssmcast", kind, name);
}

char *ssmi_archive_full_name(ssm_archive *archive, const char *group, const char *name)
{
    size_t size = strlen(archive->prefix) + strlen(group) + strlen(name) + 1;
    char *text = SSMI_ALLOC(archive->tmp, char, size);
    if (text != NULL) snprintf(text, size, "%s%s%s", archive->prefix, group, name);
    return text;
}

/* Room for one entry more in a list of the scratch. */
static ssm_status make_room(ssm_archive *archive, void **list, size_t n, size_t *room, size_t size)
{
    if (n == MAX_ENTRIES) return ssmi_archive_reject(archive, "too many entries");
    if (n < *room) return SSM_OK;
    const size_t wanted = *room > 0 ? 2 * *room : FIRST_ENTRIES;
    void *bigger = ssmi_arena_alloc(archive->tmp, wanted, size);
    if (bigger == NULL) return SSM_E_MEMORY;
    if (n > 0) memcpy(bigger, *list, n * size);
    *list = bigger;
    *room = wanted;
    return SSM_OK;
}

ssm_status ssmi_archive_put(ssm_archive *archive, const char *group, const char *name, const char *value)
{
    void *list = archive->pair;
    SSMI_TRY(make_room(archive, &list, archive->file.n_metadata, &archive->pair_room, sizeof *archive->pair));
    archive->file.metadata = archive->pair = list;
    ssmi_pair pair = {ssmi_archive_full_name(archive, group, name), ssmi_arena_strdup(archive->tmp, value)};
    if (pair.key == NULL || pair.value == NULL) return SSM_E_MEMORY;
    archive->pair[archive->file.n_metadata++] = pair;
    return SSM_OK;
}

ssm_status ssmi_archive_get(ssm_archive *archive, const char *group, const char *name, const char **value)
{
    char *key = ssmi_archive_full_name(archive, group, name);
    if (key == NULL) return SSM_E_MEMORY;
    *value = ssmi_safetensors_metadata(&archive->file, key);
    if (*value != NULL) return SSM_OK;
    if (*group != '\0') return reject_missing(archive, "metadata", key);
    return ssmi_archive_reject(archive, "metadata \"%s\" is missing", key);
}

static ssm_status get_number(ssm_archive *archive, const char *name, double *number)
{
    const char *text;
    char *end;
    SSMI_TRY(ssmi_archive_get(archive, "scalar.", name, &text));
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
        return ssmi_archive_put(archive, "scalar.", name, text);
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
    return ssmi_archive_put(archive, "scalar.", name, text);
}

ssm_status ssmi_archive_text(ssm_archive *archive, const char *name, char *text, size_t size)
{
    const char *stored;
    if (!archive->loading) return ssmi_archive_put(archive, "text.", name, text);
    SSMI_TRY(ssmi_archive_get(archive, "text.", name, &stored));
    if (strlen(stored) >= size) return ssmi_archive_reject(archive, "text \"%s\" is too long", name);
    memcpy(text, stored, strlen(stored) + 1);
    return SSM_OK;
}

ssm_status ssmi_archive_string(ssm_archive *archive, const char *name, const char **text)
{
    const char *stored;
    if (!archive->loading) return ssmi_archive_put(archive, "text.", name, *text);
    SSMI_TRY(ssmi_archive_get(archive, "text.", name, &stored));
    char *copy = ssmi_arena_strdup(archive->mem, stored);
    if (copy == NULL) return SSM_E_MEMORY;
    *text = copy;
    return SSM_OK;
}

static ssm_status put_tensor(ssm_archive *archive, const ssmi_tensor *tensor)
{
    void *list = archive->tensor;
    SSMI_TRY(
        make_room(archive, &list, archive->file.n_tensors, &archive->tensor_room, sizeof *archive->tensor));
    archive->file.tensor = archive->tensor = list;
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
    if (found == NULL) return reject_missing(archive, "tensor", wanted->name);
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
    ssmi_tensor tensor = {.name = ssmi_archive_full_name(archive, "", name), .dtype = dtype, .rank = rank};
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

ssm_status ssmi_archive_values(ssm_archive *archive, const char *name, double *value, size_t count)
{
    void *block = value;
    SSMI_TRY(exchange(archive, name, SSMI_F64, &block, 1, &count));
    if (archive->loading && count > 0) memcpy(value, block, count * sizeof *value);
    return SSM_OK;
}
