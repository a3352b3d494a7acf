/* Polynomials shared by the single-precision vector instances.
 *
 * 2^f on [-1/2, 1/2] as 1 + f (c1 + f (c2 + ...)): minimax with the constant term held at one, so that decays
 * close to one keep their relative accuracy over long memories; relative error 9.2e-8. log(1 + u)/u on [0, 1]
 * as 1 + u (c1 + ...): relative error 3.3e-8. */
#ifndef SSMCAST_NEURAL_EXP2_CONSTANTS_H
#define SSMCAST_NEURAL_EXP2_CONSTANTS_H

#define EXP2_C1 0.6931469775985634f
#define EXP2_C2 0.24022242084962409f
#define EXP2_C3 0.05550733744089111f
#define EXP2_C4 0.00967151265859189f
#define EXP2_C5 0.0013264726948378953f

/* 2^f on [0, 1], with both ends exact for the same reason. */
#define EXP2_F1 0.69315173883017f
#define EXP2_F2 0.24015927146758f
#define EXP2_F3 0.05581867593972f
#define EXP2_F4 0.00899099513225f
#define EXP2_F5 0.00187931863027f

#define LOG1P_C1 -0.499996479638f
#define LOG1P_C2 0.333213226246f
#define LOG1P_C3 -0.248571637203f
#define LOG1P_C4 0.191536551408f
#define LOG1P_C5 -0.137538027537f
#define LOG1P_C6 0.0792045402406f
#define LOG1P_C7 -0.0300657950387f
#define LOG1P_C8 0.00536482498454f

/* 1.5 * 2^23: adding it rounds a small float to an integer, which then stands in the low mantissa bits. */
#define EXP2_MAGIC   12582912.0f
#define EXP2_LOWEST  -126.0f
#define EXP2_HIGHEST 127.0f

#endif
