/* A catalogue of malformed and odd tables, each with what must come of it: the same series as from the clean
 * file, with or without a warning, or an error that names line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <math.h>
#include <ssmcast/table.h>

typedef enum outcome { SAME, WARN, FAIL } outcome;

typedef struct fault {
    const char *name, *bytes;
    size_t length;
    outcome outcome;
    const char *text; /* WARN: in some warning; FAIL: in the message, FILE stands for the path */
    ssm_table_options options;
} fault;

#define T(text) text, sizeof(text) - 1
#define D1      "2024-01-01"
#define D2      "2024-01-02"
#define D3      "2024-01-03"
#define D4      "2024-01-04"

/* Four days, the third without a value. */
static const char clean[] = "date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",\n" D4 ",4.5\n";

/* one case after the other, not one word per line */
/* clang-format off */
static const fault faults[] = {
    {"empty file", T(""), FAIL, "empty input", {0}},
    {"only line ends", T("\n\n\n"), FAIL, "empty input", {0}},
    {"only blanks", T("  \n \n"), FAIL, "empty input", {0}},
    {"header only", T("date,v\n"), FAIL, "FILE:1: a header but no data rows", {0}},
    {"no final line end", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",\n" D4 ",4.5"), SAME, NULL, {0}},
    {"blank lines at the end", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",\n" D4 ",4.5\n\n\n"), SAME, NULL,
        {0}},
    {"CR LF", T("date,v\r\n" D1 ",1.5\r\n" D2 ",2.5\r\n" D3 ",\r\n" D4 ",4.5\r\n"), SAME, NULL, {0}},
    {"CR alone", T("date,v\r" D1 ",1.5\r" D2 ",2.5\r" D3 ",\r" D4 ",4.5\r"), SAME, NULL, {0}},
    {"line ends mixed", T("date,v\r\n" D1 ",1.5\n" D2 ",2.5\r" D3 ",\n" D4 ",4.5\n"), WARN,
        "more than one way", {0}},
    {"byte order mark", T("\xEF\xBB\xBF" "date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",\n" D4 ",4.5\n"), SAME, NULL,
        {0}},
    {"UTF-16 LE with mark", T("\xFF\xFE" "d\0,\0v\0\n\0"), FAIL, "FILE: this is UTF-16", {0}},
    {"UTF-16 BE with mark", T("\xFE\xFF" "\0d\0,\0v\0\n"), FAIL, "FILE: this is UTF-16", {0}},
    {"UTF-16 without mark", T("d\0a\0t\0e\0,\0v\0\n\0"), FAIL, "FILE: this is UTF-16", {0}},
    {"NUL in a field", T("date,v\n" D1 ",1\0" "5\n" D2 ",2.5\n"), FAIL, "FILE:2:2: NUL byte", {0}},
    {"NUL in the header", T("da\0te,v\n" D1 ",1.5\n"), FAIL, "FILE:1:1: NUL byte", {0}},
    {"Control-Z at the end", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",\n" D4 ",4.5\n\x1A"), SAME, NULL, {0}},
    {"odd blanks around numbers", T("date,v\n" D1 ",\xC2\xA0" "1.5\n" D2 ",2.5\v\n" D3 ",\n" D4
        ",4.5\xE2\x80\x89\n"), WARN,
        "FILE:2: blanks that are not spaces around values were removed (3 cells)", {0}},
    {"blanks around fields", T("date , v\n " D1 ", 1.5 \n" D2 " ,2.5\n" D3 ", \n" D4 ",\t4.5\n"), SAME, NULL,
        {0}},
    {"row too long", T("date,v\n" D1 ",1.5\n" D2 ",2.5,9\n" D3 ",\n" D4 ",4.5\n"), FAIL,
        "FILE:3:3: found 3 fields where 2 belong", {0}},
    {"row too short", T("date,v,w\n" D1 ",1.5,1\n" D2 "\n" D3 ",,1\n" D4 ",4.5,1\n"), FAIL,
        "FILE:3:2: found 1 field where 3 belong", {0}},
    {"rows end with a delimiter", T("date,v\n" D1 ",1.5,\n" D2 ",2.5,\n" D3 ",,\n" D4 ",4.5,\n"), WARN,
        "FILE:1: the rows end with a delimiter", {0}},
    {"header ends with a delimiter", T("date,v,\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",\n" D4 ",4.5\n"), WARN,
        "FILE:1: the header ends with a delimiter", {0}},
    {"one row ends with a delimiter", T("date,v\n" D1 ",1.5\n" D2 ",2.5,\n" D3 ",\n" D4 ",4.5\n"), FAIL,
        "FILE:3:3: ", {0}},
    {"semicolons", T("date;v\n" D1 ";1.5\n" D2 ";2.5\n" D3 ";\n" D4 ";4.5\n"), SAME, NULL, {0}},
    {"tabs", T("date\tv\n" D1 "\t1.5\n" D2 "\t2.5\n" D3 "\t\n" D4 "\t4.5\n"), SAME, NULL, {0}},
    {"bars", T("date|v\n" D1 "|1.5\n" D2 "|2.5\n" D3 "|\n" D4 "|4.5\n"), SAME, NULL, {0}},
    {"runs of blanks", T("date   v\n " D1 " 1.5\n" D2 "   2.5  \n" D3 "\t?\n" D4 " 4.5\n"), SAME, NULL, {0}},
    {"comma and blank", T("date, v\n" D1 ", 1.5\n" D2 ", 2.5\n" D3 ", \n" D4 ", 4.5\n"), SAME, NULL, {0}},
    {"one row with another delimiter", T("date,v\n" D1 ",1.5\n" D2 ";2.5\n" D3 ",\n" D4 ",4.5\n"), FAIL,
        "FILE:3:2: ", {0}},
    {"sep= line", T("sep=;\ndate;v\n" D1 ";1.5\n" D2 ";2.5\n" D3 ";\n" D4 ";4.5\n"), SAME, NULL, {0}},
    {"error line after a sep= line", T("sep=;\ndate;v\n" D1 ";1.5\n" D2 ";x\n" D3 ";3\n" D4 ";4.5\n"), FAIL,
        "FILE:4:2: ", {0}},
    {"decimal commas", T("date;v\n" D1 ";1,5\n" D2 ";2,5\n" D3 ";\n" D4 ";4,5\n"), SAME, NULL, {0}},
    {"decimal commas without quotes", T("date,v\n" D1 ",1,5\n" D2 ",2,5\n" D3 ",3,5\n"), FAIL, "FILE:1:", {0}},
    {"one decimal comma without quotes", T("date,v\n" D1 ",1.5\n" D2 ",2,5\n" D3 ",\n" D4 ",4.5\n"), FAIL,
        "FILE:3:3: found 3 fields where 2 belong in the row that begins with \"2024-01-02\"; a decimal", {0}},
    {"decimal commas in quotes", T("date,v\n" D1 ",\"1,5\"\n" D2 ",\"2,5\"\n" D3 ",\n" D4 ",\"4,5\"\n"), SAME,
        NULL, {0}},
    {"a decimal comma among points", T("date;v\n" D1 ";1.5\n" D2 ";2,5\n" D3 ";3.25\n" D4 ";4.5\n"), FAIL,
        "FILE:3:2: ", {0}},
    {"a thousands comma or a decimal one", T("date;v;w\n" D1 ";1.5;1\n" D2 ";2,500;1\n" D3 ";;1\n" D4
        ";4.5;1\n"), FAIL, "FILE:3:2: \"2,500\" may have a thousands separator or a decimal mark", {0}},
    {"units in cells", T("date,v\n" D1 ",1.5\n" D2 ",2.5 C\n" D3 ",3\n" D4 ",4.5\n"), FAIL,
        "FILE:3:2: \"2.5 C\" in column \"v\" cannot be read as a number", {0}},
    {"exponents and bare points", T("date,v\n" D1 ",15e-1\n" D2 ",+2.5\n" D3 ",\n" D4 ",.45E1\n"), SAME, NULL,
        {0}},
    {"two signs", T("date,v\n" D1 ",1.5\n" D2 ",--2\n" D3 ",3\n"), FAIL, "FILE:3:2: \"--2\"", {0}},
    {"hexadecimal", T("date,v\n" D1 ",1.5\n" D2 ",0x1F\n" D3 ",3\n"), FAIL, "FILE:3:2: \"0x1F\"", {0}},
    {"underscores", T("date,v\n" D1 ",1.5\n" D2 ",1_000\n" D3 ",3\n"), FAIL, "FILE:3:2: \"1_000\"", {0}},
    {"infinity", T("date,v\n" D1 ",1.5\n" D2 ",inf\n" D3 ",3\n"), FAIL,
        "FILE:3:2: \"inf\" in column \"v\" is not a finite number", {0}},
    {"overflow", T("date,v\n" D1 ",1.5\n" D2 ",1e400\n" D3 ",3\n"), FAIL,
        "FILE:3:2: \"1e400\" in column \"v\" is too large for a number", {0}},
    {"quote in the middle", T("date,v\n" D1 ",1.5\n" D2 ",2\"3\n"), FAIL, "FILE:3:2: quote inside the field",
        {0}},
    {"text after the closing quote", T("date,v\n" D1 ",1.5\n" D2 ",\"2\"3\n" D3 ",3\n"), FAIL, "FILE:3:2: ",
        {0}},
    {"quote never closed", T("date,v\n" D1 ",1.5\n" D2 ",\"2.5\n" D3 ",3\n" D4 ",4\n"), FAIL,
        "FILE:3:2: the quote that opens this field is never closed", {0}},
    {"quotes everywhere", T("\"date\",\"v\"\n\"" D1 "\",\"1.5\"\n\"" D2 "\",\"2.5\"\n\"" D3 "\",\"\"\n\"" D4
        "\",\"4.5\"\n"), SAME, NULL, {0}},
    {"quoted delimiter, quote and line end in text", T("date,v,note\n" D1 ",1.5,\"a, \"\"b\"\"\nc\"\n" D2
        ",2.5,\"\"\n" D3 ",,x\n" D4 ",4.5,y\n"), SAME, NULL, {0}},
    {"line numbers after a quoted line end", T("date,note,v\n" D1 ",\"a\nb\r\nc\",1.5\n" D2 ",x,oops\n" D3
        ",y,3\n" D4 ",z,4\n"), FAIL, "FILE:5:3: \"oops\"", {0}},
    {"single quotes", T("date,v\n'" D1 "','1.5'\n'" D2 "','2.5'\n"), FAIL, "no column of numbers", {0}},
    {"comment lines with the option", T("# by a logger, \"v1\ndate,v\n" D1 ",1.5\n#, \"\n" D2 ",2.5\n" D3
        ",\n" D4 ",4.5\n"), SAME, NULL, {.comment = '#'}},
    {"comment line without the option", T("# by a logger\ndate,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",3\n"), FAIL,
        "FILE:1:2: this line has 1 field, most rows have 2; if the table begins at line 2, use --skip 1", {0}},
    {"preamble skipped", T("station 5\n\ndate,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",\n" D4 ",4.5\n"), SAME, NULL,
        {.skip = 2}},
    {"second header", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",3\ndate,v\n" D4 ",4.5\n"), FAIL,
        "FILE:5:1: cannot read \"date\" as a date", {0}},
    {"second header below a named column", T("v,date\n1.5," D1 "\n2.5," D2 "\n3," D3 "\nv,date\n4.5," D4
        "\n"), FAIL, "FILE:5:2: cannot read \"date\" as a date", {0}},
    {"second table with more columns", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",3\ndate,v,w\n" D4
        ",4.5,1\n"), FAIL, "FILE:5:3: found 3 fields", {0}},
    {"footer", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",3\nTotal: 7\n"), FAIL,
        "FILE:5:2: found 1 field where 2 belong", {0}},
    {"units under the header", T("date,v\n,kWh\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",3\n"), FAIL, "FILE:2:", {0}},
    {"date and clock in two columns", T("day,clock,v\n" D1 ",00:00,1.5\n" D2 ",00:00,2.5\n" D3 ",00:00,\n" D4
        ",00:00,4.5\n"), SAME, NULL, {0}},
    {"seconds since 1970", T("time,v\n1704067200,1.5\n1704153600,2.5\n1704240000,\n1704326400,4.5\n"), SAME,
        NULL, {0}},
    {"milliseconds", T("time,v\n1704067200000,1.5\n1704153600000,2.5\n1704240000000,\n1704326400000,4.5\n"),
        SAME, NULL, {0}},
    {"microseconds",
        T("time,v\n1704067200000000,1.5\n1704153600000000,2.5\n1704240000000000,\n1704326400000000,4.5\n"),
        SAME, NULL, {0}},
    {"nanoseconds", T("time,v\n1704067200000000000,1.5\n1704153600000000000,2.5\n1704240000000000000,\n"
        "1704326400000000000,4.5\n"), SAME, NULL, {0}},
    {"seconds with decimals",
        T("time,v\n1704067200.0,1.5\n1704153600.000,2.5\n1704240000.0,\n1704326400.0,4.5\n"), SAME, NULL, {0}},
    {"seconds that turn into milliseconds",
        T("time,v\n1704067200,1.5\n1704153600,2.5\n1704240000000,3\n1704326400000,4\n"), FAIL,
        "FILE:4:1: cannot read \"1704240000000\" as an epoch number", {0}},
    {"milliseconds that turn into seconds", T("time,v\n1704067200000,1.5\n1704153600000,2.5\n1704240000,3\n"),
        FAIL, "FILE:4:1: cannot read \"1704240000\" as an epoch number", {0}},
    {"seconds in scientific notation", T("time,v\n1.7040672E+09,1.5\n1.7041536E+09,2.5\n1.70424E+09,3\n"),
        FAIL, "FILE:2:1: cannot read \"1.7040672E+09\" as an epoch number", {0}},
    {"ISO 8601 with Z", T("date,v\n" D1 "T00:00:00Z,1.5\n" D2 "T00:00:00Z,2.5\n" D3 "T00:00:00Z,\n" D4
        "T00:00:00Z,4.5\n"), SAME, NULL, {0}},
    {"offsets from UTC", T("date,v\n" D1 "T05:30+05:30,1.5\n" D2 "T03:30:00+0330,2.5\n" D3
        "T00:00Z,\n2024-01-03T20:30-0330,4.5\n"), SAME, NULL, {0}},
    {"an offset is missing", T("date,v\n" D1 "T00:00Z,1.5\n" D2 "T00:00Z,2.5\n" D3 "T00:00,3\n"), FAIL,
        "FILE:4:1: ", {0}},
    {"fractions of seconds", T("date,v\n" D1 " 00:00:00.000,1.5\n" D2 " 00:00:00.0,2.5\n" D3 " 00:00,\n" D4
        " 00:00:00.000000000,4.5\n"), SAME, NULL, {0}},
    {"day or month first, undecidable",
        T("date,v\n01/02/2024,1.5\n01/03/2024,2.5\n02/01/2024,3\n05/07/2024,4\n"), FAIL,
        "say which with --time-format dmy or --time-format mdy", {0}},
    {"only one order is regular", T("date,v\n01/01/2024,1.5\n02/01/2024,2.5\n03/01/2024,\n04/01/2024,4.5\n"),
        FAIL, "reads both as day/month/year and as month/day/year", {0}},
    {"told day first", T("date,v\n01/01/2024,1.5\n02/01/2024,2.5\n03/01/2024,\n04/01/2024,4.5\n"), SAME, NULL,
        {.time_format = "dmy"}},
    {"told month first", T("date,v\n1/1/2024,1.5\n1/2/2024,2.5\n1/3/2024,\n1/4/2024,4.5\n"), SAME, NULL,
        {.time_format = "mdy"}},
    {"points mean day first", T("date,v\n01.01.2024,1.5\n02.01.2024,2.5\n03.01.2024,\n04.01.2024,4.5\n"),
        SAME, NULL, {0}},
    {"orders contradict each other", T("date,v\n13/01/2024,1.5\n14/01/2024,2.5\n01/15/2024,3\n"), FAIL,
        "FILE:4:1: cannot read \"01/15/2024\" as day/month/year; line 2 can only be day/month/year", {0}},
    {"13 of 13", T("date,v\n01/01/2024,1\n13/13/2024,1.5\n"), FAIL,
        "FILE:3:1: cannot read \"13/13/2024\" as a date; there is no such day", {0}},
    {"30 February", T("date,v\n2024-02-29,1\n2024-02-30,1.5\n"), FAIL,
        "FILE:3:1: cannot read \"2024-02-30\" as a date", {0}},
    {"29 February 2023", T("date,v\n2023-02-28,1\n2023-02-29,1.5\n"), FAIL, "FILE:3:1: ", {0}},
    {"24:00", T("date,v\n2023-12-31 24:00,1.5\n" D1 " 24:00,2.5\n" D2 " 24:00,\n" D3 " 24:00,4.5\n"), SAME,
        NULL, {0}},
    {"second 60", T("date,v\n2023-12-31 23:59:60,1.5\n" D2 " 00:00:00,2.5\n" D3 " 00:00:00,\n" D4
        " 00:00:00,4.5\n"), WARN, "FILE:2: second 60", {0}},
    {"25 hours", T("date,v\n" D1 " 23:00,1\n" D1 " 25:00,1.5\n"), FAIL,
        "FILE:3:1: cannot read \"2024-01-01 25:00\"", {0}},
    {"two-digit years", T("date,v\n01/01/24,1.5\n02/01/24,2.5\n"), FAIL, "two-digit years", {0}},
    {"two-digit years, told", T("date,v\n01/01/24,1.5\n02/01/24,2.5\n03/01/24,\n04/01/24,4.5\n"), SAME, NULL,
        {.time_format = "dmy"}},
    {"names of months", T("date,v\n01-Jan-2024,1.5\n02-JAN-2024,2.5\n3 January 2024,\n\"Jan 4, 2024\",4.5\n"),
        SAME, NULL, {0}},
    {"day numbers of a spreadsheet", T("date,v\n45292,1.5\n45293,2.5\n45294,3\n"), FAIL,
        "--time-format excel", {0}},
    {"day numbers of a spreadsheet, told", T("date,v\n45292,1.5\n45293.0,2.5\n45294,\n45295,4.5\n"), SAME,
        NULL, {.time_format = "excel"}},
    {"compact dates", T("date,v\n20240101,1.5\n20240102,2.5\n20240103,\n20240104,4.5\n"), SAME, NULL, {0}},
    {"compact dates and clocks",
        T("date,v\n20240101T0000Z,1.5\n20240102T000000Z,2.5\n20240103T0000Z,\n20240104T0000Z,4.5\n"), SAME,
        NULL, {0}},
    {"year, month and day in columns",
        T("year,month,day,v\n2024,1,1,1.5\n2024,1,2,2.5\n2024,1,3,\n2024,1,4,4.5\n"), SAME, NULL, {0}},
    {"parts named by the user", T("a,b,c,v\n2024,1,1,1.5\n2024,1,2,2.5\n2024,1,3,\n2024,1,4,4.5\n"), SAME,
        NULL, {.time_columns = "a,b,c"}},
    {"parts that are no day", T("year,month,day,v\n2024,1,30,1.5\n2024,1,31,2.5\n2024,2,30,3\n"), FAIL,
        "FILE:4:1: ", {0}},
    {"repeated time, equal values", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D2 ",2.5\n" D3 ",\n" D4 ",4.5\n"),
        WARN, "FILE:4: rows that repeat an earlier time with equal values are dropped (1 rows)", {0}},
    {"repeated time, other values", T("date,v\n" D1 ",1.5\n" D2 ",2\n" D2 ",3\n" D3 ",\n" D4 ",4.5\n"), FAIL,
        "FILE:4: the time 2024-01-02T00:00:00 is already on line 3, with other values", {0}},
    {"repeated time, mean", T("date,v\n" D1 ",1.5\n" D2 ",2\n" D2 ",3\n" D3 ",\n" D4 ",4.5\n"), WARN,
        "their mean is used", {.duplicates = SSM_DUPLICATES_MEAN}},
    {"repeated time, first", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D2 ",3\n" D3 ",\n" D4 ",4.5\n"), WARN,
        "the first is used", {.duplicates = SSM_DUPLICATES_FIRST}},
    {"repeated time, last", T("date,v\n" D1 ",1.5\n" D2 ",2\n" D2 ",2.5\n" D3 ",\n" D4 ",4.5\n"), WARN,
        "the last is used", {.duplicates = SSM_DUPLICATES_LAST}},
    {"reversed", T("date,v\n" D4 ",4.5\n" D3 ",\n" D2 ",2.5\n" D1 ",1.5\n"), WARN,
        "FILE:3: rows are not in order of time and were sorted (3 steps back)", {0}},
    {"one row out of order", T("date,v\n" D1 ",1.5\n" D3 ",\n" D2 ",2.5\n" D4 ",4.5\n"), WARN,
        "FILE:4: rows are not in order", {0}},
    {"a row is absent", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D4 ",4.5\n"), WARN,
        "1 of 4 rows on the 1 d grid are not in the file", {0}},
    {"jitter", T("date,v\n" D1 " 00:00,1.5\n" D2 " 00:10,2.5\n" D3 " 00:00,\n2024-01-03 23:59,4.5\n"), WARN,
        "times a little off the 1 d grid were moved to it (2 rows, by at most 10 min)", {0}},
    {"irregular", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n2024-01-03,\n2027-04-17,4.5\n"), WARN,
        "the rows are irregular", {0}},
    {"irregular, out of order", T("date,v\n" D2 ",2.5\n" D1 ",1.5\n2027-04-17,4.5\n2024-01-03,\n"), WARN,
        "rows are not in order", {0}},
    {"irregular, repeated", T("date,v\n" D1 ",1.5\n" D2 ",2\n" D2 ",3\n2024-01-03,\n2027-04-17,4.5\n"), WARN,
        "their mean is used", {.duplicates = SSM_DUPLICATES_MEAN}},
    {"irregular when asked", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D4 ",\n2024-01-05,4.5\n"), SAME, NULL, {.step =
        "irregular"}},
    {"irregular, resampled", T("date,v\n" D1 " 00:00,1\n" D1 " 07:13,2\n" D2 " 03:11,2\n" D2 " 03:12,3\n" D4
        " 17:00,4.5\n"), WARN, "1 of 4 rows", {.step = "1 d"}},
    {"step that is none", T("date,v\n" D1 ",1\n" D2 ",2\n"), FAIL, "cannot read \"soon\" as a step", {.step =
        "soon"}},
    {"all rows at one time", T("date,v\n" D1 ",1\n" D1 ",1\n"), FAIL, "FILE:3: all rows have the same time",
        {0}},
    {"two sensors in one file", T("date,v\n" D1 ",1\n" D1 ",5\n" D2 ",2\n" D2 ",6\n" D3 ",3\n" D3 ",7\n"),
        FAIL, "if several sensors are mixed", {0}},
    {"missing markers", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",NA\n" D4 ",4.5\n"), SAME, NULL, {0}},
    {"missing marker null", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",null\n" D4 ",4.5\n"), SAME, NULL, {0}},
    {"missing marker nan", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",nan\n" D4 ",4.5\n"), SAME, NULL, {0}},
    {"missing marker #N/A", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",#N/A\n" D4 ",4.5\n"), SAME, NULL, {0}},
    {"missing marker -", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",-\n" D4 ",4.5\n"), SAME, NULL, {0}},
    {"missing marker ?", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",?\n" D4 ",4.5\n"), SAME, NULL, {0}},
    {"missing marker told", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",off\n" D4 ",4.5\n"), SAME, NULL,
        {.missing = "broken, off"}},
    {"missing marker untold", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n" D3 ",off\n" D4 ",4.5\n"), FAIL,
        "FILE:4:2: \"off\" in column \"v\" cannot be read as a number; if it stands for a missing value, use "
        "--missing \"off\"", {0}},
    {"all values missing", T("date,v\n" D1 ",NA\n" D2 ",\n"), FAIL,
        "no column of numbers to forecast: \"date\" is time, \"v\" is empty", {0}},
    {"all values missing beside row numbers", T("id,v\n1,NA\n2,\n3,\n"), FAIL,
        "no column of numbers to forecast: \"id\" is index, \"v\" is empty", {0}},
    {"text beside row numbers", T("v,id\nalpha,10\nbeta,20\ngamma,30\n"), FAIL,
        "no column of numbers to forecast: \"v\" is text, \"id\" is index", {0}},
    {"percent signs everywhere", T("date,v\n" D1 ",1 %\n" D2 ",2 %\n"), FAIL,
        "column \"v\" is taken as text and not used; its first value is \"1 %\"", {0}},
    {"values without a time", T("date,v\n" D1 ",1.5\n,2.5\n" D3 ",3\n"), FAIL,
        "FILE:3:1: the row has values but no time", {0}},
    {"rows of delimiters", T("date,v\n" D1 ",1.5\n" D2 ",2.5\n,\n" D3 ",\n" D4 ",4.5\n,\n,\n"), WARN,
        "FILE:4: rows without any value were left out (3 rows)", {0}},
    {"text in a value column", T("date,v\n" D1 ",1.5\n" D2 ",on\n" D3 ",2\n" D4 ",4.5\n"), FAIL,
        "FILE:3:2: \"on\"", {0}},
    {"a header two fields short", T("date\n" D1 ",1.5,1\n" D2 ",2.5,2\n"), FAIL,
        "FILE:1:2: this line has 1 field", {0}},
    {"row names", T("\"date\",\"v\"\n\"1\",\"" D1 "\",1.5\n\"2\",\"" D2 "\",2.5\n\"3\",\"" D3
        "\",NA\n\"4\",\"" D4 "\",4.5\n"), WARN, "FILE:1: the header has one name fewer", {0}},
    {"header behind a hash", T("# 1:date 2:v\n" D1 " 1.5\n" D2 " 2.5\n" D3 " NA\n" D4 " 4.5\n"), SAME, NULL,
        {0}},
    {"no header", T(D1 ",1.5\n" D2 ",2.5\n" D3 ",\n" D4 ",4.5\n"), WARN, "no header found", {0}},
    {"gzip", T("\x1F\x8B\x08\0\0\0\0\0"), FAIL, "FILE: this is a gzip file", {0}},
    {"zstd", T("\x28\xB5\x2F\xFD\0\0"), FAIL, "FILE: this is a zstd file", {0}},
    {"spreadsheet", T("PK\3\4\0\0\0\0"), FAIL, "spreadsheet", {0}},
    {"parquet", T("PAR1\x15\0\0\0"), FAIL, "parquet", {0}},
    {"JSON", T("{\"a\": 1}"), FAIL, "JSON", {0}},
    {"field over the limit", T("date,v\n" D1 ",123456789012345678901234567890123\n"), FAIL,
        "FILE:2:2: field of more than 32 bytes", {.max_field = 32}},
    {"quoted field over the limit", T("date,v\n" D1
        ",\"12345678901234567890\n23456789012345678901234567890123\n"), FAIL,
        "FILE:2:2: field of more than 32 bytes; the quote that opens it may never be closed", {.max_field =
        32}},
    {"columns over the limit", T("date,v,w\n" D1 ",1,2\n"), FAIL, "FILE:1:3: too many fields in one row",
        {.max_columns = 2}},
    {"rows over the limit", T("date,v\n" D1 ",1\n" D2 ",2\n" D3 ",2\n"), FAIL, "more than 2 rows", {.max_rows
        = 2}},
    {"column not there", T("date,velocity\n" D1 ",1\n" D2 ",2\n"), FAIL,
        "no column \"velocty\"; did you mean \"velocity\"?", {.columns = "velocty"}},
    {"time column not there", T("date,v\n" D1 ",1\n" D2 ",2\n"), FAIL, "no column \"when\"", {.time_columns =
        "when"}},
    {"time column is text", T("tag,v\nabc,1\nxyz,2\n"), FAIL,
        "does not read as time, its first value is \"abc\"", {.time_columns = "tag"}},
    {"unknown time format", T("date,v\n" D1 ",1\n" D2 ",2\n"), FAIL, "unknown time format \"ydm\"",
        {.time_format = "ydm"}},
    {"column chosen by name", T("date,x,v\n" D1 ",a,1.5\n" D2 ",b,2.5\n" D3 ",c,\n" D4 ",d,4.5\n"), SAME,
        NULL, {.columns = "v"}},
    {"column chosen by number", T("date,x,v\n" D1 ",7,1.5\n" D2 ",oops,2.5\n" D3 ",8,\n" D4 ",9,4.5\n"), SAME,
        NULL, {.columns = "3"}},
};
/* clang-format on */

