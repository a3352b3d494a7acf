/* Putting the parts of a structural model together: layout, matrices, motion.
 *
 *   states      | trend | cycle | autoregression | harmonics ... | dummies ... | coefficients |
 *   row of Z    | the same in each row                           | listed for each row        |
 *
 * Known value: log AirPassengers, six harmonics of 12, variances 1e-4, 7e-4, 1e-7, 6e-6: log-likelihood
 * 222.485331832 without the constants of the diffuse observations. */
#include "models/structural.h"

#include "models/structural_parts.h"

#include <math.h>

ssmi_part *ssmi_structural_add(ssmi_structural *s, ssmi_part_kind kind)
{
    ssmi_part *part = s->part + s->n_parts++;
    *part = (ssmi_part){.kind = kind};
    return part;
}

const ssmi_part *ssmi_structural_part(const ssmi_structural *s, ssmi_part_kind kind)
{
    for (size_t k = 0; k < s->n_parts; k++) {
        if (s->part[k].kind == kind) return s->part + k;
    }
    return NULL;
}

void ssmi_structural_lay_out(ssmi_structural *s)
{
    s->n_states = 0;
    s->n_parameters = 1;
    for (size_t k = 0; k < s->n_parts; k++) {
        ssmi_part *part = s->part + k;
        part->state = s->n_states;
        part->parameter = s->n_parameters;
        part->n_states = ssmi_part_types[part->kind].states(s, part);
        part->n_parameters = ssmi_part_types[part->kind].parameters(part);
        s->n_states += part->n_states;
        s->n_parameters += part->n_parameters;
    }
}

size_t ssmi_structural_free(const ssmi_structural *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_parameters; i++) n += s->held[i] ? 0 : 1;
    return n;
}

void ssmi_structural_start(ssmi_structural *s, size_t start)
{
    for (size_t i = 0; i < s->n_parameters; i++) {
        if (!s->held[i]) s->parameter[i] = ssmi_structural_describe(s, i).start[start];
    }
}

static const ssmi_part *same_part(const ssmi_structural *s, const ssmi_part *wanted)
{
    for (size_t k = 0; k < s->n_parts; k++) {
        if (s->part[k].kind == wanted->kind && s->part[k].period == wanted->period) return s->part + k;
    }
    return NULL;
}

static void inherit_one(ssmi_structural *s, size_t i, const ssmi_structural *from, size_t j, double least)
{
    if (s->held[i]) return;
    const int is_variance = ssmi_structural_describe(s, i).is_variance;
    s->parameter[i] = is_variance ? fmax(from->parameter[j], least) : from->parameter[j];
}

void ssmi_structural_inherit(ssmi_structural *s, const ssmi_structural *from, double least)
{
    inherit_one(s, 0, from, 0, least);
    for (size_t k = 0; k < s->n_parts; k++) {
        const ssmi_part *to = s->part + k, *part = same_part(from, to);
        for (size_t i = 0; part != NULL && i < to->n_parameters && i < part->n_parameters; i++)
            inherit_one(s, to->parameter + i, from, part->parameter + i, least);
    }
}

/* ---- matrices ---- */

static ssm_status alloc(ssmi_structural_matrices *m, size_t n, ssm_arena *arena)
{
    m->Z = SSMI_ALLOC(arena, double, n);
    m->H = SSMI_ALLOC(arena, double, 1);
    m->T = SSMI_ALLOC(arena, double, n *n);
    m->Q = SSMI_ALLOC(arena, double, n *n);
    m->P1 = SSMI_ALLOC(arena, double, n *n);
    m->P1inf = SSMI_ALLOC(arena, double, n *n);
    m->shock = SSMI_ALLOC(arena, size_t, n);
    m->alone = SSMI_ALLOC(arena, unsigned char, n);
    return m->Z == NULL || m->H == NULL || m->T == NULL || m->Q == NULL || m->P1 == NULL ||
                   m->P1inf == NULL || m->shock == NULL || m->alone == NULL
               ? SSM_E_MEMORY
               : SSM_OK;
}

/* Z and shocks of row t: those of the parts that stay as they are filled, then those of the others. */
static void list_row(void *user, size_t t, ssmi_rows *Z, ssmi_entries *shock)
{
    const ssmi_structural_matrices *m = user;
    const size_t n = m->model.n;
    Z->start[0] = Z->start[1] = shock->count = 0;
    for (size_t k = 0; k < n; k++) {
        if (m->Z[k] != 0.0) {
            Z->column[Z->start[1]] = k;
            Z->value[Z->start[1]++] = m->Z[k];
        }
        if (m->Q[k * (n + 1)] == 0.0) continue;
        shock->place[shock->count] = shock->mirror[shock->count] = k * (n + 1);
        shock->value[shock->count++] = m->Q[k * (n + 1)];
    }
    for (size_t k = 0; k < m->s->n_parts; k++) {
        const ssmi_part *part = m->s->part + k;
        if (ssmi_part_types[part->kind].list != NULL) ssmi_part_types[part->kind].list(m, part, t, Z, shock);
    }
}

ssm_status ssmi_structural_build(ssmi_structural_matrices *m, const ssmi_structural *s,
                                 const ssmi_structural_rows *rows, ssm_arena *arena)
{
    const size_t n = s->n_states;
    *m = (ssmi_structural_matrices){.s = s, .rows = *rows};
    SSMI_TRY(alloc(m, n, arena));
    m->model = (ssm_statespace){.n = n,
                                .p = 1,
                                .r = n,
                                .Z.data = m->Z,
                                .H.data = m->H,
                                .T.data = m->T,
                                .Q.data = m->Q,
                                .P1 = m->P1,
                                .P1inf = m->P1inf};
    for (size_t k = 0; k < n; k++) m->shock[k] = SSMI_NO_SHOCK;
    for (size_t k = 0; k < s->n_parts; k++) m->moves |= ssmi_part_types[s->part[k].kind].list != NULL;
    m->motion = (ssmi_kalman_motion){.user = m, .row = list_row, .alone = m->alone};
    ssmi_structural_apply(m);
    return SSM_OK;
}

void ssmi_structural_apply(ssmi_structural_matrices *m)
{
    const ssmi_structural *s = m->s;
    const size_t n = m->model.n;
    m->H[0] = s->parameter[0];
    for (size_t k = 0; k < s->n_parts; k++) ssmi_part_types[s->part[k].kind].fill(m, s->part + k);
    for (size_t k = 0; k < n; k++) {
        if (m->shock[k] != SSMI_NO_SHOCK && !m->alone[k]) m->Q[k * (n + 1)] = s->parameter[m->shock[k]];
    }
}

ssm_status ssmi_structural_filter(ssmi_kalman_filter *f, const ssmi_structural_matrices *m, ssm_arena *arena)
{
    SSMI_TRY(ssmi_kalman_filter_init(f, &m->model, arena));
    if (m->moves) ssmi_kalman_system_move(&f->system, &m->motion);
    return SSM_OK;
}
