# Exogenous columns as a user gives them: what is future, what is missing, who uses them.
set -eu -o pipefail
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "$*"
    exit 1
}

ends() {
    local wanted=$1 status=0
    shift
    "$@" > out 2> err || status=$?
    [ "$status" = "$wanted" ] || fail "status $status instead of $wanted: $* $(cat out err)"
}

says() { grep -qF -- "$2" "$1" || fail "\"$2\" is not in $1: $(cat "$1")"; }

# load = 100 - 5 * warmth + 30 on holidays, and a little more; six days are still to come
awk 'BEGIN { print "date,load,warmth,holiday"
    for (t = 0; t < 106; t++) {
        warmth = 15 + 8 * sin(t / 9.0); holiday = t * t * 7 % 101 < 12; rest = (t * 7919 % 13 - 6) / 10
        printf "2021-%02d-%02d,%s,%.4f,%d\n", 1 + int(t / 28), 1 + t % 28,
               t < 100 ? 100 - 5 * warmth + 30 * holiday + rest : "", warmth, holiday } }' > all.csv
# months of 28 days: leave the gaps out by numbering the rows
cut -d, -f2- all.csv > load.csv

ends 0 "$SSMCAST" forecast load.csv --exogenous warmth,holiday --model kalman --set log=off --set cycle=off
[ "$(wc -l < out)" = 7 ] || fail "six rows are to be forecast: $(cat out)"
says err "exogenous_warmth -4.99"
says err "exogenous_holiday 30"
awk -F, 'NR > 1 { t = 98 + NR; warmth = 15 + 8 * sin(t / 9.0); truth = 100 - 5 * warmth + 30 * (t * t * 7 % 101 < 12)
    if ($3 - truth > 1.5 || truth - $3 > 1.5) { print "row " NR ": " $3 " instead of " truth; bad = 1 } }
    END { exit bad }' out || fail "the forecast does not follow the columns"

# a model that learns from windows takes the effect off first
ends 0 "$SSMCAST" forecast load.csv --exogenous warmth,holiday --model linear
awk -F, 'NR > 1 { t = 98 + NR; warmth = 15 + 8 * sin(t / 9.0); truth = 100 - 5 * warmth + 30 * (t * t * 7 % 101 < 12)
    if ($3 - truth > 1.5 || truth - $3 > 1.5) { print "row " NR ": " $3 " instead of " truth; bad = 1 } }
    END { exit bad }' out || fail "linear does not follow the columns"

# they may be chosen beside --column, by number, and are no series of their own then
ends 0 "$SSMCAST" forecast load.csv --column load --exogenous 2,3 --model kalman --horizon 2
[ "$(cut -d, -f1 out | sort -u | tr '\n' ' ')" = "load series " ] || fail "series: $(cat out)"

# a column known only up to now leads the series by three rows
awk 'BEGIN { print "flow,rain"; for (t = 0; t < 150; t++) { rain[t] = t * t * 7919 % 1009 / 100
    printf "%.4f,%.4f\n", 20 + (t < 3 ? 0 : 4 * rain[t - 3]) + (t * 31 % 7) / 10, rain[t] } }' > river.csv
follows() {
    awk -F, 'NR > 1 { t = 148 + NR - 3; truth = 20.3 + 4 * (t * t * 7919 % 1009) / 100
        if ($3 - truth > 2 || truth - $3 > 2) { print "row " NR ": " $3 " instead of " truth; bad = 1 } }
        END { exit bad || NR != 4 }' out || fail "$1 does not follow the rain"
}
ends 0 "$SSMCAST" forecast river.csv --exogenous rain@3 --model kalman
follows kalman
ends 0 "$SSMCAST" forecast river.csv --column flow --exogenous 2@3 --model linear --horizon 3
follows linear
ends 0 "$SSMCAST" forecast river.csv --exogenous rain@3,rain@4 --model linear --horizon 3
follows "linear with two lags"
ends 0 "$SSMCAST" compare river.csv --exogenous rain@3 --models linear,naive --horizon 3 --format json --output r
says out "linear is best"
ends 1 "$SSMCAST" forecast river.csv --exogenous rain@3 --model kalman --horizon 4
says err "exogenous values for 3 future rows only"
ends 2 "$SSMCAST" forecast river.csv --exogenous rain@3,rain@3 --model kalman
says err "named twice"
ends 2 "$SSMCAST" forecast river.csv --exogenous rain@9999999 --model kalman
says err "9999999"
ends 2 "$SSMCAST" forecast river.csv --exogenous rain@x --model kalman
says err 'rain@x'
sed '51s/,.*/,/' river.csv > hole.csv
ends 2 "$SSMCAST" forecast hole.csv --exogenous rain@3 --model kalman
says err 'hole.csv: exogenous column "rain" has no value at row 50'

# fit and load; compare
ends 0 "$SSMCAST" fit load.csv --exogenous warmth,holiday --model kalman --output m.safetensors
ends 0 "$SSMCAST" forecast load.csv --exogenous warmth,holiday --load m.safetensors
[ "$(wc -l < out)" = 7 ] || fail "six rows are to be forecast: $(cat out)"
ends 0 "$SSMCAST" compare load.csv --exogenous warmth,holiday --models kalman,naive --horizon 3 --format json --output r
says out "kalman is best"

# what cannot be
ends 2 "$SSMCAST" forecast load.csv --exogenous warmht --model kalman
says err 'did you mean "warmth"'
ends 2 "$SSMCAST" forecast load.csv --exogenous warmth,warmth --model kalman
says err "named twice"
ends 2 "$SSMCAST" forecast load.csv --exogenous load,warmth,holiday --model kalman
says err "no column is left"
ends 1 "$SSMCAST" forecast load.csv --exogenous warmth --model kalman --horizon 7
says err "exogenous values for 6 future rows only"
ends 1 "$SSMCAST" forecast load.csv --exogenous holiday --load m.safetensors
says err "fitted with 2"
sed '51s/,[^,]*,/,,/' load.csv > hole.csv
ends 2 "$SSMCAST" forecast hole.csv --exogenous warmth --model kalman
says err 'hole.csv: exogenous column "warmth" has no value at row 50'

# a model that does not look at them says so
ends 0 "$SSMCAST" forecast load.csv --exogenous warmth --model naive --horizon 2
says err '"naive" does not use exogenous columns'
