/* Tensor names are those of the network's training code:
 *
 *     e1 e2 e3  h1 h2 h3  gate      .weight (out, in), .bias (out)        nf.w (model)
 *     blocks.<i>.  norm.w (model)  inp.weight (2 inner + 2 states + heads, model): z x B C step
 *                  conv_w (taps, inner + 2 states), the last tap the newest  conv_b (inner + 2 states)
 *                  dt_b A_log D (heads)  freq (states / 2)  gn.w (inner)  out.weight (model, inner) */
#include "models/zero_weights.h"

#include "base/file.h"
#include "forecast/safetensors.h"
#include "neural/half.h"
#include "neural/selective_scan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 64, LARGEST = 8192, MOST_BLOCKS = 64, MOST_STATE = 1 << 24 /* floats */ };

#if SSMCAST_EMBED_WEIGHTS
extern const unsigned char ssmi_zero_image[], ssmi_zero_image_end[];
#endif

typedef struct loader {
    const char *what;
    ssmi_safetensors file;
    ssmi_safetensors over; /* tensors that stand for those of the file */
    int integer;
    ssm_arena *mem, *tmp; /* of the handle; of the loading */
    char prefix[NAME_SIZE];
} loader;

/* The tensor `prefix` `name`, or NULL. */
static const ssmi_tensor *find(const loader *l, const char *name)
{
    char full[2 * NAME_SIZE];
    snprintf(full, sizeof full, "%s%s", l->prefix, name);
    const ssmi_tensor *t = ssmi_safetensors_find(&l->over, full);
    return t != NULL ? t : ssmi_safetensors_find(&l->file, full);
}

static ssm_status malformed(const loader *l, const char *name, const char *why)
{
    return ssmi_fail(l->mem->ctx, SSM_E_FORMAT, "%s: tensor \"%s%s\": %s", l->what, l->prefix, name, why);
}

/* Shape (rows, columns); columns 0: a vector of `rows`. */
static int has_shape(const ssmi_tensor *t, size_t rows, size_t columns)
{
    return t->rank == (columns > 0 ? 2u : 1u) && t->shape[0] == rows &&
           (columns == 0 || t->shape[1] == columns);
}

static int halves_finite(const unsigned char *bytes, size_t n)
{
    int finite = 1;
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(&half, bytes + 2 * i, sizeof half);
        finite &= ssmi_half_finite(half);
    }
    return finite;
}

static int widen_halves(float *out, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(&half, bytes + 2 * i, sizeof half);
        out[i] = ssmi_half_widen(half);
    }
    return halves_finite(bytes, n);
}

static int copy_singles(float *out, const unsigned char *bytes, size_t n)
{
    int finite = 1;
    memcpy(out, bytes, n * sizeof *out);
    for (size_t i = 0; i < n; i++) finite = finite && isfinite(out[i]);
    return finite;
}

/* Any tensor but I8, as single precision. */
static ssm_status widen(const loader *l, const char *name, float *out, size_t rows, size_t columns)
{
    const ssmi_tensor *t = find(l, name);
    if (t == NULL) return malformed(l, name, "is missing");
    if (!has_shape(t, rows, columns)) return malformed(l, name, "has another shape than the network needs");
    const size_t n = rows * (columns > 0 ? columns : 1);
    int finite;
    if (t->dtype == SSMI_F32) {
        finite = copy_singles(out, t->bytes, n);
    } else if (t->dtype == SSMI_F16) {
        finite = widen_halves(out, t->bytes, n);
    } else {
        return malformed(l, name, "is neither F32 nor F16");
    }
    return finite ? SSM_OK : malformed(l, name, "has a value that is not finite");
}

/* An I8 matrix and its scales. */
static ssm_status widen_integers(const loader *l, const char *stem, const ssmi_tensor *t, float *out,
                                 size_t rows, size_t columns)
{
    char name[NAME_SIZE];
    float *scale = SSMI_ALLOC(l->tmp, float, rows);
    if (scale == NULL) return SSM_E_MEMORY;
    if (!has_shape(t, rows, columns)) return malformed(l, stem, "has another shape than the network needs");
    snprintf(name, sizeof name, "%s.scale", stem);
    SSMI_TRY(widen(l, name, scale, rows, 0));
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            int8_t integer;
            memcpy(&integer, t->bytes + i * columns + j, sizeof integer);
            out[i * columns + j] = scale[i] * integer;
        }
    }
    return SSM_OK;
}

