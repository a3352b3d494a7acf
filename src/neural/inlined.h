/* Tiles and groups of vectors must be inlined and unrolled, or their constants do not fold and their vectors
 * do not stay in registers. */
#ifndef SSMCAST_NEURAL_INLINED_H
#define SSMCAST_NEURAL_INLINED_H

#if defined(__GNUC__)
#define INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#else
#define INLINE inline
#define UNROLL
#endif

#endif
