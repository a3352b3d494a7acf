#include "base/text.h"

#include <stdio.h>
#include <string.h>

void ssmi_text_init(ssmi_text *text, ssm_context *ctx)
{
    *text = (ssmi_text){.ctx = ctx};
}

void ssmi_text_clear(ssmi_text *text)
{
    ssmi_release(text->ctx, text->bytes);
    ssmi_text_init(text, text->ctx);
}

static int reserve(ssmi_text *text, size_t more)
{
    if (text->status != SSM_OK) return 0;
    if (text->capacity - text->length > more) return 1;
    size_t capacity = 2 * text->capacity + more + 256;
    char *bytes = ssmi_resize(text->ctx, text->bytes, capacity, 1);
    if (bytes == NULL) {
        text->status = SSM_E_MEMORY;
        return 0;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return 1;
}

void ssmi_text_add(ssmi_text *text, const char *bytes, size_t length)
{
    if (!reserve(text, length)) return;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void ssmi_text_puts(ssmi_text *text, const char *string)
{
    ssmi_text_add(text, string, strlen(string));
}

void ssmi_text_printf(ssmi_text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length > 0 && reserve(text, (size_t)length)) {
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

ssm_status ssmi_text_status(const ssmi_text *text)
{
    return text->status;
}
