#include <ssmcast/series.h>
ssm_status ssm_series_detect_periods(ssm_context *ctx, ssm_series *series)
{
    (void)ctx;
    series->n_periods = 0;
    return SSM_OK;
}
