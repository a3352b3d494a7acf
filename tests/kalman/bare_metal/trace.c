/* The digests of ../kf_trace.h on a microcontroller. */
#include "board.h"
#include "ssmcast_kf.h"

#include <string.h>

#define REAL       ssm_kf_real
#define NAME(stem) ssm_##stem

static void report(unsigned n, unsigned p, unsigned r, uint32_t digest)
{
    const uint32_t size[] = {n, p, r};
    for (int i = 0; i < 3; i++) {
        board_number(size[i], 10, 1);
        board_text(" ");
    }
    board_number(digest, 16, 8);
    board_text("\n");
}

#include "../kf_trace.h"

int main(void)
{
    return trace_all();
}
