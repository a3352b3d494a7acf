/* Generated code is compiled and run: its innovations are those of the library's filter, bit for bit. */
#define _GNU_SOURCE
#include "dense_filter.h"
#include "kalman/codegen.h"
#include "kalman/codegen_files.h"

#include <stdlib.h>
#include <unistd.h>

#include <ssmcast/ssmcast.h>

enum { SYSTEMS = 1000, ROWS = 12 }; /* in float and in double */

static ssm_context *ctx;

/* ---- systems ---- */

typedef struct big_system {
    dense_system dense;
    double Z[DENSE_MOST * DENSE_SENSORS], H[DENSE_SENSORS * DENSE_SENSORS], Q[DENSE_MOST * DENSE_MOST],
        P1inf[DENSE_MOST * DENSE_MOST];
    double c[DENSE_MOST], d[DENSE_SENSORS];
    ssm_statespace model;
} big_system;

/* Every fourth has correlated errors, every third offsets, every other a diffuse state. */
static void draw_system(big_system *s, size_t trial, uint64_t *seed)
{
    const size_t n = 1 + trial % 8, p = 1 + trial / 8 % 3, r = 1 + trial % n;
    memset(s, 0, sizeof *s);
    dense_random(&s->dense, n, p, r, seed);
    for (size_t i = 0; i < n * p; i++) s->Z[i / n + i % n * p] = s->dense.Zt[i];
    for (size_t i = 0; i < r; i++) s->Q[i + i * r] = s->dense.q[i];
    for (size_t i = 0; i < r && trial % 5 == 0 && r > 1; i++)
        s->Q[i + (r - 1 - i) * r] += i != r - 1 - i ? 0.0625 : 0;
    for (size_t i = 0; i < p; i++) s->H[i + i * p] = s->dense.h[i];
    for (size_t i = 0; i < p * p && trial % 4 == 0; i++) s->H[i] += 0.03125;
    for (size_t i = 0; i < n; i++) s->c[i] = dense_draw(seed);
    for (size_t i = 0; i < p; i++) s->d[i] = 100 * dense_draw(seed);
    if (trial % 2 == 0) s->P1inf[0] = 1;
    s->model = (ssm_statespace){.n = n,
                                .p = p,
                                .r = r,
                                .Z.data = s->Z,
                                .H.data = s->H,
                                .T.data = s->dense.T,
                                .R.data = s->dense.G,
                                .Q.data = s->Q,
                                .P1 = s->dense.P,
                                .P1inf = s->P1inf};
    if (trial % 3 == 0) s->model.c.data = s->c, s->model.d.data = s->d;
}

static double draw_value(uint64_t *seed)
{
    return dense_draw(seed) > 0.7 ? NAN : round(1024 * dense_normal(seed)) / 256;
}

/* ---- the library's side: one line per row ---- */

static void expect_single(FILE *out, const ssm_codegen *g, const double *y)
{
    const ssmi_codegen_system *s = &g->system;
    const size_t n = s->model.n, p = s->model.p;
    float memory[SSM_KF_REALS(DENSE_MOST, DENSE_SENSORS, DENSE_MOST)], row[DENSE_SENSORS];
    ssm_arena arena;
    ssmi_kf_model_f32 m;
    ssmi_kf_f32 f;
    ssmi_kf_innovation_f32 in[DENSE_SENSORS];
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssmi_codegen_narrow(&m, &s->model, &arena), SSM_OK);
    assert_int_equal(ssmi_kf_init_f32(&f, &m, memory, sizeof memory / sizeof *memory), SSM_KF_OK);
    assert_int_equal(ssmi_kf_prior_factors_f32(&f, ssmi_codegen_floats(s->x, n, &arena),
                                               ssmi_codegen_floats(s->U, n * (n - 1) / 2, &arena),
                                               ssmi_codegen_floats(s->D, n, &arena)),
                     SSM_KF_OK);
    for (size_t t = 0; t < ROWS; t++) {
        for (size_t i = 0; i < p; i++) row[i] = (float)y[t * p + i];
        assert_true(ssmi_kf_update_f32(&f, row, in) >= SSM_KF_OK);
        for (size_t i = 0; i < p; i++) fprintf(out, "%a %a ", (double)in[i].v, (double)in[i].F);
        assert_int_equal(ssmi_kf_predict_f32(&f, NULL), SSM_KF_OK);
    }
    ssmi_arena_clear(&arena);
}

