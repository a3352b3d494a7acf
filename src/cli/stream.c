/* `ssmcast stream`: rows in on the standard input, expectations out, one line for each. */
#include "cli/stream_lines.h"
#include "cli/stream_start.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FIRST_ROWS = 10000, LONGEST_GAP = 1000000 };

typedef struct stream_options {
    cli_input input;
    cli_request request;
    const char *load, *like, *state;
    double level, gate;
    size_t reacquire, save_every;
    int skip_bad;
} stream_options;

/* One run of the command. */
typedef struct stream_run {
    cli_flow s;
    const stream_options *options;
    cli_request *request; /* among them */
    cli_stream_origin origin;
    cli_line_form form;
    ssmi_text line;
    int opened, resumed; /* the forecasters are there; they come from a state */
    int caught_up;       /* a row came that had not been seen before */
    int told_blind, output_failed;
    size_t n_seen_before, since_save;
    /* rows before the forecasters can be made */
    const char *const *name;
    size_t n, rows, capacity;
    double *first;  /* (rows, n) */
    int64_t *stamp; /* (rows) */
    int has_stamps;
} stream_run;

static ssm_status put_line(stream_run *r)
{
    ssmi_text_puts(&r->line, "\n");
    SSMI_TRY(ssmi_text_status(&r->line));
    const int sound =
        fwrite(r->line.bytes, 1, r->line.length, stdout) == r->line.length && fflush(stdout) == 0;
    r->line.length = 0;
    r->output_failed |= !sound;
    return sound ? SSM_OK : SSM_E_IO;
}

/* ---- the first rows, when nothing else is known ---- */

static ssm_status hold_back(stream_run *r, const ssmi_stream_row *row)
{
    if (r->rows == MOST_FIRST_ROWS)
        return ssmi_fail(r->s.session->ctx, SSM_E_DATA, "a column has no value in the first %d rows",
                         (int)MOST_FIRST_ROWS);
    if (r->rows == r->capacity) {
        const size_t capacity = r->capacity > 0 ? 2 * r->capacity : 16;
        double *bigger = ssmi_arena_alloc(r->s.arena, capacity, r->n * sizeof(double));
        int64_t *longer = SSMI_ALLOC(r->s.arena, int64_t, capacity);
        if (bigger == NULL || longer == NULL) return SSM_E_MEMORY;
        if (r->rows > 0) memcpy(bigger, r->first, r->rows * r->n * sizeof(double));
        if (r->rows > 0) memcpy(longer, r->stamp, r->rows * sizeof(int64_t));
        r->first = bigger;
        r->stamp = longer;
        r->capacity = capacity;
    }
    memcpy(r->first + r->rows * r->n, row->value, r->n * sizeof(double));
    r->stamp[r->rows] = row->stamp;
    r->has_stamps = row->has_stamp && (r->rows == 0 || r->has_stamps);
    r->rows++;
    return SSM_OK;
}

static int every_column_seen(const stream_run *r)
{
    for (size_t i = 0; i < r->n; i++) {
        size_t t = 0;
        while (t < r->rows && isnan(r->first[t * r->n + i])) t++;
        if (t == r->rows) return 0;
    }
    return 1;
}

static ssm_status open_first_rows(stream_run *r)
{
    const cli_first_rows rows = {.n = r->n,
                                 .rows = r->rows,
                                 .name = r->name,
                                 .value = r->first,
                                 .stamp = r->has_stamps ? r->stamp : NULL};
    SSMI_TRY(cli_stream_open_rows(&r->s, &r->origin, &rows));
    r->opened = r->caught_up = 1;
    r->s.feed.rows = r->rows;
    r->s.feed.gate = (cli_gate){r->options->gate, r->options->reacquire};
    for (size_t i = 0; i < r->n; i++) {
        cli_channel *c = &r->s.feed.channel[i];
        c->value = r->first[(r->rows - 1) * r->n + i];
        c->mean = c->low = c->high = c->z = NAN;
    }
    return SSM_OK;
}

static ssm_status first_row(stream_run *r, const ssmi_stream_row *row)
{
    SSMI_TRY(hold_back(r, row));
    if (every_column_seen(r)) SSMI_TRY(open_first_rows(r));
    cli_line_label(&r->line, row->time, r->rows);
    for (size_t i = 0; i < r->n; i++) {
        if (r->opened) {
            cli_line_channel(&r->line, &r->form, &r->s.feed, i);
        } else {
            cli_line_bare(&r->line, &r->form, row->value[i]);
        }
    }
    return put_line(r);
}

/* ---- rows in ---- */

