"""Guards as people write them: numbers, the run before, other candidates, and what is no guard."""

from typing import Any

import pytest

from assist_evaluation.judging.guards import check_guard
from assist_server.errors import UserError


def run(exact: float, p50: float = 100.0) -> dict[str, Any]:
    row = {"candidate": "local:a", "kind": "lines", "numbers": {"exact": exact}, "mean": 0.9, "ms_p50": p50}
    other = {**row, "candidate": "local:b", "numbers": {"exact": 0.1}}
    return {"versions": {"local:a": "1", "local:b": "1"}, "kinds": [row, other]}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("lines.exact >= 0.4", True),
        ("lines.exact>=0.51", False),
        ("lines.exact >= last", False),
        ("lines.exact >= last - 0.02", False),
        ("lines.exact >= last - 0.1", True),
        ("lines.exact <= last + 0.1", True),
        ("lines.mean >= 0.9", True),
        ("lines.ms_p50 <= 100", True),
        ("lines.ms_p50 <= last - 50", False),
        ("local:b lines.exact >= 0.1", True),
        ("local:b lines.exact >= 0.2", False),
    ],
)
def test_a_guard_compares_a_figure(text: str, holds: bool) -> None:
    assert check_guard(text, run(0.5), [run(0.6, p50=120.0), {"versions": {}, "kinds": []}]).holds is holds


def test_without_an_earlier_run_there_is_nothing_to_fall_below() -> None:
    found = check_guard("lines.exact >= last - 0.02", run(0.5))
    assert (found.holds, found.limit) == (True, None)
    assert "no earlier run has it" in found.words


def test_a_figure_that_is_not_there_does_not_hold() -> None:
    for text in ("bodies.passed >= 0", "lines.exakt >= 0", "local:c lines.exact >= 0"):
        found = check_guard(text, run(0.5))
        assert not found.holds
        assert "has no figure" in found.words


@pytest.mark.parametrize(
    "text", ["", "exact >= 1", "lines.exact > 1", "lines.exact >= first", "lines.exact >= 1 2"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="is not a guard"):
        check_guard(text, run(0.5))
