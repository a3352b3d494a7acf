# `ssmcast stream`: lines at once, the same bytes after a break, memory that stays flat, a gate that gives way when the
# level moves, and input of every odd kind.
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
stream() { # arguments; input on standard input; leaves status, out, err
    status=0
    "$SSMCAST" stream "$@" > out 2> err || status=$?
}
exits() { [ "$status" = "$1" ] || wrong "$2: exit status $status, expected $1; it said: $(head -c 300 err)"; }
says() { grep -E -- "$1" err > /dev/null || wrong "$2: standard error has no \"$1\": $(head -c 300 err)"; }
same() { cmp -s "$1" "$2" || wrong "$3: $(diff "$1" "$2" | head -5)"; }

head -n 81 "$nile" > history.csv
{ head -n 1 "$nile"; tail -n 20 "$nile"; } > rest.csv
tail -n 20 "$nile" > bare.csv

# Values of the books: local level of the Nile, one-step forecast of 1872 and its variance 31667.1.
stream --system "$system" < "$nile"
exits 0 "the Nile"
[ "$(wc -l < out)" = 101 ] || wrong "the Nile: $(wc -l < out) lines"
[ "$(sed -n 3p out)" = 1872-01-01,1160,1120,771.2194664,1468.780534,0.2247790568,0 ] || wrong "the Nile: $(sed -n 3p out)"

# With and without header, with other columns in another order, with CR LF, and without a last line end: the same.
stream history.csv --model kalman < rest.csv
exits 0 "with a history"
cp out whole
stream history.csv --model kalman < bare.csv
same out whole "a stream without a header"
sed 's/$/\r/' rest.csv | head -c -2 > crlf.csv
stream history.csv --model kalman < crlf.csv
same out whole "CR LF and no end of the last line"
awk -F, -v OFS=, 'NR == 1 { print "note", $2, $1; next } { print "x", $2, $1 }' rest.csv > turned.csv
stream history.csv --model kalman < turned.csv
same out whole "columns in another order"
stream --like history.csv --system "$system" < bare.csv
[ "$(wc -l < out)" = 21 ] || wrong "--like: $(wc -l < out) lines"

# A model file instead of a history.
"$SSMCAST" fit history.csv --model kalman --output nile.safetensors > /dev/null 2>&1
stream history.csv --load nile.safetensors < rest.csv
same out whole "--load"

# Interrupted and resumed: the same bytes as in one go, also when what had been seen comes again.
head -n 8 rest.csv > early.csv
tail -n 13 rest.csv > late.csv
stream history.csv --model kalman --state state --save-every 3 < early.csv
cp out first
stream --state state < late.csv
cat first out > joined
same joined whole "after a break"
stream history.csv --model kalman --state again < early.csv
stream --state again < rest.csv
cat first out > joined
same joined whole "after a break, everything once more"
says 'seen before' "after a break, everything once more"
stream --state absent/state --system "$system" < early.csv
exits 2 "a state that cannot be written"
printf 'no state' > broken
stream --state broken < early.csv
exits 2 "a broken state"
says broken "a broken state"
stream --state nile.safetensors < early.csv
exits 2 "a model file as state"

# A trained network whose state is carried, mid-token and with a gap: the same bytes after every break.
wave() { awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i <= to; i++) print 1700000000 + 3600 * i "," (i == 333 ? "" : 30 + 9 * sin(i * 0.2618) + 4 * sin(i / 31) + (i * i * 7919) % 13 / 4) }'; }
{ echo time,load; wave 0 319; } > wave.csv
wave 320 359 > more.csv
carried="--model mamba --set state=carried --set lookback=48 --set patch=8 --set stride=8 --set width=8
    --set hidden=8 --set windows=6000 --set rate=0.01 --set skip=last"
stream wave.csv $carried < more.csv
exits 0 "a carried network"
says 'its state carried' "a carried network"
cp out wave.whole
stream wave.csv $carried --state carried.state < <(head -n 5 more.csv)
cp out joined
for i in 6 15 28; do
    stream --state carried.state < <(head -n $i more.csv)
    exits 0 "a carried network, after a break"
    cat out >> joined
