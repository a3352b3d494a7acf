# Marks loops to be unrolled for Frama-C, see prove.sh.
s@^( *)((UNROLLED )?for \(size_t (j|i) = 0; [^;]*; [^)]*(U|at) \+= .*)$@\1//\@ loop unroll 152;\n\1\2@
s@^( *)(for \(size_t i = 0; i < SSM_KF_STATE_REALS.n.; i\+\+\) \{)@\1//\@ loop unroll 152;\n\1\2@
s@^( *)((UNROLLED )?for \(size_t (i|j|k) = (n|p|j); (i|j|k)-- > (0|together);\).*)@\1//\@ loop unroll 16;\n\1\2@
/^static int ssm_ud_hold\(.*\)$/,/^\}/s@^( *)(for .*)@\1//\@ loop unroll 152;\n\1\2@
