from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Literal, TypedDict
from unittest import TestCase
from uuid import UUID

from rondo import Failure, draws, payload, shapes


class Color(Enum):
    RED = "red"


@dataclass
class Item:
    sku: str
    quantity: int = 1


@dataclass
class Order:
    id: UUID
    items: list[Item]
    color: Color | None
    nested: "Order | None" = None
    pair: tuple[int, str] = (0, "")
    tags: dict[str, float] = field(default_factory=dict)


class Size(TypedDict):
    width: int


def read(text: str | None, hint: Any) -> Any:
    return payload.decode(text, hint, shapes.reader(hint), "unfit")


class Encoding(TestCase):
    def test_it_is_compact_and_leaves_letters_as_they_are(self) -> None:
        value = {"b": [1, 1.5, True, None], "a": "grün <&> \x01\x1f\n\x7f🦀"}
        self.assertEqual(payload.encode(value), '{"b":[1,1.5,true,null],"a":"grün <&> \\u0001\\u001f\\n\x7f🦀"}')

    def test_none_is_no_value_and_the_empty_text_is_one(self) -> None:
        self.assertEqual((payload.encode(None), payload.encode(""), payload.encode("null")), (None, '""', '"null"'))

    def test_what_json_has_no_word_for(self) -> None:
        moment = datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
        values = [moment, timedelta(seconds=2), UUID(int=1), Color.RED, Item("cup"), (1, 2)]
        self.assertEqual(
            payload.encode(values),
            '[1500,2000,"00000000-0000-0000-0000-000000000001","red",{"sku":"cup","quantity":1},[1,2]]',
        )


class Decoding(TestCase):
    def test_a_dataclass_comes_back_as_it_was(self) -> None:
        order = Order(UUID(int=7), [Item("cup", 2)], Color.RED, Order(UUID(int=8), [], None), (1, "a"), {"x": 1.0})
        self.assertEqual(read(payload.encode(order), Order), order)

    def test_hints_that_are_no_classes(self) -> None:
        self.assertEqual(read("[1,null]", list[int | None]), [1, None])
        self.assertEqual(read('"a"', Literal["a", 1]), "a")
        self.assertEqual(read('{"1":2}', dict[int, int]), {1: 2})
        self.assertEqual(read('{"width":2}', Size), {"width": 2})
        self.assertEqual(read("[1,2]", set[int]), {1, 2})
        self.assertEqual(read("1500", datetime), datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC))
        self.assertEqual(read(None, None), None)
        self.assertEqual(read('{"any":1}', Any), {"any": 1})

    def test_what_does_not_fit_is_said_with_its_place(self) -> None:
        for text, hint, message in [
            ("[1]", list[str], "expected list[str]: [0]: 1 does not fit"),
            ('{"sku":"x","quantity":true}', Item, "expected Item: .quantity: True does not fit"),
            ('[{"quantity":2}]', list[Item], "expected list[Item]: [0]: 'sku' is missing"),
            (None, int, "expected int: None does not fit"),
            ("[1]", tuple[int, int], "expected tuple[int, int]: [1] does not fit"),
            ('{"a":[1,"x"]}', dict[str, list[int]], "expected dict[str, list[int]]: .a[1]: 'x' does not fit"),
            ("{}", Size, "expected Size: 'width' is missing"),
            ("NaN", float, "expected float: NaN is no JSON"),
        ]:
            with self.subTest(text), self.assertRaises(Failure) as caught:
                read(text, hint)
            self.assertEqual(caught.exception.message.replace("tests.test_payload.", ""), message)
            self.assertEqual((caught.exception.kind, caught.exception.non_retriable), ("unfit", True))

    def test_no_json_is_a_failure(self) -> None:
        with self.assertRaises(Failure):
            read("{", Any)


class Draws(TestCase):
    def test_draws_are_what_they_always_were(self) -> None:
        # What an execution has drawn may be anywhere in its history: these must never change.
        execution = "00112233445566778899aabbccddeeff"
        high, low = draws.draw(execution, 0)
        self.assertEqual((high, low), (0x736628FC23501E92, 0xA3505A9D7CE5B83C))
        self.assertEqual((draws.unit(high), draws.below(high, 6)), (0.4507775893756051, 2))
        self.assertEqual(str(draws.uuid(*draws.draw(execution, 1))), "d32efdb5-7bb4-4bcd-b111-13e5c7e522de")
