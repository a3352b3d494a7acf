#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trial.h"
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "eval/plot.h"

enum { FORMATS = 3, MAX_DEPTH = 64 };

static trial data;
static ssm_context *ctx;
static char folder[400];

static const char *const suffix[FORMATS] = {"html", "md", "json"};
static const ssm_setting bad = {"no_such_option", "1"};
static const ssm_entrant entrants[] = {
    {.model = "naive"},
    {.model = "seasonal_naive", .label = "<b>season</b> & \"co\""},
    {.model = "mean", .label = "m|e_a*n"},
    {.model = "naive", .label = "</td><script>", .n_settings = 1, .setting = &bad}};

static int set_up(void **state)
{
    const char *root = getenv("TMPDIR");
    (void)state;
    trial_fill(&data);
    snprintf(folder, sizeof folder, "%.300s/ssmcast-report-XXXXXX", root != NULL ? root : "/tmp");
    return mkdtemp(folder) == NULL || ssm_context_new(NULL, &ctx) != SSM_OK;
}

static int tear_down(void **state)
{
    static const char *const figures[] = {"windows-5",      "windows-24",      "steps-figure",
                                          "origins-figure", "coverage-figure", "cost-figure",
                                          "training-figure"};
    char path[512];
    (void)state;
    ssm_context_free(ctx);
    for (size_t i = 0; i < FORMATS; i++) {
        snprintf(path, sizeof path, "%s/r.%s", folder, suffix[i]);
        remove(path);
    }
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        snprintf(path, sizeof path, "%s/r-%s.svg", folder, figures[i]);
        remove(path);
    }
    return rmdir(folder);
}

static char *read_all(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    text[size] = '\0';
    fclose(file);
    return text;
}

static ssm_backtest *backtest(size_t n_series, size_t threads)
{
    static const size_t horizons[] = {5, 24};
    ssm_backtest_plan plan = {.panel = data.panel,
                              .n_series = n_series,
                              .entrant = entrants,
                              .n_entrants = 4,
                              .horizon = horizons,
                              .n_horizons = 2,
                              .max_origins = 8};
    ssm_backtest *b = NULL;
    ssm_context_set_threads(ctx, threads);
    assert_int_equal(ssm_backtest_run(ctx, &plan, &b), SSM_OK);
    return b;
}

/* The text of the report; to be freed. */
static char *report(const ssm_backtest *b, ssm_report_format format)
{
    static const char *const warning[] = {"line 3: <script>alert(2)</script> is not a number"};
    ssm_report_facts facts = {.command = "ssmcast compare 'a`b<script>.csv' --models all",
                              .data_name = "a`b<script>.csv",
                              .data_digest = "00ff",
                              .seed = 1,
                              .threads = 2,
                              .n_warnings = 1,
                              .warning = warning};
    char path[512];
    snprintf(path, sizeof path, "%s/r.%s", folder, suffix[format]);
    ssm_status status = ssm_report_write(ctx, b, &facts, format, path);
    if (status != SSM_OK) fail_msg("%s", ssm_context_message(ctx));
    return read_all(path);
}

static int is_void(const char *name, size_t length)
{
    static const char *const names[] = {"meta", "br", "hr", "img", "link"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0) return 1;
    }
    return 0;
}

/* End of the tag that begins at p, quotes respected; NULL: it never ends. */
static const char *tag_end(const char *p)
{
    for (char quote = 0; *p != '\0'; p++) {
        if (quote != 0) {
            if (*p == quote) quote = 0;
        } else if (*p == '"' || *p == '\'') {
            quote = *p;
        } else if (*p == '>') {
            return p;
        }
    }
    return NULL;
}

/* Every tag is closed in order; 1 when so. */
static int is_balanced(const char *html)
{
    const char *stack[MAX_DEPTH];
    size_t length[MAX_DEPTH], depth = 0;
    for (const char *p = strchr(html, '<'); p != NULL; p = strchr(p, '<')) {
        const char *end = tag_end(p);
        if (end == NULL) return 0;
        const char *name = p + 1 + (p[1] == '/');
        size_t n = 0;
        while (isalnum((unsigned char)name[n]) || name[n] == '-') n++;
        int opens = p[1] != '/' && p[1] != '!' && end[-1] != '/' && !is_void(name, n);
        if (opens && (n == 0 || depth == MAX_DEPTH)) return 0;
        if (opens) stack[depth] = name, length[depth++] = n;
        if (p[1] == '/') {
            if (depth == 0 || length[--depth] != n || strncmp(stack[depth], name, n) != 0) return 0;
        }
        p = end;
    }
    return depth == 0;
}

static void the_checker_sees_unbalanced_tags(void **state)
{
    (void)state;
    assert_true(is_balanced("<!DOCTYPE html><p title=\"a>b\">x<br><i>y</i></p>"));
    assert_false(is_balanced("<p><i>y</p></i>"));
    assert_false(is_balanced("<p>y"));
    assert_false(is_balanced("y</p>"));
}

