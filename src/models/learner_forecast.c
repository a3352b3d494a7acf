#include "models/learner.h"

#include "models/learner_levels.h"
#include "models/learner_pretrained.h"

/* What windows need on their way through a network. */
typedef struct passage {
    float *out, *record, *scratch, *mean, *decile;
} passage;

/* A stream has its own room for networks. */
static ssm_status open_passage(passage *p, const ssmi_learner *self, int stream, ssm_arena *tmp)
{
    const size_t H = self->ridge.horizon, V = self->variates, used = stream ? 0 : 1;
    p->out = SSMI_ALLOC(tmp, float, V *SSMI_HEAD_OUTPUTS *H);
    p->record = SSMI_ALLOC(tmp, float, used *ssmi_network_record_f32(&self->net, V));
    p->scratch = SSMI_ALLOC(tmp, float, used *ssmi_network_scratch_f32(&self->net, V));
    p->mean = SSMI_ALLOC(tmp, float, H);
    p->decile = SSMI_ALLOC(tmp, float, SSMI_QUANTILES *H);
    const int made =
        p->out != NULL && p->record != NULL && p->scratch != NULL && p->mean != NULL && p->decile != NULL;
    return made ? SSM_OK : SSM_E_MEMORY;
}

/* What a network said of row v of the batch, added to the averages. */
static void add_answer(float *mean, float *decile, const passage *p, const ssmi_learner *self,
                       const ssmi_learner_batch *batch, size_t v)
{
    const size_t H = self->ridge.horizon;
    const float share = 1 / (float)self->trained, trust = (float)self->trust;
    const ssmi_quantile_window_f32 w = {batch->skip + v * H, self->base, batch->s[v],
                                        batch->g[v],         H,          ssmi_kernels_of_f32(ssmi_cpu_isa())};
    float *out = p->out + v * self->net.outputs;
    for (size_t i = 0; i < self->net.outputs; i++) out[i] *= trust;
    ssmi_learner_tie(out, H, (ssmi_learner_loss)self->options.loss);
    ssmi_quantile_forward_f32(p->mean, p->decile, out, &w);
    for (size_t h = 0; h < H; h++) mean[v * H + h] += share * p->mean[h];
    for (size_t i = 0; i < SSMI_QUANTILES * H; i++)
        decile[v * SSMI_QUANTILES * H + i] += share * p->decile[i];
}

/* The windows of a batch through all networks: mean (variates, horizon) and deciles (variates,
 * SSMI_QUANTILES, horizon), averages in standardised units, are added to what the arrays hold. With `carried`
 * the networks say what they say there, and only the skip is the window's. */
static ssm_status ask_networks(float *mean, float *decile, const ssmi_learner *self,
                               const ssmi_learner_batch *batch, const ssmi_learner_carried *carried,
                               ssm_arena *tmp)
{
    const ssmi_network_input_f32 in = ssmi_learner_batch_input(batch);
    const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32(ssmi_cpu_isa());
    passage p;
    SSMI_TRY(open_passage(&p, self, carried != NULL, tmp));
    for (size_t k = 0; k < self->trained; k++) {
        if (carried != NULL)
            SSMI_TRY(ssmi_learner_carried_ask(p.out, carried, self, k, self->next - 1, batch->columns, tmp));
        else
            ssmi_network_forward_f32(p.out, p.record, p.scratch, &in, self->params + k * self->table->size,
                                     &self->net, 0, 0, kernels);
        for (size_t v = 0; v < self->variates; v++) add_answer(mean, decile, &p, self, batch, v);
    }
    return SSM_OK;
}

/* How standardised values become raw ones: step h is shift + unit (value + known[h]). */
typedef struct frame {
    double shift, unit;
    double *known; /* (horizon) what the columns drive */
} frame;

static double raw_of(const frame *raw, size_t h, double value)
{
    return raw->shift + raw->unit * (value + raw->known[h]);
}

/* Without a network everything stays in double precision: the skip and its conformal intervals. */
static void answer_linear(ssm_forecast *out, const ssmi_learner *self, const ssmi_learner_batch *batch,
                          const frame *raw)
{
    const size_t H = self->ridge.horizon;
    for (size_t v = 0; v < self->variates; v++) {
        for (size_t h = 0; h < out[v].horizon; h++)
            out[v].mean[h] = raw_of(&raw[v], h, batch->linear[v * H + h] + batch->centre[v]);
        ssmi_conformal_quantiles(&out[v], &self->interval, raw[v].unit * (double)batch->g[v]);
    }
}

