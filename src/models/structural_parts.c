/* The kinds of parts.
 *
 *   trend      level_{t+1} = level_t + slope_t + xi_t,   slope_{t+1} = damping slope_t + zeta_t
 *   cycle      (psi, psi*)_{t+1} = rho R(lambda) (psi, psi*)_t + kappa_t, R a turn by lambda, stationary
 *              (Harvey 1989, eq. 2.3.38); without damping, rho = 1, it starts diffuse
 *   autoregression   x_{t+1} = phi_1 x_t + ... + phi_p x_{t-p+1} + kappa_t, stationary: its parameters are
 *              partial autocorrelations r_k, from which phi follows by the Durbin-Levinson recursion
 *              (Monahan 1984): phi_kk = r_k, phi_kj = phi_{k-1,j} - r_k phi_{k-1,k-j}
 *   harmonics  each of frequency f turns by 2 pi f a row (Durbin & Koopman 2012, eq. 3.7)
 *   dummies    season_t + season_{t-1} + ... + season_{t-s+1} = omega (their eq. 3.3)
 *   regression, interventions   coefficients that stay, or walk
 *
 * Dummies without motion: with one state d_j for each row j of the season, let season_t = d_j - d_{j-1} for
 * t at j, and let omega be added to d_j just before its turn. Over s rows the differences telescope, and what
 * remains is the shock that d_j has had since: the equation above. Nothing moves from row to row, T is the
 * identity, and the step adds to one element of the variance. d_{s-1} starts at zero, the others diffuse;
 * the map to the usual states (season_t, ..., season_{t-s+2}) has determinant 1 in absolute value, so the
 * diffuse likelihood is the usual one too.
 *
 * Level, slope, dummies, coefficients and the harmonics of short periods start diffuse. Harmonics of long
 * periods start with a wide distribution instead: over the few rows that an exact diffuse start would take
 * they can hardly be told from each other, and the variances it would leave exceed what doubles can carry.
 *
 * Known value: AR(2) with partial autocorrelations 0.5 and -0.3 has phi = (0.65, -0.3). */
#include "models/structural_parts.h"

#include <math.h>

enum { longest_diffuse_period = 24 };
/* Of a harmonic of a long period, in units of the variance of the series: an amplitude of four standard
 * deviations is no surprise. */
static const double start_variance = 4.0;
static const double two_pi = 6.283185307179586477;

/* Element (i, j) of the block of a part. */
static double *at(double *X, const ssmi_structural_matrices *m, const ssmi_part *part, size_t i, size_t j)
{
    return X + (part->state + i) + (part->state + j) * m->model.n;
}

static double value_of(const ssmi_structural_matrices *m, const ssmi_part *part, size_t i)
{
    return m->s->parameter[part->parameter + i];
}

static ssmi_parameter variance(const char *name, double first, double second, double third)
{
    return (ssmi_parameter){.name = name, .is_variance = 1, .start = {first, second, third}};
}

static ssmi_parameter bounded(const char *name, double low, double high, double first, double second,
                              double third)
{
    return (ssmi_parameter){.name = name, .low = low, .high = high, .start = {first, second, third}};
}

/* A state that keeps its value and starts diffuse. */
static void fill_constant(ssmi_structural_matrices *m, const ssmi_part *part, size_t i, size_t shock)
{
    *at(m->T, m, part, i, i) = 1.0;
    *at(m->P1inf, m, part, i, i) = 1.0;
    m->shock[part->state + i] = shock;
}

/* ---- trend ---- */

static size_t trend_states(const ssmi_structural *s, const ssmi_part *part)
{
    (void)s;
    return part->form == SSMI_SLOPE_NONE ? 1 : 2;
}

static size_t trend_parameters(const ssmi_part *part)
{
    return part->form == SSMI_SLOPE_NONE ? 1 : part->form == SSMI_SLOPE_ON ? 2 : 3;
}

static ssmi_parameter trend_describe(const ssmi_part *part, size_t i)
{
    (void)part;
    if (i == 0) return variance("level", 0.02, 0.01, 0.3);
    if (i == 1) return variance("slope", 1e-5, 1e-5, 1e-4);
    ssmi_parameter damping = bounded("damping", 0.80, 0.995, 0.95, 0.95, 0.95);
    damping.is_diffuse = 1;
    return damping;
}

