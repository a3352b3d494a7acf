/* Whole files in and out. Writing goes beside the file, syncs and renames, so that a reader or a crash sees
 * the old file or the new one and never a part. */
#ifndef SSMCAST_BASE_FILE_H
#define SSMCAST_BASE_FILE_H

#include "base/arena.h"

/* Reads a file of at most `limit` bytes into the arena; a NUL follows the last byte. SSM_E_IO names the
 * path and the reason. */
ssm_status ssmi_file_read(ssm_arena *arena, const char *path, size_t limit, unsigned char **bytes,
                          size_t *size);

/* What tells one state of a file from another: size, time of change, and which file it is, as text. SSM_E_IO
 * as above. */
enum { SSMI_FILE_STAMP_SIZE = 128 };
ssm_status ssmi_file_stamp(ssm_context *ctx, const char *path, char stamp[SSMI_FILE_STAMP_SIZE]);

/* Replaces or makes the file. On failure nothing is left behind and an old file is untouched. What is not a
 * plain file (a device, a pipe, a symbolic link such as /dev/stdout) is never replaced but written to. */
ssm_status ssmi_file_replace(ssm_context *ctx, const char *path, const void *bytes, size_t size);

/* For a file that one process writes again and again, and may be killed at any moment while it does: written
 * and synced as `path`.new, then the old file becomes `path`.previous and the new one `path`. At every moment
 * one of the two is whole once the first call has returned; a killed call leaves one stray file, which the
 * next takes over. */
ssm_status ssmi_file_rotate(ssm_context *ctx, const char *path, const void *bytes, size_t size);

#endif
