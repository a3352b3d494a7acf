/* The portable instance of the recurrence, and the choice between instances. */
#include "core/recurrence_instance.h"

#define NAME(f)              f##_f32
#define REAL                 float
#define WIDTH                ((size_t)1)
#define VEC                  float
#define ZERO                 0.0f
#define LOAD(p)              (*(p))
#define STORE(p, v)          (void)(*(p) = (v))
#define MASK                 int
#define FIRST(k)             (int)(k)
#define LOAD_FIRST(p, m)     (*(p))
#define STORE_FIRST(p, m, v) (void)(*(p) = (v))
#define MUL(x, y)            ((x) * (y))
#define ADD(x, y)            ((x) + (y))
#define SUB(x, y)            ((x) - (y))
#include "core/recurrence_template.h"

#define NAME(f)              f##_f64
#define REAL                 double
#define WIDTH                ((size_t)1)
#define VEC                  double
#define ZERO                 0.0
#define LOAD(p)              (*(p))
#define STORE(p, v)          (void)(*(p) = (v))
#define MASK                 int
#define FIRST(k)             (int)(k)
#define LOAD_FIRST(p, m)     (*(p))
#define STORE_FIRST(p, m, v) (void)(*(p) = (v))
#define MUL(x, y)            ((x) * (y))
#define ADD(x, y)            ((x) + (y))
#define SUB(x, y)            ((x) - (y))
#include "core/recurrence_template.h"

static const ssmi_kernels portable = SSMI_KERNEL_TABLE;

const ssmi_kernels *ssmi_kernels_for(ssmi_isa isa)
{
#if defined(__x86_64__)
    if (isa == SSMI_ISA_AVX512) return &ssmi_kernels_avx512;
    if (isa == SSMI_ISA_AVX2) return &ssmi_kernels_avx2;
#else
    (void)isa;
#endif
    return &portable;
}
