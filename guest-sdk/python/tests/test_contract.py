"""Whether the classes for tests are those of the contract."""

import re
from dataclasses import fields
from pathlib import Path
from unittest import TestCase

from rondo import _contract

WIT = Path(__file__).parents[3] / "wit" / "types.wit"


def python_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


class Contract(TestCase):
    def setUp(self) -> None:
        self.text = re.sub(r"///?.*", "", WIT.read_text())

    def test_records_have_the_fields_of_the_contract(self) -> None:
        records = re.findall(r"record ([a-z-]+) \{(.*?)\}", self.text, re.DOTALL)
        self.assertGreater(len(records), 10)
        for name, body in records:
            expected = [field.replace("-", "_") for field in re.findall(r"([a-z-]+):", body)]
            known = getattr(_contract, python_name(name))
            self.assertEqual([field.name for field in fields(known)], expected, name)

    def test_variants_have_the_cases_of_the_contract(self) -> None:
        for name, body in re.findall(r"variant ([a-z-]+) \{(.*?)\n  \}", self.text, re.DOTALL):
            expected = {f"{python_name(name)}_{python_name(case)}" for case in re.findall(r"([a-z-]+)\(", body)}
            known = {name_of for name_of in vars(_contract) if name_of.startswith(f"{python_name(name)}_")}
            self.assertEqual(known, expected)

    def test_log_levels_are_numbered_as_in_the_contract(self) -> None:
        (levels,) = re.findall(r"enum log-level \{(.*?)\}", self.text)
        self.assertEqual([level.name.lower() for level in _contract.LogLevel], levels.replace(" ", "").split(","))
