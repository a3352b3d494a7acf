/* Files from which a training run goes on after it was killed.
 *
 *     magic (8)  digest of data and options (32)  size (8)  payload (size)  SHA-256 of all before (32)
 *
 * Numbers are the machine's own: a file is for the machine that wrote it; another order of bytes fails at the
 * magic. The newest file is `path`, the one before it `path`.previous (base/file.h: ssmi_file_rotate). */
#ifndef SSMCAST_NEURAL_CHECKPOINT_H
#define SSMCAST_NEURAL_CHECKPOINT_H

#include "base/arena.h"
#include "base/digest.h"

/* A piece of memory that a checkpoint holds. */
typedef struct ssmi_piece {
    void *data;
    size_t size; /* bytes */
} ssmi_piece;

typedef struct ssmi_checkpoint {
    const char *path;
    unsigned char digest[SSMI_DIGEST_SIZE];
    const ssmi_piece *piece; /* (n) */
    size_t n, size;          /* size of the file */
    unsigned char *buffer;   /* (size) */
} ssmi_checkpoint;

/* Makes room for files of these pieces, which must stay where they are. */
ssm_status ssmi_checkpoint_open(ssmi_checkpoint *c, const char *path, const ssmi_piece *piece, size_t n,
                                ssm_arena *arena);
ssm_status ssmi_checkpoint_write(const ssmi_checkpoint *c, ssm_context *ctx);
/* Fills the pieces from the newest whole file; *found 0 where there is no file at all, and then nothing is
 * written. SSM_E_DATA: it belongs to other data or options; SSM_E_FORMAT: neither file is whole. */
ssm_status ssmi_checkpoint_read(int *found, const ssmi_checkpoint *c, ssm_arena *tmp);

#endif
