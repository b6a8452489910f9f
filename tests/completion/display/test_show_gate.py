"""From raw text to a suggestion: leaks of special tokens, texts that the model doubts, and what a cut leaves."""

import math

import pytest

from assist_completion.display.confidence import BARS, CERTAIN, FITTED, Gate, choose_gate
from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.line_policy import ONE_LINE, Shape
from assist_completion.display.show_gate import finish
from assist_completion.display.suggestion_cache import KnownText
from assist_context.languages import language_of

LEAK = KnownText('"<|fim_middle|>"', ((16, -0.1),), 0, ended=True)
# A text is shown if all its tokens together have a chance of a half.
PLAIN = {"bias": math.log(CERTAIN - math.log(0.5)), "doubt": -1.0, "echo": 0.0, "cut": 0.0, "closed": 0.0}
PLAIN |= {"guess": 0.0}
GATE = Gate(PLAIN, 0.5)


def site(before: str, suffix: str = "py") -> CursorSite:
    return CursorSite(before, "\n", language_of(f"a.{suffix}"))


def doubted(text: str, at: int, chance: float = -3.0) -> KnownText:
    """A text of single letters of which the model doubts one, and is sure of the others."""
    spans = tuple((end, chance if end == at + 1 else -0.001) for end in range(1, len(text) + 1))
    return KnownText(text, spans, 0, ended=True)


def shown(before: str, text: str, at: str, suffix: str = "py") -> str:
    """What is shown of a text that the model doubts from a part on."""
    return finish(site(before, suffix), ONE_LINE, doubted(text, text.index(at)), GATE).text


def test_a_spelled_special_token_is_dropped() -> None:
    answer = finish(site("x = "), ONE_LINE, LEAK, GATE)
    assert (answer.text, answer.reason) == ("", "special-token")


def test_a_file_about_special_tokens_may_hold_one_more() -> None:
    assert finish(site('A = "<|fim_middle|>"\nx = '), ONE_LINE, LEAK, GATE).shown


def test_an_unsure_text_is_shown_only_on_a_manual_request() -> None:
    unsure = KnownText("foo(bar)", ((8, -4.0),), 0, ended=True)
    held = finish(site("x = "), ONE_LINE, unsure, choose_gate("", "balanced"))
    assert (held.text, held.candidate, held.reason) == ("", "foo(bar)", "low-confidence")
    assert held.score < held.needed == BARS["balanced"]
    assert finish(site("x = "), ONE_LINE, unsure, choose_gate("", "balanced", manual=True)).text == "foo(bar)"


@pytest.mark.parametrize(
    ("before", "text", "doubt", "left", "suffix"),
    [
        ("x = ", "first + second", "second", "first", "py"),  # up to the whole part before
        ("x = ", "os.environ.get(name, other)", "other", "", "py"),  # no bracket is closed after a comma
        ("x = ", "os.environ.get(name) or other", "other", "os.environ.get(name)", "py"),
        ("x = ", "os.environ.get(name", "name", "", "py"),  # no function without its call
        ("    ", "return value", "value", "", "py"),
        ("", "const total = sum(parts)", "total", "", "ts"),
        ("", "const total = sum(parts)", "= sum", "", "ts"),
        ("", "let mut code = ExitCode::Failure;", "Failure", "", "rs"),
        ("let a = ", "A::new()", "new", "", "rs"),
        ("fn f() {\n    let a", " = x.as_ref().map(f);", "().map", "", "rs"),
        ("fn f() {\n    let a", " = x.as_ref().map(f);", ".map", " = x.as_ref()", "rs"),
        ("", "return func(p *Program) { p.run() }", ".run", "", "go"),
        ("x := ", "Point{a, b}", ", b", "", "go"),
        ("", "def total(self, other)", "(self", "", "py"),
        ("self.", "items[0].name", ".name", "items[0]", "py"),
    ],
)
def test_what_a_doubt_leaves_is_whole(before: str, text: str, doubt: str, left: str, suffix: str) -> None:
    assert shown(before, text, doubt, suffix) == left


def test_of_several_doubts_the_part_before_the_first_small_one_is_left() -> None:
    chances = [-0.01] * 5 + [-0.5] + [-0.01] * 8 + [-3.0] + [-0.01] * 4
    text = "first + second * th"
    spans = tuple(enumerate(chances, 1))
    answer = finish(site("x = "), ONE_LINE, KnownText(text, spans, 0, ended=True), GATE)
    assert answer.text == "first + second"
    strict = finish(site("x = "), ONE_LINE, KnownText(text, spans, 0, ended=True), Gate(PLAIN, 0.65))
    assert strict.text == "first"


def test_of_several_lines_the_sure_ones_are_shown() -> None:
    text = "a = first()\n    b = second()\n    c = third()\n"
    answer = finish(site("def f():\n    "), Shape(True, 12), doubted(text, text.index("third")), GATE)
    assert answer.text == "a = first()\n    b = second()"


def test_a_contradiction_is_not_shown_and_says_so() -> None:
    before = "const limit = 3;\n"
    sure = doubted("limit = 4;", 0, -0.001)
    assert finish(site(before, "ts"), ONE_LINE, sure, GATE).reason == "contradiction"
    assert finish(site(before.replace("const", "let"), "ts"), ONE_LINE, sure, GATE).shown


@pytest.mark.parametrize("model", FITTED["weights"])
@pytest.mark.parametrize("mode", ["eager", "balanced", "quiet"])
def test_what_begins_hopeless_is_not_shown_whole_however_it_goes_on(model: str, mode: str) -> None:
    gate = choose_gate(model, mode)
    here = site("    value = make_")
    for doubt in (-0.1, -0.4, -0.8, -1.5, -3.0):
        text = "it(first, second)"
        spans = ((2, doubt), *((end, -0.001) for end in range(3, len(text) + 1)))
        if gate.is_hopeless(here, text[:2], spans[:1]):
            assert not finish(here, ONE_LINE, KnownText(text, spans, 0, ended=True), gate).shown
    assert gate.is_hopeless(here, "it", ((2, -3.0),))
    assert not gate.is_hopeless(here, "it", ((2, -0.001),))
    assert finish(here, ONE_LINE, KnownText("it(x)", ((5, -0.001),), 0, ended=True), gate).shown


def test_the_modes_and_models_are_in_order() -> None:
    assert 0 == BARS["manual"] < BARS["eager"] < BARS["balanced"] < BARS["quiet"] < 1
    for weights in FITTED["weights"].values():
        assert weights["doubt"] < 0
        assert set(weights) == set(PLAIN)
