/* What is read and what is made. */
#include <math.h>
#include <string.h>

#include "host.h"

static rondo_json parsed(const char *text)
{
    rondo_json value = {NULL, 0};
    CHECK(rondo_parse(text, strlen(text), &value));
    return value;
}

static bool is_json(const char *text)
{
    rondo_json value;
    /* Of exactly this size, so that the sanitizer sees a read behind its end. */
    char exact[256];
    const size_t size = strlen(text);
    memcpy(exact + sizeof exact - size, text, size);
    return rondo_parse(exact + sizeof exact - size, size, &value);
}

static void what_is_json_is_told_from_what_is_not(void)
{
    static const char *const good[] = {
        "null", " true\n", "-0", "0.5e-10", "12E+3", "\"\"", "\"\\u00e9\\n\\/\"", "[]", "[ ]", "{ }", "[1 , [2],{}]",
        "{\"a\":1,\"b\" : [null]}", "\"\\ud800\"",
    };
    static const char *const bad[] = {
        "",       " ",      "nul",      "01",     "+1",       "1.",    ".5",     "1e",   "-",          "\"",
        "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\n\"", "[1,]",     "[1",    "{\"a\"}", "{a:1}", "{\"a\":1,}", "1 2",
        "[",      "{",      "{\"a\":",   "tru",    "\"\\u123g\"", "\"\\u123", "[1}",   "\\",     "--1",
    };
    for (size_t index = 0; index < sizeof good / sizeof *good; index++) {
        check(__FILE__, __LINE__, good[index], is_json(good[index]));
    }
    for (size_t index = 0; index < sizeof bad / sizeof *bad; index++) {
        check(__FILE__, __LINE__, bad[index], !is_json(bad[index]));
    }
}

static void nesting_has_a_limit(void)
{
    char text[260];
    rondo_json value;
    memset(text, '[', 128);
    memset(text + 128, ']', 128);
    CHECK(rondo_parse(text, 256, &value));
    memset(text, '[', 129);
    memset(text + 129, ']', 129);
    CHECK(!rondo_parse(text, 258, &value));
}

static void numbers_are_read_exactly_or_not_at_all(void)
{
    int64_t n;
    uint32_t u;
    double d;
    CHECK(rondo_read_i64(parsed("-9223372036854775808"), &n) && n == INT64_MIN);
    CHECK(rondo_read_i64(parsed("9223372036854775807"), &n) && n == INT64_MAX);
    CHECK(!rondo_read_i64(parsed("9223372036854775808"), &n) && !rondo_read_i64(parsed("-9223372036854775809"), &n));
    CHECK(!rondo_read_i64(parsed("1.0"), &n) && !rondo_read_i64(parsed("null"), &n));
    CHECK(!rondo_read_i64(rondo_none(), &n));
    CHECK(rondo_read_u32(parsed("4294967295"), &u) && u == UINT32_MAX && !rondo_read_u32(parsed("4294967296"), &u));
    CHECK(!rondo_read_u32(parsed("-1"), &u));
    CHECK(rondo_read_double(parsed("-2.5e3"), &d) && d == -2500 && !rondo_read_double(parsed("1e999"), &d));
    CHECK(!rondo_read_double(parsed("\"1\""), &d));
}

static void strings_are_read_without_their_escapes(void)
{
    const char *text;
    CHECK(rondo_read_string(parsed("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u20ac\\ud83e\\udd80z\""), &text));
    CHECK_TEXT(text, "a\"\\/\b\f\n\r\tä€🦀z");
    CHECK(!rondo_read_string(parsed("\"\\u0000\""), &text));
    CHECK(!rondo_read_string(parsed("\"\\ud83e\""), &text) && !rondo_read_string(parsed("\"\\ud83ex\\u0041\""), &text));
    CHECK(!rondo_read_string(parsed("\"\\udd80\""), &text) && !rondo_read_string(parsed("7"), &text));
    CHECK(rondo_read_optional_string(parsed("null"), &text) && text == NULL);
}

static void members_and_elements_are_found(void)
{
    const rondo_json object =
        parsed("{ \"a\" : [1, {\"x\":[2]} , \"]\"], \"b\\u0062\":true, \"a\\\\\": 3, \"c\":1, \"c\":2 }");
    CHECK_TEXT(text_of(rondo_member(object, "bb")), "true");
    CHECK_TEXT(text_of(rondo_member(object, "a\\")), "3");
    CHECK_TEXT(text_of(rondo_member(object, "c")), "2");
    CHECK(rondo_is_null(rondo_member(object, "x")) && rondo_is_null(rondo_member(parsed("[1]"), "x")));
    const rondo_json array = rondo_member(object, "a");
    CHECK(rondo_length(array) == 3 && rondo_length(object) == 0 && rondo_length(parsed("[ ]")) == 0);
    rondo_items items = rondo_items_of(array);
    rondo_json item;
    CHECK(rondo_next(&items, &item) && rondo_next(&items, &item));
    CHECK_TEXT(text_of(item), "{\"x\":[2]}");
    CHECK(rondo_next(&items, &item) && !rondo_next(&items, &item) && !rondo_next(&items, &item));
}

static void what_is_made_is_compact_and_escapes_only_what_it_must(void)
{
    rondo_writer array = rondo_array();
    for (int n = -100; n < 100; n++) {
        rondo_push(&array, rondo_number(n));
    }
    const rondo_json numbers = rondo_end(&array);
    CHECK(rondo_length(parsed(text_of(numbers))) == 200);
    rondo_writer inner = rondo_array();
    rondo_writer object = rondo_object();
    rondo_put(&object, "a\"", rondo_string("<ä>&'/\x7f\x01\x1f\b\f\n\r\t\\"));
    rondo_put(&object, "b", rondo_none());
    rondo_put(&object, "c", rondo_end(&inner));
    CHECK_TEXT(text_of(rondo_end(&object)),
               "{\"a\\\"\":\"<ä>&'/\x7f\\u0001\\u001f\\b\\f\\n\\r\\t\\\\\",\"b\":null,\"c\":[]}");
    CHECK_TEXT(text_of(rondo_number(INT64_MIN)), "-9223372036854775808");
    CHECK_TEXT(text_of(rondo_number(0)), "0");
    CHECK_TEXT(text_of(rondo_double(0.1)), "0.1");
    CHECK_TEXT(text_of(rondo_double(1.0 / 3)), "0.3333333333333333");
    CHECK_TEXT(text_of(rondo_double(NAN)), "null");
    CHECK(rondo_string(NULL).size == 0);
}

void test_json(void)
{
    what_is_json_is_told_from_what_is_not();
    nesting_has_a_limit();
    numbers_are_read_exactly_or_not_at_all();
    strings_are_read_without_their_escapes();
    members_and_elements_are_found();
    what_is_made_is_compact_and_escapes_only_what_it_must();
}