static void trend_fill(ssmi_structural_matrices *m, const ssmi_part *part)
{
    m->Z[part->state] = 1.0;
    fill_constant(m, part, 0, part->parameter);
    if (part->form == SSMI_SLOPE_NONE) return;
    fill_constant(m, part, 1, part->parameter + 1);
    *at(m->T, m, part, 0, 1) = 1.0; /* the level takes up the slope */
    if (part->form == SSMI_SLOPE_DAMPED) *at(m->T, m, part, 1, 1) = value_of(m, part, 2);
}

/* ---- cycle ---- */

static size_t cycle_states(const ssmi_structural *s, const ssmi_part *part)
{
    (void)s;
    (void)part;
    return 2;
}

static size_t cycle_parameters(const ssmi_part *part)
{
    return part->form ? 2 : 3; /* without damping rho is 1 */
}

static ssmi_parameter cycle_describe(const ssmi_part *part, size_t i)
{
    if (i == 0) return variance("cycle", 0.02, 0.1, 0.005);
    if (i == 1 && !part->form) return bounded("rho", 0.3, 0.9995, 0.9, 0.8, 0.97);
    const double low = two_pi / part->longest, high = two_pi / part->shortest, ratio = high / low;
    ssmi_parameter frequency = bounded("frequency", low, high, low * pow(ratio, 0.5), low * pow(ratio, 0.25),
                                       low * pow(ratio, 0.75));
    frequency.is_diffuse = part->form != 0;
    return frequency;
}

static void cycle_fill(ssmi_structural_matrices *m, const ssmi_part *part)
{
    const double rho = part->form ? 1.0 : value_of(m, part, 1),
                 lambda = value_of(m, part, part->form ? 1 : 2);
    const double start = part->form ? 0.0 : value_of(m, part, 0) / (1.0 - rho * rho);
    m->Z[part->state] = 1.0;
    *at(m->T, m, part, 0, 0) = *at(m->T, m, part, 1, 1) = rho * cos(lambda);
    *at(m->T, m, part, 0, 1) = rho * sin(lambda);
    *at(m->T, m, part, 1, 0) = -rho * sin(lambda);
    *at(m->P1, m, part, 0, 0) = *at(m->P1, m, part, 1, 1) = start;
    *at(m->P1inf, m, part, 0, 0) = *at(m->P1inf, m, part, 1, 1) = part->form ? 1.0 : 0.0;
    m->shock[part->state] = m->shock[part->state + 1] = part->parameter;
}

static size_t cycle_places(const ssmi_part *part, ssmi_place *out)
{
    (void)part;
    for (size_t k = 0; k < 4; k++) out[k] = (ssmi_place){.row = k % 2, .column = k / 2};
    return 4;
}

/* ---- autoregression ---- */

static size_t autoregression_states(const ssmi_structural *s, const ssmi_part *part)
{
    (void)s;
    return part->count;
}

static size_t autoregression_parameters(const ssmi_part *part)
{
    return 1 + part->count;
}

static ssmi_parameter autoregression_describe(const ssmi_part *part, size_t i)
{
    if (i == 0) return variance("ar", 0.05, 0.05, 0.3);
    if (part->count == 1) return bounded("phi", -0.5, 0.995, 0.7, 0.7, 0.7);
    return i == 1 ? bounded("partial", -0.995, 0.995, 0.7, 0.5, 0.9)
                  : bounded("partial", -0.995, 0.995, 0.1, -0.2, -0.5);
}

/* Coefficients phi (p) and autocovariances (p), for shocks of variance 1, from partial autocorrelations. */
static void levinson(double *phi, double *covariance, const double *r, size_t p)
{
    double correlation[SSMI_LONGEST_AUTOREGRESSION + 1] = {1.0}, old[SSMI_LONGEST_AUTOREGRESSION], rest = 1.0;
    for (size_t k = 0; k < p; k++) {
        correlation[k + 1] = r[k] * rest;
        for (size_t j = 0; j < k; j++) correlation[k + 1] += phi[j] * correlation[k - j];
        for (size_t j = 0; j < k; j++) old[j] = phi[j];
        for (size_t j = 0; j < k; j++) phi[j] = old[j] - r[k] * old[k - 1 - j];
        phi[k] = r[k];
        rest *= 1.0 - r[k] * r[k];
    }
    for (size_t k = 0; k < p; k++) covariance[k] = correlation[k] / rest;
}

