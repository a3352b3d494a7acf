# What the compiled layers ask the linker for (symbols.txt), and that no object has a variable that can change.
# Read from the object files, so that macros and line breaks hide nothing.
. "$(dirname "$0")/../guard.sh"
forbidden=$SOURCE/tests/layers/symbols.txt
cache() { sed -n "s/^$1:[A-Z]*=//p" "$BUILD/CMakeCache.txt"; }

case "$(cache CMAKE_C_FLAGS)" in
*-fsanitize* | *--coverage*) skip "instrumented objects have variables and calls of the tool's own" ;;
esac
compiler=$(cache CMAKE_C_COMPILER)

# Objects lie as DIR/<layer>/<file>.c.o; an object whose source is gone is left over from an earlier build.
objects() {
    (cd "$1" && find . -name '*.c.o' | sed 's|^\./||' | sort) | while read -r object; do
        if [ "$1" = "$fixture/bad" ] || [ -f "$SOURCE/src/${object%.o}" ]; then echo "$object"; fi
    done
}

check_links() {
    objects "$1" | (cd "$1" && xargs nm -u -A) | sed 's/:* *U */ /' | awk -v table="$forbidden" '
        BEGIN {
            while ((getline line < table) > 0) {
                n = split(line, word, " ")
                if (n == 0 || word[1] == "#") continue
                pattern[++rows] = "^(" word[1] ")$"
                layers[rows] = " "
                for (i = 2; i <= n; i++) layers[rows] = layers[rows] word[i] " "
            }
        }
        {
            layer = $1
            sub(/\/.*/, "", layer)
            sub(/@.*/, "", $2)
            for (i = 1; i <= rows; i++) {
                if ($2 ~ pattern[i] && index(layers[i], " " layer " ") == 0) print $1 ": uses " $2
            }
        }' | none
}

# Constants with addresses in them are relocated once and then read-only: .data.rel.ro. A command may note in one
# volatile sig_atomic_t that it was interrupted; C offers no other way.
check_variables() {
    objects "$1" | while read -r object; do
        objdump -t "$1/$object" | awk -v object="$object" '
            NF < 3 || / d / || $(NF - 1) ~ /^0*$/ { next }
            / (\.t?data|\.t?bss|\*COM\*)/ && !/ \.data\.rel\.ro/ {
                if (object ~ /^cli\// && $NF == "interrupted") next
                print object ": " $NF " can change"
            }'
    done | none
}

compile() { # LAYER, C source on standard input
    rm -rf "$fixture/bad"
    mkdir -p "$fixture/bad/$1"
    "$compiler" -std=c11 -O1 -fPIC -w -D_POSIX_C_SOURCE=200809L -x c - -c -o "$fixture/bad/$1/a.c.o"
}

compile core <<< '#include <stdlib.h>
#define get(n) mal##loc(n)
void *f(size_t n) { return get(n); }'
must_fail '^core/a.c.o: uses malloc' check_links "$fixture/bad"
compile core <<< '#include <stdlib.h>
void f(void *p) { free(p); }'
must_fail 'uses free' check_links "$fixture/bad"
compile models <<< '#include <stdio.h>
void f(double x) { fprintf(stderr, "%g", x); }'
must_fail 'models/a.c.o: uses stderr' check_links "$fixture/bad"
compile data <<< '#include <stdlib.h>
void f(void) { exit(1); }'
must_fail 'uses exit' check_links "$fixture/bad"
compile neural <<< 'void *gsl_vector_alloc(unsigned long); void *f(void) { return gsl_vector_alloc(3); }'
must_fail 'uses gsl_vector_alloc' check_links "$fixture/bad"
compile base <<< '#include <stdlib.h>
void *f(size_t n) { return malloc(n); }'
must_pass check_links "$fixture/bad"

compile core <<< 'int counter = 7;'
must_fail '^core/a.c.o: counter can change' check_variables "$fixture/bad"
compile core <<< 'int f(void) { static int calls; return ++calls; }'
must_fail 'calls.* can change' check_variables "$fixture/bad"
compile core <<< 'static const char *names[] = {"a", "b"}; const char **f(void) { return names; }'
must_fail 'names can change' check_variables "$fixture/bad"
compile core <<< 'static _Thread_local int mine; int *f(void) { return &mine; }'
must_fail 'mine can change' check_variables "$fixture/bad"
compile core <<< 'static const char *const names[] = {"a", "b"}; const char *const *f(void) { return names; }'
must_pass check_variables "$fixture/bad"

for target in ssmcast_objects ssmcast_cli; do
    folder=$BUILD/src/CMakeFiles/$target.dir
    [ -d "$folder" ] || continue
    must_pass check_links "$folder"
    must_pass check_variables "$folder"
done