/* Rows of which the time is not after that of the last: those that were seen before a break, or disorder. */
static ssm_status late_row(stream_run *r, const ssmi_stream_row *row)
{
    ssm_context *ctx = r->s.session->ctx;
    if (!r->caught_up) {
        r->n_seen_before++;
        return SSM_OK;
    }
    ssmi_fail(ctx, SSM_E_DATA, "line %zu: the time \"%.40s\" is not after that of the row before", row->line,
              row->time);
    if (!r->options->skip_bad) return SSM_E_DATA;
    cli_warn(r->s.session, "%s", ssm_context_message(ctx));
    return SSM_OK;
}

static ssm_status take_row(stream_run *r, const ssmi_stream_row *row)
{
    cli_feed *feed = &r->s.feed;
    SSMI_TRY(cli_feed_row(feed, r->s.clock.irregular ? &row->stamp : NULL, row->value));
    if (feed->blind && !r->told_blind) {
        cli_warn(r->s.session, "no forecast yet: %s", ssm_context_message(r->s.session->ctx));
        r->told_blind = 1;
    }
    cli_line_label(&r->line, row->time, feed->rows);
    for (size_t i = 0; i < feed->n; i++) cli_line_channel(&r->line, &r->form, feed, i);
    SSMI_TRY(put_line(r));
    if (r->options->state == NULL || r->options->save_every == 0) return SSM_OK;
    if (++r->since_save < r->options->save_every) return SSM_OK;
    r->since_save = 0;
    return cli_stream_save(&r->s, r->options->state);
}

/* The first row that had not been seen before a break. */
static void catch_up(stream_run *r)
{
    if (!r->caught_up && r->n_seen_before > 0)
        cli_warn(r->s.session, "%zu rows were left out: they had been seen before", r->n_seen_before);
    r->caught_up = 1;
}

static ssm_status on_grid(stream_run *r, const ssmi_stream_row *row)
{
    cli_clock *clock = &r->s.clock;
    int64_t at;
    if (!cli_clock_row(clock, row->stamp, &at) || at - clock->row > LONGEST_GAP)
        return ssmi_fail(r->s.session->ctx, SSM_E_DATA,
                         "line %zu: the time \"%.40s\" is more than %d rows after that of the row before",
                         row->line, row->time, (int)LONGEST_GAP);
    if (at <= clock->row) return late_row(r, row);
    catch_up(r);
    if (at > clock->row + 1) SSMI_TRY(cli_feed_gap(&r->s.feed, (size_t)(at - clock->row - 1)));
    clock->row = at;
    return take_row(r, row);
}

static ssm_status off_grid(stream_run *r, const ssmi_stream_row *row)
{
    cli_clock *clock = &r->s.clock;
    if (!row->has_stamp)
        return ssmi_fail(r->s.session->ctx, SSM_E_DATA,
                         "line %zu: the time \"%.40s\" may be read in two ways; say how with --time-format",
                         row->line, row->time);
    if (row->stamp <= clock->last) return late_row(r, row);
    catch_up(r);
    clock->last = row->stamp;
    return take_row(r, row);
}

static ssm_status on_time(stream_run *r, const ssmi_stream_row *row)
{
    const cli_clock *clock = &r->s.clock;
    if (clock->irregular) return off_grid(r, row);
    return clock->known && row->has_stamp ? on_grid(r, row) : take_row(r, row);
}

static ssm_status on_row(void *run_, const ssmi_stream_row *row)
{
    stream_run *r = run_;
    return r->opened ? on_time(r, row) : first_row(r, row);
}

static ssm_status copy_layout(cli_flow *s, const ssmi_stream_layout *layout)
{
    const char **name = SSMI_ALLOC(s->arena, const char *, layout->width);
    ssm_column_kind *kind = SSMI_ALLOC(s->arena, ssm_column_kind, layout->width);
    if (name == NULL || kind == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < layout->width; k++) {
        name[k] = ssmi_arena_strdup(s->arena, layout->name[k]);
        if (name[k] == NULL) return SSM_E_MEMORY;
        kind[k] = layout->kind[k];
    }
    const char *format = s->has_layout ? s->layout.time_format : NULL;
    s->layout = *layout;
    s->layout.name = name;
    s->layout.kind = kind;
    s->layout.time_format = format;
    return SSM_OK;
}

static ssm_status on_begin(void *run_, const ssmi_stream_layout *layout, const char *const *name, size_t n)
{
    stream_run *r = run_;
    if (r->opened && n != r->s.feed.n)
        return ssmi_fail(r->s.session->ctx, SSM_E_DATA, "the stream has %zu columns of values, not %zu", n,
                         r->s.feed.n);
    SSMI_TRY(copy_layout(&r->s, layout));
    r->name = name;
    r->n = n;
    if (r->resumed) return SSM_OK;
    for (size_t k = 0; k < layout->width; k++) r->form.timed |= layout->kind[k] == SSM_COLUMN_TIME;
    cli_line_header(&r->line, &r->form, name, n);
    return put_line(r);
}

