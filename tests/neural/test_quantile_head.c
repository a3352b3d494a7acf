#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "differences.h"
#include "neural/quantile_head.h"

enum { HORIZON = 6, OUT = SSMI_HEAD_OUTPUTS * HORIZON, BASE = SSMI_BASE_ROWS * HORIZON };

typedef struct fixture {
    double out[OUT], dout[OUT], centre[HORIZON], base[BASE], y[HORIZON], mean[HORIZON];
    double quantile[SSMI_QUANTILES * HORIZON];
} fixture;

static ssmi_quantile_window_f64 window_of(const fixture *f)
{
    return (ssmi_quantile_window_f64){f->centre, f->base, 0.7, 0.9, HORIZON, &ssmi_kernels_portable_f64};
}

static const ssmi_loss_weights weights = {.squared = 0.5, .absolute = 0.25, .pinball = 1};

static double loss(void *user)
{
    fixture *f = user;
    const ssmi_quantile_window_f64 w = window_of(f);
    double parts[2] = {0, 0}, absolute = 0, observed = 0;
    ssmi_quantile_forward_f64(f->mean, f->quantile, f->out, &w);
    ssmi_quantile_loss_f64(NULL, parts, f->mean, f->quantile, f->y, f->out, &w, NULL, 1);
    for (size_t h = 0; h < HORIZON; h++) {
        if (isnan(f->y[h])) continue;
        absolute += fabs(f->y[h] - f->quantile[SSMI_SIDE * HORIZON + h]);
        observed++;
    }
    return 3 * (0.5 * parts[0] + 0.25 * absolute / observed + parts[1]);
}

/* The targets keep a distance of at least 0.1 from every quantile, so that the loss is smooth where it is
 * measured. */
static void the_gradient_of_the_loss_matches_differences(void **state)
{
    (void)state;
    fixture f;
    fill_numbers((double *)&f, sizeof f / sizeof(double), -1, 1, 43);
    const ssmi_quantile_window_f64 w = window_of(&f);
    ssmi_quantile_forward_f64(f.mean, f.quantile, f.out, &w);
    for (size_t h = 0; h < HORIZON; h++) f.y[h] = f.quantile[(h + 1) * HORIZON + h] + 0.1;
    for (size_t i = 0; i < SSMI_QUANTILES * HORIZON; i++)
        assert_true(fabs(f.quantile[i] - f.y[i % HORIZON]) > 0.02);
    f.y[2] = NAN;
    double parts[2] = {0, 0};
    ssmi_quantile_loss_f64(f.dout, parts, f.mean, f.quantile, f.y, f.out, &w, &weights, 3);
    assert_true(gradient_error(loss, &f, f.out, f.dout, OUT, 1) < 1e-8);
}

static void zero_outputs_mean_the_base_forecast(void **state)
{
    (void)state;
    fixture f;
    fill_numbers((double *)&f, sizeof f / sizeof(double), -1, 1, 47);
    for (size_t i = 0; i < OUT; i++) f.out[i] = 0;
    const ssmi_quantile_window_f64 w = window_of(&f);
    ssmi_quantile_forward_f64(f.mean, f.quantile, f.out, &w);
    for (size_t h = 0; h < HORIZON; h++) {
        double median = f.centre[h] + 0.9 * f.base[h];
        assert_true(f.mean[h] == f.centre[h]);
        assert_true(fabs(f.quantile[4 * HORIZON + h] - median) < 1e-14);
        double next = median + 0.9 * log1p(exp(f.base[HORIZON + h]));
        assert_true(fabs(f.quantile[5 * HORIZON + h] - next) < 1e-14);
    }
}

static void quantiles_never_cross_whatever_the_network_says(void **state)
{
    (void)state;
    fixture f;
    for (uint32_t seed = 1; seed < 200; seed++) {
        fill_numbers(f.out, OUT, -60, 60, seed);
        fill_numbers(f.base, BASE, -5, 5, seed + 1000);
        fill_numbers(f.centre, HORIZON, -1, 1, seed + 2000);
        const ssmi_quantile_window_f64 w = window_of(&f);
        ssmi_quantile_forward_f64(f.mean, f.quantile, f.out, &w);
        for (size_t i = HORIZON; i < SSMI_QUANTILES * HORIZON; i++)
            assert_true(f.quantile[i] >= f.quantile[i - HORIZON]);
    }
}

static void a_window_without_targets_costs_nothing(void **state)
{
    (void)state;
    fixture f;
    fill_numbers((double *)&f, sizeof f / sizeof(double), -1, 1, 53);
    for (size_t h = 0; h < HORIZON; h++) f.y[h] = NAN;
    const ssmi_quantile_window_f64 w = window_of(&f);
    double parts[2] = {0, 0};
    ssmi_quantile_loss_f64(f.dout, parts, f.mean, f.quantile, f.y, f.out, &w, &weights, 1);
    assert_true(parts[0] == 0 && parts[1] == 0);
    for (size_t i = 0; i < OUT; i++) assert_true(f.dout[i] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_of_the_loss_matches_differences),
        cmocka_unit_test(zero_outputs_mean_the_base_forecast),
        cmocka_unit_test(quantiles_never_cross_whatever_the_network_says),
        cmocka_unit_test(a_window_without_targets_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
