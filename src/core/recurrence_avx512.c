/* The AVX-512 instance of the recurrence. */
#include "core/recurrence_instance.h"

#include <immintrin.h>

#define NAME(f)              f##_f32
#define REAL                 float
#define WIDTH                ((size_t)16)
#define VEC                  __m512
#define ZERO                 _mm512_setzero_ps()
#define LOAD(p)              _mm512_loadu_ps(p)
#define STORE(p, v)          _mm512_storeu_ps((p), (v))
#define MASK                 __mmask16
#define FIRST(k)             (__mmask16)((1u << (k)) - 1u)
#define LOAD_FIRST(p, m)     _mm512_maskz_loadu_ps((m), (p))
#define STORE_FIRST(p, m, v) _mm512_mask_storeu_ps((p), (m), (v))
#define MUL(x, y)            _mm512_mul_ps((x), (y))
#define ADD(x, y)            _mm512_add_ps((x), (y))
#define SUB(x, y)            _mm512_sub_ps((x), (y))
#include "core/recurrence_template.h"

#define NAME(f)              f##_f64
#define REAL                 double
#define WIDTH                ((size_t)8)
#define VEC                  __m512d
#define ZERO                 _mm512_setzero_pd()
#define LOAD(p)              _mm512_loadu_pd(p)
#define STORE(p, v)          _mm512_storeu_pd((p), (v))
#define MASK                 __mmask8
#define FIRST(k)             (__mmask8)((1u << (k)) - 1u)
#define LOAD_FIRST(p, m)     _mm512_maskz_loadu_pd((m), (p))
#define STORE_FIRST(p, m, v) _mm512_mask_storeu_pd((p), (m), (v))
#define MUL(x, y)            _mm512_mul_pd((x), (y))
#define ADD(x, y)            _mm512_add_pd((x), (y))
#define SUB(x, y)            _mm512_sub_pd((x), (y))
#include "core/recurrence_template.h"

const ssmi_kernels ssmi_kernels_avx512 = SSMI_KERNEL_TABLE;
