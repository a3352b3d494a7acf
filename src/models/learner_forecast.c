#include "models/learner.h"

#include "models/learner_levels.h"
#include "models/learner_pretrained.h"

/* What one window needs on its way through a network. */
typedef struct passage {
    float *out, *record, *scratch, *mean, *decile;
} passage;

/* A stream has its own room for networks. */
static ssm_status open_passage(passage *p, const ssmi_learner *self, int stream, ssm_arena *tmp)
{
    const size_t H = self->ridge.horizon, windows = stream ? 0 : 1;
    p->out = SSMI_ALLOC(tmp, float, SSMI_HEAD_OUTPUTS *H);
    p->record = SSMI_ALLOC(tmp, float, windows *ssmi_network_record_f32(&self->net, 1));
    p->scratch = SSMI_ALLOC(tmp, float, windows *ssmi_network_scratch_f32(&self->net, 1));
    p->mean = SSMI_ALLOC(tmp, float, H);
    p->decile = SSMI_ALLOC(tmp, float, SSMI_QUANTILES *H);
    const int made =
        p->out != NULL && p->record != NULL && p->scratch != NULL && p->mean != NULL && p->decile != NULL;
    return made ? SSM_OK : SSM_E_MEMORY;
}

/* One window, row 0 of a batch, through all networks: mean (horizon) and deciles (SSMI_QUANTILES, horizon),
 * averages in standardised units, are added to what the arrays hold. With `carried` the networks say what
 * they say there, and only the skip is the window's. */
static ssm_status ask_networks(float *mean, float *decile, const ssmi_learner *self,
                               const ssmi_learner_batch *batch, const ssmi_learner_carried *carried,
                               ssm_arena *tmp)
{
    const size_t H = self->ridge.horizon;
    const ssmi_network_input_f32 in = ssmi_learner_batch_input(batch);
    const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32(ssmi_cpu_isa());
    const ssmi_quantile_window_f32 w = {batch->skip, self->base, batch->s[0], batch->g[0], H, kernels};
    const float share = 1 / (float)self->trained, trust = (float)self->trust;
    passage p;
    SSMI_TRY(open_passage(&p, self, carried != NULL, tmp));
    for (size_t k = 0; k < self->trained; k++) {
        if (carried != NULL)
            SSMI_TRY(ssmi_learner_carried_ask(p.out, carried, self, k, self->next - 1, batch->columns, tmp));
        else
            ssmi_network_forward_f32(p.out, p.record, p.scratch, &in, self->params + k * self->table->size,
                                     &self->net, 0, 0, kernels);
        for (size_t i = 0; i < self->net.outputs; i++) p.out[i] *= trust;
        ssmi_learner_tie(p.out, H, (ssmi_learner_loss)self->options.loss);
        ssmi_quantile_forward_f32(p.mean, p.decile, p.out, &w);
        for (size_t h = 0; h < H; h++) mean[h] += share * p.mean[h];
        for (size_t i = 0; i < SSMI_QUANTILES * H; i++) decile[i] += share * p.decile[i];
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
                          frame raw)
{
    for (size_t h = 0; h < out->horizon; h++)
        out->mean[h] = raw_of(&raw, h, batch->linear[h] + batch->centre[0]);
    ssmi_conformal_quantiles(out, &self->interval, raw.unit * (double)batch->g[0]);
}

static ssm_status answer_network(ssm_forecast *out, const ssmi_learner *self, const ssmi_learner_batch *batch,
                                 frame raw, ssm_arena *tmp)
{
    const size_t H = self->ridge.horizon;
    float *mean = SSMI_ALLOC(tmp, float, H), *decile = SSMI_ALLOC(tmp, float, SSMI_QUANTILES *H);
    ssmi_learner_level *level = SSMI_ALLOC(tmp, ssmi_learner_level, out->n_levels);
    if (mean == NULL || decile == NULL || level == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < out->n_levels; k++) level[k] = ssmi_learner_level_of(out->level[k]);
    SSMI_TRY(ask_networks(mean, decile, self, batch, self->net.size.carried ? &self->carried : NULL, tmp));
    for (size_t h = 0; h < out->horizon; h++) {
        double d[SSMI_QUANTILES];
        out->mean[h] = raw_of(&raw, h, (double)mean[h]);
        for (size_t i = 0; i < SSMI_QUANTILES; i++) d[i] = (double)decile[i * H + h];
        for (size_t k = 0; k < out->n_levels; k++) {
            const double q = ssmi_learner_quantile(d, &self->interval, h, &level[k]);
            out->quantile[h * out->n_levels + k] = raw_of(&raw, h, q);
        }
    }
    return SSM_OK;
}

static ssm_status look_at_columns(double **columns, frame *raw, const ssmi_learner *self, ssm_arena *tmp)
{
    const size_t L = self->ridge.lookback, H = self->ridge.horizon, n = self->regression.n,
                 back = SSMI_REGRESSION_BACK;
    double *rows = ssmi_arena_alloc(tmp, back + L + H, n * sizeof *rows);
    raw->known = SSMI_ALLOC(tmp, double, H);
    if (rows == NULL || raw->known == NULL) return SSM_E_MEMORY;
    ssmi_learner_columns(rows, self, back);
    *columns = rows + back * n;
    for (size_t h = 0; h < H; h++)
        raw->known[h] = ssmi_regression_effect(&self->regression, *columns + (L + h) * n);
    return SSM_OK;
}

/* The pretrained network is shown what the columns leave of the history, as the ridge is; known (horizon):
 * what they drive, which is brought to raw units. */
static ssm_status mix_pretrained(ssm_forecast *out, const ssmi_learner *self, double *known, ssm_arena *tmp)
{
    ssm_series rest = {.name = "history"};
    double *value, unit;
    if (self->pretrained == NULL) return SSM_OK;
    SSMI_TRY(ssmi_learner_rest(&value, &rest.length, &unit, self, tmp));
    rest.value = value;
    for (size_t h = 0; h < out->horizon; h++) known[h] *= unit;
    return ssmi_learner_pretrained_mix(out, self->pretrained, self->options.pretrained, &rest, known, tmp);
}

ssm_status ssmi_learner_predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const ssmi_learner *self = self_;
    const ssmi_learner_skip skip = ssmi_learner_skip_of(self);
    const size_t L = self->ridge.lookback;
    double *window = SSMI_ALLOC(tmp, double, L);
    unsigned char *gap = SSMI_ALLOC(tmp, unsigned char, L);
    float *memory = SSMI_ALLOC(tmp, float, ssmi_learner_batch_of(NULL, &skip, 1).size);
    double *columns;
    frame raw;
    if (window == NULL || gap == NULL || memory == NULL) return SSM_E_MEMORY;
    SSMI_TRY(look_at_columns(&columns, &raw, self, tmp));
    SSMI_TRY(ssmi_learner_window(window, gap, &raw.shift, &raw.unit, self, tmp));
    ssmi_learner_batch batch = ssmi_learner_batch_of(memory, &skip, 1);
    ssmi_learner_batch_set(&batch, 0, window, gap, self->next - 1, columns, &skip);
    ssmi_learner_batch_close(&batch, 1, &skip);
    if (self->trained)
        SSMI_TRY(answer_network(out, self, &batch, raw, tmp));
    else
        answer_linear(out, self, &batch, raw);
    return mix_pretrained(out, self, raw.known, tmp);
}
