"""Sentences of a model that are passed on, and those that name what it was not shown."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from config_files import write
from kept_answer import answered
from scripted_model import ScriptedModel

from assist_escalation.prompts import Origin, Span
from assist_server.config.config import load
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import decide
from assist_server.questions.draft import Question
from assist_server.questions.held_sentences import (
    HeldSentences,
    KnownWords,
    RepeatedHeadings,
    headings_in,
    unknown_in,
)
from assist_server.questions.targets import QuestionFolders
from assist_server.workspace.folder_index import corpus_of
from assist_server.workspace.index_update import folder_at, update_index

SHOWN = (
    "class Cart:\n    def total(self, tax_rate):\n        return sum(self.items) * tax_rate  # 12 months\n"
)
KNOWN = KnownWords.of([SHOWN, "shop/cart.py lines 1-3"], {"None", "int"})


@pytest.mark.parametrize(
    ("sentence", "unknown"),
    [
        ("`Cart.total` multiplies by `tax_rate`.", ()),
        ("It may return `None`, after 12 months, in 2 steps.", ()),
        ("The `Basket` class has it.", ("Basket",)),
        ("It calls round_up() and getItems on each.", ("round_up", "getItems")),
        ("It raises a ValueError.", ("ValueError",)),
        ("Use 404 of them.", ("404",)),
        ("The method is deprecated.", ("deprecated",)),
        ("Each secret is __SECRET_PASSWORD_1a2b_1__ here.", ()),
    ],
)
def test_what_was_not_shown_is_found(sentence: str, unknown: tuple[str, ...]) -> None:
    assert unknown_in(sentence, KNOWN) == unknown


def test_whole_sentences_are_passed_on_as_they_come_up_to_one_that_names_something_else() -> None:
    held = HeldSentences(KNOWN)
    given = [
        held.take(piece) for piece in ("`Cart", ".total` adds. ", "It e", "nds. A `Basket` is", " made. It")
    ]
    assert given == ["", "`Cart.total` adds. ", "", "It ends. ", ""]
    assert held.rest() == ""
    assert held.unknown == ("Basket",)


def test_a_block_of_code_is_passed_on_whole_if_its_words_are_known() -> None:
    held = HeldSentences(KNOWN)
    block = "```python\ntotal(self, tax_rate)\nreturn None\n```\n"
    pieces = ["So:\n", "```python\ntotal(self, tax", "_rate)\nreturn None\n", "```\nUse it. "]
    assert [held.take(piece) for piece in pieces] == ["So:\n", "", "", block + "Use it. "]
    own = "```\nown = Cart()\nown.total(99)  # a comment, 'a text'\n```\n"
    assert held.take(own) == own
    assert held.take("```\nbasket_of(total, limit=5)\n```\n") == ""
    assert held.unknown == ("basket_of", "limit")
    cut = HeldSentences(KNOWN)
    assert cut.take("```\nself.items") + cut.rest() == "```\nself.items"


def test_no_more_sentences_are_passed_on_than_asked_for() -> None:
    held = HeldSentences(KNOWN, most=2)
    assert held.take("One. A `Basket`. Three. ") + held.rest() == "One. "


PAGE = Span(
    "Events > Alternative Events (deprecated) > startup event\n\n### `startup` event\n\nText.\n\n"
    "### `startup` and `shutdown` together\n\nMore text.\n",
    Origin("file", "docs/events.md", "/w", 3, 9),
)
HEADINGS = headings_in([PAGE], "How do I add a startup handler, and is it deprecated?")


@pytest.mark.parametrize(
    "answer",
    [
        "startup event\nstartup and shutdown together\nstartup and shutdown together",
        "### `startup` event",
        "1. Startup event\n2. **startup and shutdown together**:\n",
        "Events > Alternative Events (deprecated) > startup event\n\n",
    ],
)
def test_an_answer_of_headings_alone_is_not_passed_on(answer: str) -> None:
    for size in (1, 5, len(answer)):
        held = RepeatedHeadings(HEADINGS)
        pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
        assert "".join(map(held.take, pieces)) + held.rest() == ""
        assert held.refused


@pytest.mark.parametrize(
    "answer",
    [
        "Startup events are deprecated.",
        "### `startup` event\n\nPass a lifespan.",
        "startup",
        "Startup: use it.",
        "",
    ],
)
def test_any_other_answer_is_passed_on_whole(answer: str) -> None:
    held = RepeatedHeadings(HEADINGS)
    assert "".join(map(held.take, answer)) + held.rest() == answer
    assert not held.refused


def test_an_answer_that_says_something_streams_as_it_comes() -> None:
    held = RepeatedHeadings(HEADINGS)
    assert [held.take(piece) for piece in ("Sta", "rtup", " ev", "ents are", " old")] == [
        "",
        "",
        "",
        "Startup events are",
        " old",
    ]


def test_headings_may_answer_a_question_that_asks_for_them() -> None:
    assert headings_in([PAGE], "Which section is about it?") == frozenset()
    assert headings_in([Span("# total\n", Origin("file", "a.py", "/w", 1, 1))], "is it used?") == frozenset()


async def test_the_notice_names_the_places_in_place_of_such_an_answer(tmp_path: Path) -> None:
    root = tmp_path / "w"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "events.md").write_text(f"# Events\n\n{PAGE.text.partition(chr(10) * 2)[2]}")
    (tmp_path / "own").mkdir()
    config = load(write(tmp_path / "own", ""))
    folder = folder_at(config, root)
    update_index(config, folder, lambda *_: None)
    corpus = corpus_of(folder)
    inputs = decision_inputs(config, [str(root)])
    inputs = replace(inputs, local=replace(inputs.local, available=True))
    asked = Question("ask", "docs: how do I add a startup event?")
    decided = decide(asked, QuestionFolders(corpus), inputs)

    async def load_model() -> Any:
        return ScriptedModel(lambda _: ["startup event\n", "startup and shutdown together"])

    final, kept = await answered(decided, load_model)
    corpus.reader.close()
    notices = kept.notices
    assert len(notices) == 1
    assert notices[0].startswith(
        "The model only repeated headings, which is no answer: look at docs/events.md:"
    )
    assert "".join(kept.all_of("text")) == ""
    assert final.text == ""
    assert final.sources