static void autoregression_fill(ssmi_structural_matrices *m, const ssmi_part *part)
{
    double phi[SSMI_LONGEST_AUTOREGRESSION], covariance[SSMI_LONGEST_AUTOREGRESSION];
    const size_t p = part->count;
    levinson(phi, covariance, m->s->parameter + part->parameter + 1, p);
    m->Z[part->state] = 1.0;
    m->shock[part->state] = part->parameter;
    for (size_t i = 0; i < p; i++) {
        *at(m->T, m, part, 0, i) = phi[i];
        if (i > 0) *at(m->T, m, part, i, i - 1) = 1.0;
        for (size_t j = 0; j < p; j++)
            *at(m->P1, m, part, i, j) = value_of(m, part, 0) * covariance[i > j ? i - j : j - i];
    }
}

static size_t autoregression_places(const ssmi_part *part, ssmi_place *out)
{
    for (size_t k = 0; k < part->count; k++) out[k] = (ssmi_place){.row = 0, .column = k};
    return part->count;
}

/* ---- harmonics ---- */

static int half_turn(const ssmi_line *line)
{
    return 2 * line->multiple == line->period;
}

static size_t harmonics_states(const ssmi_structural *s, const ssmi_part *part)
{
    size_t n = 0;
    for (size_t k = 0; k < part->count; k++) n += half_turn(s->line + part->from + k) ? 1 : 2;
    return n;
}

static size_t harmonics_parameters(const ssmi_part *part)
{
    return part->form ? part->count : 1;
}

static ssmi_parameter harmonics_describe(const ssmi_part *part, size_t i)
{
    (void)part;
    (void)i;
    return variance("seasonal", 1e-4, 1e-4, 1e-3);
}

static void start_line(ssmi_structural_matrices *m, const ssmi_part *part, const ssmi_line *line, size_t k)
{
    const int diffuse = line->period <= longest_diffuse_period;
    *at(m->P1inf, m, part, k, k) = diffuse ? 1.0 : 0.0;
    *at(m->P1, m, part, k, k) = diffuse ? 0.0 : start_variance;
}

/* States k and k + 1 of the part turn by the line's angle; at half a turn a row the second would never show.
 */
static size_t fill_line(ssmi_structural_matrices *m, const ssmi_part *part, const ssmi_line *line, size_t k,
                        size_t shock)
{
    const double angle = two_pi * (double)line->multiple / (double)line->period;
    m->Z[part->state + k] = 1.0;
    m->shock[part->state + k] = shock;
    start_line(m, part, line, k);
    if (half_turn(line)) {
        *at(m->T, m, part, k, k) = -1.0;
        return 1;
    }
    *at(m->T, m, part, k, k) = *at(m->T, m, part, k + 1, k + 1) = cos(angle);
    *at(m->T, m, part, k, k + 1) = sin(angle);
    *at(m->T, m, part, k + 1, k) = -sin(angle);
    m->shock[part->state + k + 1] = shock;
    start_line(m, part, line, k + 1);
    return 2;
}

static void harmonics_fill(ssmi_structural_matrices *m, const ssmi_part *part)
{
    size_t k = 0;
    for (size_t j = 0; j < part->count; j++)
        k += fill_line(m, part, m->s->line + part->from + j, k, part->parameter + (part->form ? j : 0));
}

/* ---- dummies ---- */

static size_t dummies_states(const ssmi_structural *s, const ssmi_part *part)
{
    (void)s;
    return part->period;
}

static size_t one_parameter(const ssmi_part *part)
{
    (void)part;
    return 1;
}

static void dummies_fill(ssmi_structural_matrices *m, const ssmi_part *part)
{
    for (size_t j = 0; j < part->period; j++) {
        fill_constant(m, part, j, part->parameter);
        m->alone[part->state + j] = 1;
    }
    *at(m->P1inf, m, part, part->period - 1, part->period - 1) = 0.0;
}

static void append(ssmi_rows *Z, size_t column, double value)
{
    Z->column[Z->start[1]] = column;
    Z->value[Z->start[1]++] = value;
}

