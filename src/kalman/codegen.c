/* Code generation: the handle, and the certificate, which runs what was generated. */
#include "kalman/codegen.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static int is_identifier(const char *name)
{
    if (!isalpha((unsigned char)name[0]) && name[0] != '_') return 0;
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (i >= 40 || (!isalnum((unsigned char)name[i]) && name[i] != '_')) return 0;
    }
    return 1;
}

static ssm_status keep_options(ssm_codegen *g, const ssm_codegen_options *options)
{
    const ssm_codegen_options given = options != NULL ? *options : (ssm_codegen_options){0};
    const char *name = given.name != NULL ? given.name : "model";
    if (!is_identifier(name))
        return ssmi_fail(g->ctx, SSM_E_ARGUMENT, "\"%s\" is no identifier of C with at most 40 characters",
                         name);
    g->options = given;
    g->options.name = ssmi_arena_strdup(&g->arena, name);
    g->options.origin = ssmi_arena_strdup(&g->arena, given.origin != NULL ? given.origin : "");
    return g->options.name != NULL && g->options.origin != NULL ? SSM_OK : SSM_E_MEMORY;
}

/* ---- running ---- */

typedef struct engine {
    ssmi_kf_f64 full;
    ssmi_kf_f32 single;
    ssmi_kf_steady_f64 steady;
    ssmi_kf_steady_f32 steady_single;
    double *mean, *variance, *told,
        *told_variance; /* (p) predictions: of the full filter, of the generated */
    float *y_single, *single_mean, *single_variance; /* (p) */
} engine;

static ssm_status judge(ssm_context *ctx, ssm_kf_status status)
{
    if (status >= SSM_KF_OK) return SSM_OK;
    return ssmi_fail(ctx, SSM_E_DATA, "the filter refuses the system: %s", ssmi_kf_text(status));
}

static ssm_status open_full(engine *e, const ssm_codegen *g, ssm_arena *arena)
{
    const ssmi_codegen_system *s = &g->system;
    const size_t reals = SSM_KF_REALS((size_t)s->model.n, (size_t)s->model.p, (size_t)s->model.r);
    double *memory = SSMI_ALLOC(arena, double, reals);
    const size_t p = s->model.p;
    e->mean = SSMI_ALLOC(arena, double, 4 * p);
    if (memory == NULL || e->mean == NULL) return SSM_E_MEMORY;
    e->variance = e->mean + p;
    e->told = e->variance + p;
    e->told_variance = e->told + p;
    SSMI_TRY(judge(g->ctx, ssmi_kf_init_f64(&e->full, &s->model, memory, (uint32_t)reals)));
    return judge(g->ctx, ssmi_kf_prior_factors_f64(&e->full, s->x, s->U, s->D));
}

static ssm_status open_single(engine *e, const ssm_codegen *g, ssm_arena *arena)
{
    const ssmi_codegen_system *s = &g->system;
    const size_t n = s->model.n, p = s->model.p, reals = SSM_KF_REALS(n, p, (size_t)s->model.r);
    ssmi_kf_model_f32 *model = SSMI_ALLOC(arena, ssmi_kf_model_f32, 1);
    float *memory = SSMI_ALLOC(arena, float, reals), *x = ssmi_codegen_floats(s->x, n, arena);
    float *U = ssmi_codegen_floats(s->U, n * (n - 1) / 2, arena), *D = ssmi_codegen_floats(s->D, n, arena);
    e->y_single = SSMI_ALLOC(arena, float, 3 * p);
    if (model == NULL || memory == NULL || x == NULL || U == NULL || D == NULL || e->y_single == NULL)
        return SSM_E_MEMORY;
    e->single_mean = e->y_single + p;
    e->single_variance = e->single_mean + p;
    SSMI_TRY(ssmi_codegen_narrow(model, &s->model, arena));
    if (g->options.steady) {
        float *K = ssmi_codegen_floats(s->K, n * p, arena);
        if (K == NULL) return SSM_E_MEMORY;
        return judge(g->ctx,
                     ssmi_kf_steady_init_f32(&e->steady_single, model, K, x, memory, (uint32_t)reals));
    }
    SSMI_TRY(judge(g->ctx, ssmi_kf_init_f32(&e->single, model, memory, (uint32_t)reals)));
    return judge(g->ctx, ssmi_kf_prior_factors_f32(&e->single, x, U, D));
}

