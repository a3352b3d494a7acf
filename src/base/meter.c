/* Each block carries its size in front:
 *
 *   [size ......][payload ............]
 *   ^ from below ^ given out, aligned as malloc would
 */
#include "base/meter.h"

#include "base/context.h"
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

enum { FRONT = 2 * alignof(max_align_t) };

static void count(ssmi_meter *meter, size_t before, size_t after)
{
    size_t now = atomic_fetch_add(&meter->now, after - before) + after - before;
    size_t peak = atomic_load(&meter->peak);
    while (now > peak && !atomic_compare_exchange_weak(&meter->peak, &peak, now)) continue;
}

static void *metered_resize(void *user, void *pointer, size_t size)
{
    ssmi_meter *meter = user;
    unsigned char *block = pointer != NULL ? (unsigned char *)pointer - FRONT : NULL;
    size_t before = 0;
    if (block != NULL) memcpy(&before, block, sizeof before);
    if (size > SIZE_MAX - FRONT) return NULL;
    if (size == 0 && block == NULL) return NULL;
    block = meter->below.resize(meter->below.user, block, size > 0 ? size + FRONT : 0);
    if (size > 0 && block == NULL) return NULL;
    count(meter, before, size);
    if (size == 0) return NULL;
    memcpy(block, &size, sizeof size);
    return block + FRONT;
}

ssm_allocator ssmi_meter_start(ssmi_meter *meter, const ssm_context *ctx)
{
    meter->below = ctx->allocator;
    atomic_init(&meter->now, 0);
    atomic_init(&meter->peak, 0);
    return (ssm_allocator){metered_resize, meter};
}

size_t ssmi_meter_peak(ssmi_meter *meter)
{
    return atomic_load(&meter->peak);
}
