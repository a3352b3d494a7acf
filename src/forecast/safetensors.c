#include "forecast/safetensors.h"

#include "base/text.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model files are read and written in place: a little-endian processor is assumed"
#endif

enum { HEADER_LIMIT = 100000000, LENGTH_BYTES = 8 };

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [SSMI_F64] = {"F64", 8}, [SSMI_F32] = {"F32", 4}, [SSMI_F16] = {"F16", 2}, [SSMI_I64] = {"I64", 8},
    [SSMI_I32] = {"I32", 4}, [SSMI_I8] = {"I8", 1},   [SSMI_U8] = {"U8", 1}};

typedef struct reader {
    ssm_arena *arena;
    const char *what;
    const unsigned char *data; /* behind the header */
    size_t size;               /* bytes of data */
} reader;

size_t ssmi_dtype_size(ssmi_dtype dtype)
{
    return dtypes[dtype].size;
}

static ssm_status malformed(const reader *r, const char *name, const char *why)
{
    return ssmi_fail(r->arena->ctx, SSM_E_FORMAT, "%s: tensor \"%.80s\": %s", r->what, name, why);
}

static int find_dtype(const char *name, ssmi_dtype *dtype)
{
    for (size_t i = 0; name != NULL && i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(name, dtypes[i].name) != 0) continue;
        *dtype = (ssmi_dtype)i;
        return 1;
    }
    return 0;
}

static int json_to_size(const json_t *value, size_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) return 0;
    *out = (size_t)json_integer_value(value);
    return 1;
}

static ssm_status read_shape(const reader *r, const json_t *shape, ssmi_tensor *tensor)
{
    if (!json_is_array(shape) || json_array_size(shape) > SSMI_TENSOR_RANK) {
        return malformed(r, tensor->name, "shape is not a list of at most 8 numbers");
    }
    size_t bytes = ssmi_dtype_size(tensor->dtype);
    tensor->rank = json_array_size(shape);
    for (size_t k = 0; k < tensor->rank; k++) {
        if (!json_to_size(json_array_get(shape, k), &tensor->shape[k]) ||
            !ssmi_size_mul(tensor->shape[k], bytes, &bytes)) {
            return malformed(r, tensor->name, "shape is not a list of sizes that fit memory");
        }
    }
    return bytes == tensor->size ? SSM_OK : malformed(r, tensor->name, "shape and byte range disagree");
}

static ssm_status read_tensor(const reader *r, const char *name, const json_t *entry, ssmi_tensor *tensor)
{
    size_t begin, end;
    const json_t *range = json_object_get(entry, "data_offsets");
    *tensor = (ssmi_tensor){.name = ssmi_arena_strdup(r->arena, name)};
    if (tensor->name == NULL) return SSM_E_MEMORY;
    if (!find_dtype(json_string_value(json_object_get(entry, "dtype")), &tensor->dtype)) {
        return malformed(r, name, "unknown dtype");
    }
    if (json_array_size(range) != 2 || !json_to_size(json_array_get(range, 0), &begin) ||
        !json_to_size(json_array_get(range, 1), &end) || begin > end || end > r->size) {
        return malformed(r, name, "data_offsets are not a range inside the file");
    }
    tensor->bytes = r->data + begin;
    tensor->size = end - begin;
    return read_shape(r, json_object_get(entry, "shape"), tensor);
}

static int by_place(const void *a_, const void *b_)
{
    const ssmi_tensor *a = a_, *b = b_;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? -1 : 1;
    return a->size < b->size ? -1 : a->size > b->size;
}

static ssm_status check_cover(const reader *r, const ssmi_tensor *tensors, size_t n)
{
    const unsigned char *at = r->data;
    for (size_t i = 0; i < n; i++) {
        if (tensors[i].bytes != at)
            return malformed(r, tensors[i].name, "a hole or an overlap before its bytes");
        at += tensors[i].size;
    }
    if (at == r->data + r->size) return SSM_OK;
    return ssmi_fail(r->arena->ctx, SSM_E_FORMAT, "%s: bytes after the last tensor", r->what);
}

static ssm_status read_metadata(const reader *r, const json_t *object, ssmi_safetensors *out)
{
    const char *key;
    json_t *value;
    ssmi_pair *pairs = SSMI_ALLOC(r->arena, ssmi_pair, json_object_size(object));
    if (pairs == NULL) return SSM_E_MEMORY;
    out->metadata = pairs;
    json_object_foreach((json_t *)object, key, value)
    {
        if (!json_is_string(value)) {
            return ssmi_fail(r->arena->ctx, SSM_E_FORMAT, "%s: metadata \"%.80s\" is not a string", r->what,
                             key);
        }
        ssmi_pair pair = {ssmi_arena_strdup(r->arena, key),
                          ssmi_arena_strdup(r->arena, json_string_value(value))};
        if (pair.key == NULL || pair.value == NULL) return SSM_E_MEMORY;
        pairs[out->n_metadata++] = pair;
    }
    return SSM_OK;
}

