/* One execution: turns in, actions out. */
#include <string.h>

#include "core.h"
#include "guest.h"
#include "registry.h"

/* A component instance serves exactly one execution. */
static rondo_context guest;

static struct ri_wire_result refused(rondo_failure failure)
{
    const struct ri_wire_result result = {.is_failure = true, .as.failure = ri_failure_out(failure)};
    ri_arena_reset(&ri_turn);
    return result;
}

static void learn_tags(struct ri_wire_tags tags)
{
    guest.tag_count = tags.count;
    guest.tags = rondo_alloc_array(tags.count, sizeof *guest.tags);
    for (size_t index = 0; index < tags.count; index++) {
        guest.tags[index].key = ri_text_in(&ri_execution, tags.items[index].key);
        guest.tags[index].value = ri_text_in(&ri_execution, tags.items[index].value);
    }
}

static void learn(const struct ri_wire_execution *execution)
{
    guest.instance_id = ri_text_in(&ri_execution, execution->instance_id);
    guest.execution_id = ri_text_in(&ri_execution, execution->execution_id);
    guest.name = ri_text_in(&ri_execution, execution->name);
    guest.version = ri_option_in(&ri_execution, execution->version);
    learn_tags(execution->tags);
    if (execution->parent.some) {
        guest.parent = rondo_alloc(sizeof *guest.parent);
        guest.parent->instance_id = ri_text_in(&ri_execution, execution->parent.value.instance_id);
        guest.parent->execution_id = ri_text_in(&ri_execution, execution->parent.value.execution_id);
        guest.parent->name = ri_text_in(&ri_execution, execution->parent.value.name);
    }
}

/* Gives back what an execution before has taken. In a component there is none; in tests there is. */
static void begin_anew(void)
{
    for (size_t index = 0; index < guest.slot_count; index++) {
        rondo_forget(&guest, (rondo_task){(uint32_t)index + 1});
    }
    ri_give(guest.slots, guest.slot_capacity * sizeof *guest.slots);
    ri_give(guest.actions, guest.action_capacity * sizeof *guest.actions);
    ri_give(guest.ready, guest.ready_capacity * sizeof *guest.ready);
    ri_arena_reset(&ri_execution);
    ri_arena_reset(&ri_results);
    guest = (rondo_context){0};
}

struct ri_wire_result ri_start(const struct ri_wire_execution *execution)
{
    begin_anew();
    guest.orchestration = ri_find_orchestration(execution->name);
    if (!guest.orchestration) {
        return refused(rondo_final_error(RONDO_KIND_ORCHESTRATION_NOT_FOUND, ri_has_no(execution->name)));
    }
    learn(execution);
    const struct ri_text text = execution->input.value;
    if (execution->input.some && !rondo_parse(text.data, text.size, &guest.input)) {
        return refused(rondo_final_error(RONDO_KIND_INVALID_INPUT, "the input is no JSON"));
    }
    guest.input = rondo_keep(guest.input);
    guest.state = rondo_alloc(guest.orchestration->state_size);
    if (guest.orchestration->read && !guest.orchestration->read(guest.input, guest.state)) {
        return refused(rondo_final_error(RONDO_KIND_INVALID_INPUT, "the input is not what the orchestration expects"));
    }
    ri_arena_reset(&ri_turn);
    return (struct ri_wire_result){0};
}

/* Calls back for what is ready; whether there was any. */
static bool call_back(void)
{
    bool has_called = false;
    /* Callbacks add to it. */
    for (size_t index = 0; index < guest.ready_count && !guest.has_ended; index++) {
        struct ri_slot *const slot = &guest.slots[guest.ready[index]];
        const rondo_callback callback = slot->callback;
        if (callback) {
            slot->callback = NULL;
            ri_taken(slot);
            guest.callbacks--;
            has_called = true;
            callback(&guest, guest.state, (rondo_task){guest.ready[index] + 1});
        }
    }
    guest.ready_count = 0;
    return has_called;
}

static void go_on(void)
{
    bool has_moved;
    /* What has gone on may be what other code waits for. */
    do {
        const size_t moves = guest.moves;
        if (!guest.is_through) {
            guest.is_through = guest.orchestration->run(&guest, guest.state) != RONDO_WAITING;
        }
        const bool has_called = call_back();
        has_moved = has_called || guest.moves != moves;
    } while (has_moved && !guest.has_ended);
    if (guest.has_ended) {
        return;
    }
    if (guest.is_through && guest.callbacks == 0) {
        rondo_complete(&guest, rondo_none());
    } else if (guest.open == 0) {
        static const char message[] =
            "the orchestration awaits something that no activity, child, timer or event will complete";
        rondo_fail(&guest, rondo_final_error(RONDO_KIND_STALLED, message));
    }
}

static struct ri_wire_actions take_turn(const struct ri_wire_turn *turn)
{
    if (guest.has_ended) {
        return (struct ri_wire_actions){NULL, 0};
    }
    guest.now = turn->now;
    ri_settle(&guest, turn->events.items, turn->events.count);
    go_on();
    const size_t count = guest.action_count;
    struct ri_wire_action *const items = ri_arena_take(&ri_results, ri_times(count, sizeof *items), 16);
    if (count > 0) {
        memcpy(items, guest.actions, count * sizeof *items);
    }
    guest.action_count = 0;
    ri_arena_reset(&ri_turn);
    return (struct ri_wire_actions){items, count};
}

struct ri_wire_decided ri_run(const struct ri_wire_turn *turns, size_t count)
{
    if (!guest.orchestration) {
        ri_trap();
    }
    ri_arena_reset(&ri_results);
    struct ri_wire_actions *const items = ri_arena_zeroed(&ri_results, count, sizeof *items);
    for (size_t index = 0; index < count; index++) {
        items[index] = take_turn(&turns[index]);
    }
    return (struct ri_wire_decided){items, count};
}

void rondo_go_to(rondo_context *ctx, rondo_flow *flow, uint32_t at)
{
    /* From its end a flow goes nowhere. */
    ctx->moves += flow->at != RONDO_FLOW_END;
    flow->at = at;
}

rondo_step rondo_both(rondo_step first, rondo_step second)
{
    if (first == RONDO_ENDED || second == RONDO_ENDED) {
        return RONDO_ENDED;
    }
    return first == RONDO_DONE ? second : first;
}

rondo_step rondo_side_by_side(rondo_context *ctx, rondo_function run, void *states, size_t state_size, size_t count)
{
    rondo_step together = RONDO_DONE;
    for (size_t index = 0; index < count && together != RONDO_ENDED; index++) {
        together = rondo_both(together, run(ctx, (char *)states + index * state_size));
    }
    return together;
}
