/* The table of tasks: what is open, what is settled, and what follows from that. */
#include <string.h>

#include "core.h"

static const struct ri_failed no_json = {
    .failure = {RONDO_KIND_INVALID_OUTPUT, "what came back is no JSON", NULL, true},
    .wire =
        {
            .kind = {RONDO_KIND_INVALID_OUTPUT, 14},
            .message = {"what came back is no JSON", 25},
            .non_retriable = true,
        },
};

static const struct ri_failed timed_out = {
    .failure = {RONDO_KIND_TIMEOUT, "the time was over before it was done", NULL, false},
    .wire = {.kind = {RONDO_KIND_TIMEOUT, 7}, .message = {"the time was over before it was done", 36}},
};

void ri_decide(rondo_context *ctx, const struct ri_wire_action *action)
{
    if (ctx->has_ended) {
        return;
    }
    ctx->actions = ri_grow(ctx->actions, ctx->action_count, &ctx->action_capacity, sizeof *action);
    ctx->actions[ctx->action_count++] = *action;
}

uint32_t ri_next_task(const rondo_context *ctx) { return (uint32_t)ctx->slot_count; }

rondo_task ri_begin(rondo_context *ctx, const struct ri_wire_action *action, bool is_closed)
{
    if (ctx->has_ended) {
        return (rondo_task){0};
    }
    ri_decide(ctx, action);
    ctx->slots = ri_grow(ctx->slots, ctx->slot_count, &ctx->slot_capacity, sizeof *ctx->slots);
    ctx->slots[ctx->slot_count++] = (struct ri_slot){.state = is_closed ? RI_CLOSED : RI_OPEN};
    ctx->open += !is_closed;
    return (rondo_task){(uint32_t)ctx->slot_count};
}

struct ri_slot *ri_slot_of(const rondo_context *ctx, rondo_task task)
{
    return task.number > 0 && task.number <= ctx->slot_count ? &ctx->slots[task.number - 1] : NULL;
}

void ri_make_ready(rondo_context *ctx, uint32_t id)
{
    ctx->ready = ri_grow(ctx->ready, ctx->ready_count, &ctx->ready_capacity, sizeof *ctx->ready);
    ctx->ready[ctx->ready_count++] = id;
}

/* Leaves the open state. */
static void leave(rondo_context *ctx, struct ri_slot *slot, enum ri_state state)
{
    slot->state = (uint8_t)state;
    ctx->open--;
    if (state == RI_CLOSED && slot->callback) {
        slot->callback = NULL;
        ctx->callbacks--;
    }
}

static void close_open(rondo_context *ctx, uint32_t id)
{
    leave(ctx, &ctx->slots[id], RI_CLOSED);
    const struct ri_wire_action action = {.tag = RI_CANCEL, .as.cancel = id};
    ri_decide(ctx, &action);
}

static void fail(rondo_context *ctx, struct ri_slot *slot, const struct ri_failed *failed)
{
    leave(ctx, slot, RI_FAILED);
    ctx->failures++;
    slot->as.failed = failed;
}

static void complete(rondo_context *ctx, struct ri_slot *slot, struct ri_option_text output)
{
    rondo_json value = {NULL, 0};
    if (output.some && !rondo_parse(output.value.data, output.value.size, &value)) {
        fail(ctx, slot, &no_json);
        return;
    }
    leave(ctx, slot, RI_COMPLETED);
    slot->as.output.text = NULL;
    slot->as.output.size = 0;
    if (!output.some) {
        return;
    }
    slot->as.output.text = ri_take(value.size);
    slot->as.output.size = value.size;
    memcpy(slot->as.output.text, value.text, value.size);
}

/* A copy in the execution's memory, with a zero behind it. */
static struct ri_text kept(struct ri_text text)
{
    return (struct ri_text){ri_text_in(&ri_execution, text), text.size};
}

