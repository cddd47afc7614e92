/* What an orchestration decides, and when. */
#include <math.h>

#include "host.h"

struct work {
    rondo_flow flow;
    int64_t n;
    size_t winner;
    rondo_task task;
    rondo_task tasks[3];
    struct work *parts;
};

static bool read_work(rondo_json input, void *state) { return rondo_read_i64(input, &((struct work *)state)->n); }

static rondo_step twice(rondo_context *ctx, void *state)
{
    struct work *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_activity(ctx, "add", rondo_number(self->n), NULL);
    RONDO_TRY_READ(self->task, rondo_read_i64, &self->n);
    self->task = rondo_activity(ctx, "add", rondo_number(self->n), NULL);
    RONDO_TRY_READ(self->task, rondo_read_i64, &self->n);
    RONDO_END;
}

static rondo_step chain(rondo_context *ctx, void *state)
{
    struct work *self = state;
    const rondo_step step = twice(ctx, self);
    return step == RONDO_DONE ? rondo_complete(ctx, rondo_number(self->n)) : step;
}

static rondo_step abreast(rondo_context *ctx, void *state)
{
    struct work *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->parts = rondo_alloc_array(2, sizeof *self->parts);
    self->parts[0].n = 1;
    self->parts[1].n = 10;
    RONDO_RUN(rondo_side_by_side(ctx, twice, self->parts, sizeof *self->parts, 2));
    return rondo_complete(ctx, rondo_number(self->parts[0].n * 100 + self->parts[1].n));
    RONDO_END;
}

/* Two flows, one of which waits for the other. */
struct pair {
    rondo_flow waiting;
    rondo_flow working;
    rondo_task task;
    bool is_ready;
};

static rondo_step wait(rondo_context *ctx, struct pair *self)
{
    RONDO_BEGIN(ctx, &self->waiting);
    RONDO_WAIT_UNTIL(self->is_ready);
    self->is_ready = false;
    RONDO_END;
}

static rondo_step work(rondo_context *ctx, struct pair *self)
{
    RONDO_BEGIN(ctx, &self->working);
    self->task = rondo_activity(ctx, "add", rondo_none(), NULL);
    RONDO_TRY(self->task);
    self->is_ready = true;
    RONDO_WAIT_UNTIL(!self->is_ready);
    RONDO_END;
}

static rondo_step signals(rondo_context *ctx, void *state)
{
    const rondo_step first = wait(ctx, state);
    return rondo_both(first, work(ctx, state));
}

static void begin_three(rondo_context *ctx, struct work *self)
{
    for (int n = 0; n < 3; n++) {
        self->tasks[n] = rondo_activity(ctx, "add", rondo_number(n), NULL);
    }
}

static rondo_step all(rondo_context *ctx, void *state)
{
    struct work *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    begin_three(ctx, self);
    RONDO_TRY_ALL(self->tasks, 3);
    RONDO_END;
}

/* Two races for two events, one after the other. */
static rondo_step races(rondo_context *ctx, void *state)
{
    struct work *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    for (self->n = 0; self->n < 2; self->n++) {
        self->tasks[0] = rondo_event(ctx, "a");
        self->tasks[1] = rondo_event(ctx, "b");
        RONDO_RACE(self->tasks, 2, &self->winner);
    }
    return rondo_complete(ctx, rondo_output(ctx, self->tasks[self->winner]));
    RONDO_END;
}

/* Continues as new with one event that it has taken, one that it only knows of, and one that it has given back. */
static rondo_step hands_over(rondo_context *ctx, void *state)
{
    struct work *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->tasks[0] = rondo_event(ctx, "a");
    self->tasks[1] = rondo_event(ctx, "b");
    self->tasks[2] = rondo_event(ctx, "c");
    self->task = rondo_event(ctx, "d");
    RONDO_AWAIT(self->tasks[1]);
    rondo_cancel(ctx, self->tasks[2]);
    rondo_cancel(ctx, self->tasks[2]);
    (void)rondo_output(ctx, self->tasks[0]);
    return rondo_continue_as_new(ctx, rondo_none(), NULL);
    RONDO_END;
}

static rondo_step race(rondo_context *ctx, void *state)
{
    struct work *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    begin_three(ctx, self);
    rondo_limit(ctx, self->tasks[2], 100);
    RONDO_RACE(self->tasks, 3, &self->winner);
    return rondo_complete(ctx, rondo_number((int64_t)self->winner));
    RONDO_END;
}

static rondo_step limited(rondo_context *ctx, void *state)
{
    struct work *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_limit(ctx, rondo_event(ctx, "go"), 500);
    RONDO_TRY(self->task);
    return rondo_complete(ctx, rondo_output(ctx, self->task));
    RONDO_END;
}

