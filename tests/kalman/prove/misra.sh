#!/usr/bin/env bash
# cppcheck's MISRA addon on the filter for control code. Usage: misra.sh FOLDER-WITH-ssmcast_kf PAGE. Prints findings by
# rule; exit status 1 when a rule turns up that PAGE (notebooks-out/embedded_misra.md) does not list, 77 without cppcheck.
set -eu -o pipefail
export LC_ALL=C
amalgamation=$1
page=$2
command -v cppcheck > /dev/null || { echo "cppcheck is not installed"; exit 77; }
found=$(cppcheck --addon=misra --quiet --enable=style --std=c99 --template='{id} {file}:{line}' "$amalgamation/ssmcast_kf.c" 2>&1 |
    sed -n 's/^misra-c2012-\([0-9.]*\) .*/\1/p' | sort -V | uniq -c)
[ -n "$found" ] || { echo "the addon found nothing at all: it did not run"; exit 1; }
echo "$found"
bad=0
for rule in $(echo "$found" | awk '{print $2}'); do
    grep -q "^| $rule |" "$page" || { echo "rule $rule is not on the page"; bad=1; }
done
exit $bad