/* `stem`.weight (rows, columns) in scratch memory. */
static ssm_status load_matrix(const loader *l, const char *stem, float **out, size_t rows, size_t columns)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s.weight", stem);
    const ssmi_tensor *t = find(l, name);
    if (t == NULL) return malformed(l, name, "is missing");
    *out = SSMI_ALLOC(l->tmp, float, rows *columns);
    if (*out == NULL) return SSM_E_MEMORY;
    if (t->dtype == SSMI_I8) return widen_integers(l, stem, t, *out, rows, columns);
    return widen(l, name, *out, rows, columns);
}

static ssm_status load_vector(const loader *l, const char *name, const float **out, size_t rows,
                              size_t columns)
{
    float *values = SSMI_ALLOC(l->mem, float, rows *(columns > 0 ? columns : 1));
    if (values == NULL) return SSM_E_MEMORY;
    *out = values;
    return widen(l, name, values, rows, columns);
}

/* Rows [row, row + out) of `stem`.weight (rows, in). Halves stay halves. */
static ssm_status pack_rows(const loader *l, const char *stem, ssmi_packed *packed, const float *bias,
                            size_t rows, size_t row, size_t out, size_t in)
{
    char name[NAME_SIZE];
    float *w = NULL;
    snprintf(name, sizeof name, "%s.weight", stem);
    const ssmi_tensor *t = find(l, name);
    if (t != NULL && t->dtype == SSMI_F16 && !l->integer) {
        if (!has_shape(t, rows, in)) return malformed(l, name, "has another shape than the network needs");
        const unsigned char *half = t->bytes + 2 * row * in;
        if (!halves_finite(half, out * in)) return malformed(l, name, "has a value that is not finite");
        return ssmi_pack_half(packed, half, bias, out, in, l->mem);
    }
    const ssmi_mark mark = ssmi_arena_mark(l->tmp);
    SSMI_TRY(load_matrix(l, stem, &w, rows, in));
    SSMI_TRY(ssmi_pack(packed, w + row * in, bias, out, in, l->integer, l->mem));
    ssmi_arena_rewind(l->tmp, mark);
    return SSM_OK;
}

/* A linear layer with its bias. */
static ssm_status load_linear(const loader *l, const char *stem, ssmi_packed *packed, size_t out, size_t in)
{
    char name[NAME_SIZE];
    const ssmi_mark mark = ssmi_arena_mark(l->tmp);
    float *bias = SSMI_ALLOC(l->tmp, float, out);
    if (bias == NULL) return SSM_E_MEMORY;
    snprintf(name, sizeof name, "%s.bias", stem);
    SSMI_TRY(widen(l, name, bias, out, 0));
    SSMI_TRY(pack_rows(l, stem, packed, bias, out, 0, out, in));
    ssmi_arena_rewind(l->tmp, mark);
    return SSM_OK;
}

/* Cosines and sines of position * frequency, rounded to single precision as in training. */
static ssm_status load_turn(const loader *l, ssmi_zero_block *block, size_t half)
{
    float *turn = SSMI_ALLOC(l->mem, float, (size_t)SSMI_ZERO_TOKENS * 2 * half);
    if (turn == NULL) return SSM_E_MEMORY;
    SSMI_TRY(load_vector(l, "freq", &block->frequency, half, 0));
    block->turn = turn;
    for (size_t t = 0; t < SSMI_ZERO_TOKENS; t++, turn += 2 * half) {
        for (size_t i = 0; i < half; i++) {
            const float angle = (float)t * block->frequency[i];
            turn[i] = cosf(angle);
            turn[i + half] = sinf(angle);
        }
    }
    return SSM_OK;
}

static ssm_status load_decay(const loader *l, const float **out, size_t heads)
{
    float *A = SSMI_ALLOC(l->mem, float, heads);
    if (A == NULL) return SSM_E_MEMORY;
    SSMI_TRY(widen(l, "A_log", A, heads, 0));
    for (size_t i = 0; i < heads; i++) A[i] = -expf(fminf(A[i], 30));
    *out = A;
    return SSM_OK;
}

