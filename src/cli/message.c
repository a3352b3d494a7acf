/* What goes to standard error, and text made safe to show. */
#include "cli/command.h"

#include <stdarg.h>
#include <string.h>

static void say(const char *kind, const char *format, va_list arguments)
{
    fprintf(stderr, "ssmcast: %s", kind);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void cli_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
}

void cli_warn(const cli_session *session, const char *format, ...)
{
    va_list arguments;
    if (session->quiet) return;
    va_start(arguments, format);
    say("warning: ", format, arguments);
    va_end(arguments);
}

int cli_fail(const cli_session *session, ssm_status status)
{
    static const int exits[] = {[SSM_E_NUMERIC] = CLI_PARTIAL,
                                [SSM_E_CONVERGENCE] = CLI_PARTIAL,
                                [SSM_E_MEMORY] = CLI_PARTIAL,
                                [SSM_E_CANCELLED] = CLI_INTERRUPTED};
    char message[sizeof session->ctx->message];
    ssm_arena arena;
    ssmi_arena_init(&arena, session->ctx);
    memcpy(message, ssm_context_message(session->ctx), sizeof message);
    const char *text = message[0] != '\0' ? cli_printable(&arena, message) : NULL;
    cli_error("%s", text != NULL ? text : ssm_status_text(status));
    ssmi_arena_clear(&arena);
    size_t n = sizeof exits / sizeof *exits;
    return (size_t)status < n && exits[status] != 0 ? exits[status] : CLI_USAGE;
}

/* Length of the valid UTF-8 sequence at `s`, 0 if it is not one (RFC 3629). */
static size_t utf8_length(const unsigned char *s)
{
    static const struct {
        unsigned char mask, lead;
        size_t length;
        unsigned long least;
    } forms[] = {{0x80, 0x00, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};
    for (size_t k = 0; k < 4; k++) {
        if ((s[0] & forms[k].mask) != forms[k].lead) continue;
        unsigned long code = s[0] & (unsigned char)~forms[k].mask;
        for (size_t i = 1; i < forms[k].length; i++) {
            if ((s[i] & 0xc0) != 0x80) return 0;
            code = code << 6 | (s[i] & 0x3f);
        }
        int surrogate = code >= 0xd800 && code <= 0xdfff;
        return code >= forms[k].least && code <= 0x10ffff && !surrogate ? forms[k].length : 0;
    }
    return 0;
}

/* C0 and C1 controls drive terminals. */
static int is_control(const unsigned char *s, size_t length)
{
    return s[0] < 0x20 || s[0] == 0x7f || (length == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

const char *cli_printable(ssm_arena *arena, const char *text)
{
    size_t size = 4 * strlen(text) + 1, used = 0;
    char *safe = SSMI_ALLOC(arena, char, size);
    if (safe == NULL) return NULL;
    for (const unsigned char *s = (const unsigned char *)text; *s != '\0';) {
        size_t length = utf8_length(s);
        if (length == 0 || is_control(s, length)) {
            used += (size_t)snprintf(safe + used, size - used, "\\x%02x", *s++);
        } else {
            memcpy(safe + used, s, length);
            used += length;
            s += length;
        }
    }
    safe[used] = '\0';
    return safe;
}
