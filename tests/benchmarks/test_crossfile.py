"""The cross-file benchmark: which lines become holes, what a variant shows, and what the scores measure."""

import doctest
import importlib
from pathlib import Path
from typing import Any

import pytest
from fake_llama import fake_model

import crossfile
from assist_context.documents import Snippet
from bench.crossfile import ask, holes, packages, score
from bench.crossfile.holes import Hole, NameDefinition
from bench.infilling.variants import open_sequences

PACKAGE = packages.Package("shop", "1.0", "shop", "")
FILES = {
    "shop/__init__.py": "from ._prices import *\nfrom ._stock import Stock as Store\n",
    "shop/_prices.py": "import os\n\n\n@cached\ndef price_of(item,\n             day=None):\n    return item.price\n\nRATES = {}\n",
    "shop/_stock.py": "class Stock:\n    def take(self, item):\n        return item\n",
    "shop/tests/test_it.py": "from shop import price_of\nprice_of(item.name)\n",
}


def package(root: Path, text: str, path: str = "shop/use.py") -> Path:
    for name, content in {**FILES, path: text}.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8")
    return root


def holes_in(root: Path, most: int = 99, seed: int = 1) -> list[Hole]:
    return holes.holes(PACKAGE, root, most, seed)


PRICE, STOCK = (
    NameDefinition("price_of", "shop/_prices.py", 4, 7),
    NameDefinition("Stock", "shop/_stock.py", 1, 3),
)


@pytest.mark.parametrize(
    ("line", "head", "truth", "definition"),
    [
        ("from shop._prices import price_of\nx = price_of(a, b)\n", "x = price_of", "(a, b)", PRICE),
        ("from ._prices import price_of as p\nx = p(a) + 1\n", "x = p", "(a) + 1", PRICE),
        ("from . import price_of\nx = price_of(a)\n", "x = price_of", "(a)", PRICE),
        ("from . import _stock\nx = _stock.Stock(a)\n", "x = _stock.Stock", "(a)", STOCK),
        ("import shop._stock as s\nx = s.Stock.take\n", "x = s.Stock", ".take", STOCK),
        ("from shop import Store\nx = Store.take(1)  \n", "x = Store", ".take(1)", STOCK),
        ("def f():\n    from shop import Store\n    return Store(a)\n", "    return Store", "(a)", STOCK),
        ("from ._prices import price_of\nx = 'é', price_of(a)\n", "x = 'é', price_of", "(a)", PRICE),
        (
            "from ._prices import price_of\nx = price_of(a,\n    b)\n",
            "x = price_of",
            "(a,",
            PRICE,
        ),
    ],
)
def test_a_use_of_a_name_from_another_file(
    tmp_path: Path, line: str, head: str, truth: str, definition: NameDefinition
) -> None:
    (hole,) = holes_in(package(tmp_path, line))
    assert (hole.truth, hole.definition) == (truth, definition)
    assert hole.before.rpartition("\n")[2] == head
    assert (hole.before + hole.truth + hole.after).split() == line.split()
    assert hole.before.count("\n") == hole.line


@pytest.mark.parametrize(
    "line",
    [
        "from ._prices import price_of\n",
        "from ._prices import price_of\nx = price_of()\n",
        "from ._prices import price_of\nx = price_of(1, 'a')\n",
        "from ._prices import price_of\nx = price_of(\n    a)\n",
        "from ._prices import price_of\nx = price_of(a)  # of a\n",
        "from ._prices import price_of\nx = f'{price_of(a)}'\n",
        "from ._prices import price_of\nx = 'price_of(a)'\n",
        "from ._prices import price_of\nprice_of = None\nx = price_of(a)\n",
        "from ._prices import price_of\ndef f(price_of): return price_of(a)\n",
        "from ._prices import os\nx = os.path\n",
        "from other import price_of\nx = price_of(a)\n",
        "def price_of(a): return a\nx = price_of(a)\n",
        "from ._prices import price_of\nx = price_of(" + "a" * 200 + ")\n",
        "from ._prices import price_of\nx = price_of(a\n",
        "",
    ],
)
def test_what_is_no_hole(tmp_path: Path, line: str) -> None:
    assert holes_in(package(tmp_path, line)) == []


def test_a_name_gives_two_holes_a_file_and_a_seed_the_same_ones(tmp_path: Path) -> None:
    text = "from ._prices import price_of\n" + "".join(f"x{i} = price_of(a{i})\n" for i in range(40))
    root = package(tmp_path, text)
    first = holes_in(root)
    assert len(first) == holes.PER_NAME
    assert first == holes_in(root)
    assert any(holes_in(root, seed=seed) != first for seed in range(2, 6))
    assert len(holes_in(root, most=1)) == 1


# Packages


