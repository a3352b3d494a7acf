#include "cli/entrants.h"

#include <string.h>

enum { MAX_ENTRANTS = 64 };

typedef struct field {
    ssm_entrant *entrant; /* (MAX_ENTRANTS) */
    size_t n;
    cli_session *session;
    ssm_arena *arena;
} field;

static char *copy_part(ssm_arena *arena, const char *text, size_t length)
{
    char *part = SSMI_ALLOC(arena, char, length + 1);
    return part != NULL ? memcpy(part, text, length) : NULL;
}

static int add(field *f, const char *label, size_t length)
{
    char *whole = copy_part(f->arena, label, length);
    char *model = copy_part(f->arena, label, strcspn(label, ":") < length ? strcspn(label, ":") : length);
    if (whole == NULL || model == NULL) return cli_fail(f->session, SSM_E_MEMORY);
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->entrant[i].label, whole) != 0) continue;
        cli_error("option \"--models\": \"%s\" stands there twice; give one a label, such as %s:b", whole,
                  model);
        return CLI_USAGE;
    }
    if (f->n == MAX_ENTRANTS) {
        cli_error("option \"--models\": at most %d models can be compared", (int)MAX_ENTRANTS);
        return CLI_USAGE;
    }
    f->entrant[f->n++] = (ssm_entrant){.model = model, .label = whole};
    return CLI_OK;
}

static int add_registered(field *f, int everything)
{
    for (size_t i = 0; ssm_forecaster_type_at(i) != NULL; i++) {
        const ssm_forecaster_type *type = ssm_forecaster_type_at(i);
        if (!everything && (type->caps & (SSM_CAP_COMPOSITE | SSM_CAP_SYSTEM | SSM_CAP_STUDY))) continue;
        int result = add(f, type->name, strlen(type->name));
        if (result != CLI_OK) return result;
    }
    return CLI_OK;
}

static int add_listed(field *f, const char *models)
{
    for (const char *p = models;; p++) {
        size_t length = strcspn(p, ",");
        if (length == 0) {
            cli_error("option \"--models\": \"%s\" has an empty name", models);
            return CLI_USAGE;
        }
        int result = add(f, p, length);
        if (result != CLI_OK) return result;
        p += length;
        if (*p == '\0') return CLI_OK;
    }
}

/* One setting more of an entrant. */
static int add_setting(field *f, ssm_entrant *e, const char *option, const char *value)
{
    ssm_setting *settings = SSMI_ALLOC(f->arena, ssm_setting, e->n_settings + 1);
    if (settings == NULL) return cli_fail(f->session, SSM_E_MEMORY);
    for (size_t k = 0; k < e->n_settings; k++) settings[k] = e->setting[k];
    settings[e->n_settings++] = (ssm_setting){option, value};
    e->setting = settings;
    return CLI_OK;
}

static int takes_system(const char *model)
{
    const ssm_forecaster_type *type = ssm_forecaster_type_find(model);
    return type != NULL && (type->caps & SSM_CAP_SYSTEM);
}

/* The file goes to all who take one; when nobody does, the first registered type that would joins. */
static int give_system(field *f, const char *system)
{
    size_t takers = 0;
    int result = CLI_OK;
    for (size_t i = 0; i < f->n; i++) takers += takes_system(f->entrant[i].model) != 0;
    for (size_t i = 0; takers == 0 && ssm_forecaster_type_at(i) != NULL; i++) {
        const char *name = ssm_forecaster_type_at(i)->name;
        if (!takes_system(name)) continue;
        result = add(f, name, strlen(name));
        break;
    }
    for (size_t i = 0; i < f->n && result == CLI_OK; i++) {
        if (takes_system(f->entrant[i].model)) result = add_setting(f, &f->entrant[i], "file", system);
    }
    return result;
}

/* Labels may contain points, options may not: the last point before the first "=" divides them. */
static int give_setting(field *f, const char *text)
{
    const char *equals = strchr(text, '='), *point = equals;
    while (point != NULL && point > text && *point != '.') point--;
    if (point == NULL || point == text) {
        cli_error("option \"--set\": \"%s\" is not MODEL.NAME=VALUE", text);
        return CLI_USAGE;
    }
    for (size_t i = 0; i < f->n; i++) {
        ssm_entrant *e = &f->entrant[i];
        if (strlen(e->label) != (size_t)(point - text) ||
            strncmp(e->label, text, (size_t)(point - text)) != 0)
            continue;
        char *option = copy_part(f->arena, point + 1, (size_t)(equals - point - 1));
        if (option == NULL) return cli_fail(f->session, SSM_E_MEMORY);
        return add_setting(f, e, option, equals + 1);
    }
    cli_error("option \"--set\": \"%.*s\" is not among the models compared", (int)(point - text), text);
    return CLI_USAGE;
}

/* A typing error must not cost the minutes of a run. */
static int try_entrant(const field *f, const ssm_entrant *e)
{
    ssm_forecaster *forecaster;
    ssm_status status = ssm_forecaster_new(f->session->ctx, e->model, &forecaster);
    if (status != SSM_OK) return cli_fail(f->session, status);
    for (size_t i = 0; i < e->n_settings && status == SSM_OK; i++) {
        status = ssm_forecaster_set(forecaster, e->setting[i].option, e->setting[i].value);
    }
    ssm_forecaster_free(forecaster);
    return status == SSM_OK ? CLI_OK : cli_fail(f->session, status);
}

int cli_entrants_of(cli_session *session, const char *models, const char *system, const cli_list *set,
                    ssm_arena *arena, ssm_entrant **entrant, size_t *n)
{
    field f = {SSMI_ALLOC(arena, ssm_entrant, MAX_ENTRANTS), 0, session, arena};
    if (f.entrant == NULL) return cli_fail(session, SSM_E_MEMORY);
    int everything = models != NULL && strcmp(models, "all") == 0;
    int result = models == NULL || everything ? add_registered(&f, everything) : add_listed(&f, models);
    if (system != NULL && result == CLI_OK) result = give_system(&f, system);
    for (size_t i = 0; i < set->n && result == CLI_OK; i++) result = give_setting(&f, set->item[i]);
    for (size_t i = 0; i < f.n && result == CLI_OK; i++) result = try_entrant(&f, &f.entrant[i]);
    *entrant = f.entrant;
    *n = f.n;
    return result;
}
