/* JSON is made as compact text in the memory of the turn. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "rondo.h"

rondo_json rondo_none(void) { return (rondo_json){NULL, 0}; }

rondo_json rondo_bool(bool is_true) { return is_true ? (rondo_json){"true", 4} : (rondo_json){"false", 5}; }

rondo_json rondo_number(int64_t number)
{
    enum { MOST = 20 };
    char *const text = ri_arena_take(&ri_turn, MOST, 1);
    char *at = text + MOST;
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        *--at = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (number < 0) {
        *--at = '-';
    }
    return (rondo_json){at, (size_t)(text + MOST - at)};
}

rondo_json rondo_double(double number)
{
    enum { MOST = 32 };
    if (number - number != 0) {
        return (rondo_json){"null", 4};
    }
    char *const text = ri_arena_take(&ri_turn, MOST, 1);
    int size = 0;
    /* 17 digits tell all doubles apart; most need fewer. */
    for (int digits = 1; digits <= 17; digits++) {
        size = snprintf(text, MOST, "%.*g", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    return (rondo_json){text, (size_t)size};
}

static void append(rondo_writer *writer, const char *text, size_t size)
{
    if (size > writer->capacity - writer->size) {
        const size_t needed = writer->size + size;
        if (needed < size) {
            ri_trap();
        }
        const size_t doubled = ri_times(writer->capacity, 2);
        const size_t capacity = needed > doubled ? needed : doubled;
        char *const grown = ri_arena_take(&ri_turn, capacity, 1);
        memcpy(grown, writer->text, writer->size);
        writer->text = grown;
        writer->capacity = capacity;
    }
    memcpy(writer->text + writer->size, text, size);
    writer->size += size;
}

static rondo_writer writer_of(char open, char close)
{
    enum { FIRST = 64 };
    rondo_writer writer = {.text = ri_arena_take(&ri_turn, FIRST, 1), .capacity = FIRST, .close = close};
    writer.text[writer.size++] = open;
    return writer;
}

static void append_string(rondo_writer *writer, const char *text)
{
    append(writer, "\"", 1);
    const char *plain = text;
    for (const char *at = text;; at++) {
        const unsigned char c = (unsigned char)*at;
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        append(writer, plain, (size_t)(at - plain));
        plain = at + 1;
        if (c == 0) {
            break;
        }
        char escape[6] = {'\\', 'u', '0', '0', "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]};
        size_t size = 6;
        static const char characters[] = "\b\f\n\r\t\"\\";
        const char *const found = strchr(characters, c);
        if (found) {
            escape[1] = "bfnrt\"\\"[found - characters];
            size = 2;
        }
        append(writer, escape, size);
    }
    append(writer, "\"", 1);
}

rondo_json rondo_string(const char *text)
{
    if (!text) {
        return rondo_none();
    }
    const size_t capacity = strlen(text) + 2;
    rondo_writer writer = {.text = ri_arena_take(&ri_turn, capacity, 1), .capacity = capacity};
    append_string(&writer, text);
    return (rondo_json){writer.text, writer.size};
}

rondo_writer rondo_object(void) { return writer_of('{', '}'); }

rondo_writer rondo_array(void) { return writer_of('[', ']'); }

static void append_value(rondo_writer *writer, rondo_json value)
{
    if (value.size == 0) {
        append(writer, "null", 4);
    } else {
        append(writer, value.text, value.size);
    }
}

void rondo_put(rondo_writer *object, const char *name, rondo_json value)
{
    if (object->size > 1) {
        append(object, ",", 1);
    }
    append_string(object, name);
    append(object, ":", 1);
    append_value(object, value);
}

void rondo_push(rondo_writer *array, rondo_json value)
{
    if (array->size > 1) {
        append(array, ",", 1);
    }
    append_value(array, value);
}

rondo_json rondo_end(rondo_writer *writer)
{
    append(writer, &writer->close, 1);
    return (rondo_json){writer->text, writer->size};
}
