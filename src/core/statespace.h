/* Inside of ssmcast/statespace.h: how the system matrices are reached. */
#ifndef SSMCAST_CORE_STATESPACE_H
#define SSMCAST_CORE_STATESPACE_H

#include <ssmcast/statespace.h>

/* The matrix of time t, column-major; NULL when all of it is zero (for R: the identity). */
static inline const double *ssmi_system_at(ssm_system_matrix matrix, size_t t)
{
    return matrix.data != NULL ? matrix.data + t * matrix.stride : NULL;
}

#endif
