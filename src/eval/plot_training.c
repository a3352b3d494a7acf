/* Loss curves: what training made of the loss on windows it learned from, dashed, and on windows it did not.
 */
#include "base/arena.h"
#include "eval/plot.h"

ssm_status ssmi_training_layers(ssmi_layer layer[SSMI_TRAINING_LAYERS], const ssm_training_point *point,
                                size_t n, size_t ink, const char *label, ssm_arena *memory)
{
    double *x = SSMI_ALLOC(memory, double, n), *train = SSMI_ALLOC(memory, double, n),
           *validation = SSMI_ALLOC(memory, double, n);
    if (x == NULL || train == NULL || validation == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        x[i] = point[i].step;
        train[i] = point[i].train;
        validation[i] = point[i].validation;
    }
    layer[0] = (ssmi_layer){.kind = SSMI_LAYER_LINE, .n = n, .x = x, .y = train, .ink = ink, .dashed = 1};
    layer[1] = (ssmi_layer){
        .kind = SSMI_LAYER_LINE, .n = n, .x = x, .y = validation, .ink = ink, .direct = 1, .label = label};
    return SSM_OK;
}

void ssmi_training_axes(ssmi_panel *panel)
{
    panel->x = (ssmi_axis){.label = "training steps"};
    panel->y = (ssmi_axis){.label = "loss as a part of the untrained (training dashed)"};
}

ssm_status ssmi_plot_training(ssm_context *ctx, const char *path, const ssm_training_point *point, size_t n,
                              const char *title)
{
    ssm_arena memory;
    ssmi_layer layer[SSMI_TRAINING_LAYERS];
    ssmi_panel panel = {.n_layers = SSMI_TRAINING_LAYERS, .layer = layer};
    const ssmi_figure figure = {
        .width = 860, .height = 330, .title = title, .columns = 1, .n_panels = 1, .panel = &panel};
    ssmi_arena_init(&memory, ctx);
    ssmi_training_axes(&panel);
    ssm_status status = ssmi_training_layers(layer, point, n, SSMI_INK_SERIES, "validation", &memory);
    if (status == SSM_OK) status = ssmi_figure_save(ctx, &figure, path);
    ssmi_arena_clear(&memory);
    return status;
}
