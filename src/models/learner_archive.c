/* Saving and loading of trained forecasters, and what they have to say. */
#include "models/gaussian.h"
#include "models/learner.h"
#include "models/regression_archive.h"
#include "models/ridge_archive.h"

#include <stdio.h>
#include <string.h>

/* The shape of the network as a file has it. Choices are saved as numbers. */
typedef struct shape {
    const char *name;
    size_t value, least, most;
} shape;

enum { SHAPES = 13 };

static void read_shape(shape s[SHAPES], const ssmi_learner *self)
{
    const ssmi_learner_options *o = &self->options;
    const size_t width = SSMI_LEARNER_WIDTH;
    const shape rows[SHAPES] = {{"patch", self->patch, 1, self->ridge.lookback},
                                {"stride", self->stride, 1, self->ridge.lookback},
                                {"width", o->width, 1, width},
                                {"blocks", o->blocks, 1, SSMI_MAX_BLOCKS / 2},
                                {"hidden", o->hidden, 1, width},
                                {"states", o->states, 1, width},
                                {"heads", o->heads, 1, width},
                                {"variant", (size_t)o->variant, 0, 2},
                                {"first", (size_t)o->first, 0, 1},
                                {"bidirectional", (size_t)o->bidirectional, 0, 1},
                                {"tied", (size_t)o->tied, 0, 1},
                                {"loss", (size_t)o->loss, 0, SSMI_LEARNER_LOSSES - 1},
                                {"phases", self->phases.n, 0, SSMI_LEARNER_PHASES}};
    for (size_t i = 0; i < SHAPES; i++) s[i] = rows[i];
}

static void write_shape(ssmi_learner *self, const shape s[SHAPES])
{
    ssmi_learner_options *o = &self->options;
    size_t *const sizes[] = {&self->patch, &self->stride, &o->width, &o->blocks,
                             &o->hidden,   &o->states,    &o->heads};
    int *const choices[] = {&o->variant, &o->first, &o->bidirectional, &o->tied, &o->loss};
    for (size_t i = 0; i < 7; i++) *sizes[i] = s[i].value;
    for (size_t i = 0; i < 5; i++) *choices[i] = (int)s[7 + i].value;
    self->phases.n = s[12].value;
}

static ssm_status shape_params(ssmi_learner *self, ssm_archive *a)
{
    shape s[SHAPES];
    read_shape(s, self);
    for (size_t i = 0; i < SHAPES; i++) {
        SSMI_TRY(ssmi_archive_size(a, s[i].name, &s[i].value));
        if (s[i].value < s[i].least || s[i].value > s[i].most)
            return ssmi_archive_reject(a, "\"%s\" is %zu", s[i].name, s[i].value);
    }
    if (s[1].value > s[0].value)
        return ssmi_archive_reject(a, "tokens of %zu rows start %zu rows apart", s[0].value, s[1].value);
    write_shape(self, s);
    SSMI_TRY(ssmi_archive_values(a, "phase_period", self->phases.period, SSMI_LEARNER_PHASES));
    for (size_t i = 0; i < self->phases.n; i++)
        if (!(self->phases.period[i] >= 2)) return ssmi_archive_reject(a, "a period of less than two rows");
    return SSM_OK;
}

/* The tensors of one network; those after the first have its number before their names. */
static ssm_status member_params(float *params, size_t member, const ssmi_parameters *table, ssm_archive *a)
{
    for (size_t i = 0; i < table->n; i++) {
        const ssmi_parameter *p = &table->entry[i];
        char name[SSMI_PARAMETER_NAME + 24];
        float *tensor = params + p->offset;
        snprintf(name, sizeof name, "%s", p->name);
        if (member > 0) snprintf(name, sizeof name, "network%zu.%s", member + 1, p->name);
        SSMI_TRY(ssmi_archive_f32(a, name, &tensor, p->rank, p->shape));
        if (ssmi_archive_loading(a)) memcpy(params + p->offset, tensor, p->size * sizeof *tensor);
    }
    return SSM_OK;
}

static ssm_status network_params(ssmi_learner *self, ssm_archive *a)
{
    SSMI_TRY(shape_params(self, a));
    SSMI_TRY(ssmi_archive_spread(a, "trust", &self->trust));
    if (!(self->trust <= 1)) return ssmi_archive_reject(a, "a trust of %g", self->trust);
    if (ssmi_archive_loading(a)) {
        ssmi_learner_lay_out(self);
        self->params = SSMI_ALLOC(ssmi_archive_memory(a), float, self->trained * self->table->size);
        if (self->params == NULL) return SSM_E_MEMORY;
    }
    for (size_t k = 0; k < self->trained; k++)
        SSMI_TRY(member_params(self->params + k * self->table->size, k, self->table, a));
    return SSM_OK;
}

static ssm_status note_params(ssmi_training_result *r, ssm_archive *a)
{
    SSMI_TRY(ssmi_archive_size(a, "steps", &r->steps));
    SSMI_TRY(ssmi_archive_size(a, "best_step", &r->best_step));
    SSMI_TRY(ssmi_archive_real(a, "mse_before", &r->start[0]));
    SSMI_TRY(ssmi_archive_real(a, "mse_after", &r->best[0]));
    SSMI_TRY(ssmi_archive_real(a, "pinball_before", &r->start[1]));
    return ssmi_archive_real(a, "pinball_after", &r->best[1]);
}

