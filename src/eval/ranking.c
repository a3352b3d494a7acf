/* Who is best at each horizon, and whether the distance to the others is more than luck. */
#include "eval/backtest.h"

#include <math.h>

static double score_of(const ssm_backtest *r, size_t outcome, size_t horizon)
{
    const ssm_outcome *o = &r->outcome[outcome];
    return o->status == SSM_OK ? o->value[horizon * r->n_measures + r->ranked_by] : NAN;
}

/* Insertion sort by score: equal scores stay in the order of the plan. */
static size_t sort_outcomes(const ssm_backtest *r, size_t horizon, size_t *order)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_outcomes; i++) {
        double score = score_of(r, i, horizon);
        if (isnan(score)) continue;
        size_t place = n++;
        for (; place > 0 && score_of(r, order[place - 1], horizon) > score; place--)
            order[place] = order[place - 1];
        order[place] = i;
    }
    return n;
}

static const double *losses(const ssm_backtest *r, size_t outcome, size_t horizon)
{
    return r->outcome[outcome].loss + horizon * r->n_origins;
}

static void count_wins(const ssm_backtest *r, size_t horizon, const size_t *order, size_t n, size_t *wins)
{
    for (size_t k = 0; k < r->n_origins; k++) {
        size_t winner = n;
        for (size_t place = 0; place < n; place++) {
            double loss = losses(r, order[place], horizon)[k];
            if (isnan(loss)) continue;
            if (winner == n || loss < losses(r, order[winner], horizon)[k]) winner = place;
        }
        if (winner < n) wins[winner]++;
    }
}

static ssm_status rank_horizon(ssmi_backtest *b, size_t horizon, ssm_ranking *out)
{
    const ssm_backtest *r = &b->result;
    size_t *order = SSMI_ALLOC(&b->memory, size_t, r->n_outcomes);
    size_t *wins = SSMI_ALLOC(&b->memory, size_t, r->n_outcomes);
    ssm_dm_test *test = SSMI_ALLOC(&b->memory, ssm_dm_test, r->n_outcomes);
    double *p = SSMI_ALLOC(&b->memory, double, r->n_outcomes),
           *holm = SSMI_ALLOC(&b->memory, double, r->n_outcomes);
    if (order == NULL || wins == NULL || test == NULL || p == NULL || holm == NULL) return SSM_E_MEMORY;
    size_t n = sort_outcomes(r, horizon, order);
    size_t lags =
        (r->horizon[horizon] + r->step - 1) / r->step - 1; /* later forecasts that overlap with one */
    for (size_t i = 0; i < n; i++) {
        test[i] = (ssm_dm_test){.statistic = NAN, .p_value = NAN};
        if (i > 0) {
            test[i] = ssm_diebold_mariano(losses(r, order[0], horizon), losses(r, order[i], horizon),
                                          r->n_origins, lags);
        }
        p[i] = test[i].p_value;
    }
    ssm_holm(holm, p, n);
    count_wins(r, horizon, order, n, wins);
    *out = (ssm_ranking){r->horizon[horizon], n, order, test, holm, wins};
    return SSM_OK;
}

ssm_status ssmi_backtest_rank(ssmi_backtest *b)
{
    ssm_ranking *ranking = SSMI_ALLOC(&b->memory, ssm_ranking, b->result.n_horizons);
    if (ranking == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < b->result.n_horizons; i++) SSMI_TRY(rank_horizon(b, i, &ranking[i]));
    b->result.ranking = ranking;
    return SSM_OK;
}