static rondo_step stalled(rondo_context *ctx, void *state)
{
    struct work *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_event(ctx, "go");
    rondo_cancel(ctx, self->task);
    rondo_cancel(ctx, self->task);
    RONDO_AWAIT(self->task);
    RONDO_END;
}

static rondo_step second(rondo_context *ctx, void *state, rondo_task task)
{
    struct work *self = state;
    (void)task;
    return rondo_complete(ctx, rondo_number(self->n));
}

static rondo_step first(rondo_context *ctx, void *state, rondo_task task)
{
    struct work *self = state;
    int64_t number;
    if (!rondo_read_i64(rondo_output(ctx, task), &number)) {
        return rondo_invalid_output(ctx);
    }
    self->n += number;
    if (task.number == self->tasks[0].number) {
        /* It is settled already. */
        rondo_then(ctx, self->tasks[1], second);
    }
    return RONDO_WAITING;
}

static rondo_step callbacks(rondo_context *ctx, void *state)
{
    struct work *self = state;
    self->tasks[0] = rondo_activity(ctx, "add", rondo_number(0), NULL);
    self->tasks[1] = rondo_activity(ctx, "add", rondo_number(1), NULL);
    rondo_then(ctx, self->tasks[0], first);
    rondo_then(ctx, self->tasks[1], first);
    return RONDO_DONE;
}

static rondo_step note(rondo_context *ctx, void *state, rondo_task task)
{
    struct work *self = state;
    self->n += rondo_is_settled(ctx, task);
    return RONDO_WAITING;
}

static rondo_step mixed(rondo_context *ctx, void *state)
{
    struct work *self = state;
    RONDO_BEGIN(ctx, &self->flow);
    self->task = rondo_event(ctx, "go");
    rondo_then(ctx, self->task, note);
    RONDO_WAIT_UNTIL(self->n > 0);
    return rondo_complete(ctx, rondo_number(self->n));
    RONDO_END;
}

static rondo_step end(rondo_context *ctx, void *state, rondo_task task)
{
    (void)state;
    (void)task;
    return rondo_complete(ctx, rondo_none());
}

static rondo_step ended_by_callback(rondo_context *ctx, void *state)
{
    struct work *self = state;
    if (self->task.number == 0) {
        self->task = rondo_event(ctx, "go");
        rondo_then(ctx, self->task, end);
    }
    /* In the first turn, and in the second before the callback. */
    CHECK(++self->n <= 2);
    return RONDO_WAITING;
}

static rondo_step everything(rondo_context *ctx, void *state)
{
    (void)state;
    static const char *const kinds[] = {"a", "b", NULL};
    static const rondo_retry retry = {.max_attempts = 3, .backoff = 2, .non_retriable_kinds = kinds};
    static const rondo_tag tags[] = {{"z", "1"}, {"a", "2"}, {"z", "3"}, {NULL, NULL}};
    const rondo_child_options options = {.instance_id = "kid", .version = "2", .tags = tags, .retry = &retry};
    rondo_activity(ctx, "a", rondo_none(), &retry);
    rondo_child(ctx, "c", rondo_bool(true), &options);
    rondo_start_detached(ctx, "d", rondo_none(), NULL);
    rondo_send_event(ctx, "other", "go", rondo_string("now"));
    rondo_timer(ctx, UINT64_MAX);
    rondo_log(ctx, RONDO_WARN, rondo_format("%s", "careful"));
    rondo_set_custom_status(ctx, (rondo_json){"null", 4});
    rondo_continue_as_new(ctx, rondo_none(), &(rondo_continue){.version = "3", .drop_events = true});
    /* After its end nothing is decided. */
    rondo_log(ctx, RONDO_WARN, "late");
    CHECK(rondo_timer(ctx, 1).number == 0);
    return rondo_complete(ctx, rondo_none());
}

static rondo_step odd_retries(rondo_context *ctx, void *state)
{
    (void)state;
    const double backoffs[] = {0, 0.5, -2, NAN, INFINITY, 1.25};
    for (size_t index = 0; index < sizeof backoffs / sizeof *backoffs; index++) {
        rondo_activity(ctx, "a", rondo_none(), &(rondo_retry){.backoff = backoffs[index]});
    }
    return RONDO_WAITING;
}

static rondo_step identity(rondo_context *ctx, void *state)
{
    (void)state;
    CHECK_TEXT(rondo_tag_of(ctx, "b"), "2");
    CHECK(rondo_tag_of(ctx, "c") == NULL);
    CHECK_TEXT(rondo_version(ctx), "1.2");
    CHECK_TEXT(rondo_parent_of(ctx)->name, "p");
    CHECK_TEXT(rondo_name(ctx), "identity");
    CHECK(rondo_now(ctx) == 7);
    return RONDO_DONE;
}

