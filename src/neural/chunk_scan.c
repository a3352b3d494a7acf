#include "neural/chunk_scan.h"

size_t ssmi_chunks(size_t length)
{
    return (length + SSMI_CHUNK - 1) / SSMI_CHUNK;
}
