/* The bytes of a file or of the standard input, read once from beginning to end in blocks, with their
 * digest. No mapping and no seeking, so a file that grows, shrinks or is a pipe is read as it comes. */
#ifndef SSMCAST_DATA_SOURCE_H
#define SSMCAST_DATA_SOURCE_H

#include "base/arena.h"
#include <nettle/sha2.h>

enum { SSMI_SOURCE_BLOCK = 1 << 16 };

typedef struct ssmi_source {
    ssm_context *ctx;
    const char *path;
    int descriptor, owned;
    struct sha256_ctx sha;
    size_t n_bytes; /* handed out so far */
    int live;       /* hand out what has come instead of filling blocks; a wait asks for cancellation */
} ssmi_source;

/* SSM_E_IO: missing, a directory, no permission. "-" is the standard input. */
ssm_status ssmi_source_open(ssmi_source *source, ssm_context *ctx, const char *path);
/* Fills `block` with up to `size` bytes; fewer only at the end of the input, or when it is live: then at
 * least one, none at the end. SSM_E_CANCELLED: the progress callback of the context asked to stop a live one.
 */
ssm_status ssmi_source_read(ssmi_source *source, unsigned char *block, size_t size, size_t *n);
void ssmi_source_digest(ssmi_source *source, char text[65]);
void ssmi_source_close(ssmi_source *source);

/* The kind of a file that is not plain text, by its first bytes ("a gzip file"), and what to do about it;
 * NULL when nothing speaks against text. */
const char *ssmi_source_foreign(const unsigned char *head, size_t n);

#endif
