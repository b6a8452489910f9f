"""From raw text to a suggestion: leaks of special tokens, and texts that the model doubts."""

from assist_completion.display import show_gate
from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.line_policy import ONE_LINE
from assist_completion.display.show_gate import finish
from assist_completion.display.suggestion_cache import KnownText
from assist_context.languages import language_of

LEAK = KnownText('"<|fim_middle|>"', ((16, -0.1),), 0, ended=True)


EAGER = show_gate.limit("eager", manual=False)


def site(before: str) -> CursorSite:
    return CursorSite(before, "\n", language_of("a.py"))


def test_a_spelled_special_token_is_dropped() -> None:
    answer = finish(site("x = "), ONE_LINE, LEAK, EAGER)
    assert (answer.text, answer.reason) == ("", "special-token")


def test_a_file_about_special_tokens_may_hold_one_more() -> None:
    answer = finish(site('A = "<|fim_middle|>"\nx = '), ONE_LINE, LEAK, EAGER)
    assert answer.shown


def test_an_unsure_text_is_shown_only_on_a_manual_request() -> None:
    unsure = KnownText("foo(bar)", ((8, -4.0),), 0, ended=True)
    held = finish(site("x = "), ONE_LINE, unsure, show_gate.limit("balanced", manual=False))
    assert (held.text, held.candidate, held.reason) == ("", "foo(bar)", "low-confidence")
    by_hand = show_gate.limit("balanced", manual=True)
    assert finish(site("x = "), ONE_LINE, unsure, by_hand).text == "foo(bar)"
