# A fit that is killed by SIGKILL at random moments and started again ends in the same bytes as one that nothing
# stopped: the model file, which holds weights, options and what the model says of itself. SSMCAST_KILLS sets how
# often it is killed.
set -eu -o pipefail
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "$*"
    exit 1
}

# The logistic map, which no linear forecast follows, so that the networks are kept.
awk 'BEGIN { print "y"; x = 0.3; for (t = 0; t < 400; t++) { x = 3.7 * x * (1 - x); print 50 + 9 * x } }' > rows.csv

# The same command every time: options are part of the model file, and the path of the checkpoint is one. Other runs
# of this test may share the machine, so threads are two whatever it has.
fit() {
    exec "$SSMCAST" fit rows.csv --model mamba --horizon 4 --threads 2 --set lookback=24 --set patch=4 --set stride=4 \
        --set width=8 --set windows=3000 --set epochs=60 --set patience=1000 --set seeds=2 --set rate=0.01 \
        --set checkpoint=run.checkpoint --output model.safetensors
}

tidy() { rm -f model.safetensors run.checkpoint*; }

now() { date +%s%3N; } # milliseconds

began=$(now)
(fit) > expected.out
span=$(($(now) - began))
mv model.safetensors expected
tidy
grep -q "mse" expected.out || fail "no network was kept, so nothing was trained to the end: $(cat expected.out)"

kills=${SSMCAST_KILLS:-5} killed=0 kept=0 ended=0
RANDOM=4711
check() {
    cmp -s expected model.safetensors || fail "another model after $killed kills"
    cmp -s expected.out out || fail "other words after $killed kills: $(cat out)"
    ended=$((ended + 1))
    tidy
}
while [ "$killed" -lt "$kills" ]; do
    anew=1
    [ ! -e run.checkpoint ] || anew=0
    fit > out 2> err &
    child=$!
    pause=$(((RANDOM * 32768 + RANDOM) % (span + span / 8) + 1))
    born=$(now)
    while [ $(($(now) - born)) -lt "$pause" ] && kill -0 "$child" 2> /dev/null; do sleep 0.01; done
    age=$(($(now) - born))
    kill -KILL "$child" 2> /dev/null || true
    status=0
    wait "$child" 2> /dev/null || status=$?
    case $status in
    0)
        check
        # a machine that was busy when the first run was timed may be so no longer
        [ "$anew" = 0 ] || [ "$age" -ge "$span" ] || span=$age
        ;;
    137)
        killed=$((killed + 1))
        [ ! -e run.checkpoint ] || kept=$((kept + 1))
        ;;
    *) fail "status $status: $(cat err)" ;;
    esac
done
(fit) > out
check
[ "$kept" -gt 0 ] || [ "$kills" -eq 0 ] || fail "no run was killed after its first checkpoint"
echo "$killed kills, $kept of them behind a checkpoint, $ended runs ended, every one in the same bytes"
