#include <string.h>

#include "scenarios.h"

static rondo_step timer(rondo_context *ctx, void *state)
{
    struct with_number *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_timer(ctx, (uint64_t)self->n);
    RONDO_AWAIT(self->task);
    return rondo_complete(ctx, rondo_number((int64_t)rondo_now(ctx)));
    RONDO_END;
}

static rondo_step timer_at(rondo_context *ctx, void *state)
{
    struct with_number *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_timer_at(ctx, (uint64_t)self->n);
    RONDO_AWAIT(self->task);
    return rondo_complete(ctx, rondo_number((int64_t)rondo_now(ctx)));
    RONDO_END;
}

/* An event, and how long to wait for it. */
struct wait {
    rondo_flow flow;
    const char *name;
    int64_t ms;
    rondo_task task;
};

static bool read_wait(rondo_json input, void *state)
{
    struct wait *self = state;
    return rondo_read_string(input, &self->name);
}

static rondo_step wait_event(rondo_context *ctx, void *state)
{
    struct wait *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_event(ctx, self->name);
    RONDO_TRY(self->task);
    return rondo_complete(ctx, rondo_output(ctx, self->task));
    RONDO_END;
}

struct wait_twice {
    rondo_flow flow;
    rondo_task tasks[2];
};

static rondo_step wait_twice(rondo_context *ctx, void *state)
{
    struct wait_twice *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->tasks[0] = rondo_event(ctx, "go");
    self->tasks[1] = rondo_event(ctx, "go");
    RONDO_TRY(self->tasks[0]);
    RONDO_TRY(self->tasks[1]);
    rondo_writer data = rondo_array();
    rondo_push(&data, rondo_output(ctx, self->tasks[0]));
    rondo_push(&data, rondo_output(ctx, self->tasks[1]));
    return rondo_complete(ctx, rondo_end(&data));
    RONDO_END;
}

struct send_event {
    rondo_flow flow;
    const char *instance_id;
    const char *name;
    rondo_task task;
};

static bool read_send_event(rondo_json input, void *state)
{
    struct send_event *self = state;
    return rondo_read_string(rondo_member(input, "instance_id"), &self->instance_id) &&
           rondo_read_string(rondo_member(input, "name"), &self->name);
}

static rondo_step send_event(rondo_context *ctx, void *state)
{
    struct send_event *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    rondo_send_event(ctx, self->instance_id, self->name, rondo_member(rondo_input(ctx), "data"));
    self->task = rondo_activity(ctx, "add_one", rondo_number(1), NULL);
    RONDO_TRY(self->task);
    return rondo_complete(ctx, rondo_output(ctx, self->task));
    RONDO_END;
}

static bool read_timeout_event(rondo_json input, void *state)
{
    struct wait *self = state;
    return rondo_read_i64(rondo_member(input, "ms"), &self->ms) &&
           rondo_read_string(rondo_member(input, "name"), &self->name);
}

static rondo_step timeout_event(rondo_context *ctx, void *state)
{
    struct wait *self = state;
    const rondo_failure *failure;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_limit(ctx, rondo_event(ctx, self->name), (uint64_t)self->ms);
    RONDO_AWAIT(self->task);
    failure = rondo_failure_of(ctx, self->task);
    if (failure && strcmp(failure->kind, RONDO_KIND_TIMEOUT) == 0) {
        return rondo_complete(ctx, rondo_string("too late"));
    }
    RONDO_TRY(self->task);
    return rondo_complete(ctx, rondo_output(ctx, self->task));
    RONDO_END;
}

static bool read_timeout_activity(rondo_json input, void *state)
{
    struct wait *self = state;
    return rondo_read_i64(rondo_member(input, "ms"), &self->ms);
}

static rondo_step timeout_activity(rondo_context *ctx, void *state)
{
    struct wait *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_limit(ctx, rondo_activity(ctx, "add_one", rondo_number(1), NULL), (uint64_t)self->ms);
    RONDO_TRY(self->task);
    return rondo_complete(ctx, rondo_output(ctx, self->task));
    RONDO_END;
}

struct race {
    rondo_flow flow;
    size_t count;
    rondo_task *tasks;
    size_t winner;
    rondo_task echo;
};

static bool read_race(rondo_json input, void *state)
{
    struct race *self = state;
    self->count = rondo_length(input);
    return rondo_is_array(input);
}

/* Callbacks in place of macros: what happens next is a function. */
static rondo_step after_echo(rondo_context *ctx, void *state, rondo_task echo)
{
    (void)state;
    return rondo_failure_of(ctx, echo) ? rondo_fail_as(ctx, echo) : rondo_complete(ctx, rondo_output(ctx, echo));
}

static rondo_step after_timer(rondo_context *ctx, void *state, rondo_task timer)
{
    (void)timer;
    struct race *self = state;
    if (self->echo.number == 0 && rondo_race(ctx, self->tasks, self->count, &self->winner)) {
        self->echo = rondo_activity(ctx, "echo", rondo_number((int64_t)self->winner), NULL);
        rondo_then(ctx, self->echo, after_echo);
    }
    return RONDO_WAITING;
}