@pytest.mark.parametrize(
    ("metadata", "allowed"),
    [
        ("License-Expression: BSD-3-Clause\n\n", True),
        ("License-Expression: (MIT OR Apache-2.0) AND ISC\n\n", True),
        ("License-Expression: MIT AND GPL-3.0-or-later\n\n", False),
        ("License: MIT\n\n", True),
        ("License: Proprietary\nClassifier: License :: OSI Approved :: MIT License\n\n", False),
        ("Classifier: License :: OSI Approved :: MIT License\n\n", True),
        ("Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)\n\n", False),
        ("Name: x\n\nLicense: MIT\n", False),
    ],
)
def test_only_permissive_licences_are_taken(metadata: str, allowed: bool) -> None:
    assert packages.is_permissive(metadata) == allowed


def test_a_package_without_a_licence_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop-1.0" / "shop").mkdir(parents=True)
    with pytest.raises(packages.NotAllowedError, match=r"shop 1\.0"):
        packages.install(PACKAGE, tmp_path)
    with pytest.raises(packages.NotAllowedError, match="httpx"):
        packages.packages_named(["shop"])


# Snippets and answers


def test_the_oracle_shows_forty_lines_at_most_and_its_budget(tmp_path: Path) -> None:
    long = "class Stock:\n" + "".join(f"    a{i} = {i}\n" for i in range(90))
    root = package(tmp_path, "from ._stock import Stock\nx = Stock(a)\n")
    (root / "shop/_stock.py").write_text(long, encoding="utf-8")
    (hole,) = holes_in(root)
    oracle = ask.parse("oracle")
    (snippet,) = ask.show_snippets(oracle, hole, root, 1_000, len).snippets
    assert (snippet.path, snippet.start_line, snippet.end_line) == ("shop/_stock.py", 1, 40)
    assert snippet.text == "".join(long.splitlines(keepends=True)[:40])
    (small,) = ask.show_snippets(oracle, hole, root, 60, len).snippets
    assert len(small.text) <= 60
    assert small.text == "".join(long.splitlines(keepends=True)[: small.end_line])
    assert ask.shows_definition(hole, [snippet])
    assert not ask.show_snippets(ask.parse("none"), hole, root, 60, len).snippets


def test_what_does_not_fit_is_cut_and_ends_the_list() -> None:
    three = [Snippet("a.py", 1, 2, "12345\n789\n", "x")] * 3
    assert [each.text for each in ask.fit_budget(three, 17, len)] == ["12345\n789\n", "12345\n"]
    assert [each.text for each in ask.fit_budget(three, 11, len)] == ["12345\n789\n"]


@pytest.mark.parametrize(
    "label", ["other", "oracle without=search", "retrieved without=", "retrieved search"]
)
def test_a_label_that_means_nothing_is_refused(label: str) -> None:
    with pytest.raises(ValueError):
        ask.parse(label)


def test_a_view_cuts_the_file_around_the_hole(tmp_path: Path) -> None:
    above = "from ._stock import Stock\n" + "".join(f"a{i} = {i}\n" for i in range(60))
    (hole,) = holes_in(package(tmp_path, f"{above}x = Stock(a)\n" + "b = 1\n" * 40))
    context = ask.context_at(hole, (), ask.PromptWindow(40, 15))
    assert (context.before.count("\n"), context.after.count("\n")) == (40, 15)
    assert context.start_line == 21
    whole = ask.context_at(hole, (), ask.PromptWindow())
    assert whole.before == hole.before
    assert "Stock(a)" not in context.before + context.after


def test_the_model_writes_the_rest_of_the_line(tmp_path: Path) -> None:
    text = "from ._stock import Stock\ny = 1\nx = Stock(a)\nz = 2\n"
    root = package(tmp_path, text)
    (hole,) = holes_in(root)
    sequences = open_sequences(fake_model(text))
    snippets = ask.show_snippets(ask.parse("oracle"), hole, root, 99, len).snippets
    plain, helped = (
        ask.write_line(sequences, context, ask.lay_out(ask.parse("retrieved"), context))
        for context in (ask.context_at(hole, shown, ask.PromptWindow()) for shown in ((), snippets))
    )
    assert plain.text == helped.text == "(a)"
    assert helped.prompt > plain.prompt


def test_a_cold_prompt_shows_the_signature_of_the_name_at_the_cursor(tmp_path: Path) -> None:
    root = package(tmp_path, "from ._stock import Stock\ny = 1\nx = Stock(a)\nz = 2\n")
    (hole,) = holes_in(root)
    shown = Snippet(hole.definition.path, 1, 1, "class Stock:\n", "definition", name="Stock")
    context = ask.context_at(hole, (shown,), ask.PromptWindow())
    assert "class Stock:\n" in ask.lay_out(ask.parse("cold"), context).far
    assert ask.lay_out(ask.parse("near"), context).far == ""


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
    texts = {"none": "(b)", "oracle": "(a)", "retrieved": "(a)"}
    records = [
        crossfile.make_record(
            each,
            ask.parse(label),
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