static void html_is_well_formed_and_self_contained(void **state)
{
    (void)state;
    ssm_backtest *b = backtest(2, 2);
    char *html = report(b, SSM_REPORT_HTML);
    assert_true(is_balanced(html));
    assert_non_null(strstr(html, "default-src 'none'"));
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "src="));
    assert_null(strstr(html, "@import"));
    /* the only addresses are names of XML vocabularies, and every link stays inside the page */
    for (const char *p = strstr(html, "http"); p != NULL; p = strstr(p + 1, "http")) {
        int vocabulary = strncmp(p, "http://www.w3.org/", 18) == 0 && p[-1] == '"';
        assert_true(vocabulary || strncmp(p, "http-equiv", 10) == 0);
    }
    for (const char *p = strstr(html, "href=\""); p != NULL; p = strstr(p + 1, "href=\"")) {
        assert_int_equal(p[6], '#');
    }
    free(html);
    ssm_backtest_free(b);
}

static void names_are_escaped_in_html(void **state)
{
    (void)state;
    ssm_backtest *b = backtest(2, 2);
    char *html = report(b, SSM_REPORT_HTML);
    assert_null(strstr(html, "<b>season"));
    assert_non_null(strstr(html, "&lt;b&gt;season&lt;/b&gt; &amp; &quot;co&quot;"));
    assert_non_null(strstr(html, "&lt;/td&gt;&lt;script&gt; failed"));
    assert_non_null(strstr(html, "no_such_option"));
    free(html);
    ssm_backtest_free(b);
}

static void names_are_escaped_in_markdown(void **state)
{
    (void)state;
    ssm_backtest *b = backtest(2, 2);
    char *text = report(b, SSM_REPORT_MARKDOWN);
    assert_non_null(strstr(text, "m\\|e\\_a\\*n"));
    assert_non_null(strstr(text, "&lt;b&gt;season"));
    assert_non_null(strstr(text, "`` ssmcast compare 'a`b<script>.csv' --models all ``"));
    for (const char *p = strstr(text, "<script"); p != NULL; p = strstr(p + 1, "<script")) {
        const char *line = p;
        while (line > text && line[-1] != '\n') line--;
        assert_non_null(strstr(line, "``")); /* only inside code */
    }
    free(text);
    ssm_backtest_free(b);
}

static void markdown_names_figures_that_exist(void **state)
{
    size_t figures = 0;
    (void)state;
    if (!ssmi_plots_available()) skip();
    ssm_backtest *b = backtest(1, 2);
    char *text = report(b, SSM_REPORT_MARKDOWN);
    for (const char *p = strstr(text, "](<"); p != NULL; p = strstr(p + 1, "](<")) {
        char path[600];
        snprintf(path, sizeof path, "%s/%.*s", folder, (int)strcspn(p + 3, ">"), p + 3);
        assert_int_equal(access(path, R_OK), 0);
        figures++;
    }
    assert_int_equal(figures, 6);
    free(text);
    ssm_backtest_free(b);
}

static const json_t *at(const json_t *node, const char *name)
{
    const json_t *found = json_object_get(node, name);
    if (found == NULL) fail_msg("no member \"%s\"", name);
    return found;
}

static void json_carries_the_numbers(void **state)
{
    json_error_t error;
    (void)state;
    ssm_backtest *b = backtest(2, 2);
    char *text = report(b, SSM_REPORT_JSON);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(root);
    assert_int_equal(json_integer_value(at(root, "schema_version")), 1);
    assert_int_equal(json_array_size(at(root, "models")), 4);
    assert_int_equal(json_array_size(at(at(root, "asked"), "origins")), b->n_origins);
    for (size_t o = 0; o < 3; o++) {
        const json_t *model = json_array_get(at(root, "models"), o);
        assert_string_equal(json_string_value(at(model, "label")), b->outcome[o].label);
        for (size_t i = 0; i < 2; i++) {
            const json_t *scores = json_array_get(at(model, "scores"), i);
            for (size_t m = 0; m < b->n_measures; m++) {
                double expected = b->outcome[o].value[i * b->n_measures + m];
                double found = json_number_value(at(scores, b->measure[m].name));
                assert_true(fabs(found - expected) <= 1e-11 * fabs(expected)); /* 12 digits are written */
            }
        }
    }
    const json_t *failed = json_array_get(at(root, "models"), 3);
    assert_non_null(strstr(json_string_value(at(failed, "message")), "no_such_option"));
    const json_t *order = at(json_array_get(at(root, "rankings"), 0), "order");
    assert_int_equal(json_array_size(order), 3);
    double p = json_number_value(at(at(json_array_get(order, 1), "against_best"), "p_value"));
    assert_true(fabs(p - b->ranking[0].test[1].p_value) <= 1e-11 * p);
    json_decref(root);
    free(text);
    ssm_backtest_free(b);
}

