/* The state as bytes:
 *
 *     "SKF1" | n, 2 bytes | size of a number | 0 | steps, 4 | refused, 4 | x, D, U | CRC-32 of all before it,
 * 4
 *
 * with SSM_KF_COMPENSATED 1 in place of the 0, and the rests behind U.
 *
 * Numbers are IEEE 754, everything little-endian. CRC-32 is that of Ethernet and zip (reflected polynomial
 * 0xedb88320); known value: of "123456789" it is 0xcbf43926. */

static uint32_t NAME(kf_crc)(const uint8_t *bytes, size_t count)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc & 1u) != 0 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static uint8_t *NAME(kf_put)(uint8_t *at, BITS bits, size_t size)
{
    for (size_t i = 0; i < size; i++) at[i] = (uint8_t)(bits >> (8 * i) & 0xffu);
    return at + size;
}

static BITS NAME(kf_get)(const uint8_t *at, size_t size)
{
    BITS bits = 0;
    for (size_t i = 0; i < size; i++) bits |= (BITS)at[i] << (8 * i);
    return bits;
}

static REAL NAME(kf_get_real)(const uint8_t *at)
{
    const BITS bits = NAME(kf_get)(at, sizeof bits);
    REAL x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

enum { NAME(kf_head) = 16 };

/* "SKF1", n, the size of a number and whether there are rests: two words. */
static uint8_t *NAME(kf_put_name)(uint8_t *at, size_t n)
{
    const uint32_t rests = SSM_KF_RESTS(1);
    at = NAME(kf_put)(at, 0x31464b53u, 4);
    return NAME(kf_put)(at, (BITS)((uint32_t)n | (uint32_t)sizeof(REAL) << 16 | rests << 24), 4);
}

ssm_kf_status NAME(kf_save)(const NAME(kf) * f, uint8_t *buffer, uint32_t size)
{
    if (f == NULL || buffer == NULL) return SSM_KF_E_ARGUMENT;
    const size_t n = STATES(f->model), length = SSM_KF_SAVED_BYTES(n, sizeof(REAL));
    if (size < length) return SSM_KF_E_MEMORY;
    uint8_t *at = NAME(kf_put_name)(buffer, n);
    at = NAME(kf_put)(at, f->steps, 4);
    at = NAME(kf_put)(at, f->refused, 4);
    for (size_t i = 0; i < SSM_KF_STATE_REALS(n); i++) {
        BITS bits;
        memcpy(&bits, f->x + i, sizeof bits);
        at = NAME(kf_put)(at, bits, sizeof bits);
    }
    NAME(kf_put)(at, NAME(kf_crc)(buffer, length - 4), 4);
    return SSM_KF_OK;
}

/* Whether the numbers are those of a possible state. */
static int NAME(kf_is_state)(const uint8_t *at, size_t n)
{
    const size_t rests = SSM_KF_RESTS(n), whole = SSM_KF_STATE_REALS(n) - rests;
    const uint8_t *D = at + n * sizeof(REAL), *rest = at + whole * sizeof(REAL);
    int good = 1;
    for (size_t i = 0; i < whole; i++, at += sizeof(REAL)) {
        const REAL most = i < n ? LIMIT : SQUARE_LIMIT, least = n <= i && i < 2 * n ? 0 : -most;
        good &= NAME(kf_is_in)(NAME(kf_get_real)(at), least, most);
    }
    for (size_t i = 0; i < rests; i++, D += sizeof(REAL), rest += sizeof(REAL))
        good &= NAME(kf_is_rest)(NAME(kf_get_real)(rest), NAME(kf_get_real)(D));
    return good;
}

ssm_kf_status NAME(kf_load)(NAME(kf) * f, const uint8_t *buffer, uint32_t size)
{
    if (f == NULL || buffer == NULL) return SSM_KF_E_ARGUMENT;
    const size_t n = STATES(f->model), length = SSM_KF_SAVED_BYTES(n, sizeof(REAL));
    uint8_t name[8];
    if (size < length) return SSM_KF_E_FORMAT;
    NAME(kf_put_name)(name, n);
    if (memcmp(name, buffer, sizeof name) != 0) return SSM_KF_E_FORMAT;
    if (NAME(kf_get)(buffer + length - 4, 4) != NAME(kf_crc)(buffer, length - 4)) return SSM_KF_E_FORMAT;
    if (!NAME(kf_is_state)(buffer + NAME(kf_head), n)) return SSM_KF_E_FORMAT;
    f->steps = (uint32_t)NAME(kf_get)(buffer + 8, 4);
    f->refused = (uint32_t)NAME(kf_get)(buffer + 12, 4);
    for (size_t i = 0; i < SSM_KF_STATE_REALS(n); i++)
        f->x[i] = NAME(kf_get_real)(buffer + NAME(kf_head) + i * sizeof(REAL));
    return SSM_KF_OK;
}
