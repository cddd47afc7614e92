#include "scenarios.h"

rondo_step chain(rondo_context *ctx, void *state)
{
    struct with_number *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_activity(ctx, "add_one", rondo_number(self->n), NULL);
    RONDO_TRY_READ(self->task, rondo_read_i64, &self->n);
    self->task = rondo_activity(ctx, "square", rondo_number(self->n), NULL);
    RONDO_TRY_READ(self->task, rondo_read_i64, &self->n);
    RONDO_END;
}

static rondo_step chain_alone(rondo_context *ctx, void *state)
{
    struct with_number *self = state;
    const rondo_step step = chain(ctx, self);
    return step == RONDO_DONE ? rondo_complete(ctx, rondo_number(self->n)) : step;
}

struct sequential {
    rondo_flow flow;
    uint32_t count;
    uint32_t done;
    int64_t last;
    rondo_task task;
};

static bool read_sequential(rondo_json input, void *state)
{
    struct sequential *self = state;
    return rondo_read_u32(input, &self->count);
}

static rondo_step sequential(rondo_context *ctx, void *state)
{
    struct sequential *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    for (; self->done < self->count; self->done++) {
        self->task = rondo_activity(ctx, "add_one", rondo_number(self->last), NULL);
        RONDO_TRY_READ(self->task, rondo_read_i64, &self->last);
        rondo_forget(ctx, self->task);
    }
    return rondo_complete(ctx, rondo_number(self->last));
    RONDO_END;
}

struct fan_out {
    rondo_flow flow;
    uint32_t count;
    rondo_task *tasks;
};

static bool read_fan_out(rondo_json input, void *state)
{
    struct fan_out *self = state;
    return rondo_read_u32(input, &self->count);
}

static rondo_step fan_out(rondo_context *ctx, void *state)
{
    struct fan_out *self = state;
    int64_t sum = 0;
    int64_t square;
    RONDO_BEGIN(ctx, &self->flow);
    self->tasks = rondo_alloc_array(self->count, sizeof *self->tasks);
    for (uint32_t n = 0; n < self->count; n++) {
        self->tasks[n] = rondo_activity(ctx, "square", rondo_number(n), NULL);
    }
    RONDO_TRY_ALL(self->tasks, self->count);
    for (uint32_t n = 0; n < self->count; n++) {
        if (!rondo_read_i64(rondo_output(ctx, self->tasks[n]), &square)) {
            return rondo_invalid_output(ctx);
        }
        sum += square;
    }
    return rondo_complete(ctx, rondo_number(sum));
    RONDO_END;
}

struct parallel {
    rondo_flow flow;
    struct with_number branches[2];
};

static rondo_json pair(rondo_json first, rondo_json second)
{
    rondo_writer array = rondo_array();
    rondo_push(&array, first);
    rondo_push(&array, second);
    return rondo_end(&array);
}

static rondo_step parallel(rondo_context *ctx, void *state)
{
    struct parallel *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->branches[0].n = 1;
    self->branches[1].n = 10;
    RONDO_RUN(rondo_side_by_side(ctx, chain, self->branches, sizeof self->branches[0], 2));
    return rondo_complete(ctx, pair(rondo_number(self->branches[0].n), rondo_number(self->branches[1].n)));
    RONDO_END;
}

struct start_then_await {
    rondo_flow flow;
    rondo_task tasks[2];
    int64_t results[2];
};

static rondo_step start_then_await(rondo_context *ctx, void *state)
{
    struct start_then_await *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->tasks[0] = rondo_activity(ctx, "add_one", rondo_number(1), NULL);
    self->tasks[1] = rondo_activity(ctx, "add_one", rondo_number(2), NULL);
    RONDO_TRY_READ(self->tasks[1], rondo_read_i64, &self->results[1]);
    RONDO_TRY_READ(self->tasks[0], rondo_read_i64, &self->results[0]);
    return rondo_complete(ctx, pair(rondo_number(self->results[0]), rondo_number(self->results[1])));
    RONDO_END;
}

static rondo_step call_flaky(rondo_context *ctx, struct with_task *self, const rondo_retry *retry)
{
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_activity(ctx, "flaky", rondo_input(ctx), retry);
    RONDO_TRY(self->task);
    return rondo_complete(ctx, rondo_output(ctx, self->task));
    RONDO_END;
}

static rondo_step retry(rondo_context *ctx, void *state)
{
    static const char *const final_kinds[] = {"fatal", "bad-input", NULL};
    const rondo_retry policy = {
        .max_attempts = 5,
        .first_interval_ms = 250,
        .backoff = 1.5,
        .max_interval_ms = 2000,
        .timeout_ms = 60000,
        .non_retriable_kinds = final_kinds,
    };
    return call_flaky(ctx, state, &policy);
}

static rondo_step retry_default(rondo_context *ctx, void *state)
{
    return call_flaky(ctx, state, &(rondo_retry){.max_attempts = 3});
}

void offer_calls(void)
{
    rondo_offer_orchestration((rondo_orchestration){
        .name = "chain", .run = chain_alone, .state_size = sizeof(struct with_number), .read = read_number});
    rondo_offer_orchestration((rondo_orchestration){
        .name = "sequential", .run = sequential, .state_size = sizeof(struct sequential), .read = read_sequential});
    rondo_offer_orchestration((rondo_orchestration){
        .name = "fan_out", .run = fan_out, .state_size = sizeof(struct fan_out), .read = read_fan_out});
    rondo_offer_orchestration(
        (rondo_orchestration){.name = "parallel", .run = parallel, .state_size = sizeof(struct parallel)});
    rondo_offer_orchestration((rondo_orchestration){
        .name = "start_then_await", .run = start_then_await, .state_size = sizeof(struct start_then_await)});
    rondo_offer_orchestration(
        (rondo_orchestration){.name = "retry", .run = retry, .state_size = sizeof(struct with_task)});
    rondo_offer_orchestration(
        (rondo_orchestration){.name = "retry_default", .run = retry_default, .state_size = sizeof(struct with_task)});
}
