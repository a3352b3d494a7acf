/* Known value: frozen where a fresh condition would, the forecast is that of the fresh condition. */
#include "models/zero_stream.h"

#include <math.h>
#include <string.h>

enum {
    PATCH = SSMI_ZERO_PATCH,
    CHUNK = 16,
    LAG = SSMI_ZERO_LAG,
    OUT = PATCH * SSMI_FAN_LEVELS,
    FEATURES = SSMI_ZERO_FEATURES
};

static size_t batch_of(const ssmi_zero_stream *s)
{
    return s->model->flip ? 2 : 1;
}

/* Tokens in a row that continue the stream. */
typedef struct run {
    size_t tokens;
    float *feature;  /* (batch, tokens, FEATURES); the first sequence is filled in */
    float *position; /* (tokens) */
} run;

static int open_run(run *r, size_t batch, size_t tokens, ssm_arena *tmp)
{
    r->tokens = 0;
    r->feature = SSMI_ALLOC(tmp, float, batch *tokens *FEATURES);
    r->position = SSMI_ALLOC(tmp, float, tokens);
    return r->feature != NULL && r->position != NULL;
}

/* The token of the rows before `end`, as far as they come from `from` on. */
static void add_token(run *r, const ssmi_zero_stream *s, size_t from, size_t end)
{
    ssmi_zero_describe(r->feature + r->tokens * FEATURES, &s->rows, &s->frame, (ptrdiff_t)from, end);
    r->position[r->tokens++] = (float)end / PATCH - 1;
}

/* quantile (batch, tokens - from, OUT). */
static ssm_status go(const ssmi_zero_stream *s, run *r, ssmi_zero_state *state, size_t from, float *quantile,
                     ssm_arena *tmp)
{
    const size_t batch = batch_of(s);
    if (batch == 2) ssmi_zero_flip(r->feature + r->tokens * FEATURES, r->feature, r->tokens);
    const ssmi_zero_pass pass = {.batch = batch,
                                 .tokens = r->tokens,
                                 .from = from,
                                 .feature = r->feature,
                                 .quantile = quantile,
                                 .position = r->position,
                                 .state = state};
    return ssmi_zero_forward(s->model->network, &pass, ssmi_cpu_isa(), tmp);
}

static size_t scratch_size(const ssmi_zero_model *model)
{
    const size_t batch = model->flip ? 2 : 1, blocks = 4, rounding = 64;
    const size_t frame = ssmi_zero_frame_scratch(model->context, SSMI_ZERO_HORIZON);
    const size_t tokens = batch * CHUNK * FEATURES * sizeof(float) + CHUNK * sizeof(float) +
                          ssmi_zero_forward_scratch(model->network, batch, CHUNK) + blocks * rounding;
    return frame > tokens ? frame : tokens;
}

static void clear_scratch(void *scratch)
{
    ssmi_arena_clear(scratch);
}

/* A chunk that an arena has once stays with it. */
static ssm_status reserve(ssmi_zero_stream *s, ssm_arena *mem)
{
    const ssmi_mark empty = {NULL, 0, NULL};
    s->scratch = SSMI_ALLOC(mem, ssm_arena, 1);
    if (s->scratch == NULL) return SSM_E_MEMORY;
    ssmi_arena_init(s->scratch, mem->ctx);
    SSMI_TRY(ssmi_arena_defer(mem, clear_scratch, s->scratch));
    if (ssmi_arena_alloc(s->scratch, scratch_size(s->model), 1) == NULL) return SSM_E_MEMORY;
    ssmi_arena_rewind(s->scratch, empty);
    return SSM_OK;
}

ssm_status ssmi_zero_stream_open(ssmi_zero_stream *s, const ssmi_zero_model *model, size_t every,
                                 ssm_arena *mem)
{
    const size_t batch = model->flip ? 2 : 1, room = model->context + every;
    *s = (ssmi_zero_stream){.model = model, .every = every};
    s->value = SSMI_ALLOC(mem, double, room);
    s->state.window = SSMI_ALLOC(mem, float, ssmi_zero_window_size(model->network, batch));
    s->state.h = SSMI_ALLOC(mem, float, ssmi_zero_h_size(model->network, batch));
    if (s->value == NULL || s->state.window == NULL || s->state.h == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_zero_rows_open(&s->rows, room + PATCH, mem));
    return reserve(s, mem);
}

/* Keeps as many of the last rows as a context takes. */
static void forget(ssmi_zero_stream *s)
{
    const size_t context = s->model->context;
    if (s->length <= context) return;
    memmove(s->value, s->value + s->length - context, context * sizeof *s->value);
    s->length = context;
}

void ssmi_zero_stream_start(ssmi_zero_stream *s, const double *history, size_t length, size_t horizon,
                            const ssmi_zero_frame *frame)
{
    const size_t kept = length < s->model->context ? length : s->model->context;
    memcpy(s->value, history + length - kept, kept * sizeof *s->value);
    s->length = kept;
    s->horizon = horizon;
    s->frame = *frame;
    s->since = 0;
    s->running = s->blind = 0;
}

