#!/usr/bin/env bash
# The filter for control code against TinyEKF and kalman-clib, sizes fixed at compile time:
#
#   tests/bench/peers_kf.sh build/release/src/embedded TINYEKF KALMAN-CLIB
#
# the folder with ssmcast_kf.h, and checkouts of simondlevy/TinyEKF (6617285) and sunsided/kalman-clib (6313de5), which
# stay outside the tree. Two lines of JSON a size: "fused" true, ours with the flags of the peers, multiplications and
# additions in one where the machine has that; false, ours with -ffp-contract=off, which keeps its bits the same on every
# machine. The peers have theirs fused in both. FLAGS stands in for -O3 -march=native, CC for cc.
set -eu -o pipefail
amalgamation=$1
tinyekf=$2
clib=$3
here=$(cd "$(dirname "$0")" && pwd)
read -ra flags <<< "${FLAGS:--O3 -march=native}"
compiler=${CC:-cc}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

race() { # STATES SENSORS SHOCKS REAL
    local size=(-DNX="$1" -DNY="$2" -DNW="$3" -DREAL="$4") peers=("$here/peers_kf_tinyekf.c")
    local fixed=(-DSSM_KF_STATES="$1" -DSSM_KF_SENSORS="$2" -DSSM_KF_SHOCKS="$3" -DSSM_KF_INDEPENDENT)
    if [ "$4" = float ]; then
        size+=(-DCLIB)
        peers+=("$here/peers_kf_clib.c" "$clib/src/kalman.c" "$clib/src/matrix.c" "$clib/src/cholesky.c")
    else
        fixed+=(-DSSM_KF_DOUBLE)
    fi
    rm -f "$scratch"/*.o
    for peer in "${peers[@]}"; do
        "$compiler" -w -std=gnu11 "${flags[@]}" "${size[@]}" -I"$here" -I"$tinyekf/src" -I"$clib/include" -c "$peer" \
            -o "$scratch/$(basename "$peer").o" 2> "$scratch/notes" || { cat "$scratch/notes"; exit 1; }
    done
    for fused in true false; do
        [ $fused = true ] && contract=fast || contract=off
        "$compiler" -std=gnu11 "${flags[@]}" -ffp-contract=$contract "${size[@]}" "${fixed[@]}" "-DFUSED=\"$fused\"" \
            -I"$amalgamation" "$here/peers_kf.c" "$amalgamation/ssmcast_kf.c" "$scratch"/*.o -lm -o "$scratch/race"
        "$scratch/race"
    done
}

race 4 2 4 double
race 8 4 8 double
race 13 1 3 double
race 4 1 4 float
race 4 2 4 float
race 8 4 8 float
race 13 1 13 float
