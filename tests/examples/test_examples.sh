#!/usr/bin/env bash
# The examples build with the library's tests; what they print is what README and the books say.
set -eu
fail() { printf '%s\n' "$*" >&2; exit 1; }

check() { # NAME; what it must print on standard input
    local got want
    got=$("$BUILD/tests/example_$1")
    want=$(cat)
    [ "$got" = "$want" ] || fail "$1 printed:
$got
and not:
$want"
}

# Durbin & Koopman (2012) fig. 2.3, statsmodels and KFAS: see tests/kalman/test_reference.c for the digits.
check local_level << 'END'
loglik -633.464564
level 1871 1111.668319, 1970 798.370293
forecast 1971 798.370293, variance 20600.257942
END

# Steady variance of the lag: a row after the level's step at row 20 is seen late, and better.
check online << 'END'
row 4: 10.29 then, 10.22 now, sd 0.49
row 9: 10.46 then, 10.16 now, sd 0.48
row 14: 10.19 then, 10.00 now, sd 0.50
row 19: 10.32 then, 11.13 now, sd 0.50
row 24: 12.95 then, 12.86 now, sd 0.48
row 29: 13.27 then, 13.04 now, sd 0.48
row 34: 13.25 then, 12.98 now, sd 0.53
END

# The spoilt row and no other; the error is a third of the observations'.
check pendulum << 'END'
jacobians right
angle off by 0.085, observations by 0.3
missing 50, gated 1
row 400: 9 is not taken in
END

# A break half-way changes nothing; which years of the Nile leave the band is what `ssmcast stream --level 80` says too.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
nile=$SOURCE/datasets/nile.csv
"$BUILD/tests/example_resume" "$nile" > "$folder/whole"
"$BUILD/tests/example_resume" "$nile" "$folder/state" > "$folder/broken"
cmp "$folder/whole" "$folder/broken" || fail "resume: saving and loading the state changes the output"
[ "$(wc -l < "$folder/whole")" -ge 3 ] || fail "resume printed: $(cat "$folder/whole")"
if [ -x "$SSMCAST" ]; then
    head -n 81 "$nile" > "$folder/history.csv"
    tail -n 20 "$nile" | "$SSMCAST" stream --quiet --model kalman --level 80 "$folder/history.csv" |
        awk -F, 'NR > 1 && ($2 < $4 || $2 > $5) { printf "row %d: %.0f, expected %.0f (%.0f to %.0f)\n", NR + 79, $2, $3, $4, $5 }' > "$folder/command"
    cmp "$folder/whole" "$folder/command" || fail "resume and the command differ: $(diff "$folder/whole" "$folder/command")"
fi

# Control code: a motor held against a load that nothing measures; a tilt that a knock does not shake. The speed
# estimated is off by less than 1 rad/s of the 45 that it turns at, and each of the 80 knocks is refused.
check motor << 'END'
load torque -0.0100 Nm, estimated -0.0163
angle within 0.0022 rad of the set point in the last tenth of a second
speed estimated within 0.73 rad/s
END
check tilt << 'END'
angle within 0.23 degrees after ten seconds
bias 0.030 rad/s, estimated 0.030
accelerometer refused 80 times
END
