/* Sizes come first: n from T, p from the rows of Z, r from Q. Then every matrix is read at the size that
 * belongs to it, so that a message can say which row of which matrix is wrong. */
#include "core/statespace_json.h"

#include "base/suggest.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_STATES = 4096, NAME_MOST = 64 };

typedef struct reader {
    ssm_arena *arena;
    const char *path;
    const json_t *root;
    size_t n, p, r;
} reader;

static ssm_status wrong(const reader *x, const char *format, ...) __attribute__((format(printf, 2, 3)));
static ssm_status wrong(const reader *x, const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return ssmi_fail(x->arena->ctx, SSM_E_DATA, "%s: %s", x->path, what);
}

static const json_t *get(const reader *x, const char *key)
{
    return json_object_get(x->root, key);
}

/* ---- keys ---- */

static const char *const keys[] = {"Z",     "T",       "Q",      "R",     "H",       "c", "d", "a1", "P1",
                                   "P1inf", "diffuse", "states", "scale", "comment", "n", "p", "r"};
enum { N_KEYS = sizeof keys / sizeof *keys };

static ssm_status check_key(const reader *x, const char *key)
{
    const char *meant = NULL;
    size_t best = (size_t)-1;
    for (size_t i = 0; i < N_KEYS; i++) {
        if (strcmp(key, keys[i]) == 0) return SSM_OK;
        if (ssmi_suggest(key, keys[i], &best)) meant = keys[i];
    }
    if (meant == NULL) return wrong(x, "\"%.40s\" is no part of a system", key);
    return wrong(x, "\"%.40s\" is no part of a system; did you mean \"%s\"?", key, meant);
}

static ssm_status check_keys(const reader *x)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)x->root, key, value) SSMI_TRY(check_key(x, key));
    return SSM_OK;
}

/* ---- sizes ---- */

static int is_list(const json_t *value)
{
    return json_is_array(value);
}

/* Rows of a matrix whose other size is not known yet: a plain list is one row. */
static size_t rows_of(const json_t *value)
{
    return is_list(value) && is_list(json_array_get(value, 0)) ? json_array_size(value) : 1;
}

/* A square matrix whose size is not known yet is not a plain list of several numbers. */
static ssm_status check_square(const reader *x, const char *name, const json_t *value)
{
    if (!is_list(value) || is_list(json_array_get(value, 0)) || json_array_size(value) < 2) return SSM_OK;
    return wrong(
        x, "matrix \"%s\" is square, each row a list of its own, as [[1, 0], [0, 2]]; found %zu numbers",
        name, json_array_size(value));
}

static ssm_status check_size(const reader *x, const char *key, const char *of, size_t found)
{
    const json_t *given = get(x, key);
    if (found < 1 || found > MOST_STATES)
        return wrong(x, "matrix \"%s\" gives %s = %zu, which is not between 1 and %d", of, key, found,
                     MOST_STATES);
    if (given == NULL) return SSM_OK;
    if (!json_is_integer(given)) return wrong(x, "\"%s\" is not a whole number", key);
    if (json_integer_value(given) == (json_int_t)found) return SSM_OK;
    return wrong(x, "\"%s\" is %lld, but matrix \"%s\" gives %zu", key, (long long)json_integer_value(given),
                 of, found);
}

static ssm_status find_sizes(reader *x)
{
    const json_t *Z = get(x, "Z"), *T = get(x, "T"), *Q = get(x, "Q");
    if (Z == NULL || T == NULL)
        return wrong(x, "matrix \"%s\" is missing; a system has at least \"Z\" and \"T\"",
                     Z == NULL ? "Z" : "T");
    SSMI_TRY(check_square(x, "T", T));
    if (Q != NULL) SSMI_TRY(check_square(x, "Q", Q));
    x->n = rows_of(T);
    SSMI_TRY(check_size(x, "n", "T", x->n));
    x->p = rows_of(Z);
    /* one state: a plain list is a column */
    if (x->n == 1 && is_list(Z) && x->p == 1) x->p = json_array_size(Z);
    SSMI_TRY(check_size(x, "p", "Z", x->p));
    x->r = Q != NULL ? rows_of(Q) : 0;
    if (x->r > x->n) return wrong(x, "matrix \"Q\": %zu shocks for %zu states", x->r, x->n);
    return x->r > 0 ? check_size(x, "r", "Q", x->r) : SSM_OK;
}

/* ---- matrices ---- */

typedef struct shape {
    const char *name;
    size_t rows, columns;
} shape;

static ssm_status read_number(const reader *x, const shape *s, const json_t *value, size_t i, size_t j,
                              double *out)
{
    if (!json_is_number(value))
        return wrong(x, "matrix \"%s\", entry (%zu, %zu), is not a number", s->name, i, j);
    out[i + j * s->rows] = json_number_value(value);
    return SSM_OK;
}

