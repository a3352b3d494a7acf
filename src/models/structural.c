/* Matrices of the basic structural model. States in this order: level, slope, cycle, then two for each
 * harmonic (one at half a turn per row, where the second never shows).
 *
 * Known value: log AirPassengers, six harmonics of 12, variances 1e-4, 7e-4, 1e-7, 6e-6: log-likelihood
 * 222.485331832 without the constants of the diffuse observations. */
#include "models/structural.h"

#include <math.h>

/* Of a harmonic of a long period, in units of the variance of the series: an amplitude of four standard
 * deviations is no surprise. */
static const double start_variance = 4.0;
static const double two_pi = 6.283185307179586477;

static int half_turn(const ssmi_line *line)
{
    return 2 * line->multiple == line->period;
}

static int starts_diffuse(const ssmi_line *line)
{
    return line->period <= SSMI_LONGEST_DIFFUSE_PERIOD;
}

size_t ssmi_structural_diffuse(const ssmi_structural *s)
{
    size_t n = 1 + (s->slope != SSMI_SLOPE_NONE);
    for (size_t k = 0; k < s->n_lines; k++) {
        if (starts_diffuse(s->line + k)) n += half_turn(s->line + k) ? 1 : 2;
    }
    return n;
}

size_t ssmi_structural_states(const ssmi_structural *s)
{
    size_t n = 1 + (s->slope != SSMI_SLOPE_NONE) + (s->cycle ? 1 : 0);
    for (size_t k = 0; k < s->n_lines; k++) n += half_turn(s->line + k) ? 1 : 2;
    return n;
}

int ssmi_structural_uses(const ssmi_structural *s, size_t i)
{
    switch (i) {
    case SSMI_IRREGULAR:
    case SSMI_LEVEL:
        return 1;
    case SSMI_SLOPE:
        return s->slope != SSMI_SLOPE_NONE;
    case SSMI_DAMPING:
        return s->slope == SSMI_SLOPE_DAMPED;
    case SSMI_CYCLE:
    case SSMI_PHI:
        return s->cycle;
    default:
        break;
    }
    for (size_t k = 0; k < s->n_lines; k++) {
        if (s->line[k].season + SSMI_SEASON == i) return 1;
    }
    return 0;
}

ssm_status ssmi_structural_build(ssmi_structural_matrices *m, const ssmi_structural *s, ssm_arena *arena)
{
    const size_t n = ssmi_structural_states(s);
    m->Z = SSMI_ALLOC(arena, double, n);
    m->H = SSMI_ALLOC(arena, double, 1);
    m->T = SSMI_ALLOC(arena, double, n *n);
    m->Q = SSMI_ALLOC(arena, double, n *n);
    m->P1 = SSMI_ALLOC(arena, double, n *n);
    m->P1inf = SSMI_ALLOC(arena, double, n *n);
    if (m->Z == NULL || m->H == NULL || m->T == NULL || m->Q == NULL || m->P1 == NULL || m->P1inf == NULL)
        return SSM_E_MEMORY;
    m->model = (ssm_statespace){.n = n,
                                .p = 1,
                                .r = n,
                                .Z.data = m->Z,
                                .H.data = m->H,
                                .T.data = m->T,
                                .Q.data = m->Q,
                                .P1 = m->P1,
                                .P1inf = m->P1inf};
    ssmi_structural_apply(m, s);
    return SSM_OK;
}

static void start_line(ssmi_structural_matrices *m, const ssmi_line *line, size_t k)
{
    const size_t at = k * (m->model.n + 1);
    m->P1inf[at] = starts_diffuse(line) ? 1.0 : 0.0;
    m->P1[at] = starts_diffuse(line) ? 0.0 : start_variance;
}

/* States k and k + 1 turn by the line's angle. */
static void apply_line(ssmi_structural_matrices *m, const ssmi_line *line, double variance, size_t k)
{
    const size_t n = m->model.n;
    const double angle = two_pi * (double)line->multiple / (double)line->period;
    m->Z[k] = 1.0;
    m->Q[k * (n + 1)] = variance;
    start_line(m, line, k);
    if (half_turn(line)) {
        m->T[k * (n + 1)] = -1.0;
        return;
    }
    m->T[k * (n + 1)] = m->T[(k + 1) * (n + 1)] = cos(angle);
    m->T[k + (k + 1) * n] = sin(angle);
    m->T[k + 1 + k * n] = -sin(angle);
    m->Q[(k + 1) * (n + 1)] = variance;
    start_line(m, line, k + 1);
}

void ssmi_structural_apply(ssmi_structural_matrices *m, const ssmi_structural *s)
{
    const size_t n = m->model.n;
    const double *value = s->parameter;
    size_t k = 1;
    m->H[0] = value[SSMI_IRREGULAR];
    m->Z[0] = m->T[0] = m->P1inf[0] = 1.0;
    m->Q[0] = value[SSMI_LEVEL];
    if (s->slope != SSMI_SLOPE_NONE) {
        m->T[k * n] = 1.0; /* the level takes up the slope */
        m->T[k * (n + 1)] = s->slope == SSMI_SLOPE_DAMPED ? value[SSMI_DAMPING] : 1.0;
        m->Q[k * (n + 1)] = value[SSMI_SLOPE];
        m->P1inf[k * (n + 1)] = 1.0;
        k++;
    }
    if (s->cycle) {
        const double phi = value[SSMI_PHI];
        m->Z[k] = 1.0;
        m->T[k * (n + 1)] = phi;
        m->Q[k * (n + 1)] = value[SSMI_CYCLE];
        m->P1[k * (n + 1)] = value[SSMI_CYCLE] / (1.0 - phi * phi);
        k++;
    }
    for (size_t j = 0; j < s->n_lines; j++) {
        apply_line(m, s->line + j, value[SSMI_SEASON + s->line[j].season], k);
        k += half_turn(s->line + j) ? 1 : 2;
    }
}