static ssm_status open_engine(engine *e, const ssm_codegen *g, ssm_arena *arena)
{
    const ssmi_codegen_system *s = &g->system;
    memset(e, 0, sizeof *e);
    SSMI_TRY(open_full(e, g, arena));
    if (g->options.single) return open_single(e, g, arena);
    if (!g->options.steady) return SSM_OK;
    const size_t reals = SSM_KF_STEADY_REALS((size_t)s->model.n, (size_t)s->model.p);
    double *memory = SSMI_ALLOC(arena, double, reals);
    if (memory == NULL) return SSM_E_MEMORY;
    return judge(g->ctx, ssmi_kf_steady_init_f64(&e->steady, &s->model, s->K, s->x, memory, (uint32_t)reals));
}

/* Innovations of the constant gain are y - prediction. */
static ssm_kf_status run_steady(engine *e, const double *y, size_t p)
{
    const ssm_kf_status status = ssmi_kf_steady_update_f64(&e->steady, y, e->told);
    for (size_t i = 0; i < p; i++) e->told[i] = y[i] - e->told[i];
    return status < SSM_KF_OK ? status : ssmi_kf_steady_predict_f64(&e->steady, NULL);
}

static ssm_kf_status run_steady_single(engine *e, size_t p)
{
    const ssm_kf_status status = ssmi_kf_steady_update_f32(&e->steady_single, e->y_single, e->single_mean);
    for (size_t i = 0; i < p; i++) e->told[i] = (double)e->y_single[i] - (double)e->single_mean[i];
    return status < SSM_KF_OK ? status : ssmi_kf_steady_predict_f32(&e->steady_single, NULL);
}

static ssm_kf_status run_single(engine *e, size_t p)
{
    ssmi_kf_expect_f32(&e->single, e->single_mean, e->single_variance);
    for (size_t i = 0; i < p; i++) {
        e->told[i] = (double)e->single_mean[i];
        e->told_variance[i] = (double)e->single_variance[i];
    }
    const ssm_kf_status status = ssmi_kf_update_f32(&e->single, e->y_single, NULL);
    return status < SSM_KF_OK ? status : ssmi_kf_predict_f32(&e->single, NULL);
}

/* One row through the full filter and through what was generated. */
static ssm_kf_status run_row(engine *e, const ssm_codegen *g, const double *y)
{
    const size_t p = g->system.model.p;
    ssmi_kf_expect_f64(&e->full, e->mean, e->variance);
    ssm_kf_status status = ssmi_kf_update_f64(&e->full, y, NULL);
    if (status >= SSM_KF_OK) status = ssmi_kf_predict_f64(&e->full, NULL);
    if (status < SSM_KF_OK) return status;
    for (size_t i = 0; i < p; i++) {
        e->told[i] = e->mean[i];
        e->told_variance[i] = e->variance[i];
        if (g->options.single) e->y_single[i] = (float)y[i];
    }
    if (g->options.steady) return g->options.single ? run_steady_single(e, p) : run_steady(e, y, p);
    return g->options.single ? run_single(e, p) : SSM_KF_OK;
}

static void count_row(ssm_codegen_certificate *c, const engine *e, const double *y, size_t p)
{
    for (size_t i = 0; i < p; i++) {
        if (isnan(y[i]) || !(e->variance[i] > 0)) continue;
        const double sd = sqrt(e->variance[i]);
        c->observed++;
        c->difference = fmax(c->difference, fabs(e->told[i] - e->mean[i]) / sd);
        c->variance_difference = fmax(c->variance_difference, fabs(e->told_variance[i] / e->variance[i] - 1));
        c->rmse += pow((y[i] - e->told[i]) / sd, 2);
        c->full_rmse += pow((y[i] - e->mean[i]) / sd, 2);
    }
}

