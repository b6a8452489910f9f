"""A project with a wrong function, whose tests say so, and a right one without tests; and what a provider answers."""

import re
import sys
from pathlib import Path

from bare_pytest import BARE_PYTEST

WRONG = '''\
"""Prices."""


def gross(net, rate=0.2):
    """The price with tax, to the cent."""
    if net < 0:
        raise ValueError("below zero")
    return round(net * rate, 2)


def shown(price):
    """The price as people read it."""
    if price == int(price):
        return f"{int(price)}"
    return f"{price:.2f}"
'''
WRONG_LINE = "    return round(net * rate, 2)"
RIGHT = WRONG.replace("net * rate", "net * (1 + rate)")
TESTS = """\
import pytest
from prices import gross


def test_ten():
    assert gross(10) == 12


def test_no_tax():
    assert gross(10, 0) == 10


def test_nothing():
    assert gross(0) == 0


def test_below_zero():
    with pytest.raises(ValueError):
        gross(-1)
"""
AGREED = "It runs on a copy, in a sandbox: no network, no other files, and its changes are discarded."
PROVEN = re.compile(r"Proof: tests\. Tests pass: (\d+) before, (\d+) now \(2 attempts\)\.")
RECORDED = re.compile(r"These tests record what the code does today \(1 call, 2 of 3 branches, ")
TESTED, FIXED = 14, 8  # the lines in question


def fixing(line: str) -> str:
    """The answer whose edit has another line in place of the wrong one."""
    return f"prices.py\n<<<<<<< SEARCH\n{WRONG_LINE}\n=======\n    return {line}\n>>>>>>> REPLACE\n"


NO_FIX = fixing("round(net + rate, 2)")
FIX = fixing("round(net * (1 + rate), 2)")


def make_project(root: Path) -> None:
    """Write the project into a folder."""
    (root / "tests").mkdir(parents=True)
    (root / "prices.py").write_text(WRONG)
    (root / "tests" / "test_prices.py").write_text(TESTS)
    (root / ".venv").symlink_to(sys.prefix)  # where its pytest is
    (root / "pytest.ini").write_text(BARE_PYTEST)
