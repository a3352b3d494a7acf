#include "base/arena.h"

#include <stdint.h>
#include <string.h>

enum { ALIGNMENT = 64, FIRST_CHUNK = 4096 };

struct ssmi_chunk {
    ssmi_chunk *older;
    size_t size, used; /* bytes of payload */
    unsigned char *payload;
};

struct ssmi_deferred {
    ssmi_deferred *older;
    void (*release)(void *object);
    void *object;
};

void ssmi_arena_init(ssm_arena *arena, ssm_context *ctx)
{
    *arena = (ssm_arena){.ctx = ctx};
}

static void drop_newest(ssm_arena *arena)
{
    ssmi_chunk *chunk = arena->newest;
    arena->newest = chunk->older;
    ssmi_release(arena->ctx, chunk);
}

static void run_deferred(ssm_arena *arena, const ssmi_deferred *until)
{
    while (arena->deferred != until) {
        ssmi_deferred *call = arena->deferred;
        arena->deferred = call->older;
        call->release(call->object);
    }
}

void ssmi_arena_clear(ssm_arena *arena)
{
    run_deferred(arena, NULL);
    while (arena->newest != NULL) drop_newest(arena);
}

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static ssmi_chunk *add_chunk(ssm_arena *arena, size_t bytes)
{
    size_t size = arena->newest != NULL ? 2 * arena->newest->size : FIRST_CHUNK;
    if (size < bytes) size = bytes;
    ssmi_chunk *chunk = ssmi_resize(arena->ctx, NULL, align_up(sizeof *chunk) + ALIGNMENT + size, 1);
    if (chunk == NULL) return NULL;
    uintptr_t start = (uintptr_t)(chunk + 1);
    unsigned char *payload = (unsigned char *)(chunk + 1) + (align_up(start) - start);
    *chunk = (ssmi_chunk){.older = arena->newest, .size = size, .payload = payload};
    arena->newest = chunk;
    return chunk;
}

void *ssmi_arena_alloc(ssm_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (!ssmi_size_mul(count, size, &bytes) || bytes > SIZE_MAX / 8) {
        ssmi_fail(arena->ctx, SSM_E_MEMORY, "cannot allocate %zu items of %zu bytes", count, size);
        return NULL;
    }
    bytes = align_up(bytes > 0 ? bytes : 1);
    ssmi_chunk *chunk = arena->newest;
    if (chunk == NULL || chunk->size - chunk->used < bytes) chunk = add_chunk(arena, bytes);
    if (chunk == NULL) return NULL;
    void *block = chunk->payload + chunk->used;
    chunk->used += bytes;
    return memset(block, 0, bytes);
}

char *ssmi_arena_strdup(ssm_arena *arena, const char *text)
{
    size_t length = strlen(text) + 1;
    char *copy = ssmi_arena_alloc(arena, length, 1);
    return copy != NULL ? memcpy(copy, text, length) : NULL;
}

ssm_status ssmi_arena_defer(ssm_arena *arena, void (*release)(void *object), void *object)
{
    ssmi_deferred *call = SSMI_ALLOC(arena, ssmi_deferred, 1);
    if (call == NULL) return SSM_E_MEMORY;
    *call = (ssmi_deferred){arena->deferred, release, object};
    arena->deferred = call;
    return SSM_OK;
}

ssmi_mark ssmi_arena_mark(const ssm_arena *arena)
{
    return (ssmi_mark){arena->newest, arena->newest != NULL ? arena->newest->used : 0, arena->deferred};
}

/* Everything is free, but the newest chunk, which is the largest, is kept: a loop of mark and rewind then
 * settles on one chunk and allocates no more. */
static void empty(ssm_arena *arena)
{
    ssmi_chunk *kept = arena->newest;
    if (kept == NULL) return;
    arena->newest = kept->older;
    ssmi_arena_clear(arena);
    kept->older = NULL;
    kept->used = 0;
    arena->newest = kept;
}

void ssmi_arena_rewind(ssm_arena *arena, ssmi_mark mark)
{
    run_deferred(arena, mark.deferred);
    if (mark.chunk == NULL) {
        empty(arena);
        return;
    }
    while (arena->newest != mark.chunk) drop_newest(arena);
    mark.chunk->used = mark.used;
}
