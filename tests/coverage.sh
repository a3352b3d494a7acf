# Lines of each layer that the tests ran, from the counters that a --coverage build leaves behind.
#     cmake --workflow --preset coverage
set -eu -o pipefail
source=$1 build=$2 gcov=${3:-gcov}
cd "$build/src"
[ -n "$(find . -name '*.gcda' -print -quit)" ] || { echo "no counters under $build; run the tests first" >&2; exit 1; }
# By the .gcno files, so that a file that no test reached counts as such. For each source file gcov -n prints: File '...', then Lines executed:85.71% of 35
find . -name '*.gcno' -print0 | sort -z | xargs -0 "$gcov" -n 2> /dev/null | awk -v root="$source/src/" '
    /^File / {
        file = $0
        gsub(/^File .|.$/, "", file)
        ours = index(file, root) == 1
        layer = substr(file, length(root) + 1)
        sub(/\/.*/, "", layer)
    }
    /^Lines executed:/ && ours {
        split($0, part, /[:% ]+/)
        lines[layer] += part[5]
        hit[layer] += part[3] * part[5] / 100
        ours = 0
    }
    END {
        printf "%-10s %7s %9s\n", "layer", "lines", "executed"
        for (layer in lines) {
            printf "%-10s %7d %8.1f%%\n", layer, lines[layer], 100 * hit[layer] / lines[layer] | "sort"
            all += lines[layer]
            all_hit += hit[layer]
        }
        close("sort")
        printf "%-10s %7d %8.1f%%\n", "all", all, 100 * all_hit / all
    }'
