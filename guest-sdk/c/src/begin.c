/* What an orchestration begins, and how it ends: the actions. */
#include <float.h>
#include <string.h>

#include "core.h"

struct ri_option_retry ri_retry_out(const rondo_retry *retry)
{
    if (!retry) {
        return (struct ri_option_retry){0};
    }
    size_t count = 0;
    while (retry->non_retriable_kinds && retry->non_retriable_kinds[count]) {
        count++;
    }
    struct ri_text *kinds = NULL;
    if (count > 0) {
        kinds = ri_arena_zeroed(&ri_results, count, sizeof *kinds);
    }
    for (size_t index = 0; index < count; index++) {
        kinds[index] = ri_text_out(retry->non_retriable_kinds[index]);
    }
    return (struct ri_option_retry){
        .some = true,
        .value =
            {
                .max_attempts = retry->max_attempts > 0 ? retry->max_attempts : 1,
                .first_interval = retry->first_interval_ms > 0 ? retry->first_interval_ms : 1000,
                .backoff_coefficient = retry->backoff >= 1 && retry->backoff <= DBL_MAX ? retry->backoff : 1,
                .max_interval = {retry->max_interval_ms > 0, retry->max_interval_ms},
                .retry_timeout = {retry->timeout_ms > 0, retry->timeout_ms},
                .non_retriable_kinds = {kinds, count},
            },
    };
}

struct ri_wire_tags ri_tags_out(const rondo_tag *tags)
{
    size_t given = 0;
    while (tags && tags[given].key) {
        given++;
    }
    if (given == 0) {
        return (struct ri_wire_tags){NULL, 0};
    }
    const rondo_tag **const sorted = ri_arena_zeroed(&ri_turn, given, sizeof *sorted);
    size_t count = 0;
    for (size_t index = 0; index < given; index++) {
        size_t place = count;
        while (place > 0 && strcmp(sorted[place - 1]->key, tags[index].key) > 0) {
            place--;
        }
        if (place > 0 && strcmp(sorted[place - 1]->key, tags[index].key) == 0) {
            sorted[place - 1] = &tags[index];
            continue;
        }
        memmove(sorted + place + 1, sorted + place, (count - place) * sizeof *sorted);
        sorted[place] = &tags[index];
        count++;
    }
    struct ri_wire_tag *const items = ri_arena_zeroed(&ri_results, count, sizeof *items);
    for (size_t index = 0; index < count; index++) {
        items[index] = (struct ri_wire_tag){ri_text_out(sorted[index]->key), ri_text_out(sorted[index]->value)};
    }
    return (struct ri_wire_tags){items, count};
}

rondo_task rondo_activity(rondo_context *ctx, const char *name, rondo_json input, const rondo_retry *retry)
{
    struct ri_wire_action action = {.tag = RI_SCHEDULE_ACTIVITY};
    action.as.schedule_activity.task = ri_next_task(ctx);
    action.as.schedule_activity.name = ri_text_out(name);
    action.as.schedule_activity.input = ri_payload_out(input);
    action.as.schedule_activity.retry = ri_retry_out(retry);
    return ri_begin(ctx, &action, false);
}

static rondo_task start_child(rondo_context *ctx, const char *name, rondo_json input,
                              const rondo_child_options *options, bool is_detached)
{
    static const rondo_child_options none;
    options = options ? options : &none;
    struct ri_wire_action action = {.tag = RI_START_CHILD};
    action.as.start_child.task = ri_next_task(ctx);
    action.as.start_child.name = ri_text_out(name);
    action.as.start_child.instance_id = ri_option_out(options->instance_id);
    action.as.start_child.version = ri_option_out(options->version);
    action.as.start_child.input = ri_payload_out(input);
    action.as.start_child.tags = ri_tags_out(options->tags);
    action.as.start_child.retry = ri_retry_out(options->retry);
    action.as.start_child.detached = is_detached;
    return ri_begin(ctx, &action, is_detached);
}

rondo_task rondo_child(rondo_context *ctx, const char *name, rondo_json input, const rondo_child_options *options)
{
    return start_child(ctx, name, input, options, false);
}