/* Cuts out what was measured on the machine: a section of the page, a member of the JSON. */
static void cut_cost(char *text)
{
    static const char *const cut[][2] = {
        {"<section id=\"cost\">", "</section>"}, {"## What it costs", "## Fail"}, {"\"cost\": {", "\n}\n"}};
    for (size_t i = 0; i < 3; i++) {
        char *from = strstr(text, cut[i][0]);
        char *to = from != NULL ? strstr(from, cut[i][1]) : NULL;
        if (to != NULL) memmove(from, to, strlen(to) + 1);
    }
    assert_null(strstr(text, "peak_bytes"));
    assert_null(strstr(text, "peak memory"));
}

static void reports_are_the_same_bytes_for_any_number_of_threads(void **state)
{
    (void)state;
    ssm_backtest *one = backtest(TRIAL_SERIES, 1), *four = backtest(TRIAL_SERIES, 4);
    for (int format = 0; format < FORMATS; format++) {
        char *a = report(one, (ssm_report_format)format), *b = report(four, (ssm_report_format)format);
        cut_cost(a);
        cut_cost(b);
        assert_string_equal(a, b);
        free(a);
        free(b);
    }
    ssm_backtest_free(one);
    ssm_backtest_free(four);
}

static void a_report_shows_the_loss_curve_of_what_was_trained(void **state)
{
    static const size_t horizon = 5;
    static const ssm_setting few[] = {{"windows", "3000"}, {"lookback", "24"}};
    static const ssm_entrant trained[] = {{.model = "naive"},
                                          {.model = "dlinear", .n_settings = 2, .setting = few}};
    (void)state;
    const ssm_backtest_plan plan = {.panel = data.panel,
                                    .n_series = 1,
                                    .entrant = trained,
                                    .n_entrants = 2,
                                    .horizon = &horizon,
                                    .n_horizons = 1,
                                    .max_origins = 3};
    ssm_backtest *b = NULL;
    assert_int_equal(ssm_backtest_run(ctx, &plan, &b), SSM_OK);
    const ssm_outcome *o = &b->outcome[1];
    assert_int_equal(b->outcome[0].n_training, 0);
    assert_in_range(o->n_training, 2, SSM_TRAINING_POINTS);
    char *text = report(b, SSM_REPORT_JSON);
    json_t *root = json_loads(text, 0, NULL);
    const json_t *models = at(root, "models"), *curve = at(json_array_get(models, 1), "training");
    assert_null(json_object_get(json_array_get(models, 0), "training"));
    assert_int_equal(json_array_size(curve), o->n_training);
    for (size_t i = 0; i < o->n_training; i++) {
        const json_t *point = json_array_get(curve, i);
        const double found = json_number_value(at(point, "validation"));
        assert_true(json_number_value(at(point, "step")) == o->training[i].step);
        assert_true(fabs(found - o->training[i].validation) <= 1e-11 * found);
    }
    json_decref(root);
    free(text);
    text = report(b, SSM_REPORT_HTML);
    assert_true((strstr(text, "<section id=\"training\">") != NULL) == ssmi_plots_available());
    assert_true(is_balanced(text));
    free(text);
    ssm_backtest_free(b);
}

static void an_unwritable_place_is_an_error(void **state)
{
    ssm_report_facts facts = {.seed = 1};
    (void)state;
    ssm_backtest *b = backtest(1, 1);
    assert_int_equal(ssm_report_write(ctx, b, &facts, SSM_REPORT_JSON, "/no/such/folder/r.json"), SSM_E_IO);
    assert_non_null(strstr(ssm_context_message(ctx), "/no/such/folder"));
    ssm_backtest_free(b);
}

static void a_report_without_any_score_can_be_written(void **state)
{
    static const size_t horizon = 5;
    (void)state;
    ssm_backtest_plan plan = {.panel = data.panel,
                              .n_series = 1,
                              .entrant = entrants + 3,
                              .n_entrants = 1,
                              .horizon = &horizon,
                              .n_horizons = 1};
    ssm_backtest *b = NULL;
    assert_int_equal(ssm_backtest_run(ctx, &plan, &b), SSM_OK);
    for (int format = 0; format < FORMATS; format++) {
        char *text = report(b, (ssm_report_format)format);
        assert_non_null(strstr(text, "No model could forecast"));
        if (format == SSM_REPORT_HTML) assert_true(is_balanced(text));
        free(text);
    }
    ssm_backtest_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checker_sees_unbalanced_tags),
        cmocka_unit_test(html_is_well_formed_and_self_contained),
        cmocka_unit_test(names_are_escaped_in_html),
        cmocka_unit_test(names_are_escaped_in_markdown),
        cmocka_unit_test(markdown_names_figures_that_exist),
        cmocka_unit_test(json_carries_the_numbers),
        cmocka_unit_test(reports_are_the_same_bytes_for_any_number_of_threads),
        cmocka_unit_test(a_report_shows_the_loss_curve_of_what_was_trained),
        cmocka_unit_test(an_unwritable_place_is_an_error),
        cmocka_unit_test(a_report_without_any_score_can_be_written),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
