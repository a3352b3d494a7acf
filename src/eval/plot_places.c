/* Rows that keep no grid stand in a picture where their times are. */
#include "base/arena.h"
#include "eval/plot.h"
#include "series/clock.h"

ssm_status ssmi_layers_place(ssmi_layer *layer, size_t n, const ssm_series *series, ssm_arena *arena)
{
    for (size_t k = 0; k < n && series->stamp != NULL; k++) {
        if (layer[k].x != NULL) continue;
        double *x = SSMI_ALLOC(arena, double, layer[k].n);
        if (x == NULL) return SSM_E_MEMORY;
        for (size_t i = 0; i < layer[k].n; i++) x[i] = ssmi_series_place(series, (size_t)layer[k].first + i);
        layer[k].x = x;
    }
    return SSM_OK;
}
