# Every #include follows the arrows of layers.txt; public headers know nothing of the inside; threads start in base.
. "$(dirname "$0")/../guard.sh"
layers=$SOURCE/tests/layers/layers.txt

check() {
    (cd "$1" && find src include -name '*.[ch]' | sort | xargs awk -v table="$layers" '
        BEGIN {
            while ((getline line < table) > 0) {
                n = split(line, word, " ")
                if (n == 0 || word[1] == "#") continue
                if (word[1] !~ /\//) known[word[1]] = 1
                for (i = 2; i <= n; i++) allowed[word[1], word[i]] = 1
            }
            only["pthread.h"] = only["threads.h"] = "base"
            only["csv.h"] = "data"
        }
        function offence(text) { print place ":" FNR ": " text ": " $0 }
        FNR == 1 {
            path = place = FILENAME
            public = sub(/^include\//, "", path)
            sub(/^src\//, "", path)
            layer = path
            if (sub(/\/.*/, "", layer) == 0) layer = ""
            if (!public && !(layer in known)) print place ": not in a layer of tests/layers/layers.txt"
        }
        /^[ \t]*#[ \t]*include[ \t]*"/ {
            split($0, part, "\"")
            from = part[2]
            if (public) { offence("a public header includes a private one"); next }
            if (sub(/\/.*/, "", from) == 0 || !(from in known)) { offence("not written as layer/file"); next }
            if (from != layer && !((layer, from) in allowed) && !((path, from) in allowed)) {
                offence(layer " may not include " from)
            }
        }
        /^[ \t]*#[ \t]*include[ \t]*</ {
            split($0, part, /[<>]/)
            header = part[2]
            if (header in only && only[header] != layer) offence("only " only[header] " may include " header)
            if (public && header !~ /^(ssmcast\/[a-z]+|stdint|stddef)\.h$/) offence("not in a public header")
        }') | none
}

put() { # PATH LINE: a tree with one file
    rm -rf "$fixture/bad"
    mkdir -p "$fixture/bad/src/base" "$fixture/bad/include/ssmcast" "$(dirname "$fixture/bad/$1")"
    printf '%s\n' "$2" > "$fixture/bad/$1"
}

put src/base/a.c '#include "core/scan.h"'
must_fail '^src/base/a.c:1: base may not include core' check "$fixture/bad"
put src/kalman/a.c '  # include "neural/net.h"'
must_fail 'kalman may not include neural' check "$fixture/bad"
put src/eval/a.h '#include "models/naive.h"'
must_fail 'eval may not include models' check "$fixture/bad"
put src/forecast/archive.c '#include "models/naive.h"'
must_fail 'forecast may not include models' check "$fixture/bad"
put src/core/a.c '#include "scan.h"'
must_fail 'not written as layer/file' check "$fixture/bad"
put src/core/a.c '#include "../base/arena.h"'
must_fail 'not written as layer/file' check "$fixture/bad"
put src/kitchen/a.c 'int x;'
must_fail '^src/kitchen/a.c: not in a layer' check "$fixture/bad"
put include/ssmcast/a.h '#include "base/arena.h"'
must_fail 'a public header includes a private one' check "$fixture/bad"
put include/ssmcast/a.h '#include <gsl/gsl_rng.h>'
must_fail 'not in a public header' check "$fixture/bad"
put src/core/a.c '#include <pthread.h>'
must_fail 'only base may include pthread.h' check "$fixture/bad"
put src/forecast/registry.c '#include "models/naive.h"'
must_pass check "$fixture/bad"
must_pass check "$SOURCE"
