#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "neural/mamba_block.h"

/* The block that a reference file describes by its shapes. */
static ssmi_mamba block_of(const golden *g, ssmi_parameters *table)
{
    const size_t *A = golden_find(g, "A_log")->dim, *in = golden_find(g, "in_proj.weight")->dim;
    return ssmi_mamba_layout(table, "", in[1], A[0] / in[1], A[1], golden_find(g, "conv1d.weight")->dim[2],
                             0);
}

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "block_check_body.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "block_check_body.h"
#include "neural/real_end.h"
/* clang-format on */

static void check_file(const char *name)
{
    golden g;
    if (!golden_open(&g, name)) {
        print_message("%s: needs SSMCAST_REFERENCE, the folder of reference vectors\n", name);
        skip();
    }
    check_block_f64(&g, ssmi_kernels_of_f64(SSMI_ISA_PORTABLE), 1e-10);
    check_steps_f64(&g, ssmi_kernels_of_f64(SSMI_ISA_PORTABLE), 1e-10);
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        check_block_f32(&g, ssmi_kernels_of_f32((ssmi_isa)isa), 1e-5);
        check_steps_f32(&g, ssmi_kernels_of_f32((ssmi_isa)isa), 1e-5);
    }
    golden_free(&g);
}

static void a_small_block_matches_the_reference_in_outputs_gradients_and_states(void **state)
{
    (void)state;
    check_file("block_small");
}

static void a_block_with_three_taps_and_no_expansion_matches_the_reference(void **state)
{
    (void)state;
    check_file("block_conv3_expand1");
}

static void a_block_of_working_size_matches_the_reference(void **state)
{
    (void)state;
    check_file("block_d32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_block_matches_the_reference_in_outputs_gradients_and_states),
        cmocka_unit_test(a_block_with_three_taps_and_no_expansion_matches_the_reference),
        cmocka_unit_test(a_block_of_working_size_matches_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
