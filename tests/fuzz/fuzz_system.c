/* Systems as JSON: any bytes are refused with a message, or give a model that keeps its promises. */
#include "core/statespace_json.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ssm_context *ctx;
    ssmi_system_file file = {0};
    if (ssm_context_new(NULL, &ctx) != SSM_OK) abort();
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    ssm_status status = ssmi_system_parse(&file, "fuzz", (const char *)data, size, &arena);
    if (status != SSM_OK && status != SSM_E_FORMAT && status != SSM_E_DATA) abort();
    if (status != SSM_OK && ssm_context_message(ctx)[0] == '\0') abort();
    if (status == SSM_OK) {
        if (ssm_statespace_check(ctx, &file.model, 1) != SSM_OK || !(file.scale >= 0)) abort();
        for (size_t i = 0; i < file.model.n; i++)
            if (file.state[i][0] == '\0') abort();
    }
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
    return 0;
}
