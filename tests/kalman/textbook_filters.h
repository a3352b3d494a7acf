/* Extended and unscented filter of the pendulum as the textbooks write them, covariances in full (Sarkka
 * 2013, algorithms 5.4 and 5.14). The unscented one has alpha = 1, beta = 2, kappa = 0. */
#ifndef SSMCAST_TESTS_KALMAN_TEXTBOOK_FILTERS_H
#define SSMCAST_TESTS_KALMAN_TEXTBOOK_FILTERS_H

#include "kalman/pendulum.h"

typedef struct book {
    double a[2], P[4];
} book;

static inline void book_update(book *b, double mean, double S, const double *C, double y)
{
    const double K[2] = {C[0] / S, C[1] / S};
    for (size_t i = 0; i < 2; i++) b->a[i] += K[i] * (y - mean);
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 2; k++) b->P[i + 2 * k] -= K[i] * S * K[k];
    }
}

static inline void book_ekf_row(book *b, double y)
{
    const double z = cos(b->a[0]), C[2] = {b->P[0] * z, b->P[1] * z};
    book_update(b, sin(b->a[0]), z * C[0] + pendulum_H[0], C, y);
    double next[2], F[4] = {0}, FP[4] = {0};
    swing((void *)(uintptr_t)&sarkka, 0, b->a, next, F);
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 2; k++) FP[i + 2 * k] = F[i] * b->P[2 * k] + F[i + 2] * b->P[1 + 2 * k];
    }
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 2; k++)
            b->P[i + 2 * k] = FP[i] * F[k] + FP[i + 2] * F[k + 2] + pendulum_Q[i + 2 * k];
    }
    memcpy(b->a, next, sizeof next);
}

/* Points a, a +- sqrt(2) u_i with P = sum u_i u_i' by the Cholesky factor. */
static inline void book_points(const book *b, double x[5][2])
{
    const double l00 = sqrt(b->P[0]), l10 = b->P[1] / l00, l11 = sqrt(b->P[3] - l10 * l10), g = sqrt(2.0);
    const double u[2][2] = {{l00, l10}, {0.0, l11}};
    for (size_t i = 0; i < 2; i++) {
        x[0][i] = b->a[i];
        for (size_t k = 0; k < 2; k++) {
            x[1 + k][i] = b->a[i] + g * u[k][i];
            x[3 + k][i] = b->a[i] - g * u[k][i];
        }
    }
}

/* Weights of the mean 0, 1/4 ...; of the covariance 2, 1/4 ... */
static inline void book_ukf_row(book *b, double y)
{
    double x[5][2], next[5][2], mean = 0.0, S = pendulum_H[0], C[2] = {0, 0};
    book_points(b, x);
    for (size_t k = 1; k < 5; k++) mean += 0.25 * sin(x[k][0]);
    for (size_t k = 0; k < 5; k++) {
        const double w = k == 0 ? 2.0 : 0.25, d = sin(x[k][0]) - mean;
        S += w * d * d;
        for (size_t i = 0; i < 2; i++) C[i] += w * (x[k][i] - b->a[i]) * d;
    }
    book_update(b, mean, S, C, y);
    book_points(b, x);
    b->a[0] = b->a[1] = 0.0;
    memcpy(b->P, pendulum_Q, sizeof b->P);
    for (size_t k = 0; k < 5; k++) swing((void *)(uintptr_t)&sarkka, 0, x[k], next[k], NULL);
    for (size_t k = 1; k < 5; k++) {
        for (size_t i = 0; i < 2; i++) b->a[i] += 0.25 * next[k][i];
    }
    for (size_t k = 0; k < 5; k++) {
        const double w = k == 0 ? 2.0 : 0.25, d[2] = {next[k][0] - b->a[0], next[k][1] - b->a[1]};
        for (size_t i = 0; i < 2; i++) {
            for (size_t l = 0; l < 2; l++) b->P[i + 2 * l] += w * d[i] * d[l];
        }
    }
}

#endif
