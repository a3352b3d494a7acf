/* Every kind of block, held to the same: gradients by differences, both precisions, causality, batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arrays.h"
#include "base/random.h"
#include "neural/mixer.h"

enum { BATCH = 2, WIDTH = 6 };

static const struct {
    const char *name;
    ssmi_mixer_size size;
    size_t length;
    int uneven, convolves;
} cases[] = {
    {"mamba", {.kind = SSMI_MIXER_MAMBA, .states = 3}, 37, 0, 0},
    {"mamba with gaps", {.kind = SSMI_MIXER_MAMBA, .states = 3}, 9, 1, 0},
    {"mamba, tied", {.kind = SSMI_MIXER_MAMBA, .states = 6, .tied = 1}, 37, 0, 0},
    {"s4d", {.kind = SSMI_MIXER_S4D, .states = 6}, 37, 0, 0},
    {"s4d with gaps", {.kind = SSMI_MIXER_S4D, .states = 4, .start = SSMI_S4D_INV}, 9, 1, 0},
    {"s4d by FFT", {.kind = SSMI_MIXER_S4D, .states = 4, .start = SSMI_S4D_LEGS}, 21, 0, 1},
    {"mamba2", {.kind = SSMI_MIXER_MAMBA2, .states = 4}, 70, 0, 0},
    {"mamba2 turned by time", {.kind = SSMI_MIXER_MAMBA2, .states = 4, .turn = SSMI_TURN_TIME}, 11, 0, 0},
    {"mamba2 turned by time with gaps",
     {.kind = SSMI_MIXER_MAMBA2, .states = 4, .turn = SSMI_TURN_TIME},
     11,
     1,
     0},
    {"mamba2, trapezoid", {.kind = SSMI_MIXER_MAMBA2, .states = 3, .trapezoid = 1}, 11, 0, 0},
    {"mamba3", {.kind = SSMI_MIXER_MAMBA2, .states = 4, .trapezoid = 1, .turn = SSMI_TURN_DATA}, 67, 0, 0},
    {"mamba3 with gaps",
     {.kind = SSMI_MIXER_MAMBA2, .states = 4, .trapezoid = 1, .turn = SSMI_TURN_DATA},
     9,
     1,
     0},
    {"attention", {.kind = SSMI_MIXER_ATTENTION, .causal = 1}, 67, 0, 0},
    {"attention to all", {.kind = SSMI_MIXER_ATTENTION}, 9, 0, 0},
    {"mlp", {.kind = SSMI_MIXER_MLP}, 9, 0, 0},
};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct fixture {
    keeper k;
    ssmi_parameters table;
    ssmi_mixer m;
    ssmi_tokens_f64 tokens;
    size_t n, record_size, scratch_size;
    double *params, *dparams, *x, *dx, *y, *dy, *record, *scratch;
} fixture;

static void draw_parameters(fixture *f)
{
    ssm_context *ctx;
    ssm_arena arena;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    float *params = SSMI_ALLOC(&arena, float, f->table.size);
    assert_int_equal(ssmi_mixer_init(params, &f->m, 1, ssmi_random_stream(&arena, 3), &arena), SSM_OK);
    for (size_t i = 0; i < f->table.size; i++) f->params[i] = (double)params[i];
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

static void open_fixture(fixture *f, size_t i)
{
    ssmi_mixer_size size = cases[i].size;
    memset(f, 0, sizeof *f);
    size.width = WIDTH, size.expand = 2, size.taps = 4;
    size.heads = size.kind == SSMI_MIXER_ATTENTION ? 2 : 3;
    f->m = ssmi_mixer_layout(&f->table, "layers.0.mixer.", size);
    if (size.kind == SSMI_MIXER_S4D) f->m.as.s4d.convolve_from = cases[i].convolves ? 1 : SIZE_MAX;
    f->n = BATCH * cases[i].length * WIDTH;
    f->tokens = (ssmi_tokens_f64){BATCH, cases[i].length, NULL, ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)};
    double *step = numbers(&f->k, BATCH * cases[i].length, -1, 3, 4);
    for (size_t t = 0; t < BATCH * cases[i].length; t++) step[t] = fmax(step[t], 0);
    if (cases[i].uneven) f->tokens.step = step;
    f->params = zeros(&f->k, f->table.size);
    f->dparams = zeros(&f->k, f->table.size);
    f->x = numbers(&f->k, f->n, -1, 1, 1);
    f->dx = zeros(&f->k, f->n);
    f->y = zeros(&f->k, f->n);
    f->dy = numbers(&f->k, f->n, -1, 1, 2);
    f->record_size = ssmi_mixer_record_f64(&f->m, BATCH, cases[i].length);
    f->scratch_size = ssmi_mixer_scratch_f64(&f->m, BATCH, cases[i].length);
    f->record = zeros(&f->k, f->record_size);
    f->scratch = zeros(&f->k, f->scratch_size);
    draw_parameters(f);
}

static void forward(fixture *f)
{
    ssmi_mixer_forward_f64(f->y, f->record, f->scratch, f->x, f->params, &f->m, f->tokens);
}

/* What the backward pass reads as zeros must not be left over from the forward pass, so scratch is spoilt. */
static void backward(fixture *f)
{
    memset(f->dparams, 0, f->table.size * sizeof *f->dparams);
    fill_numbers(f->scratch, f->scratch_size, -1, 1, 9);
    fill_numbers(f->dx, f->n, -1, 1, 9);
    ssmi_mixer_backward_f64(f->dx, f->dparams, f->scratch, f->dy, f->record, f->x, f->params, &f->m,
                            f->tokens);
}

