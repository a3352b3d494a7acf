#include "base/suggest.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 63 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t clipped_length(const char *word)
{
    return least(strlen(word), LONGEST);
}

/* Optimal string alignment distance, three rows of the usual table:
 *   d[i][j] = min(d[i-1][j] + 1, d[i][j-1] + 1, d[i-1][j-1] + (a_i != b_j), d[i-2][j-2] + 1 if swapped) */
size_t ssmi_edit_distance(const char *a, const char *b)
{
    size_t row[3][LONGEST + 1], n = clipped_length(a), m = clipped_length(b);
    size_t *before = row[0], *above = row[1], *now = row[2];
    for (size_t j = 0; j <= m; j++) above[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(least(above[j], now[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        size_t *free_row = before;
        before = above;
        above = now;
        now = free_row;
    }
    return above[m];
}

static int same_but_for_case(const char *a, const char *b)
{
    while (*a != '\0' && tolower((unsigned char)*a) == tolower((unsigned char)*b)) a++, b++;
    return *a == *b;
}

int ssmi_suggest(const char *word, const char *name, size_t *best)
{
    size_t distance = same_but_for_case(word, name) ? 0 : ssmi_edit_distance(word, name);
    size_t allowed = 1 + clipped_length(name) / 3;
    if (distance > allowed || distance >= *best) return 0;
    *best = distance;
    return 1;
}
