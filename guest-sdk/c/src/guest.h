/* The functions of the contract, for the exports of a component and for tests. */
#ifndef RONDO_GUEST_H
#define RONDO_GUEST_H

#include "wire.h"

struct ri_wire_definitions ri_describe_orchestrations(void);
struct ri_wire_result ri_start(const struct ri_wire_execution *execution);
struct ri_wire_decided ri_run(const struct ri_wire_turn *turns, size_t count);

struct ri_wire_definitions ri_describe_activities(void);

struct ri_wire_call {
    struct ri_text instance_id;
    struct ri_text execution_id;
    uint32_t task;
    uint32_t attempt;
};

struct ri_wire_result ri_run_activity(struct ri_text name, struct ri_option_text input,
                                      const struct ri_wire_call *call);

#endif
