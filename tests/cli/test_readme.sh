# README.md names every registered model and every command, opens with the two bootstrap commands, and shows only
# options and files that exist.
. "$(dirname "$0")/../guard.sh"
[ -x "$SSMCAST" ] || skip "the command is not built"

models=$("$SSMCAST" models | sed -n 's/^\([a-z0-9_]*\): .*/\1/p')
commands=$("$SSMCAST" --help | awk '/^Commands:/ { inside = 1; next } /^[^ ]/ { inside = 0 } inside && NF { print $1 }')
[ "$(wc -w <<< "$models")" -ge 4 ] && [ "$(wc -w <<< "$commands")" -ge 4 ] || { echo "the command lists no models or commands"; exit 1; }

# Lines of shell in README that call the command: what follows `ssmcast`, without comment.
calls() { grep -oE '(^|[ /`$(])ssmcast [a-z]+ [^|>`#)]*' "$1" | sed 's/^[^s]*//; s/[[:space:]]*$//'; }

# Files of the project that README links to or shows.
links() { { grep -oE '\]\([a-zA-Z][a-zA-Z0-9_./-]*\)' "$1" | sed 's/^](//; s/)$//' | grep -Ev '^https?:' || true; } | sort -u; }

check() {
    local readme=$1 word call command option path
    {
        for word in $models; do
            grep -E "(^|[^a-z0-9_])$word([^a-z0-9_]|\$)" "$readme" > /dev/null || echo "the model \"$word\" is not in README.md"
        done
        for word in $commands; do
            grep -E "ssmcast $word|\`$word\`" "$readme" > /dev/null || echo "the command \"$word\" is not in README.md"
        done
        head -n 12 "$readme" | grep -F './bootstrap.sh report' > /dev/null || echo "README.md does not open with ./bootstrap.sh report"
        head -n 12 "$readme" | grep -F './bootstrap.sh test' > /dev/null || echo "README.md does not open with ./bootstrap.sh test"
        calls "$readme" | while read -r _ command call; do
            grep -x "$command" <<< "$commands" > /dev/null || { echo "README.md calls \"$command\", which is not a command"; continue; }
            "$SSMCAST" "$command" --help > "$fixture/help"
            for option in $(grep -oE -- '(^| )--[a-z-]+' <<< "$call"); do
                grep -E -- "(^|[ ,])$option([ =,]|\$)" "$fixture/help" > /dev/null ||
                    echo "README.md shows \"$command $option\", which is not an option"
            done
        done
        links "$readme" | while read -r path; do
            [ -e "$SOURCE/$path" ] || echo "README.md links to $path, which is not there"
        done
    } | none
}

last=$(tail -n 1 <<< "$models")
sed "s/\<$last\>/elsewhere/g" "$SOURCE/README.md" > "$fixture/bad.md"
must_fail "the model \"$last\" is not in" check "$fixture/bad.md"
sed 's/ssmcast inspect/ssmcast guess/g; s/`inspect`/`guess`/g' "$SOURCE/README.md" > "$fixture/bad.md"
must_fail 'the command "inspect" is not in' check "$fixture/bad.md"
must_fail 'calls "guess", which is not a command' check "$fixture/bad.md"
{ cat "$SOURCE/README.md"; echo '    ssmcast forecast sensors.csv --hurry'; } > "$fixture/bad.md"
must_fail '"forecast --hurry", which is not an option' check "$fixture/bad.md"
{ cat "$SOURCE/README.md"; echo 'see [the file](absent/file.md)'; } > "$fixture/bad.md"
must_fail 'links to absent/file.md' check "$fixture/bad.md"
sed '1,12d' "$SOURCE/README.md" > "$fixture/bad.md"
must_fail 'does not open with ./bootstrap.sh report' check "$fixture/bad.md"
must_pass check "$SOURCE/README.md"
