# Installs into a fresh folder, moves that folder to a path with a blank, and uses it as a stranger would: through
# find_package and pkg-config, shared and static, from C and C++. Every public header compiles alone.
. "$(dirname "$0")/../guard.sh"

cache() { sed -n "s/^$1:[A-Z]*=//p" "$BUILD/CMakeCache.txt"; }
case "$(cache CMAKE_C_FLAGS)" in
*-fsanitize* | *--coverage*) skip "strangers do not build with our instruments" ;;
esac
cc=$(cache CMAKE_C_COMPILER)
cxx=$(command -v c++ || true)
[ -n "$cxx" ] || skip "there is no C++ compiler"
consumer=$SOURCE/tests/install/consumer
prefix="$fixture/moved tree"

cmake --install "$BUILD" --prefix "$fixture/prefix" > "$fixture/install.log"
mv "$fixture/prefix" "$prefix"

# Each header of FOLDER by itself in both languages, and all of them through ssmcast.h.
check_headers() {
    local header name
    {
        for header in "$1"/ssmcast/*.h; do
            name=ssmcast/${header##*/}
            printf '#include <%s>\nint alone;\n' "$name" | "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$1" -x c - 2>&1 ||
                echo "$name: does not compile alone as C11"
            printf '#include <%s>\nint alone;\n' "$name" | "$cxx" -std=c++17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$1" -x c++ - 2>&1 ||
                echo "$name: does not compile alone as C++17"
            echo '#include <ssmcast/ssmcast.h>' | "$cc" -std=c11 -E -I "$1" -x c - | grep -F "/$name\"" > "$fixture/seen" ||
                echo "$name: not included by ssmcast/ssmcast.h"
        done
    } | none
}
cp -r "$prefix/include" "$fixture/include"
echo 'size_t ssm_odd(void);' > "$fixture/include/ssmcast/odd.h"
must_fail '^ssmcast/odd.h: does not compile alone as C11' check_headers "$fixture/include"
must_fail '^ssmcast/odd.h: not included by' check_headers "$fixture/include"
must_pass check_headers "$prefix/include"

expected=$(printf '0\n1\n4\n9\n16\n25')
version=$(cache CMAKE_PROJECT_VERSION)
check_program() { # PROGRAM EXPECTED: prints what is expected and nothing else
    local output
    output=$("$1" 2>&1) || { echo "$1: failed: $output"; return 1; }
    [ "$output" = "$2" ] || { echo "$1: printed: $output"; return 1; }
}
must_fail 'printed: ' check_program /bin/true "$expected"

# CMake
configure() { # FOLDER [options]
    cmake -S "$1" -B "$fixture/build" -G "$(cache CMAKE_GENERATOR)" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_BUILD_TYPE=Release
}
mkdir "$fixture/other"
sed 's/find_package(ssmcast 0.1/find_package(ssmcast 99/' "$consumer/CMakeLists.txt" > "$fixture/other/CMakeLists.txt"
must_fail 'version 99|"99"' configure "$fixture/other"
rm -rf "$fixture/build"
configure "$consumer" > "$fixture/configure.log" 2>&1 || { cat "$fixture/configure.log"; exit 1; }
cmake --build "$fixture/build" > "$fixture/build.log" 2>&1 || { cat "$fixture/build.log"; exit 1; }
for kind in shared static; do
    must_pass check_program "$fixture/build/forecast_$kind" "$expected"
    must_pass check_program "$fixture/build/version_$kind" "$version"
done

# pkg-config
export PKG_CONFIG_PATH=$prefix/$(cd "$prefix" && find . -name pkgconfig -type d)
compile() { # OUTPUT flags...
    local output=$1
    shift
    eval "$cc -std=c11 $(pkg-config --cflags ssmcast) '$consumer/forecast.c' -o '$fixture/$output' $*"
}
library_dir=$(dirname "$PKG_CONFIG_PATH")
compile pc_shared "$(pkg-config --libs ssmcast)" "'-Wl,-rpath,$library_dir'"
compile pc_static "$(pkg-config --static --libs ssmcast | sed 's/-lssmcast/-l:libssmcast.a/')"
for kind in shared static; do
    must_pass check_program "$fixture/pc_$kind" "$expected"
done

# The shared programs use the library, the static ones have it inside.
needs() { readelf -d "$1" | grep 'NEEDED.*libssmcast\.so\.' > "$fixture/seen" || { echo "does not need the library"; return 1; }; }
for program in build/forecast pc; do
    must_pass needs "$fixture/${program}_shared"
    must_fail 'does not need' needs "$fixture/${program}_static"
done

# The command comes along and runs from there.
if [ -x "$BUILD/ssmcast" ]; then
    "$prefix/bin/ssmcast" --version | grep -F "$version" > /dev/null || { echo "the installed command does not tell its version"; exit 1; }
fi
