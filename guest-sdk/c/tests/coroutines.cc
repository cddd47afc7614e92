// Coroutines decide what the macros would.
#include <rondo.hpp>

extern "C" {
#include "host.h"
}

namespace {

rondo_task add(rondo_context *ctx, int64_t n) { return rondo_activity(ctx, "add", rondo_number(n), nullptr); }

int64_t number_of(rondo_json value)
{
    int64_t number = -1;
    rondo_read_i64(value, &number);
    return number;
}

rondo::flow<int64_t> twice(rondo_context *ctx, int64_t n)
{
    n = number_of(co_await add(ctx, n));
    co_return number_of(co_await add(ctx, n));
}

rondo::flow<rondo_json> chained(rondo_context *ctx)
{
    int64_t n = number_of(rondo_input(ctx));
    for (int step = 0; step < 2; step++) {
        n = co_await twice(ctx, n);
    }
    co_return rondo_number(n);
}

rondo::flow<rondo_json> abreast(rondo_context *ctx)
{
    const rondo::flow<int64_t> first = twice(ctx, 1);
    const rondo::flow<int64_t> second = twice(ctx, 10);
    const int64_t left = co_await first;
    co_return rondo_number(left * 100 + co_await second);
}

rondo::flow<> fanned(rondo_context *ctx)
{
    rondo_task tasks[3];
    for (int n = 0; n < 3; n++) {
        tasks[n] = add(ctx, n);
    }
    co_await rondo::all(tasks, 3);
}

rondo::flow<rondo_json> settled(rondo_context *ctx)
{
    rondo_task tasks[] = {add(ctx, 0), add(ctx, 1)};
    co_await rondo::all_settled(tasks, 2);
    const rondo_failure *const failure = co_await rondo::settled(tasks[1]);
    co_return rondo_string(failure ? failure->kind : "well");
}

rondo::flow<rondo_json> raced(rondo_context *ctx)
{
    const rondo_task tasks[] = {add(ctx, 0), rondo_timer(ctx, 5), rondo_event(ctx, "go")};
    const size_t winner = co_await rondo::race(tasks, 3);
    co_return rondo_number(static_cast<int64_t>(winner));
}

rondo::flow<> raise(rondo_context *ctx, bool *is_raised)
{
    co_await add(ctx, 7);
    *is_raised = true;
}

rondo::flow<> waiting(rondo_context *ctx)
{
    bool is_raised = false;
    const auto seen = [](rondo_context *, const bool *flag) -> rondo::flow<> {
        co_await rondo::until([flag] { return *flag; });
    };
    const rondo::flow<> first = seen(ctx, &is_raised);
    const rondo::flow<> second = raise(ctx, &is_raised);
    co_await first;
}

rondo::flow<> ended(rondo_context *ctx)
{
    rondo_fail(ctx, rondo_error("declined", "because"));
    co_await add(ctx, 1);
    CHECK(!"the end is the end");
}

rondo::flow<> dropped(rondo_context *ctx)
{
    bool is_raised = false;
    {
        const rondo::flow<> unwanted = raise(ctx, &is_raised);
    }
    co_await rondo_timer(ctx, 1);
    CHECK(!is_raised);
}

// The memory of a flow that is through serves the next one.
rondo::flow<> many(rondo_context *ctx)
{
    const void *place = nullptr;
    const auto one = [](rondo_context *context, const void **where) -> rondo::flow<> {
        const char local = 0;
        CHECK(!*where || *where == &local);
        *where = &local;
        co_await rondo_timer(context, 1);
    };
    for (int round = 0; round < 3; round++) {
        co_await one(ctx, &place);
    }
}

bool is_number(rondo_json input, void *) { return number_of(input) >= 0; }

void flows_follow_each_other()
{
    CHECK(start("co_chained", "\"x\"").is_failure);
    CHECK(!start("co_chained", "1").is_failure);
    TURN(0, "activity 0 add 1");
    completed(0, "2");
    TURN(1, "activity 1 add 2");
    completed(1, "3");
    TURN(2, "activity 2 add 3");
    completed(2, "4");
    TURN(3, "activity 3 add 4");
    completed(3, "5");
    TURN(4, "complete 5");
    TURN(5, "");
    REPLAY();
}

void flows_go_on_side_by_side()
{
    start("co_abreast", nullptr);
    TURN(0, "activity 0 add 1; activity 1 add 10");
    completed(1, "11");
    TURN(1, "activity 2 add 11");
    completed(2, "12");
    completed(0, "2");
    TURN(2, "activity 3 add 2");
    completed(3, "3");
    TURN(3, "complete 312");
    REPLAY();
    start("co_abreast", nullptr);
    TURN(0, "activity 0 add 1; activity 1 add 10");
    failed(1, "k");
    TURN(1, "fail k: because details why");
    TURN(2, "");
    REPLAY();
}

void tasks_are_awaited_together()
{
    start("co_fanned", nullptr);
    TURN(0, "activity 0 add 0; activity 1 add 1; activity 2 add 2");
    completed(0, nullptr);
    TURN(1, "");
    failed(2, "late");
    TURN(2, "cancel 1; fail late: because details why");
    REPLAY();
    start("co_settled", nullptr);
    TURN(0, "activity 0 add 0; activity 1 add 1");
    failed(1, "odd");
    TURN(1, "");
    completed(0, nullptr);
    TURN(2, "complete \"odd\"");
    REPLAY();
    start("co_raced", nullptr);
    TURN(0, "activity 0 add 0; timer 1 5; wait 2 go");
    fired(1);
    TURN(5, "cancel 0; cancel 2; complete 1");
    REPLAY();
}

void a_flow_waits_for_what_another_does()
{
    start("co_waiting", nullptr);
    TURN(0, "activity 0 add 7");
    completed(0, nullptr);
    TURN(1, "complete");
    REPLAY();
}

void nothing_goes_on_after_the_end_or_without_an_owner()
{
    start("co_ended", nullptr);
    TURN(0, "fail declined: because");
    REPLAY();
    start("co_dropped", nullptr);
    TURN(0, "activity 0 add 7; timer 1 1");
    completed(0, nullptr);
    TURN(1, "");
    fired(1);
    TURN(2, "complete");
    REPLAY();
}

void memory_of_flows_is_used_again()
{
    start("co_many", nullptr);
    TURN(0, "timer 0 1");
    fired(0);
    TURN(1, "timer 1 2");
    fired(1);
    TURN(2, "timer 2 3");
    fired(2);
    TURN(3, "complete");
    REPLAY();
}

} // namespace

extern "C" void offer_for_coroutines()
{
    rondo_offer_orchestration(rondo::orchestration<chained>("co_chained", "Adds.", is_number));
    rondo_offer_orchestration(rondo::orchestration<abreast>("co_abreast"));
    rondo_offer_orchestration(rondo::orchestration<fanned>("co_fanned"));
    rondo_offer_orchestration(rondo::orchestration<settled>("co_settled"));
    rondo_offer_orchestration(rondo::orchestration<raced>("co_raced"));
    rondo_offer_orchestration(rondo::orchestration<waiting>("co_waiting"));
    rondo_offer_orchestration(rondo::orchestration<ended>("co_ended"));
    rondo_offer_orchestration(rondo::orchestration<dropped>("co_dropped"));
    rondo_offer_orchestration(rondo::orchestration<many>("co_many"));
}

extern "C" void test_coroutines()
{
    flows_follow_each_other();
    flows_go_on_side_by_side();
    tasks_are_awaited_together();
    a_flow_waits_for_what_another_does();
    nothing_goes_on_after_the_end_or_without_an_owner();
    memory_of_flows_is_used_again();
}
