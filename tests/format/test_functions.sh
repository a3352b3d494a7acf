# Lengths: functions above 60 lines say why ("Long because ..." in the comment right above), the median is at most 15
# and the 90th percentile at most 40 lines, files have at most 450. Prints the ten longest functions.
. "$(dirname "$0")/../guard.sh"
measure=$SOURCE/tests/format/functions.awk

lengths() {
    (cd "$1" && find src include tests -name '*.[ch]' -not -path '*/golden/*' | sort | xargs awk -f "$measure") | sort -rn
}
functions_of_src() { lengths "$1" | awk '$3 != "(file)" && $2 ~ /^src\//'; }

# nearest rank: the smallest length that is not below the given share of functions
percentile() { sort -n | awk -v share="$1" '{ v[NR] = $1 } END { k = int(share * NR); print v[k < share * NR ? k + 1 : k] + 0 }'; }

check() {
    {
        lengths "$1" | awk '$3 == "(file)" && $1 > 450 { print $2 ": " $1 " lines, a file may have 450" }
                            $3 != "(file)" && $1 > 60 && $4 != "reason" { print $2 ": " $3 " has " $1 " lines and no reason" }'
        [ "$(functions_of_src "$1" | percentile 0.5)" -le 15 ] || echo "the median function of src has more than 15 lines"
        [ "$(functions_of_src "$1" | percentile 0.9)" -le 40 ] || echo "a tenth of the functions of src has more than 40 lines"
    } | none
}

# A tree with one file: COUNT functions of LENGTH lines under the comment COMMENT.
grow() {
    rm -rf "$fixture/bad"
    mkdir -p "$fixture/bad/src/core" "$fixture/bad/include" "$fixture/bad/tests"
    awk -v count="$1" -v lines="$2" -v comment="$3" 'BEGIN {
        for (i = 0; i < count; i++) {
            print "/* " comment " */\nstatic int f" i "(int x)\n{"
            for (k = 0; k < lines - 3; k++) print "    x++;"
            print "}\n"
        }
    }' > "$fixture/bad/src/core/a.c"
}

grow 1 61 "Adds."
must_fail '^src/core/a.c:2: f0 has 61 lines and no reason' check "$fixture/bad"
grow 3 16 "Adds."
must_fail 'the median function' check "$fixture/bad"
grow 30 10 "Adds."
must_pass check "$fixture/bad"
cp "$fixture/bad/src/core/a.c" "$fixture/short.c"
grow 4 41 "Adds."
cp "$fixture/short.c" "$fixture/bad/src/core/b.c"
must_fail 'a tenth of the functions' check "$fixture/bad"
grow 40 12 "Adds."
must_fail '^src/core/a.c: 560 lines' check "$fixture/bad"
grow 1 61 "Long because one loop must see all cases."
cp "$fixture/short.c" "$fixture/bad/src/core/b.c"
must_pass check "$fixture/bad"

all=$(functions_of_src "$SOURCE")
echo "functions in src: $(wc -l <<< "$all"), median $(percentile 0.5 <<< "$all") lines, 90th percentile $(percentile 0.9 <<< "$all")"
echo "the ten longest:"
awk 'NR <= 10 { printf "%5d  %s  %s\n", $1, $3, $2 }' <<< "$all"
must_pass check "$SOURCE"
