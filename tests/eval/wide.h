/* Reads the competitions' wide tables: one series a row, the id first, rows of different length (padded with
 * empty fields, or shorter), fields with or without quotes. */
#ifndef SSMCAST_TESTS_EVAL_WIDE_H
#define SSMCAST_TESTS_EVAL_WIDE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct wide_row {
    char id[32];
    double *value;
    size_t length;
} wide_row;

typedef struct wide_table {
    wide_row *row;
    size_t length;
} wide_table;

static char *wide_line(FILE *file)
{
    size_t size = 1 << 16, used = 0;
    char *line = malloc(size);
    while (line != NULL && fgets(line + used, (int)(size - used), file) != NULL) {
        used += strlen(line + used);
        if (line[used - 1] == '\n') return line;
        if (size - used < 2) line = realloc(line, size *= 2);
    }
    if (used > 0) return line;
    free(line);
    return NULL;
}

static wide_row wide_parse(char *line)
{
    wide_row row = {.id = "", .value = malloc(sizeof(double) * (strlen(line) / 2 + 1))};
    size_t field = 0;
    for (char *p = line; row.value != NULL; field++) {
        char *end = p + strcspn(p, ",\r\n");
        char stop = *end;
        *end = '\0';
        if (*p == '"') p[strlen(p) - 1] = '\0', p++;
        if (field == 0) snprintf(row.id, sizeof row.id, "%.31s", p);
        if (field > 0 && *p != '\0' && strcmp(p, "NA") != 0) row.value[row.length++] = strtod(p, NULL);
        if (stop != ',') break;
        p = end + 1;
    }
    return row;
}

/* An empty table when the file cannot be read. */
static wide_table wide_read(const char *folder, const char *name)
{
    char path[1024];
    wide_table table = {NULL, 0};
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path) return table;
    FILE *file = fopen(path, "r");
    if (file == NULL) return table;
    free(wide_line(file)); /* the header */
    for (char *line = wide_line(file); line != NULL; line = wide_line(file)) {
        table.row = realloc(table.row, (table.length + 1) * sizeof *table.row);
        if (table.row != NULL) table.row[table.length++] = wide_parse(line);
        free(line);
    }
    fclose(file);
    return table;
}

static void wide_free(wide_table table)
{
    for (size_t i = 0; i < table.length; i++) free(table.row[i].value);
    free(table.row);
}

#endif
