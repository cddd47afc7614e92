from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest import TestCase

import rondo
from rondo import Retry
from rondo.testing import Harness
from tests.stage import run, stage


class Calls(TestCase):
    def test_an_activity_returns_its_result(self) -> None:
        async def it(ctx: rondo.Context) -> int:
            return await ctx.activity("double", 21)

        result = run(it)
        self.assertEqual(result.result(), 42)
        self.assertEqual(result.log, ["activity 0 double 21", "completed 0 42", "complete 42"])

    def test_generators_and_coroutines_decide_the_same(self) -> None:
        async def coroutine(ctx: rondo.Context) -> Any:
            first = await ctx.activity("double", 1)
            try:
                await ctx.activity("fail", "k")
            except rondo.Failure as failure:
                return [first, failure.kind, await rondo.gather(ctx.activity("double", 2), ctx.timer(1))]

        def nested(ctx: rondo.Context) -> Any:
            return (yield ctx.activity("double", 1))

        def generator(ctx: rondo.Context) -> Any:
            first = yield from nested(ctx)
            try:
                yield ctx.activity("fail", "k")
            except rondo.Failure as failure:
                return [first, failure.kind, (yield rondo.when_all([ctx.activity("double", 2), ctx.timer(1)]))]

        self.assertEqual(run(generator).log, run(coroutine).log)
        self.assertEqual(run(generator).result(), [2, "k", [4, None]])

    def test_a_function_that_waits_for_nothing_is_an_orchestration_too(self) -> None:
        self.assertEqual(run(lambda ctx: 7).log, ["complete 7"])

    def test_nothing_is_scheduled_before_it_is_awaited_or_started(self) -> None:
        async def it(ctx: rondo.Context) -> int:
            lazy = ctx.activity("double", 1)
            eager = ctx.activity("double", 2).start()
            ctx.activity("double", 3)
            return await lazy + await eager

        self.assertEqual(run(it).log[:2], ["activity 0 double 2", "activity 1 double 1"])

    def test_a_call_may_be_awaited_again_and_by_several(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            call = ctx.activity("double", 4)

            async def more(n: int) -> int:
                return await call + n

            return [*await rondo.gather(more(0), more(1), call), await call]

        result = run(it)
        self.assertEqual(result.result(), [8, 9, 8, 8])
        self.assertEqual(result.log[0:2], ["activity 0 double 4", "completed 0 8"])

    def test_a_canceled_call_is_canceled_once_and_only_while_it_is_open(self) -> None:
        async def it(ctx: rondo.Context) -> str:
            open, settled = ctx.timer(60).start(), ctx.activity("double", 2).start()
            built = ctx.activity("double", 3)
            await ctx.timer(1)
            for call in (settled, open, open, built):
                call.cancel()
            try:
                await built
            except rondo.Failure as failure:
                return failure.kind
            return ""

        result = run(it)
        self.assertEqual(result.log[-2:], ["cancel 0", 'complete "canceled"'])

    def test_a_timer_counts_from_the_call_and_not_from_when_it_is_awaited(self) -> None:
        async def it(ctx: rondo.Context) -> None:
            early = ctx.timer(10)
            await ctx.timer(timedelta(seconds=4))
            await early

        self.assertEqual(run(it).elapsed, timedelta(seconds=10))

    def test_times_and_policies_stay_within_what_the_contract_allows(self) -> None:
        async def it(ctx: rondo.Context) -> None:
            ctx.timer(timedelta.max).start()
            ctx.timer(-5).start()
            ctx.timer(float("inf")).start()

        longest = 2**53 - 1 - 1_893_456_000_000
        self.assertEqual(run(it).log[:3], [f"timer 0 at {longest}ms", "timer 1 at 0ms", f"timer 2 at {longest}ms"])
        policy = Retry(0, backoff=0.5).policy()
        self.assertEqual((policy.max_attempts, policy.first_interval, policy.backoff_coefficient), (1, 1_000, 1.0))
        self.assertEqual(Retry(1, backoff=float("inf")).policy().backoff_coefficient, 1.0)

    def test_retries_follow_the_policy(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            return await ctx.activity("flaky", retry=Retry(10, backoff=2, max_interval=3))

        calls = []

        def flaky(_: Any) -> int:
            calls.append(1)
            if len(calls) < 5:
                raise ValueError("not yet")
            return len(calls)

        result = stage(it).activity("flaky", flaky).run("it")
        self.assertEqual((result.result(), result.elapsed), (5, timedelta(seconds=1 + 2 + 3 + 3)))

    def test_retries_end_at_kinds_that_are_excluded(self) -> None:
        async def it(ctx: rondo.Context) -> None:
            await ctx.activity("fail", "card-declined", retry=Retry(9, unless=["card-declined"]))

        self.assertEqual(run(it).elapsed, timedelta())

    def test_functions_are_called_by_the_names_they_are_offered_under(self) -> None:
        app, other = rondo.App(), rondo.App()

        @dataclass
        class Order:
            id: str
            amount: int

        @other.activity(name="billing/charge")
        def charge(ctx: rondo.ActivityContext, order: Order) -> Order:
            return Order(order.id, order.amount + 1)

        @app.orchestration
        async def order(ctx: rondo.Context, order: Order) -> list[Any]:
            charged = await ctx.activity(charge, order)
            return [charged.amount, await ctx.child(empty)]

        @app.orchestration
        def empty(ctx: rondo.Context) -> None:
            return None

        result = Harness(rondo.App(app, other)).run(order, {"id": "ä", "amount": 1})
        self.assertEqual(result.result(), [2, None])
        self.assertEqual(result.log[0], 'activity 0 billing/charge {"id":"ä","amount":1}')

    def test_a_function_that_is_not_offered_fails_the_call(self) -> None:
        async def it(ctx: rondo.Context) -> None:
            await ctx.activity(lambda ctx: None)

        with self.assertRaises(rondo.Failure) as caught:
            run(it).result()
        self.assertEqual(caught.exception.kind, "activity-not-found")

    def test_two_functions_of_one_name_are_refused(self) -> None:
        app = rondo.App()
        app.activity(name="a")(lambda ctx: None)
        with self.assertRaisesRegex(ValueError, "two functions named 'a'"):
            app.activity(name="a")(lambda ctx: None)

    def test_activities_know_their_attempt_and_keep_their_idempotency_key(self) -> None:
        app, seen = rondo.App(), []

        @app.activity
        def work(ctx: rondo.ActivityContext) -> None:
            seen.append((ctx.idempotency_key, ctx.attempt))
            raise ValueError

        @app.orchestration
        async def it(ctx: rondo.Context) -> None:
            await rondo.gather(ctx.activity(work, retry=Retry(2)), ctx.activity(work), return_exceptions=True)

        Harness(app).run("it").result()
        first, other, again = seen
        self.assertEqual((first[0], first[1], again[1]), (again[0], 1, 2))
        self.assertNotEqual(first[0], other[0])


class Children(TestCase):
    def test_children_get_what_the_call_says(self) -> None:
        app = rondo.App()

        @app.orchestration
        async def it(ctx: rondo.Context) -> Any:
            return await ctx.child(inner, instance_id="mine", version="7", tags={"b": "2", "a": "1"})

        @app.orchestration
        def inner(ctx: rondo.Context) -> Any:
            assert ctx.parent is not None
            return [ctx.instance_id, ctx.version, list(ctx.tags), ctx.parent.name]

        self.assertEqual(Harness(app).run("it").result(), ["mine", "7", ["a", "b"], "it"])

    def test_a_child_that_fails_can_be_retried(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            return await ctx.child("inner", retry=Retry(3, first_interval=60))

        outcomes = [ValueError("no"), ValueError("no"), 3]

        def inner(_: Any) -> int:
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        result = stage(it).child("inner", inner).run("it")
        self.assertEqual((result.result(), result.elapsed), (3, timedelta(minutes=2)))

    def test_a_detached_child_is_not_waited_for_and_has_no_parent(self) -> None:
        app = rondo.App()

        @app.orchestration
        async def it(ctx: rondo.Context) -> bool:
            ctx.child(audit, 7, instance_id="audit-7").detach()
            return await ctx.event("has-parent", bool)

        @app.orchestration
        def audit(ctx: rondo.Context, n: int) -> None:
            ctx.send_event("test", "has-parent", ctx.parent is not None)

        result = Harness(app).run("it")
        self.assertIs(result.result(), False)
        self.assertEqual(result.log[0], "child 0 audit as audit-7 detached 7")
