// The component __NAME__: an orchestration and the activity it calls.
#include <rondo.h>

struct greeting {
    rondo_flow flow;
    size_t count;
    rondo_task *greetings;
};

static bool read_greeting(rondo_json names, void *state)
{
    struct greeting *self = state;
    self->count = rondo_length(names);
    return rondo_is_array(names);
}

static rondo_step greet_all(rondo_context *ctx, void *state)
{
    struct greeting *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->greetings = rondo_alloc_array(self->count, sizeof *self->greetings);
    rondo_items names = rondo_items_of(rondo_input(ctx));
    rondo_json name;
    for (size_t index = 0; rondo_next(&names, &name); index++) {
        self->greetings[index] = rondo_activity(ctx, "greet", name, NULL);
    }
    RONDO_TRY_ALL(self->greetings, self->count);
    rondo_writer greetings = rondo_array();
    for (size_t index = 0; index < self->count; index++) {
        rondo_push(&greetings, rondo_output(ctx, self->greetings[index]));
    }
    return rondo_complete(ctx, rondo_end(&greetings));
    RONDO_END;
}

static rondo_result greet(const rondo_call *call, rondo_json input)
{
    (void)call;
    const char *name;
    if (!rondo_read_string(input, &name)) {
        return rondo_invalid_input();
    }
    return rondo_ok(rondo_string(rondo_format("Hello, %s!", name)));
}

void rondo_main(void)
{
    rondo_offer_orchestration((rondo_orchestration){
        .name = "__NAME__",
        .description = "Greets everybody at the same time.",
        .run = greet_all,
        .state_size = sizeof(struct greeting),
        .read = read_greeting,
    });
    rondo_offer_activity("greet", "Greets somebody.", greet);
}