static ssm_status load_block_matrices(const loader *l, const ssmi_zero_network *net, ssmi_zero_block *block)
{
    const size_t mixed = net->inner + 2 * net->states + net->heads, rows = net->inner + mixed;
    SSMI_TRY(pack_rows(l, "inp", &block->gate, NULL, rows, 0, net->inner, net->model));
    SSMI_TRY(pack_rows(l, "inp", &block->mix, NULL, rows, net->inner, mixed, net->model));
    return pack_rows(l, "out", &block->out, NULL, net->model, 0, net->model, net->inner);
}

static ssm_status load_block(loader *l, const ssmi_zero_network *net, size_t i)
{
    ssmi_zero_block *block = &net->block[i];
    const size_t mixed = net->inner + 2 * net->states;
    snprintf(l->prefix, sizeof l->prefix, "blocks.%zu.", i);
    SSMI_TRY(load_block_matrices(l, net, block));
    SSMI_TRY(load_vector(l, "norm.w", &block->norm, net->model, 0));
    SSMI_TRY(load_vector(l, "conv_w", &block->conv, net->taps, mixed));
    SSMI_TRY(load_vector(l, "conv_b", &block->conv_bias, mixed, 0));
    SSMI_TRY(load_vector(l, "dt_b", &block->step_bias, net->heads, 0));
    SSMI_TRY(load_vector(l, "D", &block->D, net->heads, 0));
    SSMI_TRY(load_vector(l, "gn.w", &block->out_norm, net->inner, 0));
    SSMI_TRY(load_decay(l, &block->A, net->heads));
    SSMI_TRY(load_turn(l, block, net->states / 2));
    l->prefix[0] = '\0';
    return SSM_OK;
}

/* Sizes as the tensors tell them; what they have in common is checked when each is loaded. */
static ssm_status measure(loader *l, ssmi_zero_network *net)
{
    char name[NAME_SIZE];
    const ssmi_tensor *in = find(l, "blocks.0.inp.weight"), *out = find(l, "blocks.0.out.weight");
    const ssmi_tensor *A = find(l, "blocks.0.A_log"), *conv = find(l, "blocks.0.conv_w");
    if (in == NULL || out == NULL || A == NULL || conv == NULL || in->rank != 2 || out->rank != 2 ||
        A->rank != 1 || conv->rank != 2) {
        return ssmi_fail(l->mem->ctx, SSM_E_FORMAT, "%s: does not hold a network of this kind", l->what);
    }
    net->model = out->shape[0];
    net->inner = out->shape[1];
    net->heads = A->shape[0];
    net->taps = conv->shape[0];
    if (net->model == 0 || net->model > LARGEST || net->inner == 0 || net->inner > LARGEST ||
        net->heads == 0 || net->inner % net->heads != 0 || net->inner / net->heads % SSMI_PANEL != 0 ||
        net->taps == 0 || net->taps > SSMI_CONV_TAPS || in->shape[0] > 4 * LARGEST ||
        in->shape[0] <= 2 * net->inner + net->heads) {
        return ssmi_fail(l->mem->ctx, SSM_E_FORMAT, "%s: sizes of the network do not fit together", l->what);
    }
    net->states = (in->shape[0] - 2 * net->inner - net->heads) / 2;
    if (net->states % 2 != 0)
        return ssmi_fail(l->mem->ctx, SSM_E_FORMAT, "%s: number of states is odd", l->what);
    do {
        snprintf(name, sizeof name, "blocks.%zu.A_log", ++net->n_blocks);
    } while (net->n_blocks < MOST_BLOCKS && find(l, name) != NULL);
    if (net->inner * net->states > MOST_STATE / net->n_blocks)
        return ssmi_fail(l->mem->ctx, SSM_E_FORMAT, "%s: the state of the network is too large", l->what);
    return SSM_OK;
}

