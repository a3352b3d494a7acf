#include "bench/families.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1 << 16 };

const family families[FAMILIES] = {
    {"exchange", "ltsf/exchange_rate.csv", 8, 6071, 5, 24, {96, 192, 336, 720}, {0}},
    {"ETTh1", "ltsf/ETTh1.csv", 7, 11520, 6, 60, {96, 192, 336, 720}, {0}},
    {"ETTh2", "ltsf/ETTh2.csv", 7, 11520, 6, 60, {96, 192, 336, 720}, {0}},
    {"ETTm1", "ltsf/ETTm1.csv", 7, 46080, 6, 240, {96, 192, 336, 720}, {0}},
    {"taylor", "classical/taylor.csv", 1, 3700, 6, 24, {48, 96, 168, 336}, {0}},
    {"PJM load", "sensors/PJM_Load_hourly.csv", 1, 11000, 6, 48, {48, 96, 168, 336}, {0}},
    {"taxi", "sensors/nab_nyc_taxi.csv", 1, 9000, 6, 48, {48, 96, 168, 336}, {0}},
    {"sea level", "sensors/halifax_sealevel_2003_hourly.csv", 1, 6500, 6, 36, {24, 48, 96, 168}, {0}},
    {"temperatures", "sensors/daily-min-temperatures.csv", 1, 3600, 6, 15, {10, 30, 60, 90}, {0}},
    {"machine",
     "sensors/nab_machine_temperature_system_failure.csv",
     1,
     16000,
     6,
     48,
     {24, 96, 192, 288},
     {0}},
    {"stocks", "classical/EuStockMarkets.csv", 4, 1800, 6, 12, {12, 24, 48, 96}, {0}},
    {"sunspots", "classical/sunspot.month.csv", 1, 3100, 6, 12, {12, 36, 72, 132}, {0}},
    {"CO2", "classical/co2_weekly_statsmodels.csv", 1, 2200, 6, 13, {13, 26, 52, 104}, {0}},
    {"Beijing", "sensors/PRSA_data_2010.1.1-2014.12.31.csv", 4, 20000, 0, 0, {24, 48, 96, 168}, {5, 0, 0}},
    {"Italy", "sensors/AirQualityUCI.csv", 8, 9357, 0, 0, {24, 48, 96, 168}, {5, ';', -200}},
    {"ambient", "sensors/nab_ambient_temperature_system_failure.csv", 1, 7200, 0, 0, {24, 48, 96, 168}, {0}},
    {"latency", "sensors/nab_ec2_request_latency_system_failure.csv", 1, 4000, 0, 0, {12, 48, 96, 288}, {0}},
    {"cash", "competitions/other/nn5_daily.csv", 8, 791, 0, 0, {7, 14, 28, 56}, {0}},
    {"rooms", "sensors/SML2010_NEW-DATA-1.T15.txt", 8, 2764, 0, 0, {24, 48, 96, 192}, {2, ' ', 0}},
    {"current",
     "sensors/household_power_consumption_head.csv",
     4,
     3999,
     0,
     0,
     {15, 60, 120, 240},
     {2, ';', 0}},
};

int family_is_in(const family *f, const char *list)
{
    return list == NULL || strstr(list, f->name) != NULL;
}

/* The cell `before` cells behind the first of a line; NULL when the line is shorter. */
static const char *find_cell(const char *line, size_t before, char separator)
{
    for (size_t k = 0; k < before && line != NULL; k++)
        if ((line = strchr(line, separator)) != NULL) line++;
    return line;
}

static double number_in(const char *cell, const family *f)
{
    char *end;
    cell += *cell == '"';
    const double x = strtod(cell, &end);
    return end == cell || (f->format.missing != 0 && x == f->format.missing) ? NAN : x;
}

static size_t read_column(double *value, const char *path, const family *f, size_t c)
{
    static char line[LINE];
    const size_t before = (f->format.first > 0 ? f->format.first : 1) + c;
    FILE *file = fopen(path, "r");
    size_t n = 0;
    if (file == NULL) return 0;
    int more = fgets(line, sizeof line, file) != NULL; /* the header */
    while (more && n < FAMILY_ROWS && fgets(line, sizeof line, file) != NULL) {
        for (char *p = line; f->format.separator != 0 && *p != '\0'; p++)
            if (*p == ',') *p = '.';
        const char *cell = find_cell(line, before, f->format.separator != 0 ? f->format.separator : ',');
        if (cell != NULL) value[n++] = number_in(cell, f);
    }
    fclose(file);
    return n;
}

static void standardise(double *value, size_t rows)
{
    double mean = 0, square = 0, n = 0;
    for (size_t t = 0; t < rows / 4; t++) {
        if (isnan(value[t])) continue;
        const double d = value[t] - mean;
        mean += d / ++n;
        square += d * (value[t] - mean);
    }
    for (size_t t = 0; t < rows; t++) value[t] = (value[t] - mean) / sqrt(square / n);
}

size_t family_read(double value[FAMILY_COLUMNS][FAMILY_ROWS], const family *f)
{
    char path[1024];
    size_t rows = f->rows;
    snprintf(path, sizeof path, "%s/%s", getenv("SSMCAST_DATA"), f->file);
    for (size_t c = 0; c < f->columns; c++) {
        const size_t n = read_column(value[c], path, f, c);
        if (n < rows) rows = n;
    }
    for (size_t c = 0; c < f->columns && rows > 0; c++) standardise(value[c], rows);
    return rows;
}
