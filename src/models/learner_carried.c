/* Known value: rows one by one and a whole history give the same bytes, because what has been seen by states
 * that have started again since is the only work that a whole history spares. */
#include "models/learner_carried.h"

#include "models/learner.h"
#include <math.h>
#include <string.h>

enum { STATES = 2 };

static size_t columns_size(const ssmi_learner *l)
{
    return (l->net.size.lookback + 1) * l->regression.n;
}

ssm_status ssmi_learner_carried_open(ssmi_learner_carried *c, const ssmi_learner *l, ssm_arena *mem)
{
    const ssmi_network *net = &l->net;
    *c = (ssmi_learner_carried){.isa = ssmi_cpu_isa(), .frame = ssmi_learner_frame_new()};
    c->value = SSMI_ALLOC(mem, double, net->size.patch);
    c->seen = SSMI_ALLOC(mem, unsigned char, net->size.patch);
    c->step = SSMI_ALLOC(mem, ssmi_network_step, l->trained);
    c->memory = SSMI_ALLOC(mem, float, l->trained *STATES *ssmi_network_step_memory(net));
    c->scratch = SSMI_ALLOC(mem, float, net->features + ssmi_network_step_scratch(net));
    c->columns = SSMI_ALLOC(mem, double, columns_size(l));
    if (c->value == NULL || c->seen == NULL || c->step == NULL || c->memory == NULL || c->scratch == NULL ||
        c->columns == NULL)
        return SSM_E_MEMORY;
    for (size_t i = 0; i < net->size.patch; i++) c->value[i] = NAN;
    for (size_t k = 0; k < l->trained; k++)
        SSMI_TRY(ssmi_network_step_open(&c->step[k], l->params + k * l->table->size, net, mem));
    return SSM_OK;
}

/* columns (lookback + 1, n): those of the last rows; the last one gets what is taken off them. */
static const double *look_at_columns(double *columns, const ssmi_learner_carried *c, const ssmi_learner *l)
{
    const size_t L = l->net.size.lookback, n = l->regression.n;
    double *level = columns + L * n;
    ssmi_regression_rows(columns, &l->regression, &l->series->history, (int64_t)c->rows - (int64_t)L, L);
    for (size_t k = 0; k < n; k++) {
        level[k] = 0;
        for (size_t t = 0; t < L; t++) level[k] += l->drifts[k] * columns[t * n + k] / (double)L;
    }
    return level;
}

/* The token that ends with the last row; columns: room of columns_size. */
static void describe(float *feature, float *step, double *columns, const ssmi_learner_carried *c,
                     const ssmi_learner *l, size_t since, int64_t number)
{
    const ssmi_learner_token token = {.value = c->value,
                                      .seen = c->seen,
                                      .unit = ssmi_learner_unit_of(&c->frame),
                                      .number = number,
                                      .since = since,
                                      .columns = columns,
                                      .level = look_at_columns(columns, c, l),
                                      .end = l->net.size.lookback};
    ssmi_learner_token_fill(feature, step, &token, &l->net, &l->phases);
}

/* State s starts again before token number `token`. */
static int starts(size_t token, size_t s, size_t half)
{
    return (token + s * half) % (2 * half) == 0;
}

/* Tells the last rows as token number `told`. */
static void tell(ssmi_learner_carried *c, const ssmi_learner *l, size_t told, int64_t number)
{
    const size_t size = ssmi_network_step_memory(&l->net);
    float *feature = c->scratch, *scratch = feature + l->net.features, factor;
    describe(feature, &factor, c->columns, c, l, l->net.size.stride, number);
    for (size_t i = 0; i < l->trained * STATES; i++) {
        float *memory = c->memory + i * size;
        if (starts(told, i % STATES, l->net.half)) memset(memory, 0, size * sizeof *memory);
        ssmi_network_step_run(NULL, memory, scratch, feature, factor, &c->step[i / STATES], c->isa);
    }
}

/* The row in the units that the network was trained in, without what its columns drive. A model of
 * several series has no units; then the frame alone makes them even. */
static double standardised(const ssmi_learner_carried *c, const ssmi_learner *l, double y)
{
    const size_t back = SSMI_REGRESSION_BACK;
    double x[(SSMI_REGRESSION_BACK + 1) * SSMI_REGRESSION_COLUMNS];
    if (!(l->scale > 0)) return y;
    ssmi_regression_rows(x, &l->regression, &l->series->history, (int64_t)c->rows - (int64_t)back, back + 1);
    return (y - l->mean) / l->scale - ssmi_regression_effect(&l->regression, x + back * l->regression.n);
}

static void append(ssmi_learner_carried *c, const ssmi_learner *l, double y)
{
    const size_t last = l->net.size.patch - 1;
    ssmi_learner_frame_add(&c->frame, standardised(c, l, y), l->net.size.lookback);
    memmove(c->value, c->value + 1, last * sizeof *c->value);
    memmove(c->seen, c->seen + 1, last * sizeof *c->seen);
    c->value[last] = c->frame.held;
    c->seen[last] = !isnan(y);
    c->rows++;
}

