/* Durable orchestrations and activities in C.
 *
 * A component is a set of functions that `rondo_main` offers by name. An orchestration is a function that is called at
 * every turn until it ends; what it remembers is in a struct of its own. The macros at the bottom let it read like
 * sequential code; `rondo_then` is for those who prefer callbacks. README.md beside this folder has examples.
 *
 * Lifetimes, for all of the API:
 *   - What is read (inputs, outputs, failures, strings from JSON) lives as long as the execution.
 *   - What is made (`rondo_string`, `rondo_object`, `rondo_format`, ...) lives until the function returns, that is,
 *     waits. To have it longer, `rondo_keep` or `rondo_keep_text` it.
 *
 * Texts are UTF-8 and end with a zero; what is not UTF-8 becomes U+FFFD on its way out. Times are milliseconds since
 * the Unix epoch, durations are milliseconds. When memory is at an end, the guest traps.
 */
#ifndef RONDO_H
#define RONDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RONDO_PRINTF(text, values) __attribute__((format(printf, text, values)))
#define RONDO_FALLTHROUGH __attribute__((fallthrough))
#else
#define RONDO_PRINTF(text, values)
#define RONDO_FALLTHROUGH ((void)0)
#endif

/* One JSON value as text, compact or not; all zero is "no value", which reads like `null` and is sent like it. */
typedef struct rondo_json {
    const char *text;
    size_t size;
} rondo_json;

/* The kinds of the failures that this library makes. */
#define RONDO_KIND_ERROR "error"
#define RONDO_KIND_INVALID_INPUT "invalid-input"
#define RONDO_KIND_INVALID_OUTPUT "invalid-output"
#define RONDO_KIND_TIMEOUT "timeout"
#define RONDO_KIND_STALLED "stalled"
#define RONDO_KIND_ORCHESTRATION_NOT_FOUND "orchestration-not-found"
#define RONDO_KIND_ACTIVITY_NOT_FOUND "activity-not-found"

/* Why something failed. */
typedef struct rondo_failure {
    /* A short, stable name to branch on, such as "card-declined". NULL: "error". */
    const char *kind;
    /* One sentence for a person. NULL: none. */
    const char *message;
    /* Anything else, or NULL. */
    const char *details;
    /* True when trying again cannot help; ends every retry policy at once. */
    bool non_retriable;
} rondo_failure;

/* A failure that a retry policy may try again. */
rondo_failure rondo_error(const char *kind, const char *message);
/* One that none will. */
rondo_failure rondo_final_error(const char *kind, const char *message);

/* The call that an activity serves. */
typedef struct rondo_call {
    const char *instance_id;
    const char *execution_id;
    uint32_t task;
    /* Counts from 1. */
    uint32_t attempt;
    /* The same for every attempt of this call, and for no other call. */
    const char *idempotency_key;
} rondo_call;

/* How an activity ends: `rondo_ok` or `rondo_failed`. */
typedef struct rondo_result {
    rondo_json output;
    rondo_failure failure;
    bool is_failure;
} rondo_result;

typedef rondo_result (*rondo_activity_function)(const rondo_call *call, rondo_json input);

rondo_result rondo_ok(rondo_json output);
rondo_result rondo_failed(rondo_failure failure);
/* The input is not what the activity expects; kind "invalid-input", and nobody tries again. */
rondo_result rondo_invalid_input(void);

/* What an orchestration can see and do. */
typedef struct rondo_context rondo_context;

/* Something begun that settles later. All zero is none: it never settles. */
typedef struct rondo_task {
    uint32_t number;
} rondo_task;

/* How far a function has come when it returns. */
typedef enum rondo_step {
    /* Call it again when something has happened. */
    RONDO_WAITING,
    /* It is through. An orchestration that says so, and has no callback waiting, completes with no value. */
    RONDO_DONE,
    /* The orchestration has ended: by `rondo_complete`, `rondo_fail` or `rondo_continue_as_new`. */
    RONDO_ENDED
} rondo_step;

