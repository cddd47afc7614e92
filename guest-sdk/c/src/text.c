#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *ri_text_in(struct ri_arena *arena, struct ri_text text)
{
    char *const copy = ri_arena_take(arena, text.size + 1, 1);
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    copy[text.size] = 0;
    return copy;
}

const char *ri_option_in(struct ri_arena *arena, struct ri_option_text text)
{
    return text.some ? ri_text_in(arena, text.value) : NULL;
}

/* How many bytes the character at `at` has; 0 if it is none. */
static size_t character_bytes(const unsigned char *at, size_t left)
{
    if (at[0] < 0x80) {
        return 1;
    }
    /* What the second byte may be keeps out overlong forms, surrogates, and what lies beyond U+10FFFF. */
    size_t bytes;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (at[0] >= 0xC2 && at[0] <= 0xDF) {
        bytes = 2;
    } else if (at[0] >= 0xE0 && at[0] <= 0xEF) {
        bytes = 3;
        low = at[0] == 0xE0 ? 0xA0 : low;
        high = at[0] == 0xED ? 0x9F : high;
    } else if (at[0] >= 0xF0 && at[0] <= 0xF4) {
        bytes = 4;
        low = at[0] == 0xF0 ? 0x90 : low;
        high = at[0] == 0xF4 ? 0x8F : high;
    } else {
        return 0;
    }
    if (left < bytes || at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t index = 2; index < bytes; index++) {
        if (at[index] < 0x80 || at[index] > 0xBF) {
            return 0;
        }
    }
    return bytes;
}

struct ri_text ri_bytes_out(const char *text, size_t size)
{
    const unsigned char *const bytes = (const unsigned char *)text;
    size_t wrong = 0;
    for (size_t at = 0; at < size;) {
        const size_t step = character_bytes(bytes + at, size - at);
        wrong += step == 0;
        at += step ? step : 1;
    }
    if (size == 0) {
        return (struct ri_text){NULL, 0};
    }
    if (wrong > (SIZE_MAX - size) / 2) {
        ri_trap();
    }
    char *const copy = ri_arena_take(&ri_results, size + 2 * wrong, 1);
    if (wrong == 0) {
        memcpy(copy, text, size);
        return (struct ri_text){copy, size};
    }
    char *to = copy;
    for (size_t at = 0; at < size;) {
        const size_t step = character_bytes(bytes + at, size - at);
        memcpy(to, step ? text + at : "\xEF\xBF\xBD", step ? step : 3);
        to += step ? step : 3;
        at += step ? step : 1;
    }
    return (struct ri_text){copy, (size_t)(to - copy)};
}

struct ri_text ri_text_out(const char *text) { return ri_bytes_out(text, text ? strlen(text) : 0); }

struct ri_option_text ri_option_out(const char *text)
{
    return text ? (struct ri_option_text){true, ri_text_out(text)} : (struct ri_option_text){0};
}

struct ri_option_text ri_payload_out(rondo_json value)
{
    if (rondo_is_null(value)) {
        return (struct ri_option_text){0};
    }
    return (struct ri_option_text){true, ri_bytes_out(value.text, value.size)};
}

struct ri_wire_failure ri_failure_out(rondo_failure failure)
{
    return (struct ri_wire_failure){
        .kind = ri_text_out(failure.kind ? failure.kind : RONDO_KIND_ERROR),
        .message = ri_text_out(failure.message),
        .details = ri_option_out(failure.details),
        .non_retriable = failure.non_retriable,
    };
}

rondo_failure rondo_error(const char *kind, const char *message)
{
    return (rondo_failure){.kind = kind, .message = message};
}

rondo_failure rondo_final_error(const char *kind, const char *message)
{
    return (rondo_failure){.kind = kind, .message = message, .non_retriable = true};
}

rondo_json rondo_keep(rondo_json value)
{
    if (value.size == 0) {
        return rondo_none();
    }
    return (rondo_json){ri_text_in(&ri_execution, (struct ri_text){value.text, value.size}), value.size};
}

const char *rondo_keep_text(const char *text)
{
    return text ? ri_text_in(&ri_execution, (struct ri_text){text, strlen(text)}) : NULL;
}

const char *rondo_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0) {
        return "";
    }
    char *const text = ri_arena_take(&ri_turn, (size_t)size + 1, 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return text;
}
