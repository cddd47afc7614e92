#include <stdlib.h>
#include <time.h>

#include "scenarios.h"

static rondo_step custom_status(rondo_context *ctx, void *state)
{
    struct with_task *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    rondo_writer status = rondo_object();
    rondo_put(&status, "step", rondo_number(1));
    rondo_set_custom_status(ctx, rondo_end(&status));
    self->task = rondo_activity(ctx, "add_one", rondo_number(0), NULL);
    RONDO_TRY(self->task);
    rondo_set_custom_status(ctx, rondo_string("grün"));
    rondo_set_custom_status(ctx, rondo_string(""));
    rondo_set_custom_status(ctx, rondo_none());
    RONDO_END;
}

static rondo_step logs(rondo_context *ctx, void *state)
{
    (void)state;
    rondo_log(ctx, RONDO_TRACE, "a trace");
    rondo_log(ctx, RONDO_DEBUG, "a debug");
    rondo_log(ctx, RONDO_INFO, "an info");
    rondo_log(ctx, RONDO_WARN, "a warning");
    rondo_log(ctx, RONDO_ERROR, rondo_format("an error: %s", "🦀"));
    return RONDO_DONE;
}

static rondo_step countdown(rondo_context *ctx, void *state)
{
    struct with_number *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    if (self->n == 0) {
        return rondo_complete(ctx, rondo_string("done"));
    }
    self->task = rondo_activity(ctx, "add_one", rondo_number(self->n), NULL);
    RONDO_TRY(self->task);
    return rondo_continue_as_new(ctx, rondo_number(self->n - 1), NULL);
    RONDO_END;
}

static rondo_step continue_options(rondo_context *ctx, void *state)
{
    (void)state;
    return rondo_continue_as_new(ctx, rondo_none(), &(rondo_continue){.version = "2", .drop_events = true});
}

/* What C has of its own that a replay could change. */
static rondo_json sources(void)
{
    return rondo_string(rondo_format("%lld %d", (long long)time(NULL), rand()));
}

static rondo_step own_sources(rondo_context *ctx, void *state)
{
    struct with_number *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    for (; self->n < 2; self->n++) {
        self->task = rondo_activity(ctx, "echo", sources(), NULL);
        RONDO_TRY(self->task);
    }
    return rondo_complete(ctx, sources());
    RONDO_END;
}

static void offer(const char *name, rondo_function run, size_t state_size)
{
    rondo_offer_orchestration((rondo_orchestration){.name = name, .run = run, .state_size = state_size});
}

void offer_instance(void)
{
    offer("custom_status", custom_status, sizeof(struct with_task));
    offer("logs", logs, 0);
    rondo_offer_orchestration((rondo_orchestration){
        .name = "countdown", .run = countdown, .state_size = sizeof(struct with_number), .read = read_number});
    offer("continue_options", continue_options, 0);
    offer("own_sources", own_sources, sizeof(struct with_number));
}