done
stream --state carried.state < more.csv
cat out >> joined
same joined wave.whole "a carried network, after breaks"
stream wave.csv $carried --set bidirectional=true < more.csv
exits 2 "a network that looks ahead"
says 'cannot be carried' "a network that looks ahead"

# At once, line by line; SIGTERM saves the state.
mkfifo pipe
"$SSMCAST" stream history.csv --model kalman --state stopped < pipe > out 2> err &
child=$!
exec 3> pipe
head -n 8 rest.csv >&3
for _ in $(seq 100); do [ "$(wc -l < out)" -lt 8 ] || break; sleep 0.1; done
[ "$(wc -l < out)" = 8 ] || wrong "8 lines in, $(wc -l < out) out while the input is open"
kill -TERM "$child"
status=0
wait "$child" || status=$?
exec 3>&-
exits 130 "SIGTERM"
same out first "lines before SIGTERM"
stream --state stopped < late.csv
cat first out > joined
same joined whole "after SIGTERM"

# Memory does not grow from row 1000 to row 100000.
long() { awk -v from="$1" -v to="$2" 'BEGIN { srand(1); for (i = from; i <= to; i++) print 1700000000 + 60 * i "," 10 * sin(i / 9) + i % 7 "," i % 11 }'; }
{ echo time,load,temperature; long 0 400; } > long.csv
"$SSMCAST" stream long.csv --model kalman --save-every 20000 --state long.state < pipe > out 2> err &
child=$!
exec 3> pipe
memory() { awk '/^VmHWM/ { print $2 }' "/proc/$child/status"; }
await() { for _ in $(seq 600); do [ "$(wc -l < out)" -lt "$1" ] || return 0; sleep 0.1; done; wrong "$(wc -l < out) lines, not $1"; }
long 401 1400 >&3
await 1001
if [ -r "/proc/$child/status" ]; then
    before=$(memory)
    long 1401 100400 >&3
    await 100001
    after=$(memory)
    # a state that is written takes a little; 99000 rows of one byte each would be 97 KiB and more
    [ $((after - before)) -le 512 ] || case "$("$SSMCAST" --version)$(ldd "$SSMCAST")" in
    *asan* | *tsan* | *ubsan*) ;;
    *) wrong "memory grew from $before to $after KiB" ;;
    esac
fi
exec 3>&-
wait "$child" || wrong "the long stream failed: $(head -c 300 err)"

# The gate: one wild value is missing, a level that moved is taken in from the third.
printf 'value\n%s\n' "$(for i in $(seq 30); do echo $((10 + i * 7 % 5)); done)" > steady.csv
printf 'value\n12\n900\n12\n13\n' > wild.csv
stream steady.csv --period 0 --model kalman --gate 5 < wild.csv
[ "$(cut -d, -f7 out | paste -sd' ')" = "value.gate 0 1 0 0" ] || wrong "one wild value: $(cut -d, -f7 out | paste -sd' ')"
[ "$(sed -n 3p out | cut -d, -f2)" = 900 ] || wrong "a gated value is not shown"
printf 'value\n12\n900\n901\n902\n900\n901\n' > moved.csv
stream steady.csv --period 0 --model kalman --gate 5 --reacquire 3 < moved.csv
[ "$(cut -d, -f7 out | head -n 5 | paste -sd' ')" = "value.gate 0 1 1 2" ] || wrong "a moved level: $(cut -d, -f7 out | paste -sd' ')"

# Rows that the times leave out are missing: the interval is wider than without a gap, as wide as with an empty row.
printf 'date,flow\n1951-01-01,900\n1953-01-01,900\n' > gap.csv
printf 'date,flow\n1951-01-01,900\n1952-01-01,\n1953-01-01,900\n' > empty_row.csv
stream history.csv --model kalman < gap.csv
cp out gap
stream history.csv --model kalman < empty_row.csv
sed 3d out > without
same gap without "a gap"

