/* Marks on number axes: steps of 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels",
 * Graphics Gems 1990). Known value: [0, 97] with 5 wanted gives 0, 20, 40, 60, 80. */
#include "eval/ticks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The round step nearest above `rough`. */
static double nice_step(double rough)
{
    static const double factor[] = {1, 2, 5, 10};
    double power = pow(10, floor(log10(rough)));
    size_t k = 0;
    while (k < 3 && factor[k] * power < rough * (1 - 1e-9)) k++;
    return factor[k] * power;
}

/* Digits "1234567" -> "1 234 567" with no-break spaces; short numbers stay whole. */
static void group_digits(char *out, size_t size, const char *digits)
{
    const char *point = strchr(digits, '.');
    size_t whole = point != NULL ? (size_t)(point - digits) : strlen(digits);
    size_t used = 0;
    for (size_t i = 0; digits[i] != '\0' && used + 5 < size; i++) {
        if (whole > 4 && i > 0 && i < whole && (whole - i) % 3 == 0) {
            memcpy(out + used, "\xc2\xa0", 2);
            used += 2;
        }
        out[used++] = digits[i];
    }
    out[used] = '\0';
}

void ssmi_number_label(char *text, size_t size, double value, double resolution)
{
    char digits[64], grouped[SSMI_TICK_LABEL];
    double magnitude = fabs(value) < 1e-9 * resolution ? 0 : fabs(value);
    int decimals = resolution < 1 ? (int)ceil(-log10(resolution) - 1e-9) : 0;
    if (magnitude >= 1e8 || decimals > 5) {
        snprintf(digits, sizeof digits, "%.3g", magnitude);
    } else {
        snprintf(digits, sizeof digits, "%.*f", decimals, magnitude);
    }
    group_digits(grouped, sizeof grouped, digits);
    snprintf(text, size, "%s%s", value < 0 && magnitude > 0 ? "\xe2\x88\x92" : "", grouped);
}

size_t ssmi_ticks_linear(ssmi_tick *tick, double low, double high, size_t wanted)
{
    double step = nice_step((high - low) / (double)(wanted > 0 ? wanted : 1));
    double first = ceil(low / step - 1e-9);
    size_t n = 0;
    for (; n < SSMI_MAX_TICKS && (first + (double)n) * step <= high + 1e-9 * step; n++) {
        tick[n] = (ssmi_tick){.at = (first + (double)n) * step};
        ssmi_number_label(tick[n].label, sizeof tick[n].label, tick[n].at, step);
    }
    return n;
}

/* 1, 2, 5 of each decade over a short range, every k-th power of ten over a long one. */
size_t ssmi_ticks_log(ssmi_tick *tick, double low, double high, size_t wanted)
{
    static const double factor[] = {1, 2, 5};
    double decades = log10(high / low);
    if (decades < 0.7) return ssmi_ticks_linear(tick, low, high, wanted);
    size_t kinds = 3 * decades <= (double)wanted ? 3 : 1;
    int stride = kinds == 3 ? 1 : (int)ceil(decades / (double)(wanted > 0 ? wanted : 1));
    size_t n = 0;
    for (int power = (int)floor(log10(low)); pow(10, power) <= high; power++) {
        for (size_t k = 0; k < kinds && n < SSMI_MAX_TICKS; k++) {
            double at = factor[k] * pow(10, power);
            if (at < low * (1 - 1e-9) || at > high * (1 + 1e-9) || power % stride != 0) continue;
            tick[n] = (ssmi_tick){.at = at};
            ssmi_number_label(tick[n].label, sizeof tick[n].label, at, pow(10, power));
            n++;
        }
    }
    return n;
}