/* Goes on with an orchestration. `state` is as large as `rondo_orchestration.state_size`, and zero at first. */
typedef rondo_step (*rondo_function)(rondo_context *ctx, void *state);

typedef struct rondo_orchestration {
    const char *name;
    /* One sentence for people who list components, or NULL. */
    const char *description;
    rondo_function run;
    size_t state_size;
    /* Reads the input into the state, before the orchestration begins; false: it is not what is expected, and the
     * instance fails with kind "invalid-input". NULL: any input will do, see `rondo_input`. */
    bool (*read)(rondo_json input, void *state);
} rondo_orchestration;

/* Written by you: offers everything that is in the component. */
void rondo_main(void);

/* For `rondo_main`. The texts, and all of `offer`, are copied as pointers: use literals. */
void rondo_offer_orchestration(rondo_orchestration offer);
void rondo_offer_activity(const char *name, const char *description, rondo_activity_function run);

/* Ends the orchestration. For `return`. */
rondo_step rondo_complete(rondo_context *ctx, rondo_json output);
rondo_step rondo_fail(rondo_context *ctx, rondo_failure failure);
/* Fails exactly as a task did. The task must have failed. */
rondo_step rondo_fail_as(rondo_context *ctx, rondo_task task);
/* A task's output is not what was expected; kind "invalid-output". */
rondo_step rondo_invalid_output(rondo_context *ctx);

typedef struct rondo_continue {
    /* NULL: the same version. */
    const char *version;
    /* True: events that were raised and not yet taken are dropped. */
    bool drop_events;
} rondo_continue;

/* Whether the orchestration has come to its end, by one of these or the next. */
bool rondo_has_ended(const rondo_context *ctx);

/* Ends this execution and begins the next one with an empty history. `options` may be NULL. */
rondo_step rondo_continue_as_new(rondo_context *ctx, rondo_json input, const rondo_continue *options);

/* How the host retries. Zero in a field is its default. */
typedef struct rondo_retry {
    /* Attempts in all. */
    uint32_t max_attempts;
    /* Default: a second. */
    uint64_t first_interval_ms;
    /* What the interval is multiplied with after each attempt; finite, and at least 1, or else it is 1. */
    double backoff;
    /* Default: no limit. */
    uint64_t max_interval_ms;
    /* No attempt begins later than this after the first. Default: no limit. */
    uint64_t timeout_ms;
    /* Kinds that end it at once; the last one is followed by NULL. Default: none. */
    const char *const *non_retriable_kinds;
} rondo_retry;

typedef struct rondo_tag {
    const char *key;
    const char *value;
} rondo_tag;

typedef struct rondo_child_options {
    /* NULL: the host chooses one. */
    const char *instance_id;
    const char *version;
    /* In any order; the last one is followed by one whose key is NULL. Of several with one key the last counts. */
    const rondo_tag *tags;
    const rondo_retry *retry;
} rondo_child_options;

/* Begins something at once, in the order of the calls. `retry` may be NULL: one attempt. */
rondo_task rondo_activity(rondo_context *ctx, const char *name, rondo_json input, const rondo_retry *retry);
/* `options` may be NULL. */
rondo_task rondo_child(rondo_context *ctx, const char *name, rondo_json input, const rondo_child_options *options);
/* A child that nobody waits for. */
void rondo_start_detached(rondo_context *ctx, const char *name, rondo_json input, const rondo_child_options *options);
rondo_task rondo_timer(rondo_context *ctx, uint64_t duration_ms);
rondo_task rondo_timer_at(rondo_context *ctx, uint64_t time_ms);
/* Waits for an external event; its data is the output. */
rondo_task rondo_event(rondo_context *ctx, const char *name);
void rondo_send_event(rondo_context *ctx, const char *instance_id, const char *name, rondo_json data);

/* Begins a timer; when it fires before `task` is settled, that is canceled and fails with kind "timeout". Of both in
 * one turn the task counts. Answers with `task`, so that it wraps the call:
 * `rondo_limit(ctx, rondo_event(ctx, "go"), 5000)`. A task has one limit; a second one is no change. */
