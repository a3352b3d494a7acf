/* Model files: any bytes must be refused with a message or read without touching memory outside of them. */
#include "forecast/safetensors.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read must be written and read again to the same. */
static void check_round_trip(ssm_arena *arena, const ssmi_safetensors *file)
{
    unsigned char *image;
    size_t size;
    ssmi_safetensors again;
    if (ssmi_safetensors_build(arena, file, &image, &size) != SSM_OK) abort();
    if (ssmi_safetensors_parse(arena, "again", image, size, &again) != SSM_OK) abort();
    if (again.n_tensors != file->n_tensors || again.n_metadata != file->n_metadata) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ssm_context *ctx;
    if (ssm_context_new(NULL, &ctx) != SSM_OK) abort();
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    ssmi_safetensors file = {0};
    ssm_status status = ssmi_safetensors_parse(&arena, "fuzz", data, size, &file);
    if (status != SSM_OK && status != SSM_E_FORMAT) abort();
    if (status != SSM_OK && ssm_context_message(ctx)[0] == '\0') abort();
    for (size_t i = 0; i < file.n_tensors; i++) {
        const ssmi_tensor *t = &file.tensor[i];
        if (t->size > 0 && (t->bytes < data || t->bytes + t->size > data + size)) abort();
    }
    if (status == SSM_OK) check_round_trip(&arena, &file);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
    return 0;
}