/* Width of the hidden layer in front of `stem`. */
static ssm_status hidden_width(const loader *l, const char *name, size_t *width)
{
    const ssmi_tensor *t = find(l, name);
    if (t == NULL) return malformed(l, name, "is missing");
    if (t->rank != 2 || t->shape[0] == 0 || t->shape[0] > LARGEST)
        return malformed(l, name, "has another shape than the network needs");
    *width = t->shape[0];
    return SSM_OK;
}

static ssm_status load_ends(const loader *l, ssmi_zero_network *net)
{
    enum { OUT = SSMI_ZERO_PATCH * SSMI_ZERO_LEVELS };
    size_t embed = 0, head = 0;
    SSMI_TRY(hidden_width(l, "e1.weight", &embed));
    SSMI_TRY(hidden_width(l, "h1.weight", &head));
    SSMI_TRY(load_linear(l, "e1", &net->embed1, embed, SSMI_ZERO_FEATURES));
    SSMI_TRY(load_linear(l, "e2", &net->embed2, net->model, embed));
    SSMI_TRY(load_linear(l, "e3", &net->embed3, net->model, SSMI_ZERO_FEATURES));
    SSMI_TRY(load_linear(l, "h1", &net->head1, head, net->model));
    SSMI_TRY(load_linear(l, "h2", &net->head2, OUT, head));
    SSMI_TRY(load_linear(l, "h3", &net->head3, OUT, net->model));
    SSMI_TRY(load_linear(l, "gate", &net->reference, 4, net->model));
    return load_vector(l, "nf.w", &net->final_norm, net->model, 0);
}

static ssm_status check_integer(const loader *l, const ssmi_zero_network *net)
{
    const size_t most = SSMI_PACKED8_COLUMNS;
    if (!l->integer ||
        (net->model <= most && net->inner <= most && net->embed1.out <= most && net->head1.out <= most))
        return SSM_OK;
    return ssmi_fail(l->mem->ctx, SSM_E_UNSUPPORTED, "%s: layers wider than %zu cannot run as 8-bit integers",
                     l->what, most);
}

static ssm_status load(loader *l, ssmi_zero_network *net, const unsigned char *image, size_t size)
{
    SSMI_TRY(ssmi_safetensors_parse(l->tmp, l->what, image, size, &l->file));
    *net = (ssmi_zero_network){0};
    SSMI_TRY(measure(l, net));
    net->block = SSMI_ALLOC(l->mem, ssmi_zero_block, net->n_blocks);
    if (net->block == NULL) return SSM_E_MEMORY;
    SSMI_TRY(load_ends(l, net));
    SSMI_TRY(check_integer(l, net));
    for (size_t i = 0; i < net->n_blocks; i++) SSMI_TRY(load_block(l, net, i));
    return SSM_OK;
}

static ssm_status unpack(ssmi_zero_network *network, const char *what, const unsigned char *image,
                         size_t size, int integer, const ssmi_safetensors *over, ssm_arena *mem)
{
    ssm_arena tmp;
    loader l = {.what = what, .integer = integer, .mem = mem, .tmp = &tmp};
    if (over != NULL) l.over = *over;
    ssmi_arena_init(&tmp, mem->ctx);
    const ssm_status status = load(&l, network, image, size);
    ssmi_arena_clear(&tmp);
    return status;
}

ssm_status ssmi_zero_unpack(ssmi_zero_network *network, const char *what, const unsigned char *image,
                            size_t size, int integer, ssm_arena *mem)
{
    return unpack(network, what, image, size, integer, NULL, mem);
}

/* The bytes of a file with weights; `tmp` holds them where they are not the library's own. */
typedef struct weights_image {
    const char *what;
    const unsigned char *bytes;
    size_t size;
} weights_image;

static ssm_status open_image(weights_image *image, const char *path, ssm_arena *tmp)
{
    enum { FILE_LIMIT = 1 << 30 };
    unsigned char *bytes;
#if SSMCAST_EMBED_WEIGHTS
    if (path[0] == '\0') {
        *image = (weights_image){"the library's weights", ssmi_zero_image,
                                 (size_t)(ssmi_zero_image_end - ssmi_zero_image)};
        return SSM_OK;
    }
#else
    if (path[0] == '\0') path = SSMCAST_ZERO_INSTALLED;
#endif
    SSMI_TRY(ssmi_file_read(tmp, path, FILE_LIMIT, &bytes, &image->size));
    image->what = path;
    image->bytes = bytes;
    return SSM_OK;
}

