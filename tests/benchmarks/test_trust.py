"""The judge of ghost text, and the places that it judges at, from a repository with a history."""

import pytest

from bench.trust.judge import judge
from bench.trust.places import TrustPlace

FILE = """\
import os


def total(lines):
    amount = sum(lines)
    return amount


def report(lines):
    value = total(lines)
    print(value)
"""


def place(before: str, truth: str, after: str, path: str = "shop.py") -> TrustPlace:
    return TrustPlace("id", "shop", path, "word", before, after, truth, before + truth.rstrip("\n") + after)


AT_VALUE = FILE.partition("total(lines)\n    print")
HERE = place(AT_VALUE[0], "total(lines)\n", "\n    print" + AT_VALUE[2])


@pytest.mark.parametrize(
    ("text", "verdict", "why"),
    [
        ("total(lines)", "useful", ""),
        ("total", "useful", ""),
        ("sum(lines)", "harmless", ""),
        ("total(lines", "harmful", "leaves a bracket open"),
        ("totals(lines)", "harmful", "unknown name totals"),
        ("total(lines)\n    print(value)", "harmful", "repeats the next lines"),
        ("total) + lines", "harmful", "does not parse"),
        ("total(lines) if", "useful", ""),
        ("", "nothing", ""),
    ],
)
def test_what_a_text_is_worth(text: str, verdict: str, why: str) -> None:
    found = judge(HERE, text, 0, frozenset())
    assert (found.verdict, found.why) == (verdict, why)


def test_what_the_file_defines_is_not_defined_again() -> None:
    found = judge(place(f"{FILE}\n\n", "class Cart:\n", "\n"), "def total(lines):", 0, frozenset())
    assert found.why == "defines total again"
