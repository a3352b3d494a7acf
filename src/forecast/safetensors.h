/* The safetensors format: 8 bytes little-endian header length, a JSON header that names dtype, shape and
 * byte range of each tensor plus string metadata, then the bytes of all tensors without gap or overlap.
 * (Format of the safetensors project, github.com/huggingface/safetensors, README "Format".)
 *
 * Reading trusts nothing: every length, range, shape and type is checked before use. */
#ifndef SSMCAST_FORECAST_SAFETENSORS_H
#define SSMCAST_FORECAST_SAFETENSORS_H

#include "base/arena.h"

enum { SSMI_TENSOR_RANK = 8 };

typedef enum ssmi_dtype { SSMI_F64, SSMI_F32, SSMI_F16, SSMI_I64, SSMI_I32, SSMI_I8, SSMI_U8 } ssmi_dtype;

size_t ssmi_dtype_size(ssmi_dtype dtype); /* bytes of one element */

typedef struct ssmi_tensor {
    const char *name;
    ssmi_dtype dtype;
    size_t rank, shape[SSMI_TENSOR_RANK];
    const unsigned char *bytes; /* little-endian, not necessarily aligned */
    size_t size;                /* bytes */
} ssmi_tensor;

typedef struct ssmi_pair {
    const char *key, *value;
} ssmi_pair;

typedef struct ssmi_safetensors {
    size_t n_tensors, n_metadata;
    const ssmi_tensor *tensor; /* in the order of their bytes */
    const ssmi_pair *metadata;
} ssmi_safetensors;

/* Reads the image of a file; `what` names it in messages. Tensor bytes point into the image, all else lives
 * in the arena. SSM_E_FORMAT says what is wrong. */
ssm_status ssmi_safetensors_parse(ssm_arena *arena, const char *what, const unsigned char *image, size_t size,
                                  ssmi_safetensors *out);

/* The image of a file with these tensors and metadata, in the order given. */
ssm_status ssmi_safetensors_build(ssm_arena *arena, const ssmi_safetensors *file, unsigned char **image,
                                  size_t *size);

const ssmi_tensor *ssmi_safetensors_find(const ssmi_safetensors *file, const char *name); /* NULL: none */
const char *ssmi_safetensors_metadata(const ssmi_safetensors *file, const char *key);     /* NULL: none */

#endif
