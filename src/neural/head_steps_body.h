/* Steps of the heads for one element type. Mamba-2 (Dao & Gu 2024, section 7) takes dt = softplus(raw +
 * bias):
 *
 *     S_t = exp(dt_t A) S_{t-1} + dt_t B_t x_t'
 *
 * Mamba-3's exponential trapezoid (arXiv 2603.15569; lambda = sigmoid(mix), 1 is Mamba-2's and 1/2 the
 * trapezoid of second order) also lets the input of the row before in, decayed over the whole step:
 *
 *     S_t = a_t S_{t-1} + (1 - lambda_t) dt_t a_t B_{t-1} x_{t-1}' + lambda_t dt_t B_t x_t'
 *
 * Seen from any later row, B_t x_t' has entered with lambda_t dt_t + (1 - lambda_{t+1}) dt_{t+1}, and only
 * row t itself must not see the second part yet. So it is the same recurrence with
 *
 *     gain_t = lambda_t dt_t - direct_t        direct_t = -(1 - lambda_{t+1}) dt_{t+1}, 0 in the last row
 *
 * Known value: raw + bias = 0, mix = 0: dt = log 2, gain = dt and direct = -dt/2 but in the last row, dt/2.
 */
static REAL sigmoid(REAL v)
{
    return 1 / (1 + R_EXP(-v));
}

/* softplus as the reference has it: v itself above 20. */
static REAL step_of(const NAME(ssmi_head_steps) * s, size_t row, size_t head)
{
    const REAL v = s->raw[row * s->stride + head] + s->bias[head];
    const REAL soft = v > 20 ? v : (v > 0 ? v : 0) + R_LOG1P(R_EXP(-R_FABS(v)));
    return s->step != NULL ? soft * s->step[row] : soft;
}

static REAL step_slope(const NAME(ssmi_head_steps) * s, size_t row, size_t head)
{
    const REAL v = s->raw[row * s->stride + head] + s->bias[head], slope = v > 20 ? 1 : sigmoid(v);
    return s->step != NULL ? slope * s->step[row] : slope;
}

static int is_last(const NAME(ssmi_head_steps) * s, size_t row)
{
    return (row + 1) % s->length == 0;
}

void NAME(ssmi_head_steps_forward)(REAL *dt, REAL *log_decay, REAL *gain, REAL *direct,
                                   const NAME(ssmi_head_steps) * s)
{
    const size_t H = s->heads, rows = s->batch * s->length;
    for (size_t i = 0; i < rows * H; i++) {
        dt[i] = step_of(s, i / H, i % H);
        log_decay[i] = dt[i] * s->A[i % H];
        gain[i] = dt[i];
    }
    for (size_t i = 0; i < rows * H && s->mix != NULL; i++) {
        const size_t row = i / H, head = i % H;
        direct[i] = 0;
        if (!is_last(s, row)) direct[i] = -dt[i + H] * sigmoid(-s->mix[(row + 1) * s->stride + head]);
        gain[i] = dt[i] * sigmoid(s->mix[row * s->stride + head]) - direct[i];
    }
}

/* Gradient of what enters with the step of this row: lambda dt here, (1 - lambda) dt one row up. */
static REAL mix_adjoint(REAL *ddt, const REAL *dgain, const REAL *ddirect, REAL dt, size_t i,
                        const NAME(ssmi_head_steps) * s)
{
    const size_t row = i / s->heads, head = i % s->heads;
    const REAL lambda = sigmoid(s->mix[row * s->stride + head]);
    const REAL up = row % s->length > 0 ? dgain[i - s->heads] - ddirect[i - s->heads] : 0;
    *ddt += lambda * dgain[i] + (1 - lambda) * up;
    return dt * (dgain[i] - up) * lambda * (1 - lambda);
}

void NAME(ssmi_head_steps_backward)(REAL *draw, REAL *dmix, REAL *dbias, REAL *dA, const REAL *ddt,
                                    const REAL *dlog_decay, const REAL *dgain, const REAL *ddirect,
                                    const NAME(ssmi_head_steps) * s)
{
    const size_t H = s->heads;
    for (size_t i = 0; i < s->batch * s->length * H; i++) {
        const size_t row = i / H, head = i % H, at = row * s->stride + head;
        const REAL dt = step_of(s, row, head);
        REAL d = s->A[head] * dlog_decay[i] + (ddt != NULL ? ddt[i] : 0);
        if (s->mix != NULL)
            dmix[at] = mix_adjoint(&d, dgain, ddirect, dt, i, s);
        else
            d += dgain[i];
        dA[head] += dt * dlog_decay[i];
        draw[at] = d * step_slope(s, row, head);
        dbias[head] += draw[at];
    }
}
