/* The contract's types as structs: on wasm32 their layout is that of the canonical ABI, so nothing has to be converted.
 * The order of fields and of cases is that of wit/types.wit. */
#ifndef RONDO_WIRE_H
#define RONDO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Not followed by a zero. */
struct ri_text {
    const char *data;
    size_t size;
};

struct ri_option_text {
    bool some;
    struct ri_text value;
};

struct ri_wire_failure {
    struct ri_text kind;
    struct ri_text message;
    struct ri_option_text details;
    bool non_retriable;
};

struct ri_wire_tag {
    struct ri_text key;
    struct ri_text value;
};

struct ri_wire_tags {
    const struct ri_wire_tag *items;
    size_t count;
};

struct ri_wire_execution {
    struct ri_text instance_id;
    struct ri_text execution_id;
    struct ri_text name;
    struct ri_option_text version;
    struct ri_option_text input;
    struct ri_wire_tags tags;
    struct {
        bool some;
        struct {
            struct ri_text instance_id;
            struct ri_text execution_id;
            struct ri_text name;
        } value;
    } parent;
};

struct ri_option_u64 {
    bool some;
    uint64_t value;
};

struct ri_wire_retry {
    uint32_t max_attempts;
    uint64_t first_interval;
    double backoff_coefficient;
    struct ri_option_u64 max_interval;
    struct ri_option_u64 retry_timeout;
    struct {
        const struct ri_text *items;
        size_t count;
    } non_retriable_kinds;
};

struct ri_option_retry {
    bool some;
    struct ri_wire_retry value;
};

struct ri_wire_definition {
    struct ri_text name;
    struct ri_text description;
};

struct ri_wire_definitions {
    const struct ri_wire_definition *items;
    size_t count;
};

enum ri_event_case {
    RI_ACTIVITY_COMPLETED,
    RI_ACTIVITY_FAILED,
    RI_TIMER_FIRED,
    RI_CHILD_COMPLETED,
    RI_CHILD_FAILED,
    RI_EVENT_RAISED
};

struct ri_wire_event {
    /* One of enum ri_event_case. */
    uint8_t tag;
    uint32_t task;
    union {
        struct ri_option_text output;
        struct ri_wire_failure failure;
    } as;
};

struct ri_wire_turn {
    uint64_t now;
    struct {
        const struct ri_wire_event *items;
        size_t count;
    } events;
};

enum ri_action_case {
    RI_SCHEDULE_ACTIVITY,
    RI_CREATE_TIMER,
    RI_START_CHILD,
    RI_WAIT_EVENT,
    RI_SEND_EVENT,
    RI_CANCEL,
    RI_SET_CUSTOM_STATUS,
    RI_LOG,
    RI_CONTINUE_AS_NEW,
    RI_COMPLETE,
    RI_FAIL
};

struct ri_wire_action {
    /* One of enum ri_action_case. */
    uint8_t tag;
    union {
        struct {
            uint32_t task;
            struct ri_text name;
            struct ri_option_text input;
            struct ri_option_retry retry;
        } schedule_activity;
        struct {
            uint32_t task;
            uint64_t fire_at;
        } create_timer;
        struct {
            uint32_t task;
            struct ri_text name;
            struct ri_option_text instance_id;
            struct ri_option_text version;
            struct ri_option_text input;
            struct ri_wire_tags tags;
            struct ri_option_retry retry;
            bool detached;
        } start_child;
        struct {
            uint32_t task;
            struct ri_text name;
        } wait_event;
        struct {
            uint32_t task;
            struct ri_text instance_id;
            struct ri_text name;
            struct ri_option_text data;
        } send_event;
        uint32_t cancel;
        struct ri_option_text set_custom_status;
        struct {
            uint8_t level;
            struct ri_text message;
        } log;
        struct {
            struct ri_option_text input;
            struct ri_option_text version;
            bool keep_events;
        } continue_as_new;
        struct ri_option_text complete;
        struct ri_wire_failure fail;
    } as;
};

struct ri_wire_actions {
    const struct ri_wire_action *items;
    size_t count;
};

/* The result of `run`: one list for each turn. */
struct ri_wire_decided {
    const struct ri_wire_actions *items;
    size_t count;
};

/* The result of `start`, which has no value, and of an activity. */
struct ri_wire_result {
    bool is_failure;
    union {
        struct ri_option_text output;
        struct ri_wire_failure failure;
    } as;
};

#ifdef __wasm32__
_Static_assert(sizeof(struct ri_wire_failure) == 32, "as the canonical ABI has it");
_Static_assert(sizeof(struct ri_wire_execution) == 84, "as the canonical ABI has it");
_Static_assert(sizeof(struct ri_option_retry) == 72, "as the canonical ABI has it");
_Static_assert(sizeof(struct ri_wire_event) == 40, "as the canonical ABI has it");
_Static_assert(sizeof(struct ri_wire_turn) == 16, "as the canonical ABI has it");
_Static_assert(sizeof(struct ri_wire_action) == 144, "as the canonical ABI has it");
_Static_assert(offsetof(struct ri_wire_action, as.start_child.detached) == 136, "as the canonical ABI has it");
_Static_assert(sizeof(struct ri_wire_result) == 36, "as the canonical ABI has it");
#endif

#endif
