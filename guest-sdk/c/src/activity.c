/* One attempt of one activity. */
#include "guest.h"
#include "registry.h"
#include "text.h"

#include <string.h>

rondo_result rondo_ok(rondo_json output) { return (rondo_result){.output = output}; }

rondo_result rondo_failed(rondo_failure failure) { return (rondo_result){.failure = failure, .is_failure = true}; }

rondo_result rondo_invalid_input(void)
{
    return rondo_failed(rondo_final_error(RONDO_KIND_INVALID_INPUT, "the input is not what the activity expects"));
}

/* The execution's id, a hyphen, and the task's id: the same for every attempt, and for no other call. */
static const char *key_of(const struct ri_wire_call *call)
{
    const rondo_json task = rondo_number(call->task);
    const size_t size = call->execution_id.size;
    char *const key = rondo_alloc(size + task.size + 2);
    memcpy(key, call->execution_id.data, size);
    key[size] = '-';
    memcpy(key + size + 1, task.text, task.size);
    return key;
}

static rondo_result perform(struct ri_text name, struct ri_option_text input, const struct ri_wire_call *wire)
{
    const rondo_activity_function run = ri_find_activity(name);
    if (!run) {
        return rondo_failed(rondo_final_error(RONDO_KIND_ACTIVITY_NOT_FOUND, ri_has_no(name)));
    }
    rondo_json value = {NULL, 0};
    if (input.some && !rondo_parse(input.value.data, input.value.size, &value)) {
        return rondo_failed(rondo_final_error(RONDO_KIND_INVALID_INPUT, "the input is no JSON"));
    }
    const rondo_call call = {
        .instance_id = ri_text_in(&ri_execution, wire->instance_id),
        .execution_id = ri_text_in(&ri_execution, wire->execution_id),
        .task = wire->task,
        .attempt = wire->attempt,
        .idempotency_key = key_of(wire),
    };
    return run(&call, value);
}

struct ri_wire_result ri_run_activity(struct ri_text name, struct ri_option_text input, const struct ri_wire_call *call)
{
    ri_arena_reset(&ri_results);
    const rondo_result result = perform(name, input, call);
    struct ri_wire_result wire = {.is_failure = result.is_failure};
    if (result.is_failure) {
        wire.as.failure = ri_failure_out(result.failure);
    } else {
        wire.as.output = ri_payload_out(result.output);
    }
    ri_arena_reset(&ri_turn);
    ri_arena_reset(&ri_execution);
    return wire;
}
