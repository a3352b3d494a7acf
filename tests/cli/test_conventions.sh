# What anyone expects of a command: help and results on standard output, everything else on standard error, true exit
# codes, and files that are whole or not there. The commands are those that `ssmcast --help` lists.
. "$(dirname "$0")/../guard.sh"
[ -x "$SSMCAST" ] || skip "the command is not built"
cd "$fixture"
data=air_passengers.csv
cp "$SOURCE/datasets/$data" .
failures=0

wrong() {
    echo "$*"
    failures=$((failures + 1))
}

# run NAME=VALUE... -- arguments: runs the command and leaves its exit status in $status, its output in out and err.
run() {
    status=0
    "$SSMCAST" "$@" > out 2> err < /dev/null || status=$?
}
exits() { [ "$status" = "$1" ] || wrong "\"$2\": exit status $status, expected $1; it said: $(head -c 300 err)"; }
silent() { [ ! -s "$1" ] || wrong "\"$2\": wrote to std$1: $(head -c 300 "$1")"; }
says() { grep -E -- "$2" "$1" > /dev/null || wrong "\"$3\": std$1 has no \"$2\": $(head -c 300 "$1")"; }

forecast=(forecast "$data" --model naive)
run --help
commands=$(awk '/^Commands:/ { inside = 1; next } /^[^ ]/ { inside = 0 } inside && NF { print $1 }' out)
[ "$(wc -w <<< "$commands")" -ge 4 ] || wrong "--help lists only: $commands"

for command in $commands; do
    run "$command" --help
    exits 0 "$command --help"
    silent err "$command --help"
    says out "^Usage: ssmcast $command( |$)" "$command --help"
    says out '^Examples:' "$command --help"
    cp out help
    run "$command" -h
    cmp -s out help || wrong "$command: -h and --help differ"
    run "$command" --no-such-option
    exits 2 "$command --no-such-option"
    silent out "$command --no-such-option"
    says err 'no-such-option' "$command --no-such-option"
    if "$SSMCAST" "$command" --help > /dev/full 2> err; then wrong "$command --help > /dev/full: exit status 0"; fi
    says err 'cannot write' "$command --help > /dev/full"
done

# Examples in the help are commands that exist.
for word in $("$SSMCAST" --help | sed -n 's/^  .*ssmcast \([a-z]*\).*/\1/p' | sort -u); do
    grep -qx "$word" <<< "$commands" || wrong "--help shows an example of \"$word\", which is not a command"
done

run --version
exits 0 --version
says out '^ssmcast [0-9]+\.[0-9]+\.[0-9]+' --version
run
exits 2 "no arguments"
silent out "no arguments"
run forcast "$data"
exits 2 forcast
says err 'did you mean "forecast"' forcast
run forecast --horizn 3 "$data"
exits 2 "forecast --horizn"
says err '"?--horizon"?' "forecast --horizn"
for value in 0.5 -1 ten '' 1e30; do
    run "${forecast[@]}" --horizon "$value"
    exits 2 "forecast --horizon \"$value\""
    silent out "forecast --horizon \"$value\""
done
for level in 0 100 -5 101 x; do
    run "${forecast[@]}" --level="$level"
    exits 2 "forecast --level $level"
done
run forecast "$data" --model kalmann
exits 2 "forecast --model kalmann"
silent out "forecast --model kalmann"

# What cannot be read is named.
run forecast absent.csv
exits 2 "forecast absent.csv"
silent out "forecast absent.csv"
says err 'absent\.csv.*No such file' "forecast absent.csv"
mkdir folder
run forecast folder
exits 2 "forecast folder"
says err 'folder.*directory' "forecast folder"
: > empty.csv
run forecast empty.csv --model naive
exits 2 "forecast empty.csv"
says err 'empty\.csv' "forecast empty.csv"

# Results on standard output, and the same bytes again: from a pipe, with any number of threads.
run "${forecast[@]}"
exits 0 "forecast"
cp out first
[ "$(wc -l < first)" -gt 12 ] || wrong "forecast wrote $(wc -l < first) lines"
if grep -q $'[\033\r]' out err; then wrong "forecast: control characters where there is no terminal"; fi
run "${forecast[@]}" --threads 2
cmp -s out first || wrong "forecast: two threads give other bytes"
status=0
"$SSMCAST" forecast - --model naive < "$data" > out 2> err || status=$?
exits 0 "forecast -"
cmp -s out first || wrong "forecast: from a pipe other bytes than from the file"

# A full device and a closed output are failures; a reader that has seen enough is not worth a word.
for command in "${forecast[*]}" "models"; do
    if "$SSMCAST" $command > /dev/full 2> err; then wrong "$command > /dev/full: exit status 0"; fi
    says err 'cannot write standard output' "$command > /dev/full"
    if "$SSMCAST" $command >&- 2> err; then wrong "$command >&-: exit status 0"; fi
done
("$SSMCAST" "${forecast[@]}" --horizon 20000 2> err || true) | head -n 1 > out
silent err "forecast | head -n 1"

# Files are whole or not there, and an old one is not lost.
run "${forecast[@]}" --output absent/out.csv
exits 2 "forecast --output absent/out.csv"
says err 'absent/out\.csv' "forecast --output absent/out.csv"
mkdir results
run "${forecast[@]}" --output results/out.csv
exits 0 "forecast --output"
silent out "forecast --output"
cmp -s results/out.csv first || wrong "forecast: --output writes other bytes than standard output"
status=0
(ulimit -f 16; exec "$SSMCAST" "${forecast[@]}" --horizon 20000 --output results/out.csv) > out 2> err || status=$?
exits 2 "forecast into a full disk"
cmp -s results/out.csv first || wrong "a failed --output changed the old file"
[ "$(ls -A results)" = out.csv ] || wrong "a failed --output left $(ls -A results)"

# The checks themselves have been seen failing.
cp first out
seen=$(says out 'no such words' x; exits 77 x; silent out x)
[ "$(grep -c '^"x": ' <<< "$seen")" = 3 ] || wrong "the checks cannot fail"

[ "$failures" = 0 ] || { echo "$failures failures"; exit 1; }
