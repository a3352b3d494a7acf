# What no file of the project may contain: trailing blanks, tabs, carriage returns, a missing last newline, paths of
# somebody's machine, unfinished business, drawers for everything, another spelling of notebooks-out.
. "$(dirname "$0")/../guard.sh"

# Data (csv, golden values, model files) are whatever their test needs, generated reports what the command wrote.
written() { files "$1" | grep -Ev '\.(csv|tsv|csv\.gz|csv\.zst|txt\.gz|safetensors|png|pdf|f64)$|^tests/golden/|^notebooks-out/.' || true; }

# find_in TREE WHAT PATTERN, reading file names: file:line: what
find_in() {
    (cd "$1" && tr '\n' '\0' | xargs -0 -r grep -InE -- "$3" /dev/null || true) | sed -E "s|^([^:]*:[0-9]+):.*|\1: $2|"
}

# One process for all files while all is well; only then one a file.
unterminated() {
    local file
    [ -n "$(written "$1" | (cd "$1" && xargs -r -d '\n' tail -qc 1) | tr -d '\n')" ] || return 0
    written "$1" | while read -r file; do
        if [ -n "$(tail -c 1 "$1/$file")" ]; then echo "$file: no newline at the end"; fi
    done
}

check() {
    {
        written "$1" | find_in "$1" "trailing blank" '[[:blank:]]+$'
        written "$1" | find_in "$1" "carriage return" $'\r'
        written "$1" | grep -Ev '(^|/)Makefile$' | find_in "$1" "tab" $'\t'
        written "$1" | find_in "$1" "path of a machine" '(^|[^A-Za-z0-9_.$}{])/(home|root|work|Users)/|/tmp/[b]ash'
        files "$1" | grep '^notebooks-out/' | find_in "$1" "path of a machine" '(^|[^A-Za-z0-9_.])/(home|root|work|Users)/' || true
        written "$1" | find_in "$1" "unfinished" '\<(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\>'
        written "$1" | find_in "$1" "write notebooks-out" '[nN]ote[bB]ook[-_ ]?[oO]ut|[nN]otebooks[_ ]?[oO]ut\>|note-books?-out'
        unterminated "$1"
        files "$1" | awk -F/ '$NF ~ /(^|_)(utils?|misc|common|helpers?)(_|\.)[a-z.]*$/ && $NF ~ /\.[ch]$/ {
            print $0 ": a drawer for everything; name the file after its one idea" }'
    } | none
}

put() { # NAME TEXT (printf)
    rm -rf "$fixture/bad"
    mkdir -p "$fixture/bad/src/core"
    printf "$2" > "$fixture/bad/$1"
}

put a.c 'int x; \n'
must_fail '^a.c:1: trailing blank' check "$fixture/bad"
put a.md 'one\r\n'
must_fail '^a.md:1: carriage return' check "$fixture/bad"
put a.c 'one\n\tint x;\n'
must_fail '^a.c:2: tab' check "$fixture/bad"
put a.c 'int x;'
must_fail '^a.c: no newline' check "$fixture/bad"
put a.md 'see /ho''me/someone/data.csv\n'
must_fail '^a.md:1: path of a machine' check "$fixture/bad"
put a.c '/* TO''DO: the rest */\n'
must_fail '^a.c:1: unfinished' check "$fixture/bad"
put a.md 'written to note''book-out/report.html\n'
must_fail '^a.md:1: write notebooks-out' check "$fixture/bad"
put src/core/vector_util.c 'int x;\n'
must_fail '^src/core/vector_util.c: a drawer' check "$fixture/bad"
put a.c '/* goes to notebooks-out/, from src/home/ and "$ROOT/build/x" */\nint x;\n'
must_pass check "$fixture/bad"
must_pass check "$SOURCE"
