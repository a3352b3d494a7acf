#!/usr/bin/env bash
# From a bare Debian 12 or Ubuntu 24.04 to a result in one command: installs the packages that are missing, builds,
# and makes the report or runs the tests. See ./bootstrap.sh --help.
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# The one list of what the project needs. Second column: build = for every use, test = for the tests only,
# style = for the format check, bare = for the tests on emulated microcontrollers; these are skipped without them.
packages() {
    cat << 'LIST'
build-essential  build
cmake            build
ninja-build      build
pkg-config       build
libgsl-dev       build
liblapacke-dev   build
libopenblas-dev  build
libcsv-dev       build
libnlopt-dev     build
libjansson-dev   build
nettle-dev       build
libcairo2-dev    build
libcmocka-dev    test
clang-format-14  style
gcc-arm-none-eabi        bare
libnewlib-arm-none-eabi  bare
qemu-system-arm          bare
LIST
}

usage() {
    cat << 'USAGE'
usage: ./bootstrap.sh [--no-packages] COMMAND

  report   build, compare models on the bundled electricity demand, name the report it wrote
  test     build with warnings as errors and run all tests: layers, format, install, command and library
  sanitize run the tests under the address, undefined-behaviour and thread sanitizers, and without plots
  build    build the command build/release/ssmcast and nothing more

Missing packages are installed with apt-get (through sudo unless run by root); when all are there, no network is
needed. --no-packages installs nothing, for other distributions.
USAGE
}

say() { printf '== %s\n' "$*" >&2; }
die() {
    printf 'bootstrap.sh: %s\n' "$*" >&2
    exit 2
}

list() { packages | awk -v kinds=" $* " 'index(kinds, " " $2 " ") { print $1 }'; }

missing() {
    list "$@" | while read -r package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || echo "$package"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        die "missing packages and neither root nor sudo; as root: apt-get install $(echo $(missing build test))"
    fi
}

install_packages() { # KIND...
    local wanted family
    family=" $(. /etc/os-release 2> /dev/null && echo "${ID:-} ${ID_LIKE:-}") "
    case "$family" in
    *" debian "* | *" ubuntu "*) ;;
    *) die "this system is neither Debian nor Ubuntu; install what corresponds to: $(list "$@" | tr '\n' ' ')
then run: ./bootstrap.sh --no-packages $command" ;;
    esac
    wanted=$(missing "$@")
    [ -n "$wanted" ] || return 0
    say "installing" $wanted
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update || die "apt-get update failed; is there a network?"
    # The style checker of that version may be gone from a newer release; all others must be there.
    if grep -qx clang-format-14 <<< "$wanted" && ! apt-cache show clang-format-14 > /dev/null 2>&1; then
        say "clang-format-14 is not to be had here: the format check will be skipped"
        wanted=$(grep -vx clang-format-14 <<< "$wanted" || true)
        [ -n "$wanted" ] || return 0
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends $wanted > /dev/null ||
        die "apt-get could not install: $(echo $wanted)"
}

need() { # KIND...
    [ "$with_packages" = no ] || install_packages "$@"
}

# compile PRESET [build options]: shows what the compiler said only when it failed.
compile() {
    local preset=$1 log=build/$1/build.log
    shift
    cmake --build --preset "$preset" -j "$jobs" "$@" > "$log" 2>&1 && return 0
    grep -v '^\[[0-9/]*\] \(Building\|Linking\)' "$log" | tail -n 60 >&2
    die "the build failed; all of it is in $log"
}

# Users are not stopped by a warning that a newer compiler invents; the tests are.
build_release() {
    say "building build/release"
    cmake --preset release -DBUILD_TESTING=OFF -DSSMCAST_WERROR=OFF > /dev/null
    compile release --target ssmcast_cli
}

report() {
    local status=0
    need build
    build_release
    say "comparing models on datasets/taylor.csv"
    mkdir -p notebooks-out
    build/release/ssmcast compare datasets/taylor.csv --horizon 48,336 --output notebooks-out/taylor \
        --models kalman,linear,mamba,zero,seasonal_naive,drift,naive,mean || status=$?
    [ -f notebooks-out/taylor.html ] || die "no report was written"
    say "the report, in $SECONDS s:"
    echo "$PWD/notebooks-out/taylor.html"
    return "$status"
}

# suite PRESET WHAT TARGETS ctest-options: configures, builds, tests.
suite() {
    local preset=$1 what=$2 targets=$3 start=$SECONDS
    shift 3
    say "$preset: $what"
    cmake --preset "$preset" -DBUILD_TESTING=ON -DSSMCAST_WERROR=ON > /dev/null
    compile "$preset" --target $targets
    ctest --preset "$preset" -j "$jobs" "$@"
    say "$preset: passed in $((SECONDS - start)) s"
}

run_tests() {
    need build test style bare
    suite release "all tests, warnings are errors" all
    say "all passed in $SECONDS s"
}

# The same tests again under what finds what they alone cannot; twice as long as all the rest. Left out are what a cross
# compiler builds, and long runs whose code shorter tests pass through.
run_sanitizers() {
    need build test
    suite asan "all programs, address and undefined-behaviour sanitizers" all -E '^(format|datasets|layers|install)/|/test_(bare_metal|conformance_data|conformance_threads|selection|zero_tuning|zero_tuning_threads|torture_rotation)$'
    suite tsan "tests that use threads, thread sanitizer" tests_threads -L threads
    suite noplots "build without cairo" "ssmcast_shared ssmcast_static ssmcast_cli tests_eval" -R '^(cli|eval|install|layers)/' \
        -E '^cli/test_(codegen|killed|stream)$' # which would draw nothing
    say "all passed in $SECONDS s"
}

jobs=$(nproc 2> /dev/null || echo 2)
with_packages=yes
if [ "${1:-}" = --no-packages ]; then
    with_packages=no
    shift
fi
[ $# -eq 1 ] || { usage >&2; exit 2; }
command=$1
case "$command" in
report) report ;;
test) run_tests ;;
sanitize) run_sanitizers ;;
build)
    need build
    build_release
    echo build/release/ssmcast
    ;;
-h | --help) usage ;;
*) die "unknown command \"$command\"; see ./bootstrap.sh --help" ;;
esac
