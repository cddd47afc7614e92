/* One attempt of an activity. */
#include <string.h>

#include "host.h"

static rondo_result key(const rondo_call *call, rondo_json input)
{
    int64_t n;
    if (!rondo_read_i64(input, &n)) {
        return rondo_invalid_input();
    }
    if (n == 0) {
        return rondo_failed(rondo_error(NULL, NULL));
    }
    return rondo_ok(rondo_string(call->idempotency_key));
}

void offer_for_activities(void) { rondo_offer_activity("key", "Tells its key.", key); }

static struct ri_wire_result run(const char *name, const char *input)
{
    const struct ri_wire_call call = {wire("i"), wire("e1"), 7, 2};
    return ri_run_activity(wire(name), (struct ri_option_text){input != NULL, wire(input)}, &call);
}

static bool has_kind(const struct ri_wire_result *result, const char *kind)
{
    const struct ri_text text = result->as.failure.kind;
    return result->is_failure && text.size == strlen(kind) && memcmp(text.data, kind, text.size) == 0;
}

void test_activities(void)
{
    struct ri_wire_result result = run("key", "1");
    CHECK(!result.is_failure && result.as.output.some && result.as.output.value.size == 6);
    CHECK(memcmp(result.as.output.value.data, "\"e1-7\"", 6) == 0);
    result = run("key", "0");
    CHECK(has_kind(&result, "error") && !result.as.failure.non_retriable && result.as.failure.message.size == 0);
    result = run("key", NULL);
    CHECK(has_kind(&result, "invalid-input") && result.as.failure.non_retriable);
    result = run("key", "1 2");
    CHECK(has_kind(&result, "invalid-input"));
    result = run("lock", "1");
    CHECK(has_kind(&result, "activity-not-found") && result.as.failure.non_retriable);
    const struct ri_wire_definitions offered = ri_describe_activities();
    CHECK(offered.count == 1 && memcmp(offered.items[0].description.data, "Tells its key.", 14) == 0);
}
