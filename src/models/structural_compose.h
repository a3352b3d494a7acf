/* Structures made from wishes: which seasons and columns there are to choose from, and one structure of
 * them. */
#ifndef SSMCAST_MODELS_STRUCTURAL_COMPOSE_H
#define SSMCAST_MODELS_STRUCTURAL_COMPOSE_H

#include "models/structural_search.h"

/* What all candidates have in common. */
typedef struct ssmi_structural_plan {
    ssmi_line *line; /* (n_lines) all harmonics that were chosen; the state holds the first ones */
    size_t n_lines, n_kept;
    size_t n_dummies, dummies[SSM_MAX_PERIODS]; /* periods of which the rows hold two cycles */
    size_t n_columns;
    double center[SSMI_STRUCTURAL_COLUMNS], spread[SSMI_STRUCTURAL_COLUMNS];
} ssmi_structural_plan;

/* Chooses harmonics and periods by the last rows of x. SSM_E_ARGUMENT: a period too long for dummies. */
ssm_status ssmi_structural_plan_seasons(ssmi_structural_plan *plan, const ssmi_structural_wishes *wishes,
                                        const double *x, size_t length, ssm_arena *tmp);
/* Means and standard deviations of the exogenous columns over the rows on which y is observed. */
void ssmi_structural_plan_columns(ssmi_structural_plan *plan, const ssmi_structural_wishes *wishes,
                                  const ssmi_structural_rows *rows, const double *y, size_t length);

typedef enum ssmi_seasons { SSMI_SEASONS_NONE, SSMI_SEASONS_HARMONICS, SSMI_SEASONS_DUMMIES } ssmi_seasons;

/* A laid out structure with reasonable first values. */
void ssmi_structural_compose(ssmi_structural *s, const ssmi_structural_plan *plan,
                             const ssmi_structural_wishes *wishes, ssmi_seasons seasons, ssmi_slope slope,
                             size_t order, int cycle);
/* Sets the variances of all seasons. */
void ssmi_structural_quiet_seasons(ssmi_structural *s, double variance);

#endif
