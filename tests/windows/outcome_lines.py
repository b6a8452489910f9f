"""A plugin of pytest that writes the outcome of each test at once, so that a run that dies keeps what it had.

The variable `OUTCOME_LINES` names the file: one JSON value a line, a test, what became of it ("begun", "passed",
"failed" or "skipped"), and the words for it. What the file has already is not run again.
"""

import json
import os
from pathlib import Path

import pytest

_FILE = Path(os.environ["OUTCOME_LINES"])
_WORDS = 400  # characters of what went wrong
_NAME = 160  # characters of a test's name; some have a whole file in it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known = {json.loads(line)["test"] for line in _FILE.read_text("utf-8").splitlines()}
    items[:] = [item for item in items if name_of(item.nodeid) not in known]


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Tests that markers leave out are counted too."""
    for item in items:
        write(item.nodeid, "left out")


def pytest_runtest_logstart(nodeid: str) -> None:
    write(nodeid, "begun")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        write(report.nodeid, report.outcome, words_of(report))


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.outcome != "passed":
        write(report.nodeid + "::", report.outcome, words_of(report)[-_WORDS:])


def words_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """What went wrong: the message of the error, or the reason for which it was skipped."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return crash.message if crash else str(report.longrepr or "")


def name_of(test: str) -> str:
    """A test's own name for the tables.

    >>> name_of("tests/context/files/test_a.py::test_b")
    'tests/context/files/test_a::test_b'
    """
    return test.replace(".py::", "::", 1)[:_NAME]


def write(test: str, outcome: str, words: str = "") -> None:
    line = {"test": name_of(test), "outcome": outcome, "words": " ".join(words.split())[:_WORDS]}
    with _FILE.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(line) + "\n")