static void on_warning(void *run_, const char *text)
{
    stream_run *r = run_;
    const char *shown;
    ssm_arena arena;
    ssmi_arena_init(&arena, r->s.session->ctx);
    shown = cli_printable(&arena, text);
    if (shown != NULL) cli_warn(r->s.session, "%s", shown);
    ssmi_arena_clear(&arena);
}

/* ---- the command ---- */

static int is_there(const char *path)
{
    return path != NULL && access(path, F_OK) == 0;
}

/* The layout of --like alone. */
static int read_like(stream_run *r)
{
    cli_data data;
    int result = cli_read(r->s.session, &r->options->input, r->options->like, r->s.arena, &data);
    if (result != CLI_OK) return result;
    ssm_status status = ssmi_stream_layout_of(&r->s.layout, data.table, r->s.arena);
    r->s.has_layout = 1;
    return status == SSM_OK ? CLI_OK : cli_fail(r->s.session, status);
}

static int read_history(stream_run *r, const char *path)
{
    cli_data data;
    int result = cli_read(r->s.session, &r->options->input, path, r->s.arena, &data);
    if (result != CLI_OK) return result;
    cli_default_model(r->request, SSM_CAP_ONLINE | SSM_CAP_DECOMPOSE, &data);
    ssm_status status = cli_stream_open_history(&r->s, &r->origin, &data);
    r->opened = 1;
    return status == SSM_OK ? CLI_OK : cli_fail(r->s.session, status);
}

static int resume(stream_run *r)
{
    const char *path = r->options->state;
    ssm_status status = cli_stream_resume(&r->s, path, &r->origin);
    if (status != SSM_OK) return cli_fail(r->s.session, status);
    r->opened = r->resumed = 1;
    if (!r->s.session->quiet) fprintf(stderr, "ssmcast: %s: going on after row %zu\n", path, r->s.feed.rows);
    return CLI_OK;
}

static int open_run(stream_run *r, size_t n, char **operands)
{
    const stream_options *o = r->options;
    int result = CLI_OK;
    if (o->input.exogenous != NULL) {
        cli_error(
            "stream takes no exogenous columns: those of the next row would have to be known before it");
        return CLI_USAGE;
    }
    if (is_there(o->state)) {
        result = resume(r);
    } else if (n > 0) {
        result = read_history(r, operands[0]);
    } else if (o->load == NULL && o->request.system == NULL) {
        cli_error(
            "stream needs a FILE of earlier rows to learn from, or --load, --system, or a --state that is "
            "there");
        return CLI_USAGE;
    } else if (o->like != NULL) {
        result = read_like(r);
    }
    r->s.feed.gate = (cli_gate){o->gate, o->reacquire};
    return result;
}

static int read_stream(stream_run *r)
{
    ssm_table_options table;
    if (cli_table_options(&r->options->input, &table) != CLI_OK) return CLI_USAGE;
    const ssmi_stream_task task = {.path = "-",
                                   .options = &table,
                                   .known = r->s.has_layout ? &r->s.layout : NULL,
                                   .skip_bad = r->options->skip_bad};
    const ssmi_stream_sink sink = {on_begin, on_row, on_warning, r};
    ssm_status status = ssmi_stream_read(r->s.session->ctx, &task, &sink);
    if (status == SSM_OK && !r->opened && r->rows > 0)
        status = ssmi_fail(r->s.session->ctx, SSM_E_DATA, "standard input: a column has no value in any row");
    int result = CLI_OK;
    if (status == SSM_E_CANCELLED) {
        result = CLI_INTERRUPTED;
    } else if (r->output_failed) {
        result = CLI_USAGE; /* said when the output is closed */
    } else if (status != SSM_OK) {
        result = cli_fail(r->s.session, status);
    }
    if (r->options->state == NULL || !r->opened) return result;
    status = cli_stream_save(&r->s, r->options->state);
    return status == SSM_OK ? result : cli_fail(r->s.session, status);
}

static int run(cli_session *session, void *options_, size_t n, char **operands)
{
    stream_options *options = options_;
    ssm_arena arena;
    ssmi_arena_init(&arena, session->ctx);
    stream_run r = {
        .s = {.session = session, .arena = &arena}, .options = options, .request = &options->request};
    r.form = (cli_line_form){.percent = options->level, .horizon = options->request.horizon};
    ssmi_text_init(&r.line, session->ctx);
    int result = cli_settle_model(&options->request);
    r.origin = (cli_stream_origin){.request = &options->request,
                                   .load = options->load,
                                   .step = options->input.step,
                                   .percent = options->level,
                                   .horizon = options->request.horizon > 0 ? options->request.horizon : 1};
    if (result == CLI_OK) result = open_run(&r, n, operands);
    if (result == CLI_OK) result = read_stream(&r);
    ssmi_text_clear(&r.line);
    ssmi_arena_clear(&arena);
    return result;
}