void rondo_start_detached(rondo_context *ctx, const char *name, rondo_json input, const rondo_child_options *options)
{
    start_child(ctx, name, input, options, true);
}

rondo_task rondo_timer(rondo_context *ctx, uint64_t duration_ms)
{
    return rondo_timer_at(ctx, duration_ms > UINT64_MAX - ctx->now ? UINT64_MAX : ctx->now + duration_ms);
}

rondo_task rondo_timer_at(rondo_context *ctx, uint64_t time_ms)
{
    struct ri_wire_action action = {.tag = RI_CREATE_TIMER};
    action.as.create_timer.task = ri_next_task(ctx);
    action.as.create_timer.fire_at = time_ms;
    return ri_begin(ctx, &action, false);
}

rondo_task rondo_event(rondo_context *ctx, const char *name)
{
    struct ri_wire_action action = {.tag = RI_WAIT_EVENT};
    action.as.wait_event.task = ri_next_task(ctx);
    action.as.wait_event.name = ri_text_out(name);
    return ri_begin(ctx, &action, false);
}

void rondo_send_event(rondo_context *ctx, const char *instance_id, const char *name, rondo_json data)
{
    struct ri_wire_action action = {.tag = RI_SEND_EVENT};
    action.as.send_event.task = ri_next_task(ctx);
    action.as.send_event.instance_id = ri_text_out(instance_id);
    action.as.send_event.name = ri_text_out(name);
    action.as.send_event.data = ri_payload_out(data);
    ri_begin(ctx, &action, true);
}

void rondo_log(rondo_context *ctx, rondo_level level, const char *message)
{
    const rondo_level known = level > RONDO_ERROR ? RONDO_ERROR : level;
    struct ri_wire_action action = {.tag = RI_LOG};
    action.as.log.level = (uint8_t)known;
    action.as.log.message = ri_text_out(message);
    ri_decide(ctx, &action);
}

void rondo_set_custom_status(rondo_context *ctx, rondo_json status)
{
    const struct ri_wire_action action = {.tag = RI_SET_CUSTOM_STATUS, .as.set_custom_status = ri_payload_out(status)};
    ri_decide(ctx, &action);
}

static rondo_step end_with(rondo_context *ctx, const struct ri_wire_action *action)
{
    ri_decide(ctx, action);
    ctx->has_ended = true;
    return RONDO_ENDED;
}

bool rondo_has_ended(const rondo_context *ctx) { return ctx->has_ended; }

rondo_step rondo_complete(rondo_context *ctx, rondo_json output)
{
    const struct ri_wire_action action = {.tag = RI_COMPLETE, .as.complete = ri_payload_out(output)};
    return end_with(ctx, &action);
}

rondo_step rondo_fail(rondo_context *ctx, rondo_failure failure)
{
    const struct ri_wire_action action = {.tag = RI_FAIL, .as.fail = ri_failure_out(failure)};
    return end_with(ctx, &action);
}

rondo_step rondo_fail_as(rondo_context *ctx, rondo_task task)
{
    const struct ri_slot *const slot = ri_slot_of(ctx, task);
    if (!slot || slot->state != RI_FAILED) {
        return rondo_fail(ctx, rondo_final_error(RONDO_KIND_ERROR, "it was to fail as a task that has not failed"));
    }
    /* It lives as long as the execution, so as long as the results. */
    const struct ri_wire_action action = {.tag = RI_FAIL, .as.fail = slot->as.failed->wire};
    return end_with(ctx, &action);
}

rondo_step rondo_invalid_output(rondo_context *ctx)
{
    return rondo_fail(ctx, rondo_final_error(RONDO_KIND_INVALID_OUTPUT, "what came back is not what was expected"));
}

rondo_step rondo_continue_as_new(rondo_context *ctx, rondo_json input, const rondo_continue *options)
{
    ri_give_back(ctx);
    struct ri_wire_action action = {.tag = RI_CONTINUE_AS_NEW};
    action.as.continue_as_new.input = ri_payload_out(input);
    action.as.continue_as_new.version = ri_option_out(options ? options->version : NULL);
    action.as.continue_as_new.keep_events = !options || !options->drop_events;
    return end_with(ctx, &action);
}
