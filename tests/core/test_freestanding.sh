# The algebra of the embedded filter compiles as freestanding C99, for double and for float, and asks the linker for
# nothing but memcpy, memset and a square root.
. "$(dirname "$0")/../guard.sh"

check() {
    local real
    for real in "" -DSSMI_REAL_IS_FLOAT; do
        "${CC:-cc}" -std=c99 -O2 -ffreestanding -Wall -Wextra -Wpedantic -Werror $real -I"$1/src" \
            -c "$1/src/core/dense.c" -o "$fixture/dense.o" || return 1
        nm -u "$fixture/dense.o" | awk '{ print "dense.c needs " $2 }' | { grep -vE ' (memcpy|memset|sqrtf?)$' || true; } | none ||
            return 1
    done
}

mkdir -p "$fixture/bad/src/core"
cp "$SOURCE/src/core/dense.h" "$fixture/bad/src/core"
cp "$SOURCE/src/core/dense.c" "$fixture/bad/src/core"
printf 'double exp(double);\ndouble ssmi_grow(double x);\ndouble ssmi_grow(double x) { return exp(x); }\n' >> "$fixture/bad/src/core/dense.c"
must_fail 'dense.c needs exp' check "$fixture/bad"
printf 'void ssmi_loop(void)\n{\n    auto x = 1;\n}\n' >> "$fixture/bad/src/core/dense.c"
must_fail 'error' check "$fixture/bad"
must_pass check "$SOURCE"