static void dummies_list(const ssmi_structural_matrices *m, const ssmi_part *part, size_t t, ssmi_rows *Z,
                         ssmi_entries *shock)
{
    const size_t s = part->period, j = t % s, next = (t + 1) % s;
    const size_t place = (part->state + next) * (m->model.n + 1);
    if (j == 0) {
        append(Z, part->state, 1.0);
        append(Z, part->state + s - 1, -1.0);
    } else {
        append(Z, part->state + j - 1, -1.0);
        append(Z, part->state + j, 1.0);
    }
    shock->place[shock->count] = shock->mirror[shock->count] = place;
    shock->value[shock->count++] = value_of(m, part, 0);
}

/* ---- regression ---- */

static size_t column_states(const ssmi_structural *s, const ssmi_part *part)
{
    (void)s;
    return part->count;
}

static size_t regression_parameters(const ssmi_part *part)
{
    return part->form ? part->count : 0;
}

static ssmi_parameter regression_describe(const ssmi_part *part, size_t i)
{
    (void)part;
    (void)i;
    return variance("coefficient", 1e-5, 1e-4, 1e-3);
}

static void regression_fill(ssmi_structural_matrices *m, const ssmi_part *part)
{
    for (size_t j = 0; j < part->count; j++)
        fill_constant(m, part, j, part->form ? part->parameter + j : SSMI_NO_SHOCK);
}

static void regression_list(const ssmi_structural_matrices *m, const ssmi_part *part, size_t t, ssmi_rows *Z,
                            ssmi_entries *shock)
{
    const ssmi_structural *s = m->s;
    const double *x = m->rows.x + t * m->rows.n_x;
    (void)shock;
    for (size_t j = 0; j < part->count; j++) {
        const double value = s->spread[j] > 0.0 ? (x[j] - s->center[j]) / s->spread[j] : 0.0;
        if (value != 0.0) append(Z, part->state + j, value);
    }
}

/* ---- interventions ---- */

static size_t no_parameters(const ssmi_part *part)
{
    (void)part;
    return 0;
}

static ssmi_parameter describe_none(const ssmi_part *part, size_t i)
{
    (void)part;
    (void)i;
    return (ssmi_parameter){0};
}

static double effect(const ssmi_intervention *event, int64_t row)
{
    switch (event->kind) {
    case SSMI_LEVEL_SHIFT:
        return row >= event->row ? 1.0 : 0.0;
    case SSMI_SLOPE_CHANGE:
        return row > event->row ? (double)(row - event->row) : 0.0;
    default:
        return row == event->row ? 1.0 : 0.0;
    }
}

static void interventions_list(const ssmi_structural_matrices *m, const ssmi_part *part, size_t t,
                               ssmi_rows *Z, ssmi_entries *shock)
{
    (void)shock;
    for (size_t j = 0; j < part->count; j++) {
        const double value = effect(m->s->intervention + j, m->rows.first + (int64_t)t);
        if (value != 0.0) append(Z, part->state + j, value);
    }
}

const ssmi_part_type ssmi_part_types[SSMI_PART_KINDS] = {
    [SSMI_TREND] = {"level", trend_states, trend_parameters, trend_describe, trend_fill, NULL, NULL},
    [SSMI_CYCLE] = {"cycle", cycle_states, cycle_parameters, cycle_describe, cycle_fill, NULL, cycle_places},
    [SSMI_AUTOREGRESSION] = {"ar", autoregression_states, autoregression_parameters, autoregression_describe,
                             autoregression_fill, NULL, autoregression_places},
    [SSMI_HARMONICS] = {"seasonal", harmonics_states, harmonics_parameters, harmonics_describe,
                        harmonics_fill, NULL, NULL},
    [SSMI_DUMMIES] = {"seasonal", dummies_states, one_parameter, harmonics_describe, dummies_fill,
                      dummies_list, NULL},
    [SSMI_REGRESSION] = {"exogenous", column_states, regression_parameters, regression_describe,
                         regression_fill, regression_list, NULL},
    [SSMI_INTERVENTIONS] = {"intervention", column_states, no_parameters, describe_none, regression_fill,
                            interventions_list, NULL},
};

ssmi_parameter ssmi_structural_describe(const ssmi_structural *s, size_t i)
{
    for (size_t k = 0; k < s->n_parts; k++) {
        const ssmi_part *part = s->part + k;
        if (i >= part->parameter && i < part->parameter + part->n_parameters)
            return ssmi_part_types[part->kind].describe(part, i - part->parameter);
    }
    return variance("irregular", 0.05, 0.3, 0.001);
}
