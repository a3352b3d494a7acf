/* The filter at irregular times: the step of kalman/step.h with matrices that depend on the gap.
 *
 *     for each row:   advance by the gap that leads to it,   update,   add to the log-likelihood
 *
 * The pattern of T and Q is that of the blocks of the parts and never changes; what changes with the gap is a
 * list of numbers, kept once for each distinct gap while a likelihood is maximised.
 *
 * Known value: a level that wanders with variance 1469.1 a year and irregular variance 15099 on the rows of
 * the Nile, one year apart: log-likelihood -633.4645636489, that of the discrete local level. */
#include "kalman/continuous.h"

#include <string.h>

static ssm_status alloc_pattern(ssmi_continuous *f, ssm_arena *arena)
{
    const size_t most = SSMI_PART_STATES * f->n;
    f->T = (ssmi_rows){.n_rows = f->n,
                       .n_columns = f->n,
                       .start = SSMI_ALLOC(arena, size_t, f->n + 1),
                       .column = SSMI_ALLOC(arena, size_t, most)};
    f->Z = (ssmi_rows){.n_rows = 1,
                       .n_columns = f->n,
                       .start = SSMI_ALLOC(arena, size_t, 2),
                       .column = SSMI_ALLOC(arena, size_t, f->n_parts),
                       .value = SSMI_ALLOC(arena, double, f->n_parts)};
    f->shock = (ssmi_entries){0, SSMI_ALLOC(arena, size_t, most), SSMI_ALLOC(arena, size_t, most), NULL};
    f->own_T = SSMI_ALLOC(arena, double, most);
    f->own_shock = SSMI_ALLOC(arena, double, most);
    const int failed = f->T.start == NULL || f->T.column == NULL || f->Z.start == NULL ||
                       f->Z.column == NULL || f->Z.value == NULL || f->shock.place == NULL ||
                       f->shock.mirror == NULL || f->own_T == NULL || f->own_shock == NULL;
    return failed ? SSM_E_MEMORY : SSM_OK;
}

/* Rows of T, and the lower triangle of Q, block after block. */
static void set_pattern(ssmi_continuous *f)
{
    size_t at = 0, e = 0, q = 0;
    for (size_t b = 0; b < f->n_parts; b++) {
        const size_t k = ssmi_part_states(f->part[b].motion);
        f->Z.column[b] = at;
        f->Z.value[b] = 1.0;
        for (size_t i = 0; i < k; i++) {
            f->T.start[at + i] = e;
            for (size_t j = 0; j < k; j++) f->T.column[e++] = at + j;
            for (size_t j = i; j < k; j++) {
                f->shock.place[q] = at + j + (at + i) * f->n;
                f->shock.mirror[q++] = at + i + (at + j) * f->n;
            }
        }
        at += k;
    }
    f->Z.start[0] = 0;
    f->Z.start[1] = f->n_parts;
    f->T.start[f->n] = e;
    f->n_T = e;
    f->n_shock = f->shock.count = q;
}

/* The numbers for a gap, in the order of the pattern. */
static void work_out(double *T, double *shock, const ssmi_continuous *f, double gap)
{
    double block_T[SSMI_PART_STATES * SSMI_PART_STATES], block_Q[SSMI_PART_STATES * SSMI_PART_STATES];
    for (size_t b = 0; b < f->n_parts; b++) {
        const size_t k = ssmi_part_states(f->part[b].motion);
        ssmi_part_move(block_T, block_Q, f->part + b, gap);
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; j < k; j++) *T++ = block_T[i + j * k];
            for (size_t j = i; j < k; j++) *shock++ = block_Q[j + i * k];
        }
    }
}

ssm_status ssmi_continuous_init(ssmi_continuous *f, const ssmi_part *part, size_t n_parts, ssm_arena *arena)
{
    *f = (ssmi_continuous){.part = part, .n_parts = n_parts, .gap = -1.0};
    for (size_t b = 0; b < n_parts; b++) f->n += ssmi_part_states(part[b].motion);
    SSMI_TRY(alloc_pattern(f, arena));
    double *state = SSMI_ALLOC(arena, double, SSMI_KALMAN_STATE_SIZE(f->n));
    f->A1 = SSMI_ALLOC(arena, double, f->n * f->n);
    f->P1 = SSMI_ALLOC(arena, double, f->n * f->n);
    f->M = SSMI_ALLOC(arena, double, f->n);
    f->Minf = SSMI_ALLOC(arena, double, f->n);
    if (state == NULL || f->A1 == NULL || f->P1 == NULL || f->M == NULL || f->Minf == NULL)
        return SSM_E_MEMORY;
    ssmi_kalman_state_init(&f->state, f->n, state);
    set_pattern(f);
    return SSM_OK;
}