rondo_task rondo_limit(rondo_context *ctx, rondo_task task, uint64_t duration_ms);
/* It will not settle any more. Nothing happens if it has already, but that an external event goes back, for the next wait,
 * of which no code knows yet: nobody has asked for it, or heard that it is there. */
void rondo_cancel(rondo_context *ctx, rondo_task task);
/* Whether it has an output or a failure. */
bool rondo_is_settled(const rondo_context *ctx, rondo_task task);
/* NULL unless it has failed. An output that is no JSON is a failure. */
const rondo_failure *rondo_failure_of(const rondo_context *ctx, rondo_task task);
/* No value unless it is settled and has one. */
rondo_json rondo_output(const rondo_context *ctx, rondo_task task);
/* Gives the memory of its output back; for long loops with large outputs. It stays settled, without a value. */
void rondo_forget(rondo_context *ctx, rondo_task task);

/* True when all are settled, or else one has failed: then the others are canceled, in their order. */
bool rondo_all(rondo_context *ctx, const rondo_task *tasks, size_t count);
/* True when all are settled, whether they failed or not. */
bool rondo_all_settled(const rondo_context *ctx, const rondo_task *tasks, size_t count);
/* The failed one that comes first, or a task of number 0. */
rondo_task rondo_first_failed(const rondo_context *ctx, const rondo_task *tasks, size_t count);
/* True when one is settled. The first such one is the winner; the others are canceled, in their order. */
bool rondo_race(rondo_context *ctx, const rondo_task *tasks, size_t count, size_t *winner);
/* The same without canceling: the index of the first one that is settled, or `count`. */
size_t rondo_first_settled(const rondo_context *ctx, const rondo_task *tasks, size_t count);

typedef rondo_step (*rondo_callback)(rondo_context *ctx, void *state, rondo_task task);

/* Calls back with the orchestration's state when the task is settled, in the order of the events; when it is already,
 * after the calling function has returned. One callback per task. It may end the orchestration. */
void rondo_then(rondo_context *ctx, rondo_task task, rondo_callback callback);

/* The turn's time; the only clock. */
uint64_t rondo_now(const rondo_context *ctx);
rondo_json rondo_input(const rondo_context *ctx);
const char *rondo_instance_id(const rondo_context *ctx);
/* 32 hex digits; another one after `rondo_continue_as_new`. */
const char *rondo_execution_id(const rondo_context *ctx);
const char *rondo_name(const rondo_context *ctx);
/* NULL if the starter asked for none. */
const char *rondo_version(const rondo_context *ctx);
size_t rondo_tag_count(const rondo_context *ctx);
/* In the order of keys. `index` is below the count. */
rondo_tag rondo_tag_at(const rondo_context *ctx, size_t index);
/* The value, or NULL. */
const char *rondo_tag_of(const rondo_context *ctx, const char *key);

typedef struct rondo_parent {
    const char *instance_id;
    const char *execution_id;
    const char *name;
} rondo_parent;

/* NULL if nobody waits for the result. */
const rondo_parent *rondo_parent_of(const rondo_context *ctx);

/* Random numbers that are the same in every replay. */
uint64_t rondo_random(rondo_context *ctx);
/* From 0 up to, not including, `end`. */
uint64_t rondo_random_below(rondo_context *ctx, uint64_t end);
/* From 0 up to, not including, 1. */
double rondo_random_double(rondo_context *ctx);
typedef struct rondo_uuid {
    char text[37];
} rondo_uuid;
rondo_uuid rondo_random_uuid(rondo_context *ctx);

typedef enum rondo_level { RONDO_TRACE, RONDO_DEBUG, RONDO_INFO, RONDO_WARN, RONDO_ERROR } rondo_level;

/* A line for the host's log, once and not at every replay. */
void rondo_log(rondo_context *ctx, rondo_level level, const char *message);
/* What status queries show. */
void rondo_set_custom_status(rondo_context *ctx, rondo_json status);

