/* Parts of one flat buffer, each on a boundary of 16 elements. With base NULL only the size is counted. */
static REAL *NAME(carve)(REAL *base, size_t *used, size_t n)
{
    REAL *part = base != NULL ? base + *used : NULL;
    *used += (n + 15) & ~(size_t)15;
    return part;
}
