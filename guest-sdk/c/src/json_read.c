/* JSON is read where it stands: a value is a piece of the text that was found well-formed once. */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "rondo.h"

/* As deep as other readers go; each level costs a few bytes of stack. */
enum { DEPTH_MAX = 128 };

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) {
        at++;
    }
    return at;
}

/* All of these take the beginning of something and answer with its end, or NULL if it is not well-formed. */

static const char *skip_word(const char *at, const char *end, const char *word)
{
    const size_t size = strlen(word);
    return (size_t)(end - at) >= size && memcmp(at, word, size) == 0 ? at + size : NULL;
}

static const char *skip_digits(const char *at, const char *end)
{
    const char *const start = at;
    while (at < end && *at >= '0' && *at <= '9') {
        at++;
    }
    return at > start ? at : NULL;
}

static const char *skip_number(const char *at, const char *end)
{
    if (at < end && *at == '-') {
        at++;
    }
    at = at < end && *at == '0' ? at + 1 : skip_digits(at, end);
    if (at && at < end && *at == '.') {
        at = skip_digits(at + 1, end);
    }
    if (at && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) {
            at++;
        }
        at = skip_digits(at, end);
    }
    return at;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* -1 if there are not four. */
static int32_t four_hex_digits(const char *at, const char *end)
{
    if (end - at < 4) {
        return -1;
    }
    int32_t number = 0;
    for (int index = 0; index < 4; index++) {
        const int digit = hex_digit(at[index]);
        if (digit < 0) {
            return -1;
        }
        number = number * 16 + digit;
    }
    return number;
}

static const char *skip_string(const char *at, const char *end)
{
    if (at == end || *at != '"') {
        return NULL;
    }
    for (at++; at < end; at++) {
        if (*at == '"') {
            return at + 1;
        }
        if ((unsigned char)*at < 0x20) {
            return NULL;
        }
        if (*at == '\\') {
            at++;
            if (at == end || *at == 0 || !strchr("\"\\/bfnrtu", *at)) {
                return NULL;
            }
            if (*at == 'u') {
                if (four_hex_digits(at + 1, end) < 0) {
                    return NULL;
                }
                at += 4;
            }
        }
    }
    return NULL;
}

static const char *skip_value(const char *at, const char *end, int depth);

static const char *skip_members(const char *at, const char *end, int depth)
{
    const char open = *at;
    const char close = open == '{' ? '}' : ']';
    at = skip_space(at + 1, end);
    if (at < end && *at == close) {
        return at + 1;
    }
    for (;;) {
        if (open == '{') {
            at = skip_string(at, end);
            if (!at) {
                return NULL;
            }
            at = skip_space(at, end);
            if (at == end || *at != ':') {
                return NULL;
            }
            at = skip_space(at + 1, end);
        }
        at = skip_value(at, end, depth);
        if (!at) {
            return NULL;
        }
        at = skip_space(at, end);
        if (at == end || (*at != ',' && *at != close)) {
            return NULL;
        }
        if (*at == close) {
            return at + 1;
        }
        at = skip_space(at + 1, end);
    }
}

static const char *skip_value(const char *at, const char *end, int depth)
{
    if (at == end) {
        return NULL;
    }
    switch (*at) {
    case '{':
    case '[':
        return depth < DEPTH_MAX ? skip_members(at, end, depth + 1) : NULL;
    case '"':
        return skip_string(at, end);
    case 'n':
        return skip_word(at, end, "null");
    case 't':
        return skip_word(at, end, "true");
    case 'f':
        return skip_word(at, end, "false");
    default:
        return skip_number(at, end);
    }
}

bool rondo_parse(const char *text, size_t size, rondo_json *value)
{
    if (size == 0) {
        return false;
    }
    const char *const end = text + size;
    const char *const start = skip_space(text, end);
    const char *const stop = skip_value(start, end, 0);
    if (!stop || skip_space(stop, end) != end) {
        return false;
    }
    *value = (rondo_json){start, (size_t)(stop - start)};
    return true;
}

static bool is_word(rondo_json value, const char *word)
{
    return value.size == strlen(word) && memcmp(value.text, word, value.size) == 0;
}

static bool begins_with(rondo_json value, char c) { return value.size > 0 && value.text[0] == c; }

bool rondo_is_null(rondo_json value) { return value.size == 0 || is_word(value, "null"); }

bool rondo_read_bool(rondo_json value, bool *is_true)
{
    *is_true = is_word(value, "true");
    return *is_true || is_word(value, "false");
}