static const cli_option model_options[] = {
    {"model", 'm', "NAME",
     "model to fit on FILE, one that \"ssmcast models\" calls online; default: the first with components",
     CLI_TEXT, offsetof(stream_options, request.model), NULL, 0, 0, NULL},
    {"system", 0, "FILE", "state-space model of your own: a JSON file with its matrices", CLI_TEXT,
     offsetof(stream_options, request.system), NULL, 0, 0, NULL},
    {"set", 's', "NAME=VALUE", "option of the model; may be given several times", CLI_LIST,
     offsetof(stream_options, request.set), NULL, 0, 0, NULL},
    {"load", 0, "FILE", "use a saved model instead of fitting one", CLI_TEXT, offsetof(stream_options, load),
     NULL, 0, 0, NULL},
    {"level", 'l', "PERCENT", "central interval of the one-step forecast", CLI_REAL,
     offsetof(stream_options, level), "95", 1e-6, 100 - 1e-6, NULL},
    {"horizon", 'n', "ROWS", "also write, after every row, forecasts of so many rows", CLI_SIZE,
     offsetof(stream_options, request.horizon), "0", 0, 10000, NULL},
    {"gate", 0, "SD", "take values further off than so many standard deviations as missing; 0: none",
     CLI_REAL, offsetof(stream_options, gate), "0", 0, 1e6, NULL},
    {"reacquire", 0, "N", "after N gated values in a row take them in again: the level has moved", CLI_SIZE,
     offsetof(stream_options, reacquire), "5", 1, 1e9, NULL},
    {0}};

static const cli_option stream_table[] = {
    {"state", 0, "FILE",
     "go on from this file when it is there; write it at the end, on SIGTERM and SIGINT, and every N rows",
     CLI_TEXT, offsetof(stream_options, state), NULL, 0, 0, NULL},
    {"save-every", 0, "N", "rows between two writings of the state; 0: only at the end", CLI_SIZE,
     offsetof(stream_options, save_every), "1000", 0, 1e15, NULL},
    {"like", 0, "FILE", "the columns are those of this file, for a stream without a header", CLI_TEXT,
     offsetof(stream_options, like), NULL, 0, 0, NULL},
    {"skip-bad", 0, NULL, "leave out rows that cannot be read, with a warning, instead of stopping", CLI_FLAG,
     offsetof(stream_options, skip_bad), NULL, 0, 0, NULL},
    {0}};

static const cli_group groups[] = {{"Model", model_options, 0},
                                   {"Stream", stream_table, 0},
                                   {"Reading the rows", cli_input_options, offsetof(stream_options, input)},
                                   {0}};

const cli_command cli_stream = {
    .name = "stream",
    .summary = "forecasts rows as they come on the standard input",
    .operands = "[FILE]",
    .description = "Reads rows of a table on the standard input and writes one line for each at once: time, "
                   "and for every\n"
                   "numeric column the value, what was expected of it (mean, bounds), its standardised "
                   "innovation z and the\n"
                   "gate: 0 taken in, 1 gated, 2 taken in although outside of the gate. Work and memory for "
                   "a row do not\n"
                   "depend on how many came before. The model is fitted on FILE, which has the same columns, "
                   "or comes from\n"
                   "--load or --system; then the first rows are its history.\n"
                   "Rows that the times leave out count as missing; a model for irregular times takes a row "
                   "at its\n"
                   "time. A row that cannot be read ends the stream with its line and status 2. With --gate "
                   "a value too\n"
                   "far off is taken as missing; after --reacquire such values in a row they are taken in "
                   "again until\n"
                   "one is inside of the gate.\n"
                   "With --state an interrupted stream goes on later and writes what it would have written; "
                   "rows up to the\n"
                   "last one seen are left out if they come again. Status after SIGINT or SIGTERM: 130.\n"
                   "The keys of a --system file are listed in \"ssmcast manual\"; one whose scale is to be "
                   "estimated wants a "
                   "FILE.",
    .examples = "  tail -n +1 -f sensors.csv | ssmcast stream history.csv --column load --gate 5\n"
                "      expectations, innovations and a gate for a growing file\n"
                "  ssmcast stream history.csv --state load.state < today.csv > today-checked.csv\n"
                "  ssmcast stream --state load.state < tomorrow.csv >> today-checked.csv\n"
                "      learn once, go on from the state\n"
                "  ssmcast stream --system model.json --horizon 12 < sensors.csv\n"
                "      a state-space model of your own, twelve rows ahead\n",
    .groups = groups,
    .options_size = sizeof(stream_options),
    .min_operands = 0,
    .max_operands = 1,
    .run = run,
};
