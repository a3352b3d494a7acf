/* Series and small structural models that the Kalman tests share. The models are written out here, apart from
 * the library's own builder. */
#ifndef SSMCAST_TESTS_KALMAN_CASES_H
#define SSMCAST_TESTS_KALMAN_CASES_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ssmcast/ssmcast.h>

enum { MOST_STATES = 16, MOST_ROWS = 200 };

/* Relative to the expected value. */
#define assert_close(found, expected, tolerance)                                                             \
    do {                                                                                                     \
        const double found_ = (found), expected_ = (expected);                                               \
        if (!(fabs(found_ - expected_) <= (tolerance)*fabs(expected_)))                                      \
            fail_msg("%s is %.15g, expected %.15g", #found, found_, expected_);                              \
    } while (0)

/* Numbers of a text file after its comment lines: the last column of each line. */
static inline size_t read_column(const char *path, double *value, size_t most)
{
    FILE *file = fopen(path, "r");
    char line[256];
    size_t count = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL && count < most) {
        const char *comma = strrchr(line, ',');
        const char *text = comma != NULL ? comma + 1 : line;
        char *end;
        const double number = strtod(text, &end);
        if (line[0] != '#' && end != text) value[count++] = number;
    }
    fclose(file);
    return count;
}

static inline size_t read_nile(double *y)
{
    return read_column(SSMCAST_DATASETS "/nile.csv", y, MOST_ROWS);
}

static inline size_t read_log_passengers(double *y)
{
    const size_t length = read_column(SSMCAST_DATASETS "/air_passengers.csv", y, MOST_ROWS);
    for (size_t t = 0; t < length; t++) y[t] = log(y[t]);
    return length;
}

/* A model of one observation with its numbers. */
typedef struct small_model {
    double Z[MOST_STATES], H[1], T[MOST_STATES * MOST_STATES], Q[MOST_STATES * MOST_STATES];
    double P1[MOST_STATES * MOST_STATES], P1inf[MOST_STATES * MOST_STATES];
    ssm_statespace model;
} small_model;

static inline void open_model(small_model *m, size_t n, double irregular)
{
    memset(m, 0, sizeof *m);
    m->H[0] = irregular;
    m->model = (ssm_statespace){.n = n,
                                .p = 1,
                                .r = n,
                                .Z.data = m->Z,
                                .H.data = m->H,
                                .T.data = m->T,
                                .Q.data = m->Q,
                                .P1 = m->P1,
                                .P1inf = m->P1inf};
    for (size_t i = 0; i < n; i++) m->P1inf[i + i * n] = 1.0;
}

static inline void local_level(small_model *m, double irregular, double level)
{
    open_model(m, 1, irregular);
    m->Z[0] = m->T[0] = 1.0;
    m->Q[0] = level;
}

/* Level and slope in states 0 and 1 of n. */
static inline void add_trend(small_model *m, double level, double slope)
{
    const size_t n = m->model.n;
    m->Z[0] = 1.0;
    m->T[0] = m->T[n] = m->T[1 + n] = 1.0;
    m->Q[0] = level;
    m->Q[1 + n] = slope;
}

static inline void local_trend(small_model *m, double irregular, double level, double slope)
{
    open_model(m, 2, irregular);
    add_trend(m, level, slope);
}

/* Trend and a seasonal of period 12 whose last 12 values sum to a random shock. */
static inline void dummy_seasonal(small_model *m, double irregular, double level, double slope,
                                  double seasonal)
{
    enum { n = 13 };
    open_model(m, n, irregular);
    add_trend(m, level, slope);
    m->Z[2] = 1.0;
    for (size_t j = 2; j < n; j++) m->T[2 + j * n] = -1.0;
    for (size_t j = 3; j < n; j++) m->T[j + (j - 1) * n] = 1.0;
    m->Q[2 + 2 * n] = seasonal;
}

/* Trend and six harmonics of period 12, each state with the same shock variance. */
static inline void trigonometric_seasonal(small_model *m, double irregular, double level, double slope,
                                          double seasonal)
{
    enum { n = 13 };
    const double pi = 3.14159265358979323846;
    open_model(m, n, irregular);
    add_trend(m, level, slope);
    for (size_t j = 1, k = 2; j <= 6; j++, k += 2) {
        const double c = cos(2 * pi * (double)j / 12), s = sin(2 * pi * (double)j / 12);
        m->Z[k] = 1.0;
        m->T[k + k * n] = c;
        m->Q[k + k * n] = seasonal;
        if (j == 6) break;
        m->T[k + (k + 1) * n] = s;
        m->T[k + 1 + k * n] = -s;
        m->T[k + 1 + (k + 1) * n] = c;
        m->Q[k + 1 + (k + 1) * n] = seasonal;
    }
}

static inline ssm_context *open_context(void)
{
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    return ctx;
}

#endif
