#include "data/source.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ssm_status fail_io(ssmi_source *source, const char *what)
{
    return ssmi_fail(source->ctx, SSM_E_IO, "%s: %s: %s", source->path, what, strerror(errno));
}

ssm_status ssmi_source_open(ssmi_source *source, ssm_context *ctx, const char *path)
{
    struct stat info;
    *source = (ssmi_source){.ctx = ctx, .path = path, .descriptor = STDIN_FILENO};
    if (strcmp(path, "-") == 0) {
        source->path = "standard input";
    } else {
        source->descriptor = open(path, O_RDONLY | O_CLOEXEC);
        if (source->descriptor < 0) return fail_io(source, "cannot open");
        source->owned = 1;
    }
    if (fstat(source->descriptor, &info) == 0 && S_ISDIR(info.st_mode)) {
        ssmi_source_close(source);
        return ssmi_fail(ctx, SSM_E_IO, "%s: is a directory", source->path);
    }
    sha256_init(&source->sha);
    return SSM_OK;
}

/* Waits for input, and looks up every now and then whether it is still wanted. */
static ssm_status await(ssmi_source *source)
{
    enum { MILLISECONDS = 200 };
    struct pollfd wanted = {.fd = source->descriptor, .events = POLLIN};
    do {
        SSMI_TRY(ssmi_progress(source->ctx, "", 0.0, NAN));
    } while (poll(&wanted, 1, MILLISECONDS) <= 0);
    return SSM_OK;
}

ssm_status ssmi_source_read(ssmi_source *source, unsigned char *block, size_t size, size_t *n)
{
    size_t used = 0;
    while (used < size && !(source->live && used > 0)) {
        if (source->live) SSMI_TRY(await(source));
        ssize_t got = read(source->descriptor, block + used, size - used);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_io(source, "cannot read");
        if (got == 0) break;
        used += (size_t)got;
    }
    sha256_update(&source->sha, used, block);
    source->n_bytes += used;
    *n = used;
    return SSM_OK;
}

void ssmi_source_digest(ssmi_source *source, char text[65])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(&source->sha, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

void ssmi_source_close(ssmi_source *source)
{
    if (source->owned) close(source->descriptor);
    source->owned = 0;
}

/* NUL in every second byte of the beginning. */
static int looks_like_utf16(const unsigned char *head, size_t n)
{
    size_t zeros[2] = {0, 0}, looked = n < 64 ? n & ~(size_t)1 : 64;
    for (size_t i = 0; i < looked; i++) zeros[i & 1] += head[i] == 0;
    size_t most = zeros[0] > zeros[1] ? zeros[0] : zeros[1];
    size_t least = zeros[0] + zeros[1] - most;
    return looked >= 4 && most * 2 >= looked * 3 / 4 && least * 8 <= most;
}

const char *ssmi_source_foreign(const unsigned char *head, size_t n)
{
    static const struct {
        const char *magic;
        size_t length;
        const char *text;
    } table[] = {
        {"\xFF\xFE\0\0", 4, "UTF-32 text; convert it with: iconv -f UTF-32 -t UTF-8"},
        {"\0\0\xFE\xFF", 4, "UTF-32 text; convert it with: iconv -f UTF-32 -t UTF-8"},
        {"\xFF\xFE", 2, "UTF-16 text; convert it with: iconv -f UTF-16 -t UTF-8"},
        {"\xFE\xFF", 2, "UTF-16 text; convert it with: iconv -f UTF-16 -t UTF-8"},
        {"\x1F\x8B", 2, "a gzip file; unpack it with: gzip -dc"},
        {"\x28\xB5\x2F\xFD", 4, "a zstd file; unpack it with: zstd -dc"},
        {"BZh91AY", 7, "a bzip2 file; unpack it with: bzip2 -dc"},
        {"\xFD"
         "7zXZ",
         5, "an xz file; unpack it with: xz -dc"},
        {"PK\3\4", 4, "a zip archive or a spreadsheet (xlsx, ods); export the table as CSV"},
        {"\xD0\xCF\x11\xE0", 4, "an old spreadsheet (xls); export the table as CSV"},
        {"PAR1\x15", 5, "a parquet file; export the table as CSV"},
        {"\x89HDF", 4, "an HDF5 file; export the table as CSV"},
        {"CDF\1", 4, "a netCDF file; export the table as CSV"},
        {"SQLite format 3", 15, "a SQLite database; export the table as CSV"},
        {"%PDF", 4, "a PDF document; export the table as CSV"},
        {"{", 1, "JSON; export the table as CSV"},
        {"[{", 2, "JSON; export the table as CSV"},
        {"<", 1, "HTML or XML; export the table as CSV"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (n >= table[i].length && memcmp(head, table[i].magic, table[i].length) == 0) return table[i].text;
    }
    if (looks_like_utf16(head, n)) return "UTF-16 text; convert it with: iconv -f UTF-16 -t UTF-8";
    return NULL;
}