static double loss(void *user)
{
    fixture *f = user;
    forward(f);
    return inner_product(f->y, f->dy, f->n);
}

static void every_gradient_of_every_kind_matches_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        fixture f;
        open_fixture(&f, i);
        forward(&f);
        backward(&f);
        double error = gradient_error(loss, &f, f.x, f.dx, f.n, 11);
        if (!(error < 1e-6)) print_error("%s: input: error %g\n", cases[i].name, error);
        assert_true(error < 1e-6);
        for (size_t k = 0; k < f.table.n; k++) {
            const ssmi_parameter *p = &f.table.entry[k];
            const size_t every = p->size > 40 ? p->size / 20 : 1;
            error = gradient_error(loss, &f, f.params + p->offset, f.dparams + p->offset, p->size, every);
            if (!(error < 1e-6)) print_error("%s: %s: error %g\n", cases[i].name, p->name, error);
            assert_true(error < 1e-6);
        }
        release(&f.k);
    }
}

static void single_precision_agrees_with_double_on_every_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        fixture f;
        open_fixture(&f, i);
        forward(&f);
        backward(&f);
        const size_t L = cases[i].length;
        float *params = narrow(&f.k, f.params, f.table.size), *x = narrow(&f.k, f.x, f.n);
        float *dy = narrow(&f.k, f.dy, f.n), *y = zeros_f32(&f.k, f.n), *dx = zeros_f32(&f.k, f.n);
        float *record = zeros_f32(&f.k, ssmi_mixer_record_f32(&f.m, BATCH, L));
        float *scratch = zeros_f32(&f.k, ssmi_mixer_scratch_f32(&f.m, BATCH, L));
        float *step = f.tokens.step != NULL ? narrow(&f.k, f.tokens.step, BATCH * L) : NULL;
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            const ssmi_tokens_f32 tokens = {BATCH, L, step, ssmi_kernels_of_f32((ssmi_isa)isa)};
            float *dparams = zeros_f32(&f.k, f.table.size);
            ssmi_mixer_forward_f32(y, record, scratch, x, params, &f.m, tokens);
            ssmi_mixer_backward_f32(dx, dparams, scratch, dy, record, x, params, &f.m, tokens);
            if (far_f32(y, f.y, f.n) >= 5e-6) print_error("%s: %g\n", cases[i].name, far_f32(y, f.y, f.n));
            assert_true(far_f32(y, f.y, f.n) < 5e-6);
            assert_true(far_f32(dx, f.dx, f.n) < 2e-5);
            assert_true(far_f32(dparams, f.dparams, f.table.size) < 2e-5);
        }
        release(&f.k);
    }
}

