#include "neural/training_gradient.h"

#include "base/parallel.h"
#include "neural/adamw.h"
#include "neural/layers.h"
#include <math.h>
#include <string.h>

enum { REDUCE_CHUNK = 8192 };

static size_t slots_of(size_t items, size_t slot)
{
    return (items + slot - 1) / slot;
}

ssm_status ssmi_gradients_open(ssmi_gradients *g, const ssmi_parameters *table,
                               const ssmi_training_problem *problem, const ssmi_training *how, ssm_arena *tmp)
{
    const size_t slots = slots_of(how->batch, how->slot), chunks = slots_of(problem->n_validation, how->slot);
    *g = (ssmi_gradients){.table = table, .problem = problem, .how = how};
    size_t grads, workspaces;
    if (!ssmi_size_mul(slots, table->size, &grads) || !ssmi_size_mul(slots, problem->workspace, &workspaces))
        return ssmi_fail(tmp->ctx, SSM_E_MEMORY, "%zu slots of a batch do not fit the address space", slots);
    g->grad = SSMI_ALLOC(tmp, float, grads);
    g->workspace = SSMI_ALLOC(tmp, float, workspaces);
    g->sum = SSMI_ALLOC(tmp, float, table->size);
    g->item = SSMI_ALLOC(tmp, size_t, how->batch);
    g->loss = SSMI_ALLOC(tmp, double, (slots > chunks ? slots : chunks) * SSMI_LOSS_PARTS);
    const void *all[] = {g->grad, g->workspace, g->sum, g->item, g->loss};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] == NULL) return SSM_E_MEMORY;
    return SSM_OK;
}

static ssm_status run_slot(void *user, size_t i, ssm_arena *scratch)
{
    (void)scratch;
    ssmi_gradients *g = user;
    const size_t first = i * g->how->slot, left = g->n_items - first;
    float *grad = g->grad + i * g->table->size;
    double *loss = g->loss + i * SSMI_LOSS_PARTS;
    memset(grad, 0, g->table->size * sizeof *grad);
    memset(loss, 0, SSMI_LOSS_PARTS * sizeof *loss);
    g->problem->gradient(g->problem->user, loss, grad, g->workspace + i * g->problem->workspace, g->params,
                         g->item + first, left < g->how->slot ? left : g->how->slot,
                         ssmi_mix_key(g->key, g->first_slot + i));
    return SSM_OK;
}

/* Adds the slots' gradients for one stretch of parameters, in slot order; the last batch of a step also
 * divides by its windows. */
static ssm_status reduce_chunk(void *user, size_t i, ssm_arena *scratch)
{
    (void)scratch;
    ssmi_gradients *g = user;
    const size_t size = g->table->size, from = i * REDUCE_CHUNK;
    const size_t to = size - from < REDUCE_CHUNK ? size : from + REDUCE_CHUNK;
    const float share = 1.0f / (float)(g->n_items * ssmi_training_batches(g->how));
    for (size_t s = 1; s < g->n_slots; s++) {
        const float *other = g->grad + s * size;
        for (size_t k = from; k < to; k++) g->grad[k] += other[k];
    }
    if (g->first_slot == 0)
        memcpy(g->sum + from, g->grad + from, (to - from) * sizeof *g->sum);
    else
        for (size_t k = from; k < to; k++) g->sum[k] += g->grad[k];
    for (size_t k = from; k < to && g->last; k++) g->sum[k] *= share;
    return SSM_OK;
}

static ssm_status one_batch(double *loss, ssmi_gradients *g, ssmi_deck *deck, ssm_context *ctx)
{
    ssmi_deck_deal(g->item, g->how->batch, deck);
    SSMI_TRY(ssmi_parallel_for(ctx, g->n_slots, run_slot, g));
    SSMI_TRY(ssmi_parallel_for(ctx, slots_of(g->table->size, REDUCE_CHUNK), reduce_chunk, g));
    for (size_t i = 0; i < g->n_slots * SSMI_LOSS_PARTS; i++) loss[i % SSMI_LOSS_PARTS] += g->loss[i];
    g->first_slot += g->n_slots;
    return SSM_OK;
}

ssm_status ssmi_gradients_step(int *finite, double loss[SSMI_LOSS_PARTS], ssmi_gradients *g, ssmi_deck *deck,
                               const float *params, uint64_t key, ssm_context *ctx)
{
    const size_t batches = ssmi_training_batches(g->how);
    double total = 0;
    g->params = params;
    g->key = key;
    g->first_slot = 0;
    g->n_items = g->how->batch;
    g->n_slots = slots_of(g->n_items, g->how->slot);
    memset(loss, 0, SSMI_LOSS_PARTS * sizeof *loss);
    for (size_t k = 0; k < batches; k++) {
        g->last = k + 1 == batches;
        SSMI_TRY(one_batch(loss, g, deck, ctx));
    }
    for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) total += loss[k] /= (double)(g->n_items * batches);
    const double norm = ssmi_clip_norm(g->sum, g->table->size, g->how->clip);
    *finite = isfinite(total) && isfinite(norm);
    return SSM_OK;
}

/* Validation runs in strides: chunk i of the slot-th windows, using workspace i. */
static ssm_status judge_chunk(void *user, size_t i, ssm_arena *scratch)
{
    (void)scratch;
    ssmi_gradients *g = user;
    const size_t n = g->problem->n_validation, chunks = slots_of(n, g->how->slot);
    for (size_t c = i; c < chunks; c += g->n_slots) {
        const size_t first = c * g->how->slot, left = n - first;
        double *loss = g->loss + c * SSMI_LOSS_PARTS;
        memset(loss, 0, SSMI_LOSS_PARTS * sizeof *loss);
        g->problem->judge(g->problem->user, loss, g->workspace + i * g->problem->workspace, g->params, first,
                          left < g->how->slot ? left : g->how->slot);
    }
    return SSM_OK;
}

ssm_status ssmi_gradients_judge(double loss[SSMI_LOSS_PARTS], ssmi_gradients *g, const float *params,
                                ssm_context *ctx)
{
    const size_t n = g->problem->n_validation, chunks = slots_of(n, g->how->slot);
    g->params = params;
    g->n_slots = slots_of(g->how->batch, g->how->slot);
    SSMI_TRY(ssmi_parallel_for(ctx, g->n_slots, judge_chunk, g));
    for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) {
        loss[k] = 0;
        for (size_t c = 0; c < chunks; c++) loss[k] += g->loss[c * SSMI_LOSS_PARTS + k] / (double)n;
    }
    return SSM_OK;
}
