/* Kernels of the square-root filter, in double and, with _float at the end of the name, in float: the
 * variance of the state is P = U'U with U (n, n) upper triangular. C99, nothing from libc but sqrt, no
 * allocation; P is never formed, so no rounding can make it indefinite. */
#ifndef SSMCAST_KALMAN_SQUARE_ROOT_H
#define SSMCAST_KALMAN_SQUARE_ROOT_H

#include <stddef.h>

/* Takes in a scalar y = z alpha + eps. In: u = U z', e the root of its error's variance. Out: f >= 0, the
 * root of F, is returned; K f = P z'. So  a <- a + K (v / f).  U of the state after it. */
double ssmi_root_update(double *U /* (n, n) */, double *K /* (n) */, const double *u /* (n) */, double e,
                        size_t n);
float ssmi_root_update_float(float *U, float *K, const float *u, float e, size_t n);

/* U of T P T' + G G'. */
void ssmi_root_predict(double *U /* (n, n) */, const double *T /* (n, n) */, const double *G /* (n, r) */,
                       double *work /* ((n + r) * n) */, size_t n, size_t r);
void ssmi_root_predict_float(float *U, const float *T, const float *G, float *work, size_t n, size_t r);

/* U with U'U = A'A. A is destroyed. */
void ssmi_root_triangle(double *U /* (n, n) */, double *A /* (m, n) */, size_t m, size_t n);
void ssmi_root_triangle_float(float *U, float *A, size_t m, size_t n);

/* U'U += x x'. x is destroyed. */
void ssmi_root_append(double *U /* (n, n) */, double *x /* (n) */, size_t n);
void ssmi_root_append_float(float *U, float *x, size_t n);

#endif
