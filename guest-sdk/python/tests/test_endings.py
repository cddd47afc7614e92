from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest import TestCase

import rondo
from tests.stage import run, stage


def failure_of(orchestration: Any, input: object = None) -> rondo.Failure:
    try:
        run(orchestration, input).result()
    except rondo.Failure as failure:
        return failure
    raise AssertionError("it did not fail")


class Endings(TestCase):
    def test_continue_as_new_begins_again_with_the_new_input(self) -> None:
        async def it(ctx: rondo.Context, n: int) -> str:
            await ctx.timer(1)
            if n > 0:
                ctx.continue_as_new(n - 1)
            return ctx.execution_id

        result = run(it, 3)
        self.assertEqual((len(result.result()), result.executions), (32, 4))
        self.assertEqual(result.log[:3], ["timer 0 at 1000ms", "fired 0", "continue as new 2"])

    def test_continue_as_new_passes_handlers_of_errors_and_other_flows(self) -> None:
        async def it(ctx: rondo.Context, again: bool) -> None:
            async def flow() -> None:
                try:
                    if again:
                        ctx.continue_as_new(False)
                except Exception as error:
                    raise AssertionError from error

            await rondo.gather(ctx.timer(0), flow())

        self.assertEqual(run(it, True).log[:3], ["timer 0 at 0ms", "cancel 0", "continue as new false"])

    def test_events_that_nobody_took_are_handed_over_unless_dropped(self) -> None:
        async def it(ctx: rondo.Context, keep: bool | None) -> Any:
            if keep is None:
                return (await rondo.race(ctx.event("number"), ctx.timer(1)))[1]
            ctx.continue_as_new(keep_events=keep)

        self.assertEqual(stage(it).event("number", 7).run("it", True).result(), 7)
        self.assertEqual(stage(it).event("number", 7).run("it", False).result(), None)

    def test_an_exception_becomes_a_failure_that_tells_where(self) -> None:
        async def it(ctx: rondo.Context) -> None:
            try:
                {}["missing"]
            except KeyError as error:
                raise ValueError("boom") from error

        failure = failure_of(it)
        self.assertEqual((failure.kind, failure.message, failure.non_retriable), ("error", "boom", False))
        details = (failure.details or "").splitlines()
        self.assertEqual(details[-1], "ValueError: boom")
        self.assertIn("KeyError: 'missing'", details)
        self.assertTrue(any("test_endings.py" in line and line.endswith("in it") for line in details))
        self.assertFalse(any("rondo/" in line for line in details))

    def test_whatever_is_raised_ends_the_orchestration_and_nothing_else(self) -> None:
        class Broken(Exception):
            def __str__(self) -> str:
                raise RuntimeError

        def raises(make: Callable[[], BaseException]) -> Any:
            async def it(ctx: rondo.Context) -> None:
                raise make()

            return it

        self.assertEqual(failure_of(raises(Broken)).message, "Broken")
        self.assertEqual(failure_of(raises(lambda: SystemExit(3))).message, "3")
        self.assertEqual(failure_of(raises(KeyboardInterrupt)).message, "KeyboardInterrupt")

    def test_half_a_surrogate_pair_does_not_reach_the_host(self) -> None:
        async def it(ctx: rondo.Context) -> None:
            ctx.log("info", "\ud800")
            raise rondo.Failure("k", "\ud800", "\udfff")

        failure = failure_of(it)
        self.assertEqual((failure.message, failure.details), ("?", "?"))

        async def value(ctx: rondo.Context) -> str:
            return "\ud800"

        self.assertEqual(failure_of(value).kind, "not-serializable")

    def test_details_and_finality_reach_the_caller(self) -> None:
        async def it(ctx: rondo.Context) -> None:
            raise rondo.Failure("rejected", "by the bank", '{"code":51}', non_retriable=True)

        failure = failure_of(it)
        self.assertEqual((failure.details, failure.non_retriable), ('{"code":51}', True))

    def test_a_wrong_input_fails_the_instance_before_any_code_runs(self) -> None:
        async def it(ctx: rondo.Context, n: int) -> None:
            raise AssertionError

        failure = failure_of(it, "text")
        self.assertEqual((failure.kind, failure.non_retriable), ("invalid-input", True))
        self.assertEqual(failure.message, "expected int: 'text' does not fit")

    def test_a_result_of_another_type_is_a_failure_that_says_so(self) -> None:
        async def it(ctx: rondo.Context) -> None:
            await ctx.activity("double", 21, returns=list[str])

        failure = failure_of(it)
        self.assertEqual((failure.kind, failure.message), ("invalid-output", "expected list[str]: 42 does not fit"))

    def test_an_input_without_a_json_form_fails_the_call_and_schedules_nothing(self) -> None:
        async def it(ctx: rondo.Context) -> Any:
            kinds = []
            for value in ({(1,): 2}, {1, 2}, object(), float("nan"), datetime(2030, 1, 1)):
                try:
                    await ctx.activity("double", value)
                except rondo.Failure as failure:
                    kinds.append(failure.kind)
            return kinds

        self.assertEqual(run(it).result(), 5 * ["not-serializable"])
        self.assertEqual(len(run(it).log), 1)

    def test_awaiting_what_nothing_completes_is_a_failure_and_not_a_hang(self) -> None:
        async def it(ctx: rondo.Context) -> None:
            await rondo.race(ctx.activity("double", 1), ctx.timer(5))
            await rondo.race()

        self.assertEqual(failure_of(it).kind, "stalled")

    def test_time_stands_still_between_awaits_and_what_is_drawn_repeats(self) -> None:
        # The harness replays every turn; anything that differed would raise.
        async def it(ctx: rondo.Context) -> Any:
            start = ctx.now()
            ctx.set_custom_status([ctx.random(), ctx.random_below(6), ctx.uuid()])
            await ctx.timer(2)
            return [start, ctx.now()]

        start = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
        self.assertEqual(stage(it, start=start).run("it").result(), [1_000, 3_000])

    def test_the_harness_catches_what_comes_from_outside_the_context(self) -> None:
        outside = []

        async def it(ctx: rondo.Context) -> None:
            outside.append(1)
            await ctx.activity("double", len(outside))

        with self.assertRaisesRegex(
            AssertionError, "not deterministic: in turn 0 it decided\nactivity 0 double 1\nand"
        ):
            run(it)

    def test_the_harness_says_when_nothing_can_happen_any_more(self) -> None:
        async def it(ctx: rondo.Context) -> None:
            await ctx.event("approval")

        with self.assertRaisesRegex(AssertionError, "does not provide:\nwait 0 approval"):
            run(it)