/* Zeroed memory that lives as long as the execution, or as the activity's call; never NULL. */
void *rondo_alloc(size_t size);
/* An array of it. */
void *rondo_alloc_array(size_t count, size_t size);
rondo_json rondo_keep(rondo_json value);
const char *rondo_keep_text(const char *text);
/* `snprintf` into memory of the turn. */
const char *rondo_format(const char *format, ...) RONDO_PRINTF(1, 2);

/* Inputs and outputs are well-formed. What reads them answers false when they are of another type. */
bool rondo_is_null(rondo_json value);
bool rondo_read_i64(rondo_json value, int64_t *number);
bool rondo_read_u32(rondo_json value, uint32_t *number);
bool rondo_read_double(rondo_json value, double *number);
bool rondo_read_bool(rondo_json value, bool *is_true);
/* A copy that lives as long as the execution. False also for a string that contains the character U+0000. */
bool rondo_read_string(rondo_json value, const char **text);
/* A string, or NULL for `null`. */
bool rondo_read_optional_string(rondo_json value, const char **text);
/* The value of a member; no value when `object` is none, or has none of this name. Of several the last counts. */
rondo_json rondo_member(rondo_json object, const char *name);

/* The elements of an array, one after the other:
 *     rondo_items items = rondo_items_of(array);
 *     while (rondo_next(&items, &item)) ... */
typedef struct rondo_items {
    const char *at;
    const char *end;
} rondo_items;

bool rondo_is_array(rondo_json value);
/* How many there are; 0 when it is no array. */
size_t rondo_length(rondo_json array);
/* Of nothing when it is no array. */
rondo_items rondo_items_of(rondo_json array);
bool rondo_next(rondo_items *items, rondo_json *item);

/* Checks a text of your own. `text` must be one well-formed value, nested at most 128 deep. */
bool rondo_parse(const char *text, size_t size, rondo_json *value);

rondo_json rondo_none(void);
rondo_json rondo_number(int64_t number);
/* The shortest text that reads back the same; `null` for what is not a number. */
rondo_json rondo_double(double number);
rondo_json rondo_bool(bool is_true);
/* No value for NULL. */
rondo_json rondo_string(const char *text);

/* An object or an array in the making. Members are written in the order in which they are put. */
typedef struct rondo_writer {
    char *text;
    size_t size;
    size_t capacity;
    char close;
} rondo_writer;

rondo_writer rondo_object(void);
void rondo_put(rondo_writer *object, const char *name, rondo_json value);
rondo_writer rondo_array(void);
void rondo_push(rondo_writer *array, rondo_json value);
/* The value. Nothing can be added behind it. */
rondo_json rondo_end(rondo_writer *writer);

/* Sequential code. A function that uses the macros below keeps what it needs after a wait in its state: local variables
 * are lost. No wait inside of a `switch` of its own, and not two on one line. In C++, declare locals before RONDO_BEGIN
 * or in a block of their own that has no wait in it. What they are given is evaluated in every turn; a task must be a
 * variable, because a call would begin another one each time. */

/* Where a function goes on; zero: at its beginning. A member of its state. */
typedef struct rondo_flow {
    uint32_t at;
} rondo_flow;

#define RONDO_FLOW_END UINT32_MAX

/* For the macros. What waits beside this flow is looked at once more in this turn. */
void rondo_go_to(rondo_context *ctx, rondo_flow *flow, uint32_t at);

#define RONDO_BEGIN(context, flow)                                                                                     \
    rondo_context *const rondo_context_ = (context);                                                                   \
    rondo_flow *const rondo_flow_ = (flow);                                                                            \
    switch (rondo_flow_->at) {                                                                                         \
    case 0:;

/* The last statement. */
#define RONDO_END                                                                                                      \
    }                                                                                                                  \
    rondo_go_to(rondo_context_, rondo_flow_, RONDO_FLOW_END);                                                          \
    return RONDO_DONE

