/* log |X'X| / 2 by a triangular factor that takes in one row of X after the other (Givens), so that X'X is
 * never formed and its condition not squared. Row i of X at time t is z_i A_t, A_{t+1} = T_t A_t.
 *
 * Known value: a local level with n observations: X is a column of ones, so the term is log(n) / 2. */
#include "kalman/marginal.h"

#include "kalman/square_root.h"
#include <math.h>
#include <string.h>

ssm_status ssmi_kalman_marginal_init(ssmi_kalman_marginal *x, size_t n, size_t rank, ssm_arena *arena)
{
    *x = (ssmi_kalman_marginal){.n = n, .rank = rank};
    x->A = SSMI_ALLOC(arena, double, n *rank);
    x->root = SSMI_ALLOC(arena, double, rank *rank);
    x->work = SSMI_ALLOC(arena, double, n + rank);
    return x->A == NULL || x->root == NULL || x->work == NULL ? SSM_E_MEMORY : SSM_OK;
}

void ssmi_kalman_marginal_start(ssmi_kalman_marginal *x, const double *A1)
{
    memcpy(x->A, A1, x->n * x->rank * sizeof(double));
    memset(x->root, 0, x->rank * x->rank * sizeof(double));
}

void ssmi_kalman_marginal_row(ssmi_kalman_marginal *x, const ssmi_kalman_system *s, const double *y)
{
    double *row = x->work, *moved = row + x->rank;
    for (size_t i = 0; i < s->p; i++) {
        if (isnan(y[i])) continue;
        for (size_t k = 0; k < x->rank; k++) row[k] = ssmi_rows_dot(&s->Z, i, x->A + k * x->n);
        ssmi_root_append(x->root, row, x->rank);
    }
    for (size_t k = 0; k < x->rank; k++) {
        ssmi_rows_times(moved, &s->T, x->A + k * x->n);
        memcpy(x->A + k * x->n, moved, x->n * sizeof(double));
    }
}

double ssmi_kalman_marginal_term(const ssmi_kalman_marginal *x)
{
    double sum = 0.0;
    for (size_t k = 0; k < x->rank; k++) sum += log(fabs(x->root[k * (x->rank + 1)]));
    return sum;
}
