#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/counting.h"
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct fixture {
    ssm_context *ctx;
    ssm_arena arena;
    char folder[64], path[96];
} fixture;

static int set_up(void **state)
{
    static fixture f;
    if (ssm_context_new(NULL, &f.ctx) != SSM_OK) return -1;
    ssmi_arena_init(&f.arena, f.ctx);
    strcpy(f.folder, "file_test.XXXXXX");
    if (mkdtemp(f.folder) == NULL) return -1;
    snprintf(f.path, sizeof f.path, "%s/data.bin", f.folder);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    ssmi_arena_clear(&f->arena);
    ssm_context_free(f->ctx);
    (void)unlink(f->path);
    return rmdir(f->folder);
}

static int entries(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        count += entry->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

static void assert_content(fixture *f, const char *bytes, size_t size)
{
    unsigned char *found = NULL;
    size_t n = 0;
    assert_int_equal(ssmi_file_read(&f->arena, f->path, 1 << 20, &found, &n), SSM_OK);
    assert_int_equal(n, size);
    assert_memory_equal(found, bytes, size);
    assert_int_equal(found[n], '\0');
}

static void what_is_written_is_read(void **state)
{
    fixture *f = *state;
    static const char bytes[] = {'a', '\0', 'b', '\n'};
    assert_int_equal(ssmi_file_replace(f->ctx, f->path, bytes, sizeof bytes), SSM_OK);
    assert_content(f, bytes, sizeof bytes);
    assert_int_equal(ssmi_file_replace(f->ctx, f->path, "", 0), SSM_OK);
    assert_content(f, "", 0);
    assert_int_equal(entries(f->folder), 1);
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static void a_new_file_gets_the_usual_permissions_and_an_old_one_keeps_its_own(void **state)
{
    fixture *f = *state;
    mode_t mask = umask(027);
    assert_int_equal(ssmi_file_replace(f->ctx, f->path, "x", 1), SSM_OK);
    assert_int_equal(mode_of(f->path), 0640);
    assert_int_equal(umask(mask), 027);
    assert_int_equal(chmod(f->path, 0600), 0);
    assert_int_equal(ssmi_file_replace(f->ctx, f->path, "y", 1), SSM_OK);
    assert_int_equal(mode_of(f->path), 0600);
}

/* A limit on the size of files stands for the full disk: the write fails half way. */
static void a_failed_write_leaves_the_old_file_and_nothing_else(void **state)
{
    fixture *f = *state;
    static const char much[10000];
    struct rlimit old, small = {.rlim_cur = 4096};
    assert_int_equal(ssmi_file_replace(f->ctx, f->path, "old", 3), SSM_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    ssm_status status = ssmi_file_replace(f->ctx, f->path, much, sizeof much);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, SSM_E_IO);
    assert_non_null(strstr(ssm_context_message(f->ctx), "data.bin\": File too large"));
    assert_content(f, "old", 3);
    assert_int_equal(entries(f->folder), 1);
}

static void a_place_that_cannot_be_written_is_named(void **state)
{
    fixture *f = *state;
    char target[160];
    assert_int_equal(ssmi_file_replace(f->ctx, f->folder, "x", 1), SSM_E_IO);
    assert_non_null(strstr(ssm_context_message(f->ctx), "Is a directory"));
    snprintf(target, sizeof target, "%s/absent/data.bin", f->folder);
    assert_int_equal(ssmi_file_replace(f->ctx, target, "x", 1), SSM_E_IO);
    assert_non_null(strstr(ssm_context_message(f->ctx), "absent/data.bin\": No such file"));
    assert_int_equal(entries(f->folder), 0);
}

static void a_full_device_is_an_error(void **state)
{
    fixture *f = *state;
    assert_int_equal(ssmi_file_replace(f->ctx, "/dev/full", "x", 1), SSM_E_IO);
    assert_non_null(strstr(ssm_context_message(f->ctx), "\"/dev/full\""));
}

/* Links and pipes stay what they are; a rename would have put a plain file in their place. */
static void links_and_pipes_are_written_to_not_replaced(void **state)
{
    fixture *f = *state;
    char link[160];
    struct stat info;
    snprintf(link, sizeof link, "%s/link", f->folder);
    assert_int_equal(symlink("data.bin", link), 0);
    assert_int_equal(ssmi_file_replace(f->ctx, link, "through", 7), SSM_OK);
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_content(f, "through", 7);
    assert_int_equal(unlink(link), 0);

    assert_int_equal(mkfifo(link, 0600), 0);
    int reader = open(link, O_RDONLY | O_NONBLOCK);
    char got[8] = "";
    assert_true(reader >= 0);
    assert_int_equal(ssmi_file_replace(f->ctx, link, "piped", 5), SSM_OK);
    assert_int_equal(read(reader, got, sizeof got), 5);
    assert_string_equal(got, "piped");
    close(reader);
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    assert_int_equal(unlink(link), 0);
}

static void a_file_left_by_a_crash_is_stepped_over(void **state)
{
    fixture *f = *state;
    char stale[160];
    snprintf(stale, sizeof stale, "%s.%ld.0.tmp", f->path, (long)getpid());
    int fd = open(stale, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(ssmi_file_replace(f->ctx, f->path, "new", 3), SSM_OK);
    assert_content(f, "new", 3);
    assert_int_equal(unlink(stale), 0);
    assert_int_equal(entries(f->folder), 1);
}

static void unreadable_things_are_refused_by_name(void **state)
{
    fixture *f = *state;
    unsigned char *bytes = (unsigned char *)f;
    size_t size = 77;
    assert_int_equal(ssmi_file_read(&f->arena, f->path, 10, &bytes, &size), SSM_E_IO);
    assert_non_null(strstr(ssm_context_message(f->ctx), "cannot open \"file_test."));
    assert_int_equal(ssmi_file_read(&f->arena, f->folder, 10, &bytes, &size), SSM_E_IO);
    assert_non_null(strstr(ssm_context_message(f->ctx), "is not a regular file"));
    assert_int_equal(ssmi_file_replace(f->ctx, f->path, "01234567890", 11), SSM_OK);
    assert_int_equal(ssmi_file_read(&f->arena, f->path, 10, &bytes, &size), SSM_E_IO);
    assert_non_null(strstr(ssm_context_message(f->ctx), "more than the limit of 10"));
    assert_ptr_equal(bytes, f);
    assert_int_equal(size, 77);
}

static void a_rotated_file_keeps_the_one_before_and_takes_over_what_a_killed_write_left(void **state)
{
    fixture *f = *state;
    char previous[128], fresh[128];
    unsigned char *bytes;
    size_t size;
    snprintf(previous, sizeof previous, "%s.previous", f->path);
    snprintf(fresh, sizeof fresh, "%s.new", f->path);
    assert_int_equal(ssmi_file_rotate(f->ctx, f->path, "one", 3), SSM_OK);
    assert_int_equal(access(previous, F_OK), -1);
    FILE *stray = fopen(fresh, "wb");
    assert_non_null(stray);
    fputs("half of something longer", stray);
    fclose(stray);
    assert_int_equal(ssmi_file_rotate(f->ctx, f->path, "two", 3), SSM_OK);
    assert_content(f, "two", 3);
    assert_int_equal(ssmi_file_read(&f->arena, previous, 100, &bytes, &size), SSM_OK);
    assert_int_equal(size, 3);
    assert_memory_equal(bytes, "one", 3);
    assert_int_equal(entries(f->folder), 2);
    assert_int_equal(ssmi_file_rotate(f->ctx, "no/such/folder/x", "two", 3), SSM_E_IO);
    assert_int_equal(unlink(previous), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(a_new_file_gets_the_usual_permissions_and_an_old_one_keeps_its_own),
        TEST(a_failed_write_leaves_the_old_file_and_nothing_else),
        TEST(a_place_that_cannot_be_written_is_named),
        TEST(a_full_device_is_an_error),
        TEST(links_and_pipes_are_written_to_not_replaced),
        TEST(a_file_left_by_a_crash_is_stepped_over),
        TEST(unreadable_things_are_refused_by_name),
        TEST(a_rotated_file_keeps_the_one_before_and_takes_over_what_a_killed_write_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