static void expect_double(FILE *out, const ssm_codegen *g, const double *y)
{
    const ssmi_codegen_system *s = &g->system;
    double memory[SSM_KF_REALS(DENSE_MOST, DENSE_SENSORS, DENSE_MOST)];
    ssmi_kf_f64 f;
    ssmi_kf_innovation_f64 in[DENSE_SENSORS];
    assert_int_equal(ssmi_kf_init_f64(&f, &s->model, memory, sizeof memory / sizeof *memory), SSM_KF_OK);
    assert_int_equal(ssmi_kf_prior_factors_f64(&f, s->x, s->U, s->D), SSM_KF_OK);
    for (size_t t = 0; t < ROWS; t++) {
        assert_true(ssmi_kf_update_f64(&f, y + t * s->model.p, in) >= SSM_KF_OK);
        for (size_t i = 0; i < s->model.p; i++) fprintf(out, "%a %a ", in[i].v, in[i].F);
        assert_int_equal(ssmi_kf_predict_f64(&f, NULL), SSM_KF_OK);
    }
}

/* ---- the other side: all models as one source, and a program that runs them ---- */

static const char program[] =
    "typedef struct { const ssm_kf_model *m; ssm_kf_status (*start)(ssm_kf *, ssm_kf_real *); const double "
    "*y; } entry;\n"
    "static const entry table[] = {\n%s};\n"
    "static void run(const ssm_kf_model *m, ssm_kf_status (*start)(ssm_kf *, ssm_kf_real *), const double "
    "*y)\n"
    "{\n    static ssm_kf_real memory[SSM_KF_REALS(16, 4, 16)];\n    ssm_kf f;\n    ssm_kf_real row[4];\n"
    "    ssm_kf_innovation in[4];\n    if (start(&f, memory) != SSM_KF_OK) puts(\"start\");\n"
    "    for (int t = 0; t < 12; t++) {\n"
    "        for (int i = 0; i < m->p; i++) row[i] = (ssm_kf_real)y[t * m->p + i];\n"
    "        ssm_kf_update(&f, row, in);\n"
    "        for (int i = 0; i < m->p; i++) printf(\"%%a %%a \", (double)in[i].v, (double)in[i].F);\n"
    "        ssm_kf_predict(&f, NULL);\n    }\n    putchar('\\n');\n}\nint main(void)\n{\n"
    "    for (unsigned long i = 0; i < sizeof table / sizeof *table; i++)\n"
    "        run(table[i].m, table[i].start, table[i].y);\n    return 0;\n}\n";

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Header and source of one model behind those of the others, and a line of the table. */
static void put_model(FILE *models, FILE *calls, const ssm_codegen *g, const double *y)
{
    const char *name = g->options.name, *text = ssm_codegen_text(g, 1);
    fprintf(models, "%s\n", strstr(ssm_codegen_text(g, 0), "#ifndef"));
    fprintf(models, "%s\n", strchr(strstr(text, "#include"), '\n'));
    fprintf(models, "static const double %s_y[] = {", name);
    for (size_t i = 0; i < ROWS * g->system.model.p; i++) {
        if (isnan(y[i]))
            fprintf(models, "NAN,");
        else
            fprintf(models, "%.17g,", y[i]);
    }
    fprintf(models, "};\n");
    fprintf(calls, "    {&%s, %s_start, %s_y},\n", name, name, name);
}

typedef struct draft {
    char *text;
    size_t size;
    FILE *file;
} draft;

static void open_draft(draft *d)
{
    d->file = open_memstream(&d->text, &d->size);
    assert_non_null(d->file);
}

