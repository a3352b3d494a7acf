#!/bin/bash
# The filter and the smoother against statsmodels, R's KalmanLike and KalmanSmooth, and KFAS, as ratios of CPU time
# per row, one core, the programs taking turns case by case.
#     tests/bench/peers_kalman.sh BENCH FOLDER...
#         BENCH     the program bench_kalman
#         FOLDER    a reference system each: sys.json, y.f64, ref_statsmodels.json
#     PYTHON    a python with statsmodels (default python3); RSCRIPT  (default Rscript; KFAS where R_LIBS has it)
#     ROUNDS    turns per case (default 1); the least time of all of them counts
#     FIGURES   keeps the times, a file of lines "case quantity microseconds"
# A peer that is not installed is left out. statsmodels runs with OPENBLAS_CORETYPE unset and as Haswell.
set -u
bench=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3} rscript=${RSCRIPT:-Rscript}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
figures=${FIGURES:-$(mktemp)}
: > "$figures"

ours() {
    "$bench" "$1" | sed 's/[{}",]//g' | awk -v name="$(basename "$1")" '{
        for (i = 1; i < NF; i++) if ($i ~ /_us:$/) { sub(/:$/, "", $i); print name, "ours_" $i, $(i + 1) }
    }'
}

for ((round = 0; round < ${ROUNDS:-1}; round++)); do
    for folder in "$@"; do
        folder=${folder%/}
        ours "$folder" >> "$figures"
        if "$python" -c 'import statsmodels' 2> /dev/null; then
            env -u OPENBLAS_CORETYPE "$python" "$here/peers_kalman.py" unset "$folder" >> "$figures"
            OPENBLAS_CORETYPE=Haswell "$python" "$here/peers_kalman.py" haswell "$folder" >> "$figures"
        fi
        if command -v "$rscript" > /dev/null; then
            "$rscript" "$here/peers_kalman.R" "$folder" >> "$figures" 2> /dev/null
        fi
        ours "$folder" >> "$figures"
    done
done

awk '
    $3 > 0 && (!(($1, $2) in t) || $3 < t[$1, $2]) { t[$1, $2] = $3 }
    !($1 in seen) { seen[$1] = 1; order[++n] = $1 }
    function least(c, pattern,    key, part, best, who) {
        best = 0
        for (key in t) {
            split(key, part, SUBSEP)
            if (part[1] == c && part[2] ~ pattern && (best == 0 || t[key] < best)) { best = t[key]; who = part[2] }
        }
        return best == 0 ? "- (no peer)" : sprintf("%.3f %s", best, who)
    }
    function ratio(peer, own,    x) { split(peer, x, " "); return x[1] == "-" || own == "" ? "-" : sprintf("%.1f", x[1] / own) }
    END {
        print "| case | every step full, us | fastest peer | ratio | settled, us | statsmodels default | ratio | smoother, us | fastest peer | ratio |"
        print "|---|---|---|---|---|---|---|---|---|---|"
        for (i = 1; i <= n; i++) {
            c = order[i]
            full = least(c, "^(statsmodels_loglik_full|r_kalmanlike|kfas_loglik)")
            steady = least(c, "^statsmodels_loglik_steady")
            smooth = least(c, "^(statsmodels_smooth|r_kalmansmooth|kfas_smooth)")
            printf "| %s | %.3f | %s | %s | %.3f | %s | %s | %.3f | %s | %s |\n", c, t[c, "ours_full_us"], full,
                   ratio(full, t[c, "ours_full_us"]), t[c, "ours_steady_us"], steady, ratio(steady, t[c, "ours_steady_us"]),
                   t[c, "ours_smoother_us"], smooth, ratio(smooth, t[c, "ours_smoother_us"])
        }
    }' "$figures"
