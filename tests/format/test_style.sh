# Every C file is as clang-format writes it. Other versions of clang-format disagree in details, so the check is made
# with version 14 only.
. "$(dirname "$0")/../guard.sh"

formatter=
for candidate in clang-format-14 clang-format; do
    if "$candidate" --version 2> /dev/null | grep 'version 14\.' > /dev/null; then formatter=$candidate && break; fi
done
[ -n "$formatter" ] || skip "clang-format 14 is not installed"

check() {
    files "$1" | grep '\.[ch]$' | grep -v '^tests/golden/' |
        (cd "$1" && xargs "$formatter" --style="file:$SOURCE/.clang-format" --dry-run --Werror)
}

echo 'static int f( int x ){ return x ; }' > "$fixture/a.c"
must_fail 'a.c:1:' check "$fixture"
printf 'static int f(int x)\n{\n    return x;\n}\n' > "$fixture/a.c"
must_pass check "$fixture"
must_pass check "$SOURCE"
