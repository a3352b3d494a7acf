#undef REAL
#undef NAME
#undef GEMM
#undef R_SQRT
#undef R_EXP
#undef R_LOG1P
#undef R_FABS