static size_t to_tell(const ssmi_zero_stream *s)
{
    const size_t whole = s->rows.length / PATCH;
    return whole > LAG ? (whole - LAG) * PATCH : 0;
}

/* Runs the patches that lie LAG or more behind the newest whole one, a chunk at a time. */
static ssm_status tell(ssmi_zero_stream *s)
{
    const ssmi_mark mark = ssmi_arena_mark(s->scratch);
    const size_t until = to_tell(s);
    while (s->told < until) {
        run r;
        if (!open_run(&r, batch_of(s), CHUNK, s->scratch)) return SSM_E_MEMORY;
        for (; s->told < until && r.tokens < CHUNK; s->told += PATCH) add_token(&r, s, 0, s->told + PATCH);
        SSMI_TRY(go(s, &r, &s->state, r.tokens, NULL, s->scratch));
        ssmi_arena_rewind(s->scratch, mark);
    }
    return SSM_OK;
}

/* The rows kept, of which the first `n` were there at the freeze. */
static void fill_rows(ssmi_zero_stream *s, size_t n, size_t length)
{
    ssmi_zero_rows_clear(&s->rows, ssmi_zero_padding(n));
    for (size_t t = 0; t < length; t++) ssmi_zero_rows_push(&s->rows, &s->frame, s->value[t]);
}

/* Rows and state from the first `n` rows kept, with the frame there is. */
static ssm_status rebuild(ssmi_zero_stream *s, size_t n)
{
    const size_t batch = batch_of(s);
    fill_rows(s, n, n);
    memset(s->state.window, 0, ssmi_zero_window_size(s->model->network, batch) * sizeof(float));
    memset(s->state.h, 0, ssmi_zero_h_size(s->model->network, batch) * sizeof(float));
    s->told = 0;
    s->running = 1;
    return tell(s);
}

static int observed(const ssmi_zero_stream *s)
{
    size_t t = 0;
    while (t < s->length && isnan(s->value[t])) t++;
    return t < s->length;
}

static ssm_status freeze(ssmi_zero_stream *s)
{
    forget(s);
    s->since = 0;
    s->running = 1;
    s->blind = !observed(s);
    if (s->blind) return SSM_OK;
    const ssmi_zero_context context = {s->value, s->length, s->horizon, s->model->period};
    SSMI_TRY(ssmi_zero_frame_of(&s->frame, &context, s->scratch));
    return rebuild(s, s->length);
}

void ssmi_zero_stream_keep(ssmi_zero_stream *s, double y)
{
    s->value[s->length++] = y;
    if (++s->since < s->every) return;
    forget(s);
    s->since = 0;
}

ssm_status ssmi_zero_stream_update(ssmi_zero_stream *s, double y)
{
    s->value[s->length++] = y;
    s->since++;
    if (s->since >= s->every || s->blind || ssmi_zero_frame_leaves(&s->frame, y)) return freeze(s);
    if (!s->running) SSMI_TRY(rebuild(s, s->length - 1));
    ssmi_zero_rows_push(&s->rows, &s->frame, y);
    return tell(s);
}

/* What no token has told, in patches that end with the newest row, and the masked future. */
static void add_future(run *r, const ssmi_zero_stream *s, size_t n_future)
{
    const size_t end = s->rows.length, patches = (end - s->told + PATCH - 1) / PATCH;
    for (size_t j = patches; j-- > 0;) add_token(r, s, s->told, end - j * PATCH);
    for (size_t j = 1; j < n_future; j++) add_token(r, s, 0, end + j * PATCH);
}

static ssm_status copy_state(ssmi_zero_state *copy, const ssmi_zero_stream *s, ssm_arena *tmp)
{
    const size_t window = ssmi_zero_window_size(s->model->network, batch_of(s));
    const size_t h = ssmi_zero_h_size(s->model->network, batch_of(s));
    copy->window = SSMI_ALLOC(tmp, float, window);
    copy->h = SSMI_ALLOC(tmp, float, h);
    if (copy->window == NULL || copy->h == NULL) return SSM_E_MEMORY;
    memcpy(copy->window, s->state.window, window * sizeof *copy->window);
    memcpy(copy->h, s->state.h, h * sizeof *copy->h);
    return SSM_OK;
}

ssm_status ssmi_zero_stream_forecast(const ssmi_zero_stream *s, double *fan, size_t horizon, ssm_arena *tmp)
{
    const size_t rows = horizon < SSMI_ZERO_HORIZON ? horizon : SSMI_ZERO_HORIZON;
    const size_t n_future = (rows + PATCH - 1) / PATCH;
    ssmi_zero_state state;
    run r;
    if (s->blind)
        return ssmi_fail(tmp->ctx, SSM_E_DATA, "the last %zu rows have no observed value", s->length);
    float *quantile = SSMI_ALLOC(tmp, float, batch_of(s) * n_future * OUT);
    if (quantile == NULL || !open_run(&r, batch_of(s), LAG + 1 + n_future, tmp)) return SSM_E_MEMORY;
    add_future(&r, s, n_future);
    SSMI_TRY(copy_state(&state, s, tmp));
    SSMI_TRY(go(s, &r, &state, r.tokens - n_future, quantile, tmp));
    SSMI_TRY(ssmi_zero_unwind(s->model, fan, quantile, rows, &s->frame, tmp));
    return ssmi_zero_finish(s->model, fan, s->value, s->length, horizon, tmp);
}

