// Monitor: looks at a certificate once a day until it is about to expire, with a history that never grows.
#include "examples.h"

// After so many looks the history is thrown away and a new execution goes on.
enum { CHECKS_PER_EXECUTION = 3 };

struct watch {
    rondo_flow flow;
    // Members of the input that stay as they are.
    const char *host;
    int64_t valid_days;
    int64_t warn_days;
    int64_t day_ms;
    // The looks that were taken, also by earlier executions.
    int64_t checks;
    int looks;
    const char *message;
    rondo_task task;
};

static bool read_watch(rondo_json input, void *state)
{
    struct watch *self = state;
    const rondo_json checks = rondo_member(input, "checks");
    return rondo_read_string(rondo_member(input, "host"), &self->host) &&
           rondo_read_i64(rondo_member(input, "valid_days"), &self->valid_days) &&
           rondo_read_i64(rondo_member(input, "warn_days"), &self->warn_days) &&
           rondo_read_i64(rondo_member(input, "day_ms"), &self->day_ms) &&
           (rondo_is_null(checks) || rondo_read_i64(checks, &self->checks));
}

static rondo_json watch_json(const struct watch *self)
{
    rondo_writer object = rondo_object();
    rondo_put(&object, "host", rondo_string(self->host));
    rondo_put(&object, "valid_days", rondo_number(self->valid_days));
    rondo_put(&object, "warn_days", rondo_number(self->warn_days));
    rondo_put(&object, "day_ms", rondo_number(self->day_ms));
    rondo_put(&object, "checks", rondo_number(self->checks));
    return rondo_end(&object);
}

static rondo_step watch(rondo_context *ctx, void *state)
{
    static const rondo_retry patient = {.max_attempts = 10, .backoff = 2};
    struct watch *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    for (; self->looks < CHECKS_PER_EXECUTION; self->looks++) {
        self->task = rondo_activity(ctx, "look", watch_json(self), &patient);
        RONDO_TRY(self->task);
        self->checks++;
        int64_t days_left;
        if (!rondo_read_i64(rondo_member(rondo_output(ctx, self->task), "days_left"), &days_left)) {
            return rondo_invalid_output(ctx);
        }
        rondo_set_custom_status(ctx, rondo_output(ctx, self->task));
        if (days_left <= self->warn_days) {
            self->task = rondo_activity(ctx, "notify", rondo_output(ctx, self->task), NULL);
            RONDO_TRY_READ(self->task, rondo_read_string, &self->message);
            rondo_writer warning = rondo_object();
            rondo_put(&warning, "message", rondo_string(self->message));
            rondo_put(&warning, "checks", rondo_number(self->checks));
            return rondo_complete(ctx, rondo_end(&warning));
        }
        self->task = rondo_timer(ctx, (uint64_t)self->day_ms);
        RONDO_AWAIT(self->task);
    }
    return rondo_continue_as_new(ctx, watch_json(self), NULL);
    RONDO_END;
}

static rondo_result look(const rondo_call *call, rondo_json input)
{
    (void)call;
    struct watch watch = {.checks = 0};
    if (!read_watch(input, &watch)) {
        return rondo_invalid_input();
    }
    // A real one would connect to the host and read its certificate.
    if (watch.host[0] == 0) {
        return rondo_failed(rondo_final_error("no-host", "there is nothing to look at"));
    }
    const int64_t days_left = watch.valid_days > watch.checks ? watch.valid_days - watch.checks : 0;
    rondo_writer finding = rondo_object();
    rondo_put(&finding, "host", rondo_string(watch.host));
    rondo_put(&finding, "days_left", rondo_number(days_left));
    return rondo_ok(rondo_end(&finding));
}

static rondo_result notify(const rondo_call *call, rondo_json input)
{
    (void)call;
    const char *host;
    int64_t days_left;
    if (!rondo_read_string(rondo_member(input, "host"), &host) ||
        !rondo_read_i64(rondo_member(input, "days_left"), &days_left)) {
        return rondo_invalid_input();
    }
    const long long days = days_left;
    return rondo_ok(rondo_string(rondo_format("the certificate of %s expires in %lld days", host, days)));
}

void offer_monitor(void)
{
    rondo_offer_orchestration((rondo_orchestration){
        .name = "watch",
        .description = "Watches a certificate until it is about to expire.",
        .run = watch,
        .state_size = sizeof(struct watch),
        .read = read_watch,
    });
    rondo_offer_activity("look", "Looks at a certificate.", look);
    rondo_offer_activity("notify", "Tells its owner.", notify);
}
