/* The optimiser's border: known maxima, bounds, points that cannot be used, giving up. */
#include "core/climb.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct counter {
    int calls, stop_at;
} counter;

static double valley(void *user, const double *x, double *gradient, int *stop)
{
    counter *c = user;
    const double a = x[0] - 1, b = x[1] - x[0] * x[0];
    *stop = ++c->calls == c->stop_at;
    if (gradient != NULL) {
        gradient[0] = -2 * a + 40 * b * x[0];
        gradient[1] = -20 * b;
    }
    return -a * a - 10 * b * b;
}

/* log has no value left of zero; the search starts near and steps over. */
static double edge(void *user, const double *x, double *gradient, int *stop)
{
    (void)user, (void)stop;
    if (gradient != NULL) gradient[0] = 1 / x[0] - 100;
    return x[0] > 0 ? log(x[0]) - 100 * x[0] : NAN;
}

static ssmi_climb_task task_of(size_t n, ssmi_objective f, counter *c, const double *low, const double *high)
{
    return (ssmi_climb_task){.n = n,
                             .objective = f,
                             .user = c,
                             .low = low,
                             .high = high,
                             .precision = 1e-12,
                             .most_evaluations = 500};
}

static void valley_is_climbed(void **state)
{
    (void)state;
    counter c = {0, 0};
    const double low[2] = {-5, -5}, high[2] = {5, 5};
    double x[2] = {-1, 1}, work[6];
    const ssmi_climb_task task = task_of(2, valley, &c, low, high);
    const ssmi_climb_result r = ssmi_climb(x, &task, work);
    assert_true(r.converged && fabs(r.value) < 1e-9);
    assert_true(fabs(x[0] - 1) < 1e-4 && fabs(x[1] - 1) < 1e-4);
    assert_int_equal(r.evaluations, c.calls);
}

static void differences_climb_as_the_gradient_does(void **state)
{
    (void)state;
    counter c = {0, 0};
    const double low[2] = {-5, -5}, high[2] = {0.5, 5};
    for (int scaled = 0; scaled < 2; scaled++) {
        double x[2] = {-1, 1}, work[6];
        ssmi_climb_task task = task_of(2, valley, &c, low, high);
        task.difference = 1e-4;
        task.size = scaled ? 100 : 0;
        const ssmi_climb_result r = ssmi_climb(x, &task, work);
        /* at the bound x = 1/2, y = 1/4: -(1/2)^2 */
        assert_true(r.converged && fabs(r.value + 0.25) < 1e-7);
        assert_true(fabs(x[0] - 0.5) < 1e-6 && fabs(x[1] - 0.25) < 1e-4);
    }
}

static void bounds_hold(void **state)
{
    (void)state;
    counter c = {0, 0};
    const double low[2] = {-5, -5}, high[2] = {0.5, 5};
    double x[2] = {-1, 1}, work[6];
    const ssmi_climb_task task = task_of(2, valley, &c, low, high);
    assert_true(ssmi_climb(x, &task, work).converged);
    assert_true(fabs(x[0] - 0.5) < 1e-6 && fabs(x[1] - 0.25) < 1e-4);
}

static void giving_up_keeps_the_best_point(void **state)
{
    (void)state;
    const double low[2] = {-5, -5}, high[2] = {5, 5};
    for (int kind = 0; kind < 2; kind++) {
        counter c = {0, kind == 0 ? 4 : 0};
        double x[2] = {-1, 1}, work[6];
        ssmi_climb_task task = task_of(2, valley, &c, low, high);
        if (kind == 1) task.most_evaluations = 4;
        const ssmi_climb_result r = ssmi_climb(x, &task, work);
        assert_true(!r.converged && r.stopped == (kind == 0));
        counter again = {0, 0};
        int stop;
        assert_true(r.value >= -4.0 && valley(&again, x, NULL, &stop) == r.value);
    }
}

static void unusable_points_are_avoided(void **state)
{
    (void)state;
    const double low = -1, high = 10;
    double x = 3, work[3];
    const ssmi_climb_task task = task_of(1, edge, NULL, &low, &high);
    ssmi_climb(&x, &task, work);
    assert_true(fabs(x - 0.01) < 1e-4);
    double never = -0.5;
    const double top = 0;
    const ssmi_climb_task hopeless = task_of(1, edge, NULL, &low, &top);
    const ssmi_climb_result r = ssmi_climb(&never, &hopeless, work);
    assert_true(isinf(r.value) && never == -0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valley_is_climbed),
        cmocka_unit_test(differences_climb_as_the_gradient_does),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(giving_up_keeps_the_best_point),
        cmocka_unit_test(unusable_points_are_avoided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