static void tell_sizes(ssm_codegen_certificate *c, const ssm_codegen *g)
{
    const ssmi_kf_model_f64 *m = &g->system.model;
    const size_t n = m->n, p = m->p, r = m->r, real = g->options.single ? sizeof(float) : sizeof(double);
    size_t constants = n * n + n * p + n + (m->c != NULL ? n : 0) + (m->d != NULL ? p : 0);
    if (g->options.steady) {
        constants += n * p;
        c->state_bytes = SSM_KF_STEADY_REALS(n, p) * real;
        c->settling = g->system.settling;
    } else {
        constants += n * r + r + (m->H != NULL ? p * p : p) + n * (n - 1) / 2 + n;
        c->state_bytes = SSM_KF_REALS(n, p, r) * real;
        c->operations = ssmi_kf_operations_f64(m);
    }
    c->model_bytes = constants * real;
}

ssm_status ssm_codegen_certify(const ssm_codegen *g, const double *y, size_t length,
                               ssm_codegen_certificate *out)
{
    const size_t p = g->system.model.p;
    ssm_codegen_certificate c = {.rows = length};
    ssm_arena arena;
    engine e;
    ssmi_arena_init(&arena, g->ctx);
    ssm_status status = open_engine(&e, g, &arena);
    for (size_t t = 0; status == SSM_OK && t < length; t++) {
        const ssm_kf_status told = run_row(&e, g, y + t * p);
        if (told < SSM_KF_OK)
            status = ssmi_fail(g->ctx, SSM_E_DATA, "row %zu: %s", t, ssmi_kf_text(told));
        else
            count_row(&c, &e, y + t * p, p);
    }
    ssmi_arena_clear(&arena);
    if (status != SSM_OK) return status;
    c.rmse = c.observed > 0 ? sqrt(c.rmse / (double)c.observed) : 0;
    c.full_rmse = c.observed > 0 ? sqrt(c.full_rmse / (double)c.observed) : 0;
    tell_sizes(&c, g);
    *out = c;
    return SSM_OK;
}

/* ---- the handle ---- */

static ssm_status generate(ssm_codegen *g, const ssm_statespace *model, const ssm_codegen_options *options)
{
    ssm_codegen_certificate sizes;
    SSMI_TRY(keep_options(g, options));
    SSMI_TRY(ssmi_codegen_system_init(&g->system, model, g->options.steady, &g->arena));
    SSMI_TRY(ssm_codegen_certify(g, NULL, 0, &sizes)); /* that the filter takes the numbers */
    return ssmi_codegen_write(g);
}

ssm_status ssm_codegen_new(ssm_context *ctx, const ssm_statespace *model, const ssm_codegen_options *options,
                           ssm_codegen **out)
{
    ssm_codegen *g = ssmi_resize(ctx, NULL, 1, sizeof *g);
    if (g == NULL) return SSM_E_MEMORY;
    memset(g, 0, sizeof *g);
    g->ctx = ctx;
    ssmi_arena_init(&g->arena, ctx);
    const ssm_status status = generate(g, model, options);
    if (status == SSM_OK) {
        *out = g;
    } else {
        ssm_codegen_free(g);
    }
    return status;
}

void ssm_codegen_free(ssm_codegen *g)
{
    if (g == NULL) return;
    ssmi_arena_clear(&g->arena);
    ssmi_release(g->ctx, g);
}

const char *ssm_codegen_file(const ssm_codegen *g, size_t i)
{
    return i < SSMI_CODEGEN_FILES ? g->file[i] : NULL;
}

const char *ssm_codegen_text(const ssm_codegen *g, size_t i)
{
    return i < SSMI_CODEGEN_FILES ? g->text[i] : NULL;
}