static void what_comes_later_changes_nothing_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        fixture f;
        open_fixture(&f, i);
        const size_t L = cases[i].length, early = L / 2 * WIDTH;
        double *y = zeros(&f.k, f.n);
        const int causal = f.m.size.kind != SSMI_MIXER_ATTENTION || f.m.size.causal;
        forward(&f);
        memcpy(y, f.y, f.n * sizeof *y);
        for (size_t k = early; k < L * WIDTH; k++) f.x[k] += 1;
        forward(&f);
        const double before = far(f.y, y, early);
        assert_true(causal ? before < 1e-12 : before > 1e-3); /* the FFT spreads rounding */
        assert_true(far(f.y + early, y + early, L * WIDTH - early) > 1e-3);
        assert_memory_equal(f.y + L * WIDTH, y + L * WIDTH, L * WIDTH * sizeof *y); /* the other sequence */
        release(&f.k);
    }
}

/* A token of no step is skipped by every layer but the convolution of taps before the scan, which is not of
 * time; with one tap nothing of it is left. */
static void a_token_without_step_leaves_no_trace_in_the_state(void **state)
{
    (void)state;
    static const ssmi_mixer_size sizes[] = {{.kind = SSMI_MIXER_MAMBA, .states = 3},
                                            {.kind = SSMI_MIXER_S4D, .states = 4},
                                            {.kind = SSMI_MIXER_MAMBA2, .states = 4, .turn = SSMI_TURN_DATA}};
    enum { L = 12, AT = 5 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        keeper k = {0};
        ssmi_parameters table = {0};
        ssmi_mixer_size size = sizes[i];
        size.width = WIDTH, size.expand = 2, size.taps = 1, size.heads = 3;
        const ssmi_mixer m = ssmi_mixer_layout(&table, "", size);
        double *params = numbers(&k, table.size, -0.5, 0.5, 3), *x = numbers(&k, L * WIDTH, -1, 1, 1);
        double *step = numbers(&k, L, 0.5, 2, 4), *y = zeros(&k, L * WIDTH), *z = zeros(&k, L * WIDTH);
        double *record = zeros(&k, ssmi_mixer_record_f64(&m, 1, L));
        double *scratch = zeros(&k, ssmi_mixer_scratch_f64(&m, 1, L));
        ssmi_tokens_f64 tokens = {1, L, step, ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)};
        step[AT] = 0;
        ssmi_mixer_forward_f64(y, record, scratch, x, params, &m, tokens);
        memmove(x + AT * WIDTH, x + (AT + 1) * WIDTH, (L - 1 - AT) * WIDTH * sizeof *x);
        memmove(step + AT, step + AT + 1, (L - 1 - AT) * sizeof *step);
        tokens.length = L - 1;
        ssmi_mixer_forward_f64(z, record, scratch, x, params, &m, tokens);
        assert_true(far(z, y, AT * WIDTH) < 1e-14);
        assert_true(far(z + AT * WIDTH, y + (AT + 1) * WIDTH, (L - 1 - AT) * WIDTH) < 1e-13);
        release(&k);
    }
}

