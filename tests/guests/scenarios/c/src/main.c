/* The scenarios that every SDK must act out, in C. What each one does is said in ../../README.md. */
#include "scenarios.h"

void rondo_main(void)
{
    offer_activities();
    offer_values();
    offer_calls();
    offer_failures();
    offer_waits();
    offer_children();
    offer_instance();
    offer_relay();
}

bool read_number(rondo_json input, void *state)
{
    struct with_number *self = state;
    return rondo_read_i64(input, &self->n);
}

bool read_failure(rondo_json input, rondo_failure *failure)
{
    return rondo_read_optional_string(rondo_member(input, "details"), &failure->details) &&
           rondo_read_string(rondo_member(input, "kind"), &failure->kind) &&
           rondo_read_string(rondo_member(input, "message"), &failure->message) &&
           rondo_read_bool(rondo_member(input, "non_retriable"), &failure->non_retriable);
}

rondo_json failure_json(const rondo_failure *failure)
{
    rondo_writer object = rondo_object();
    rondo_put(&object, "details", rondo_string(failure->details));
    rondo_put(&object, "kind", rondo_string(failure->kind));
    rondo_put(&object, "message", rondo_string(failure->message));
    rondo_put(&object, "non_retriable", rondo_bool(failure->non_retriable));
    return rondo_end(&object);
}
