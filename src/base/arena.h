/* Arenas: memory that is given back all at once.
 *
 *   chunk -> chunk -> chunk        newest first; an allocation comes from the newest chunk,
 *   [used....|free ]               or from a new one that is at least twice as large
 *
 * A handle keeps one arena for what lives as long as it does; a call keeps one for scratch. Blocks are
 * zeroed and aligned to 64 bytes. An arena belongs to one thread at a time. */
#ifndef SSMCAST_BASE_ARENA_H
#define SSMCAST_BASE_ARENA_H

#include "base/context.h"

typedef struct ssmi_chunk ssmi_chunk;
typedef struct ssmi_deferred ssmi_deferred;

struct ssm_arena {
    ssm_context *ctx; /* errors are reported here */
    ssmi_chunk *newest;
    ssmi_deferred *deferred; /* calls to make before memory goes, newest first */
};

typedef struct ssmi_mark {
    ssmi_chunk *chunk;
    size_t used;
    ssmi_deferred *deferred;
} ssmi_mark;

void ssmi_arena_init(ssm_arena *arena, ssm_context *ctx);
void ssmi_arena_clear(ssm_arena *arena); /* gives everything back; the arena can be used again */

/* `count` items of `size` bytes, zeroed. NULL when memory or size_t runs out; the context then holds the
 * message, so callers write  if (p == NULL) return SSM_E_MEMORY;  A count of 0 gives a valid pointer. */
void *ssmi_arena_alloc(ssm_arena *arena, size_t count, size_t size);
char *ssmi_arena_strdup(ssm_arena *arena, const char *text);

/* Everything allocated after the mark is given back. Marks nest. */
ssmi_mark ssmi_arena_mark(const ssm_arena *arena);
void ssmi_arena_rewind(ssm_arena *arena, ssmi_mark mark);

/* Calls release(object) when the arena is cleared or rewound past this point, the last one first. For
 * objects that are not plain memory: another handle, an open file. */
ssm_status ssmi_arena_defer(ssm_arena *arena, void (*release)(void *object), void *object);

#define SSMI_ALLOC(arena, type, count) ((type *)ssmi_arena_alloc((arena), (count), sizeof(type)))

#endif
