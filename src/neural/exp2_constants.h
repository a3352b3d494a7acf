/* Polynomials shared by the single-precision vector instances.
 *
 * 2^f on [-1/2, 1/2] as 1 + f (c1 + f (c2 + ...)): minimax with the constant term held at one, so that decays
 * close to one keep their relative accuracy over long memories; relative error 9.2e-8. atanh(s)/s on s^2 in
 * [0, 1/9] as 1 + s^2 (a1 + ...): relative error 4.5e-9; log1p(u) = 2 atanh(u / (2 + u)). */
#ifndef SSMCAST_NEURAL_EXP2_CONSTANTS_H
#define SSMCAST_NEURAL_EXP2_CONSTANTS_H

#define EXP2_C1 0.6931469775985634f
#define EXP2_C2 0.24022242084962409f
#define EXP2_C3 0.05550733744089111f
#define EXP2_C4 0.00967151265859189f
#define EXP2_C5 0.0013264726948378953f

#define ATANH_A1 0.3333320814250112f
#define ATANH_A2 0.20010763635705026f
#define ATANH_A3 0.14000902402558457f
#define ATANH_A4 0.1400599445537228f

/* 1.5 * 2^23: adding it rounds a small float to an integer, which then stands in the low mantissa bits. */
#define EXP2_MAGIC   12582912.0f
#define EXP2_LOWEST  -126.0f
#define EXP2_HIGHEST 127.0f

#endif
