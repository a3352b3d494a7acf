# The shared library exports what the public headers declare and nothing else; the static one has no global names
# outside ssm_ and ssmi_, so that it cannot collide with a program it is linked into.
. "$(dirname "$0")/../guard.sh"

case "$(sed -n 's/^CMAKE_C_FLAGS:[A-Z]*=//p' "$BUILD/CMakeCache.txt")" in
*-fsanitize* | *--coverage*) skip "instrumented libraries export names of the tool's own" ;;
esac
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$BUILD/CMakeCache.txt")

exported() { nm -D --defined-only --format=posix "$1" | awk '{ sub(/@.*/, "", $1); print $1 }' | sort -u; }
# clang-format keeps SSM_API at the start of a declaration; its name is the word before the first parenthesis.
declared() { cat "$1"/*.h | sed -n 's/^SSM_API [^(]*[ *]\([a-z0-9_]*\)(.*/\1/p' | sort -u; }

check_shared() { # LIBRARY HEADERS
    {
        comm -23 <(exported "$1") <(declared "$2") | sed 's/$/: exported but not declared in a public header/'
        comm -13 <(exported "$1") <(declared "$2") | sed 's/$/: declared in a public header but not exported/'
        { exported "$1"; declared "$2"; } | sed -n '/^ssm_/!s/$/: a public name without ssm_/p'
    } | none
}

check_static() {
    nm --defined-only --format=posix "$1" 2> "$fixture/nm.log" |
        awk 'NF >= 2 && $2 ~ /^[A-Z]$/ && $1 !~ /^ssmi?_/ { print $1 ": a global name without ssm_ or ssmi_" }' | none
}

mkdir "$fixture/include"
echo 'SSM_API int ssm_known(int x);' > "$fixture/include/a.h"
library() { # C source on standard input
    rm -f "$fixture/a.a"
    "$compiler" -fPIC -w -x c - -c -o "$fixture/a.o"
    "$compiler" -shared "$fixture/a.o" -o "$fixture/a.so"
    ar rc "$fixture/a.a" "$fixture/a.o"
}
library <<< 'int ssm_known(int x) { return x; } int ssmi_leak(int x) { return x; }'
must_fail '^ssmi_leak: exported but not declared' check_shared "$fixture/a.so" "$fixture/include"
must_pass check_static "$fixture/a.a"
library <<< 'static int x;'
must_fail '^ssm_known: declared in a public header but not exported' check_shared "$fixture/a.so" "$fixture/include"
library <<< 'int solve(int x) { return x; }'
must_fail '^solve: a public name without' check_shared "$fixture/a.so" "$fixture/include"
must_fail '^solve: a global name without' check_static "$fixture/a.a"

must_pass check_static "$BUILD/src/libssmcast.a"
must_pass check_shared "$BUILD/src/libssmcast.so" "$SOURCE/include/ssmcast"