void offer_for_orchestrations(void)
{
    static const struct {
        const char *name;
        rondo_function run;
    } offers[] = {
        {"abreast", abreast},
        {"signals", signals},
        {"all", all},
        {"race", race},
        {"races", races},
        {"hands_over", hands_over},
        {"limited", limited},
        {"stalled", stalled},
        {"callbacks", callbacks},
        {"mixed", mixed},
        {"ended_by_callback", ended_by_callback},
        {"everything", everything},
        {"odd_retries", odd_retries},
        {"identity", identity},
    };
    for (size_t index = 0; index < sizeof offers / sizeof *offers; index++) {
        rondo_offer_orchestration((rondo_orchestration){
            .name = offers[index].name, .run = offers[index].run, .state_size = sizeof(struct work)});
    }
    rondo_offer_orchestration((rondo_orchestration){
        .name = "chain", .description = "Adds.", .run = chain, .state_size = sizeof(struct work), .read = read_work});
}

static void a_step_follows_the_other(void)
{
    start("chain", "1");
    TURN(0, "activity 0 add 1");
    TURN(1, "");
    completed(0, " 2 ");
    TURN(2, "activity 1 add 2");
    completed(0, "9");
    failed(7, "unknown");
    TURN(3, "");
    completed(1, "3");
    TURN(4, "complete 3");
    completed(1, "4");
    TURN(5, "");
    REPLAY();
}

static void a_failure_ends_it_unchanged(void)
{
    start("chain", "1");
    TURN(0, "activity 0 add 1");
    failed(0, "declined");
    TURN(1, "fail declined: because details why");
    REPLAY();
}

static void an_output_that_does_not_fit_is_a_failure(void)
{
    start("chain", "1");
    TURN(0, "activity 0 add 1");
    completed(0, "\"two\"");
    TURN(1, "fail invalid-output: what came back is not what was expected final");
    start("chain", "1");
    TURN(0, "activity 0 add 1");
    completed(0, "two");
    TURN(1, "fail invalid-output: what came back is no JSON final");
    REPLAY();
}

static const char *wire_text(struct ri_text text) { return text_of((rondo_json){text.data, text.size}); }

static void a_start_is_refused_when_it_cannot_go_well(void)
{
    struct ri_wire_result result = start("chain", "\"x\"");
    CHECK(result.is_failure && result.as.failure.non_retriable);
    CHECK_TEXT(wire_text(result.as.failure.kind), "invalid-input");
    result = start("chain", "{");
    CHECK_TEXT(wire_text(result.as.failure.message), "the input is no JSON");
    result = start("nothing", NULL);
    CHECK(result.is_failure && result.as.failure.non_retriable);
    CHECK_TEXT(wire_text(result.as.failure.kind), "orchestration-not-found");
    CHECK_TEXT(wire_text(result.as.failure.message), "this component has no \"nothing\"");
}

static void functions_run_side_by_side(void)
{
    start("abreast", NULL);
    TURN(0, "activity 0 add 1; activity 1 add 10");
    completed(1, "11");
    TURN(1, "activity 2 add 11");
    completed(2, "12");
    completed(0, "2");
    TURN(2, "activity 3 add 2");
    completed(3, "3");
    TURN(3, "complete 312");
    REPLAY();
    start("abreast", NULL);
    TURN(0, "activity 0 add 1; activity 1 add 10");
    failed(1, "k");
    TURN(1, "fail k: because details why");
    REPLAY();
}

static void flows_go_on_in_the_turn_in_which_another_lets_them(void)
{
    start("signals", NULL);
    TURN(0, "activity 0 add");
    completed(0, NULL);
    TURN(1, "complete");
    REPLAY();
}

static void all_ends_at_the_first_failure_in_the_order_given(void)
{
    start("all", NULL);
    TURN(0, "activity 0 add 0; activity 1 add 1; activity 2 add 2");
    failed(2, "late");
    failed(1, "early");
    TURN(1, "cancel 0; fail early: because details why");
    REPLAY();
    start("all", NULL);
    TURN(0, "activity 0 add 0; activity 1 add 1; activity 2 add 2");
    completed(2, NULL);
    completed(0, NULL);
    TURN(1, "");
    completed(1, NULL);
    TURN(2, "complete");
    REPLAY();
}

static void a_race_cancels_its_losers_and_their_timers(void)
{
    start("race", NULL);
    TURN(0, "activity 0 add 0; activity 1 add 1; activity 2 add 2; timer 3 100");
    completed(1, NULL);
    TURN(1, "cancel 0; cancel 2; cancel 3; complete 1");
    REPLAY();
}