static const struct ri_failed *failed_with(const struct ri_wire_failure *wire)
{
    struct ri_failed *const failed = rondo_alloc(sizeof *failed);
    failed->wire = *wire;
    failed->wire.kind = kept(wire->kind);
    failed->wire.message = kept(wire->message);
    if (wire->details.some) {
        failed->wire.details.value = kept(wire->details.value);
    }
    failed->failure = (rondo_failure){
        .kind = failed->wire.kind.data,
        .message = failed->wire.message.data,
        .details = wire->details.some ? failed->wire.details.value.data : NULL,
        .non_retriable = wire->non_retriable,
    };
    return failed;
}

/* Tasks that this code never scheduled, or has canceled, are passed over: when changed code replays an old history, the
 * host compares actions and reports the difference better than a trap here could. */
static void settle_one(rondo_context *ctx, const struct ri_wire_event *event)
{
    if (event->task >= ctx->slot_count || ctx->slots[event->task].state != RI_OPEN) {
        return;
    }
    struct ri_slot *const slot = &ctx->slots[event->task];
    switch (event->tag) {
    case RI_ACTIVITY_FAILED:
    case RI_CHILD_FAILED:
        fail(ctx, slot, failed_with(&event->as.failure));
        break;
    case RI_TIMER_FIRED:
        complete(ctx, slot, (struct ri_option_text){0});
        break;
    case RI_EVENT_RAISED:
        complete(ctx, slot, event->as.output);
        slot->holds_event = slot->state == RI_COMPLETED;
        break;
    default:
        complete(ctx, slot, event->as.output);
    }
    ri_make_ready(ctx, event->task);
}

/* The task first: when it is settled in the same turn as its timer, it counts. */
static void apply_limit(rondo_context *ctx, const struct ri_slot *slot)
{
    struct ri_slot *const partner = &ctx->slots[slot->partner];
    if (slot->limit == RI_UNLIMITED || partner->state != RI_OPEN) {
        return;
    }
    const uint32_t id = slot->partner;
    if (slot->limit == RI_LIMITED) {
        close_open(ctx, id);
        return;
    }
    fail(ctx, partner, &timed_out);
    const struct ri_wire_action action = {.tag = RI_CANCEL, .as.cancel = id};
    ri_decide(ctx, &action);
    ri_make_ready(ctx, id);
}

void ri_settle(rondo_context *ctx, const struct ri_wire_event *events, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        settle_one(ctx, &events[index]);
    }
    const size_t settled = ctx->ready_count;
    for (size_t index = 0; index < settled; index++) {
        apply_limit(ctx, &ctx->slots[ctx->ready[index]]);
    }
}

void ri_taken(struct ri_slot *slot) { slot->holds_event = false; }

static void give_back(rondo_context *ctx, uint32_t id)
{
    struct ri_slot *const slot = &ctx->slots[id];
    const struct ri_wire_action action = {.tag = RI_CANCEL, .as.cancel = id};
    rondo_forget(ctx, (rondo_task){id + 1});
    slot->holds_event = false;
    slot->state = RI_CLOSED;
    if (slot->callback) {
        slot->callback = NULL;
        ctx->callbacks--;
    }
    ri_decide(ctx, &action);
}

void ri_give_back(rondo_context *ctx)
{
    for (size_t index = 0; !ctx->has_ended && index < ctx->slot_count; index++) {
        if (ctx->slots[index].holds_event) {
            give_back(ctx, (uint32_t)index);
        }
    }
}

void rondo_cancel(rondo_context *ctx, rondo_task task)
{
    const struct ri_slot *const slot = ri_slot_of(ctx, task);
    if (slot && slot->holds_event && !ctx->has_ended) {
        give_back(ctx, task.number - 1);
        return;
    }
    if (ctx->has_ended || !slot || slot->state != RI_OPEN) {
        return;
    }
    close_open(ctx, task.number - 1);
    if (slot->limit == RI_LIMITED && ctx->slots[slot->partner].state == RI_OPEN) {
        close_open(ctx, slot->partner);
    }
}

