#include "eval/escape.h"

#include <string.h>

/* Bytes of the UTF-8 sequence that begins here, or 0 when it is broken (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF). */
static size_t sequence(const unsigned char *p)
{
    static const struct {
        unsigned char from, to, low, high; /* of the first byte; of the second */
        size_t length;
    } form[] = {{0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t k = 0; k < sizeof form / sizeof form[0]; k++) {
        if (p[0] < form[k].from || p[0] > form[k].to) continue;
        if (form[k].length > 1 && (p[1] < form[k].low || p[1] > form[k].high)) return 0;
        for (size_t i = 2; i < form[k].length; i++) {
            if (p[i] < 0x80 || p[i] > 0xbf) return 0;
        }
        return form[k].length;
    }
    return 0;
}

typedef struct replacement {
    char from;
    const char *to;
} replacement;

static const replacement plain[] = {{'\0', NULL}};
static const replacement html[] = {{'&', "&amp;"},  {'<', "&lt;"},   {'>', "&gt;"},
                                   {'"', "&quot;"}, {'\'', "&#39;"}, {'\0', NULL}};
static const replacement markdown[] = {
    {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'\\', "\\\\"}, {'`', "\\`"}, {'*', "\\*"}, {'_', "\\_"},
    {'[', "\\["},   {']', "\\]"},  {'|', "\\|"},  {'#', "\\#"},   {'~', "\\~"}, {'$', "\\$"}, {'\0', NULL}};

static void add_escaped(ssmi_text *out, const char *text, const replacement *table)
{
    const unsigned char *p = (const unsigned char *)text;
    while (*p != '\0') {
        size_t length = sequence(p);
        const replacement *r = table;
        while (r->to != NULL && r->from != (char)*p) r++;
        if (length == 0) {
            ssmi_text_puts(out, "\xef\xbf\xbd");
        } else if (*p < 0x20 || *p == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0)) { /* C0, DEL, C1 */
            ssmi_text_puts(out, " ");
        } else if (r->to != NULL) {
            ssmi_text_puts(out, r->to);
        } else {
            ssmi_text_add(out, (const char *)p, length);
        }
        p += length > 0 ? length : 1;
    }
}

void ssmi_escape_plain(ssmi_text *out, const char *text)
{
    add_escaped(out, text, plain);
}

void ssmi_escape_html(ssmi_text *out, const char *text)
{
    add_escaped(out, text, html);
}

void ssmi_escape_markdown(ssmi_text *out, const char *text)
{
    add_escaped(out, text, markdown);
}
