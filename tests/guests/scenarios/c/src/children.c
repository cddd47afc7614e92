#include "scenarios.h"

static rondo_step child(rondo_context *ctx, void *state)
{
    struct with_number *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_child(ctx, "chain", rondo_number(self->n), NULL);
    RONDO_TRY(self->task);
    return rondo_complete(ctx, rondo_output(ctx, self->task));
    RONDO_END;
}

static rondo_task begin_with_options(rondo_context *ctx, int64_t n)
{
    const rondo_tag tags[] = {{"zeta", "1"}, {"alpha", "ä"}, {NULL, NULL}};
    const rondo_retry retry = {.max_attempts = 3};
    const rondo_child_options options = {
        .instance_id = rondo_format("%s-kid", rondo_instance_id(ctx)),
        .version = "2.0",
        .tags = tags,
        .retry = &retry,
    };
    return rondo_child(ctx, "chain", rondo_number(n), &options);
}

static rondo_step child_options(rondo_context *ctx, void *state)
{
    struct with_number *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = begin_with_options(ctx, self->n);
    RONDO_TRY(self->task);
    return rondo_complete(ctx, rondo_output(ctx, self->task));
    RONDO_END;
}

static rondo_step catch_child(rondo_context *ctx, void *state)
{
    struct with_number *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_child(ctx, "chain", rondo_number(self->n), NULL);
    RONDO_AWAIT(self->task);
    const rondo_failure *const failure = rondo_failure_of(ctx, self->task);
    return rondo_complete(ctx, failure ? rondo_string(failure->kind) : rondo_none());
    RONDO_END;
}

static rondo_step detached(rondo_context *ctx, void *state)
{
    struct with_number *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    rondo_start_detached(ctx, "chain", rondo_number(self->n), &(rondo_child_options){.instance_id = "free-1"});
    rondo_start_detached(ctx, "chain", rondo_number(self->n), NULL);
    self->task = rondo_activity(ctx, "add_one", rondo_number(1), NULL);
    RONDO_TRY(self->task);
    return rondo_complete(ctx, rondo_output(ctx, self->task));
    RONDO_END;
}

static void offer(const char *name, rondo_function run)
{
    rondo_offer_orchestration((rondo_orchestration){
        .name = name, .run = run, .state_size = sizeof(struct with_number), .read = read_number});
}

void offer_children(void)
{
    offer("child", child);
    offer("child_options", child_options);
    offer("catch_child", catch_child);
    offer("detached", detached);
}
