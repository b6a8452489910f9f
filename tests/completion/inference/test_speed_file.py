"""What is remembered of a model's speed: by the library that ran and the machine, and what its answers took."""

import json
import sys
import time
from pathlib import Path

import pytest
import tiny_model

from assist_completion.inference.answer_generation import AnswerRun
from assist_completion.inference.conversation import AnswerMillis, Conversation
from assist_completion.inference.drafts import BATCHES
from assist_completion.inference.libraries import LibrarySource, library_sources, use
from assist_completion.inference.physical_cores import processor_facts
from assist_completion.inference.speed_probe import ANSWERS, measure_speeds, note_answer
from assist_completion.inference.speed_trial import Speed, SpeedTrial


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> SpeedTrial:
    return SpeedTrial(str(tiny_model.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf")), 1)


def processor(trial: SpeedTrial, memory: Path, *, again: bool = False) -> tuple[Speed, bool]:
    """The speed by the processor, and whether it was measured now."""
    said: list[str] = []
    return measure_speeds(trial, "cpu", memory, say=said.append, again=again).processor, bool(said)


def answered(read: float, written: float, tokens: int = 100, draft: str = "") -> AnswerRun:
    """An answer at these tokens a second."""
    ms = AnswerMillis(prefill=1e3 * tokens / read, decode=1e3 * tokens / written)
    return AnswerRun(
        Conversation("", "Why?", draft=draft), ms=ms, evaluated=tokens, written=list(range(tokens))
    )


def test_what_is_expected_follows_what_answers_took(trial: SpeedTrial, tmp_path: Path) -> None:
    memory = tmp_path / "speed.json"
    assert note_answer(trial, memory, answered(50, 5)) == 0.0, "nothing was measured"
    measured, _ = processor(trial, memory)
    assert (measured.reading, measured.writing) == (measured.prefill, measured.decode)
    for _ in range(ANSWERS - 1):
        expected = note_answer(trial, memory, answered(50, 5))
    assert expected == 50
    assert note_answer(trial, memory, answered(1, 1)) == 50, "one that was disturbed changes little"
    assert note_answer(trial, memory, answered(7, 7, tokens=9)) == 50, "so few tokens say nothing"
    for _ in range(ANSWERS):
        note_answer(trial, memory, answered(50, 300, draft="x = 1"))
    speed, again = processor(trial, memory)
    assert not again
    assert (speed.reading, speed.writing) == (50, 5), "a draft says nothing of other answers"
    assert (speed.prefill, speed.decode) == (measured.prefill, measured.decode)
    assert len(speed.reads) == len(speed.writes) == ANSWERS


def test_another_library_or_battery_is_measured_for_itself(trial: SpeedTrial, tmp_path: Path) -> None:
    memory = tmp_path / "speed.json"
    source = library_sources()[-1]
    on_battery = SpeedTrial(trial.path, 1, on_battery=True)
    assert [processor(way, memory)[1] for way in (trial, on_battery, trial, on_battery)] == [
        True,
        True,
        False,
        False,
    ]
    mine = tmp_path / "mine"
    mine.symlink_to(source.folder)
    use(LibrarySource("named", "mine", mine, source.backends))
    try:
        assert [processor(trial, memory)[1] for _ in range(2)] == [True, False]
    finally:
        use()
    assert not processor(trial, memory)[1]


def test_who_asks_for_it_has_a_busy_measurement_repeated_at_once(trial: SpeedTrial, tmp_path: Path) -> None:
    memory = tmp_path / "speed.json"
    processor(trial, memory)
    [(key, row)] = json.loads(memory.read_text()).items()
    for quiet, again in ((True, False), (False, True)):
        memory.write_text(json.dumps({key: {**row, "quiet": quiet, "tried": time.time(), "prefill": 1.0}}))
        assert processor(trial, memory)[1] is False
        speed, measured = processor(trial, memory, again=True)
        assert (measured, speed.prefill > 1.0) == (again, again)
    assert speed.tries == row["tries"] + 1


def test_batches_for_drafts_are_measured(trial: SpeedTrial, tmp_path: Path) -> None:
    assert set(processor(trial, tmp_path / "speed.json")[0].batches) <= set(BATCHES)


@pytest.mark.skipif(sys.platform != "linux", reason="the files of Linux")
def test_another_processor_or_more_of_it_is_seen(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    states = []
    for cpus, quota in (("model name: a\nflags: x", ""), ("model name: b\nflags: x", "200000 100000")):
        (tmp_path / "proc/cpuinfo").write_text(f"{cpus}\ncpu MHz: 2100.0\n")
        states.append(processor_facts(tmp_path))
        (tmp_path / "sys/fs/cgroup/cpu.max").write_text(quota)
        states.append(processor_facts(tmp_path))
    (tmp_path / "proc/cpuinfo").write_text("model name: b\nflags: x\ncpu MHz: 800.0\n")
    assert processor_facts(tmp_path) == states[-1], "its clock changes at any time"
    assert len(set(states)) == 3