static double starting_variance(const ssmi_part *p)
{
    return p->motion == SSMI_REVERTING || p->motion == SSMI_TURNING ? p->variance : p->start;
}

/* Each state starts on its own: with a variance, or diffuse. P1 has that of each, A1 a column for each of the
 * diffuse ones; returns how many these are. */
static size_t set_start(const ssmi_continuous *f, double *P1, double *A1)
{
    size_t at = 0, diffuse = 0;
    memset(P1, 0, f->n * f->n * sizeof *P1);
    memset(A1, 0, f->n * f->n * sizeof *A1);
    for (size_t b = 0; b < f->n_parts; b++) {
        const double variance = starting_variance(f->part + b);
        const size_t k = ssmi_part_states(f->part[b].motion);
        for (size_t i = 0; i < k; i++, at++) {
            P1[at * (f->n + 1)] = variance;
            if (f->part[b].motion == SSMI_REVERTING || f->part[b].motion == SSMI_TURNING) continue;
            if (variance == 0.0) A1[at + diffuse++ * f->n] = 1.0;
        }
    }
    return diffuse;
}

void ssmi_continuous_start(ssmi_continuous *f)
{
    const size_t diffuse = set_start(f, f->P1, f->A1);
    f->T.value = f->own_T;
    f->shock.value = f->own_shock;
    f->gap = 1.0;
    work_out(f->own_T, f->own_shock, f, 1.0); /* a unit of time gives the scale of the variances */
    ssmi_kalman_start(&f->state, NULL, f->P1, f->A1, diffuse, &f->shock);
}

void ssmi_continuous_advance(ssmi_continuous *f, double gap)
{
    if (gap == 0.0) return;
    if (gap != f->gap) {
        f->T.value = f->own_T;
        f->shock.value = f->own_shock;
        work_out(f->own_T, f->own_shock, f, gap);
        f->gap = gap;
    }
    ssmi_kalman_predict(&f->state, &f->T, &f->shock, NULL);
}

ssmi_innovation ssmi_continuous_take(ssmi_continuous *f, double y)
{
    if (isnan(y)) return (ssmi_innovation){.kind = SSMI_KALMAN_MISSING, .v = NAN, .F = NAN};
    return ssmi_kalman_update(&f->state, &f->Z, 0, f->irregular, y, f->M, f->Minf);
}

void ssmi_continuous_read(ssmi_continuous *f, double *mean, double *variance)
{
    ssmi_rows_combine(f->M, f->state.P, &f->Z, 0, f->n);
    *mean = ssmi_rows_dot(&f->Z, 0, f->state.a);
    *variance = fmax(ssmi_rows_dot(&f->Z, 0, f->M), 0.0);
}

/* ---- whole series ---- */

ssm_status ssmi_continuous_rows_init(ssmi_continuous_rows *rows, const ssmi_continuous *f, const double *y,
                                     const double *gap, size_t length, ssm_arena *arena)
{
    *rows = (ssmi_continuous_rows){.y = y, .length = length};
    if (length < 2) return SSM_OK;
    SSMI_TRY(ssmi_gaps_make(&rows->gaps, gap + 1, length - 1, arena));
    rows->memory = ssmi_arena_alloc(arena, rows->gaps.n, (f->n_T + f->n_shock) * sizeof(double));
    return rows->memory != NULL ? SSM_OK : SSM_E_MEMORY;
}

static void work_out_all(const ssmi_continuous *f, const ssmi_continuous_rows *rows)
{
    const size_t block = f->n_T + f->n_shock;
    for (size_t g = 0; g < rows->gaps.n; g++) {
        double *T = rows->memory + g * block;
        work_out(T, T + f->n_T, f, rows->gaps.size[g]);
    }
}

static void advance_to_row(ssmi_continuous *f, const ssmi_continuous_rows *rows, size_t t)
{
    const size_t g = rows->gaps.of[t - 1];
    if (rows->gaps.size[g] == 0.0) return;
    f->T.value = rows->memory + g * (f->n_T + f->n_shock);
    f->shock.value = f->T.value + f->n_T;
    ssmi_kalman_predict(&f->state, &f->T, &f->shock, NULL);
}

