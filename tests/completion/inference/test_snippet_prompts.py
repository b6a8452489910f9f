"""Prompts with snippets of other files: what they cost, and that no request waits for them."""

from dataclasses import replace

import pytest
from fake_llama import fake_model
from generations import LINES, TARGET, ask, at

from assist_completion.inference.generation import warm
from assist_context.documents import Snippet

OTHER = Snippet("b.txt", 1, 40, "other = 1\n" * 40, "definition", 0.05)
MORE = Snippet("c.txt", 1, 40, "more = 1\n" * 40, "definition", 0.04)


@pytest.fixture
def model():
    return fake_model("".join(LINES[:150]) + TARGET + "".join(LINES[150:]))


def test_a_request_takes_the_prompt_that_is_ready_without_newer_snippets(model) -> None:
    warm(model, at("    t"), full=True)
    later = ask(model, at("    to", snippets=(OTHER,)))
    assert later.cached_prompt.plan.snippets == ()
    assert later.tokens.evaluated <= 2


def test_once_the_new_snippets_are_read_requests_get_them(model) -> None:
    warm(model, at("    t"), full=True)
    warm(model, at("    t", snippets=(OTHER,)), full=True)
    later = ask(model, at("    to", snippets=(OTHER,)))
    assert later.cached_prompt.plan.snippets == (OTHER,)
    assert later.tokens.evaluated <= 2


def test_a_pack_that_grew_at_its_end_is_not_read_from_its_beginning(model) -> None:
    warm(model, at("    t", snippets=(OTHER,)), full=True)
    before = model.prefix_cache.computed
    warm(model, at("    t", snippets=(OTHER, MORE)), full=True)
    prompt, _ = model.prefix_cache.find(at("    t", snippets=(OTHER, MORE)))
    assert len(prompt.tokens) - (model.prefix_cache.computed - before) >= len(OTHER.text)


def test_a_request_at_a_cold_place_does_not_wait_for_other_files(model) -> None:
    cold = ask(model, at("    t", snippets=(OTHER,)))
    assert cold.cached_prompt.plan.snippets == ()
    assert not cold.cached_prompt.full


def test_snippets_take_their_tokens_from_the_head(model) -> None:
    long = replace(OTHER, text=OTHER.text * 4)
    warm(model, at("    t"), full=True)
    warm(model, at("    t", snippets=(long,)), full=True)
    heads = {prompt.plan.snippets: prompt.plan.head for prompt in model.prefix_cache._prompts}
    assert len(heads[()]) - len(heads[(long,)]) >= len(long.text) // 2


def test_a_small_budget_holds_small_snippets(model) -> None:
    tight = replace(model, budget=replace(model.budget, snippets=10))
    warm(tight, at("    t", snippets=(OTHER,)), full=True)
    assert ask(tight, at("    to", snippets=(OTHER,))).text.startswith("tal")
