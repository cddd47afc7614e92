// Saga: a trip is booked step by step; when a step fails, the steps before it are undone.
#include <string.h>

#include "examples.h"

static const char *const steps[] = {"reserve_flight", "reserve_hotel", "reserve_car"};

struct trip {
    rondo_flow flow;
    // The car is the last step, and not everybody wants one.
    size_t step_count;
    size_t made;
    size_t undone;
    rondo_json reservations[3];
    // Why it is rolled back.
    const char *reason;
    rondo_task task;
};

struct traveller {
    const char *name;
    const char *city;
    int64_t nights;
    const char *car;
};

static bool read_traveller(rondo_json input, struct traveller *traveller)
{
    return rondo_read_string(rondo_member(input, "traveller"), &traveller->name) &&
           rondo_read_string(rondo_member(input, "city"), &traveller->city) &&
           rondo_read_i64(rondo_member(input, "nights"), &traveller->nights) &&
           rondo_read_optional_string(rondo_member(input, "car"), &traveller->car);
}

static bool read_trip(rondo_json input, void *state)
{
    struct trip *self = state;
    struct traveller traveller;
    if (!read_traveller(input, &traveller)) {
        return false;
    }
    self->step_count = traveller.car ? 3 : 2;
    return true;
}

static rondo_json outcome(const struct trip *self)
{
    rondo_writer reservations = rondo_array();
    for (size_t index = 0; index < self->made; index++) {
        rondo_push(&reservations, self->reservations[self->reason ? self->made - 1 - index : index]);
    }
    rondo_writer object = rondo_object();
    rondo_put(&object, "status", rondo_string(self->reason ? "rolled-back" : "booked"));
    if (self->reason) {
        rondo_put(&object, "reason", rondo_string(self->reason));
    }
    rondo_put(&object, self->reason ? "undone" : "reservations", rondo_end(&reservations));
    return rondo_end(&object);
}

static rondo_step trip(rondo_context *ctx, void *state)
{
    static const rondo_retry twice = {.max_attempts = 2, .first_interval_ms = 100};
    // Undoing must succeed in the end, however long it takes.
    static const rondo_retry stubborn = {.max_attempts = 1000, .backoff = 2, .max_interval_ms = 600000};
    struct trip *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    for (; self->made < self->step_count && !self->reason;) {
        self->task = rondo_activity(ctx, steps[self->made], rondo_input(ctx), self->made == 2 ? &twice : NULL);
        RONDO_AWAIT(self->task);
        const rondo_failure *const failure = rondo_failure_of(ctx, self->task);
        if (failure) {
            self->reason = failure->kind;
            const int made = (int)self->made;
            const char *const line = rondo_format("rolling back %d reservations: %s", made, failure->message);
            rondo_log(ctx, RONDO_WARN, line);
        } else {
            self->reservations[self->made++] = rondo_output(ctx, self->task);
        }
    }
    for (self->undone = 0; self->reason && self->undone < self->made; self->undone++) {
        self->task = rondo_activity(ctx, "undo", self->reservations[self->made - 1 - self->undone], &stubborn);
        RONDO_TRY(self->task);
    }
    return rondo_complete(ctx, outcome(self));
    RONDO_END;
}

// The same number for the same trip, so that a repeated attempt does not reserve twice.
static rondo_result reserved(const char *what, const char *prefix, const struct traveller *traveller)
{
    int sum = 0;
    for (const char *at = traveller->name; *at; at++) {
        sum += (unsigned char)*at;
    }
    for (const char *at = traveller->city; *at; at++) {
        sum += (unsigned char)*at;
    }
    rondo_writer reservation = rondo_object();
    rondo_put(&reservation, "what", rondo_string(what));
    rondo_put(&reservation, "number", rondo_string(rondo_format("%s%d", prefix, sum)));
    return rondo_ok(rondo_end(&reservation));
}

static rondo_result reserve_flight(const rondo_call *call, rondo_json input)
{
    (void)call;
    struct traveller traveller;
    if (!read_traveller(input, &traveller)) {
        return rondo_invalid_input();
    }
    return reserved(rondo_format("flight to %s", traveller.city), "FL", &traveller);
}

static rondo_result reserve_hotel(const rondo_call *call, rondo_json input)
{
    (void)call;
    struct traveller traveller;
    if (!read_traveller(input, &traveller)) {
        return rondo_invalid_input();
    }
    if (traveller.nights == 0) {
        return rondo_failed(rondo_final_error("no-nights", "a hotel stay has at least one night"));
    }
    const long long nights = traveller.nights;
    return reserved(rondo_format("%lld nights in %s", nights, traveller.city), "HO", &traveller);
}

static rondo_result reserve_car(const rondo_call *call, rondo_json input)
{
    (void)call;
    struct traveller traveller;
    if (!read_traveller(input, &traveller) || !traveller.car) {
        return rondo_invalid_input();
    }
    if (strcmp(traveller.car, "convertible") == 0) {
        return rondo_failed(rondo_error("sold-out", rondo_format("no %s in %s", traveller.car, traveller.city)));
    }
    return reserved(traveller.car, "CA", &traveller);
}

static rondo_result undo(const rondo_call *call, rondo_json input)
{
    (void)call;
    const char *what;
    const char *number;
    if (!rondo_read_string(rondo_member(input, "what"), &what) ||
        !rondo_read_string(rondo_member(input, "number"), &number)) {
        return rondo_invalid_input();
    }
    // A provider is asked to forget the number; asking twice does no harm.
    return number[0] ? rondo_ok(rondo_none()) : rondo_failed(rondo_final_error("unknown-reservation", what));
}

void offer_saga(void)
{
    rondo_offer_orchestration((rondo_orchestration){
        .name = "trip",
        .description = "Books flight, hotel and car, or nothing.",
        .run = trip,
        .state_size = sizeof(struct trip),
        .read = read_trip,
    });
    rondo_offer_activity("reserve_flight", "Reserves a flight.", reserve_flight);
    rondo_offer_activity("reserve_hotel", "Reserves a hotel.", reserve_hotel);
    rondo_offer_activity("reserve_car", "Reserves a car.", reserve_car);
    rondo_offer_activity("undo", "Gives a reservation back.", undo);
}
