// The headers are usable from C++, and the names link as C.
#include <ssmcast/ssmcast.h>

#include <cstdio>

int main()
{
    ssm_context *ctx = nullptr;
    if (ssm_context_new(nullptr, &ctx) != SSM_OK) return 1;
    std::printf("%s\n", ssm_version());
    ssm_context_free(ctx);
    return 0;
}
