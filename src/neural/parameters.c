#include "neural/parameters.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

size_t ssmi_parameters_add(ssmi_parameters *table, const char *prefix, const char *name, int decay,
                           size_t rows, size_t columns, size_t depth)
{
    assert(table->n < SSMI_MAX_PARAMETERS && rows > 0);
    ssmi_parameter *p = &table->entry[table->n++];
    *p = (ssmi_parameter){
        .shape = {rows, columns, depth}, .offset = table->size, .size = rows, .decay = decay};
    snprintf(p->name, sizeof p->name, "%s%s", prefix, name);
    for (p->rank = 1; p->rank < 3 && p->shape[p->rank] > 0; p->rank++) p->size *= p->shape[p->rank];
    table->size += p->size;
    return p->offset;
}

const ssmi_parameter *ssmi_parameters_find(const ssmi_parameters *table, const char *name)
{
    for (size_t i = 0; i < table->n; i++) {
        if (strcmp(table->entry[i].name, name) == 0) return &table->entry[i];
    }
    return NULL;
}