static void compile_and_compare(const char *folder, int single, const draft *want)
{
    char command[1000], path[300];
    snprintf(command, sizeof command,
             "cc -std=c99 -O0 -ffp-contract=off -Wall -Wextra -Wpedantic -Wconversion -Werror -fmax-errors=3 "
             "%s -I%s "
             "%s/all.c %s/ssmcast_kf.c -o %s/all "
             "&& %s/all > %s/out.txt",
             single ? "" : "-DSSM_KF_DOUBLE", folder, folder, folder, folder, folder, folder);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/out.txt", folder);
    FILE *file = fopen(path, "r");
    char *found = malloc(want->size + 2);
    assert_non_null(file);
    assert_non_null(found);
    const size_t size = fread(found, 1, want->size + 1, file);
    fclose(file);
    assert_int_equal(size, want->size);
    assert_memory_equal(found, want->text, size);
    free(found);
}

static void check_systems(int single)
{
    char folder[] = "/tmp/ssmcast_codegen_XXXXXX", command[300];
    draft models, calls, want, all;
    uint64_t seed = 77;
    assert_non_null(mkdtemp(folder));
    open_draft(&models), open_draft(&calls), open_draft(&want), open_draft(&all);
    for (size_t trial = 0; trial < SYSTEMS; trial++) {
        big_system s;
        char name[32];
        double y[ROWS * DENSE_SENSORS];
        ssm_codegen *g;
        draw_system(&s, trial, &seed);
        for (size_t i = 0; i < ROWS * DENSE_SENSORS; i++) y[i] = draw_value(&seed);
        snprintf(name, sizeof name, "system_%zu", trial);
        assert_int_equal(
            ssm_codegen_new(ctx, &s.model, &(ssm_codegen_options){.name = name, .single = single}, &g),
            SSM_OK);
        put_model(models.file, calls.file, g, y);
        if (single)
            expect_single(want.file, g, y);
        else
            expect_double(want.file, g, y);
        fputc('\n', want.file);
        ssm_codegen_free(g);
    }
    fclose(models.file), fclose(calls.file), fclose(want.file);
    fprintf(all.file, "#include <math.h>\n#include <stdio.h>\n%s", models.text);
    fprintf(all.file, program, calls.text);
    fclose(all.file);
    put_file(folder, "all.c", all.text);
    put_file(folder, "ssmcast_kf.h", ssmi_kf_file_h);
    put_file(folder, "ssmcast_kf.c", ssmi_kf_file_c);
    compile_and_compare(folder, single, &want);
    free(models.text), free(calls.text), free(want.text), free(all.text);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void test_single(void **state)
{
    (void)state;
    check_systems(1);
}

static void test_double(void **state)
{
    (void)state;
    check_systems(0);
}

/* ---- the certificate ---- */

static void test_certificate(void **state)
{
    (void)state;
    big_system s;
    double y[300];
    uint64_t seed = 5;
    ssm_codegen *g;
    ssm_codegen_certificate c;
    draw_system(&s, 11, &seed); /* 4 states, 2 sensors */
    for (size_t i = 0; i < 300; i++) y[i] = draw_value(&seed);
    for (int kind = 0; kind < 4; kind++) {
        const ssm_codegen_options options = {.single = kind & 1, .steady = kind >> 1};
        assert_int_equal(ssm_codegen_new(ctx, &s.model, &options, &g), SSM_OK);
        assert_int_equal(ssm_codegen_certify(g, y, 150, &c), SSM_OK);
        assert_true(c.rows == 150 && c.observed > 200 && c.observed < 300 && c.state_bytes > 0 &&
                    c.model_bytes > 0);
        if (kind == 0) assert_true(c.difference == 0 && c.variance_difference == 0 && c.rmse == c.full_rmse);
        if (kind == 1) assert_true(c.difference > 0 && c.difference < 1e-4 && c.variance_difference < 1e-4);
        if (kind >= 2)
            assert_true(fabs(c.rmse / c.full_rmse - 1) < 0.2 && c.settling >= 1 && c.difference > 1e-3);
        ssm_codegen_free(g);
    }
    y[7] = INFINITY;
    assert_int_equal(ssm_codegen_new(ctx, &s.model, NULL, &g), SSM_OK);
    assert_int_equal(ssm_codegen_certify(g, y, 150, &c), SSM_E_DATA);
    ssm_codegen_free(g);
}

/* The steady filter is the full one once that has settled: on complete rows they agree in the end. */
static void test_steady(void **state)
{
    (void)state;
    big_system s;
    double y[2000];
    uint64_t seed = 6;
    ssm_codegen *g;
    ssm_codegen_certificate all, first;
    draw_system(&s, 11, &seed);
    for (size_t i = 0; i < 2000; i++) y[i] = dense_normal(&seed);
    assert_int_equal(ssm_codegen_new(ctx, &s.model, &(ssm_codegen_options){.steady = 1}, &g), SSM_OK);
    assert_int_equal(ssm_codegen_certify(g, y, 1000, &all), SSM_OK);
    assert_int_equal(ssm_codegen_certify(g, y, 500, &first), SSM_OK);
    /* after 500 rows no innovation differs any more but by rounding */
    assert_true(fabs(1000 * 2 * (all.rmse * all.rmse - all.full_rmse * all.full_rmse) -
                     500 * 2 * (first.rmse * first.rmse - first.full_rmse * first.full_rmse)) < 1e-8);
    ssm_codegen_free(g);
}

static void test_refusals(void **state)
{
    (void)state;
    big_system s;
    uint64_t seed = 9;
    ssm_codegen *g = NULL;
    const char *bad[] = {"", "2fast", "a b", "a/b", "a234567890123456789012345678901234567890123"};
    draw_system(&s, 11, &seed);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ssm_codegen_new(ctx, &s.model, &(ssm_codegen_options){.name = bad[i]}, &g),
                         SSM_E_ARGUMENT);
    s.H[0] = 1e30;
    assert_int_equal(ssm_codegen_new(ctx, &s.model, NULL, &g), SSM_OK);
    ssm_codegen_free(g);
    g = NULL;
    s.H[0] = 1e200;
    assert_int_equal(ssm_codegen_new(ctx, &s.model, &(ssm_codegen_options){.single = 1}, &g), SSM_E_DATA);
    s.H[0] = 1;
    s.model.T.stride = 16;
    assert_int_equal(ssm_codegen_new(ctx, &s.model, NULL, &g), SSM_E_UNSUPPORTED);
    s.model.T.stride = 0;
    s.dense.T[0] = NAN;
    assert_int_equal(ssm_codegen_new(ctx, &s.model, NULL, &g), SSM_E_DATA);
    const double one = 1, zero = 0;
    const ssm_statespace constant = {
        .n = 1, .p = 1, .r = 1, .Z.data = &one, .H.data = &one, .T.data = &one, .Q.data = &zero};
    assert_int_equal(ssm_codegen_new(ctx, &constant, &(ssm_codegen_options){.steady = 1}, &g), SSM_E_NUMERIC);
    assert_null(g);
}

/* A comment cannot be left by what the origin says. */
static void test_origin(void **state)
{
    (void)state;
    big_system s;
    uint64_t seed = 10;
    ssm_codegen *g;
    draw_system(&s, 11, &seed);
    const ssm_codegen_options options = {.origin = "one */ int evil; /*\ntwo\ttabs"};
    assert_int_equal(ssm_codegen_new(ctx, &s.model, &options, &g), SSM_OK);
    for (size_t i = 0; i < 3; i++) {
        const char *end = strstr(ssm_codegen_text(g, i), "*/"),
                   *evil = strstr(ssm_codegen_text(g, i), "int evil");
        assert_true(evil != NULL && evil < end);
    }
    assert_null(ssm_codegen_file(g, 7));
    assert_null(ssm_codegen_text(g, 7));
    ssm_codegen_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single), cmocka_unit_test(test_double),   cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_steady), cmocka_unit_test(test_refusals), cmocka_unit_test(test_origin),
    };
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    ssm_context_free(ctx);
    return failures;
}
