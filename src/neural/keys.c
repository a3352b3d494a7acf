#include "neural/layers.h"

uint64_t ssmi_mix_key(uint64_t key, uint64_t salt)
{
    uint64_t x = key + (salt + 1) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}
