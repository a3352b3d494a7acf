/* A report before it has a format: sections of paragraphs, tables, lists and figures. What is said is
 * written once; how it looks is the business of one renderer per format. All text is plain and is escaped
 * by the renderers. */
#ifndef SSMCAST_EVAL_DOCUMENT_H
#define SSMCAST_EVAL_DOCUMENT_H

#include "base/arena.h"
#include "base/text.h"
#include "eval/plot.h"

enum { SSMI_CELL_TEXT = 64, SSMI_MAX_BLOCKS = 160 };

typedef struct ssmi_cell {
    char text[SSMI_CELL_TEXT];
    int best;     /* the best of its column */
    double share; /* length of a bar behind the number, 0 to 1; negative: none */
    size_t ink;   /* colour chip in front of a name; 0: none */
} ssmi_cell;

typedef struct ssmi_column {
    const char *title, *help; /* help NULL: none */
    int name;                 /* 1: text, aligned left */
} ssmi_column;

typedef struct ssmi_sheet {
    size_t rows, columns;
    ssmi_column *column; /* (columns) */
    ssmi_cell *cell;     /* (rows, columns) */
} ssmi_sheet;

/* "What was asked": terms and what stands for them. */
typedef struct ssmi_term {
    const char *term, *text;
    int code; /* 1: set in a fixed-width face, as typed */
} ssmi_term;

typedef enum ssmi_block_kind {
    SSMI_BLOCK_TITLE,     /* text: the headline; note: the line above it */
    SSMI_BLOCK_SECTION,   /* text: heading; id */
    SSMI_BLOCK_HEADING,   /* text: smaller heading */
    SSMI_BLOCK_PARAGRAPH, /* text */
    SSMI_BLOCK_NOTE,      /* text, small */
    SSMI_BLOCK_ITEM,      /* text, one line of a list */
    SSMI_BLOCK_SHEET,
    SSMI_BLOCK_PAIRS,
    SSMI_BLOCK_FIGURE, /* text: caption; id; note: the figure in words */
    SSMI_BLOCK_KINDS
} ssmi_block_kind;

typedef struct ssmi_block {
    ssmi_block_kind kind;
    const char *id, *text, *note;
    ssmi_sheet sheet;
    const ssmi_term *pair;
    size_t n_pairs;
    ssmi_figure figure;
    int brief; /* 1: also in the short text for the terminal */
} ssmi_block;

typedef struct ssmi_document {
    ssm_arena *memory;
    const char *title; /* of the window */
    size_t n;
    ssmi_block block[SSMI_MAX_BLOCKS];
} ssmi_document;

/* Adds a block; NULL when there is no room, which callers report as SSM_E_MEMORY. Text is copied. */
ssmi_block *ssmi_document_add(ssmi_document *doc, ssmi_block_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
ssm_status ssmi_sheet_make(ssm_arena *memory, size_t rows, size_t columns, ssmi_sheet *sheet);
/* A formatted text in the arena; NULL: out of memory. */
char *ssmi_arena_printf(ssm_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

ssm_status ssmi_document_html(ssm_context *ctx, const ssmi_document *doc, ssmi_text *out);
/* Figures are referred to as <stem>-<id>.svg. */
ssm_status ssmi_document_markdown(const ssmi_document *doc, const char *stem, ssmi_text *out);
/* The brief blocks for a terminal; `colour` marks the best with escape sequences. */
ssm_status ssmi_document_text(const ssmi_document *doc, int colour, ssmi_text *out);

#endif