/* The bounds that the headers state, in elements per token beyond what does not grow with the length. */
static void memory_kept_for_the_backward_pass_is_what_the_headers_say(void **state)
{
    (void)state;
    enum { SHORT = 256, LONG = 4096 };
    for (size_t i = 0; i < CASES; i++) {
        fixture f;
        open_fixture(&f, i);
        const ssmi_mixer_size *s = &f.m.size;
        const double E = (double)s->expand * WIDTH, N = (double)s->states, H = (double)s->heads;
        const double pairs = (N + 1) / 2, turned = s->turn == SSMI_TURN_DATA ? H : s->turn == SSMI_TURN_TIME;
        const double bounds[SSMI_MIXER_KINDS] = {
            [SSMI_MIXER_MAMBA] = 5 * E + 2 * N + 1 + N * E / SSMI_SCAN_TILE,
            [SSMI_MIXER_S4D] =
                3 * WIDTH + 2 * pairs * WIDTH / SSMI_S4D_TILE + (cases[i].convolves ? 4 * WIDTH : 0),
            [SSMI_MIXER_MAMBA2] = 5 * E + 4.5 * N + 6 * H + 2.5 * N * turned + N * E / SSMI_CHUNK,
            [SSMI_MIXER_ATTENTION] = 4 * WIDTH + H,
            [SSMI_MIXER_MLP] = 2 * E};
        const double per_token =
            (double)(ssmi_mixer_record_f64(&f.m, 1, LONG) - ssmi_mixer_record_f64(&f.m, 1, SHORT)) /
            (LONG - SHORT);
        if (per_token > bounds[s->kind] + 0.1)
            print_error("%s: %g of %g\n", cases[i].name, per_token, bounds[s->kind]);
        assert_true(per_token <= bounds[s->kind] + 0.1);
        release(&f.k);
    }
}

/* One impulse through an S4D block: with no poles placed only the unit of its steps changes; with one, the
 * state turns and decays as that pole says. */
static void placed_poles_are_those_from_token_to_token(void **state)
{
    (void)state;
    enum { LENGTH = 12, PAIRS = 2, E = WIDTH };
    const double re = -0.1, im = 0.7;
    ssm_context *ctx;
    ssm_arena arena;
    ssmi_parameters table = {0};
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    const ssmi_s4d_block m = ssmi_s4d_block_layout(&table, "", E, PAIRS);
    float *params = SSMI_ALLOC(&arena, float, table.size), *record, *scratch;
    record = SSMI_ALLOC(&arena, float, ssmi_s4d_block_record_f32(&m, 1, LENGTH));
    scratch = SSMI_ALLOC(&arena, float, ssmi_s4d_block_scratch_f32(&m, 1, LENGTH));
    const ssmi_tokens_f32 tokens = {1, LENGTH, NULL, ssmi_kernels_of_f32(SSMI_ISA_PORTABLE)};
    float x[LENGTH * E], y[3][LENGTH * E];
    for (size_t i = 0; i < LENGTH * E; i++) x[i] = (float)sin(1.3 * (double)i);
    assert_int_equal(ssmi_s4d_block_init(params, &m, SSMI_S4D_LIN, 1, ssmi_random_stream(&arena, 3), &arena),
                     SSM_OK);
    ssmi_s4d_block_forward_f32(y[0], record, scratch, x, params, &m, tokens);
    ssmi_s4d_block_place(params, &m, NULL, NULL, 0);
    ssmi_s4d_block_forward_f32(y[1], record, scratch, x, params, &m, tokens);
    for (size_t i = 0; i < LENGTH * E; i++) assert_true(fabs((double)y[0][i] - (double)y[1][i]) < 1e-5);
    ssmi_s4d_block_place(params, &m, &re, &im, 1);
    for (size_t e = 0; e < E; e++) {
        assert_true(params[m.log_dt + e] == 0);
        assert_float_equal(-exp((double)params[m.log_re + e]), re, 1e-6);
        assert_float_equal(params[m.im + e], im, 1e-6);
    }
    ssmi_s4d_block_forward_f32(y[2], record, scratch, x, params, &m, tokens);
    assert_memory_not_equal(y[2], y[1], sizeof y[1]);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_of_every_kind_matches_differences),
        cmocka_unit_test(single_precision_agrees_with_double_on_every_path),
        cmocka_unit_test(what_comes_later_changes_nothing_before),
        cmocka_unit_test(a_token_without_step_leaves_no_trace_in_the_state),
        cmocka_unit_test(placed_poles_are_those_from_token_to_token),
        cmocka_unit_test(memory_kept_for_the_backward_pass_is_what_the_headers_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
