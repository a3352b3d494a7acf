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

static int write_all(int fd, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        bytes += n;
        size -= (size_t)n;
    }
    return fsync(fd);
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

static int new_file_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return (int)(0666 & ~mask);
}

static ssm_status write_beside(ssm_context *ctx, char *beside, const char *path, const void *bytes,
                               size_t size)
{
    int fd = mkstemp(beside);
    if (fd < 0) return io_failure(ctx, "write", path);
    int failed = write_all(fd, bytes, size) != 0 || fchmod(fd, (mode_t)new_file_mode()) != 0;
    int reason = errno;
    if (close(fd) != 0 && !failed) {
        failed = 1;
        reason = errno;
    }
    if (!failed && rename(beside, path) == 0) return SSM_OK;
    if (!failed) reason = errno;
    unlink(beside);
    errno = reason;
    return io_failure(ctx, "write", path);
}

ssm_status ssmi_file_replace(ssm_context *ctx, const char *path, const void *bytes, size_t size)
{
    static const char suffix[] = ".XXXXXX";
    size_t length = strlen(path);
    char *beside = ssmi_resize(ctx, NULL, length + sizeof suffix, 1);
    if (beside == NULL) return SSM_E_MEMORY;
    memcpy(beside, path, length);
    memcpy(beside + length, suffix, sizeof suffix);
    ssm_status status = write_beside(ctx, beside, path, bytes, size);
    if (status == SSM_OK) sync_folder(beside);
    ssmi_release(ctx, beside);
    return status;
}