/* Ends this function, not the orchestration. */
#define RONDO_RETURN                                                                                                   \
    do {                                                                                                               \
        rondo_go_to(rondo_context_, rondo_flow_, RONDO_FLOW_END);                                                      \
        return RONDO_DONE;                                                                                             \
    } while (0)

/* Waits until the condition holds; it is looked at in every turn, and again when other code of this turn has gone on. */
#define RONDO_WAIT_UNTIL(condition)                                                                                    \
    do {                                                                                                               \
        rondo_go_to(rondo_context_, rondo_flow_, __LINE__);                                                            \
        RONDO_FALLTHROUGH;                                                                                             \
    case __LINE__:                                                                                                     \
        if (!(condition)) {                                                                                            \
            return RONDO_WAITING;                                                                                      \
        }                                                                                                              \
    } while (0)

/* Waits until the task is settled; then look at `rondo_failure_of` and `rondo_output`. */
#define RONDO_AWAIT(task) RONDO_WAIT_UNTIL(rondo_is_settled(rondo_context_, *&(task)))

/* The same, and when the task has failed, so does the orchestration, wherever the macro stands. */
#define RONDO_TRY(task)                                                                                                \
    do {                                                                                                               \
        RONDO_AWAIT(task);                                                                                             \
        if (rondo_failure_of(rondo_context_, (task))) {                                                                \
            return rondo_fail_as(rondo_context_, (task));                                                              \
        }                                                                                                              \
    } while (0)

/* The same, and reads the output: RONDO_TRY_READ(self->task, rondo_read_i64, &self->sum). */
#define RONDO_TRY_READ(task, read, target)                                                                             \
    do {                                                                                                               \
        RONDO_TRY(task);                                                                                               \
        if (!read(rondo_output(rondo_context_, (task)), (target))) {                                                   \
            return rondo_invalid_output(rondo_context_);                                                               \
        }                                                                                                              \
    } while (0)

/* Waits for all, or for the first failure, which cancels the others; then look at `rondo_first_failed`. */
#define RONDO_AWAIT_ALL(tasks, count) RONDO_WAIT_UNTIL(rondo_all(rondo_context_, (tasks), (count)))

/* The same, and when one has failed, so does the orchestration. */
#define RONDO_TRY_ALL(tasks, count)                                                                                    \
    do {                                                                                                               \
        RONDO_AWAIT_ALL(tasks, count);                                                                                 \
        if (rondo_first_failed(rondo_context_, (tasks), (count)).number) {                                             \
            return rondo_fail_as(rondo_context_, rondo_first_failed(rondo_context_, (tasks), (count)));                \
        }                                                                                                              \
    } while (0)

/* Waits for all, whatever becomes of them. */
#define RONDO_SETTLE_ALL(tasks, count) RONDO_WAIT_UNTIL(rondo_all_settled(rondo_context_, (tasks), (count)))

/* Waits for the first, and cancels the others. `winner` is a pointer to its index. */
#define RONDO_RACE(tasks, count, winner) RONDO_WAIT_UNTIL(rondo_race(rondo_context_, (tasks), (count), (winner)))

/* Runs a function with a flow of its own, given as the call of it, until it is through. */
#define RONDO_RUN(call)                                                                                                \
    do {                                                                                                               \
        rondo_go_to(rondo_context_, rondo_flow_, __LINE__);                                                            \
        RONDO_FALLTHROUGH;                                                                                             \
    case __LINE__: {                                                                                                   \
        const rondo_step rondo_step_ = (call);                                                                         \
        if (rondo_step_ != RONDO_DONE) {                                                                               \
            return rondo_step_;                                                                                        \
        }                                                                                                              \
    }                                                                                                                  \
    } while (0)

/* For RONDO_RUN: functions side by side, each with a state of its own in the array `states`. Through when all are. */
rondo_step rondo_side_by_side(rondo_context *ctx, rondo_function run, void *states, size_t state_size, size_t count);
/* The same for two: how far they are together. Call the first into a variable, because C does not say which argument
 * of a call comes first. */
rondo_step rondo_both(rondo_step first, rondo_step second);

#ifdef __cplusplus
}
#endif

#endif