static void events_that_nobody_has_taken_go_back(void)
{
    start("races", NULL);
    TURN(0, "wait 0 a; wait 1 b");
    raised(0, "1");
    raised(1, "2");
    TURN(1, "cancel 1; wait 2 a; wait 3 b");
    raised(3, "2");
    TURN(2, "cancel 2; complete 2");
    REPLAY();

    start("hands_over", NULL);
    TURN(0, "wait 0 a; wait 1 b; wait 2 c; wait 3 d");
    raised(0, "1");
    raised(1, NULL);
    raised(2, "3");
    raised(3, "4");
    TURN(1, "cancel 2; cancel 3; continue");
    REPLAY();
}

static void a_limit_is_a_failure_when_it_is_over_and_nothing_when_it_is_not(void)
{
    start("limited", NULL);
    TURN(1000, "wait 0 go; timer 1 1500");
    fired(1);
    TURN(1500, "cancel 0; fail timeout: the time was over before it was done");
    REPLAY();
    start("limited", NULL);
    TURN(1000, "wait 0 go; timer 1 1500");
    raised(0, "7");
    TURN(1400, "cancel 1; complete 7");
    REPLAY();
    start("limited", NULL);
    TURN(1000, "wait 0 go; timer 1 1500");
    fired(1);
    raised(0, "7");
    TURN(1500, "complete 7");
    REPLAY();
}

static void what_nothing_can_move_on_is_stalled(void)
{
    start("stalled", NULL);
    TURN(0, "wait 0 go; cancel 0; fail stalled: the orchestration awaits something that no activity, child, timer or "
            "event will complete final");
    REPLAY();
}

static void callbacks_are_called_when_tasks_settle_and_when_they_have(void)
{
    start("callbacks", NULL);
    TURN(0, "activity 0 add 0; activity 1 add 1");
    completed(1, "5");
    TURN(1, "");
    completed(0, "6");
    TURN(2, "complete 11");
    REPLAY();
}

static void what_a_callback_has_done_is_seen_in_the_same_turn(void)
{
    start("mixed", NULL);
    TURN(0, "wait 0 go");
    raised(0, NULL);
    TURN(1, "complete 1");
    REPLAY();
}

static void after_its_end_nothing_of_it_runs(void)
{
    start("ended_by_callback", NULL);
    TURN(0, "wait 0 go");
    raised(0, NULL);
    TURN(1, "complete");
    TURN(2, "");
    REPLAY();
}

static void everything_is_lowered_as_it_is_given(void)
{
    start("everything", NULL);
    TURN(1, "activity 0 a retry 3 1000 x2 a b; child 1 c as kid version 2 true a= 2 z= 3 retry 3 1000 x2 a b; "
            "detached 2 d; send 3 other go \"now\"; timer 4 18446744073709551615; log 3 careful; status; "
            "continue dropping version 3");
    REPLAY();
}

static void what_is_no_retry_policy_becomes_one(void)
{
    start("odd_retries", NULL);
    TURN(1, "activity 0 a retry 1 1000 x1; activity 1 a retry 1 1000 x1; activity 2 a retry 1 1000 x1; "
            "activity 3 a retry 1 1000 x1; activity 4 a retry 1 1000 x1; activity 5 a retry 1 1000 x1.25");
    REPLAY();
}

static void it_knows_itself(void)
{
    const struct ri_wire_tag tags[] = {{wire("a"), wire("1")}, {wire("b"), wire("2")}};
    const struct ri_wire_execution execution = {
        .instance_id = wire("i"),
        .execution_id = wire("e"),
        .name = wire("identity"),
        .version = {true, wire("1.2")},
        .tags = {tags, 2},
        .parent = {true, {wire("pi"), wire("pe"), wire("p")}},
    };
    CHECK(!start_execution(&execution).is_failure);
    TURN(7, "complete");
    REPLAY();
}

void test_orchestrations(void)
{
    a_step_follows_the_other();
    a_failure_ends_it_unchanged();
    an_output_that_does_not_fit_is_a_failure();
    a_start_is_refused_when_it_cannot_go_well();
    functions_run_side_by_side();
    flows_go_on_in_the_turn_in_which_another_lets_them();
    all_ends_at_the_first_failure_in_the_order_given();
    a_race_cancels_its_losers_and_their_timers();
    events_that_nobody_has_taken_go_back();
    a_limit_is_a_failure_when_it_is_over_and_nothing_when_it_is_not();
    what_nothing_can_move_on_is_stalled();
    callbacks_are_called_when_tasks_settle_and_when_they_have();
    what_a_callback_has_done_is_seen_in_the_same_turn();
    after_its_end_nothing_of_it_runs();
    everything_is_lowered_as_it_is_given();
    what_is_no_retry_policy_becomes_one();
    it_knows_itself();
}
