#!/usr/bin/env bash
# codegen: from a CSV to a compiled filter; the same bytes each time; the compiled filter in double says what the
# library's does, in single it keeps the certificate; what cannot be generated is refused with status 2.
set -eu -o pipefail
export LC_ALL=C
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
fail() { printf '%s\n' "$*" >&2; exit 1; }
refused() { # PATTERN ARGUMENTS: status 2 and a message
    local pattern=$1 status=0
    shift
    "$SSMCAST" "$@" > out.txt 2> err.txt || status=$?
    [ "$status" -eq 2 ] || fail "status $status of ssmcast $*: $(cat err.txt)"
    grep -E -- "$pattern" err.txt > found.txt || fail "ssmcast $* did not say \"$pattern\": $(cat err.txt)"
}

nile=$SOURCE/datasets/nile.csv
"$SSMCAST" fit "$nile" --model kalman --output nile.safetensors > out.txt
for kind in "" --float --steady "--float --steady"; do
    # shellcheck disable=SC2086
    "$SSMCAST" codegen nile.safetensors -o one $kind --data "$nile" > one.txt
    # shellcheck disable=SC2086
    "$SSMCAST" codegen nile.safetensors -o two/ $kind > two.txt
    diff -r one two || fail "\"$kind\": other bytes the second time"
    (cd one && make CFLAGS="-O2 -Wall -Wextra -Wpedantic -Wconversion -Werror" > make.txt 2>&1) ||
        fail "\"$kind\" does not compile: $(cat one/make.txt)"
    tail -n +2 "$nile" | cut -d, -f2 > values.txt
    one/model_example < values.txt > "rows$kind.txt" || fail "the example of \"$kind\" failed"
    [ "$(wc -l < "rows$kind.txt")" -eq 100 ] || fail "the example of \"$kind\" printed $(wc -l < "rows$kind.txt") lines"
    rm -r one two
done
cat one.txt
# innovations and variances of single and double, side by side, from the second row on
paste "rows.txt" "rows--float.txt" | awk 'NR > 1 {
    gap = $1 - $3; sd = sqrt($2)
    if (gap > 1e-5 * sd || -gap > 1e-5 * sd) { print "row " NR ": " $0; bad = 1 } } END { exit bad }' ||
    fail "single is not double"
# in the end the constant gain is the full filter's
paste rows.txt rows--steady.txt | awk 'END { gap = $1 - $3; exit !(gap < 1e-2 * sqrt($2) && -gap < 1e-2 * sqrt($2)) }' ||
    fail "the gain has not settled: $(tail -n 1 rows.txt rows--steady.txt)"

if command -v cmake > found.txt; then
    "$SSMCAST" codegen nile.safetensors -o project --name my_filter > out.txt
    cmake -S project -B built > cmake.txt && cmake --build built > cmake.txt || fail "$(cat cmake.txt)"
    built/my_filter_example < values.txt | diff - rows.txt || fail "cmake and make build different filters"
fi

printf 't,a,b\n1,1,2\n2,2,1\n3,3,5\n4,2,2\n' > pair.csv
cat > system.json << 'JSON'
{"Z": [[1, 0], [1, 1]], "T": [[1, 1], [0, 0.5]], "H": [[1, 0.25], [0.25, 2]], "Q": [[1, 0], [0, 1]]}
JSON
"$SSMCAST" fit pair.csv --model statespace --set file=system.json --column a,b --output pair.safetensors > out.txt
"$SSMCAST" codegen pair.safetensors -o pair --float --data pair.csv --column a,b > out.txt
grep -q "H = model_H" pair/model.c || fail "correlated errors are lost"
refused "observes 2 series" codegen pair.safetensors -o pair --data pair.csv --column a
refused "needs --output" codegen nile.safetensors
refused "no identifier" codegen nile.safetensors -o x --name 2x
refused "nothing.safetensors" codegen nothing.safetensors -o x
refused "folder" codegen nile.safetensors -o "$nile"
"$SSMCAST" fit "$nile" --model linear --horizon 4 --output linear.safetensors > out.txt
refused '"linear"' codegen linear.safetensors -o x
[ ! -e x ] || fail "something was written"
