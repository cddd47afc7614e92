#include "scenarios.h"

struct relay {
    rondo_flow flow;
    rondo_json activities;
    const char *event;
    const char *value;
    /* Those that have not been called. */
    rondo_items names;
    rondo_json name;
    rondo_task task;
};

static bool read_relay(rondo_json input, void *state)
{
    struct relay *self = state;
    self->activities = rondo_member(input, "activities");
    return rondo_is_array(self->activities) && rondo_is_array(rondo_member(input, "children")) &&
           rondo_read_optional_string(rondo_member(input, "event"), &self->event) &&
           rondo_read_string(rondo_member(input, "value"), &self->value);
}

static rondo_task begin_activity(rondo_context *ctx, const struct relay *self)
{
    const char *name;
    return rondo_read_string(self->name, &name) ? rondo_activity(ctx, name, rondo_string(self->value), NULL)
                                                : (rondo_task){0};
}

static rondo_task begin_child(rondo_context *ctx, const struct relay *self)
{
    const char *name;
    if (!rondo_read_string(self->name, &name)) {
        return (rondo_task){0};
    }
    rondo_writer no_children = rondo_array();
    rondo_writer input = rondo_object();
    rondo_put(&input, "activities", self->activities);
    rondo_put(&input, "children", rondo_end(&no_children));
    rondo_put(&input, "event", rondo_none());
    rondo_put(&input, "value", rondo_string(self->value));
    return rondo_child(ctx, name, rondo_end(&input), NULL);
}

static rondo_step c_relay(rondo_context *ctx, void *state)
{
    struct relay *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->names = rondo_items_of(self->activities);
    while (rondo_next(&self->names, &self->name)) {
        self->task = begin_activity(ctx, self);
        RONDO_TRY_READ(self->task, rondo_read_string, &self->value);
    }
    if (self->event) {
        self->task = rondo_event(ctx, self->event);
        RONDO_TRY(self->task);
    }
    self->names = rondo_items_of(rondo_member(rondo_input(ctx), "children"));
    while (rondo_next(&self->names, &self->name)) {
        self->task = begin_child(ctx, self);
        RONDO_TRY_READ(self->task, rondo_read_string, &self->value);
    }
    return rondo_complete(ctx, rondo_string(rondo_format("%s[c]", self->value)));
    RONDO_END;
}

void offer_relay(void)
{
    rondo_offer_orchestration((rondo_orchestration){
        .name = "c_relay", .run = c_relay, .state_size = sizeof(struct relay), .read = read_relay});
}
