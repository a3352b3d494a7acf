#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "forecast/safetensors.h"

typedef struct fixture {
    ssm_context *ctx;
    ssm_arena arena;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    if (ssm_context_new(NULL, &f.ctx) != SSM_OK) return -1;
    ssmi_arena_init(&f.arena, f.ctx);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    ssmi_arena_clear(&f->arena);
    ssm_context_free(f->ctx);
    return 0;
}

static const double weights[6] = {1, 2, 3, 4, 5, 6};
static const float bias[2] = {0.5f, -0.5f};

static void build_small(fixture *f, unsigned char **image, size_t *size)
{
    const ssmi_tensor tensors[] = {{.name = "weight",
                                    .dtype = SSMI_F64,
                                    .rank = 2,
                                    .shape = {2, 3},
                                    .bytes = (const void *)weights,
                                    .size = sizeof weights},
                                   {.name = "bias",
                                    .dtype = SSMI_F32,
                                    .rank = 1,
                                    .shape = {2},
                                    .bytes = (const void *)bias,
                                    .size = sizeof bias}};
    const ssmi_pair metadata[] = {{"model", "linear"}, {"text", "quotes \" and \\ and \xc3\xa9"}};
    const ssmi_safetensors file = {2, 2, tensors, metadata};
    assert_int_equal(ssmi_safetensors_build(&f->arena, &file, image, size), SSM_OK);
}

static void what_is_built_is_read_back(void **state)
{
    fixture *f = *state;
    unsigned char *image;
    size_t size;
    ssmi_safetensors file;
    build_small(f, &image, &size);
    assert_int_equal(ssmi_safetensors_parse(&f->arena, "small", image, size, &file), SSM_OK);
    assert_int_equal(file.n_tensors, 2);
    const ssmi_tensor *weight = ssmi_safetensors_find(&file, "weight");
    assert_non_null(weight);
    assert_int_equal(weight->rank, 2);
    assert_int_equal(weight->shape[1], 3);
    assert_memory_equal(weight->bytes, weights, sizeof weights);
    assert_memory_equal(ssmi_safetensors_find(&file, "bias")->bytes, bias, sizeof bias);
    assert_string_equal(ssmi_safetensors_metadata(&file, "text"), "quotes \" and \\ and \xc3\xa9");
    assert_null(ssmi_safetensors_find(&file, "absent"));
    assert_int_equal((size - sizeof weights - sizeof bias) % 8, 0);
}

static void every_truncation_is_refused(void **state)
{
    fixture *f = *state;
    unsigned char *image;
    size_t size;
    ssmi_safetensors file;
    build_small(f, &image, &size);
    for (size_t cut = 0; cut < size; cut++) {
        /* a copy of exactly this size, so that a read past the end is seen by the address sanitizer */
        unsigned char *part = SSMI_ALLOC(&f->arena, unsigned char, cut);
        memcpy(part, image, cut);
        assert_int_equal(ssmi_safetensors_parse(&f->arena, "cut", part, cut, &file), SSM_E_FORMAT);
    }
}

static void flipped_bits_are_refused_or_harmless(void **state)
{
    fixture *f = *state;
    unsigned char *image;
    size_t size;
    build_small(f, &image, &size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        ssmi_safetensors file = {0};
        image[bit / 8] ^= (unsigned char)(1u << bit % 8);
        if (ssmi_safetensors_parse(&f->arena, "flipped", image, size, &file) == SSM_OK) {
            for (size_t i = 0; i < file.n_tensors; i++) {
                assert_true(file.tensor[i].bytes >= image);
                assert_true(file.tensor[i].bytes + file.tensor[i].size <= image + size);
            }
        }
        image[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
}

/* A header of our own, followed by `data` bytes. */
static ssm_status parse_header(fixture *f, const char *header, size_t data)
{
    ssmi_safetensors file;
    uint64_t length = strlen(header);
    size_t size = 8 + (size_t)length + data;
    unsigned char *image = SSMI_ALLOC(&f->arena, unsigned char, size);
    memcpy(image, &length, 8);
    memcpy(image + 8, header, (size_t)length);
    return ssmi_safetensors_parse(&f->arena, "crafted", image, size, &file);
}

static void hostile_headers_are_refused(void **state)
{
    static const struct {
        const char *header;
        size_t data;
        const char *why;
    } cases[] = {
        {"", 0, "empty"},
        {"[]", 0, "a list"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}", 4, "unbalanced"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "begin after end"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", 4, "past the end"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, "negative offset"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "fractional shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "negative shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "shape and range disagree"},
        {"{\"a\":{\"dtype\":\"F99\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8, "trailing bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "hole at the start"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":"
         "[1],"
         "\"data_offsets\":[0,4]}}",
         4, "overlap"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":"
         "[1],"
         "\"data_offsets\":[4,8]}}",
         8, "duplicate name"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[4294967296,4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
         "wrapping product"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
         "too many dimensions"},
        {"{\"a\":7}", 0, "not an entry"},
        {"{\"__metadata__\":{\"k\":1}}", 0, "metadata that is not a string"},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (parse_header(f, cases[i].header, cases[i].data) != SSM_E_FORMAT)
            fail_msg("accepted: %s", cases[i].why);
        assert_string_not_equal(ssm_context_message(f->ctx), "");
    }
    assert_int_equal(parse_header(f, "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4),
                     SSM_OK);
}

static void a_header_length_beyond_the_file_is_refused(void **state)
{
    fixture *f = *state;
    static const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX - 7, 9, 100000001};
    for (size_t i = 0; i < 4; i++) {
        unsigned char image[16] = {0};
        ssmi_safetensors file;
        memcpy(image, &lengths[i], 8);
        assert_int_equal(ssmi_safetensors_parse(&f->arena, "length", image, sizeof image, &file),
                         SSM_E_FORMAT);
    }
}

static void deep_nesting_is_refused(void **state)
{
    fixture *f = *state;
    enum { DEPTH = 100000 };
    char *header = SSMI_ALLOC(&f->arena, char, DEPTH + 1);
    memset(header, '[', DEPTH);
    assert_int_equal(parse_header(f, header, 0), SSM_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_built_is_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flipped_bits_are_refused_or_harmless, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_headers_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_header_length_beyond_the_file_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deep_nesting_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
