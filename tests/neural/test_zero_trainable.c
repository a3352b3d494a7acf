/* The pretrained network for training further: the network that forecasts, and its own slopes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arrays.h"
#include "neural/zero_trainable.h"

enum { TOKENS = 9, FROM = 6, SHOWN = TOKENS - FROM, OUT = SSMI_ZERO_OUT };

static const ssmi_zero_size small = {
    .model = 6, .inner = 8, .heads = 2, .states = 4, .taps = 3, .n_blocks = 2, .embed = 5, .head = 7};

/* A small network; its loss is the inner product of its quantiles with fixed weights. */
typedef struct whole {
    ssmi_parameters table;
    ssmi_zero_trainable net;
    double *params, *feature, *quantile, *dquantile, *record, *scratch;
    const ssmi_kernels_f64 *kernels;
} whole;

static whole open_whole(keeper *k)
{
    whole w = {.kernels = ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)};
    w.net = ssmi_zero_trainable_layout(&w.table, &small);
    w.params = numbers(k, w.table.size, -0.7, 0.7, 11);
    w.feature = numbers(k, TOKENS * SSMI_ZERO_FEATURES, -1, 1, 12);
    w.quantile = zeros(k, SHOWN * OUT);
    w.dquantile = numbers(k, SHOWN * OUT, -1, 1, 13);
    w.record = zeros(k, ssmi_zero_trainable_record_f64(&w.net, TOKENS, FROM));
    w.scratch = zeros(k, ssmi_zero_trainable_scratch_f64(&w.net, TOKENS, FROM));
    return w;
}

static double whole_loss(void *user)
{
    whole *w = user;
    ssmi_zero_trainable_forward_f64(w->quantile, w->record, w->scratch, w->feature, w->params, &w->net,
                                    TOKENS, FROM, w->kernels);
    return inner_product(w->quantile, w->dquantile, SHOWN * OUT);
}

/* Every tensor by itself: a small one's gradient is not to be judged by a large one's. */
static void the_gradient_of_every_tensor_matches_differences(void **state)
{
    (void)state;
    keeper k = {0};
    whole w = open_whole(&k);
    double *dparams = zeros(&k, w.table.size);
    whole_loss(&w);
    ssmi_zero_trainable_backward_f64(dparams, w.scratch, w.dquantile, w.record, w.feature, w.params, &w.net,
                                     TOKENS, FROM, w.kernels);
    for (size_t i = 0; i < w.table.n; i++) {
        const ssmi_parameter *p = &w.table.entry[i];
        const double error = gradient_error(whole_loss, &w, w.params + p->offset, dparams + p->offset,
                                            p->size, p->size > 60 ? p->size / 23 : 1);
        if (!(error < 1e-7)) print_error("%s: %g\n", p->name, error);
        assert_true(error < 1e-7);
    }
    release(&k);
}

/* With nothing but the head's tensors, and with and without the gradient of what enters. */
static void a_head_by_itself_has_the_slopes_that_it_has_in_the_whole(void **state)
{
    (void)state;
    keeper k = {0};
    whole w = open_whole(&k);
    ssmi_parameters table = {0};
    const ssmi_zero_head head = ssmi_zero_head_layout(&table, &small);
    const size_t first = w.table.size - table.size, d = small.model;
    double *dwhole = zeros(&k, w.table.size), *dhead = zeros(&k, table.size), *dh = zeros(&k, SHOWN * d);
    double *record = zeros(&k, ssmi_zero_head_record_f64(&head, SHOWN)), *quantile = zeros(&k, SHOWN * OUT);
    double *scratch = zeros(&k, ssmi_zero_head_scratch_f64(&head, SHOWN)), *again = zeros(&k, table.size);
    whole_loss(&w);
    /* the stream that leaves the last block lies in front of the head's record */
    const double *h = w.record + ssmi_zero_trainable_record_f64(&w.net, TOKENS, FROM) -
                      ((ssmi_zero_head_record_f64(&w.net.head, SHOWN) + 15) & ~(size_t)15) -
                      ((TOKENS * d + 15) & ~(size_t)15) + FROM * d;
    const double *feature = w.feature + FROM * SSMI_ZERO_FEATURES;
    ssmi_zero_head_forward_f64(quantile, record, scratch, h, feature, w.params + first, &head, SHOWN,
                               w.kernels);
    assert_memory_equal(quantile, w.quantile, SHOWN * OUT * sizeof *quantile);
    ssmi_zero_head_backward_f64(dh, dhead, scratch, w.dquantile, record, h, feature, w.params + first, &head,
                                SHOWN, w.kernels);
    ssmi_zero_head_forward_f64(quantile, record, scratch, h, feature, w.params + first, &head, SHOWN,
                               w.kernels);
    ssmi_zero_head_backward_f64(NULL, again, scratch, w.dquantile, record, h, feature, w.params + first,
                                &head, SHOWN, w.kernels);
    ssmi_zero_trainable_backward_f64(dwhole, w.scratch, w.dquantile, w.record, w.feature, w.params, &w.net,
                                     TOKENS, FROM, w.kernels);
    assert_memory_equal(dhead, dwhole + first, table.size * sizeof *dhead);
    assert_memory_equal(again, dhead, table.size * sizeof *again);
    release(&k);
}

