#include "models/structural_note.h"

#include "models/note.h"
#include "models/structural_parts.h"

#include <math.h>

static void add_structure(ssmi_note *l, const ssmi_structural_choice *c)
{
    static const char *const slope[] = {"no slope", "slope", "damped slope"};
    const ssmi_structural *s = &c->structure;
    const ssmi_part *cycle = ssmi_structural_part(s, SSMI_CYCLE);
    const ssmi_part *ar = ssmi_structural_part(s, SSMI_AUTOREGRESSION);
    ssmi_note_add(l, "%s%s", c->logged ? "logarithm, " : "", slope[s->part[0].form]);
    if (cycle != NULL)
        ssmi_note_add(l, ", cycle of %.4g rows",
                      6.283185307179586477 / s->parameter[cycle->parameter + cycle->n_parameters - 1]);
    if (ar != NULL) ssmi_note_add(l, ", autoregression of order %zu", ar->count);
    for (size_t k = 0; k < s->n_parts; k++) {
        if (s->part[k].kind == SSMI_DUMMIES) ssmi_note_add(l, ", dummies of %zu rows", s->part[k].period);
    }
    ssmi_note_add(l, ", %zu harmonics%s", s->n_lines, c->pattern.n > 0 ? " and a fixed pattern" : "");
}

/* Coefficients in the units of the data, or of its logarithm. */
static void add_coefficients(ssmi_note *l, const ssmi_structural_choice *c)
{
    const ssmi_structural *s = &c->structure;
    const double unit = c->scale > 0.0 ? c->scale : 1.0;
    for (size_t j = 0; j < s->n_columns; j++) {
        const double per = s->spread[j] > 0.0 ? unit / s->spread[j] : 0.0;
        if (per == 0.0)
            ssmi_note_add(l, "; %s does not vary and is left out", s->column_label[j]);
        else
            ssmi_note_add(l, "; %s %.4g (%.2g)", s->column_label[j], per * s->coefficient[j],
                          per * s->deviation[j]);
    }
    for (size_t j = 0; j < s->n_interventions; j++) {
        const size_t at = SSMI_STRUCTURAL_COLUMNS + j;
        ssmi_note_add(l, "; %s %.4g (%.2g)%s", s->intervention[j].label, unit * s->coefficient[at],
                      unit * s->deviation[at], j + c->n_found >= s->n_interventions ? ", found" : "");
    }
}

static void add_deviations(ssmi_note *l, const ssmi_structural_choice *c)
{
    const ssmi_structural *s = &c->structure;
    ssmi_note_add(l, "; standard deviations: irregular %.4g", c->scale * sqrt(s->parameter[0]));
    for (size_t i = 1; i < s->n_parameters; i++) {
        const ssmi_parameter about = ssmi_structural_describe(s, i);
        if (about.is_variance) ssmi_note_add(l, ", %s %.4g", about.name, c->scale * sqrt(s->parameter[i]));
    }
}

void ssmi_structural_note(const ssmi_structural_choice *choice, char *text, size_t size)
{
    ssmi_note l = ssmi_note_open(text, size);
    add_structure(&l, choice);
    add_coefficients(&l, choice);
    add_deviations(&l, choice);
    if (!choice->converged) ssmi_note_add(&l, " (the optimiser stopped early)");
}
