"""Each example gives what its Rust twin gives, and the interesting ways in which they go wrong."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import TestCase

import rondo
from rondo.testing import Harness

from app import app

RUST = Path(__file__).parents[2]


def example(name: str) -> Any:
    return json.loads((RUST / name / "run.json").read_text())


class Examples(TestCase):
    def test_they_give_what_the_examples_in_rust_give(self) -> None:
        for name in ("chaining", "fan_out", "approval", "saga", "monitor", "sub_orchestrations"):
            with self.subTest(name):
                run = example(name)
                harness = Harness(app)
                for event in run.get("events", []):
                    harness.event(event["name"], event["data"])
                self.assertEqual(harness.run(run["orchestration"], run["input"]).result(), run["output"])

    def test_charging_is_tried_again(self) -> None:
        attempts = 0

        def charge(quote: Any) -> Any:
            nonlocal attempts
            attempts += 1
            if attempts < 3:
                raise rondo.Failure("provider-down", "try later")
            return {"reference": "pay-1", "charged_cents": quote["total_cents"]}

        run = Harness(app).activity("charge", charge).run("order", example("chaining")["input"])
        self.assertEqual((run.result()["paid_cents"], run.elapsed), (6188, timedelta(seconds=3)))

    def test_silence_is_a_no(self) -> None:
        run = Harness(app).run("expense", example("approval")["input"])
        self.assertEqual(run.result(), {"approved": False, "by": "timeout", "booking": None})
        self.assertEqual((run.elapsed, run.custom_status), (timedelta(minutes=20), "rejected"))

    def test_the_manager_decides_when_the_approver_does_not(self) -> None:
        harness = Harness(app).event("decision", {"approved": True, "by": "Robin"}, after=timedelta(minutes=15))
        self.assertEqual(harness.run("expense", example("approval")["input"]).result()["by"], "Robin")

    def test_a_watch_goes_on_in_new_executions(self) -> None:
        self.assertEqual(Harness(app).run("watch", example("monitor")["input"]).executions, 2)

    def test_a_part_that_fails_fails_the_order(self) -> None:
        order = {"id": "A-1", "lines": [{"sku": "cup", "quantity": 500, "warehouse": "north"}]}
        with self.assertRaisesRegex(rondo.Failure, "out-of-stock"):
            Harness(app).run("fulfil", order).result()