typedef struct fan {
    double quantile[3 * SSMI_ZERO_LEVELS], target[3];
} fan;

static double fan_loss(void *user)
{
    const fan *f = user;
    double loss[2] = {0};
    ssmi_zero_loss_f64(NULL, loss, f->quantile, f->target, 3, 1.5, 0.3);
    return loss[0] + 0.3 * loss[1];
}

/* Quantiles out of order, one target missing; no two of the numbers are nearer than the differences' step. */
static void the_slope_of_the_loss_goes_to_the_quantile_that_was_sorted(void **state)
{
    (void)state;
    fan f;
    double dquantile[3 * SSMI_ZERO_LEVELS], loss[2] = {0};
    for (size_t i = 0; i < 3 * SSMI_ZERO_LEVELS; i++) f.quantile[i] = (double)(i * 7 % 27) / 10;
    f.target[0] = 0.55, f.target[1] = NAN, f.target[2] = 1.95;
    ssmi_zero_loss_f64(dquantile, loss, f.quantile, f.target, 3, 1.5, 0.3);
    assert_true(loss[0] + 0.3 * loss[1] == fan_loss(&f));
    assert_true(gradient_error(fan_loss, &f, f.quantile, dquantile, 3 * SSMI_ZERO_LEVELS, 1) < 1e-8);
    for (size_t i = 0; i < SSMI_ZERO_LEVELS; i++) assert_true(dquantile[SSMI_ZERO_LEVELS + i] == 0);
}

static void nine_quantiles_of_nought_cost_the_distance(void **state)
{
    (void)state;
    const float quantile[2 * SSMI_ZERO_LEVELS] = {0}, target[2] = {3, NAN}, nothing[2] = {NAN, NAN};
    float slope[2 * SSMI_ZERO_LEVELS];
    double loss[2] = {0};
    ssmi_zero_loss_f32(NULL, loss, quantile, target, 2, 2, 1);
    assert_float_equal(loss[0], 3, 1e-6);
    assert_float_equal(loss[1], 4 * sinh(3) * sinh(3), 1e-4);
    ssmi_zero_loss_f32(slope, loss, quantile, nothing, 2, 2, 1);
    assert_float_equal(loss[0], 3, 1e-6);
    for (size_t i = 0; i < 2 * SSMI_ZERO_LEVELS; i++) assert_true(slope[i] == 0);
}

/* What a weight far away says is cut off where forecasts are: a finite loss without a slope of its square. */
static void quantiles_out_of_reach_cost_what_their_forecast_does(void **state)
{
    (void)state;
    float quantile[SSMI_ZERO_LEVELS], slope[SSMI_ZERO_LEVELS], target = 0;
    double loss[2] = {0};
    for (size_t k = 0; k < SSMI_ZERO_LEVELS; k++) quantile[k] = 500;
    ssmi_zero_loss_f32(slope, loss, quantile, &target, 1, 1, 1);
    assert_float_equal(loss[1] / (sinh(12) * sinh(12)), 1, 1e-5);
    for (size_t k = 0; k < SSMI_ZERO_LEVELS; k++) assert_true(fabsf(slope[k]) < 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_of_every_tensor_matches_differences),
        cmocka_unit_test(a_head_by_itself_has_the_slopes_that_it_has_in_the_whole),
        cmocka_unit_test(the_slope_of_the_loss_goes_to_the_quantile_that_was_sorted),
        cmocka_unit_test(nine_quantiles_of_nought_cost_the_distance),
        cmocka_unit_test(quantiles_out_of_reach_cost_what_their_forecast_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
