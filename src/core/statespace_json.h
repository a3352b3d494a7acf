/* A state-space model written by a person, as JSON:
 *
 *     {
 *       "states": ["level", "slope"],
 *       "Z": [1, 0],
 *       "H": 15099,
 *       "T": [[1, 1], [0, 1]],
 *       "Q": [[1469, 0], [0, 10]],
 *       "diffuse": true
 *     }
 *
 *   key              what                                                         left out
 *   Z (p, n)         observation                                                  wanted
 *   T (n, n)         transition                                                   wanted
 *   Q (r, r)         variance of the shocks                                       no shocks
 *   R (n, r)         what the shocks move                                         identity, r = n
 *   H (p, p)         variance of the observation errors                           zero
 *   c (n), d (p)     known inputs of states and observations                      zero
 *   a1 (n), P1 (n,n) mean and variance of the first state                         zero
 *   diffuse          true, false, or one of them per state: a start of unknown    true without P1 and P1inf
 *                    size, treated exactly
 *   P1inf (n, n)     diffuse part of the start, instead of "diffuse"              from "diffuse"
 *   states           names of the n states                                        state_1, ...
 *   scale            factor of H, Q and P1; "estimate": by maximum likelihood     1
 *   n, p, r          sizes, only checked
 *   comment          text, not looked at
 *
 * A matrix is a list of rows; one with a single row or column may be a plain list, one with a single entry a
 * number. Entries in messages count from 0, as in the matrices themselves. */
#ifndef SSMCAST_CORE_STATESPACE_JSON_H
#define SSMCAST_CORE_STATESPACE_JSON_H

#include "base/arena.h"
#include <ssmcast/statespace.h>

typedef struct ssmi_system_file {
    ssm_statespace model;     /* its matrices live in the arena */
    const char *const *state; /* (n) names, distinct */
    double scale;             /* >= 0 */
    int estimate_scale;       /* scale is 1 and to be estimated */
} ssmi_system_file;

/* Reads text[0, size); `path` names it in messages. SSM_E_FORMAT: no JSON of this kind, with line and column
 * of a syntax error; SSM_E_DATA: sizes that do not fit, values that are no model. The model has been checked
 * by ssm_statespace_check. */
ssm_status ssmi_system_parse(ssmi_system_file *out, const char *path, const char *text, size_t size,
                             ssm_arena *arena);

#endif
