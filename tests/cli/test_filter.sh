# `ssmcast filter`: smoothed values of the books, imputation that leaves alone what is there, components that add up,
# the rows that stand out, in every format; and input of every odd kind.
. "$(dirname "$0")/../guard.sh"
[ -x "$SSMCAST" ] || skip "the command is not built"
cd "$fixture"
nile=$SOURCE/datasets/nile.csv
system=$SOURCE/tests/examples/nile.json
failures=0

wrong() {
    echo "$*"
    failures=$((failures + 1))
}
filter() { # arguments; leaves status, out, err
    status=0
    "$SSMCAST" filter "$@" > out 2> err < /dev/null || status=$?
}
exits() { [ "$status" = "$1" ] || wrong "$2: exit status $status, expected $1; it said: $(head -c 300 err)"; }
says() { grep -E -- "$2" "$1" > /dev/null || wrong "$3: $1 has no \"$2\": $(head -c 300 "$1")"; }
line() { [ "$(sed -n "$1p" out)" = "$2" ] || wrong "line $1 is $(sed -n "$1p" out), not $2"; }

# Durbin & Koopman (2012), local level of the Nile: statsmodels and KFAS give 1111.668319 and 798.370293.
filter "$nile" --system "$system" --horizon 2
exits 0 "smoothing"
line 1 'series,timestamp,value,smoothed,lo-95,hi-95,sd'
line 2 'flow,1871-01-01,1120,1111.668319,987.2120268,1236.124611,63.49927513'
[ "$(sed -n 101p out | cut -d, -f4)" = 798.3702926 ] || wrong "the last level is $(sed -n 101p out)"
# behind the history a value observed there: variance 20600.257942 (tests/examples/local_level.c)
[ "$(sed -n 102p out | awk -F, '{ print $3 "|" $4 "|" (sqrt(20600.257942) - $7 < 1e-4 && $7 - sqrt(20600.257942) < 1e-4) }')" = '|798.3702926|1' ] ||
    wrong "the forecast is $(sed -n 102p out)"
[ "$(wc -l < out)" = 103 ] || wrong "$(wc -l < out) lines"

# The two findings of the Nile (section 2.12.2): the dam of 1899 and the odd year 1913.
filter "$nile" --system "$system" --outliers
exits 0 "outliers"
[ "$(tail -n +2 out | cut -d, -f2,3 | paste -sd';')" = '1899-01-01,level shift;1913-01-01,outlier' ] || wrong "outliers: $(cat out)"
filter "$nile" --system "$system" --outliers --threshold 3.1
[ "$(wc -l < out)" = 2 ] || wrong "a higher threshold: $(cat out)"
filter "$nile" --system "$system" --outliers --threshold 9 --format json
exits 0 "no outliers"
says out '"rows": \[\]' "no outliers"

# Imputation: what is there keeps its digits, what is not has a value between its neighbours' and a standard error.
sed 's/^1900-01-01,.*/1900-01-01,NA/; s/^1901-01-01,.*/1901-01-01,874.123456789012/; /^1905/d' "$nile" > holes.csv
filter holes.csv --system "$system" --impute
exits 0 "imputation"
line 1 'timestamp,flow,flow.se,flow.imputed'
line 32 '1901-01-01,874.123456789012,0,0'
[ "$(grep -c ',1$' out)" = 2 ] || wrong "imputation marks $(grep -c ',1$' out) rows"
grep -E '^1905-01-01,8[0-9]{2}\.[0-9]+,1[0-9]{2}\.' out > /dev/null || wrong "the year that was left out: $(grep 1905 out)"
grep -v ',1$' out | cut -d, -f1,2 | tail -n +2 > kept
grep -E '^18|^19' holes.csv | grep -v NA > had
cmp -s kept had || wrong "imputation changes values: $(diff kept had | head -3)"

# Components add up to the signal, and with the irregular to the value; a fitted model comes back from its file.
filter "$SOURCE/datasets/air_passengers.csv" --system "$system" --decompose --save air.safetensors
exits 0 "components"
awk -F, 'NR > 1 && ($4 - $6 > 1e-6 || $6 - $4 > 1e-6 || $3 - $4 - $8 > 1e-5 || $4 + $8 - $3 > 1e-5) { exit 1 }' out || wrong "components do not add up"
cp out first
filter "$SOURCE/datasets/air_passengers.csv" --load air.safetensors --decompose
cmp -s out first || wrong "--load gives other components"

