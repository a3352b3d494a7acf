/* The pretrained weights as read-only data: ssmi_zero_image up to ssmi_zero_image_end. SSMCAST_ZERO_FILE is the path. */
#if defined(__APPLE__)
#define SYMBOL(name) _##name
    .const_data
#define LOCAL(name) .private_extern name
#else
#define SYMBOL(name) name
    .section .rodata
#define LOCAL(name) .hidden name
#endif

    .balign 64
    .globl SYMBOL(ssmi_zero_image)
    LOCAL(SYMBOL(ssmi_zero_image))
SYMBOL(ssmi_zero_image):
    .incbin SSMCAST_ZERO_FILE
    .globl SYMBOL(ssmi_zero_image_end)
    LOCAL(SYMBOL(ssmi_zero_image_end))
SYMBOL(ssmi_zero_image_end):
    .byte 0

#if defined(__ELF__)
    .section .note.GNU-stack, "", %progbits
#endif
