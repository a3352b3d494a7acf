# The two files ssmcast_kf.h and ssmcast_kf.c compile freestanding under every warning, in both precisions, with sizes
# at run time and at compile time; they ask for nothing but memcpy and memcmp and have no variable; and their states
# are those of the library, bit for bit.
. "$(dirname "$0")/../guard.sh"
amalgamation=$BUILD/src/embedded
strict="-std=c99 -ffreestanding -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$BUILD/CMakeCache.txt")
case "$(sed -n 's/^CMAKE_C_FLAGS:[A-Z]*=//p' "$BUILD/CMakeCache.txt")" in
*-fsanitize* | *--coverage*) skip "the library is instrumented; this is about plain objects" ;;
esac

check() { # DIR with the two files
    local precision level
    for precision in "" -DSSM_KF_DOUBLE -DSSM_KF_COMPENSATED; do
        for level in -O0 -Os -O3; do
            "$compiler" $strict $precision $level -c "$1/ssmcast_kf.c" -o "$fixture/kf.o" || return 1
        done
        {
            nm -u "$fixture/kf.o" | awk '$2 !~ /^mem(cpy|cmp|set|move)$/ { print "ssmcast_kf.c needs " $2 }'
            nm "$fixture/kf.o" | awk '$2 ~ /^[bBdDcC]$/ { print "ssmcast_kf.c has the variable " $3 }'
            nm --defined-only -g "$fixture/kf.o" | awk '$3 !~ /^ssm_kf_/ { print "ssmcast_kf.c has the name " $3 }'
        } | none || return 1
    done
}

mkdir "$fixture/bad"
cp "$amalgamation"/ssmcast_kf.[hc] "$fixture/bad"
printf 'double sqrt(double);\nstatic int count;\nint ssm_kf_more(void);\nint ssm_kf_more(void) { return count += (int)sqrt(2.5 * count); }\n' >> "$fixture/bad/ssmcast_kf.c"
must_fail 'needs sqrt' check "$fixture/bad"
must_fail 'has the variable count' check "$fixture/bad"
must_pass check "$amalgamation"

# trace FLAGS: the digests that a program of the amalgamation prints
trace() {
    "$compiler" -std=c99 -O2 -ffp-contract=off "$@" -I"$amalgamation" "$SOURCE/tests/kalman/kf_trace_host.c" \
        "$amalgamation/ssmcast_kf.c" -o "$fixture/trace"
    "$fixture/trace"
}
library() {
    "$compiler" -std=c99 -O2 -DTRACE_LIBRARY "$@" -I"$SOURCE/src" "$SOURCE/tests/kalman/kf_trace_host.c" \
        "$BUILD/src/libssmcast.a" -o "$fixture/trace"
    "$fixture/trace"
}
same() { # WHAT EXPECTED FOUND
    [ "$2" = "$3" ] || { printf '%s: other bits than the library\nlibrary:\n%s\nfound:\n%s\n' "$1" "$2" "$3"; exit 1; }
}
for precision in -DTRACE_FLOAT -DSSM_KF_DOUBLE; do
    want=$(library $precision)
    [ "$(wc -l <<< "$want")" -eq 9 ]
    same "$precision" "$want" "$(trace $precision)"
    same "$precision -O0" "$want" "$(trace $precision -O0)"
    same "$precision scalar" "$want" "$(trace $precision -DSSM_KF_SCALAR)"
    level=-O3 # which takes a compiler three times as long: every second one, other ones in the other precision
    [ $precision = -DTRACE_FLOAT ] || level=-O1
    while read -r n p r digest; do
        sizes="-DSSM_KF_STATES=$n -DSSM_KF_SENSORS=$p -DSSM_KF_SHOCKS=$r"
        same "$precision $sizes $level" "$n $p $r $digest" "$(trace $precision $sizes $level)"
        [ $level = -O3 ] && level=-O1 || level=-O3
    done <<< "$want"
    rests=$(trace $precision -DSSM_KF_COMPENSATED)
    [ "$rests" != "$want" ]
    same "$precision compensated -O0" "$rests" "$(trace $precision -DSSM_KF_COMPENSATED -O0)"
    same "$precision compensated -O3" "$rests" "$(trace $precision -DSSM_KF_COMPENSATED -O3)"
done
echo "float and double, sizes fixed and not: bits of the library"
