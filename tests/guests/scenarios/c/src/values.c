#include "scenarios.h"

static rondo_step echo(rondo_context *ctx, void *state)
{
    (void)state;
    return rondo_complete(ctx, rondo_input(ctx));
}

static rondo_step call_echo(rondo_context *ctx, void *state)
{
    struct with_task *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_activity(ctx, "echo", rondo_input(ctx), NULL);
    RONDO_TRY(self->task);
    return rondo_complete(ctx, rondo_output(ctx, self->task));
    RONDO_END;
}

static rondo_json parent_json(const rondo_parent *parent)
{
    if (!parent) {
        return rondo_none();
    }
    rondo_writer object = rondo_object();
    rondo_put(&object, "execution_id", rondo_string(parent->execution_id));
    rondo_put(&object, "instance_id", rondo_string(parent->instance_id));
    rondo_put(&object, "name", rondo_string(parent->name));
    return rondo_end(&object);
}

static rondo_step identity(rondo_context *ctx, void *state)
{
    (void)state;
    rondo_writer tags = rondo_object();
    for (size_t index = 0; index < rondo_tag_count(ctx); index++) {
        const rondo_tag tag = rondo_tag_at(ctx, index);
        rondo_put(&tags, tag.key, rondo_string(tag.value));
    }
    rondo_writer object = rondo_object();
    rondo_put(&object, "execution_id", rondo_string(rondo_execution_id(ctx)));
    rondo_put(&object, "instance_id", rondo_string(rondo_instance_id(ctx)));
    rondo_put(&object, "name", rondo_string(rondo_name(ctx)));
    rondo_put(&object, "parent", parent_json(rondo_parent_of(ctx)));
    rondo_put(&object, "tags", rondo_end(&tags));
    rondo_put(&object, "version", rondo_string(rondo_version(ctx)));
    return rondo_complete(ctx, rondo_end(&object));
}

struct now {
    rondo_flow flow;
    rondo_task task;
    uint64_t before;
};

static rondo_step now(rondo_context *ctx, void *state)
{
    struct now *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->before = rondo_now(ctx);
    self->task = rondo_activity(ctx, "add_one", rondo_number(0), NULL);
    RONDO_TRY(self->task);
    rondo_writer times = rondo_array();
    rondo_push(&times, rondo_number((int64_t)self->before));
    rondo_push(&times, rondo_number((int64_t)rondo_now(ctx)));
    return rondo_complete(ctx, rondo_end(&times));
    RONDO_END;
}

struct random {
    rondo_flow flow;
    rondo_task task;
    uint64_t numbers[2];
    rondo_uuid uuids[2];
};

static rondo_step random(rondo_context *ctx, void *state)
{
    struct random *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->numbers[0] = rondo_random_below(ctx, 6);
    self->uuids[0] = rondo_random_uuid(ctx);
    self->numbers[1] = rondo_random_below(ctx, 1000000);
    self->uuids[1] = rondo_random_uuid(ctx);
    self->task = rondo_activity(ctx, "add_one", rondo_number(0), NULL);
    RONDO_TRY(self->task);
    rondo_writer drawn = rondo_array();
    for (int index = 0; index < 2; index++) {
        rondo_push(&drawn, rondo_number((int64_t)self->numbers[index]));
        rondo_push(&drawn, rondo_string(self->uuids[index].text));
    }
    rondo_push(&drawn, rondo_number((int64_t)rondo_random_below(ctx, 9007199254740991)));
    return rondo_complete(ctx, rondo_end(&drawn));
    RONDO_END;
}

void offer_values(void)
{
    rondo_offer_orchestration((rondo_orchestration){.name = "echo", .run = echo});
    rondo_offer_orchestration(
        (rondo_orchestration){.name = "call_echo", .run = call_echo, .state_size = sizeof(struct with_task)});
    rondo_offer_orchestration((rondo_orchestration){.name = "identity", .run = identity});
    rondo_offer_orchestration((rondo_orchestration){.name = "now", .run = now, .state_size = sizeof(struct now)});
    rondo_offer_orchestration(
        (rondo_orchestration){.name = "random", .run = random, .state_size = sizeof(struct random)});
}