static ssm_status wrong_shape(const reader *x, const shape *s, size_t found, const char *what)
{
    return wrong(x, "matrix \"%s\" is (%zu, %zu), that is %zu row%s of %zu; found %zu %s", s->name, s->rows,
                 s->columns, s->rows, s->rows == 1 ? "" : "s", s->columns, found, what);
}

/* A list of numbers: the only row, or the only column. */
static ssm_status read_plain(const reader *x, const shape *s, const json_t *list, double *out)
{
    const size_t size = json_array_size(list);
    if (s->rows != 1 && s->columns != 1) return wrong_shape(x, s, size, "numbers that are not in rows");
    if (size != s->rows * s->columns) return wrong_shape(x, s, size, size == 1 ? "number" : "numbers");
    for (size_t k = 0; k < size; k++) {
        const size_t i = s->columns == 1 ? k : 0, j = s->columns == 1 ? 0 : k;
        SSMI_TRY(read_number(x, s, json_array_get(list, k), i, j, out));
    }
    return SSM_OK;
}

static ssm_status read_rows(const reader *x, const shape *s, const json_t *list, double *out)
{
    if (json_array_size(list) != s->rows) return wrong_shape(x, s, json_array_size(list), "rows");
    for (size_t i = 0; i < s->rows; i++) {
        const json_t *row = json_array_get(list, i);
        if (!is_list(row)) return wrong(x, "matrix \"%s\", row %zu, is not a list of numbers", s->name, i);
        if (json_array_size(row) != s->columns)
            return wrong(x, "matrix \"%s\" is (%zu, %zu), but row %zu has %zu entries", s->name, s->rows,
                         s->columns, i, json_array_size(row));
        for (size_t j = 0; j < s->columns; j++)
            SSMI_TRY(read_number(x, s, json_array_get(row, j), i, j, out));
    }
    return SSM_OK;
}

/* Leaves *out alone when the system has no such matrix. */
static ssm_status read_matrix(const reader *x, const char *name, size_t rows, size_t columns,
                              const double **out)
{
    const shape s = {name, rows, columns};
    const json_t *value = get(x, name);
    if (value == NULL) return SSM_OK;
    double *matrix = SSMI_ALLOC(x->arena, double, rows *columns);
    if (matrix == NULL) return SSM_E_MEMORY;
    *out = matrix;
    if (is_list(value))
        return is_list(json_array_get(value, 0)) ? read_rows(x, &s, value, matrix)
                                                 : read_plain(x, &s, value, matrix);
    if (!json_is_number(value)) return wrong(x, "matrix \"%s\" is neither a number nor a list", name);
    if (rows * columns != 1) return wrong_shape(x, &s, 1, "number");
    return read_number(x, &s, value, 0, 0, matrix);
}

static ssm_status read_matrices(const reader *x, ssm_statespace *m)
{
    const size_t n = x->n, p = x->p, r = x->r;
    SSMI_TRY(read_matrix(x, "Z", p, n, &m->Z.data));
    SSMI_TRY(read_matrix(x, "T", n, n, &m->T.data));
    SSMI_TRY(read_matrix(x, "H", p, p, &m->H.data));
    if (r == 0 && get(x, "R") != NULL) return wrong(x, "matrix \"R\" is given, but not \"Q\"");
    if (r > 0) SSMI_TRY(read_matrix(x, "Q", r, r, &m->Q.data));
    if (r > 0) SSMI_TRY(read_matrix(x, "R", n, r, &m->R.data));
    if (r > 0 && r < n && m->R.data == NULL)
        return wrong(x, "matrix \"R\" (%zu, %zu) is missing: it says which states the %zu shock%s move%s", n,
                     r, r, r == 1 ? "" : "s", r == 1 ? "s" : "");
    SSMI_TRY(read_matrix(x, "c", n, 1, &m->c.data));
    SSMI_TRY(read_matrix(x, "d", p, 1, &m->d.data));
    SSMI_TRY(read_matrix(x, "a1", n, 1, &m->a1));
    SSMI_TRY(read_matrix(x, "P1", n, n, &m->P1));
    return read_matrix(x, "P1inf", n, n, &m->P1inf);
}

/* ---- start, names, scale ---- */

