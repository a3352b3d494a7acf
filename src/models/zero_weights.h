/* The weights of the pretrained network, from the library itself or from a file. */
#ifndef SSMCAST_MODELS_ZERO_WEIGHTS_H
#define SSMCAST_MODELS_ZERO_WEIGHTS_H

#include "base/digest.h"
#include "neural/parameters.h"
#include "neural/zero_network.h"

/* `path`: a safetensors file; "": the weights that come with the library. Matrices may be F32, F16, or I8
 * with one F32 scale per row beside them (`x.weight` and `x.scale`); everything else is F32 or F16. Sizes are
 * those of the tensors. With `integer` the matrices are kept as 8-bit integers. The network lives in `mem`.
 * SSM_E_FORMAT: not such a file, or damaged; SSM_E_IO: cannot be read. */
ssm_status ssmi_zero_load(ssmi_zero_network *network, const char *path, int integer, ssm_arena *mem);

/* The same with other values of the table's tensors, whose names are those of the file. */
ssm_status ssmi_zero_load_tuned(ssmi_zero_network *network, const char *path, int integer,
                                const ssmi_parameters *table, const float *params, ssm_arena *mem);
/* The values of the table's tensors (table->size), in single precision. Errors of ssmi_zero_load;
 * SSM_E_FORMAT too where a tensor has another shape. */
ssm_status ssmi_zero_read(float *params, const ssmi_parameters *table, const char *path, ssm_arena *tmp);

/* Of all bytes of the file, or of the library's weights. */
ssm_status ssmi_zero_digest(unsigned char out[SSMI_DIGEST_SIZE], const char *path, ssm_arena *tmp);

/* The same network once for all handles of a context, see base/shared.h. A file that changes is another one.
 */
ssm_status ssmi_zero_share(const ssmi_zero_network **network, const char *path, int integer,
                           ssm_context *ctx);

/* The same from the image of a file; `what` names it in messages. */
ssm_status ssmi_zero_unpack(ssmi_zero_network *network, const char *what, const unsigned char *image,
                            size_t size, int integer, ssm_arena *mem);

#endif
