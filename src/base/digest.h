/* SHA-256 of what is fed in, for telling whether two runs had the same input and whether a file is whole. */
#ifndef SSMCAST_BASE_DIGEST_H
#define SSMCAST_BASE_DIGEST_H

#include <nettle/sha2.h>
#include <stddef.h>

enum { SSMI_DIGEST_SIZE = 32 };

typedef struct ssmi_digest {
    struct sha256_ctx sha;
} ssmi_digest;

void ssmi_digest_open(ssmi_digest *digest);
void ssmi_digest_add(ssmi_digest *digest, const void *bytes, size_t size);
void ssmi_digest_add_size(ssmi_digest *digest, size_t value);
void ssmi_digest_add_real(ssmi_digest *digest, double value);
void ssmi_digest_close(unsigned char out[SSMI_DIGEST_SIZE], ssmi_digest *digest);

#endif