/* One series, from mean (horizon) and deciles (SSMI_QUANTILES, horizon). */
static ssm_status answer_one(ssm_forecast *out, const ssmi_learner *self, const float *mean,
                             const float *decile, const frame *raw, ssm_arena *tmp)
{
    const size_t H = self->ridge.horizon;
    ssmi_learner_level *level = SSMI_ALLOC(tmp, ssmi_learner_level, out->n_levels);
    if (level == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < out->n_levels; k++) level[k] = ssmi_learner_level_of(out->level[k]);
    for (size_t h = 0; h < out->horizon; h++) {
        double d[SSMI_QUANTILES];
        out->mean[h] = raw_of(raw, h, (double)mean[h]);
        for (size_t i = 0; i < SSMI_QUANTILES; i++) d[i] = (double)decile[i * H + h];
        for (size_t k = 0; k < out->n_levels; k++) {
            const double q = ssmi_learner_quantile(d, &self->interval, h, &level[k]);
            out->quantile[h * out->n_levels + k] = raw_of(raw, h, q);
        }
    }
    return SSM_OK;
}

static ssm_status answer_network(ssm_forecast *out, const ssmi_learner *self, const ssmi_learner_batch *batch,
                                 const frame *raw, ssm_arena *tmp)
{
    const size_t H = self->ridge.horizon, V = self->variates;
    float *mean = SSMI_ALLOC(tmp, float, V *H), *decile = SSMI_ALLOC(tmp, float, V *SSMI_QUANTILES *H);
    if (mean == NULL || decile == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ask_networks(mean, decile, self, batch, self->net.size.carried ? &self->carried : NULL, tmp));
    for (size_t v = 0; v < V; v++)
        SSMI_TRY(answer_one(&out[v], self, mean + v * H, decile + v * SSMI_QUANTILES * H, &raw[v], tmp));
    return SSM_OK;
}

static ssm_status look_at_columns(double **columns, frame *raw, const ssmi_learner *self, size_t v,
                                  ssm_arena *tmp)
{
    const size_t L = self->ridge.lookback, H = self->ridge.horizon, n = self->regression.n,
                 back = SSMI_REGRESSION_BACK;
    double *rows = ssmi_arena_alloc(tmp, back + L + H, n * sizeof *rows);
    raw->known = SSMI_ALLOC(tmp, double, H);
    if (rows == NULL || raw->known == NULL) return SSM_E_MEMORY;
    ssmi_learner_columns(rows, self, v, back);
    *columns = rows + back * n;
    for (size_t h = 0; h < H; h++)
        raw->known[h] = ssmi_regression_effect(&self->regression, *columns + (L + h) * n);
    return SSM_OK;
}

/* The pretrained network is shown what the columns leave of the history, as the ridge is; known (horizon):
 * what they drive, which is brought to raw units. */
static ssm_status mix_pretrained(ssm_forecast *out, const ssmi_learner *self, size_t v, double *known,
                                 ssm_arena *tmp)
{
    ssm_series rest = {.name = "history"};
    double *value, unit;
    if (self->pretrained == NULL) return SSM_OK;
    SSMI_TRY(ssmi_learner_rest(&value, &rest.length, &unit, self, v, tmp));
    rest.value = value;
    for (size_t h = 0; h < out->horizon; h++) known[h] *= unit;
    return ssmi_learner_pretrained_mix(out, self->pretrained, self->options.pretrained, &rest, known, tmp);
}

/* Row v of the batch: the window of series v. */
static ssm_status look_at_window(ssmi_learner_batch *batch, frame *raw, const ssmi_learner *self, size_t v,
                                 const ssmi_learner_skip *skip, ssm_arena *tmp)
{
    const size_t L = self->ridge.lookback;
    double *window = SSMI_ALLOC(tmp, double, L), *columns;
    unsigned char *gap = SSMI_ALLOC(tmp, unsigned char, L);
    if (window == NULL || gap == NULL) return SSM_E_MEMORY;
    SSMI_TRY(look_at_columns(&columns, raw, self, v, tmp));
    SSMI_TRY(ssmi_learner_window(window, gap, &raw->shift, &raw->unit, self, v, tmp));
    ssmi_learner_batch_set(batch, v, window, gap, self->next - 1, columns, skip);
    return SSM_OK;
}

ssm_status ssmi_learner_predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const ssmi_learner *self = self_;
    const ssmi_learner_skip skip = ssmi_learner_skip_of(self);
    const size_t V = self->variates;
    float *memory = SSMI_ALLOC(tmp, float, ssmi_learner_batch_of(NULL, &skip, V).size);
    frame *raw = SSMI_ALLOC(tmp, frame, V);
    if (memory == NULL || raw == NULL) return SSM_E_MEMORY;
    ssmi_learner_batch batch = ssmi_learner_batch_of(memory, &skip, V);
    for (size_t v = 0; v < V; v++) SSMI_TRY(look_at_window(&batch, &raw[v], self, v, &skip, tmp));
    ssmi_learner_batch_close(&batch, V, &skip);
    if (self->trained)
        SSMI_TRY(answer_network(out, self, &batch, raw, tmp));
    else
        answer_linear(out, self, &batch, raw);
    for (size_t v = 0; v < V; v++) SSMI_TRY(mix_pretrained(&out[v], self, v, raw[v].known, tmp));
    return SSM_OK;
}
