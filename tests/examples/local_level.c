/* A state-space model of one's own, from its matrices: the local level model of the Nile.
 *
 *     y_t = mu_t + eps_t,  mu_{t+1} = mu_t + eta_t,  mu_1 diffuse     (Durbin & Koopman 2012, ch. 2)
 *
 * Prints the log-likelihood (-633.46), the smoothed level of the first and the last year, and a forecast. */
#include <ssmcast/ssmcast.h>
#include <stdio.h>

static const double nile[] = {
    1120, 1160, 963,  1210, 1160, 1160, 813,  1230, 1370, 1140, 995,  935,  1110, 994, 1020, 960,  1180,
    799,  958,  1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774,  840,  874, 694,  940,  833,
    701,  916,  692,  1020, 1050, 969,  831,  726,  456,  824,  702,  1120, 1100, 832, 764,  821,  768,
    845,  864,  862,  698,  845,  744,  796,  1040, 759,  781,  865,  845,  944,  984, 897,  822,  1010,
    771,  676,  649,  846,  812,  742,  801,  1040, 860,  874,  848,  890,  744,  749, 838,  1050, 918,
    986,  797,  923,  975,  815,  1020, 906,  901,  1170, 912,  746,  919,  718,  714, 740};
enum { YEARS = sizeof nile / sizeof *nile, HORIZON = 2 };

int main(void)
{
    const double one = 1, H = 15099, Q = 1469.1;
    const ssm_statespace model = {.n = 1,
                                  .p = 1,
                                  .r = 1,
                                  .Z = {&one, 0},
                                  .H = {&H, 0},
                                  .T = {&one, 0},
                                  .R = {&one, 0},
                                  .Q = {&Q, 0},
                                  .P1inf = &one};
    double level[YEARS], variance[YEARS], mean[HORIZON], F[HORIZON];
    ssm_kalman_summary summary;
    ssm_context *ctx;
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    ssm_status status = ssm_kalman_filter(ctx, &model, nile, YEARS, NULL, NULL, &summary);
    if (status == SSM_OK) {
        const ssm_kalman_smooth_output out = {.alpha = level, .V = variance};
        status = ssm_kalman_smooth(ctx, &model, nile, YEARS, NULL, &out);
    }
    if (status == SSM_OK) status = ssm_kalman_forecast(ctx, &model, nile, YEARS, HORIZON, NULL, mean, F);
    if (status == SSM_OK) {
        printf("loglik %.6f\n", summary.loglik);
        printf("level 1871 %.6f, 1970 %.6f\n", level[0], level[YEARS - 1]);
        printf("forecast 1971 %.6f, variance %.6f\n", mean[0], F[0]);
    } else {
        fprintf(stderr, "%s\n", ssm_context_message(ctx));
    }
    ssm_context_free(ctx);
    return status != SSM_OK;
}
