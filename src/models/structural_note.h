/* A structural model in one line. */
#ifndef SSMCAST_MODELS_STRUCTURAL_NOTE_H
#define SSMCAST_MODELS_STRUCTURAL_NOTE_H

#include "models/structural_search.h"

void ssmi_structural_note(const ssmi_structural_choice *choice, char *text, size_t size);

#endif
