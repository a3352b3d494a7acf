/* The filter for control code: models, priors, measurements, Jacobians and saved states of any numbers, in
 * calls of any order. After each call the state is finite with variances that are not negative, a refusal has
 * changed no bit of it, and what was saved comes back. Built by the preset fuzz; quickly
 * and alone it is
 *
 *   clang -O1 -g -Isrc -fsanitize=fuzzer,address,undefined -o fuzz_kf tests/fuzz/fuzz_kf.c src/kalman/kf.c
 *   ./fuzz_kf -max_len=2000 -max_total_time=600 */
#include "kalman/kf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STATES = 6, MOST_SENSORS = 4, MOST_INPUTS = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input {
    const uint8_t *at, *end;
} input;

static int left(const input *in)
{
    return in->at < in->end;
}

/* The next byte; 0 behind the end. */
static int take(input *in)
{
    return left(in) ? *in->at++ : 0;
}

/* Puts the checksum of kf_archive_body.h right, so that what is behind it is tried. */
static void seal(uint8_t *bytes, size_t length)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i + 4 < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc & 1u) != 0 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
    }
    for (size_t i = 0; i < 4; i++) bytes[length - 4 + i] = (uint8_t)(~crc >> (8 * i));
}

/* clang-format off */
#include "kalman/real_f32.h"
#include "kf_body.h"
#include "kalman/real_end.h"
#include "kalman/real_f64.h"
#include "kf_body.h"
#include "kalman/real_end.h"
/* clang-format on */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, data + size};
    if (take(&in) & 1) {
        ssmi_fuzz_f32(&in);
    } else {
        ssmi_fuzz_f64(&in);
    }
    return 0;
}
