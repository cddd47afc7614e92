#include "scenarios.h"

static rondo_result add_one(const rondo_call *call, rondo_json input)
{
    (void)call;
    int64_t n;
    return rondo_read_i64(input, &n) ? rondo_ok(rondo_number(n + 1)) : rondo_invalid_input();
}

static rondo_result square(const rondo_call *call, rondo_json input)
{
    (void)call;
    int64_t n;
    return rondo_read_i64(input, &n) ? rondo_ok(rondo_number(n * n)) : rondo_invalid_input();
}

static rondo_result echo(const rondo_call *call, rondo_json input)
{
    (void)call;
    return rondo_ok(input);
}

static rondo_result flaky(const rondo_call *call, rondo_json input)
{
    uint32_t succeed_on;
    if (!rondo_read_u32(rondo_member(input, "succeed_on"), &succeed_on)) {
        return rondo_invalid_input();
    }
    if (call->attempt < succeed_on) {
        const char *const message =
            rondo_format("attempt %lu of %lu", (unsigned long)call->attempt, (unsigned long)succeed_on);
        return rondo_failed(rondo_error("flaky", message));
    }
    return rondo_ok(rondo_number(call->attempt));
}

static rondo_result fail(const rondo_call *call, rondo_json input)
{
    (void)call;
    rondo_failure failure;
    return read_failure(input, &failure) ? rondo_failed(failure) : rondo_invalid_input();
}

static rondo_result whoami(const rondo_call *call, rondo_json input)
{
    (void)input;
    rondo_writer object = rondo_object();
    rondo_put(&object, "attempt", rondo_number(call->attempt));
    rondo_put(&object, "execution_id", rondo_string(call->execution_id));
    rondo_put(&object, "idempotency_key", rondo_string(call->idempotency_key));
    rondo_put(&object, "instance_id", rondo_string(call->instance_id));
    return rondo_ok(rondo_end(&object));
}

static rondo_result c_stamp(const rondo_call *call, rondo_json input)
{
    (void)call;
    const char *text;
    return rondo_read_string(input, &text) ? rondo_ok(rondo_string(rondo_format("%s<c>", text)))
                                           : rondo_invalid_input();
}

void offer_activities(void)
{
    rondo_offer_activity("add_one", NULL, add_one);
    rondo_offer_activity("square", NULL, square);
    rondo_offer_activity("echo", NULL, echo);
    rondo_offer_activity("flaky", NULL, flaky);
    rondo_offer_activity("fail", NULL, fail);
    rondo_offer_activity("whoami", NULL, whoami);
    rondo_offer_activity("c_stamp", NULL, c_stamp);
}