ssm_status ssmi_learner_params(void *self_, ssm_archive *a)
{
    ssmi_learner *self = self_;
    ssmi_ridge *ridge = &self->ridge;
    SSMI_TRY(ssmi_ridge_archive(ridge, a));
    if (self->joint) SSMI_TRY(ssmi_archive_size(a, "variates", &self->variates));
    if (self->variates < 1 || self->variates > SSMI_LEARNER_VARIATES)
        return ssmi_archive_reject(a, "%zu series", self->variates);
    SSMI_TRY(ssmi_archive_vector(a, self->variates));
    SSMI_TRY(ssmi_regression_archive(&self->regression, a));
    if (self->regression.n > 0)
        SSMI_TRY(ssmi_archive_f64(a, "columns.drifts", &self->drifts, 1, &self->regression.n));
    SSMI_TRY(ssmi_archive_size(a, "period", &self->period));
    SSMI_TRY(ssmi_archive_size(a, "trained", &self->trained));
    SSMI_TRY(ssmi_archive_spread(a, "gamma", &self->gamma));
    SSMI_TRY(ssmi_archive_real(a, "mean", &self->mean));
    SSMI_TRY(ssmi_archive_spread(a, "scale", &self->scale));
    if (ridge->lookback > SSMI_LEARNER_LOOKBACK || self->period > SSMI_LEARNER_PERIOD ||
        self->trained > SSMI_LEARNER_SEEDS || !(self->gamma <= 1))
        return ssmi_archive_reject(a, "a look-back of %zu and a season of %zu rows, gamma %g",
                                   ridge->lookback, self->period, self->gamma);
    SSMI_TRY(ssmi_archive_size(a, "poles", &self->n_poles));
    SSMI_TRY(note_params(&self->result, a));
    self->interval.horizon = ridge->horizon;
    SSMI_TRY(ssmi_archive_f64(a, "offset", &self->interval.offset, 2,
                              (size_t[]){ridge->horizon, SSMI_CONFORMAL_POINTS}));
    SSMI_TRY(ssmi_archive_f32(a, "base", &self->base, 2, (size_t[]){SSMI_BASE_ROWS, ridge->horizon}));
    if (self->options.pretrained > 0) SSMI_TRY(ssmi_archive_member(a, "pretrained", &self->pretrained));
    return self->trained ? network_params(self, a) : SSM_OK;
}

static int note_skip(char *text, size_t size, const ssmi_learner *self)
{
    const ssmi_ridge *skip = &self->ridge;
    char map[400];
    if (self->options.skip == 1)
        return snprintf(text, size, "; starting from the last value; look-back %zu", skip->lookback);
    ssmi_ridge_describe(skip, map, sizeof map);
    return snprintf(text, size, "; linear skip: %s", map);
}

static int note_kept(char *text, size_t size, const ssmi_learner *self)
{
    const ssmi_training_result *r = &self->result;
    char networks[96] = "network kept";
    const char *carried = self->net.size.carried ? ", its state carried" : "";
    if (self->options.seeds > 1)
        snprintf(networks, sizeof networks, "%zu of %zu networks averaged, of the first", self->trained,
                 self->options.seeds);
    return snprintf(
        text, size,
        "%s%s: validation mse %.4g to %.4g, pinball %.4g to %.4g in %zu steps; trusted to %.0f %%", networks,
        carried, r->start[0], r->best[0], r->start[1], r->best[1], r->best_step, 100 * self->trust);
}

static int note_columns(char *text, size_t size, const ssmi_learner *self)
{
    return ssmi_regression_describe(&self->regression, text, size);
}

static int note_joint(char *text, size_t size, const ssmi_learner *self)
{
    if (self->variates < 2) return 0;
    return snprintf(text, size, "%zu series together; ", self->variates);
}

static int note_poles(char *text, size_t size, const ssmi_learner *self)
{
    if (self->n_poles == 0) return 0;
    return snprintf(text, size, "%zu poles by a structural model; ", self->n_poles);
}

static int note_network(char *text, size_t size, const ssmi_learner *self)
{
    const ssmi_training_result *r = &self->result;
    if (self->trained) return note_kept(text, size, self);
    if (r->steps == 0) return snprintf(text, size, "no network");
    if (r->best_step > 0)
        return snprintf(text, size, "%s on validation is within chance",
                        self->options.seeds > 1 ? "networks dropped: what they gain"
                                                : "network dropped: its gain");
    if (self->options.seeds > 1)
        return snprintf(text, size, "%zu networks dropped: none better than the skip on validation",
                        self->options.seeds);
    return snprintf(text, size, "network dropped: no better than the skip on validation after %zu steps",
                    r->steps);
}

static int note_pretrained(char *text, size_t size, const ssmi_learner *self)
{
    if (self->pretrained == NULL) return 0;
    return snprintf(text, size,
                    "%.0f %% of it is the pretrained network's, the rest: ", 100 * self->options.pretrained);
}

ssm_status ssmi_learner_note(const void *self, char *text, size_t size)
{
    static int (*const part[])(char *, size_t, const ssmi_learner *) = {
        note_pretrained, note_joint, note_columns, note_poles, note_network, note_skip};
    text[0] = '\0';
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        const int used = part[i](text, size, self);
        if (used < 0 || (size_t)used >= size) break;
        text += used, size -= (size_t)used;
    }
    return SSM_OK;
}
