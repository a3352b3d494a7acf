#!/usr/bin/env bash
# Frama-C's deductive proof (WP with RTE) of small functions of the filter for control code, for any sizes: contracts.sed
# puts their contracts into a copy. Floating-point numbers count as reals; NaN and infinity are the part of prove.sh.
# Usage: deduce.sh FOLDER-WITH-ssmcast_kf. Prints the goals proved; exit status 1 when one is left, 77 without tools.
set -eu -o pipefail
export LC_ALL=C
amalgamation=$1
here=$(cd "$(dirname "$0")" && pwd)
for tool in frama-c why3 z3 cvc4; do
    command -v $tool > /dev/null || { echo "$tool is not installed (apt-get install frama-c-base why3 z3 cvc4)"; exit 77; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sed -E -f "$here/contracts.sed" "$amalgamation/ssmcast_kf.c" > "$scratch/marked.c"
functions=$(sed -n 's/^\/\^static.* \\\{0,1\}\**\(ssm_[a-z_]*\)\\(.*\/i\\$/\1/p' "$here/contracts.sed" | sort -u | paste -s -d ,)
frama-c -wp -wp-rte -wp-model Typed+real -wp-prover z3,cvc4 -wp-timeout 20 -warn-special-float none \
    -cpp-extra-args="-I$amalgamation -DSSM_KF_SCALAR" -wp-fct "$functions" "$scratch/marked.c" > "$scratch/report" 2>&1 || true
goals=$(sed -n 's/^\[wp\] Proved goals: *\([0-9]*\) \/ \([0-9]*\).*/\1 of \2/p' "$scratch/report")
echo "${functions//,/, }: ${goals:-no} goals proved"
[ -n "$goals" ] && [ "${goals% of *}" -eq "${goals#* of }" ] || { grep -A2 -E 'Timeout|Unknown|Failed' "$scratch/report"; exit 1; }
