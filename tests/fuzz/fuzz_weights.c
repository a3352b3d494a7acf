/* Weights of the pretrained forecaster: whatever bytes a file holds, loading it is an error of format or
 * gives a network that runs. The first byte chooses between any bytes at all and a small sound file with
 * edits, three bytes each: where (two bytes) and what. Run it with: fuzz_weights -max_len=4096 corpus/ */
#include "forecast/safetensors.h"
#include "models/zero_forecast.h"
#include "models/zero_stream.h"
#include "models/zero_weights.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MODEL = 4, INNER = 16, STATES = 2, TAPS = 2, HIDDEN = 3, OUT = 144, MIXED = INNER + 2 * STATES };
enum { ANY_BYTES = 1, INTEGER = 2, EIGHT_BITS = 4, FLIP = 8, CUT = 128 };

static const struct {
    const char *name;
    size_t rows, columns; /* columns 0: a vector */
    int matrix;
} tensors[] = {{"e1.weight", HIDDEN, SSMI_ZERO_FEATURES, 1},
               {"e1.bias", HIDDEN, 0, 0},
               {"e2.weight", MODEL, HIDDEN, 1},
               {"e2.bias", MODEL, 0, 0},
               {"e3.weight", MODEL, SSMI_ZERO_FEATURES, 1},
               {"e3.bias", MODEL, 0, 0},
               {"h1.weight", HIDDEN, MODEL, 1},
               {"h1.bias", HIDDEN, 0, 0},
               {"h2.weight", OUT, HIDDEN, 1},
               {"h2.bias", OUT, 0, 0},
               {"h3.weight", OUT, MODEL, 1},
               {"h3.bias", OUT, 0, 0},
               {"gate.weight", 4, MODEL, 1},
               {"gate.bias", 4, 0, 0},
               {"nf.w", MODEL, 0, 0},
               {"blocks.0.norm.w", MODEL, 0, 0},
               {"blocks.0.inp.weight", INNER + MIXED + 1, MODEL, 1},
               {"blocks.0.conv_w", TAPS, MIXED, 0},
               {"blocks.0.conv_b", MIXED, 0, 0},
               {"blocks.0.dt_b", 1, 0, 0},
               {"blocks.0.A_log", 1, 0, 0},
               {"blocks.0.D", 1, 0, 0},
               {"blocks.0.freq", STATES / 2, 0, 0},
               {"blocks.0.gn.w", INNER, 0, 0},
               {"blocks.0.out.weight", MODEL, INNER, 1}};
enum { N_TENSORS = sizeof tensors / sizeof *tensors };

static void require(int condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "broken promise: %s\n", what);
    abort();
}

/* Halves 0x2e66 (0.1) and singles 0.1, integers 10 with a scale of 0.01. */
static void fill(unsigned char *bytes, size_t n, ssmi_dtype dtype)
{
    const uint16_t half = 0x2e66;
    const float single = 0.1f;
    for (size_t i = 0; i < n; i++) {
        if (dtype == SSMI_F16) memcpy(bytes + 2 * i, &half, 2);
        if (dtype == SSMI_F32) memcpy(bytes + 4 * i, &single, 4);
        if (dtype == SSMI_I8) bytes[i] = 10;
    }
}

static void add(ssm_arena *arena, ssmi_tensor *t, const char *name, size_t rows, size_t columns,
                ssmi_dtype dtype)
{
    const size_t n = rows * (columns > 0 ? columns : 1);
    unsigned char *bytes = ssmi_arena_alloc(arena, n, ssmi_dtype_size(dtype));
    fill(bytes, n, dtype);
    *t = (ssmi_tensor){.name = name, .dtype = dtype, .rank = columns > 0 ? 2 : 1, .shape = {rows, columns}};
    t->bytes = bytes;
    t->size = n * ssmi_dtype_size(dtype);
}

static unsigned char *sound_image(ssm_arena *arena, int eight_bits, size_t *size)
{
    static const char *const scales[] = {"e1.scale", "e2.scale"};
    ssmi_tensor t[N_TENSORS + 2];
    size_t n = 0;
    unsigned char *image;
    for (size_t i = 0; i < N_TENSORS; i++) {
        const int narrow = eight_bits && i <= 2 && tensors[i].matrix;
        const ssmi_dtype dtype = narrow ? SSMI_I8 : tensors[i].matrix ? SSMI_F16 : SSMI_F32;
        add(arena, &t[n++], tensors[i].name, tensors[i].rows, tensors[i].columns, dtype);
    }
    for (size_t i = 0; i < 2 && eight_bits; i++)
        add(arena, &t[n++], scales[i], i == 0 ? HIDDEN : MODEL, 0, SSMI_F32);
    const ssmi_safetensors file = {.n_tensors = n, .tensor = t};
    require(ssmi_safetensors_build(arena, &file, &image, size) == SSM_OK, "a sound file can be built");
    return image;
}

/* A network that was accepted must run, in one pass and as a stream; what it says may be nonsense. */
static void run(const ssmi_zero_network *network, int flip, ssm_arena *arena)
{
    enum { ROWS = 40, H = 20 };
    ssmi_zero_model model = {.network = network, .context = 32, .flip = flip};
    ssmi_zero_view view;
    ssmi_zero_stream stream;
    double value[ROWS], fan[H * SSMI_FAN_LEVELS];
    for (int t = 0; t < ROWS; t++) value[t] = t % 7 == 3 ? NAN : t % 5;
    require(ssmi_zero_view_of(&model, value, 30, H, &view, arena) == SSM_OK, "a view");
    require(ssmi_zero_forecast(&model, fan, value, 30, H, &view, arena) == SSM_OK, "a forecast");
    require(ssmi_zero_stream_open(&stream, &model, 8, arena) == SSM_OK, "a stream");
    ssmi_zero_stream_start(&stream, value, 30, H, &view.frame);
    for (int t = 30; t < ROWS; t++)
        require(ssmi_zero_stream_update(&stream, value[t]) == SSM_OK, "an update");
    require(ssmi_zero_stream_forecast(&stream, fan, H, arena) == SSM_OK, "a forecast of the stream");
}

static const unsigned char *choose_image(ssm_arena *arena, const uint8_t *data, size_t size, size_t *length)
{
    if (data[0] & ANY_BYTES) {
        *length = size - 1;
        return data + 1;
    }
    unsigned char *image = sound_image(arena, data[0] & EIGHT_BITS, length);
    for (size_t i = 1; i + 2 < size; i += 3)
        image[((size_t)data[i] | (size_t)data[i + 1] << 8) % *length] = data[i + 2];
    if (data[0] & CUT) *length -= *length * (data[0] >> 4 & 7) / 8; /* cut short */
    return image;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ssm_context *ctx;
    ssm_arena arena;
    ssmi_zero_network network;
    size_t length;
    if (size < 1) return 0;
    require(ssm_context_new(NULL, &ctx) == SSM_OK, "a context");
    ssmi_arena_init(&arena, ctx);
    const unsigned char *image = choose_image(&arena, data, size, &length);
    const ssm_status status =
        ssmi_zero_unpack(&network, "fuzz", image, length, (data[0] & INTEGER) != 0, &arena);
    require(status == SSM_OK || status == SSM_E_FORMAT, "only the format can be wrong");
    require(status == SSM_OK || ssm_context_message(ctx)[0] != '\0', "an error has a message");
    require(status == SSM_OK || size > 1 || (data[0] & (ANY_BYTES | CUT)) != 0, "the sound file is sound");
    if (status == SSM_OK) run(&network, (data[0] & FLIP) != 0, &arena);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
    return 0;
}
