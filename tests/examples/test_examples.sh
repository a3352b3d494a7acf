#!/usr/bin/env bash
# The examples build with the library's tests; what they print is what README and the books say.
set -eu
fail() { printf '%s\n' "$*" >&2; exit 1; }

got=$("$BUILD/tests/example_local_level")
# Durbin & Koopman (2012) fig. 2.3, statsmodels and KFAS: see tests/kalman/test_reference.c for the digits.
want='loglik -633.464564
level 1871 1111.668319, 1970 798.370293
forecast 1971 798.370293, variance 20600.257942'
[ "$got" = "$want" ] || fail "local_level printed:
$got
and not:
$want"
