/* What a guest remembers of its execution between turns. */
#ifndef RONDO_CORE_H
#define RONDO_CORE_H

#include "memory.h"
#include "rondo.h"
#include "text.h"
#include "wire.h"

/* A failure and the one it was, which may hold what a C string cannot. */
struct ri_failed {
    rondo_failure failure;
    struct ri_wire_failure wire;
};

enum ri_state {
    RI_OPEN,
    RI_COMPLETED,
    RI_FAILED,
    /* Canceled, or of a kind that is never settled. */
    RI_CLOSED
};

enum ri_limit {
    RI_UNLIMITED,
    /* `partner` is the timer. */
    RI_LIMITED,
    /* `partner` is the task that it limits. */
    RI_LIMIT_TIMER
};

/* What is known of a task. Its id is the place in the table: the contract wants them dense. */
struct ri_slot {
    uint8_t state;
    uint8_t limit;
    /* An external event that no code has taken. */
    bool holds_event;
    uint32_t partner;
    rondo_callback callback;
    union {
        /* Taken from memory, with its size; no value if the size is 0. */
        struct {
            char *text;
            size_t size;
        } output;
        const struct ri_failed *failed;
    } as;
};

struct rondo_context {
    const rondo_orchestration *orchestration;
    void *state;
    rondo_json input;
    const char *instance_id;
    const char *execution_id;
    const char *name;
    const char *version;
    rondo_tag *tags;
    size_t tag_count;
    rondo_parent *parent;
    uint64_t now;
    /* How many random numbers were drawn. */
    uint64_t drawn;

    struct ri_slot *slots;
    size_t slot_count;
    size_t slot_capacity;
    /* How many slots are open. */
    size_t open;
    /* How many have failed. */
    size_t failures;

    /* Decided in this turn. */
    struct ri_wire_action *actions;
    size_t action_count;
    size_t action_capacity;

    /* Tasks settled in this turn, or found settled by `rondo_then`. */
    uint32_t *ready;
    size_t ready_count;
    size_t ready_capacity;
    /* Callbacks that wait. */
    size_t callbacks;
    /* How often a flow has gone on. */
    size_t moves;

    /* The orchestration's function is through and only callbacks go on. */
    bool is_through;
    bool has_ended;
};

/* Decides something that has no task id. After the end nothing is decided. */
void ri_decide(rondo_context *ctx, const struct ri_wire_action *action);
/* The id of the next task. */
uint32_t ri_next_task(const rondo_context *ctx);
/* Decides something that carries the next task id. It is settled later, unless it is `closed`. */
rondo_task ri_begin(rondo_context *ctx, const struct ri_wire_action *action, bool is_closed);
/* NULL for a task that there is not. */
struct ri_slot *ri_slot_of(const rondo_context *ctx, rondo_task task);
/* Takes note of what happened: all of it, before any code runs. */
void ri_settle(rondo_context *ctx, const struct ri_wire_event *events, size_t count);
void ri_make_ready(rondo_context *ctx, uint32_t id);
/* Code knows that it is settled: it may go on because of that, and never look at its event. */
void ri_taken(struct ri_slot *slot);
/* Gives back all events that no code has taken. */
void ri_give_back(rondo_context *ctx);

/* Sorted by key; of several with one key the last. `tags` ends with a key that is NULL, or is NULL. */
struct ri_wire_tags ri_tags_out(const rondo_tag *tags);
struct ri_option_retry ri_retry_out(const rondo_retry *retry);

#endif
