# Rows at times of their own, from file to forecast and report.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
complain() { echo "$*" >&2; failed=1; }

# 200 rows of a straight line in time, minutes apart that never repeat a pattern; the last row is at minute 6183
awk 'BEGIN { print "time,v"; m = 0
    for (i = 0; i < 200; i++) {
        m += 7 + (i * i * 13) % 49
        printf "2024-01-%02dT%02d:%02d,%.6f\n", 1 + int(m / 1440), int(m / 60) % 24, m % 60, 10 + 0.01 * m
    } }' > "$folder/rows.csv"
last=$(tail -1 "$folder/rows.csv" | cut -d, -f1)

"$SSMCAST" inspect "$folder/rows.csv" > "$folder/inspect" 2> "$folder/warning" || complain "inspect failed"
grep -q '^interval   irregular, typically .*; 200 rows keep their times$' "$folder/inspect" ||
    complain "inspect does not say that the rows are irregular: $(cat "$folder/inspect")"
grep -q "to $last:00, written" "$folder/inspect" || complain "inspect does not end with $last"
grep -q 'the rows are irregular.*--step' "$folder/warning" || complain "no warning names --step"

# the model that is chosen goes on along the line, at the typical distance
"$SSMCAST" forecast "$folder/rows.csv" --horizon 2 --format csv > "$folder/forecast" 2> "$folder/note" ||
    complain "forecast failed: $(cat "$folder/note")"
grep -q 'auto: continuous chosen' "$folder/note" || complain "not the model in continuous time: $(cat "$folder/note")"
step=$("$SSMCAST" inspect "$folder/rows.csv" --format json 2> /dev/null | sed -n 's/.*"interval": "\([0-9]*\) min".*/\1/p')
awk -F, -v step="$step" -v last="$last" 'NR > 1 {
        split($2, t, /[-T:]/); split(last, l, /[-T:]/)
        ahead = (t[3] - l[3]) * 1440 + (t[4] - l[4]) * 60 + t[5] - l[5]
        if (ahead != (NR - 1) * step) { print "row " NR - 1 " is " ahead " min ahead, not " (NR - 1) * step; exit 1 }
        m = (t[3] - 1) * 1440 + t[4] * 60 + t[5]
        if ($3 - 10 - 0.01 * m > 0.01 || $3 - 10 - 0.01 * m < -0.01) { print "off the line: " $0; exit 1 }
    }' "$folder/forecast" >&2 || complain "the forecast is not where it should be"

# a model that needs a grid says so; with a grid it works
"$SSMCAST" forecast "$folder/rows.csv" --model drift > /dev/null 2> "$folder/refused"
[ $? -eq 2 ] || complain "a model on a grid was not refused"
grep -q 'keeps no grid of times' "$folder/refused" || complain "the refusal does not say why"
"$SSMCAST" forecast "$folder/rows.csv" --model drift --step '30 min' > /dev/null 2>&1 || complain "--step does not help"
"$SSMCAST" forecast "$SOURCE/datasets/nile.csv" --model drift --step irregular > /dev/null 2>&1
[ $? -eq 2 ] || complain "--step irregular does not keep the rows' own times"

# a saved model does not mind where the next rows stand
"$SSMCAST" fit "$folder/rows.csv" --model continuous --output "$folder/model" > /dev/null 2>&1 || complain "fit failed"
sed '2,50d' "$folder/rows.csv" > "$folder/later.csv"
"$SSMCAST" forecast "$folder/later.csv" --load "$folder/model" --horizon 2 --quiet > "$folder/again" 2> "$folder/loaded" ||
    complain "load: $(cat "$folder/loaded")"
grep -q 'was fitted on' "$folder/loaded" && complain "a warning of steps that are none: $(cat "$folder/loaded")"

# every row is smoothed at its own time, by a model that can
"$SSMCAST" filter "$folder/rows.csv" > "$folder/smoothed" 2> "$folder/note" ||
    complain "filter failed: $(cat "$folder/note")"
grep -q ' continuous: ' "$folder/note" || complain "filter took another model: $(cat "$folder/note")"
cut -d, -f1 "$folder/rows.csv" | sed '1d; s/$/:00/' > "$folder/times"
sed 1d "$folder/smoothed" | cut -d, -f2 | cmp -s - "$folder/times" || complain "filter shows other times"

# rows are compared at the times at which they came: the line is forecast without an error
"$SSMCAST" compare "$folder/rows.csv" --models continuous,naive --horizon 5 --output "$folder/report" --format json \
    > "$folder/compare" 2> /dev/null || complain "compare failed"
grep -q '^continuous forecasts v best' "$folder/compare" || complain "compare: $(head -3 "$folder/compare")"
exit $failed
