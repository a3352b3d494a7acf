/* Text that grows: for reports, JSON and messages that do not fit a fixed buffer.
 *
 * Appending never fails visibly; when memory runs out the text stops growing and ssmi_text_status tells. A
 * writer of many small pieces checks once, at the end. */
#ifndef SSMCAST_BASE_TEXT_H
#define SSMCAST_BASE_TEXT_H

#include "base/context.h"

typedef struct ssmi_text {
    ssm_context *ctx;
    char *bytes; /* NUL-terminated once something was appended; else NULL */
    size_t length, capacity;
    ssm_status status;
} ssmi_text;

void ssmi_text_init(ssmi_text *text, ssm_context *ctx);
void ssmi_text_clear(ssmi_text *text); /* gives the memory back */

void ssmi_text_add(ssmi_text *text, const char *bytes, size_t length);
void ssmi_text_puts(ssmi_text *text, const char *string);
void ssmi_text_printf(ssmi_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* SSM_OK, or SSM_E_MEMORY when anything was lost. */
ssm_status ssmi_text_status(const ssmi_text *text);

#endif
