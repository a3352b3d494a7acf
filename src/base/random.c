#include "base/random.h"

/* splitmix64 (Steele, Lea & Flood 2014): turns (seed, stream) into well separated seeds. */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

gsl_rng *ssmi_random_stream(ssm_arena *arena, uint64_t stream)
{
    /* gsl_rng_alloc would reach GSL's aborting handler when malloc fails; the struct is public, so it is
     * filled here with memory of the arena. */
    const gsl_rng_type *type = gsl_rng_mt19937;
    gsl_rng *rng = SSMI_ALLOC(arena, gsl_rng, 1);
    void *state = ssmi_arena_alloc(arena, 1, type->size);
    if (rng == NULL || state == NULL) return NULL;
    rng->type = type;
    rng->state = state;
    gsl_rng_set(rng, (unsigned long)(mix(arena->ctx->seed ^ mix(stream)) & 0xffffffffu));
    return rng;
}
