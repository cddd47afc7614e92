#include "scenarios.h"

struct with_failure {
    rondo_flow flow;
    rondo_failure failure;
    rondo_task task;
};

static bool read_with_failure(rondo_json input, void *state)
{
    struct with_failure *self = state;
    return read_failure(input, &self->failure);
}

static rondo_step call_fail(rondo_context *ctx, void *state)
{
    struct with_failure *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_activity(ctx, "fail", failure_json(&self->failure), NULL);
    RONDO_TRY(self->task);
    return rondo_complete(ctx, rondo_output(ctx, self->task));
    RONDO_END;
}

static rondo_step catch_fail(rondo_context *ctx, void *state)
{
    struct with_failure *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_activity(ctx, "fail", failure_json(&self->failure), NULL);
    RONDO_AWAIT(self->task);
    const rondo_failure *const failure = rondo_failure_of(ctx, self->task);
    return rondo_complete(ctx, failure ? failure_json(failure) : rondo_none());
    RONDO_END;
}

static rondo_step fail_with(rondo_context *ctx, void *state)
{
    const struct with_failure *self = state;
    return rondo_fail(ctx, self->failure);
}

static rondo_step stalled(rondo_context *ctx, void *state)
{
    struct with_task *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    RONDO_WAIT_UNTIL(false);
    RONDO_END;
}

struct three {
    rondo_flow flow;
    rondo_task tasks[3];
    rondo_task echo;
};

static void add_three(rondo_context *ctx, struct three *self)
{
    for (int n = 0; n < 3; n++) {
        self->tasks[n] = rondo_activity(ctx, "add_one", rondo_number(n), NULL);
    }
}

/* The results, or the kinds of the failures. */
static rondo_json settled(rondo_context *ctx, const struct three *self)
{
    rondo_writer array = rondo_array();
    for (int n = 0; n < 3; n++) {
        const rondo_failure *const failure = rondo_failure_of(ctx, self->tasks[n]);
        rondo_push(&array, failure ? rondo_string(failure->kind) : rondo_output(ctx, self->tasks[n]));
    }
    return rondo_end(&array);
}

static rondo_step all_fails(rondo_context *ctx, void *state)
{
    struct three *self = state;
    rondo_task failed;
    RONDO_BEGIN(ctx, &self->flow);
    add_three(ctx, self);
    RONDO_AWAIT_ALL(self->tasks, 3);
    failed = rondo_first_failed(ctx, self->tasks, 3);
    if (failed.number == 0) {
        return rondo_complete(ctx, settled(ctx, self));
    }
    self->echo = rondo_activity(ctx, "echo", rondo_string(rondo_failure_of(ctx, failed)->kind), NULL);
    RONDO_TRY(self->echo);
    return rondo_complete(ctx, rondo_output(ctx, self->echo));
    RONDO_END;
}

static rondo_step settle_all(rondo_context *ctx, void *state)
{
    struct three *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    add_three(ctx, self);
    RONDO_SETTLE_ALL(self->tasks, 3);
    return rondo_complete(ctx, settled(ctx, self));
    RONDO_END;
}

static void offer(const char *name, rondo_function run)
{
    rondo_offer_orchestration((rondo_orchestration){
        .name = name, .run = run, .state_size = sizeof(struct with_failure), .read = read_with_failure});
}

void offer_failures(void)
{
    offer("call_fail", call_fail);
    offer("catch_fail", catch_fail);
    offer("fail_with", fail_with);
    rondo_offer_orchestration(
        (rondo_orchestration){.name = "stalled", .run = stalled, .state_size = sizeof(struct with_task)});
    rondo_offer_orchestration(
        (rondo_orchestration){.name = "all_fails", .run = all_fails, .state_size = sizeof(struct three)});
    rondo_offer_orchestration(
        (rondo_orchestration){.name = "settle_all", .run = settle_all, .state_size = sizeof(struct three)});
}
