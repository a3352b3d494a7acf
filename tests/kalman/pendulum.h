/* The pendulum of Sarkka (2013), example 5.1, which the tests of the nonlinear filters share. */
#ifndef SSMCAST_TESTS_KALMAN_PENDULUM_H
#define SSMCAST_TESTS_KALMAN_PENDULUM_H

#include "kalman/cases.h"

typedef struct pendulum {
    double dt, g;
} pendulum;

static inline ssm_status swing(void *user, size_t t, const double *x, double *next, double *F)
{
    const pendulum *p = user;
    (void)t;
    next[0] = x[0] + p->dt * x[1];
    next[1] = x[1] - p->dt * p->g * sin(x[0]);
    if (F == NULL) return SSM_OK;
    F[0] = F[3] = 1.0;
    F[1] = -p->dt * p->g * cos(x[0]);
    F[2] = p->dt;
    return SSM_OK;
}

static inline ssm_status see_sine(void *user, size_t t, const double *x, double *y, double *Z)
{
    (void)user, (void)t;
    y[0] = sin(x[0]);
    if (Z != NULL) Z[0] = cos(x[0]);
    return SSM_OK;
}

static const pendulum sarkka = {0.01, 9.8};
static const double pendulum_Q[4] = {0.01 * 1e-6 / 3, 0.01 * 1e-4 / 2, 0.01 * 1e-4 / 2, 0.01 * 0.01};
static const double pendulum_a1[2] = {1.6, 0.0}, pendulum_P1[4] = {0.1, 0, 0, 0.1}, pendulum_H[1] = {0.1};

static inline ssm_nonlinear pendulum_model(void)
{
    return (ssm_nonlinear){.n = 2,
                           .p = 1,
                           .transition = swing,
                           .observation = see_sine,
                           .user = (void *)(uintptr_t)&sarkka,
                           .Q = {pendulum_Q, 0},
                           .H = {pendulum_H, 0},
                           .a1 = pendulum_a1,
                           .P1 = pendulum_P1};
}

static inline double normal(uint64_t *seed)
{
    double sum = -6.0;
    for (int k = 0; k < 12; k++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(*seed >> 11) / 9007199254740992.0;
    }
    return sum;
}

static inline void simulate_pendulum(uint64_t seed, double *angle, double *y, size_t length)
{
    double x[2] = {1.5, 0.0}, next[2];
    for (size_t t = 0; t < length; t++) {
        angle[t] = x[0];
        y[t] = sin(x[0]) + sqrt(pendulum_H[0]) * normal(&seed);
        swing((void *)(uintptr_t)&sarkka, t, x, next, NULL);
        const double u = normal(&seed), w = normal(&seed), sd = sqrt(pendulum_Q[3]);
        x[0] = next[0] + pendulum_Q[1] / sd * u +
               sqrt(pendulum_Q[0] - pendulum_Q[1] * pendulum_Q[1] / pendulum_Q[3]) * w;
        x[1] = next[1] + sd * u;
    }
}

#endif