void ssmi_learner_carried_push(ssmi_learner_carried *c, const ssmi_learner *l, double y, int64_t number)
{
    const size_t stride = l->net.size.stride;
    if (c->rows > 0 && c->rows % stride == 0) tell(c, l, c->rows / stride - 1, number - 1);
    append(c, l, y);
}

void ssmi_learner_carried_start(ssmi_learner_carried *c, const ssmi_learner *l, const double *value, size_t n,
                                int64_t first)
{
    const ssmi_learner_place end = ssmi_learner_place_of(n, &l->net);
    const size_t remembered = (end.told - (end.context - 1)) * l->net.size.stride;
    for (size_t t = 0; t < n; t++) {
        if (t <= remembered)
            append(c, l, value[t]); /* the token before it is of states that have started again since */
        else
            ssmi_learner_carried_push(c, l, value[t], first + (int64_t)t);
    }
}

ssm_status ssmi_learner_carried_ask(float *out, const ssmi_learner_carried *c, const ssmi_learner *l,
                                    size_t member, int64_t number, const float *columns, ssm_arena *tmp)
{
    const ssmi_network *net = &l->net;
    const ssmi_learner_place place = ssmi_learner_place_of(c->rows, net);
    const size_t size = ssmi_network_step_memory(net), older = place.told / net->half % STATES == 0;
    float *memory = SSMI_ALLOC(tmp, float, size), *read = SSMI_ALLOC(tmp, float, net->read), factor;
    float *feature = SSMI_ALLOC(tmp, float, net->features + ssmi_network_step_scratch(net));
    float *head = SSMI_ALLOC(tmp, float, ssmi_network_head_size_f32(net, 1));
    double *known = SSMI_ALLOC(tmp, double, columns_size(l));
    if (memory == NULL || read == NULL || feature == NULL || head == NULL || known == NULL)
        return SSM_E_MEMORY;
    memcpy(memory, c->memory + (member * STATES + older) * size, size * sizeof *memory);
    describe(feature, &factor, known, c, l, place.since, number);
    ssmi_network_step_run(read, memory, feature + net->features, feature, factor, &c->step[member], c->isa);
    ssmi_network_head_f32(out, head, read, columns, c->step[member].params, net, 1,
                          ssmi_kernels_of_f32(c->isa));
    return SSM_OK;
}

static ssm_status archive_frame(ssmi_learner_frame *f, ssm_archive *a)
{
    double *const place[] = {&f->recent.n,   &f->recent.mean,  &f->recent.square, &f->whole.n,
                             &f->whole.mean, &f->whole.square, &f->held};
    enum { N = sizeof place / sizeof *place };
    double *value = SSMI_ALLOC(ssmi_archive_scratch(a), double, N); /* read when the file is written */
    if (value == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < N; i++) value[i] = isnan(*place[i]) ? 0 : *place[i];
    SSMI_TRY(ssmi_archive_values(a, "state.frame", value, N));
    for (size_t i = 0; i < N; i++) *place[i] = value[i];
    if (f->whole.n == 0) f->held = NAN;
    const int sound = f->recent.n >= 0 && f->recent.square >= 0 && f->whole.n >= 0 && f->whole.square >= 0;
    return sound ? SSM_OK : ssmi_archive_reject(a, "the frame of the stream is not sound");
}

/* The rows of a token: their values, and 1 observed, 0 repeated, 2 nothing to repeat. */
static ssm_status archive_rows(ssmi_learner_carried *c, size_t patch, ssm_archive *a)
{
    double *value = SSMI_ALLOC(ssmi_archive_scratch(a), double, 2 * patch), *kind = value + patch;
    if (value == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < patch; i++) {
        const int none = isnan(c->value[i]);
        value[i] = none ? 0 : c->value[i];
        kind[i] = none ? 2 : c->seen[i];
    }
    SSMI_TRY(ssmi_archive_values(a, "state.token", value, patch));
    SSMI_TRY(ssmi_archive_values(a, "state.kind", kind, patch));
    for (size_t i = 0; i < patch; i++) {
        c->value[i] = kind[i] == 2 ? NAN : value[i];
        c->seen[i] = kind[i] == 1;
    }
    return SSM_OK;
}

ssm_status ssmi_learner_carried_archive(ssmi_learner_carried *c, const ssmi_learner *l, ssm_archive *a)
{
    const size_t size = l->trained * STATES * ssmi_network_step_memory(&l->net);
    float *memory = c->memory;
    SSMI_TRY(ssmi_archive_size(a, "state.carried", &c->rows));
    if (c->rows < 1) return ssmi_archive_reject(a, "a state carried over no rows");
    SSMI_TRY(archive_frame(&c->frame, a));
    SSMI_TRY(archive_rows(c, l->net.size.patch, a));
    SSMI_TRY(ssmi_archive_f32(a, "state.memory", &memory, 1, &size));
    if (memory != c->memory) memcpy(c->memory, memory, size * sizeof *memory);
    return SSM_OK;
}
