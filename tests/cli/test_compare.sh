# `ssmcast compare` as a user runs it: what it prints, what it writes, how it ends.
set -eu -o pipefail
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
air=$SOURCE/datasets/air_passengers.csv

fail() {
    echo "$*"
    exit 1
}

# ends STATUS command...: the command has to end with this status; its output is left in out and err
ends() {
    local wanted=$1 status=0
    shift
    "$@" > out 2> err || status=$?
    [ "$status" = "$wanted" ] || fail "status $status instead of $wanted: $* $(cat out err)"
}

says() { grep -qF -- "$2" "$1" || fail "\"$2\" is not in $1: $(cat "$1")"; }

# three reports, named on the standard output, nothing on standard error
ends 0 "$SSMCAST" compare "$air" --models naive,seasonal_naive --horizon 6,12 --output r
for suffix in html md json; do
    [ -s "r.$suffix" ] || fail "r.$suffix was not written"
    grep -qx "r.$suffix" out || fail "r.$suffix is not named"
done
[ ! -s err ] || fail "standard error: $(cat err)"
says out 'Horizon 12 (1 year)'
says r.html "ssmcast compare"
says r.html "$(sha256sum < "$air" | cut -d' ' -f1)"
if find . -name '*.part*' -o -name '*.tmp*' | grep .; then fail "something was left behind"; fi

# without a horizon: the season of the data and two of it; only the format asked for; into a folder
mkdir folder
ends 0 "$SSMCAST" compare "$air" --models naive,mean --format json --output folder
says folder/air_passengers-comparison.json '"horizon": 12'
[ "$(ls folder)" = air_passengers-comparison.json ] || fail "more than asked was written: $(ls folder)"

# one model twice, told apart by its label
ends 0 "$SSMCAST" compare "$air" --models naive,naive:again --horizon 3 --format json --output twice
says twice.json '"label": "naive:again"'
says out 'Their errors are the same'

# mistakes end before anything runs and name what is wrong
ends 2 "$SSMCAST" compare "$air" --models naive,seasonal_naiv --output bad
says err 'did you mean "seasonal_naive"'
ends 2 "$SSMCAST" compare "$air" --models naive,naive --output bad
says err 'stands there twice'
ends 2 "$SSMCAST" compare "$air" --models naive --set naive.nothing=1 --output bad
says err 'nothing'
ends 2 "$SSMCAST" compare "$air" --models naive --set mean.x=1 --output bad
says err '"mean" is not among the models compared'
ends 2 "$SSMCAST" compare "$air" --models naive --set level --output bad
says err 'is not MODEL.NAME=VALUE'
ends 2 "$SSMCAST" compare "$air" --models naive --format pdf --output bad
says err 'html, md, json'
ends 2 "$SSMCAST" compare "$air" --models naive --metric accuracy --output bad
says err '"accuracy"'
ends 2 "$SSMCAST" compare "$air" --models naive --horizon 200 --output bad
says err 'too few'
ends 2 "$SSMCAST" compare no-such-file.csv --output bad
if ls bad* 2> /dev/null; then fail "a failed run wrote something"; fi

# the same run gives the same report, but for what was measured
ends 0 "$SSMCAST" compare "$air" --models naive,seasonal_naive --horizon 12 --format json --output same
sed '/"cost": {/,$d' same.json > first
ends 0 "$SSMCAST" compare "$air" --models naive,seasonal_naive --horizon 12 --format json --output same
sed '/"cost": {/,$d' same.json > second
cmp first second || fail "two runs differ"

ends 0 "$SSMCAST" compare --help
says out 'Exit status 1'

# a trained model shows how its loss went, in the report and when it is fitted
awk 'BEGIN { print "y"; for (t = 0; t < 400; t++) print 50 + 9 * sin(t / 3.7) + (t * 7919 % 23) / 9 }' > wave.csv
if "$SSMCAST" fit wave.csv --model dlinear --horizon 4 --set windows=2000 --set lookback=24 --output w --plot w.svg > out 2> err; then
    says w.svg "<svg"
    ends 0 "$SSMCAST" fit wave.csv --model naive --output w --plot none.svg
    says err 'trained nothing'
    [ ! -e none.svg ] || fail "a curve of nothing"
else
    says err "this build has no plots"
fi
ends 0 "$SSMCAST" compare wave.csv --models naive,dlinear --set dlinear.windows=2000 --horizon 4 --format json --output t
says t.json '"validation"'