static ssm_status read_diffuse(const reader *x, ssm_statespace *m)
{
    const json_t *value = get(x, "diffuse");
    const int list = is_list(value), all = value == NULL ? m->P1 == NULL : json_is_true(value);
    if (m->P1inf != NULL)
        return value == NULL ? SSM_OK : wrong(x, "\"diffuse\" and \"P1inf\" say the same; give one of them");
    if (value != NULL && !list && !json_is_boolean(value))
        return wrong(x, "\"diffuse\" is neither true nor false nor a list of them");
    if (list && json_array_size(value) != x->n)
        return wrong(x, "\"diffuse\" has %zu entries for %zu states", json_array_size(value), x->n);
    double *P1inf = SSMI_ALLOC(x->arena, double, x->n * x->n);
    if (P1inf == NULL) return SSM_E_MEMORY;
    int any = 0;
    for (size_t i = 0; i < x->n; i++) {
        const json_t *entry = list ? json_array_get(value, i) : NULL;
        if (list && !json_is_boolean(entry))
            return wrong(x, "\"diffuse\", entry %zu, is neither true nor false", i);
        const int diffuse = list ? json_is_true(entry) : all;
        P1inf[i + i * x->n] = diffuse ? 1.0 : 0.0;
        any |= diffuse;
    }
    m->P1inf = any ? P1inf : NULL;
    return SSM_OK;
}

static ssm_status name_state(const reader *x, const json_t *list, const char **name, size_t i)
{
    char own[32];
    const char *given = json_string_value(json_array_get(list, i));
    snprintf(own, sizeof own, "state_%zu", i + 1);
    if (list != NULL && given == NULL) return wrong(x, "\"states\", entry %zu, is not a name", i);
    if (given != NULL && (*given == '\0' || strlen(given) > NAME_MOST))
        return wrong(x, "\"states\", entry %zu, is empty or longer than %d bytes", i, NAME_MOST);
    for (size_t k = 0; given != NULL && k < i; k++) {
        if (strcmp(given, name[k]) == 0) return wrong(x, "two states are called \"%s\"", given);
    }
    name[i] = ssmi_arena_strdup(x->arena, given != NULL ? given : own);
    return name[i] != NULL ? SSM_OK : SSM_E_MEMORY;
}

static ssm_status read_names(const reader *x, ssmi_system_file *out)
{
    const json_t *list = get(x, "states");
    const char **name = SSMI_ALLOC(x->arena, const char *, x->n);
    if (name == NULL) return SSM_E_MEMORY;
    if (list != NULL && (!is_list(list) || json_array_size(list) != x->n))
        return wrong(x, "\"states\" is not a list of %zu names", x->n);
    for (size_t i = 0; i < x->n; i++) SSMI_TRY(name_state(x, list, name, i));
    out->state = name;
    return SSM_OK;
}

static ssm_status read_scale(const reader *x, ssmi_system_file *out)
{
    const json_t *value = get(x, "scale");
    const char *word = json_string_value(value);
    out->scale = 1.0;
    out->estimate_scale = word != NULL && strcmp(word, "estimate") == 0;
    if (value == NULL || out->estimate_scale) return SSM_OK;
    out->scale = json_number_value(value);
    if (json_is_number(value) && out->scale >= 0.0 && isfinite(out->scale)) return SSM_OK;
    return wrong(x, "\"scale\" is neither a number of at least 0 nor \"estimate\"");
}

static ssm_status check_model(const reader *x, const ssm_statespace *m)
{
    const ssm_status status = ssm_statespace_check(x->arena->ctx, m, 1);
    if (status != SSM_E_DATA && status != SSM_E_ARGUMENT) return status;
    return ssmi_fail_prefix(x->arena->ctx, SSM_E_DATA, "%s: ", x->path);
}

static ssm_status read_system(reader *x, ssmi_system_file *out)
{
    SSMI_TRY(check_keys(x));
    SSMI_TRY(find_sizes(x));
    out->model = (ssm_statespace){.n = x->n, .p = x->p, .r = x->r};
    SSMI_TRY(read_matrices(x, &out->model));
    SSMI_TRY(read_diffuse(x, &out->model));
    SSMI_TRY(read_names(x, out));
    SSMI_TRY(read_scale(x, out));
    return check_model(x, &out->model);
}

ssm_status ssmi_system_parse(ssmi_system_file *out, const char *path, const char *text, size_t size,
                             ssm_arena *arena)
{
    json_error_t error;
    ssmi_system_file made = {.scale = 1.0};
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) /* jansson's text quotes what it stumbled over */
        return ssmi_fail(arena->ctx, SSM_E_FORMAT, "%s:%d:%d: %s", path, error.line, error.column,
                         error.text);
    reader x = {.arena = arena, .path = path, .root = root};
    ssm_status status = json_is_object(root) ? read_system(&x, &made)
                                             : ssmi_fail(arena->ctx, SSM_E_FORMAT,
                                                         "%s: a system is a JSON object: {...}", path);
    json_decref(root);
    if (status == SSM_OK) *out = made;
    return status;
}