static ssm_status read_header(const reader *r, json_t *header, ssmi_safetensors *out)
{
    const char *key;
    json_t *value;
    ssmi_tensor *tensors = SSMI_ALLOC(r->arena, ssmi_tensor, json_object_size(header));
    if (tensors == NULL) return SSM_E_MEMORY;
    json_object_foreach(header, key, value)
    {
        if (strcmp(key, "__metadata__") == 0) {
            SSMI_TRY(read_metadata(r, value, out));
        } else {
            SSMI_TRY(read_tensor(r, key, value, &tensors[out->n_tensors++]));
        }
    }
    if (out->n_tensors > 0) qsort(tensors, out->n_tensors, sizeof *tensors, by_place);
    out->tensor = tensors;
    return check_cover(r, tensors, out->n_tensors);
}

ssm_status ssmi_safetensors_parse(ssm_arena *arena, const char *what, const unsigned char *image, size_t size,
                                  ssmi_safetensors *out)
{
    uint64_t length = 0;
    json_error_t error;
    ssmi_safetensors file = {0};
    if (size >= LENGTH_BYTES) memcpy(&length, image, LENGTH_BYTES);
    if (size < LENGTH_BYTES || length > HEADER_LIMIT || length > size - LENGTH_BYTES) {
        return ssmi_fail(arena->ctx, SSM_E_FORMAT, "%s: not a safetensors file: header length does not fit",
                         what);
    }
    json_t *header =
        json_loadb((const char *)image + LENGTH_BYTES, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(header)) {
        json_decref(header);
        return ssmi_fail(arena->ctx, SSM_E_FORMAT, "%s: header is not a JSON object (byte %d)", what,
                         header == NULL ? error.position + LENGTH_BYTES : LENGTH_BYTES);
    }
    reader r = {arena, what, image + LENGTH_BYTES + length, size - LENGTH_BYTES - (size_t)length};
    ssm_status status = read_header(&r, header, &file);
    json_decref(header);
    if (status == SSM_OK) *out = file;
    return status;
}

static json_t *tensor_entry(const ssmi_tensor *tensor, size_t begin)
{
    json_t *shape = json_array();
    for (size_t k = 0; k < tensor->rank; k++)
        json_array_append_new(shape, json_integer((json_int_t)tensor->shape[k]));
    if (json_array_size(shape) != tensor->rank) {
        json_decref(shape);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtypes[tensor->dtype].name, "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)(begin + tensor->size));
}

static int append_text(const char *bytes, size_t length, void *text)
{
    ssmi_text_add(text, bytes, length);
    return ssmi_text_status(text) == SSM_OK ? 0 : -1;
}

/* 0, or -1 when memory runs out. */
static int header_text(const ssmi_safetensors *file, ssmi_text *text)
{
    size_t begin = 0;
    json_t *header = json_object(), *metadata = json_object();
    int failed = json_object_set_new(header, "__metadata__", metadata);
    for (size_t i = 0; i < file->n_metadata; i++) {
        failed |= json_object_set_new(metadata, file->metadata[i].key, json_string(file->metadata[i].value));
    }
    for (size_t i = 0; i < file->n_tensors; i++) {
        failed |= json_object_set_new(header, file->tensor[i].name, tensor_entry(&file->tensor[i], begin));
        begin += file->tensor[i].size;
    }
    if (!failed) failed = json_dump_callback(header, append_text, text, JSON_COMPACT);
    json_decref(header);
    return failed;
}

/* Spaces behind the header let the data start at a multiple of 8. */
static void lay_out(unsigned char *image, const char *header, size_t length, size_t padded,
                    const ssmi_safetensors *file)
{
    uint64_t stored = padded;
    memcpy(image, &stored, LENGTH_BYTES);
    memcpy(image + LENGTH_BYTES, header, length);
    memset(image + LENGTH_BYTES + length, ' ', padded - length);
    unsigned char *at = image + LENGTH_BYTES + padded;
    for (size_t i = 0; i < file->n_tensors; i++) {
        if (file->tensor[i].size > 0) memcpy(at, file->tensor[i].bytes, file->tensor[i].size);
        at += file->tensor[i].size;
    }
}

static ssm_status build(ssm_arena *arena, const ssmi_safetensors *file, const ssmi_text *header,
                        unsigned char **image, size_t *size)
{
    size_t padded = (header->length + 7) & ~(size_t)7, total = LENGTH_BYTES + padded;
    for (size_t i = 0; i < file->n_tensors; i++) total += file->tensor[i].size;
    unsigned char *block = SSMI_ALLOC(arena, unsigned char, total);
    if (block == NULL) return SSM_E_MEMORY;
    lay_out(block, header->bytes, header->length, padded, file);
    *image = block;
    *size = total;
    return SSM_OK;
}

ssm_status ssmi_safetensors_build(ssm_arena *arena, const ssmi_safetensors *file, unsigned char **image,
                                  size_t *size)
{
    ssmi_text header;
    ssmi_text_init(&header, arena->ctx);
    ssm_status status = SSM_E_MEMORY;
    if (header_text(file, &header) == 0) {
        status = build(arena, file, &header, image, size);
    } else {
        ssmi_fail(arena->ctx, SSM_E_MEMORY, "cannot build the header of a model file");
    }
    ssmi_text_clear(&header);
    return status;
}

const ssmi_tensor *ssmi_safetensors_find(const ssmi_safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->n_tensors; i++) {
        if (strcmp(file->tensor[i].name, name) == 0) return &file->tensor[i];
    }
    return NULL;
}

const char *ssmi_safetensors_metadata(const ssmi_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->n_metadata; i++) {
        if (strcmp(file->metadata[i].key, key) == 0) return file->metadata[i].value;
    }
    return NULL;
}