static void add_term(ssmi_loglik_sum *sum, const ssmi_innovation *in)
{
    if (in->kind == SSMI_KALMAN_ORDINARY) {
        ssmi_loglik_log(sum, in->F);
        ssmi_loglik_plain(sum, in->v * in->v / in->F);
        sum->count++;
    } else if (in->kind == SSMI_KALMAN_DIFFUSE) {
        ssmi_loglik_log(sum, in->Finf);
        sum->count++;
    }
}

ssmi_continuous_fit ssmi_continuous_run(ssmi_continuous *f, const ssmi_continuous_rows *rows, size_t burn)
{
    ssmi_loglik_sum sum[2] = {ssmi_loglik_zero(), ssmi_loglik_zero()}; /* before burn, and from there on */
    size_t observed = 0;
    int impossible = 0;
    ssmi_continuous_start(f);
    work_out_all(f, rows);
    for (size_t t = 0; t < rows->length; t++) {
        if (t > 0) advance_to_row(f, rows, t);
        const ssmi_innovation in = ssmi_continuous_take(f, rows->y[t]);
        impossible |= in.kind == SSMI_KALMAN_CONTRADICTION;
        add_term(sum + (observed >= burn && in.kind != SSMI_KALMAN_DIFFUSE), &in);
        observed += in.kind != SSMI_KALMAN_MISSING;
    }
    f->gap = -1.0; /* T and shock are in rows->memory now */
    const double late = ssmi_loglik_value(sum + 1), all = ssmi_loglik_value(sum) + late;
    const int failed = impossible || isnan(all);
    return (ssmi_continuous_fit){failed ? -INFINITY : all, failed ? -INFINITY : late, sum[1].count};
}

/* ---- as matrices ---- */

static void put_block(double *M, const double *block, size_t k, size_t at, size_t n)
{
    for (size_t j = 0; j < k; j++) {
        for (size_t i = 0; i < k; i++) M[at + i + (at + j) * n] = block[i + j * k];
    }
}

static void fill_dense(double *T, double *Q, const ssmi_continuous *f, double gap)
{
    double block_T[SSMI_PART_STATES * SSMI_PART_STATES], block_Q[SSMI_PART_STATES * SSMI_PART_STATES];
    for (size_t b = 0, at = 0; b < f->n_parts; b++) {
        const size_t k = ssmi_part_states(f->part[b].motion);
        ssmi_part_move(block_T, block_Q, f->part + b, gap);
        put_block(T, block_T, k, at, f->n);
        put_block(Q, block_Q, k, at, f->n);
        at += k;
    }
}

static void fill_start(double *P1, double *P1inf, const ssmi_continuous *f, double open)
{
    const size_t n = f->n, diffuse = set_start(f, P1, f->A1);
    for (size_t d = 0; d < diffuse; d++) {
        for (size_t i = 0; i < n; i++) {
            if (f->A1[i + d * n] == 0.0) continue;
            (open > 0.0 ? P1 : P1inf)[i * (n + 1)] = open > 0.0 ? open : 1.0;
        }
    }
}

ssm_status ssmi_continuous_statespace(ssm_statespace *out, const ssmi_continuous *f, const double *gap,
                                      size_t length, double open, ssm_arena *arena)
{
    const size_t n = f->n, block = n * n;
    double *T = ssmi_arena_alloc(arena, length, block * sizeof *T);
    double *Q = ssmi_arena_alloc(arena, length, block * sizeof *Q);
    double *Z = SSMI_ALLOC(arena, double, n), *H = SSMI_ALLOC(arena, double, 1);
    double *P1 = SSMI_ALLOC(arena, double, block), *P1inf = SSMI_ALLOC(arena, double, block);
    if (T == NULL || Q == NULL || Z == NULL || H == NULL || P1 == NULL || P1inf == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; t < length; t++) fill_dense(T + t * block, Q + t * block, f, gap[t]);
    for (size_t b = 0; b < f->n_parts; b++) Z[f->Z.column[b]] = 1.0;
    H[0] = f->irregular;
    fill_start(P1, P1inf, f, open);
    *out = (ssm_statespace){.n = n,
                            .p = 1,
                            .r = n,
                            .Z.data = Z,
                            .H.data = H,
                            .T = {T, block},
                            .Q = {Q, block},
                            .P1 = P1,
                            .P1inf = P1inf};
    return SSM_OK;
}
