"""Answers of a model with one byte per token: how they are read, interrupted, cancelled, refused and closed."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace

import pytest
from fake_answering_model import FakeAnsweringLlama, TwoModels, open_two_models

from assist_completion.engine.answer_stream import Answerer, AnsweringFacts, AnswerStream
from assist_completion.errors import CompletionError, ModelError, TooLongError
from assist_completion.inference.answer_generation import AnsweringModel, AnswerOnly, no_answering_model
from assist_completion.inference.conversation import Conversation, Turn, count_margins
from assist_completion.inference.llama import Aborted
from assist_completion.inference.worker import Job, Lane, Worker

SCRIPT = "It adds two numbers; for text it joins them."
QUESTION = Conversation("Be brief.", "What does this do?\n" + "def add(a, b):\n    return a + b\n" * 8, 200)


async def read(stream: AnswerStream) -> str:
    return "".join([piece async for piece in stream])


def interrupt(d: TwoModels, at: int, log: list[str]) -> None:
    """Submit a request for ghost text while the answering model runs its decode number `at`."""
    slices = []

    def before_slice() -> None:
        slices.append(1)
        if len(slices) == at:
            log.append("answering")
            d.worker.submit(Job(Lane.VISIBLE, lambda _: log.append("ghost text")))
        elif len(slices) == at + 1:
            log.append("answering again")

    d.before_slice = before_slice


def hold(d: TwoModels, written: int, slices: int = 1) -> asyncio.Event:
    """Block the model in a decode after `written` tokens. The returned event is set when it is blocked.

    It continues when it is aborted, or when `before_slice` is replaced.
    """
    there, loop, seen = asyncio.Event(), asyncio.get_running_loop(), []

    def before_slice() -> None:
        seen.append(1)
        if len(seen) >= slices and d.answering_llama.written() >= written:
            loop.call_soon_threadsafe(there.set)
            while d.before_slice is before_slice and not d.answering_llama.abort.is_set():
                time.sleep(0.001)

    d.before_slice = before_slice
    return there


async def test_an_answer_comes_in_pieces_and_is_accounted_for() -> None:
    async with open_two_models(SCRIPT) as d:
        stream = d.answers.answer(QUESTION)
        pieces = [piece async for piece in stream]
        answered = stream.result
    assert "".join(pieces) == answered.text == SCRIPT
    assert answered.ended == "stop"
    assert answered.tokens.generated == len(SCRIPT)
    assert answered.tokens.evaluated == answered.tokens.prompt > len(QUESTION.user)
    assert answered.ms.first >= answered.ms.prefill > 0
    assert answered.margins.mean == answered.margins.least == answered.margins.worst8 == 13.0


async def test_a_follow_up_reads_only_what_is_new() -> None:
    async with open_two_models(SCRIPT) as d:
        await read(d.answers.answer(QUESTION))
        history = (Turn("user", QUESTION.user), Turn("assistant", SCRIPT))
        stream = d.answers.answer(Conversation(QUESTION.system, "Why?", 100, history))
        await read(stream)
    assert stream.result.tokens.prompt > 300
    assert stream.result.tokens.evaluated == len("]\n[user\nWhy?]\n[assistant\n")


CODE = "def add(a, b):\n    return a + b\n" * 3
FENCED = f"```python\n{CODE}```\nThis is better."


@pytest.mark.parametrize("draft", ["", CODE, CODE.replace("a + b", "a - b"), "x" * 50])
async def test_a_draft_changes_no_word_of_an_answer(draft: str) -> None:
    asked = Conversation("", "Change it.", 300, beginning="```python\n", ending="```", draft=draft)
    async with open_two_models(FENCED) as d:
        stream = d.answers.answer(asked)
        text = await read(stream)
        calls = len(d.answering_llama.evaluated)
    assert text == f"```python\n{CODE}```\n"
    assert stream.result.ended == "stop"
    assert stream.result.tokens.generated == len(CODE) + 4
    assert calls < 20 if draft == CODE else calls > 20


@pytest.mark.parametrize("at", range(1, 9))
async def test_an_answer_with_a_draft_goes_on_where_it_was_interrupted(at: int) -> None:
    asked = Conversation("", "Change it.", 300, beginning="```python\n", ending="```", draft=CODE)
    log: list[str] = []
    async with open_two_models(FENCED) as d:
        interrupt(d, at, log)
        assert await read(d.answers.answer(asked)) == f"```python\n{CODE}```\n"
    assert log[:3] == ["answering", "ghost text", "answering again"]


async def test_the_length_of_an_answer_is_kept_with_a_draft() -> None:
    asked = Conversation("", "Change it.", 40, beginning="```python\n", ending="```", draft=CODE)
    async with open_two_models(FENCED) as d:
        stream = d.answers.answer(asked)
        assert await read(stream) == f"```python\n{CODE[:40]}"
    assert (stream.result.ended, stream.result.tokens.generated) == ("length", 40)


async def test_what_was_weighed_is_not_read_again() -> None:
    asked = Conversation("Be brief.", f"See:\n{CODE}\nWhat is wrong?", 100)
    async with open_two_models(SCRIPT) as d:
        found = await d.answers.weigh(asked, CODE)
        stream = d.answers.answer(asked)
        assert await read(stream) == SCRIPT
    assert {doubt.line for doubt in found} <= set(range(CODE.count("\n")))
    assert stream.result.tokens.evaluated == len("\nWhat is wrong?]\n[assistant\n")


async def test_a_text_that_is_not_in_the_question_is_not_weighed() -> None:
    async with open_two_models(SCRIPT) as d:
        assert await d.answers.weigh(QUESTION, "nowhere") == ()


@pytest.mark.parametrize("at", [1, 2, 6, 7, 20, len(SCRIPT) + 2])
async def test_ghost_text_comes_through_and_nothing_is_computed_twice(at: int) -> None:
    log: list[str] = []
    async with open_two_models(SCRIPT) as d:
        interrupt(d, at, log)
        stream = d.answers.answer(QUESTION)
        assert await read(stream) == SCRIPT
        computed = sum(d.answering_llama.evaluated)
    assert log == ["answering", "ghost text", "answering again"]
    tokens = stream.result.tokens
    assert tokens.prompt <= tokens.evaluated <= tokens.prompt + 1
    assert computed <= tokens.prompt + tokens.generated
    assert tokens.generated == len(SCRIPT)


async def test_an_interrupted_answer_goes_on_before_the_next_begins() -> None:
    log: list[str] = []
    async with open_two_models(SCRIPT) as d:
        interrupt(d, 9, log)
        first, second = d.answers.answer(QUESTION), d.answers.answer(Conversation("", "Another?", 100))
        ends = [(await read(second), first.result.ended), (await read(first), second.result.ended)]
    assert ends == [(SCRIPT, "stop")] * 2
    assert first.result.tokens.evaluated <= first.result.tokens.prompt + 1
    assert "ghost text" in log


async def test_a_closed_answer_stops_and_leaves_a_usable_sequence() -> None:
    async with open_two_models(SCRIPT) as d:
        there = hold(d, 3)
        async with aclosing(d.answers.answer(QUESTION)) as stream:
            await there.wait()
        assert (stream.result.text, stream.result.ended) == (SCRIPT[:4], "cancelled")
        d.before_slice = lambda: None
        again = d.answers.answer(QUESTION)
        assert await read(again) == SCRIPT
        assert again.result.tokens.evaluated == 1


async def test_an_answer_closed_while_it_reads_leaves_what_was_read() -> None:
    async with open_two_models(SCRIPT) as d:
        there = hold(d, 0, slices=3)
        async with aclosing(d.answers.answer(QUESTION)) as stream:
            await there.wait()
        assert stream.result.tokens.evaluated == 128
        d.before_slice = lambda: None
        again = d.answers.answer(QUESTION)
        assert await read(again) == SCRIPT
        assert again.result.tokens.evaluated == again.result.tokens.prompt - 128


async def test_a_cancelled_reader_stops_the_model() -> None:
    async with open_two_models(SCRIPT) as d:
        there = hold(d, 3)
        stream = d.answers.answer(QUESTION)
        reader = asyncio.create_task(read(stream))
        await there.wait()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await stream.aclose()
        assert (stream.result.text, stream.result.ended) == (SCRIPT[:4], "cancelled")


async def test_an_answer_cancelled_before_its_turn_computes_nothing() -> None:
    async with open_two_models(SCRIPT) as d:
        there = hold(d, 0)
        first = d.answers.answer(QUESTION)
        await there.wait()
        async with aclosing(d.answers.answer(Conversation("", "Another?", 100))) as second:
            d.before_slice = lambda: None
        assert (second.result.ended, second.result.tokens.prompt) == ("cancelled", 0)
        assert await read(first) == SCRIPT


async def test_a_question_that_is_too_long_says_by_how_much() -> None:
    async with open_two_models(SCRIPT, window=400) as d:
        long = Conversation("", "?" * 900, 100)
        with pytest.raises(TooLongError, match=r"700|[0-9]+ more than the 400") as caught:
            await read(d.answers.answer(long))
        excess = caught.value.excess
        assert excess > 600
        fits = Conversation("", "?" * (900 - excess), 100)
        assert await read(d.answers.answer(fits)) == SCRIPT
        with pytest.raises(TooLongError, match="1 more than"):
            await read(d.answers.answer(Conversation("", "?" * (901 - excess), 100)))


async def test_the_length_is_bounded_and_reported() -> None:
    async with open_two_models(SCRIPT) as d:
        stream = d.answers.answer(Conversation("", "?", 7))
        assert await read(stream) == SCRIPT[:7]
        assert (stream.result.ended, stream.result.tokens.generated) == ("length", 7)


async def test_an_answer_that_repeats_itself_is_ended() -> None:
    async with open_two_models("Well: " + "and so on " * 100) as d:
        stream = d.answers.answer(Conversation("", "?", 900))
        text = await read(stream)
    assert stream.result.ended == "loop"
    assert text.startswith("Well: and so on and so on ")
    assert len(text) < 100


async def test_characters_of_several_tokens_come_whole() -> None:
    async with open_two_models("größer ≥ 1 🙂") as d:
        stream = d.answers.answer(Conversation("", "ä?", 100))
        pieces = [piece async for piece in stream]
    assert "".join(pieces) == stream.result.text == "größer ≥ 1 🙂"
    assert not any("\ufffd" in piece for piece in pieces)


async def test_the_model_is_closed_when_idle_and_opened_again() -> None:
    async with open_two_models(SCRIPT, idle_s=0.0) as d:
        for opened in (1, 2):
            assert await read(d.answers.answer(QUESTION)) == SCRIPT
            while not d.answering_llama.closed:
                await asyncio.sleep(0.001)
            assert len(d.answering_llamas) == opened
            assert d.model.answering_model.sequence is None
        assert not d.model.llama.closed


async def test_counting_is_exact_while_the_model_is_open() -> None:
    async with open_two_models(SCRIPT) as d:
        assert d.answers.count("nothing") == 2  # an estimate: at most four letters per token
        await read(d.answers.answer(QUESTION))
        assert d.answers.count("nothing") == 7  # one byte per token
        d.answers.close()
        assert d.answers.count("nothing") == 2


async def test_closing_ends_running_answers() -> None:
    async with open_two_models(SCRIPT) as d:
        there = hold(d, 3)
        streams = [d.answers.answer(Conversation("", question)) for question in ("a", "b")]
        await there.wait()
        d.answers.close()
        for stream in streams:
            await read(stream)
            assert stream.result.ended == "cancelled"
        d.worker.close()
        after = d.answers.answer(QUESTION)
        assert (await read(after), after.result.ended) == ("", "cancelled")


async def test_an_answerer_closes_a_worker_that_it_owns() -> None:
    made: list[FakeAnsweringLlama] = []

    def open_llama() -> FakeAnsweringLlama:
        made.append(FakeAnsweringLlama(SCRIPT))
        return made[0]

    answers = Answerer(
        Worker(lambda _: AnswerOnly(AnsweringModel(open_llama))), AnsweringFacts("fake", 2000), is_owner=True
    )
    answers.load(5)
    assert answers.count("exact") == 5
    assert await read(answers.answer(QUESTION)) == SCRIPT
    answers.close()
    assert made[0].closed


async def test_without_a_model_the_error_says_so() -> None:
    answers = Answerer(
        Worker(lambda _: AnswerOnly(AnsweringModel(no_answering_model))),
        AnsweringFacts("none", 1),
        is_owner=True,
    )
    with pytest.raises(ModelError, match="name one"):
        await read(answers.answer(QUESTION))
    with pytest.raises(ModelError, match="name one"):
        answers.load(5)
    answers.close()


async def test_a_failure_of_the_model_reaches_the_stream_and_not_the_thread() -> None:
    async with open_two_models(SCRIPT) as d:

        def broken() -> None:
            raise RuntimeError("boom")

        d.before_slice = broken
        stream = d.answers.answer(QUESTION)
        with pytest.raises(CompletionError, match="RuntimeError"):
            await read(stream)
        d.before_slice = lambda: None
        assert await read(d.answers.answer(QUESTION)) == SCRIPT


async def test_a_result_is_not_there_before_the_end() -> None:
    async with open_two_models(SCRIPT) as d:
        stream = d.answers.answer(QUESTION)
        with pytest.raises(CompletionError, match="not ended"):
            _ = stream.result
        await read(stream)


async def test_loading_that_is_interrupted_begins_again() -> None:
    tries: list[str] = []

    def open_llama() -> FakeAnsweringLlama:
        tries.append("load")
        if len(tries) == 1:
            raise Aborted
        return FakeAnsweringLlama(SCRIPT)

    answers = Answerer(
        Worker(lambda _: AnswerOnly(AnsweringModel(open_llama))), AnsweringFacts("fake", 2000), is_owner=True
    )
    assert await read(answers.answer(QUESTION)) == SCRIPT
    assert len(tries) == 2
    answers.close()


def test_the_worst_margins_are_the_eight_smallest() -> None:
    margins = count_margins([9.0] * 5 + [1.0] * 7 + [0.5] + [9.0] * 5)
    assert (margins.least, margins.worst8) == (0.5, (7 + 0.5) / 8)
    assert count_margins([]).mean == 0.0


@pytest.mark.parametrize(("most", "text"), [(0, "It adds. It is fast. Use it."), (1, "It adds. ")])
async def test_an_answer_ends_once_it_has_its_sentences(most: int, text: str) -> None:
    async with open_two_models("It adds. It is fast. Use it.") as d:
        stream = d.answers.answer(replace(QUESTION, sentences=most))
        assert await read(stream) == text
    assert stream.result.ended == "stop"
