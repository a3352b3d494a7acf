# The pretrained model through the command: inputs that models stumble over give a sensible forecast or a clear error,
# options reach it, and other weights are read or refused in words.
. "$(dirname "$0")/../guard.sh"
[ -x "$SSMCAST" ] || skip "the command is not built"
cd "$fixture"
failures=0

wrong() {
    echo "$*"
    failures=$((failures + 1))
}

# forecast NAME STATUS [options]: NAME.csv has a column y; leaves the output in out, messages in err.
forecast() {
    name=$1
    expected=$2
    shift 2
    status=0
    "$SSMCAST" forecast "$name.csv" --column y --model zero --horizon 5 "$@" > out 2> err < /dev/null || status=$?
    [ "$status" = "$expected" ] || wrong "$name $*: exit status $status, expected $expected: $(head -c 300 err)"
}
# Every number of the output is one, and there are five rows.
sound() {
    awk -F, 'NR > 1 { for (i = 3; i <= NF; i++) if ($i !~ /^[-+0-9.eE]+$/ || $i + 0 != $i + 0) bad = 1 }
             END { exit bad || NR != 6 }' out || wrong "$name: $(head -c 400 out)"
}
# between LOW HIGH: all means lie there.
between() {
    awk -F, -v low="$1" -v high="$2" 'NR > 1 && ($3 + 0 < low + 0 || $3 + 0 > high + 0) { exit 1 }' out ||
        wrong "$name: means outside [$1, $2]: $(cut -d, -f3 out | tr '\n' ' ')"
}
says() { grep -E -- "$1" err > /dev/null || wrong "$name: no \"$1\" in: $(head -c 300 err)"; }
series() { awk "BEGIN { print \"t,y\"; for (t = 1; t <= $1; t++) { $2; print t \",\" y } }" > "$3.csv"; }

series 1 'y = 7' one_point
series 60 'y = 42' constant
series 60 'y = t == 30 ? 43 : 42' one_spike
series 200 'y = t > 100 ? 1000 : 10' step
series 200 'y = t % 10 == 0 ? 5 : 0' pulses
series 80 'y = (t % 2 ? 1 : -1) * 1e300' huge
series 80 'y = 1e-300 * (t % 7)' tiny
series 80 'y = 1e9 + t % 5' high_level
series 80 'y = 1e15 + t % 5' nearly_constant
series 80 'y = t < 80 ? "" : 3' all_but_one_missing
series 20 'y = ""' all_missing
series 20 'y = "word" t' text
series 3000 'y = 10 + sin(t / 4)' longer_than_the_context
: > empty.csv

forecast one_point 0; sound; between 6 8
forecast constant 0; sound; between 41.9 42.1
forecast one_spike 0; sound; between 41 43
forecast step 0; sound; between 800 1200
forecast pulses 0; sound; between -1 6
forecast huge 0; sound
forecast tiny 0; sound; between -1e-300 8e-300
forecast high_level 0; sound; between 999999999 1000000005
forecast nearly_constant 0; sound; between 0.999e15 1.001e15
forecast all_but_one_missing 0; sound; between 2 4
forecast longer_than_the_context 0; sound; between 8.5 11.5
for name in all_missing text empty; do
    forecast "$name" 2
    [ -s err ] && [ ! -s out ] || wrong "$name: no message, or output beside an error"
done

# Options are reached, and levels beyond the nine learned ones come out in order.
series 300 'y = 50 + 10 * sin(t / 3.8) + (t * 7919 % 13) / 6' wave
forecast wave 0; cp out plain
for option in context=64 flip=true period=7 calibrate=true precision=int8; do
    forecast wave 0 --set "$option"; sound
    ! cmp -s out plain || wrong "--set $option changes nothing"
done
forecast wave 0 --quantiles 0.001,0.05,0.5,0.95,0.999; sound
awk -F, 'NR > 1 { for (i = 5; i <= NF; i++) if (!($i + 0 > $(i - 1) + 0)) exit 1 }' out || wrong "quantiles do not ascend"

# Weights of one's own.
weights=$SOURCE/datasets/pretrained/ssmcast-zero-3m.safetensors
forecast wave 0 --weights "$weights"
cmp -s out plain || wrong "the file of weights forecasts otherwise than the library"
forecast wave 0 --set "weights=$weights"
cmp -s out plain || wrong "--set weights= is not --weights"
"$SSMCAST" forecast wave.csv --column y --horizon 5 --weights "$weights" > out 2> err || wrong "weights alone are refused"
cmp -s out plain || wrong "--weights without --model does not forecast with them"
forecast wave 2 --weights no-such-file; says 'no-such-file'
head -c 100000 "$weights" > cut.safetensors
forecast wave 2 --weights cut.safetensors; says 'cut.safetensors'
printf 'not weights' > not.safetensors
forecast wave 2 --weights not.safetensors; says 'not.safetensors'
"$SSMCAST" forecast wave.csv --column y --model naive --weights "$weights" > out 2> err && wrong "naive takes weights"
says weights

exit "$((failures > 0))"
