#include "models/zero_adapter.h"

#include "models/ridge_archive.h"
#include "models/zero_fan.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEVELS = SSMI_FAN_LEVELS, LONGEST_PERIOD = 1000000 };

ssm_status ssmi_zero_adapter_line(int *known, double *line, const ssmi_zero_adapter *adapter,
                                  const double *history, size_t length, size_t rows, ssm_arena *tmp)
{
    const ssmi_ridge *ridge = &adapter->ridge;
    const size_t L = ridge->lookback, kept = ssmi_windows_last_rows(history, length, L, adapter->period);
    double centre, *filled = SSMI_ALLOC(tmp, double, kept), *window = SSMI_ALLOC(tmp, double, L),
                   *z = SSMI_ALLOC(tmp, double, ssmi_ridge_width(ridge));
    if (filled == NULL || window == NULL || z == NULL) return SSM_E_MEMORY;
    *known = kept > 0;
    if (kept == 0) return SSM_OK;
    memcpy(filled, history + length - kept, kept * sizeof *filled);
    ssmi_windows_last(window, filled, kept, L, adapter->period);
    ssmi_ridge_regressors(z, &centre, window, ridge);
    ssmi_ridge_apply(line, z, ridge, 1, rows);
    for (size_t h = 0; h < rows; h++) line[h] += centre;
    return SSM_OK;
}

double ssmi_zero_adapter_shift(const double *q, double line)
{
    const double shift = fmin(fmax(line, q[0]), q[LEVELS - 1]) - q[SSMI_FAN_MIDDLE];
    return isfinite(line) && isfinite(shift) ? shift : 0; /* values near the largest there are */
}

ssm_status ssmi_zero_adapter_add(const ssmi_zero_adapter *adapter, double *fan, const double *history,
                                 size_t length, size_t rows, ssm_arena *tmp)
{
    int known;
    if (!(adapter->share > 0)) return SSM_OK;
    if (rows > adapter->ridge.horizon) rows = adapter->ridge.horizon;
    double *line = SSMI_ALLOC(tmp, double, rows);
    if (line == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_zero_adapter_line(&known, line, adapter, history, length, rows, tmp));
    for (size_t h = 0; known && h < rows; h++) {
        double *q = fan + h * LEVELS;
        const double shift = adapter->share * ssmi_zero_adapter_shift(q, line[h]);
        for (size_t k = 0; k < LEVELS; k++) q[k] = fmin(fmax(q[k] + shift, -DBL_MAX), DBL_MAX);
    }
    return SSM_OK;
}

static ssm_status archive_map(ssmi_zero_adapter *adapter, ssmi_trust *trust, ssm_archive *archive)
{
    SSMI_TRY(ssmi_trust_archive(trust, archive));
    SSMI_TRY(ssmi_archive_real(archive, "share", &adapter->share));
    if (!(adapter->share >= 0 && adapter->share <= 1))
        return ssmi_archive_reject(archive, "\"share\" is not in [0, 1]");
    if (!(adapter->share > 0)) return SSM_OK;
    SSMI_TRY(ssmi_archive_size(archive, "period", &adapter->period));
    if (adapter->period > LONGEST_PERIOD)
        return ssmi_archive_reject(archive, "a season of %zu rows", adapter->period);
    return ssmi_ridge_archive(&adapter->ridge, archive);
}

ssm_status ssmi_zero_adapter_archive(ssmi_zero_adapter *adapter, ssmi_trust *trust, ssm_archive *archive)
{
    size_t outer;
    SSMI_TRY(ssmi_archive_enter(archive, "adapter", &outer));
    const ssm_status status = archive_map(adapter, trust, archive);
    ssmi_archive_leave(archive, outer);
    return status;
}

void ssmi_zero_adapter_note(const ssmi_zero_adapter *adapter, const ssmi_trust *trust, char *text,
                            size_t size)
{
    char map[160], past[128];
    ssmi_trust_describe(trust, past, sizeof past);
    if (adapter->share > 0) {
        ssmi_ridge_describe(&adapter->ridge, map, sizeof map);
        snprintf(text, size, "a linear map counts %.0f %% (%s): %s", 100 * adapter->share, map, past);
    } else if (trust->blocks > 0)
        snprintf(text, size, "no linear map beside the network: it would have changed %s", past);
    else
        snprintf(text, size, "no linear map beside the network: too few rows");
}
