/* Training runs that are stopped, killed, damaged and mixed up. SSMCAST_KILLS sets how often a run is killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/counting.h"
#include "line.h"
#include "neural/checkpoint.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const endings[] = {"", ".previous", ".new"};

typedef struct fixture {
    char folder[64], path[96];
    line l;
    ssmi_training how;
    float expected[INPUTS]; /* of the run that nothing stopped */
} fixture;

static int set_up(void **state)
{
    static fixture f;
    ssmi_training_result result;
    memset(&f, 0, sizeof f);
    strcpy(f.folder, "checkpoint_test.XXXXXX");
    if (mkdtemp(f.folder) == NULL) return -1;
    snprintf(f.path, sizeof f.path, "%s/run", f.folder);
    fill(&f.l);
    f.l.poison_some = 1; /* skipped steps too must be gone on with */
    f.how = line_training();
    if (train_with(&result, f.expected, &f.l, 1, &f.how, NULL, NULL) != SSM_OK) return -1;
    f.how.checkpoint = f.path;
    f.how.keep = 27;
    *state = &f;
    return 0;
}

static void remove_all(const fixture *f)
{
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", f->path, endings[i]);
        (void)unlink(name);
    }
}

static int tear_down(void **state)
{
    fixture *f = *state;
    remove_all(f);
    return rmdir(f->folder);
}

/* Cancels at the n-th report. */
static int cancel(void *user, const char *stage, double done, double value, double rate)
{
    size_t *left = user;
    (void)stage, (void)done, (void)value, (void)rate;
    return *left == 0 || --*left == 0;
}

static void a_cancelled_run_goes_on_to_the_same_bytes(void **state)
{
    fixture *f = *state;
    for (size_t n = 1; n < 12; n += 5) {
        ssmi_training_result result;
        float params[INPUTS] = {0};
        size_t left = n;
        const ssm_progress progress = {cancel, &left};
        remove_all(f);
        assert_int_equal(train_with(&result, params, &f->l, 2, &f->how, &progress, NULL), SSM_E_CANCELLED);
        for (size_t k = 0; k < INPUTS; k++) assert_true(params[k] == 0);
        assert_int_equal(train_with(&result, params, &f->l, 3, &f->how, NULL, NULL), SSM_OK);
        assert_memory_equal(params, f->expected, sizeof params);
        assert_true(result.steps > n * f->how.check);
    }
}

static void a_finished_run_is_not_run_again(void **state)
{
    fixture *f = *state;
    ssmi_training_result first, second;
    float params[INPUTS] = {0}, again[INPUTS] = {0};
    size_t none = 1;
    const ssm_progress progress = {cancel, &none}; /* would cancel the first check */
    assert_int_equal(train_with(&first, params, &f->l, 1, &f->how, NULL, NULL), SSM_OK);
    assert_int_equal(train_with(&second, again, &f->l, 1, &f->how, &progress, NULL), SSM_OK);
    assert_memory_equal(again, params, sizeof params);
    assert_int_equal(second.steps, first.steps);
    assert_int_equal(second.n_curve, first.n_curve);
    assert_memory_equal(second.curve, first.curve, sizeof first.curve);
}

/* Trains in a child that is killed after `microseconds`; 1 when it was quicker. */
static int run_and_kill(fixture *f, unsigned microseconds)
{
    const struct timespec nap = {0, (long)microseconds * 1000};
    int status;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        ssmi_training_result result;
        float params[INPUTS] = {0};
        _exit(train_with(&result, params, &f->l, 1, &f->how, NULL, NULL) == SSM_OK ? 0 : 1);
    }
    nanosleep(&nap, NULL);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) assert_int_equal(WEXITSTATUS(status), 0);
    return WIFEXITED(status);
}

static void a_killed_run_goes_on_to_the_same_bytes_whenever_it_was_killed(void **state)
{
    fixture *f = *state;
    const char *wanted = getenv("SSMCAST_KILLS");
    const size_t kills = wanted != NULL ? strtoul(wanted, NULL, 10) : 5;
    size_t killed = 0, ended = 0;
    uint32_t seed = 77;
    f->how.keep = 6; /* so that writing is often what is interrupted */
    while (killed < kills) {
        if (!run_and_kill(f, (unsigned)next_number(&seed, 200, 60000))) {
            killed++;
            continue;
        }
        ssmi_training_result result;
        float params[INPUTS] = {0};
        assert_int_equal(train_with(&result, params, &f->l, 1, &f->how, NULL, NULL), SSM_OK);
        assert_memory_equal(params, f->expected, sizeof params);
        remove_all(f);
        ended++;
    }
    while (!run_and_kill(f, 900000)) killed++;
    ssmi_training_result result;
    float params[INPUTS] = {0};
    assert_int_equal(train_with(&result, params, &f->l, 1, &f->how, NULL, NULL), SSM_OK);
    assert_memory_equal(params, f->expected, sizeof params);
    print_message("%zu kills, %zu runs ended, every one in the same bytes\n", killed, ended + 1);
}