# Several columns jointly: one level, seen twice.
{ echo date,a,b; for i in 1 2 3 4 5 6 7 8; do echo "2024-01-0$i,$((i * 2)),$((10 + i * 2))"; done; } > two.csv
filter two.csv --system "$SOURCE/tests/examples/two_sensors.json" --decompose
exits 0 "two sensors"
line 1 'series,timestamp,value,signal,signal.sd,level,level.sd,slope,slope.sd,irregular'
awk -F, '$1 == "a" { a[$2] = $4 } $1 == "b" && ($4 - a[$2] - 10 > 1e-9 || a[$2] + 10 - $4 > 1e-9) { exit 1 }' out || wrong "two sensors differ by other than 10"

# Formats, files, pictures.
filter "$nile" --system "$system" --format text
says out '^series +timestamp +value +smoothed' "text"
filter "$nile" --system "$system" --format json --horizon 1
says out '"schema": "ssmcast-filter-1"' json
says out '"value": null' json
filter "$nile" --system "$system" --output out.csv
[ ! -s out ] && [ "$(wc -l < out.csv)" = 101 ] || wrong "--output"
cp "$nile" own.csv
filter own.csv --system "$system" --output own.csv
exits 2 "the input as output"
if "$SSMCAST" filter "$nile" --quiet --system "$system" --plot probe.svg > /dev/null 2>&1; then
    circles() { grep -c 'stroke:none;fill-rule:nonzero;fill:rgb' "$1" || true; }
    filter holes.csv --system "$system" --plot plain.svg
    filter holes.csv --system "$system" --impute --plot holes.svg
    [ "$(circles holes.svg)" -gt "$(circles plain.svg)" ] || wrong "imputed rows are not marked"
    filter two.csv --system "$SOURCE/tests/examples/two_sensors.json" --decompose --plot two.svg
    [ -s two-b.svg ] || wrong "pictures of two columns: $(ls)"
    says two-a.svg 'height="700pt"' "two components"
fi

# The default needs no option.
filter "$nile"
exits 0 "defaults"
[ "$(wc -l < out)" = 101 ] || wrong "defaults: $(wc -l < out) lines"

# Rows at times of their own have a model that takes them.
awk 'BEGIN { print "time,load"; t = 1700000000; for (i = 0; i < 120; i++) { t += 600 + (i * i * 7919) % 5000; print t "," (i % 10 == 4 ? "" : 20 + i % 7 + (i * 31 % 11) / 5) } }' > uneven.csv
filter uneven.csv --impute
exits 0 "times of their own"
[ "$(grep -c ',1$' out)" = 12 ] || wrong "times of their own: $(grep -c ',1$' out) imputed"

# Wrong usage and odd input.
refused() { # PATTERN, arguments
    local pattern=$1
    shift
    filter "$@"
    exits 2 "$*"
    says err "$pattern" "$*"
    [ ! -s out ] || wrong "$*: wrote $(head -c 100 out)"
}
refused 'give one of them' "$nile" --impute --outliers
refused 'no components' "$nile" --model naive
refused 'did you mean "kalman"' "$nile" --model kalmann
refused 'has a model of its own' "$nile" --model kalman --system "$system"
refused 'No such file' "$nile" --system absent.json
refused 'not of 2' two.csv --system "$system"
printf '{"Z": 1,\n "T": [}' > bad.json
refused 'bad\.json:2:8' "$nile" --system bad.json
printf '{"Z": [1, 0], "T": [[1, 1], [0, 1]], "Q": [[1, 2], [2, 1]]}' > bad.json
refused 'bad\.json: matrix "Q", entry \(1, 0\)' "$nile" --system bad.json
: > empty.csv
refused 'empty' empty.csv --system "$system"
printf 'value\n' > header.csv
refused 'no data rows' header.csv --system "$system"
printf 'value\nx\n' > text.csv
refused '' text.csv --system "$system"
printf 'value\n5\n' > one.csv
filter one.csv --system "$system" --horizon 1
exits 0 "one row"
[ "$(wc -l < out)" = 3 ] || wrong "one row: $(cat out)"
printf 'value\n1e300\n-1e300\n1e300\n' > huge.csv
filter huge.csv --system "$system" # far beyond what its variances allow: no likelihood
exits 1 "huge values"
says err 'series "value" failed' "huge values"
printf '{"Z": [1, 0], "T": [[1, 1], [0, 1]], "Q": [[1, 0], [0, 1]], "H": 1}' > trend.json
filter one.csv --system trend.json
exits 1 "one row for two states"
says err 'series "value" failed' "one row for two states"

[ "$failures" = 0 ] || { echo "$failures failures"; exit 1; }
