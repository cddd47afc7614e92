from unittest import TestCase

from rondo.testing import Harness

from app import app


class Greeting(TestCase):
    def test_everybody_is_greeted(self) -> None:
        run = Harness(app).run("__NAME__", ["Ada", "Bob"])
        self.assertEqual(run.result(), ["Hello, Ada!", "Hello, Bob!"])
