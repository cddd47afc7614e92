/* What the files of this component share. */
#ifndef SCENARIOS_H
#define SCENARIOS_H

#include <rondo.h>

void offer_activities(void);
void offer_calls(void);
void offer_children(void);
void offer_failures(void);
void offer_instance(void);
void offer_relay(void);
void offer_values(void);
void offer_waits(void);

/* The state of what has a number for its input, and awaits one thing at a time. */
struct with_number {
    rondo_flow flow;
    int64_t n;
    rondo_task task;
};

bool read_number(rondo_json input, void *state);

/* The state of what passes on its input, whatever it is. */
struct with_task {
    rondo_flow flow;
    rondo_task task;
};

/* `add_one` and `square` of a number, which is then the number. It has a flow of its own. */
rondo_step chain(rondo_context *ctx, void *state);

/* How a failure is written in inputs and results. */
bool read_failure(rondo_json input, rondo_failure *failure);
rondo_json failure_json(const rondo_failure *failure);

#endif
