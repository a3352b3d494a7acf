#include "models/zero_blocks.h"

#include "models/windows.h"
#include "neural/zero_network.h"

static size_t shortest_of(const ssm_fit_task *task)
{
    size_t shortest = task->panel[0].length;
    for (size_t i = 1; i < task->n_series; i++)
        if (task->panel[i].length < shortest) shortest = task->panel[i].length;
    return shortest;
}

/* Into how many parts `held` rows are cut: of no more rows each than let the most blocks fit behind the first
 * third of all rows, and no less than a horizon. */
static size_t parts_of(size_t held, size_t rows, size_t horizon)
{
    const size_t usual = (rows - rows / 3) / (SSMI_ZERO_BLOCKS - 1);
    size_t parts = (held + usual) / (usual + 1);
    while (parts > 1 && held / parts < horizon) parts--;
    return parts > 0 ? parts : 1;
}

ssmi_zero_blocks ssmi_zero_blocks_of(const ssm_fit_task *task)
{
    const size_t rows = shortest_of(task);
    const size_t horizon = task->horizon < SSMI_ZERO_HORIZON ? task->horizon : SSMI_ZERO_HORIZON;
    const size_t held =
        task->n_validation > 0 ? task->n_validation : ssmi_windows_validation(rows, task->horizon);
    if (held < horizon || held >= rows) return (ssmi_zero_blocks){0};
    const size_t parts = parts_of(held, rows, horizon);
    ssmi_zero_blocks b = {.held = parts, .width = held / parts};
    b.n = (rows - rows / 3) / b.width;
    if (b.n > SSMI_ZERO_BLOCKS) b.n = SSMI_ZERO_BLOCKS;
    return b.n >= b.held ? b : (ssmi_zero_blocks){0};
}
