/* Random numbers: GSL's generators in memory of our own, one independent stream per purpose. */
#ifndef SSMCAST_BASE_RANDOM_H
#define SSMCAST_BASE_RANDOM_H

#include "base/arena.h"
#include <gsl/gsl_rng.h>

/* A generator seeded from ctx->seed and a stream number; equal pairs give equal sequences. It lives in the
 * arena (do not gsl_rng_free it) and can be handed to every gsl_ran_* function. NULL: out of memory. */
gsl_rng *ssmi_random_stream(ssm_arena *arena, uint64_t stream);

#endif
