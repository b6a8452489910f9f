"""Replay's own parts, and the engine's token counts on a virtual clock, which CI checks for regressions.

The checks use counts, never times: the clock is virtual, and so is the model's speed. The files come from the
standard library of the running Python, so the bounds are shares, not totals.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bench.provenance import write
from bench.typing.figures import medians, trace_figures
from bench.typing.policy import DocumentEdit, DocumentView, PolicyAnswer, Totals
from bench.typing.report import ReplayReport
from bench.typing.screen import ReplayLog, Screen, TimedRequest, waits
from bench.typing.typist import JUMPING, STYLES, TYPING, Progress, Trace, make_trace, sources
from bench.typing.virtual import DEVICE, SPEED, VirtualClock, run_virtually
from replay import full_text, play_virtually, traces

WORDS = "".join(f"def name_{n}(value):\n    return value + {n} * 3\n\n\n" for n in range(150))


class Knowing:
    """Answers after a delay with the continuation of a text that it knows."""

    name = "knowing"

    def __init__(self, text: str, delay: float = 0.05) -> None:
        self.text = text
        self.delay = delay
        self.edits: list[DocumentEdit] = []
        self.document = ""

    async def open(self, view: DocumentView) -> None:
        self.document = view.before + view.after

    def on_change(self, view: DocumentView, edit: DocumentEdit) -> None:
        self.edits.append(edit)
        lines = self.document.split("\n")
        offset = [
            sum(len(each) + 1 for each in lines[:line]) + column for line, column in (edit.start, edit.end)
        ]
        self.document = self.document[: offset[0]] + edit.text + self.document[offset[1] :]
        assert self.document == view.before + view.after

    def on_move(self, view: DocumentView) -> None:
        pass

    async def ask(self, view: DocumentView) -> PolicyAnswer:
        await asyncio.sleep(self.delay)
        at = self.text.find(view.before[-60:])
        rest = self.text[at + len(view.before[-60:]) :] if at >= 0 else ""
        return PolicyAnswer(rest.partition("\n")[0])

    def on_show(self, view: DocumentView, answer: PolicyAnswer) -> None:
        pass

    def on_accept(self, view: DocumentView, answer: PolicyAnswer) -> None:
        pass

    async def read(self) -> int:
        return 0

    async def totals(self) -> Totals:
        return Totals()

    async def close(self) -> None:
        pass


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "words.py"
    path.write_text(WORDS)
    return path


SHORT = replace(TYPING, lines=2, least=4, file_lines=(100, 3000))


def play(trace: Trace, policy: Knowing) -> ReplayLog:
    async def make() -> ReplayLog:
        return await Screen(policy, trace).play()

    return run_virtually(lambda _: make())


def test_a_trace_is_the_same_for_the_same_seed(file: Path) -> None:
    assert make_trace(file, SHORT, 1) == make_trace(file, SHORT, 1)
    assert make_trace(file, SHORT, 1) != make_trace(file, SHORT, 2)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_shown_and_taken_the_file_is_whole_at_the_end(file: Path, seed: int) -> None:
    for delay in (0.001, 0.05, 3.0):
        log = play(make_trace(file, SHORT, seed), Knowing(WORDS, delay))
        assert log.final == WORDS


def test_traces_of_the_standard_library_restore_their_files() -> None:
    for style in STYLES.values():
        path = sources(None, style)[0]
        text = "\n".join(path.read_text(encoding="utf-8").split("\n")[: style.file_lines[1]])
        plain = "\n".join(line.rstrip() for line in text.split("\n"))
        assert play(make_trace(path, style, 1), Knowing("")).final in {text, plain}


def test_a_policy_that_knows_keeps_nearly_everything(file: Path) -> None:
    logs = [play(make_trace(file, SHORT, seed), Knowing(WORDS, 0.001)) for seed in range(6)]
    assert all(log.kept >= 0.8 * log.wanted for log in logs)
    assert all(log.flicker == 0 for log in logs)
    assert sum(log.accepted for log in logs) > 0


def test_a_slow_policy_answers_only_at_pauses(file: Path) -> None:
    trace = make_trace(file, SHORT, 1)
    fast, slow = play(trace, Knowing(WORDS, 0.01)), play(trace, Knowing(WORDS, 0.6))
    answered = [sum(a.answered is not None for a in log.asked) for log in (fast, slow)]
    assert answered[1] < answered[0] / 2
    assert slow.kept < fast.kept


def test_a_key_waits_for_the_first_answer_to_it_or_a_later_one() -> None:
    log = ReplayLog("p", "t")
    log.asked = [
        TimedRequest(0, True, until=9),
        TimedRequest(1, False, answered=1.5, answer=PolicyAnswer(), until=9),
        TimedRequest(2, False, answered=2.5, answer=PolicyAnswer("text"), until=9),
        TimedRequest(3, False, until=9),
        TimedRequest(9, True, until=20),
    ]
    assert waits(log) == [1.5, 0.5, 0.5, 6, 11]
    assert waits(log, text=True) == [2.5, 1.5, 0.5, 6, 11]


def test_results_of_an_earlier_run_are_kept(tmp_path: Path) -> None:
    report = ReplayReport()
    path = tmp_path / "replay.json"
    log = ReplayLog(
        "assist", "typing-1-a", asked=[TimedRequest(0, True, answered=0.1, answer=PolicyAnswer("x"), until=1)]
    )
    report.add(log, Trace("typing-1-a", "a.py", "", ()))
    write(path, {"commit": "one"}, report.body())
    later = ReplayReport()
    later.load(path)
    later.add(replace(log, trace="typing-2-b"), Trace("typing-2-b", "b.py", "", ()))
    assert later.medians()["typing"]["assist"]["traces"] == 2
    assert later.body()["earlier"] == [{"commit": "one"}]


def test_progress_sees_what_is_right() -> None:
    typed = Progress("return value", at=3)
    assert typed.see("urn val")
    assert not typed.see("urn nothing")
    assert typed.kept == set(range(3, 10))
    typed.wrong = "x"
    assert not typed.see("urn")


def test_the_virtual_clock_jumps() -> None:
    async def wait(clock: VirtualClock) -> float:
        await asyncio.sleep(3600)
        return clock.now

    assert run_virtually(wait) == pytest.approx(3600)


@pytest.fixture(scope="module")
def typing_rows(model_path: Path) -> list[dict]:
    return [
        trace_figures(play_virtually(t, model_path, full_text(t, None)))
        for t in traces("typing", [1, 2, 3], None)
    ]


@pytest.mark.model
def test_typing_costs_few_tokens(typing_rows: list[dict]) -> None:
    """The pretended model is wrong on 35 % of the lines; for the real one see benchmarks/results."""
    figures = medians(typing_rows)
    assert figures["without inference"] >= 0.8
    assert figures["tokens evaluated"] <= 10 * figures["requests"]
    assert figures["tokens generated"] <= 0.8 * figures["requests"]
    assert figures["tokens never used"] <= 0.35
    assert figures["kept"] >= 0.65 * figures["of"]


@pytest.mark.model
def test_a_device_that_stops_between_slices_only_costs_few_tokens_too(model_path: Path) -> None:
    """It reads a larger place, since it is faster, so it has more tokens for each request."""
    (trace,) = traces("typing", [1], None)
    figures = trace_figures(play_virtually(trace, model_path, full_text(trace, None), DEVICE))
    assert figures["without inference"] >= 0.8
    assert figures["tokens evaluated"] <= 10 * figures["requests"]
    assert figures["tokens generated"] <= 1.0 * figures["requests"]
    assert figures["kept"] >= 0.65 * figures["of"]


@pytest.mark.model
def test_slices_of_a_device_cost_what_the_processor_does_at_the_same_speed(
    model_path: Path, typing_rows: list[dict]
) -> None:
    """It ends the slice in which it is stopped, 8 tokens in 24 ms, of which the processor throws away what it read."""
    (trace,) = traces("typing", [1], None)
    device = replace(SPEED, device="pretended", slice=8)
    figures = trace_figures(play_virtually(trace, model_path, full_text(trace, None), device))
    assert figures["requests"] == typing_rows[0]["requests"]
    assert figures["kept"] == pytest.approx(typing_rows[0]["kept"], rel=0.01)
    for name in ("tokens evaluated", "tokens generated"):
        assert figures[name] == pytest.approx(typing_rows[0][name], rel=0.03)  # three seeds: 0 to 2.3 %


@pytest.mark.model
def test_the_same_trace_costs_the_same(model_path: Path, typing_rows: list[dict]) -> None:
    (trace,) = traces("typing", [1], None)
    again = trace_figures(play_virtually(trace, model_path, full_text(trace, None)))
    for name in ("requests", "tokens evaluated", "tokens generated", "kept"):
        assert again[name] == pytest.approx(typing_rows[0][name], rel=0.01)


@pytest.mark.model
def test_a_jump_reads_a_small_head_before_the_full_one(model_path: Path) -> None:
    (trace,) = traces("jumping", [1], None)
    figures = trace_figures(play_virtually(trace, model_path, full_text(trace, None)))
    assert figures["cold requests"] == JUMPING.count
    assert figures["tokens evaluated"] <= 400 * JUMPING.count  # a rest at some has the full head read
    assert figures["answered"] >= 0.75 * figures["requests"]
    assert figures["kept"] >= 0.3 * figures["of"]
