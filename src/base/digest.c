#include "base/digest.h"

#include <stdint.h>

void ssmi_digest_open(ssmi_digest *digest)
{
    sha256_init(&digest->sha);
}

void ssmi_digest_add(ssmi_digest *digest, const void *bytes, size_t size)
{
    sha256_update(&digest->sha, size, bytes);
}

void ssmi_digest_add_size(ssmi_digest *digest, size_t value)
{
    const uint64_t wide = value;
    ssmi_digest_add(digest, &wide, sizeof wide);
}

void ssmi_digest_add_real(ssmi_digest *digest, double value)
{
    ssmi_digest_add(digest, &value, sizeof value);
}

void ssmi_digest_close(unsigned char out[SSMI_DIGEST_SIZE], ssmi_digest *digest)
{
    sha256_digest(&digest->sha, SSMI_DIGEST_SIZE, out);
}
