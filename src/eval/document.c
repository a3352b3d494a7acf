#include "eval/document.h"

#include <stdio.h>
#include <string.h>

static char *print_into_arena(ssm_arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length >= 0 ? ssmi_arena_alloc(arena, (size_t)length + 1, 1) : NULL;
    if (text != NULL) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *ssmi_arena_printf(ssm_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = print_into_arena(arena, format, arguments);
    va_end(arguments);
    return text;
}

ssmi_block *ssmi_document_add(ssmi_document *doc, ssmi_block_kind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = print_into_arena(doc->memory, format, arguments);
    va_end(arguments);
    if (text == NULL) return NULL;
    if (doc->n == SSMI_MAX_BLOCKS) {
        ssmi_fail(doc->memory->ctx, SSM_E_MEMORY, "a report has at most %d parts", (int)SSMI_MAX_BLOCKS);
        return NULL;
    }
    ssmi_block *block = &doc->block[doc->n++];
    *block = (ssmi_block){.kind = kind, .text = text};
    return block;
}

ssm_status ssmi_sheet_make(ssm_arena *memory, size_t rows, size_t columns, ssmi_sheet *sheet)
{
    ssmi_sheet made = {rows, columns, SSMI_ALLOC(memory, ssmi_column, columns),
                       SSMI_ALLOC(memory, ssmi_cell, rows * columns)};
    if (made.column == NULL || made.cell == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < rows * columns; i++) made.cell[i].share = -1;
    *sheet = made;
    return SSM_OK;
}
