"""Leaks of special tokens are dropped, unless the file is about them."""

from assist_completion.display.line_policy import ONE_LINE
from assist_completion.display.postprocess import finish
from assist_completion.display.suggestion_cache import KnownText
from assist_completion.suggestion import CompletionRequest
from assist_context.documents import Context
from assist_context.languages import language_of

LEAK = KnownText('"<|fim_middle|>"', ((16, -0.1),), 0, ended=True)


def context(before: str) -> CompletionRequest:
    return CompletionRequest(Context("a.py", language_of("a.py"), before, "\n"))


def test_a_spelled_special_token_is_dropped() -> None:
    answer = finish(context("x = "), ONE_LINE, LEAK, "eager")
    assert (answer.text, answer.reason) == ("", "special-token")


def test_a_file_about_special_tokens_may_hold_one_more() -> None:
    answer = finish(context('A = "<|fim_middle|>"\nx = '), ONE_LINE, LEAK, "eager")
    assert answer.shown


def test_an_unsure_text_is_held_back_but_not_from_who_asked() -> None:
    unsure = KnownText("foo(bar)", ((8, -4.0),), 0, ended=True)
    held = finish(context("x = "), ONE_LINE, unsure, "balanced")
    assert (held.text, held.candidate, held.reason) == ("", "foo(bar)", "low-confidence")
    asked = CompletionRequest(context("x = ").context, manual=True)
    assert finish(asked, ONE_LINE, unsure, "balanced").text == "foo(bar)"
