/* Memory, random numbers and texts. */
#include "memory.h"

#include <string.h>

#include "host.h"
#include "random.h"
#include "text.h"

/* Without pools, which hide from sanitizers what goes wrong, there is nothing to use again. */
#ifndef RONDO_CHECKED

static void what_is_given_back_is_used_again(void)
{
    void *const block = ri_take(100);
    ri_give(block, 100);
    CHECK(ri_take(128) == block);
    ri_give(block, 128);
}

static void what_an_arena_gives_back_is_used_again(void)
{
    struct ri_arena arena = {0};
    void *const before = ri_arena_take(&arena, 5000, 1);
    ri_arena_reset(&arena);
    CHECK(ri_arena_take(&arena, 5000, 1) == before);
    ri_arena_reset(&arena);
}

#endif

static void an_arena_hands_out_what_does_not_overlap(void)
{
    enum { COUNT = 2000 };
    static unsigned char *pieces[COUNT];
    struct ri_arena arena = {0};
    for (size_t index = 0; index < COUNT; index++) {
        pieces[index] = ri_arena_take(&arena, index, 8);
        CHECK((uintptr_t)pieces[index] % 8 == 0);
        memset(pieces[index], (int)(index & 0xFF), index);
    }
    for (size_t index = 1; index < COUNT; index++) {
        CHECK(pieces[index][0] == (index & 0xFF) && pieces[index][index - 1] == (index & 0xFF));
    }
    ri_arena_reset(&arena);
}

static void what_is_allocated_is_zero(void)
{
    ri_arena_reset(&ri_execution);
    memset(rondo_alloc(500), 1, 500);
    ri_arena_reset(&ri_execution);
    const unsigned char *const bytes = rondo_alloc_array(250, 2);
    for (int index = 0; index < 500; index++) {
        CHECK(bytes[index] == 0);
    }
}

void test_memory(void)
{
#ifndef RONDO_CHECKED
    what_is_given_back_is_used_again();
    what_an_arena_gives_back_is_used_again();
#endif
    an_arena_hands_out_what_does_not_overlap();
    what_is_allocated_is_zero();
}

/* The draws that tests/guests/scenarios/README.md tells. */
void test_random(void)
{
    static const char id[] = "00112233445566778899aabbccddeeff";
    static const char *const uuids[] = {
        "736628fc-2350-4e92-a350-5a9d7ce5b83c",
        "d32efdb5-7bb4-4bcd-b111-13e5c7e522de",
        "2f3d8eb0-34c2-4446-8c95-c98385e638b5",
    };
    for (size_t index = 0; index < 3; index++) {
        rondo_uuid uuid;
        ri_uuid(ri_draw_of(id, index), uuid.text);
        CHECK_TEXT(uuid.text, uuids[index]);
    }
    CHECK(ri_below(ri_draw_of(id, 0).high, 6) == 2 && ri_below(ri_draw_of(id, 2).high, 1000000) == 184533);
    CHECK(ri_below(UINT64_MAX, UINT64_MAX) == UINT64_MAX - 1 && ri_below(UINT64_MAX, 0) == 0);
}

static void goes_out(const char *text, const char *expected)
{
    const struct ri_text out = ri_text_out(text);
    CHECK_TEXT(text_of((rondo_json){out.data, out.size}), expected);
}

void test_texts(void)
{
    goes_out("aä€🦀", "aä€🦀");
    goes_out("\xff", "\xEF\xBF\xBD");
    /* Cut off, overlong, a surrogate, and beyond the last character. */
    goes_out("a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD");
    goes_out("\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD");
    goes_out("\xED\xA0\x80z", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
    goes_out("\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    goes_out(NULL, "");
    CHECK_TEXT(rondo_format("%d %s", 7, "x"), "7 x");
    CHECK_TEXT(rondo_keep_text("kept"), "kept");
    CHECK_TEXT(text_of(rondo_keep(rondo_number(7))), "7");
}
