"""The engine with a model of one byte per token: what it answers without inference, cancels and warms up."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from fake_llama import SMALL_BUDGET, fake_model

from assist_completion.engine.engine import Engine
from assist_completion.engine.speculation import REST
from assist_completion.inference.worker import Worker
from assist_completion.settings import CompletionSettings
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context, TextNames
from assist_context.languages import language_of

ABOVE = "".join(f"    name_{n} = make_{n}(value_{n})\n" for n in range(120))
LINE = "    total = combine(name_1, name_2)\n"
NEXT = "    report(total, name_3)\n"
BELOW = "\n    finish_everything()\n"


class Driver:
    """An engine and its model, with the requests of a user who types in one document."""

    def __init__(self, engine: Engine, model) -> None:
        self.engine, self.model = engine, model

    @property
    def decodes(self) -> int:
        return len(self.model.llama.evaluated)

    def context(self, typed: str, path: str = "a.py") -> Context:
        return Context(path, language_of(path), ABOVE + typed, BELOW)

    async def ask(self, typed: str, **more) -> Suggestion:
        return await self.engine.complete(CompletionRequest(self.context(typed), **more))

    async def several(self, typed: str, **more) -> tuple[Suggestion, ...]:
        request = CompletionRequest(self.context(typed), manual=True, **more)
        return await self.engine.complete_several(request)

    async def read_whole(self) -> None:
        """Have the full head read, as a rest does."""
        self.engine.prewarm(self.context("    "), full=True)
        await self.settle()

    async def settle(self) -> None:
        """Wait until the worker has nothing to do and the event loop has handled the results."""
        for _ in range(2):  # what the event loop handles may begin work ahead
            while not self.engine._worker.idle():
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def driving(text: str = ABOVE + LINE + NEXT, pace: float = 0.0, **settings) -> AsyncIterator[Driver]:
    made = []

    def open_model(abort):
        model = fake_model(text, abort)
        model.llama.before_slice = lambda: time.sleep(pace)
        made.append(model)
        return model

    worker = Worker(open_model)
    worker.opened.result(60)
    engine = Engine(worker, CompletionSettings(**{"mode": "eager", **settings}), SMALL_BUDGET, "fake")
    engine.look_up_s = engine.others_s = 60.0  # nothing is late because the machine is busy
    yield Driver(engine, made[0])
    engine.close()
    assert made[0].llama.closed


async def test_the_first_answer_comes_from_the_model() -> None:
    async with driving() as d:
        answer = await d.ask("    tot")
    assert (answer.text, answer.source, answer.shown) == ("al = combine(name_1, name_2)", "model", True)
    assert answer.tokens.evaluated > 100
    assert answer.ms.total > 0


async def test_typing_along_an_answer_runs_no_model() -> None:
    async with driving() as d:
        await d.ask("    t")
        await d.settle()
        before = d.decodes
        for end in range(6, len(LINE) - 1):
            answer = await d.ask(LINE[:end])
            assert answer.text == LINE[end:-1]
            assert answer.source == "typed-through"
        assert d.decodes == before


async def test_typing_something_else_runs_the_model_again() -> None:
    async with driving() as d:
        await d.ask("    t")
        assert (await d.ask("    name_7 = make_7(va")).source == "model"


async def test_a_newer_request_takes_over_a_running_generation() -> None:
    async with driving(pace=0.005) as d:
        first = asyncio.create_task(d.ask("    t"))
        while not d.engine.is_writing or len(d.engine._pending.generation.text) < 2:
            await asyncio.sleep(0.005)
        first.cancel()
        answer = await d.ask("    to")
        await d.settle()
        assert answer.text == "tal = combine(name_1, name_2)"
        assert answer.source == "typed-through"


async def test_an_abandoned_request_stops_the_model() -> None:
    async with driving(pace=0.5) as d:
        first = asyncio.create_task(d.ask("    t"))
        while d.engine._worker.idle():
            await asyncio.sleep(0.005)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await d.settle()
        assert d.engine.counts["tokens-written"] < 10  # of 28, each of which takes half a second
        assert d.engine.counts["cancelled"] == 1


async def test_the_text_after_an_accepted_one_is_ready() -> None:
    async with driving() as d:
        answer = await d.ask("    t")
        d.engine.record_accepted(answer.id)
        await d.settle()
        before = d.decodes
        after = await d.ask(LINE + "    ")
        assert after.text == NEXT.strip()
        assert d.decodes == before


async def test_a_text_that_is_only_shown_is_not_continued() -> None:
    async with driving() as d:
        answer = await d.ask("    t")
        d.engine.record_shown(answer.id)
        await d.settle()
        d.engine.record_accepted(answer.id, ahead=False)
        await d.settle()
        assert d.engine.counts["tokens-continued"] == 0
        d.engine.record_accepted(answer.id)
        await d.settle()
        assert d.engine.counts["tokens-continued"] > 0


async def test_every_token_is_accounted_for() -> None:
    async with driving() as d:
        answer = await d.ask("    t")
        await d.settle()
        counts = d.engine.counts
        assert counts["tokens-read"] >= answer.tokens.evaluated
        assert counts["tokens-written"] == answer.tokens.generated
        assert counts["tokens-used"] == len(answer.text)
        for end in range(6, len(LINE) - 1):
            await d.ask(LINE[:end])
        assert counts["tokens-used"] == len(answer.text)
        assert counts["model-runs"] == 1


async def test_within_a_word_no_prompt_token_is_read_again() -> None:
    async with driving() as d:
        await d.ask("    z")
        await d.settle()
        read = d.engine.counts["tokens-read"]
        assert (await d.ask("    q")).source == "model"
        await d.settle()
        assert d.engine.counts["tokens-read"] - read <= 1


async def test_a_doubted_token_ends_the_line() -> None:
    async with driving(mode="quiet") as d:
        d.model.llama.sureness = 5.0  # a log-probability of about -1
        answer = await d.ask("    t")
        assert (answer.reason, answer.tokens.generated) == ("low-confidence", 1)
        assert (await d.ask("    t", manual=True)).text == LINE[5:-1]


async def test_nothing_is_speculated_when_it_is_off() -> None:
    async with driving(speculate=False) as d:
        answer = await d.ask("    t")
        await rest(d)
        before = d.decodes
        d.engine.record_accepted(answer.id)
        await d.settle()
        assert d.decodes == before


async def rest(d: Driver) -> None:
    """What a user does who types nothing until the place is read."""
    await asyncio.sleep(REST + 0.05)
    await d.settle()


async def test_a_user_who_rests_at_a_place_gets_a_text_from_its_full_head() -> None:
    async with driving() as d:
        first = await d.ask("    t")
        assert first.guess
        assert first.tokens.prompt < 700
        await rest(d)
        runs = d.engine.counts["model-runs"]
        later = await d.ask("    to")
        assert (later.text, later.guess) == (LINE[6:-1], False)
        assert d.engine.counts["model-runs"] == runs  # it was written ahead
        assert (await d.ask("    z")).tokens.prompt > 3000


async def test_a_guess_is_not_shown_again_once_the_place_is_read() -> None:
    async with driving() as d:
        assert (await d.ask("    t")).text == LINE[5:-1]
        d.model.llama.text = ABOVE + NEXT  # what more of the file tells
        d.model.llama.others = [(ABOVE + "    trade(name_7)\n", 14.5)]
        assert (await d.ask("    t")).text == LINE[5:-1]
        await rest(d)
        assert (await d.ask("    t")).text == "rade(name_7)"


async def test_an_editor_that_says_where_the_cursor_is_does_not_stop_the_reading_there() -> None:
    async with driving(pace=0.02) as d:
        await d.ask("    t")
        await asyncio.sleep(REST + 0.1)
        assert not d.engine._worker.idle()
        reading = d.engine.prewarm(d.context("    t"))
        assert reading is not None
        await asyncio.wrap_future(reading)
        await d.settle()
        assert not (await d.ask("    to")).guess


async def test_a_user_who_types_on_reads_no_full_head() -> None:
    async with driving() as d:
        await d.ask("    t")
        for end in range(6, 14):
            await d.ask(LINE[:end])
            await asyncio.sleep(REST / 4)
        assert d.engine.counts["tokens-warmed"] == 0


async def test_on_battery_a_full_head_is_read_after_three_answers() -> None:
    async with driving() as d:
        for typed in ("    t", "    y"):
            await d.ask(typed, ahead=False)
            await rest(d)
        assert d.engine.counts["tokens-warmed"] == 0
        await d.ask("    x", ahead=False)
        await rest(d)
        assert d.engine.counts["tokens-warmed"] > 3000


async def test_a_short_document_is_read_whole_at_once() -> None:
    async with driving() as d:
        d.engine.prewarm(d.context("    t"), full=True)
        await d.settle()
        assert (await d.ask("    z")).tokens.prompt > 3000


async def test_prewarming_makes_the_first_answer_warm() -> None:
    async with driving() as d:
        d.engine.prewarm(d.context("    t"))
        await d.settle()
        assert (await d.ask("    t")).tokens.evaluated <= 2


async def test_manual_mode_computes_only_on_demand() -> None:
    async with driving(mode="manual") as d:
        d.engine.prewarm(d.context("    t"))
        assert (await d.ask("    t")).reason == "manual-only"
        assert d.decodes == 0
        assert (await d.ask("    t", manual=True)).shown


async def test_in_a_comment_nothing_comes_unasked_if_the_user_does_not_want_it() -> None:
    async with driving(ABOVE + "    # the total\n") as d:
        assert (await d.ask("    # the", in_comments=False)).reason == "in-comment"
        assert d.decodes == 0
        assert (await d.ask("    # the")).shown
        assert (await d.ask("    # the", in_comments=False, manual=True)).shown
        assert (await d.ask("    t", in_comments=False)).reason != "in-comment"


async def test_a_very_long_line_is_data() -> None:
    async with driving() as d:
        assert (await d.ask("x" * 5000)).reason == "long-line"


async def test_many_requests_end_with_the_last_answer() -> None:
    async with driving(pace=0.002) as d:
        tasks = [asyncio.create_task(d.ask(LINE[: 5 + n % 20])) for n in range(200)]
        for task in tasks[::3]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        answers = [r for r in results if isinstance(r, Suggestion)]
        assert all(r.shown or r.reason for r in answers)
        await d.settle()
        assert (await d.ask(LINE[:9])).text == LINE[9:-1]


async def test_a_manual_request_gets_others_that_begin_in_other_ways() -> None:
    async with driving(ABOVE + "    total = combine(name_1)\n") as d:
        await d.read_whole()
        d.model.llama.others = [
            (ABOVE + "    result = other(name_2)\n", 13.0),
            (ABOVE + "    tally(name_3)\n", 13.5),
        ]
        first, *others = await d.several("    ")
        assert first.text == "total = combine(name_1)"
        assert [each.text for each in others] == ["tally(name_3)", "result = other(name_2)"]
        assert len({first.id, *(each.id for each in others)}) == 3
        assert all(each.shown and each.tokens.evaluated <= 1 for each in others)


async def without(unknown: str, names: TextNames) -> TextNames:
    """A workspace that does not have one name."""
    return TextNames(bare=names.bare & {unknown})


async def without_access(unknown: str, names: TextNames) -> TextNames:
    """A workspace in which no object has one member."""
    return TextNames(accesses=frozenset(one for one in names.accesses if one.member == unknown))


INVENTED = ABOVE + "    invented(name_1)\n"


async def test_a_request_by_hand_prefers_a_text_whose_names_exist() -> None:
    look_up = partial(without, "invented")
    async with driving(INVENTED) as d:
        await d.read_whole()
        d.model.llama.others = [(ABOVE + "    result = other(name_2)\n", 13.0)]
        answer = await d.ask("    ", manual=True, refute=look_up)
        assert (answer.text, answer.refuted) == ("result = other(name_2)", "")
        first, last = await d.several("    ", refute=look_up)
        assert first.text == "result = other(name_2)"
        assert (last.text, last.refuted) == ("invented(name_1)", "invented")


async def test_while_typing_a_text_that_begins_with_what_does_not_exist_is_not_shown() -> None:
    async with driving(INVENTED) as d:
        d.model.llama.others = [(ABOVE + "    result = other(name_2)\n", 13.0)]
        assert (await d.ask("    ", refute=partial(without, "invented"))).reason == "unknown-name"
        assert d.engine.counts["tokens-branched"] == 0


async def test_a_small_prompt_has_no_other_texts() -> None:
    async with driving(ABOVE + "    total = combine(name_1)\n") as d:
        d.model.llama.others = [(ABOVE + "    result = other(name_2)\n", 13.0)]
        assert [each.text for each in await d.several("    ")] == ["total = combine(name_1)"]
        await rest(d)
        assert len(await d.several("    ")) == 2


async def test_a_request_by_hand_ends_before_a_name_that_does_not_exist() -> None:
    async with driving(ABOVE + "    total = combine(name_1).name_77\n") as d:
        answer = await d.ask("    ", manual=True, refute=partial(without_access, "name_77"))
        assert (answer.text, answer.refuted) == ("total = combine(name_1)", "name_77")
        typed = await d.ask("    ", refute=partial(without_access, "name_77"))
        assert typed.text == "total = combine(name_1)"


async def test_who_asks_by_hand_gets_the_whole_text_if_nothing_whole_is_left() -> None:
    async with driving(ABOVE + "    total = combine(name_1, name_77)\n") as d:
        answer = await d.ask("    ", manual=True, refute=partial(without, "name_77"))
        assert (answer.text, answer.refuted) == ("total = combine(name_1, name_77)", "name_77")


async def test_other_texts_with_a_name_that_does_not_exist_are_left_out() -> None:
    async with driving(ABOVE + "    total = combine(name_1)\n") as d:
        await d.read_whole()
        d.model.llama.others = [(INVENTED, 13.5), (ABOVE + "    result = other(name_2)\n", 13.0)]
        shown = await d.several("    ", refute=partial(without, "invented"))
        assert [each.text for each in shown] == ["total = combine(name_1)", "result = other(name_2)"]


async def test_others_cost_no_token_of_the_prompt() -> None:
    async with driving(ABOVE + "    total = combine(name_1)\n") as d:
        await d.read_whole()
        d.model.llama.others = [(ABOVE + "    result = other(name_2)\n", 13.0)]
        await d.ask("    ", manual=True)
        await d.settle()
        read = d.engine.counts["tokens-read"]
        assert len(await d.several("    ")) == 2
        assert d.engine.counts["tokens-read"] == read
        assert d.engine.counts["tokens-branched"] == len("result = other(name_2)\n")


async def test_others_leave_the_typing_path_as_it_was() -> None:
    async with driving(ABOVE + "    total = combine(name_1)\n") as d:
        await d.read_whole()
        d.model.llama.others = [(ABOVE + "    result = other(name_2)\n", 13.0)]
        await d.several("    ")
        await d.settle()
        before = d.decodes
        assert (await d.ask("    to")).source == "typed-through"
        assert d.decodes == before
        assert (await d.ask("    q")).tokens.evaluated <= 2


async def test_what_repeats_or_prolongs_another_is_left_out() -> None:
    async with driving(ABOVE + "    total = combine(name_1)\n") as d:
        d.model.llama.others = [(ABOVE + "    total\n", 8.9), (ABOVE + "    ))\n", 13.5)]
        assert [each.text for each in await d.several("    ")] == ["total = combine(name_1)"]


async def test_an_unlikely_beginning_is_not_tried() -> None:
    async with driving(ABOVE + "    total = combine(name_1)\n") as d:
        d.model.llama.others = [(ABOVE + "    result = other(name_2)\n", 5.0)]  # 2 % as likely as the first
        assert len(await d.several("    ")) == 1


async def test_slow_others_are_not_waited_for() -> None:
    async with driving(ABOVE + "    total = combine(name_1)\n") as d:
        d.model.llama.others = [(ABOVE + "    result = other(name_2)\n", 13.0)]
        await d.ask("    ", manual=True)
        may_go_on = threading.Event()
        d.model.llama.before_slice = may_go_on.wait
        assert len(await d.several("    ")) == 1
        may_go_on.set()
        await d.settle()
        assert d.engine._worker.idle()


async def test_a_request_goes_before_others() -> None:
    async with driving(ABOVE + LINE) as d:
        d.model.llama.others = [(ABOVE + "    result = other(name_2)\n", 13.0)]
        await d.ask("    ", manual=True)
        d.model.llama.before_slice = lambda: time.sleep(0.02)
        slow = asyncio.create_task(d.several("    "))
        await asyncio.sleep(0.05)
        d.model.llama.before_slice = lambda: None
        assert (await d.ask("    name_7 = ", manual=True)).source == "model"
        assert [each.text for each in await slow][:1] == [LINE.strip()]


async def test_an_accepted_other_is_continued_where_it_ended() -> None:
    chosen = "    result = other(name_2)\n    deliver(result)\n"
    async with driving(ABOVE + LINE + NEXT) as d:
        await d.read_whole()
        d.model.llama.others = [(ABOVE + chosen, 13.0)]
        _, other = await d.several("    ")
        d.engine.record_accepted(other.id)
        await d.settle()
        before = d.decodes
        after = await d.ask(chosen[: -len("deliver(result)\n")])
        assert (after.text, d.decodes) == ("deliver(result)", before)


async def test_the_first_is_continued_where_it_ended_though_others_were_written() -> None:
    async with driving() as d:
        await d.read_whole()
        d.model.llama.others = [(ABOVE + "    tally(name_3)\n", 13.0)]
        first, _ = await d.several("    t", max_lines=1)
        d.engine.record_accepted(first.id)
        await d.settle()
        before = d.decodes
        after = await d.ask(LINE + "    ")
        assert (after.text, d.decodes) == (NEXT.strip(), before)