rondo_task rondo_limit(rondo_context *ctx, rondo_task task, uint64_t duration_ms)
{
    const struct ri_slot *slot = ri_slot_of(ctx, task);
    if (!slot || slot->state != RI_OPEN || slot->limit != RI_UNLIMITED) {
        return task;
    }
    const rondo_task timer = rondo_timer(ctx, duration_ms);
    /* The table may have moved. */
    struct ri_slot *const limited = ri_slot_of(ctx, task);
    struct ri_slot *const limiting = ri_slot_of(ctx, timer);
    if (limited && limiting) {
        limited->limit = RI_LIMITED;
        limited->partner = timer.number - 1;
        limiting->limit = RI_LIMIT_TIMER;
        limiting->partner = task.number - 1;
    }
    return task;
}

static bool is_settled(const struct ri_slot *slot)
{
    return slot && (slot->state == RI_COMPLETED || slot->state == RI_FAILED);
}

bool rondo_is_settled(const rondo_context *ctx, rondo_task task)
{
    struct ri_slot *const slot = ri_slot_of(ctx, task);
    if (is_settled(slot)) {
        ri_taken(slot);
        return true;
    }
    return false;
}

const rondo_failure *rondo_failure_of(const rondo_context *ctx, rondo_task task)
{
    const struct ri_slot *const slot = ri_slot_of(ctx, task);
    return slot && slot->state == RI_FAILED ? &slot->as.failed->failure : NULL;
}

rondo_json rondo_output(const rondo_context *ctx, rondo_task task)
{
    struct ri_slot *const slot = ri_slot_of(ctx, task);
    if (slot) {
        ri_taken(slot);
    }
    if (!slot || slot->state != RI_COMPLETED || slot->as.output.size == 0) {
        return rondo_none();
    }
    return (rondo_json){slot->as.output.text, slot->as.output.size};
}

void rondo_forget(rondo_context *ctx, rondo_task task)
{
    struct ri_slot *const slot = ri_slot_of(ctx, task);
    if (slot && slot->state == RI_COMPLETED && slot->as.output.size > 0) {
        ri_give(slot->as.output.text, slot->as.output.size);
        slot->as.output.text = NULL;
        slot->as.output.size = 0;
    }
}

rondo_task rondo_first_failed(const rondo_context *ctx, const rondo_task *tasks, size_t count)
{
    /* Most executions know no failure, and do not look through all tasks in every turn. */
    for (size_t index = 0; ctx->failures > 0 && index < count; index++) {
        if (rondo_failure_of(ctx, tasks[index])) {
            return tasks[index];
        }
    }
    return (rondo_task){0};
}

bool rondo_all_settled(const rondo_context *ctx, const rondo_task *tasks, size_t count)
{
    /* From behind: what was begun last is usually settled last. */
    for (size_t index = count; index > 0; index--) {
        if (!is_settled(ri_slot_of(ctx, tasks[index - 1]))) {
            return false;
        }
    }
    for (size_t index = 0; index < count; index++) {
        ri_taken(ri_slot_of(ctx, tasks[index]));
    }
    return true;
}

bool rondo_all(rondo_context *ctx, const rondo_task *tasks, size_t count)
{
    if (rondo_first_failed(ctx, tasks, count).number == 0) {
        return rondo_all_settled(ctx, tasks, count);
    }
    for (size_t index = 0; index < count; index++) {
        rondo_cancel(ctx, tasks[index]);
    }
    return true;
}

size_t rondo_first_settled(const rondo_context *ctx, const rondo_task *tasks, size_t count)
{
    size_t index = 0;
    /* The one that the caller hears of is taken. */
    while (index < count && !rondo_is_settled(ctx, tasks[index])) {
        index++;
    }
    return index;
}

bool rondo_race(rondo_context *ctx, const rondo_task *tasks, size_t count, size_t *winner)
{
    const size_t first = rondo_first_settled(ctx, tasks, count);
    if (first == count) {
        return false;
    }
    for (size_t index = 0; index < count; index++) {
        rondo_cancel(ctx, tasks[index]);
    }
    *winner = first;
    return true;
}

void rondo_then(rondo_context *ctx, rondo_task task, rondo_callback callback)
{
    struct ri_slot *const slot = ri_slot_of(ctx, task);
    if (!slot || slot->state == RI_CLOSED) {
        return;
    }
    ctx->callbacks += !slot->callback;
    slot->callback = callback;
    if (slot->state != RI_OPEN) {
        ri_make_ready(ctx, task.number - 1);
    }
}
