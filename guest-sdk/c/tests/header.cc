// The header is good for C++, and so are its macros.
#include "rondo.h"

namespace {

struct greeting {
    rondo_flow flow;
    const char *name;
    rondo_task tasks[2];
    size_t winner;
};

bool read_greeting(rondo_json input, void *state)
{
    return rondo_read_string(input, &static_cast<greeting *>(state)->name);
}

rondo_step run_greeting(rondo_context *ctx, void *state)
{
    auto *self = static_cast<greeting *>(state);
    RONDO_BEGIN(ctx, &self->flow);
    self->tasks[0] = rondo_activity(ctx, "greet", rondo_string(self->name), nullptr);
    self->tasks[1] = rondo_timer(ctx, 1000);
    RONDO_RACE(self->tasks, 2, &self->winner);
    RONDO_TRY(self->tasks[self->winner]);
    RONDO_TRY_READ(self->tasks[0], rondo_read_string, &self->name);
    return rondo_complete(ctx, rondo_string(self->name));
    RONDO_END;
}

rondo_result greet(const rondo_call *, rondo_json input)
{
    return rondo_is_null(input) ? rondo_invalid_input() : rondo_ok(input);
}

} // namespace

extern "C" void rondo_main()
{
    rondo_orchestration offer = {};
    offer.name = "greeting";
    offer.run = run_greeting;
    offer.state_size = sizeof(greeting);
    offer.read = read_greeting;
    rondo_offer_orchestration(offer);
    rondo_offer_activity("greet", "Greets.", greet);
}