/* ---- running ---- */

static int n_failures;

/* Goes on after a failure, so that one run shows all of them. */
#define COMPLAIN(...)                                                                                        \
    do {                                                                                                     \
        print_error(__VA_ARGS__);                                                                            \
        print_error("\n");                                                                                   \
        n_failures++;                                                                                        \
        return;                                                                                              \
    } while (0)

static void write_bytes(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* The pattern with FILE replaced by the path. */
static void expand(char *out, size_t size, const char *pattern, const char *path)
{
    int named = strncmp(pattern, "FILE", 4) == 0;
    snprintf(out, size, "%s%s", named ? path : "", named ? pattern + 4 : pattern);
}

static void check_same(const fault *f, const ssm_table *table)
{
    static const double value[] = {1.5, 2.5, NAN, 4.5};
    if (table->n_series != 1 || table->length != 4) {
        COMPLAIN("%s: %zu series of %zu rows", f->name, table->n_series, table->length);
    }
    char text[SSM_TIME_TEXT_SIZE];
    ssm_time_text(table->time, 0, text, sizeof text);
    if (strncmp(text, "2024-01-01", 10) != 0 || table->time.step.count != INT64_C(86400000000000)) {
        COMPLAIN("%s: starts at %s", f->name, text);
    }
    for (size_t i = 0; i < 4; i++) {
        double y = table->series[0].value[i];
        if (isnan(value[i]) ? !isnan(y) : y != value[i]) COMPLAIN("%s: row %zu is %g", f->name, i, y);
    }
}

static int has_warning(const ssm_table *table, const char *text)
{
    for (size_t i = 0; i < table->n_warnings; i++) {
        if (strstr(table->warning[i], text) != NULL) return 1;
    }
    return 0;
}

static void check_one(ssm_context *ctx, const fault *f, const char *path, const char *shown)
{
    char expected[1024] = "";
    ssm_table *table = NULL;
    if (f->text != NULL) expand(expected, sizeof expected, f->text, shown);
    ssm_status status = ssm_table_read(ctx, path, &f->options, &table);
    if (f->outcome == FAIL) {
        if (status == SSM_OK) COMPLAIN("%s: read without error", f->name);
        if (strstr(ssm_context_message(ctx), expected) == NULL) {
            COMPLAIN("%s: %s", f->name, ssm_context_message(ctx));
        }
        assert_null(table);
        return;
    }
    if (status != SSM_OK) COMPLAIN("%s: %s", f->name, ssm_context_message(ctx));
    check_same(f, table);
    if (f->outcome == WARN && !has_warning(table, expected)) {
        COMPLAIN("%s: %s", f->name, table->n_warnings > 0 ? table->warning[0] : "no warning");
    }
    if (f->outcome == SAME && table->n_warnings > 0) COMPLAIN("%s: %s", f->name, table->warning[0]);
    ssm_table_free(table);
}

static void make_name(char path[64])
{
    strcpy(path, "/tmp/ssmcast-faults-XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
}

static void each_fault_is_read_right_or_refused_with_its_place(void **state)
{
    char path[64];
    ssm_context *ctx;
    const fault reference = {"clean", T(clean), SAME, NULL, {0}};
    (void)state;
    n_failures = 0;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    make_name(path);
    for (size_t i = 0; i <= sizeof faults / sizeof faults[0]; i++) {
        const fault *f = i == 0 ? &reference : &faults[i - 1];
        write_bytes(path, f->bytes, f->length);
        check_one(ctx, f, path, path);
    }
    unlink(path);
    ssm_context_free(ctx);
    assert_int_equal(n_failures, 0);
}

/* The same through standard input, one byte at a time. */
static void a_pipe_of_single_bytes_gives_the_same_as_a_file(void **state)
{
    ssm_context *ctx;
    (void)state;
    n_failures = 0;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    int saved = dup(STDIN_FILENO);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        int ends[2];
        if (faults[i].outcome == FAIL && strncmp(faults[i].text, "FILE", 4) != 0) continue;
        assert_int_equal(pipe(ends), 0);
        for (size_t k = 0; k < faults[i].length; k++) {
            assert_int_equal(write(ends[1], faults[i].bytes + k, 1), 1); /* fits the pipe's buffer */
        }
        close(ends[1]);
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        check_one(ctx, &faults[i], "-", "standard input");
    }
    dup2(saved, STDIN_FILENO);
    close(saved);
    ssm_context_free(ctx);
    assert_int_equal(n_failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_read_right_or_refused_with_its_place),
        cmocka_unit_test(a_pipe_of_single_bytes_gives_the_same_as_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