# Rows at times of their own are expected at their time: the wider the longer the gap; and after a break the same.
uneven() { awk -v from="$1" -v to="$2" 'BEGIN { t = 1700000000; for (i = 0; i < to; i++) { t += 600 + (i * i * 7919) % 5000; if (i >= from) print t "," 20 + i % 7 + (i * 31 % 11) / 5 } }'; }
{ echo time,load; uneven 0 200; } > uneven.csv
{ echo time,load; uneven 200 230; } > more.csv
stream uneven.csv < more.csv
exits 0 "times of their own"
cp out whole
paste -d, <(tail -n +2 out) <(uneven 199 229) | awk -F, '{ print ($1 - $8), $5 - $4 }' | sort -n > widths
[ "$(awk 'NR > 1 && $2 < last { n++ } { last = $2 } END { print n + 0 }' widths)" -le 6 ] || wrong "longer gaps do not mean wider bands"
awk 'NR == 1 { first = $2 } END { exit !($2 > 1.02 * first) }' widths || wrong "the widest gap has no wider band: $(head -1 widths; tail -1 widths)"
stream uneven.csv --state uneven.state < <(head -n 11 more.csv)
cp out first
stream --state uneven.state < more.csv
cat first out > joined
same joined whole "times of their own, after a break"
stream uneven.csv --model kalman < more.csv
exits 2 "a model that wants a grid"

# Several columns, jointly and each for itself; forecasts behind.
{ echo t,a,b; for i in 1 2 3 4 5 6; do echo "$i,$i.5,$((10 + i))"; done; } > two.csv
stream two.csv --system "$SOURCE/tests/examples/two_sensors.json" --horizon 2 < two.csv
exits 0 "two sensors"
[ "$(head -n 1 out | tr ',' '\n' | wc -l)" = 25 ] || wrong "two sensors: $(head -n 1 out)"
stream two.csv --system "$system" < two.csv
exits 2 "two columns for a system of one"
says 'system of 1 series, not of 2' "two columns for a system of one"

# Odd input.
odd() { # STATUS, PATTERN or empty, input, arguments
    local wanted=$1 pattern=$2 input=$3
    shift 3
    printf "$input" > odd.csv
    stream --system "$system" "$@" < odd.csv
    exits "$wanted" "$input"
    [ -z "$pattern" ] || says "$pattern" "$input"
}
odd 2 'empty input' ''
odd 2 'no data rows' 'value\n'
odd 0 '' 'value\n5\n'
odd 0 '' '5'
odd 0 '' 'value\n5\nNaN\n\n7\n'
odd 0 '' 'value\n1e300\n-1e300\n'
odd 2 'standard input:3:1: "x" in column "value"' 'value\n5\nx\n7\n'
odd 2 'standard input:3:3: found 3 fields where 2' 'time,value\n2024-01-01,5\n2024-01-02,6,7\n'
odd 0 'warning: standard input:3' 'value\n5\nx\n7\n' --skip-bad
odd 2 'too large' 'value\n5\n1e999\n'
odd 2 'not a finite' 'value\n5\ninf\n'
odd 2 'not after' 'time,value\n2024-01-01,5\n2024-01-03,6\n2024-01-02,6\n' --step '1 d'
odd 2 'gzip' '\037\213\010'
stream < rest.csv
exits 2 "nothing to learn from"
stream two.csv --exogenous b < two.csv
exits 2 "exogenous columns"
says 'no exogenous' "exogenous columns"
stream history.csv --model linear < rest.csv
exits 2 "a model that is not online"
says 'row by row' "a model that is not online"
stream history.csv --model kalman < /dev/null
exits 0 "no rows after a history"
stream "$system.absent" < rest.csv
exits 2 "an absent history"

# A reader that has seen enough is not worth a word; a full device is.
({ head -n 1 "$nile"; for _ in $(seq 3000); do tail -n +2 "$nile"; done; } | "$SSMCAST" stream --quiet --time-column none --system "$system" --column flow 2> err || true) | head -n 3 > out
[ ! -s err ] || wrong "a closed pipe: $(head -c 300 err)"
if "$SSMCAST" stream --system "$system" < "$nile" > /dev/full 2> err; then wrong "a full device: exit status 0"; fi
says 'cannot write' "a full device"

[ "$failures" = 0 ] || { echo "$failures failures"; exit 1; }