static rondo_step race(rondo_context *ctx, void *state)
{
    struct race *self = state;
    self->tasks = rondo_alloc_array(self->count, sizeof *self->tasks);
    rondo_items delays = rondo_items_of(rondo_input(ctx));
    rondo_json delay;
    for (size_t index = 0; rondo_next(&delays, &delay); index++) {
        int64_t ms;
        if (!rondo_read_i64(delay, &ms)) {
            return rondo_fail(ctx, rondo_final_error(RONDO_KIND_INVALID_INPUT, "a delay is no number"));
        }
        self->tasks[index] = rondo_timer(ctx, (uint64_t)ms);
        rondo_then(ctx, self->tasks[index], after_timer);
    }
    return RONDO_DONE;
}

struct race_mixed {
    rondo_flow flow;
    rondo_task tasks[4];
    size_t winner;
};

static rondo_step race_mixed(rondo_context *ctx, void *state)
{
    struct race_mixed *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->tasks[0] = rondo_event(ctx, "go");
    self->tasks[1] = rondo_activity(ctx, "add_one", rondo_number(1), NULL);
    self->tasks[2] = rondo_child(ctx, "chain", rondo_number(1), NULL);
    self->tasks[3] = rondo_timer(ctx, 60000);
    RONDO_RACE(self->tasks, 4, &self->winner);
    RONDO_TRY(self->tasks[self->winner]);
    return rondo_complete(ctx, rondo_number((int64_t)self->winner));
    RONDO_END;
}

struct races {
    rondo_flow flow;
    rondo_task waits[2];
    rondo_task winners[2];
    size_t round;
    size_t winner;
};

static rondo_step races(rondo_context *ctx, void *state)
{
    struct races *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    for (self->round = 0; self->round < 2; self->round++) {
        self->waits[0] = rondo_event(ctx, "a");
        self->waits[1] = rondo_event(ctx, "b");
        RONDO_RACE(self->waits, 2, &self->winner);
        RONDO_TRY(self->waits[self->winner]);
        self->winners[self->round] = self->waits[self->winner];
    }
    rondo_writer data = rondo_array();
    rondo_push(&data, rondo_output(ctx, self->winners[0]));
    rondo_push(&data, rondo_output(ctx, self->winners[1]));
    return rondo_complete(ctx, rondo_end(&data));
    RONDO_END;
}

static rondo_step hand_over(rondo_context *ctx, void *state)
{
    struct wait_twice *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->tasks[0] = rondo_event(ctx, "a");
    self->tasks[1] = rondo_event(ctx, "b");
    RONDO_TRY(self->tasks[1]);
    return rondo_continue_as_new(ctx, rondo_none(), NULL);
    RONDO_END;
}

struct cancel {
    rondo_flow flow;
    rondo_task begun[5];
    rondo_task task;
};

static rondo_step cancel(rondo_context *ctx, void *state)
{
    struct cancel *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->begun[0] = rondo_activity(ctx, "square", rondo_number(2), NULL);
    self->begun[1] = rondo_timer(ctx, 60000);
    self->begun[2] = rondo_event(ctx, "x");
    self->begun[3] = rondo_child(ctx, "chain", rondo_number(1), NULL);
    self->begun[4] = rondo_activity(ctx, "add_one", rondo_number(7), NULL);
    self->task = rondo_activity(ctx, "add_one", rondo_number(0), NULL);
    RONDO_TRY(self->task);
    for (int last = 4; last >= 0; last--) {
        rondo_cancel(ctx, self->begun[last]);
    }
    RONDO_END;
}

static void offer(const char *name, rondo_function run, size_t state_size, bool (*read)(rondo_json, void *))
{
    rondo_offer_orchestration(
        (rondo_orchestration){.name = name, .run = run, .state_size = state_size, .read = read});
}

void offer_waits(void)
{
    offer("timer", timer, sizeof(struct with_number), read_number);
    offer("timer_at", timer_at, sizeof(struct with_number), read_number);
    offer("wait_event", wait_event, sizeof(struct wait), read_wait);
    offer("wait_twice", wait_twice, sizeof(struct wait_twice), NULL);
    offer("send_event", send_event, sizeof(struct send_event), read_send_event);
    offer("timeout_event", timeout_event, sizeof(struct wait), read_timeout_event);
    offer("timeout_activity", timeout_activity, sizeof(struct wait), read_timeout_activity);
    offer("race", race, sizeof(struct race), read_race);
    offer("race_mixed", race_mixed, sizeof(struct race_mixed), NULL);
    offer("races", races, sizeof(struct races), NULL);
    offer("hand_over", hand_over, sizeof(struct wait_twice), NULL);
    offer("cancel", cancel, sizeof(struct cancel), NULL);
}