static void other_data_options_and_seeds_are_refused(void **state)
{
    fixture *f = *state;
    ssmi_training_result result;
    ssmi_training other = f->how;
    float params[INPUTS] = {0}, moved[INPUTS] = {1};
    char message[100];
    size_t left = 1;
    const ssm_progress progress = {cancel, &left};
    assert_int_equal(train_with(&result, params, &f->l, 1, &f->how, &progress, NULL), SSM_E_CANCELLED);
    f->l.y[0] += 1;
    assert_int_equal(train_with(&result, params, &f->l, 1, &f->how, NULL, message), SSM_E_DATA);
    assert_non_null(strstr(message, "other data or options"));
    f->l.y[0] -= 1;
    other.rate *= 2;
    assert_int_equal(train_with(&result, params, &f->l, 1, &other, NULL, NULL), SSM_E_DATA);
    other = f->how;
    other.accumulate = 3;
    assert_int_equal(train_with(&result, params, &f->l, 1, &other, NULL, NULL), SSM_E_DATA);
    assert_int_equal(train_with(&result, moved, &f->l, 1, &f->how, NULL, NULL), SSM_E_DATA);
    for (size_t k = 1; k < INPUTS; k++) assert_true(params[k] == 0 && moved[k] == 0);
    /* how often it is kept is no part of it */
    other = f->how;
    other.keep = 3;
    assert_int_equal(train_with(&result, params, &f->l, 1, &other, NULL, NULL), SSM_OK);
    assert_memory_equal(params, f->expected, sizeof params);
}

/* Changes one byte, or cuts the file off where `cut`. */
static void damage(const char *path, long at, int cut)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    if (!cut) fputc(byte ^ 4, file);
    fclose(file);
    if (cut) assert_int_equal(truncate(path, at), 0);
}

static void a_damaged_file_gives_way_to_the_one_before(void **state)
{
    fixture *f = *state;
    char previous[128], message[100];
    snprintf(previous, sizeof previous, "%s.previous", f->path);
    for (int cut = 0; cut < 2; cut++) {
        ssmi_training_result result;
        float params[INPUTS] = {0};
        size_t left = 3;
        const ssm_progress progress = {cancel, &left};
        remove_all(f);
        assert_int_equal(train_with(&result, params, &f->l, 1, &f->how, &progress, NULL), SSM_E_CANCELLED);
        damage(f->path, cut ? 0 : 300, cut);
        assert_int_equal(train_with(&result, params, &f->l, 1, &f->how, NULL, NULL), SSM_OK);
        assert_memory_equal(params, f->expected, sizeof params);
    }
    ssmi_training_result result;
    float params[INPUTS] = {0};
    damage(f->path, 70, 0);
    damage(previous, 71, 0);
    assert_int_equal(train_with(&result, params, &f->l, 1, &f->how, NULL, message), SSM_E_FORMAT);
    assert_non_null(strstr(message, "damaged"));
}

/* Every byte of a file matters: none may change unnoticed. */
static void no_damaged_byte_goes_unnoticed(void **state)
{
    fixture *f = *state;
    ssm_context *ctx;
    ssm_arena arena;
    char text[24] = "what is to be kept";
    const ssmi_piece piece = {text, sizeof text};
    ssmi_checkpoint c = {0};
    int found;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssmi_checkpoint_open(&c, f->path, &piece, 1, &arena), SSM_OK);
    assert_int_equal(ssmi_checkpoint_read(&found, &c, &arena), SSM_OK);
    assert_int_equal(found, 0);
    for (size_t i = 0; i < c.size; i++) {
        remove_all(f);
        assert_int_equal(ssmi_checkpoint_write(&c, ctx), SSM_OK);
        damage(f->path, (long)i, 0);
        assert_int_equal(ssmi_checkpoint_read(&found, &c, &arena), SSM_E_FORMAT);
    }
    assert_string_equal(text, "what is to be kept");
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

static size_t requests(fixture *f, size_t steps)
{
    counting c = {0};
    const ssm_allocator allocator = counting_allocator(&c);
    ssm_context *ctx;
    ssm_arena tmp;
    ssmi_parameters table = {0};
    ssmi_training how = f->how;
    ssmi_training_result result;
    float params[INPUTS] = {0};
    const ssmi_training_problem problem = {.user = &f->l,
                                           .n_train = WINDOWS,
                                           .n_validation = VALIDATION,
                                           .workspace = 1,
                                           .gradient = gradient,
                                           .judge = judge};
    ssmi_parameters_add(&table, "", "w", SSMI_DECAY, INPUTS, 0, 0);
    how.steps = steps, how.check = 1000000, how.checkpoint = NULL, how.patience = 1000;
    assert_int_equal(ssm_context_new(&allocator, &ctx), SSM_OK);
    ssm_context_set_threads(ctx, 1);
    ssmi_arena_init(&tmp, ctx);
    assert_int_equal(ssmi_train(&result, params, &table, &problem, &how, &tmp), SSM_OK);
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
    assert_int_equal(c.blocks_out, 0);
    return c.calls;
}

/* The parallel loop asks for its list of workers, twice a step; the training itself for nothing. */
static void a_step_asks_for_no_memory_of_its_own(void **state)
{
    assert_int_equal(requests(*state, 300) - requests(*state, 200), 2 * 100);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_cancelled_run_goes_on_to_the_same_bytes),
        WITH_FOLDER(a_finished_run_is_not_run_again),
        WITH_FOLDER(a_killed_run_goes_on_to_the_same_bytes_whenever_it_was_killed),
        WITH_FOLDER(other_data_options_and_seeds_are_refused),
        WITH_FOLDER(a_damaged_file_gives_way_to_the_one_before),
        WITH_FOLDER(no_damaged_byte_goes_unnoticed),
        WITH_FOLDER(a_step_asks_for_no_memory_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
