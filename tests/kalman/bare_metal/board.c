#include "board.h"

extern uint32_t data_start[], data_end[], data_image[], bss_start[], bss_end[], stack_top[];

enum { SYS_WRITE0 = 4, SYS_EXIT_EXTENDED = 32 };

static int semihosting(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void board_text(const char *text)
{
    semihosting(SYS_WRITE0, text);
}

void board_number(uint32_t value, uint32_t base, int digits)
{
    char text[12], *at = text + sizeof text - 1;
    *at = '\0';
    for (; value > 0 || digits > 0; digits--) {
        *--at = "0123456789abcdef"[value % base];
        value /= base;
    }
    board_text(at);
}

/* SysTick: control, reload, current. */
static volatile uint32_t *const timer = (volatile uint32_t *)0xe000e010;

void board_start_clock(void)
{
    timer[1] = 0xffffff;
    timer[2] = 0;
    timer[0] = 5; /* on, processor clock */
}

uint32_t board_ticks(void)
{
    return 0xffffff - timer[2];
}

static void leave(int status)
{
    const uint32_t block[2] = {0x20026, (uint32_t)status}; /* ADP_Stopped_ApplicationExit */
    semihosting(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}

static void fault(void)
{
    board_text("fault\n");
    leave(3);
}

void reset(void)
{
    for (uint32_t *to = data_start, *from = data_image; to < data_end;) *to++ = *from++;
    for (uint32_t *to = bss_start; to < bss_end;) *to++ = 0;
#ifdef __ARM_FP
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: the floating-point unit on */
    __asm__ volatile("dsb\n isb");
#endif
    leave(main());
}

typedef void (*handler)(void);
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    handler handlers[15];
} vectors = {stack_top,
             {reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault}};
