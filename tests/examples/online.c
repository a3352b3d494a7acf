/* Online: rows arrive one at a time, and each time the level of five rows ago is known better than it was.
 *
 * The loop allocates nothing and its work does not grow. Prints the level of five rows before now as it was
 * seen then and as it is seen with the rows since, at some rows. */
#include <math.h>
#include <ssmcast/ssmcast.h>
#include <stdio.h>

enum { ROWS = 40, LAG = 5 };

int main(void)
{
    const double one = 1, H = 1, Q = 0.2;
    const ssm_statespace model = {
        .n = 1, .p = 1, .r = 1, .Z = {&one, 0}, .H = {&H, 0}, .T = {&one, 0}, .Q = {&Q, 0}, .P1inf = &one};
    double seen[ROWS];
    ssm_fixed_lag *filter;
    ssm_context *ctx;
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    ssm_status status = ssm_fixed_lag_new(ctx, &model, LAG, NULL, &filter);
    if (status == SSM_OK) {
        for (size_t t = 0; t < ROWS && status == SSM_OK; t++) {
            const double y = t % 7 == 6 ? NAN : 10 + (t >= 20 ? 3 : 0) + sin(5.0 * (double)t); /* a sensor */
            double late = 0, variance = 0;
            status = ssm_fixed_lag_push(filter, &y);
            if (status == SSM_OK) status = ssm_fixed_lag_state(filter, 0, seen + t, NULL);
            if (status != SSM_OK || t < LAG) continue;
            status = ssm_fixed_lag_state(filter, LAG, &late, &variance);
            if (status == SSM_OK && t % 5 == 4)
                printf("row %zu: %.2f then, %.2f now, sd %.2f\n", t - LAG, seen[t - LAG], late,
                       sqrt(variance));
        }
        ssm_fixed_lag_free(filter);
    }
    if (status != SSM_OK) fprintf(stderr, "%s\n", ssm_context_message(ctx));
    ssm_context_free(ctx);
    return status != SSM_OK;
}
