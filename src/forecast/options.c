#include "forecast/options.h"

#include "base/suggest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One row per kind: how its text is read and how its value is written. */
typedef struct option_kind {
    ssm_status (*parse)(ssm_context *ctx, const ssm_option *option, void *field, const char *value);
    void (*format)(const ssm_option *option, const void *field, char *text, size_t size);
} option_kind;

static ssm_status out_of_range(ssm_context *ctx, const ssm_option *option, const char *value)
{
    return ssmi_fail(ctx, SSM_E_ARGUMENT, "option \"%s\": \"%s\" is not between %.15g and %.15g",
                     option->name, value, option->minimum, option->maximum);
}

static int parse_number(const char *value, double *number)
{
    char *end;
    if (*value == '\0' || strspn(value, " \t") > 0) return 0;
    *number = strtod(value, &end);
    return *end == '\0' && isfinite(*number);
}

static ssm_status parse_size(ssm_context *ctx, const ssm_option *option, void *field, const char *value)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0') {
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "option \"%s\": \"%s\" is not a whole number", option->name,
                         value);
    }
    if (errno != 0 || (double)number < option->minimum || (double)number > option->maximum) {
        return out_of_range(ctx, option, value);
    }
    *(size_t *)field = (size_t)number;
    return SSM_OK;
}

static void format_size(const ssm_option *option, const void *field, char *text, size_t size)
{
    (void)option;
    snprintf(text, size, "%zu", *(const size_t *)field);
}

static ssm_status parse_real(ssm_context *ctx, const ssm_option *option, void *field, const char *value)
{
    double number;
    if (!parse_number(value, &number)) {
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "option \"%s\": \"%s\" is not a number", option->name, value);
    }
    if (number < option->minimum || number > option->maximum) return out_of_range(ctx, option, value);
    *(double *)field = number;
    return SSM_OK;
}

static void format_real(const ssm_option *option, const void *field, char *text, size_t size)
{
    (void)option;
    double value = *(const double *)field;
    snprintf(text, size, "%.15g", value);
    if (strtod(text, NULL) != value) snprintf(text, size, "%.17g", value);
}

static const char *const flag_words[][2] = {{"false", "true"}, {"0", "1"}, {"no", "yes"}, {"off", "on"}};

static ssm_status parse_flag(ssm_context *ctx, const ssm_option *option, void *field, const char *value)
{
    for (size_t i = 0; i < sizeof flag_words / sizeof *flag_words; i++) {
        for (int on = 0; on < 2; on++) {
            if (strcmp(value, flag_words[i][on]) != 0) continue;
            *(int *)field = on;
            return SSM_OK;
        }
    }
    return ssmi_fail(ctx, SSM_E_ARGUMENT, "option \"%s\": \"%s\" is neither true nor false", option->name,
                     value);
}

static void format_flag(const ssm_option *option, const void *field, char *text, size_t size)
{
    (void)option;
    snprintf(text, size, "%s", flag_words[0][*(const int *)field != 0]);
}

static ssm_status unknown_choice(ssm_context *ctx, const ssm_option *option, const char *value)
{
    char list[512];
    size_t used = 0;
    for (size_t i = 0; option->choices[i] != NULL && used < sizeof list; i++) {
        int n = snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", option->choices[i]);
        used += n > 0 ? (size_t)n : 0;
    }
    return ssmi_fail(ctx, SSM_E_ARGUMENT, "option \"%s\": \"%s\" is not one of %s", option->name, value,
                     list);
}

static ssm_status parse_choice(ssm_context *ctx, const ssm_option *option, void *field, const char *value)
{
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(value, option->choices[i]) != 0) continue;
        *(int *)field = i;
        return SSM_OK;
    }
    return unknown_choice(ctx, option, value);
}

static void format_choice(const ssm_option *option, const void *field, char *text, size_t size)
{
    snprintf(text, size, "%s", option->choices[*(const int *)field]);
}

static ssm_status parse_text(ssm_context *ctx, const ssm_option *option, void *field, const char *value)
{
    if (strlen(value) >= SSM_OPTION_TEXT_SIZE) {
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "option \"%s\": text is longer than %d bytes", option->name,
                         SSM_OPTION_TEXT_SIZE - 1);
    }
    memset(field, 0, SSM_OPTION_TEXT_SIZE);
    memcpy(field, value, strlen(value));
    return SSM_OK;
}

static void format_text(const ssm_option *option, const void *field, char *text, size_t size)
{
    (void)option;
    snprintf(text, size, "%s", (const char *)field);
}

static const option_kind kinds[] = {
    [SSM_OPTION_SIZE] = {parse_size, format_size}, [SSM_OPTION_REAL] = {parse_real, format_real},
    [SSM_OPTION_FLAG] = {parse_flag, format_flag}, [SSM_OPTION_CHOICE] = {parse_choice, format_choice},
    [SSM_OPTION_TEXT] = {parse_text, format_text},
};

ssm_status ssmi_option_parse(ssm_context *ctx, const ssm_option *option, void *options, const char *value)
{
    return kinds[option->kind].parse(ctx, option, (char *)options + option->offset, value);
}

void ssmi_option_text(const ssm_option *option, const void *options, char *text, size_t size)
{
    kinds[option->kind].format(option, (const char *)options + option->offset, text, size);
}

const ssm_option *ssmi_option_find(const ssm_option *table, const char *name)
{
    for (const ssm_option *option = table; option != NULL && option->name != NULL; option++) {
        if (strcmp(option->name, name) == 0) return option;
    }
    return NULL;
}

ssm_status ssmi_options_initial(ssm_context *ctx, const ssm_option *table, void *options)
{
    for (const ssm_option *option = table; option != NULL && option->name != NULL; option++) {
        SSMI_TRY(ssmi_option_parse(ctx, option, options, option->initial));
    }
    return SSM_OK;
}

static ssm_status unknown_option(ssm_context *ctx, const char *owner, const ssm_option *table,
                                 const char *name)
{
    const char *meant = NULL;
    size_t best = (size_t)-1;
    for (const ssm_option *option = table; option != NULL && option->name != NULL; option++) {
        if (ssmi_suggest(name, option->name, &best)) meant = option->name;
    }
    if (meant == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "\"%s\" has no option \"%s\"", owner, name);
    return ssmi_fail(ctx, SSM_E_ARGUMENT, "\"%s\" has no option \"%s\"; did you mean \"%s\"?", owner, name,
                     meant);
}

ssm_status ssmi_options_set(ssm_context *ctx, const char *owner, const ssm_option *table, void *options,
                            const char *name, const char *value)
{
    const ssm_option *option = ssmi_option_find(table, name);
    if (option == NULL) return unknown_option(ctx, owner, table, name);
    return ssmi_option_parse(ctx, option, options, value);
}
