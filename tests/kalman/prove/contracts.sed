# Contracts and loop invariants in ACSL for WP, put into a copy of ssmcast_kf.c: see deduce.sh.
/^static inline ssm_kf_real ssm_ud_bound\(/i\
/*@ requires \\is_finite(least) && \\is_finite(most) && least <= most;\
    assigns \\nothing;\
    ensures \\is_finite(\\result) && least <= \\result && \\result <= most; */
/^static int ssm_ud_hold\(.*\)$/i\
/*@ requires \\valid(x + (0 .. n - 1)) && \\valid_read(value + (0 .. n - 1));\
    requires \\is_finite(least) && \\is_finite(most) && least <= most;\
    assigns x[0 .. n - 1];\
    ensures \\forall integer k; 0 <= k < n ==> \\is_finite(x[k]) && least <= x[k] && x[k] <= most;\
    ensures \\result == 0 || \\result == 1; */
/^static int ssm_ud_hold\(.*\)$/,/^}/s@^( *)(for .*)@\1/*\@ loop invariant 0 <= i <= n;\
        loop invariant cut == 0 || cut == 1;\
        loop invariant \\forall integer k; 0 <= k < i ==> \\is_finite(x[k]) \&\& least <= x[k] \&\& x[k] <= most;\
        loop assigns i, cut, x[0 .. n - 1];\
        loop variant n - i; */\
\1\2@
/^static inline void ssm_ud_weigh\(.*\)$/i\
/*@ requires \\valid(c + (0 .. columns - 1)) && \\valid_read(a + (0 .. columns - 1)) && \\valid_read(b + (0 .. columns - 1));\
    assigns c[0 .. columns - 1]; */
/^static inline void ssm_ud_sweep\(.*\)$/i\
/*@ requires \\valid(c + (0 .. columns - 1)) && \\valid_read(a + (0 .. columns - 1));\
    assigns c[0 .. columns - 1]; */
/^static inline void ssm_ud_(weigh|sweep)\(.*\)$/,/^}/s@^( *)(for .*)@\1/*\@ loop invariant 0 <= i <= columns;\
        loop assigns i, c[0 .. columns - 1];\
        loop variant columns - i; */\
\1\2@
/^static int ssm_kf_are_in\(/i\
/*@ requires x == \\null || \\valid_read(x + (0 .. count - 1));\
    assigns \\nothing;\
    ensures \\result == 0 || \\result == 1; */
/^static int ssm_kf_are_in\(/,/^}/s@^( *)(for .*)@\1/*\@ loop invariant 0 <= i <= count;\
        loop invariant in == 0 || in == 1;\
        loop assigns i, in;\
        loop variant count - i; */\
\1\2@
/^static int ssm_kf_is_in\(/i\
/*@ assigns \\nothing;\
    ensures \\result == 0 || \\result == 1; */
/^static APART ssm_kf_real ssm_kf_residual\(/i\
/*@ requires \\valid_read(z + (0 .. n - 1)) && \\valid_read(x + (0 .. n - 1));\
    requires x0 == \\null || \\valid_read(x0 + (0 .. n - 1));\
    assigns \\nothing; */
/^static APART ssm_kf_real ssm_kf_residual\(/,/^}/s@^( *)(for .*)@\1/*\@ loop invariant 0 <= i <= n;\
        loop assigns i, e;\
        loop variant n - i; */\
\1\2@
/^static uint32_t ssm_kf_crc\(/i\
/*@ requires \\valid_read(bytes + (0 .. count - 1));\
    assigns \\nothing; */
/^static uint32_t ssm_kf_crc\(/,/^}/s@^( *)(for \(size_t.*)@\1/*\@ loop invariant 0 <= i <= count;\
        loop assigns i, crc;\
        loop variant count - i; */\
\1\2@
/^static uint32_t ssm_kf_crc\(/,/^}/s@^( *)(for \(int.*)@\1/*\@ loop invariant 0 <= bit <= 8;\
        loop assigns bit, crc;\
        loop variant 8 - bit; */\
\1\2@
/^static uint8_t \*ssm_kf_put\(/i\
/*@ requires size <= sizeof(BITS) \&\& \\valid(at + (0 .. size - 1));\
    assigns at[0 .. size - 1];\
    ensures \\result == at + size; */
/^static uint8_t \*ssm_kf_put\(/,/^}/s@^( *)(for .*)@\1/*\@ loop invariant 0 <= i <= size;\
        loop assigns i, at[0 .. size - 1];\
        loop variant size - i; */\
\1\2@
/^static BITS ssm_kf_get\(/i\
/*@ requires size <= sizeof(BITS) \&\& \\valid_read(at + (0 .. size - 1));\
    assigns \\nothing; */
/^static BITS ssm_kf_get\(/,/^}/s@^( *)(for .*)@\1/*\@ loop invariant 0 <= i <= size;\
        loop assigns i, bits;\
        loop variant size - i; */\
\1\2@
