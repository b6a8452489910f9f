"""The cross-file benchmark: which lines become holes, what a variant shows, and what the scores measure."""

import doctest
import importlib
from typing import Any

import pytest

import crossfile
from assist_context.documents import Snippet
from bench.crossfile import ask, score
from bench.crossfile.holes import Hole, NameDefinition

PRICE, STOCK = (
    NameDefinition("price_of", "shop/_prices.py", 4, 7),
    NameDefinition("Stock", "shop/_stock.py", 1, 3),
)


# Packages


# Snippets and answers


# Scores


@pytest.mark.parametrize(
    ("written", "truth", "f1"),
    [
        ("(path, mode)", "(path, mode)", 1.0),
        ("(path)", "(path, mode)", 2 / 3),
        ("(a, a, a)", "(a)", 1.0),
        ("('path')", "(path)", 0.0),
        ("(1)", "(2)", 1.0),
        ("", "(a)", 0.0),
        ("(x if True else None)", "(x, True)", 1.0),
    ],
)
def test_identifier_f1(written: str, truth: str, f1: float) -> None:
    assert score.identifier_f1(written, truth) == pytest.approx(f1)


def test_the_share_of_the_gain_cancels_what_both_have() -> None:
    groups = [at // 2 for at in range(80)]
    oracle = [float(at % 4 == 0) for at in range(80)]
    share = score.share_of_gain([0.0] * 80, oracle, [each / 2 for each in oracle], groups)
    assert (share.share, share.low, share.high) == (0.5, 0.5, 0.5)
    wide = score.share_of_gain([0.0] * 80, oracle, [float(at % 8 == 0) for at in range(80)], groups)
    assert wide.share == 0.5
    assert wide.low is not None
    assert wide.high is not None
    assert 0.2 < wide.low < 0.4
    assert 0.6 < wide.high < 0.8


def test_a_gain_in_doubt_gives_no_interval() -> None:
    share = score.share_of_gain([0, 1, 0], [1, 0, 1], [0, 0, 1], ["a", "b", "c"])
    assert (share.low, share.high) == (None, None)
    assert score.share_of_gain([1, 1], [0, 1], [1, 1], ["a", "b"]).share is None


def hole(name: str, young: bool) -> Hole:
    return Hole("p", young, f"{name}.py", 0, "f", "f", "\n", "(a)", NameDefinition("f", "g.py", 1, 2))


def test_rows_by_variant_and_age_compare_with_none_and_the_oracle() -> None:
    taken = [hole(f"file{at}", young=at % 2 == 0) for at in range(8)]
    texts: dict[ask.SnippetVariant, str] = {"none": "(b)", "oracle": "(a)", "retrieved": "(a)"}
    records = [
        crossfile.make_record(
            each,
            label,
            ask.ShownSnippets((Snippet("g.py", 1, 2, "def f", "x"),) if label != "none" else (), 1.0),
            ask.WrittenLine(text, 9, 2),
            len,
        )
        for each in taken
        for label, text in texts.items()
    ]
    rows: dict[tuple[str, str], dict[str, Any]] = {
        (row["packages"], row["variant"]): row for row in crossfile.summary(records, taken, 1)
    }
    assert [row["holes"] for row in rows.values()] == [8] * 3 + [4] * 6
    assert rows["all", "oracle"]["points_over_none"]["f1"] == [100.0, 100.0, 100.0]
    assert rows["young", "retrieved"]["share_of_oracle"]["exact"] == [1.0, 1.0, 1.0]
    assert rows["all", "none"]["found"] == 0
    assert rows["all", "retrieved"]["found"] == 1
    assert "100% (100% to 100%)" in score.table([*rows.values()])


@pytest.mark.parametrize("name", ["ask", "holes", "packages", "score"])
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"bench.crossfile.{name}")).failed == 0
