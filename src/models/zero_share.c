/* One packed network for all handles of a context that ask for the same weights. */
#include "base/file.h"
#include "base/shared.h"
#include "models/zero_weights.h"

#include <stdio.h>

typedef struct shared_weights {
    const char *path;
    int integer;
} shared_weights;

static ssm_status make_shared(const void *task, ssm_arena *mem, const void **thing)
{
    const shared_weights *w = task;
    ssmi_zero_network *network = SSMI_ALLOC(mem, ssmi_zero_network, 1);
    if (network == NULL) return SSM_E_MEMORY;
    *thing = network;
    return ssmi_zero_load(network, w->path, w->integer, mem);
}

ssm_status ssmi_zero_share(const ssmi_zero_network **network, const char *path, int integer, ssm_context *ctx)
{
    const shared_weights weights = {path, integer};
    char stamp[SSMI_FILE_STAMP_SIZE] = "", key[1024];
    const void *thing;
    if (path[0] != '\0') SSMI_TRY(ssmi_file_stamp(ctx, path, stamp));
    const int used = snprintf(key, sizeof key, "zero %s %s %s", integer ? "int8" : "float", stamp, path);
    if (used < 0 || (size_t)used >= sizeof key)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "the name of the file with weights is too long");
    SSMI_TRY(ssmi_shared_get(ctx, key, make_shared, &weights, &thing));
    *network = thing;
    return SSM_OK;
}
