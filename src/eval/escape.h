/* Foreign text inside HTML, Markdown, JSON and plain text: names come from files and command lines. */
#ifndef SSMCAST_EVAL_ESCAPE_H
#define SSMCAST_EVAL_ESCAPE_H

#include "base/text.h"

/* All of these replace control characters by blanks and broken UTF-8 by U+FFFD. */
void ssmi_escape_plain(ssmi_text *out, const char *text);
void ssmi_escape_html(ssmi_text *out, const char *text); /* content and quoted attributes */
void ssmi_escape_markdown(ssmi_text *out, const char *text);

#endif
