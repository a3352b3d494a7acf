/* A text that grows in the room a caller gave, for notes on a model; what does not fit is cut off. */
#ifndef SSMCAST_MODELS_NOTE_H
#define SSMCAST_MODELS_NOTE_H

#include <stddef.h>

typedef struct ssmi_note {
    char *text; /* (size), always ended */
    size_t size, used;
} ssmi_note;

/* An empty text; size may be 0. */
ssmi_note ssmi_note_open(char *text, size_t size);

void ssmi_note_add(ssmi_note *note, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
