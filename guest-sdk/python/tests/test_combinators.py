from datetime import timedelta
from typing import Any
from unittest import TestCase, mock

import rondo
from rondo._contract import Event_ActivityCompleted, Execution, TaskCompleted, Turn
from rondo.guest import Guest
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
