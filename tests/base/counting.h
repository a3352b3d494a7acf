/* An allocator for tests: counts what is out, and fails on the call it is told to. */
#ifndef TESTS_BASE_COUNTING_H
#define TESTS_BASE_COUNTING_H

#include <ssmcast/context.h>
#include <stdlib.h>

typedef struct counting {
    size_t calls;    /* requests for memory so far */
    size_t fail_at;  /* this request, counted from 1, and all after it fail; 0: none */
    long blocks_out; /* given out and not taken back */
} counting;

static inline void *counting_resize(void *user, void *pointer, size_t size)
{
    counting *c = user;
    if (size == 0) {
        c->blocks_out -= pointer != NULL;
        free(pointer);
        return NULL;
    }
    c->calls++;
    if (c->fail_at != 0 && c->calls >= c->fail_at) return NULL;
    void *block = realloc(pointer, size);
    if (block != NULL && pointer == NULL) c->blocks_out++;
    return block;
}

static inline ssm_allocator counting_allocator(counting *c)
{
    return (ssm_allocator){counting_resize, c};
}

#endif