/* Missing rows are saved as 0 and by their own list. */
static ssm_status archive_rows(ssmi_zero_stream *s, ssm_archive *archive)
{
    ssm_arena *tmp = ssmi_archive_scratch(archive);
    double *y = SSMI_ALLOC(tmp, double, s->length), *seen = SSMI_ALLOC(tmp, double, s->length);
    if (y == NULL || seen == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; t < s->length && !ssmi_archive_loading(archive); t++) {
        seen[t] = !isnan(s->value[t]);
        y[t] = isnan(s->value[t]) ? 0 : s->value[t];
    }
    SSMI_TRY(ssmi_archive_values(archive, "state.value", y, s->length));
    SSMI_TRY(ssmi_archive_values(archive, "state.seen", seen, s->length));
    for (size_t t = 0; t < s->length && ssmi_archive_loading(archive); t++)
        s->value[t] = seen[t] != 0 ? y[t] : NAN;
    return SSM_OK;
}

static ssm_status archive_frame(ssmi_zero_frame *f, ssm_archive *archive)
{
    double *const place[] = {&f->loc,
                             &f->scale,
                             &f->origin,
                             &f->unit,
                             &f->mean,
                             &f->deviation,
                             &f->reach,
                             &f->periods.main_strength,
                             &f->periods.second_strength};
    enum { N = sizeof place / sizeof *place };
    double *value = SSMI_ALLOC(ssmi_archive_scratch(archive), double, N); /* read when the file is written */
    size_t flat = f->flat != 0, single = f->single != 0;
    if (value == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < N; i++) value[i] = *place[i];
    SSMI_TRY(ssmi_archive_values(archive, "state.frame", value, N));
    SSMI_TRY(ssmi_archive_size(archive, "state.main", &f->periods.main));
    SSMI_TRY(ssmi_archive_size(archive, "state.second", &f->periods.second));
    SSMI_TRY(ssmi_archive_size(archive, "state.flat", &flat));
    SSMI_TRY(ssmi_archive_size(archive, "state.single", &single));
    for (size_t i = 0; i < N; i++) *place[i] = value[i];
    f->flat = flat != 0;
    f->single = single != 0;
    const size_t longest = 1000000;
    const int sound = f->scale > 0 && f->unit > 0 && (f->flat || f->deviation > 0) && f->periods.main > 0 &&
                      f->periods.second > 0 && f->periods.main <= longest && f->periods.second <= longest;
    return sound ? SSM_OK : ssmi_archive_reject(archive, "the frozen numbers of the stream are not sound");
}

static ssm_status archive_part(ssm_archive *archive, const char *name, float *part, size_t count)
{
    float *data = part;
    SSMI_TRY(ssmi_archive_f32(archive, name, &data, 1, &count));
    if (data != part) memcpy(part, data, count * sizeof *part);
    return SSM_OK;
}

ssm_status ssmi_zero_stream_archive(ssmi_zero_stream *s, ssm_archive *archive)
{
    const size_t batch = batch_of(s), context = s->model->context;
    size_t running = s->running != 0, blind = s->blind != 0;
    SSMI_TRY(ssmi_archive_size(archive, "state.kept", &s->length));
    SSMI_TRY(ssmi_archive_size(archive, "state.since", &s->since));
    SSMI_TRY(ssmi_archive_size(archive, "state.horizon", &s->horizon));
    SSMI_TRY(ssmi_archive_size(archive, "state.running", &running));
    SSMI_TRY(ssmi_archive_size(archive, "state.blind", &blind));
    if (s->length <= s->since || s->since >= s->every || s->length - s->since > context || s->horizon == 0)
        return ssmi_archive_reject(archive, "the rows of the stream do not fit its options");
    SSMI_TRY(archive_rows(s, archive));
    SSMI_TRY(archive_frame(&s->frame, archive));
    s->running = running != 0;
    s->blind = blind != 0;
    if (!s->running || s->blind) return SSM_OK;
    SSMI_TRY(archive_part(archive, "state.window", s->state.window,
                          ssmi_zero_window_size(s->model->network, batch)));
    SSMI_TRY(archive_part(archive, "state.h", s->state.h, ssmi_zero_h_size(s->model->network, batch)));
    if (!ssmi_archive_loading(archive)) return SSM_OK;
    fill_rows(s, s->length - s->since, s->length);
    s->told = to_tell(s);
    return SSM_OK;
}
