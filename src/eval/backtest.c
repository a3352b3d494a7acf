/* The backtest: prepare, let every entrant run, rank. */
#include "eval/backtest.h"

#include "eval/document.h"

static char *settings_text(ssm_arena *memory, const ssm_entrant *entrant)
{
    char *text = ssmi_arena_strdup(memory, "");
    for (size_t i = 0; i < entrant->n_settings && text != NULL; i++) {
        const ssm_setting *s = &entrant->setting[i];
        text = ssmi_arena_printf(memory, "%s%s%s=%s", text, i > 0 ? ", " : "", s->option, s->value);
    }
    return text;
}

static ssm_status run_entrants(ssmi_backtest *b, const ssm_backtest_plan *plan)
{
    ssm_outcome *outcome = SSMI_ALLOC(&b->memory, ssm_outcome, plan->n_entrants);
    if (outcome == NULL) return SSM_E_MEMORY;
    b->result.outcome = outcome;
    b->result.n_outcomes = plan->n_entrants;
    for (size_t i = 0; i < plan->n_entrants; i++) {
        const ssm_entrant *entrant = &plan->entrant[i];
        const char *label = entrant->label != NULL ? entrant->label : entrant->model;
        outcome[i].model = ssmi_arena_strdup(&b->memory, entrant->model);
        outcome[i].label = ssmi_arena_strdup(&b->memory, label);
        outcome[i].settings = settings_text(&b->memory, entrant);
        if (!outcome[i].model || !outcome[i].label || !outcome[i].settings) return SSM_E_MEMORY;
        SSMI_TRY(ssmi_backtest_entrant(b, entrant, &outcome[i]));
    }
    return SSM_OK;
}

static ssm_status run_all(ssmi_backtest *b, const ssm_backtest_plan *plan)
{
    SSMI_TRY(ssmi_backtest_prepare(b, plan));
    SSMI_TRY(run_entrants(b, plan));
    return ssmi_backtest_rank(b);
}

ssm_status ssm_backtest_run(ssm_context *ctx, const ssm_backtest_plan *plan, ssm_backtest **out)
{
    ssmi_backtest *b = ssmi_resize(ctx, NULL, 1, sizeof *b);
    if (b == NULL) return SSM_E_MEMORY;
    *b = (ssmi_backtest){.result = {.n_series = 0}};
    ssmi_arena_init(&b->memory, ctx);
    ssm_status status = run_all(b, plan);
    if (status != SSM_OK) {
        ssm_backtest_free(&b->result);
        return status;
    }
    *out = &b->result;
    return SSM_OK;
}

void ssm_backtest_free(ssm_backtest *backtest)
{
    if (backtest == NULL) return;
    ssmi_backtest *b = (ssmi_backtest *)backtest;
    ssm_context *ctx = b->memory.ctx;
    ssmi_arena_clear(&b->memory);
    ssmi_release(ctx, b);
}
