#include "neural/checkpoint.h"

#include "base/file.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const uint64_t magic = UINT64_C(0x31304b43544d5353); /* "SSMTCK01" where the low byte comes first */
enum { HEADER = 8 + SSMI_DIGEST_SIZE + 8 };

ssm_status ssmi_checkpoint_open(ssmi_checkpoint *c, const char *path, const ssmi_piece *piece, size_t n,
                                ssm_arena *arena)
{
    c->path = path;
    c->piece = piece;
    c->n = n;
    c->size = HEADER + SSMI_DIGEST_SIZE;
    for (size_t i = 0; i < n; i++) c->size += piece[i].size;
    c->buffer = SSMI_ALLOC(arena, unsigned char, c->size);
    return c->buffer != NULL ? SSM_OK : SSM_E_MEMORY;
}

static void checksum(unsigned char out[SSMI_DIGEST_SIZE], const unsigned char *bytes, size_t size)
{
    ssmi_digest digest;
    ssmi_digest_open(&digest);
    ssmi_digest_add(&digest, bytes, size);
    ssmi_digest_close(out, &digest);
}

static uint64_t payload_size(const ssmi_checkpoint *c)
{
    return c->size - HEADER - SSMI_DIGEST_SIZE;
}

ssm_status ssmi_checkpoint_write(const ssmi_checkpoint *c, ssm_context *ctx)
{
    const uint64_t size = payload_size(c);
    unsigned char *at = c->buffer;
    memcpy(at, &magic, 8);
    memcpy(at + 8, c->digest, SSMI_DIGEST_SIZE);
    memcpy(at + 8 + SSMI_DIGEST_SIZE, &size, 8);
    at += HEADER;
    for (size_t i = 0; i < c->n; at += c->piece[i++].size) memcpy(at, c->piece[i].data, c->piece[i].size);
    checksum(at, c->buffer, c->size - SSMI_DIGEST_SIZE);
    return ssmi_file_rotate(ctx, c->path, c->buffer, c->size);
}

/* Whether the bytes are a checkpoint that nothing is missing from, of whatever run. */
static int is_whole(const unsigned char *bytes, size_t size)
{
    unsigned char sum[SSMI_DIGEST_SIZE];
    uint64_t found, payload;
    if (size < HEADER + SSMI_DIGEST_SIZE) return 0;
    memcpy(&found, bytes, 8);
    memcpy(&payload, bytes + 8 + SSMI_DIGEST_SIZE, 8);
    if (found != magic || payload != size - HEADER - SSMI_DIGEST_SIZE) return 0;
    checksum(sum, bytes, size - SSMI_DIGEST_SIZE);
    return memcmp(sum, bytes + size - SSMI_DIGEST_SIZE, SSMI_DIGEST_SIZE) == 0;
}

static ssm_status take(const ssmi_checkpoint *c, const unsigned char *bytes, size_t size, ssm_context *ctx)
{
    if (size != c->size || memcmp(bytes + 8, c->digest, SSMI_DIGEST_SIZE) != 0)
        return ssmi_fail(
            ctx, SSM_E_DATA,
            "checkpoint \"%s\" belongs to a run with other data or options; remove it to start anew",
            c->path);
    const unsigned char *at = bytes + HEADER;
    for (size_t i = 0; i < c->n; at += c->piece[i++].size) memcpy(c->piece[i].data, at, c->piece[i].size);
    return SSM_OK;
}

/* *found: 1 taken, 0 there is no such file, -1 it is not whole. */
static ssm_status try_file(int *found, const ssmi_checkpoint *c, const char *path, ssm_arena *tmp)
{
    unsigned char *bytes;
    size_t size;
    *found = 0;
    if (access(path, F_OK) != 0 && errno == ENOENT) return SSM_OK;
    SSMI_TRY(ssmi_file_read(tmp, path, SIZE_MAX / 4, &bytes, &size));
    *found = is_whole(bytes, size) ? 1 : -1;
    return *found == 1 ? take(c, bytes, size, tmp->ctx) : SSM_OK;
}

ssm_status ssmi_checkpoint_read(int *found, const ssmi_checkpoint *c, ssm_arena *tmp)
{
    static const char ending[] = ".previous";
    const size_t length = strlen(c->path) + sizeof ending;
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    char *previous = SSMI_ALLOC(tmp, char, length);
    int newest, older = 0;
    if (previous == NULL) return SSM_E_MEMORY;
    snprintf(previous, length, "%s%s", c->path, ending);
    SSMI_TRY(try_file(&newest, c, c->path, tmp));
    if (newest != 1) SSMI_TRY(try_file(&older, c, previous, tmp));
    ssmi_arena_rewind(tmp, mark);
    *found = newest == 1 || older == 1;
    if (!*found && (newest < 0 || older < 0))
        return ssmi_fail(tmp->ctx, SSM_E_FORMAT, "checkpoint \"%s\" is damaged; remove it to start anew",
                         c->path);
    return SSM_OK;
}