bool rondo_read_i64(rondo_json value, int64_t *number)
{
    const char *at = value.text;
    const char *const end = at + value.size;
    const bool is_negative = begins_with(value, '-');
    at += is_negative;
    /* The magnitude of the least number is one more than that of the greatest. */
    const uint64_t most = (uint64_t)INT64_MAX + is_negative;
    uint64_t magnitude = 0;
    if (value.size == 0 || at == end) {
        return false;
    }
    for (; at < end; at++) {
        const unsigned digit = (unsigned)(*at - '0');
        if (*at < '0' || *at > '9' || magnitude > (most - digit) / 10) {
            return false;
        }
        magnitude = magnitude * 10 + digit;
    }
    *number = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

bool rondo_read_u32(rondo_json value, uint32_t *number)
{
    int64_t wide;
    if (!rondo_read_i64(value, &wide) || wide < 0 || wide > UINT32_MAX) {
        return false;
    }
    *number = (uint32_t)wide;
    return true;
}

bool rondo_read_double(rondo_json value, double *number)
{
    if (value.size == 0 || !(begins_with(value, '-') || (value.text[0] >= '0' && value.text[0] <= '9'))) {
        return false;
    }
    char *const text = ri_arena_take(&ri_turn, value.size + 1, 1);
    memcpy(text, value.text, value.size);
    text[value.size] = 0;
    *number = strtod(text, NULL);
    return *number - *number == 0;
}

static char *put_character(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    int shift = code < 0x800 ? 6 : code < 0x10000 ? 12 : 18;
    *to++ = (char)((shift == 6 ? 0xC0 : shift == 12 ? 0xE0 : 0xF0) | code >> shift);
    while (shift > 0) {
        shift -= 6;
        *to++ = (char)(0x80 | (code >> shift & 0x3F));
    }
    return to;
}

/* The character of an escape, `at` being behind its backslash, or 0 when it has none that a text can hold. */
static uint32_t escaped(const char **at, const char *end)
{
    const char c = *(*at)++;
    if (c != 'u') {
        static const char names[] = "bfnrt";
        static const char characters[] = "\b\f\n\r\t";
        const char *const found = strchr(names, c);
        return (uint32_t)(found ? characters[found - names] : c);
    }
    const int32_t high = four_hex_digits(*at, end);
    *at += 4;
    if (high < 0xD800 || high > 0xDFFF) {
        return (uint32_t)high;
    }
    if (high > 0xDBFF || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') {
        return 0;
    }
    const int32_t low = four_hex_digits(*at + 2, end);
    *at += 6;
    return low < 0xDC00 || low > 0xDFFF ? 0 : 0x10000 + ((uint32_t)(high - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
}

/* Into `to`, which has room for the text as it is escaped, with a zero behind it. */
static bool unescape(rondo_json string, char *to)
{
    const char *at = string.text + 1;
    const char *const end = string.text + string.size - 1;
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        at++;
        const uint32_t code = escaped(&at, end);
        if (code == 0) {
            return false;
        }
        to = put_character(to, code);
    }
    *to = 0;
    return true;
}

bool rondo_read_string(rondo_json value, const char **text)
{
    if (!begins_with(value, '"')) {
        return false;
    }
    char *const copy = ri_arena_take(&ri_execution, value.size, 1);
    *text = copy;
    return unescape(value, copy);
}

bool rondo_read_optional_string(rondo_json value, const char **text)
{
    if (rondo_is_null(value)) {
        *text = NULL;
        return true;
    }
    return rondo_read_string(value, text);
}

bool rondo_is_array(rondo_json value) { return begins_with(value, '['); }

static rondo_items items_of(rondo_json value, char open)
{
    if (!begins_with(value, open)) {
        return (rondo_items){NULL, NULL};
    }
    const char *const end = value.text + value.size - 1;
    return (rondo_items){skip_space(value.text + 1, end), end};
}

rondo_items rondo_items_of(rondo_json array) { return items_of(array, '['); }

/* To what comes behind a value: the next one, or the end. */
static void skip_comma(rondo_items *items)
{
    items->at = skip_space(items->at, items->end);
    if (items->at < items->end) {
        items->at = skip_space(items->at + 1, items->end);
    }
}

bool rondo_next(rondo_items *items, rondo_json *item)
{
    if (items->at == items->end) {
        return false;
    }
    const char *const start = items->at;
    items->at = skip_value(start, items->end, 0);
    if (!items->at) {
        *items = (rondo_items){NULL, NULL};
        return false;
    }
    *item = (rondo_json){start, (size_t)(items->at - start)};
    skip_comma(items);
    return true;
}

size_t rondo_length(rondo_json array)
{
    rondo_items items = rondo_items_of(array);
    rondo_json item;
    size_t length = 0;
    while (rondo_next(&items, &item)) {
        length++;
    }
    return length;
}

static bool is_named(rondo_json string, const char *name)
{
    const size_t size = strlen(name);
    if (!memchr(string.text, '\\', string.size)) {
        return string.size == size + 2 && memcmp(string.text + 1, name, size) == 0;
    }
    char *const copy = ri_arena_take(&ri_turn, string.size, 1);
    return unescape(string, copy) && strcmp(copy, name) == 0;
}

rondo_json rondo_member(rondo_json object, const char *name)
{
    rondo_json found = {NULL, 0};
    rondo_items members = items_of(object, '{');
    rondo_json key;
    /* A colon stands where a list has a comma. */
    while (rondo_next(&members, &key)) {
        rondo_json value;
        if (!rondo_next(&members, &value)) {
            break;
        }
        if (is_named(key, name)) {
            found = value;
        }
    }
    return found;
}
