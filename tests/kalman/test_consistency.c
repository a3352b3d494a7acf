/* Are the variances that the filter states those of its errors? A thousand random systems, a thousand rows
 * each, in single and in double precision (Bar-Shalom, Li & Kirubarajan 2001, sec. 5.4):
 *
 *     sum over rows and sensors of v^2 / F                 chi-square, a degree for each        (NIS)
 *     (x - truth)' P^-1 (x - truth) after a given row      chi-square with n degrees            (NEES)
 *
 * Innovations are independent over time, so each system has a band of its own, and about 1 in 100 systems
 * leaves the 99 % band; errors are not, so they are pooled over the systems, row by row. */
#include "dense_filter.h"
#include "kalman/kf.h"

#include <gsl/gsl_cdf.h>

enum { MOST_STATES = 8, CONSISTENCY_ROWS = 1000, SYSTEMS = 1000, LOOKS = 4 };

static const size_t rows_looked_at[LOOKS] = {1, 10, 100, CONSISTENCY_ROWS};

static void move_truth(double *truth, const dense_system *s, uint64_t *seed)
{
    double moved[MOST_STATES] = {0};
    for (size_t j = 0; j < s->n; j++) {
        for (size_t i = 0; i < s->n; i++) moved[i] += s->T[i + j * s->n] * truth[j];
    }
    for (size_t j = 0; j < s->r; j++) {
        const double shock = sqrt(s->q[j]) * dense_normal(seed);
        for (size_t i = 0; i < s->n; i++) moved[i] += s->G[i + j * s->n] * shock;
    }
    memcpy(truth, moved, s->n * sizeof *truth);
}

/* clang-format off */
#include "kalman/real_f32.h"
#include "consistency_body.h"
#include "kalman/real_end.h"
#include "kalman/real_f64.h"
#include "consistency_body.h"
#include "kalman/real_end.h"
/* clang-format on */

typedef double follow(const dense_system *s, uint64_t *seed, double *error);

/* Halves T, which loses no bit, until no row sum of it reaches 1. */
static void make_stable(dense_system *s)
{
    double most = 0.0;
    for (size_t i = 0; i < s->n; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < s->n; j++) sum += fabs(s->T[i + j * s->n]);
        most = fmax(most, sum);
    }
    for (; most >= 1.0; most /= 2) {
        for (size_t k = 0; k < s->n * s->n; k++) s->T[k] /= 2;
    }
}

static int inside(double x, double degrees)
{
    const double below = gsl_cdf_chisq_P(x, degrees);
    return below >= 0.005 && below <= 0.995;
}

static void check(follow *run)
{
    double error[LOOKS] = {0}, innovations = 0.0;
    size_t states = 0, sensors = 0, outside = 0;
    uint64_t seed = 2026;
    for (size_t k = 0; k < SYSTEMS; k++) {
        dense_system s;
        const size_t n = 1 + k % MOST_STATES, p = 1 + k % DENSE_SENSORS;
        dense_random(&s, n, p, n, &seed); /* as many shocks as states: none is ever known exactly */
        make_stable(&s);
        const double sum = run(&s, &seed, error);
        outside += !inside(sum, (double)(p * CONSISTENCY_ROWS));
        innovations += sum;
        states += n;
        sensors += p;
    }
    assert_true(outside <= 22); /* of 1000, 10 are expected: 22 or more in 1 run of 1800 */
    assert_true(inside(innovations, (double)(sensors * CONSISTENCY_ROWS)));
    for (size_t k = 0; k < LOOKS; k++) {
        if (!inside(error[k], (double)states))
            fail_msg("row %zu: %g for %zu degrees", rows_looked_at[k], error[k], states);
    }
}

static void single_precision_states_its_errors(void **state)
{
    (void)state;
    check(ssmi_follow_f32);
}

static void double_precision_states_its_errors(void **state)
{
    (void)state;
    check(ssmi_follow_f64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_precision_states_its_errors),
        cmocka_unit_test(double_precision_states_its_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
