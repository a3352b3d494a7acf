/* "Did you mean": the nearest of some names. */
#ifndef SSMCAST_BASE_SUGGEST_H
#define SSMCAST_BASE_SUGGEST_H

#include <stddef.h>

/* Edit distance (insertions, deletions, substitutions, swaps of neighbours count 1) of two words; words
 * longer than 63 bytes are compared by their first 63. */
size_t ssmi_edit_distance(const char *a, const char *b);

/* 1 when `name` is near enough to `word` to be what was meant, and nearer than `*best`, which it lowers. The
 * same word in capitals is nearest.
 * Start with *best = (size_t)-1. */
int ssmi_suggest(const char *word, const char *name, size_t *best);

#endif
