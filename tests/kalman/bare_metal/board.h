/* What a program on a bare Cortex-M needs: reset, text out by semihosting, an end with a status, and a count
 * of instructions. */
#ifndef SSMCAST_TESTS_BARE_METAL_BOARD_H
#define SSMCAST_TESTS_BARE_METAL_BOARD_H

#include <stdint.h>

int main(void);

void board_text(const char *text);
void board_number(uint32_t value, uint32_t base, int digits); /* at least so many digits */

/* Ticks of the system timer since board_start_clock. Under qemu -icount shift=0 an instruction takes a
 * nanosecond and a tick 40 of them, at 25 MHz; this counts instructions, not cycles of a real machine. */
void board_start_clock(void);
uint32_t board_ticks(void);

#endif
