/* ssmcast: finds the command, parses its options, runs it, and makes sure that what it printed arrived. */
#include "base/clock.h"
#include "base/suggest.h"
#include "cli/command.h"

#include <cblas.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Set by SIGINT and SIGTERM; long operations ask through the progress callback and stop cleanly. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    /* The second one ends the program at once. */
    signal(number, SIG_DFL);
    interrupted = 1;
}

/* Time that a stage will still take if it goes on as it did: nothing before there is enough to go by. */
static void print_time_left(cli_session *session, const char *stage, double done)
{
    const double now = ssmi_clock_seconds();
    if (session->stage == NULL || strcmp(session->stage, stage) != 0) {
        session->stage = stage;
        session->stage_seconds = now;
    }
    const double spent = now - session->stage_seconds, left = spent * (1 - done) / done;
    if (!(spent > 2 && done > 0.02 && left >= 1)) return;
    if (left < 120)
        fprintf(stderr, "  %.0f s left", left);
    else
        fprintf(stderr, "  %.0f min left", left / 60);
}

static int report_progress(void *user, const char *stage, double done, double value, double rate)
{
    cli_session *session = user;
    if (session->interactive && !session->quiet && *stage != '\0') {
        int filled = (int)(done * 30.0 + 0.5);
        fprintf(stderr, "\r%-24.24s [%-30.*s] %3.0f %%", stage, filled, "##############################",
                100.0 * done);
        if (rate == rate)
            fprintf(stderr, "  loss %.4f  rate %.2g", value, rate);
        else if (value == value)
            fprintf(stderr, "  %.5g", value);
        print_time_left(session, stage, done);
        fputs("\033[K", stderr); /* what a longer line left */
        if (done >= 1.0) fputs("\r\033[K", stderr);
    }
    return interrupted;
}

static int unknown_command(const char *word)
{
    const char *meant = NULL;
    size_t best = (size_t)-1;
    for (size_t i = 0; cli_command_at(i) != NULL; i++) {
        if (ssmi_suggest(word, cli_command_at(i)->name, &best)) meant = cli_command_at(i)->name;
    }
    if (meant != NULL) {
        cli_error("there is no command \"%s\"; did you mean \"%s\"?", word, meant);
    } else {
        cli_error("there is no command \"%s\"; see \"ssmcast --help\"", word);
    }
    return CLI_USAGE;
}

static int run_command(cli_session *session, const cli_command *command, int argc, char **argv)
{
    ssm_arena arena;
    ssmi_arena_init(&arena, session->ctx);
    cli_common common = {0};
    size_t n = 0;
    void *options = ssmi_arena_alloc(&arena, 1, command->options_size);
    char **rest = SSMI_ALLOC(&arena, char *, (size_t)argc);
    int result = options != NULL && rest != NULL ? CLI_OK : cli_fail(session, SSM_E_MEMORY);
    if (result == CLI_OK) {
        memcpy(rest, argv, (size_t)argc * sizeof *rest);
        result = cli_parse(session, command, options, &common, argc, rest, &n);
    }
    if (result == CLI_OK && common.help) {
        cli_print_help(stdout, command);
    } else if (result == CLI_OK) {
        session->quiet = common.quiet;
        ssm_context_set_threads(session->ctx, common.threads);
        ssm_context_set_seed(session->ctx, common.seed);
        result = command->run(session, options, n, rest);
    }
    ssmi_arena_clear(&arena);
    return result;
}

static int dispatch(cli_session *session)
{
    const char *word = session->argc > 1 ? session->argv[1] : "--help";
    if (strcmp(word, "--version") == 0) {
        printf("ssmcast %s\n", ssm_version());
        return CLI_OK;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        const cli_command *command = session->argc > 2 ? cli_command_find(session->argv[2]) : NULL;
        cli_print_help(session->argc > 1 ? stdout : stderr, command);
        return session->argc > 1 ? CLI_OK : CLI_USAGE;
    }
    const cli_command *command = cli_command_find(word);
    if (command == NULL) return unknown_command(word);
    return run_command(session, command, session->argc - 2, session->argv + 2);
}

/* A full disk or a closed output must not look like success. */
static int close_output(int result)
{
    int failed = ferror(stdout) != 0;
    if (fclose(stdout) != 0) failed = 1;
    if (!failed) return result;
    cli_error("cannot write standard output: %s", strerror(errno));
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    cli_session session = {.argc = argc, .argv = argv, .interactive = isatty(STDERR_FILENO)};
    const char *terminal = getenv("TERM");
    if (terminal != NULL && strcmp(terminal, "dumb") == 0) session.interactive = 0;
    /* Our own loops use the threads; a threaded BLAS below them would only fight for the cores. */
    openblas_set_num_threads(1);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* A file that grows past its limit is then a failed write, which cleans up. */
    signal(SIGXFSZ, SIG_IGN);
    if (ssm_context_new(NULL, &session.ctx) != SSM_OK) {
        cli_error("out of memory");
        return CLI_PARTIAL;
    }
    ssm_context_set_progress(session.ctx, (ssm_progress){report_progress, &session});
    int result = dispatch(&session);
    ssm_context_free(session.ctx);
    return close_output(result);
}
