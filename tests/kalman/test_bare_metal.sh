# The filter for control code on microcontrollers: builds for Cortex-M0, M3, M4F and M7, runs under qemu, and has the
# bits that this machine has. The sizes of code and stack are held, and the instructions of a step printed.
. "$(dirname "$0")/../guard.sh"
for tool in arm-none-eabi-gcc arm-none-eabi-nm arm-none-eabi-size qemu-system-arm; do
    command -v "$tool" > /dev/null || skip "$tool is not installed (./bootstrap.sh test installs it)"
done
case "$(sed -n 's/^CMAKE_C_FLAGS:[A-Z]*=//p' "$BUILD/CMakeCache.txt")" in
*-fsanitize* | *--coverage*) skip "nothing of an instrumented build runs on a microcontroller" ;;
esac
amalgamation=$BUILD/src/embedded
here=$SOURCE/tests/kalman/bare_metal
common="-std=c99 -ffp-contract=off -ffunction-sections -fdata-sections -Wall -Wextra -Wpedantic -Wconversion -Werror"

#      name  board         processor and floating-point unit
cores="m0    microbit      -mcpu=cortex-m0 -mthumb
       m3    mps2-an385    -mcpu=cortex-m3 -mthumb
       m4f   mps2-an386    -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard
       m7    mps2-an500    -mcpu=cortex-m7 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard"

image() { # PROGRAM FLAGS...: to $fixture/PROGRAM.elf
    local program=$1
    shift
    arm-none-eabi-gcc $common -O2 "$@" -Wno-pedantic -I"$amalgamation" -nostartfiles -Wl,--gc-sections -T "$here/link.ld" \
        --specs=nosys.specs "$here/$program.c" "$here/board.c" "$fixture/kf.o" -o "$fixture/$program.elf" 2> "$fixture/link.txt" ||
        { cat "$fixture/link.txt"; exit 1; }
}
run() { # BOARD PROGRAM
    timeout 300 qemu-system-arm -M "$1" -nographic -monitor none -serial none -icount shift=0 \
        -semihosting-config enable=on,target=native -kernel "$fixture/$2.elf" 2>&1
}

# The float build calls no double arithmetic, no allocation, no stdio.
lean() {
    arm-none-eabi-nm -u "$1" | awk '$2 ~ /^(__aeabi_d|__aeabi_f2d|__aeabi_[a-z0-9]*2d|malloc|free|printf|puts|sqrt)/ {
        print $2 " is called" }' | none
}
echo 'double f(float x) { return x * 2.5; }' > "$fixture/bad.c"
arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -O2 -c "$fixture/bad.c" -o "$fixture/bad.o"
must_fail '__aeabi_f2d is called' lean "$fixture/bad.o"

cc -std=c99 -O2 -ffp-contract=off -I"$amalgamation" "$SOURCE/tests/kalman/kf_trace_host.c" "$amalgamation/ssmcast_kf.c" -o "$fixture/host"
"$fixture/host" > "$fixture/want.txt"
while read -r name board flags; do
    # shellcheck disable=SC2086
    arm-none-eabi-gcc $common -O2 $flags -fstack-usage -c "$amalgamation/ssmcast_kf.c" -o "$fixture/kf.o"
    must_pass lean "$fixture/kf.o"
    # shellcheck disable=SC2086
    image trace $flags
    run "$board" trace > "$fixture/found.txt" || { echo "$name: the program failed"; cat "$fixture/found.txt"; exit 1; }
    diff "$fixture/want.txt" "$fixture/found.txt" || { echo "$name has other bits"; exit 1; }
    awk '$2 > 256 { print $1 ": " $2 " bytes of stack, 256 are allowed"; bad = 1 } END { exit bad }' "$fixture/kf.su"
    deepest=$(awk '{ print $2, $1 }' "$fixture/kf.su" | sort -n | tail -n 1)
    echo "$name: bits of this machine; largest frame $deepest"
    [ "$board" != microbit ] || continue # its timer does not count instructions so
    calls=""
    case $name in m3) for f in fadd fsub frsub fmul fdiv; do calls="$calls -Wl,--wrap=__aeabi_$f"; done ;; esac
    # shellcheck disable=SC2086
    image count $flags
    run "$board" count > "$fixture/count.txt" || { echo "$name: the count failed"; cat "$fixture/count.txt"; exit 1; }
    awk -v name="$name" '{ print name ": n=" $1 " p=" $2 " r=" $3 ": " $4 " instructions a step, " $7 " bytes of stack" }
                         $7 > 256 { print "more stack than allowed"; bad = 1 }
                         END { exit bad }' "$fixture/count.txt"
    if [ -n "$calls" ]; then
        # shellcheck disable=SC2086
        image count $flags -DCOUNT_CALLS $calls
        run "$board" count > "$fixture/count.txt"
        # ssm_kf_operations counts the reacquisition of an outlier, 2 n + 5 a sensor, which does not happen here
        awk '{ print "n=" $1 " p=" $2 " r=" $3 ": " $5 " operations counted, " $6 " at most" }
             $5 + $2 * (2 * $1 + 5) != $6 { print "not the number that ssm_kf_operations tells"; bad = 1 }
             END { exit bad || NR != 4 }' "$fixture/count.txt"
    fi
done <<< "$cores"

# Code of the linear step with fixed sizes, n = 4 and p = 2: what a program that predicts and updates links.
printf '#include "ssmcast_kf.h"\nint step(ssm_kf *f, const ssm_kf_real *y);\nint step(ssm_kf *f, const ssm_kf_real *y)\n{\n    return (int)ssm_kf_predict(f, NULL) + (int)ssm_kf_update(f, y, NULL);\n}\n' > "$fixture/step.c"
code() { # FLAGS: bytes
    arm-none-eabi-gcc $common -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -fno-tree-loop-distribute-patterns \
        -DSSM_KF_STATES=4 -DSSM_KF_SENSORS=2 -DSSM_KF_SHOCKS=4 -DSSM_KF_INDEPENDENT "$@" -I"$amalgamation" -nostdlib \
        -Wl,--gc-sections -Wl,-e,step "$fixture/step.c" "$amalgamation/ssmcast_kf.c" -o "$fixture/step.elf" \
        2> "$fixture/link.txt" || { cat "$fixture/link.txt"; exit 1; }
    arm-none-eabi-size "$fixture/step.elf" | awk 'NR == 2 { print $1 }'
}
for flags in "-O2" "-Os" "-Os -DSSM_KF_UNGATED"; do
    # shellcheck disable=SC2086
    text=$(code $flags)
    echo "m4f $flags, n=4 p=2 r=4: predict and update are $text bytes of code"
    case $flags in -Os*) [ "$text" -le 2048 ] || { echo "more than 2 KB"; exit 1; } ;; esac
done
