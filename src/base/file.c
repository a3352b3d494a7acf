#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ssm_status io_failure(ssm_context *ctx, const char *what, const char *path)
{
    return ssmi_fail(ctx, SSM_E_IO, "cannot %s \"%s\": %s", what, path, strerror(errno));
}

static ssm_status fill(ssm_context *ctx, int fd, const char *path, unsigned char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(fd, bytes + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return io_failure(ctx, "read", path);
        if (n == 0) return ssmi_fail(ctx, SSM_E_IO, "\"%s\" shrank while it was read", path);
        done += (size_t)n;
    }
    return SSM_OK;
}

static ssm_status read_open(ssm_arena *arena, int fd, const char *path, size_t limit, unsigned char **bytes,
                            size_t *size)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return io_failure(arena->ctx, "read", path);
    if (!S_ISREG(info.st_mode)) return ssmi_fail(arena->ctx, SSM_E_IO, "\"%s\" is not a regular file", path);
    if ((size_t)info.st_size > limit) {
        return ssmi_fail(arena->ctx, SSM_E_IO, "\"%s\" has %lld bytes, more than the limit of %zu", path,
                         (long long)info.st_size, limit);
    }
    unsigned char *block = SSMI_ALLOC(arena, unsigned char, (size_t)info.st_size + 1);
    if (block == NULL) return SSM_E_MEMORY;
    SSMI_TRY(fill(arena->ctx, fd, path, block, (size_t)info.st_size));
    *bytes = block;
    *size = (size_t)info.st_size;
    return SSM_OK;
}

ssm_status ssmi_file_read(ssm_arena *arena, const char *path, size_t limit, unsigned char **bytes,
                          size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return io_failure(arena->ctx, "open", path);
    ssm_status status = read_open(arena, fd, path, limit, bytes, size);
    close(fd);
    return status;
}

ssm_status ssmi_file_stamp(ssm_context *ctx, const char *path, char stamp[SSMI_FILE_STAMP_SIZE])
{
    struct stat info;
    if (stat(path, &info) != 0) return io_failure(ctx, "open", path);
    snprintf(stamp, SSMI_FILE_STAMP_SIZE, "%lld %lld.%09ld %llu:%llu", (long long)info.st_size,
             (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec, (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino);
    return SSM_OK;
}

static int write_all(int fd, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Closes in any case; errno is that of the first failure. */
static int write_and_close(int fd, const void *bytes, size_t size, int durable)
{
    int failed = write_all(fd, bytes, size) != 0 || (durable && fsync(fd) != 0);
    int reason = errno;
    if (close(fd) != 0 && !failed) return -1;
    errno = reason;
    return failed ? -1 : 0;
}

/* The rename itself is durable only once the folder is on disk too; failing here loses nothing. */
static void sync_folder(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash != NULL) slash[slash == path ? 1 : 0] = '\0';
    int fd = open(slash != NULL ? path : ".", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

enum { SUFFIX_SIZE = 48, ATTEMPTS = 100 };

/* Makes a new file `path`.<process>.<attempt>.tmp, with the permissions that any new file gets. */
static int open_beside(char *beside, size_t path_length)
{
    int fd = -1;
    for (int attempt = 0; fd < 0 && attempt < ATTEMPTS; attempt++) {
        snprintf(beside + path_length, SUFFIX_SIZE, ".%ld.%d.tmp", (long)getpid(), attempt);
        fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST) break;
    }
    return fd;
}

static ssm_status write_beside(ssm_context *ctx, char *beside, const char *path, const struct stat *old,
                               const void *bytes, size_t size)
{
    int fd = open_beside(beside, strlen(path));
    if (fd < 0) return io_failure(ctx, "write", path);
    /* Who could not read the old file shall not read the new one. */
    int failed = old != NULL && fchmod(fd, old->st_mode & 07777) != 0;
    int reason = errno;
    if (write_and_close(fd, bytes, size, 1) != 0) {
        failed = 1;
        reason = errno;
    }
    if (!failed && rename(beside, path) == 0) return SSM_OK;
    if (!failed) reason = errno;
    unlink(beside);
    errno = reason;
    return io_failure(ctx, "write", path);
}

static ssm_status write_in_place(ssm_context *ctx, const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || write_and_close(fd, bytes, size, 0) != 0) return io_failure(ctx, "write", path);
    return SSM_OK;
}

ssm_status ssmi_file_replace(ssm_context *ctx, const char *path, const void *bytes, size_t size)
{
    struct stat old;
    int exists = lstat(path, &old) == 0;
    if (exists && !S_ISREG(old.st_mode)) return write_in_place(ctx, path, bytes, size);
    char *beside = ssmi_resize(ctx, NULL, strlen(path) + SUFFIX_SIZE, 1);
    if (beside == NULL) return SSM_E_MEMORY;
    memcpy(beside, path, strlen(path));
    ssm_status status = write_beside(ctx, beside, path, exists ? &old : NULL, bytes, size);
    if (status == SSM_OK) sync_folder(beside);
    ssmi_release(ctx, beside);
    return status;
}

static char *join(ssm_context *ctx, const char *path, const char *ending)
{
    const size_t size = strlen(path) + strlen(ending) + 1;
    char *name = ssmi_resize(ctx, NULL, size, 1);
    if (name != NULL) snprintf(name, size, "%s%s", path, ending);
    return name;
}

static ssm_status rotate(ssm_context *ctx, const char *path, char *fresh, const char *previous,
                         const void *bytes, size_t size)
{
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || write_and_close(fd, bytes, size, 1) != 0) return io_failure(ctx, "write", fresh);
    if (rename(path, previous) != 0 && errno != ENOENT) return io_failure(ctx, "rename", path);
    if (rename(fresh, path) != 0) return io_failure(ctx, "write", path);
    sync_folder(fresh);
    return SSM_OK;
}

ssm_status ssmi_file_rotate(ssm_context *ctx, const char *path, const void *bytes, size_t size)
{
    char *fresh = join(ctx, path, ".new"), *previous = join(ctx, path, ".previous");
    ssm_status status = SSM_E_MEMORY;
    if (fresh != NULL && previous != NULL) status = rotate(ctx, path, fresh, previous, bytes, size);
    ssmi_release(ctx, fresh);
    ssmi_release(ctx, previous);
    return status;
}
