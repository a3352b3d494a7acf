#undef REAL
#undef NAME