ssm_status ssmi_zero_digest(unsigned char out[SSMI_DIGEST_SIZE], const char *path, ssm_arena *tmp)
{
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    weights_image image;
    ssmi_digest d;
    SSMI_TRY(open_image(&image, path, tmp));
    ssmi_digest_open(&d);
    ssmi_digest_add(&d, image.bytes, image.size);
    ssmi_digest_close(out, &d);
    ssmi_arena_rewind(tmp, mark);
    return SSM_OK;
}

/* The table's tensors as those of a file. */
static ssm_status overlay(ssmi_safetensors *over, const ssmi_parameters *table, const float *params,
                          ssm_arena *tmp)
{
    ssmi_tensor *t = SSMI_ALLOC(tmp, ssmi_tensor, table->n);
    if (t == NULL) return SSM_E_MEMORY;
    *over = (ssmi_safetensors){.n_tensors = table->n, .tensor = t};
    for (size_t i = 0; i < table->n; i++) {
        const ssmi_parameter *p = &table->entry[i];
        t[i] = (ssmi_tensor){.name = p->name,
                             .dtype = SSMI_F32,
                             .rank = p->rank,
                             .bytes = (const unsigned char *)(params + p->offset),
                             .size = p->size * sizeof *params};
        memcpy(t[i].shape, p->shape, p->rank * sizeof *p->shape);
    }
    return SSM_OK;
}

static ssm_status load_over(ssmi_zero_network *network, const char *path, int integer,
                            const ssmi_parameters *table, const float *params, ssm_arena *mem, ssm_arena *tmp)
{
    weights_image image;
    ssmi_safetensors over = {0};
    SSMI_TRY(open_image(&image, path, tmp));
    if (table != NULL) SSMI_TRY(overlay(&over, table, params, tmp));
    return unpack(network, image.what, image.bytes, image.size, integer, &over, mem);
}

ssm_status ssmi_zero_load_tuned(ssmi_zero_network *network, const char *path, int integer,
                                const ssmi_parameters *table, const float *params, ssm_arena *mem)
{
    ssm_arena tmp;
    ssmi_arena_init(&tmp, mem->ctx);
    const ssm_status status = load_over(network, path, integer, table, params, mem, &tmp);
    ssmi_arena_clear(&tmp);
    return status;
}

ssm_status ssmi_zero_load(ssmi_zero_network *network, const char *path, int integer, ssm_arena *mem)
{
    return ssmi_zero_load_tuned(network, path, integer, NULL, NULL, mem);
}

/* `name` without ".weight", the stem of a matrix; 0: it has none. */
static int stem_of(char stem[NAME_SIZE], const char *name)
{
    const size_t length = strlen(name), end = strlen(".weight");
    if (length <= end || length - end >= NAME_SIZE || strcmp(name + length - end, ".weight") != 0) return 0;
    memcpy(stem, name, length - end);
    stem[length - end] = '\0';
    return 1;
}

static ssm_status read_tensor(const loader *l, const ssmi_parameter *p, float *out)
{
    char stem[NAME_SIZE];
    const ssmi_tensor *t = find(l, p->name);
    const size_t columns = p->rank > 1 ? p->shape[1] : 0;
    if (t != NULL && t->dtype == SSMI_I8 && stem_of(stem, p->name))
        return widen_integers(l, stem, t, out, p->shape[0], columns);
    return widen(l, p->name, out, p->shape[0], columns);
}

ssm_status ssmi_zero_read(float *params, const ssmi_parameters *table, const char *path, ssm_arena *tmp)
{
    weights_image image;
    loader l = {.mem = tmp, .tmp = tmp};
    SSMI_TRY(open_image(&image, path, tmp));
    l.what = image.what;
    SSMI_TRY(ssmi_safetensors_parse(tmp, l.what, image.bytes, image.size, &l.file));
    for (size_t i = 0; i < table->n; i++)
        SSMI_TRY(read_tensor(&l, &table->entry[i], params + table->entry[i].offset));
    return SSM_OK;
}
