"""What a component does, guard rails included. They change the interpreter for good, so each run has its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import TestCase

A, B = "0" * 31 + "a", "0" * 31 + "b"


def run(input: Any, execution_id: str = A) -> Any:
    command = [sys.executable, "-m", "tests.exported", execution_id, input]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


class Exports(TestCase):
    def test_the_first_line_of_the_documentation_describes_an_orchestration(self) -> None:
        self.assertEqual(run("output")["described"], [{"name": "it", "description": "Does one thing."}])

    def test_an_input_that_does_not_fit_is_an_answer_of_start(self) -> None:
        self.assertEqual(run("output", "not hex")["kind"], "error")

    def test_a_failed_activity_is_an_error_and_no_trap(self) -> None:
        expected = {"kind": "k", "message": "m", "details": None, "non_retriable": False}
        self.assertEqual(run("activity"), expected)


class Guards(TestCase):
    def test_chance_and_clock_belong_to_the_execution(self) -> None:
        first = run("own sources")["last"]
        self.assertEqual(run("own sources")["last"], first)
        other = run("own sources", B)["last"]
        for index in (0, 1, 4, 5):
            self.assertNotEqual(first[index], other[index])
        self.assertNotEqual(first[0], first[4])
        self.assertEqual((first[2], first[3], first[6]), (1_700_000_000.0, "2023", 1_700_000_005.0))

    def test_what_is_printed_becomes_lines_of_the_log(self) -> None:
        self.assertEqual(
            run("output")["lines"],
            [
                ["INFO", "one"],
                ["INFO", "two"],
                ["WARN", "to stderr"],
                ["WARN", "stock is low"],
                ["INFO", "a sale"],
                ["INFO", "no end of line"],
            ],
        )

    def test_a_traceback_needs_no_files(self) -> None:
        head, frame, error = run("traceback")["last"]
        self.assertEqual((head, error), ("Traceback (most recent call last):", "ValueError: x"))
        self.assertIn("exported.py", frame)

    def test_what_cannot_work_says_what_to_use(self) -> None:
        for what, instead in [
            ("sleep", "ctx.timer"),
            ("asyncio", "ctx.timer"),
            ("open", "in an activity"),
            ("import", "at the top of a module"),
        ]:
            with self.subTest(what):
                self.assertIn(instead, run(what)["last"])
