# For the tests that guard against something being present. A check that has never failed proves nothing, so each
# one is first run on a small bad tree, where it must fail, and then on the real one.
#
#   must_fail PATTERN check DIR      the check has to fail there, with a line that matches PATTERN
#   must_pass check DIR              the check has to succeed
#
# A guard script sources this file, fills folders under $fixture, and ends with must_pass on "$SOURCE".
set -eu -o pipefail
export LC_ALL=C
: "${SOURCE:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
fixture=$(mktemp -d)
trap 'rm -rf "$fixture"' EXIT

skip() {
    echo "skipped: $*"
    exit 77
}

must_fail() {
    local offence=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "the check passed on a tree that is bad: expected \"$offence\""
        exit 1
    fi
    if ! grep -E -- "$offence" <<< "$output" > /dev/null; then
        printf 'the check failed without saying "%s":\n%s\n' "$offence" "$output"
        exit 1
    fi
}

must_pass() {
    "$@" || exit 1
}

# Prints what is piped in; fails when there is any. Every check ends with it.
none() {
    local offences
    offences=$(cat)
    [ -z "$offences" ] && return 0
    printf '%s\n' "$offences"
    return 1
}

# The files of the project in a tree, relative to it: what git knows or would add, without build folders.
files() {
    { git -C "$1" ls-files --cached --others --exclude-standard 2> /dev/null ||
        (cd "$1" && find . -type f -not -path './build*/*' -not -path './.git/*' | sed 's|^\./||'); } |
        sort -u | while read -r file; do if [ -f "$1/$file" ]; then echo "$file"; fi; done
}
