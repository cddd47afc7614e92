from datetime import timedelta
from typing import Any
from unittest import TestCase, mock

import rondo
from rondo._contract import (
    Event_ActivityCompleted,
    Event_ActivityFailed,
    Event_EventRaised,
    Event_TimerFired,
    Execution,
    TaskCompleted,
    TaskFailed,
    Turn,
)
from rondo._contract import Failure as WireFailure
from rondo.guest import Guest
from rondo.testing import text
from tests.stage import app_of, run, stage


class Gather(TestCase):
    def test_all_is_scheduled_in_the_same_turn(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            return await rondo.gather(ctx.activity("double", 1), ctx.activity("double", 2), ctx.timer(5))

        result = run(it)
        self.assertEqual(result.result(), [2, 4, None])
        self.assertEqual(result.log[:3], ["activity 0 double 1", "activity 1 double 2", "timer 2 at 5000ms"])

    def test_results_are_in_the_order_given_and_not_of_their_arrival(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            async def wait(seconds: int) -> int:
                await ctx.timer(seconds)
                return seconds

            return await rondo.gather(wait(3), wait(1), wait(2))

        result = run(it)
        self.assertEqual((result.result(), result.elapsed), ([3, 1, 2], timedelta(seconds=3)))

    def test_a_flow_that_takes_several_steps_is_counted_once(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            async def steps(n: int) -> int:
                await ctx.timer(n)
                await ctx.timer(n)
                return n

            return await rondo.gather(steps(1), rondo.gather(steps(2), steps(1)), steps(4))

        self.assertEqual(run(it).result(), [1, [2, 1], 4])

    def test_nothing_at_all_is_done_at_once(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            return await rondo.gather()

        self.assertEqual(run(it).log, ["complete []"])

    def test_the_first_failure_is_raised_and_cancels_the_rest(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            async def nested() -> None:
                await rondo.gather(ctx.timer(60), ctx.event("never"))

            await rondo.gather(nested(), ctx.activity("fail", "out-of-stock"), ctx.timer(90))

        result = run(it)
        self.assertEqual(result.log[5:], ["cancel 0", "cancel 1", "cancel 3", "fail out-of-stock: as asked"])
        self.assertEqual(result.elapsed, timedelta())

    def test_failures_can_be_kept_as_results(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            results = await rondo.gather(ctx.activity("fail", "k"), ctx.activity("double", 1), return_exceptions=True)
            return [results[0].kind, results[1]]

        self.assertEqual(run(it).result(), ["k", 2])

    def test_finally_blocks_of_canceled_flows_run(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            async def careful() -> None:
                try:
                    await ctx.timer(60)
                finally:
                    ctx.set_custom_status("left")

            await rondo.race(careful(), ctx.timer(1))

        self.assertEqual(run(it).log[2:], ["fired 1", "cancel 0", 'status "left"', "complete"])

    def test_one_result_among_many_looks_only_at_what_it_belongs_to(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            return sum(await rondo.gather(*(ctx.activity("double", n) for n in range(200))))

        guest = Guest(app_of(it).prepare(), Execution("i", "0" * 32, "it", None, None, [], None))
        with mock.patch.object(rondo.Call, "_poll", autospec=True, side_effect=rondo.Call._poll) as poll:
            guest.turn(Turn(0, []))
            for task in range(200):
                guest.turn(Turn(0, [Event_ActivityCompleted(TaskCompleted(task, "1"))]))
        self.assertEqual(poll.call_count, 400)


class Race(TestCase):
    def test_it_tells_who_was_first_and_cancels_the_rest(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            return await rondo.race(ctx.timer(3), ctx.timer(1), ctx.timer(2))

        self.assertEqual(run(it).log[3:], ["fired 1", "cancel 0", "cancel 2", "complete [1,null]"])

    def test_of_several_in_one_turn_the_one_given_first_wins(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            first, second = ctx.activity("double", 1).start(), ctx.activity("double", 2).start()
            await ctx.timer(1)
            return await rondo.race(second, first)

        self.assertEqual(run(it).result(), [0, 4])

    def test_when_any_returns_the_call_itself_and_lets_the_others_go_on(self) -> None:
        def it(ctx: rondo.Context) -> Any:
            call, reminders = ctx.timer(10), 0
            while (yield rondo.when_any([call, ctx.timer(3)])) is not call:
                reminders += 1
            call.result()
            return reminders

        result = run(it)
        self.assertEqual((result.result(), result.elapsed), (3, timedelta(seconds=10)))

    def test_a_timeout_cancels_what_it_limits(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            await ctx.timeout(timedelta(days=2), ctx.event("approval"))

        result = run(it)
        self.assertEqual(result.log[:4], ["wait 0 approval", "timer 1 at 172800000ms", "fired 1", "cancel 0"])
        with self.assertRaises(rondo.Failure) as caught:
            result.result()
        self.assertEqual(caught.exception.kind, "timeout")

    def test_running_out_of_time_is_a_timeout_error(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            try:
                return await ctx.timeout(1, ctx.event("approval"))
            except TimeoutError:
                return "late"

        self.assertEqual(run(it).result(), "late")
        self.assertEqual(stage(it).event("Approval", "yes").run("it").result(), "yes")

    def test_within_its_time_a_timeout_is_invisible(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            return await ctx.timeout(timedelta(days=2), ctx.activity("double", 4))

        self.assertEqual(run(it).log[2:], ["completed 0 8", "cancel 1", "complete 8"])


class Foreign(TestCase):
    def test_awaiting_what_is_not_ours_is_an_error_where_it_happens(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            class Strange:
                def __await__(self) -> Any:
                    yield 7

            try:
                await Strange()
            except TypeError as error:
                return str(error)

        self.assertIn("cannot wait for int", run(it).result())


class Events(TestCase):
    """No event is lost to what was decided while it came."""

    def turns(self, orchestration: Any, *turns: list[Any]) -> list[list[str]]:
        guest = Guest(app_of(orchestration).catalog, Execution("i", "0" * 32, "it", None, None, [], None))
        decided = [guest.turn(Turn(now, events)) for now, events in enumerate([[], *turns])]
        return [[text.action(action, 0) for action in actions] for actions in decided]

    def test_the_event_of_a_wait_that_loses_a_race_is_there_for_the_next_wait(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            first = await rondo.race(ctx.event("a"), ctx.event("b"))
            return [first, await rondo.race(ctx.event("a"), ctx.event("b"))]

        decided = self.turns(it, [raised(0, '"a1"'), raised(1, '"b1"')], [raised(3, '"b1"')])
        self.assertEqual(decided[1], ["cancel 1", "wait 2 a", "wait 3 b"])
        self.assertEqual(decided[2], ["cancel 2", 'complete [[0,"a1"],[1,"b1"]]'])

    def test_it_goes_back_where_a_timer_wins_in_the_same_turn(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            await rondo.race(ctx.timer(1), ctx.event("a"))
            await ctx.timer(9)

        decided = self.turns(it, [raised(1, "1"), Event_TimerFired(0)])
        self.assertEqual(decided[1], ["cancel 1", "timer 2 at 9001ms"])

    def test_events_go_back_that_a_combination_holds_when_it_loses_or_fails(self) -> None:
        async def loses(ctx: rondo.Context) -> Any:
            await rondo.race(ctx.timer(1), rondo.gather(ctx.event("a"), ctx.event("b")))
            await ctx.timer(9)

        decided = self.turns(loses, [raised(1, "1")], [Event_TimerFired(0)])
        self.assertEqual(decided[2], ["cancel 1", "cancel 2", "timer 3 at 9002ms"])
        decided = self.turns(loses, [raised(1, "1"), raised(2, "2"), Event_TimerFired(0)])
        self.assertEqual(decided[1], ["cancel 1", "cancel 2", "timer 3 at 9001ms"])

        async def fails(ctx: rondo.Context) -> Any:
            try:
                await rondo.gather(ctx.event("a"), ctx.activity("fail", "x"))
            except rondo.Failure:
                await ctx.timer(9)

        failed = Event_ActivityFailed(TaskFailed(1, WireFailure("x", "", None, False)))
        self.assertEqual(self.turns(fails, [raised(0, "1")], [failed])[2], ["cancel 0", "timer 2 at 9002ms"])

    def test_what_code_has_taken_never_goes_back_and_nothing_goes_back_twice(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            a, b = ctx.event("a").start(), ctx.event("b").start()
            await a
            a.cancel()
            await ctx.timer(5)
            b.cancel()
            b.cancel()
            await ctx.timer(9)

        decided = self.turns(it, [raised(0, "1"), raised(1, "2")], [Event_TimerFired(2)])
        self.assertEqual(decided[1:], [["timer 2 at 5001ms"], ["cancel 1", "timer 3 at 9002ms"]])

    def test_whoever_is_told_that_a_wait_is_done_has_taken_its_event(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            a, b = ctx.event("a"), ctx.event("b")
            first = await rondo.when_any([a, b])
            a.cancel()
            b.cancel()
            return first.result()

        self.assertEqual(self.turns(it, [raised(0, "1"), raised(1, "2")])[1], ["cancel 1", "complete 1"])

    def test_before_continue_as_new_all_go_back_that_nobody_has_taken(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            ctx.event("a").start()
            ctx.event("b").start()
            await ctx.event("c")
            ctx.continue_as_new(None)

        decided = self.turns(it, [raised(0, "1"), raised(1, "2"), raised(2, "3")])
        self.assertEqual(decided[1][:2], ["cancel 0", "cancel 1"])

    def test_in_the_harness_too(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            return [await rondo.race(ctx.event("a"), ctx.event("b")) for _ in range(2)]

        self.assertEqual(stage(it).event("a", 1).event("b", 2).run("it").result(), [[0, 1], [1, 2]])


def raised(task: int, output: str) -> Event_EventRaised:
    return Event_EventRaised(TaskCompleted(task, output))
