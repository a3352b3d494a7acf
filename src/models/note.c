#include "models/note.h"

#include <stdarg.h>
#include <stdio.h>

ssmi_note ssmi_note_open(char *text, size_t size)
{
    if (size > 0) *text = '\0';
    return (ssmi_note){text, size, 0};
}

void ssmi_note_add(ssmi_note *note, const char *format, ...)
{
    va_list arguments;
    if (note->used >= note->size) return;
    va_start(arguments, format);
    const int n = vsnprintf(note->text + note->used, note->size - note->used, format, arguments);
    va_end(arguments);
    note->used += n > 0 ? (size_t)n : 0;
}
