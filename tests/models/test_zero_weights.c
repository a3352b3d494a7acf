/* Hostile and damaged weights are an ordinary error. */
#include "models/fixture.h"

#include "base/context.h"
#include "base/file.h"
#include "base/random.h"
#include "models/zero_weights.h"

#define WEIGHTS SSMCAST_DATASETS "/pretrained/ssmcast-zero-3m.safetensors"

typedef struct image {
    ssm_context *ctx;
    ssm_arena file;
    unsigned char *bytes;
    size_t size;
} image;

static void open_image(image *i)
{
    assert_int_equal(ssm_context_new(NULL, &i->ctx), SSM_OK);
    ssmi_arena_init(&i->file, i->ctx);
    assert_int_equal(ssmi_file_read(&i->file, WEIGHTS, (size_t)1 << 30, &i->bytes, &i->size), SSM_OK);
}

static void close_image(image *i)
{
    ssmi_arena_clear(&i->file);
    ssm_context_free(i->ctx);
}

static ssm_status unpack(image *i, size_t size)
{
    ssm_arena mem;
    ssmi_zero_network net;
    ssmi_arena_init(&mem, i->ctx);
    const ssm_status status = ssmi_zero_unpack(&net, "weights", i->bytes, size, 0, &mem);
    ssmi_arena_clear(&mem);
    return status;
}

static void replace(image *i, const char *found, const char *by)
{
    const size_t length = strlen(found);
    assert_int_equal(length, strlen(by));
    for (size_t at = 0; at + length < 8000; at++) {
        if (memcmp(i->bytes + at, found, length) != 0) continue;
        memcpy(i->bytes + at, by, length);
        return;
    }
    fail_msg("\"%s\" is not in the header", found);
}

static void damaged_weights_are_an_error_of_format(void **state)
{
    (void)state;
    static const struct {
        const char *found, *by, *message;
    } cases[] = {
        {"\"e2.bias\"", "\"e9.bias\"", "\"e2.bias\": is missing"},
        {"\"blocks.3.freq\"", "\"blocks.3.frex\"", "\"blocks.3.freq\": is missing"},
        {"\"blocks.0.A_log\"", "\"blocks.0.B_log\"", "does not hold a network"},
        {"[512,90]", "[90,512]", "another shape"},
        {"\"dtype\":\"F16\",\"shape\":[1160,256]", "\"dtype\":\"F16\",\"shape\":[1280,232]", "shape"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        image i;
        open_image(&i);
        replace(&i, cases[k].found, cases[k].by);
        assert_int_equal(unpack(&i, i.size), SSM_E_FORMAT);
        if (strstr(ssm_context_message(i.ctx), cases[k].message) == NULL)
            fail_msg("\"%s\" in place of \"%s\"", ssm_context_message(i.ctx), cases[k].message);
        close_image(&i);
    }
}

static void a_weight_that_is_not_finite_is_refused(void **state)
{
    (void)state;
    image i;
    open_image(&i);
    i.bytes[i.size - 1] = 0x7f; /* the last tensor is single precision: an infinity or NaN */
    i.bytes[i.size - 2] = 0xc0;
    assert_int_equal(unpack(&i, i.size), SSM_E_FORMAT);
    assert_non_null(strstr(ssm_context_message(i.ctx), "not finite"));
    close_image(&i);
}

/* Random damage to the header, and cuts: never a crash, and never anything but success or an error of format.
 */
static void random_damage_never_does_harm(void **state)
{
    (void)state;
    enum { TRIALS = 60, HEADER = 6216 };
    image i;
    open_image(&i);
    unsigned char *kept = ssmi_arena_alloc(&i.file, HEADER, 1);
    gsl_rng *rng = ssmi_random_stream(&i.file, 1);
    memcpy(kept, i.bytes, HEADER);
    for (int trial = 0; trial < TRIALS; trial++) {
        for (size_t k = 0; k < 3; k++)
            i.bytes[gsl_rng_uniform_int(rng, HEADER)] = (unsigned char)(32 + gsl_rng_uniform_int(rng, 96));
        const ssm_status status = unpack(&i, trial % 3 == 0 ? gsl_rng_uniform_int(rng, i.size) : i.size);
        assert_true(status == SSM_E_FORMAT || status == SSM_OK);
        memcpy(i.bytes, kept, HEADER);
    }
    assert_int_equal(unpack(&i, i.size), SSM_OK);
    close_image(&i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_weights_are_an_error_of_format),
        cmocka_unit_test(a_weight_that_is_not_finite_is_refused),
        cmocka_unit_test(random_damage_never_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
