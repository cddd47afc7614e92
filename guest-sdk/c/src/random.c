#include "random.h"

/* 2^64 divided by the golden ratio: steps of this size visit every number before repeating one. */
static const uint64_t STEP = 0x9E3779B97F4A7C15;

/* The finalizer of SplitMix64: a bijection whose every output bit depends on every input bit. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

/* Of 16 hex digits; a host that keeps the contract sends nothing else. */
static uint64_t half_key(const char **digits)
{
    uint64_t key = 0;
    for (int index = 0; index < 16 && **digits; index++, (*digits)++) {
        const char c = **digits;
        key = key << 4 | (uint64_t)(c <= '9' ? c & 15 : (c + 9) & 15);
    }
    return key;
}

struct ri_draw ri_draw_of(const char *execution_id, uint64_t index)
{
    const uint64_t step = (index + 1) * STEP;
    const char *digits = execution_id;
    const uint64_t key_high = half_key(&digits);
    const uint64_t key_low = half_key(&digits);
    const uint64_t high = mix(key_high + step);
    return (struct ri_draw){high, mix((key_low + step) ^ high)};
}

/* The upper half of the product, by its four quarters. */
uint64_t ri_below(uint64_t random, uint64_t end)
{
    const uint64_t half = UINT32_MAX;
    const uint64_t low = (random & half) * (end & half);
    const uint64_t middle = (random >> 32) * (end & half) + (low >> 32);
    const uint64_t other = (random & half) * (end >> 32) + (middle & half);
    return (random >> 32) * (end >> 32) + (middle >> 32) + (other >> 32);
}

void ri_uuid(struct ri_draw draw, char *text)
{
    const uint64_t halves[2] = {
        (draw.high & ~(uint64_t)0xF000) | 0x4000,
        (draw.low & ~((uint64_t)3 << 62)) | (uint64_t)2 << 62,
    };
    for (int digit = 0; digit < 32; digit++) {
        if (digit == 8 || digit == 12 || digit == 16 || digit == 20) {
            *text++ = '-';
        }
        *text++ = "0123456789abcdef"[halves[digit / 16] >> (60 - 4 * (digit % 16)) & 15];
    }
    *text = 0;
}
