"""Cached prompts and generation with a model of one byte per token: nothing is computed twice."""

from dataclasses import replace

import pytest
from fake_llama import SEP, SMALL_BUDGET, fake_model
from generations import LINES, TARGET, TEXT, ask, at

from assist_completion.inference.generation import Generation, extend, generate, warm
from assist_completion.inference.llama import Abort, Aborted
from assist_completion.prompt.layout import Extent
from assist_context.documents import Context, Snippet
from assist_context.languages import PLAIN


@pytest.fixture
def model():
    return fake_model("".join(LINES[:150]) + TARGET + "".join(LINES[150:]))


def test_the_rest_of_the_line_is_found_and_healed(model) -> None:
    gen = ask(model, at("    tot"))
    assert gen.text == "al = item_1 + item_2\n"
    assert not gen.cached_prompt.full
    assert len(gen.spans) == gen.tokens.generated == len(gen.text)


def test_each_key_costs_one_or_two_tokens(model) -> None:
    ask(model, at("    t"))
    line = TARGET[:40]
    for end in range(6, len(line)):
        assert ask(model, at(line[:end])).tokens.evaluated <= 2, line[:end]


def test_a_wrong_guess_is_cut_off_and_not_computed_again(model) -> None:
    ask(model, at("    t"))
    assert ask(model, at("    other")).tokens.evaluated <= 6


def test_a_full_head_is_warmed_up_after_a_small_one(model) -> None:
    first = ask(model, at("    t"))
    assert first.tokens.prompt < 700
    warm(model, first.context, full=True)
    later = ask(model, at("    to"))
    assert later.cached_prompt.full
    assert later.tokens.prompt > 3000
    assert later.tokens.evaluated <= 2


def test_coming_back_costs_nothing(model) -> None:
    warm(model, at("    t"), full=True)
    ask(model, at("    t"))
    warm(model, at("x", 60), full=True)
    ask(model, at("x", 60))
    warm(model, at("y", 280), full=True)
    ask(model, at("y", 280))
    assert ask(model, at("    to")).tokens.evaluated <= 2


def test_nearby_places_share_their_heads(model) -> None:
    warm(model, at("    t"), full=True)
    ask(model, at("    t"))
    for row in (146, 151):
        near = ask(model, at("    x", row))
        assert near.tokens.prompt > 3000
        assert near.tokens.evaluated < 1000, row


def test_without_memory_for_snapshots_it_is_computed_again() -> None:
    model = fake_model(TEXT, memory=0)
    ask(model, at("    t"))
    ask(model, at("x", 60))
    ask(model, at("y", 280))
    assert ask(model, at("    t")).tokens.evaluated > 100


def test_an_abort_leaves_a_correct_shorter_prompt() -> None:
    abort = Abort()
    model = fake_model(TEXT, abort)
    slices = []

    def before_slice() -> None:
        slices.append(1)
        if len(slices) == 3:
            abort.set()

    model.llama.before_slice = before_slice
    gen = Generation(at("    i", 150), lambda text: "\n" in text, 80)
    with pytest.raises(Aborted):
        generate(model, gen)
    abort.clear()
    again = ask(model, at("    i", 150))
    assert again.text.startswith("tem_")
    assert again.tokens.evaluated < again.tokens.prompt - 100


def test_an_extended_generation_goes_on_where_it_stopped(model) -> None:
    gen = ask(model, at("    tot"))
    extend(model, gen, lambda text: text.count("\n") >= 2, 80)
    assert gen.text == TARGET[len("    tot") :]


def test_nothing_is_extended_from_another_place(model) -> None:
    gen = ask(model, at("    tot"))
    ask(model, at("x", 60))
    before = gen.text
    extend(model, gen, lambda _: False, 80)
    assert gen.text == before


def test_the_models_own_end_is_an_end() -> None:
    model = fake_model("nothing like it")
    gen = ask(model, at("    tot"))
    assert gen.ended
    assert gen.text == ""


def test_snippets_are_in_full_prompts_and_not_in_small_ones(model) -> None:
    snippets = (Snippet("b.txt", 1, 1, "known", "recent-edit"),)
    cold = ask(model, at("    t", snippets=snippets))
    assert SEP not in cold.cached_prompt.fixed
    warm(model, cold.context, full=True)
    assert SEP in ask(model, at("    to", snippets=snippets)).cached_prompt.fixed


def test_dense_text_shrinks_the_window_and_stays_within_the_context() -> None:
    model = fake_model("x" * 100)
    model = replace(model, budget=replace(model.budget, context=1200))
    dense = Context("a.txt", PLAIN, "é" * 30 + "\n" + "".join(f"{'ä' * 40}\n" for _ in range(100)), "\n")
    gen = ask(model, dense)
    assert gen.tokens.prompt < 1200


def test_the_tokens_that_a_user_asks_for_are_counted() -> None:
    extent = Extent(head=600, suffix=100, lines_after=40, snapped=False)
    for exact, least, most in ((True, 650, 700), (False, 1_900, 2_050)):  # here a character is a token
        model = fake_model(TEXT, budget=replace(SMALL_BUDGET, small=extent, full=extent, exact=exact))
        found = ask(model, at("    x"))
        assert not found.is_guess
        assert least <= len(found.cached_prompt.plan.head) + 100 <= most
