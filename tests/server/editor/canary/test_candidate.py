"""A candidate writes ghost text in a share of the sessions, unless it is missing or clearly worse."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from config_files import write
from ghost_desk import opened_models
from small_gguf import gguf

from assist_completion.errors import MissingModelError, ModelError
from assist_completion.settings import model_name
from assist_server.cli.doctor.candidate import candidate_facts
from assist_server.cli.doctor.finding import DoctorFinding
from assist_server.config.config import Config, answering_model, load
from assist_server.editor.canary.candidate import candidate_state
from assist_server.editor.canary.opening import open_by_draw
from assist_server.editor.model_lifetime import SessionStatus
from assist_server.editor.session import Session
from assist_server.local_model.opening import OpenedModels
from assist_server.records import usage_rows
from assist_server.records.usage_rows import UsageKey

USUAL, CANDIDATE = "qwen2.5-coder-0.5b", "mine"


@dataclass
class Opener:
    """Opens nothing, and remembers for which model it was asked; `broken` cannot be opened."""

    broken: str = ""
    asked: list[Config] = field(default_factory=list)

    def __call__(self, config: Config, _: Callable[[str], None]) -> OpenedModels:
        self.asked.append(config)
        if self.broken and self.broken in config.completion.model:
            raise ModelError(f"{self.broken} has no fill-in-the-middle tokens.")
        name = model_name(config.completion.model)
        return OpenedModels(None, None, Path(), None, 0.0, name)  # type: ignore[arg-type]


def machine(folder: Path, settings: str = "", *, here: bool = True) -> Config:
    """A machine with the candidate's file, if it is `here`."""
    if here:
        (folder / "mine.gguf").write_bytes(gguf(bytes(64)))
    return load(write(folder, f"[completion]\ncandidate = 'mine.gguf'\n{settings}"))


def count(config: Config, model: str, kept: int, shown: int, day: str = "2026-01-31") -> None:
    rows = {UsageKey(day, model=model): Counter({"shown": shown, "kept-30s": kept})}
    usage_rows.record(config.paths.data, rows)


def opened(config: Config, drawn: float, broken: str = "") -> tuple[OpenedModels, Opener]:
    opener = Opener(broken)
    return open_by_draw(config, print, lambda: drawn, opener), opener


@pytest.mark.parametrize(
    ("settings", "drawn", "model"),
    [
        ("", 0.0999, CANDIDATE),
        ("", 0.1, USUAL),
        ("share = 0", 0.0, USUAL),
        ("share = 1", 0.9999, CANDIDATE),
    ],
)
def test_a_draw_below_the_share_takes_the_candidate(
    tmp_path: Path, settings: str, drawn: float, model: str
) -> None:
    models, _ = opened(machine(tmp_path, settings), drawn)
    assert (models.model, models.notice) == (model, "")


@pytest.mark.parametrize("own", ["", "[answers]\nmodel = 'qwen2.5-coder-1.5b'"])
def test_who_answers_questions_stays_the_same(tmp_path: Path, own: str) -> None:
    config = machine(tmp_path, own)
    _, opener = opened(config, 0)
    (asked,) = opener.asked
    assert asked.completion.model == str(tmp_path / "mine.gguf")
    assert answering_model(asked) == answering_model(config)


def test_without_a_candidate_or_with_the_same_model_nothing_is_drawn(tmp_path: Path) -> None:
    def draw() -> float:
        raise AssertionError

    for settings in ("", f"[completion]\ncandidate = '{USUAL}'"):
        models = open_by_draw(load(write(tmp_path, settings)), print, draw, Opener())
        assert (models.model, models.notice) == (USUAL, "")


def test_a_candidate_that_is_clearly_worse_is_not_used_and_the_figures_are_told(tmp_path: Path) -> None:
    config = machine(tmp_path, "share = 1")
    for day in ("2026-01-30", "2026-01-31"):
        count(config, CANDIDATE, 10, 200, day)
        count(config, USUAL, 30, 200, day)
    models, opener = opened(config, 0)
    assert models.model == USUAL
    assert len(opener.asked) == 1
    for words in (
        "mine is not used",
        "5.0 %",
        "(20 of 400)",
        "15.0 %",
        "(60 of 400)",
        "99.7 %",
        "start of each session",
    ):
        assert words in models.notice


@pytest.mark.parametrize(
    ("candidate", "usual"), [((0, 49), (300, 400)), ((30, 400), (40, 400)), ((60, 400), (20, 400))]
)
def test_a_candidate_that_may_be_as_good_is_used(
    tmp_path: Path, candidate: tuple[int, int], usual: tuple[int, int]
) -> None:
    config = machine(tmp_path)
    count(config, CANDIDATE, *candidate)
    count(config, USUAL, *usual)
    assert opened(config, 0)[0].model == CANDIDATE


def test_a_candidate_that_is_not_here_is_told_with_how_to_get_it(tmp_path: Path) -> None:
    config = load(write(tmp_path, "[completion]\ncandidate = 'qwen2.5-coder-1.5b'\nshare = 1"))
    models, opener = opened(config, 0)
    assert (models.model, len(opener.asked)) == (USUAL, 1)
    assert "assist models pull qwen2.5-coder-1.5b" in models.notice


def test_a_candidate_that_cannot_be_opened_is_told_and_the_usual_model_writes(tmp_path: Path) -> None:
    models, opener = opened(machine(tmp_path), 0, broken="mine")
    assert (models.model, len(opener.asked)) == (USUAL, 2)
    assert "mine has no fill-in-the-middle tokens" in models.notice


def test_a_usual_model_that_cannot_be_opened_is_an_error_as_ever(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        opened(machine(tmp_path), 0.5, broken=USUAL)


def test_two_files_with_one_name_cannot_be_compared(tmp_path: Path) -> None:
    config = machine(tmp_path, "model = 'other/mine.gguf'\nshare = 1")
    models, opener = opened(config, 0)
    assert (models.model, len(opener.asked)) == (CANDIDATE, 1)
    assert opener.asked[0].completion.model.endswith("other/mine.gguf")
    assert "rename one of the files" in models.notice


def test_chance_alone_seldom_ends_an_equal_candidate_however_often_it_is_looked_at(tmp_path: Path) -> None:
    config = machine(tmp_path)
    draw = random.Random(24)  # with a limit of 95 %, it would be ended at 44 of the 60 looks
    ended = []
    for _ in range(60):
        for model in (CANDIDATE, USUAL):
            count(config, model, sum(draw.random() < 0.1 for _ in range(20)), 20)
        state = candidate_state(config)
        assert state is not None
        ended.append(state.why_not)
    assert set(ended) == {""}


def test_texts_that_were_typed_through_do_not_end_a_candidate(tmp_path: Path) -> None:
    config = machine(tmp_path)
    day = "2026-01-31"
    typed = Counter({"shown": 4_000, "offered": 400, "kept-30s": 40})
    usage_rows.record(config.paths.data, {UsageKey(day, model=CANDIDATE): typed})
    count(config, USUAL, 40, 400, day)  # an older row
    assert opened(config, 0)[0].model == CANDIDATE


def test_rows_from_before_texts_counted_once_add_up_with_newer_ones(tmp_path: Path) -> None:
    config = machine(tmp_path)
    count(config, USUAL, 40, 400, "2026-01-30")
    newer = Counter({"shown": 4_000, "offered": 400, "kept-30s": 40})
    usage_rows.record(config.paths.data, {UsageKey("2026-01-31", model=USUAL): newer})
    count(config, CANDIDATE, 40, 400)
    state = candidate_state(config)
    assert state is not None
    assert (state.comparison.theirs.kept, state.comparison.theirs.shown) == (80, 800)
    assert state.why_not == ""


async def status_of(config: Config, models: Callable[[], OpenedModels]) -> SessionStatus:
    """The status of a session once its models are open."""
    settled = asyncio.Event()

    def show(status: SessionStatus) -> None:
        if status.state == "ready":
            settled.set()

    session = Session(config, show, lambda *_: models())
    session.model.start()
    async with asyncio.timeout(10):
        await settled.wait()
    status = session.status
    session.close()
    return status


async def test_the_status_names_the_model_that_writes_and_says_why_it_is_not_the_other(
    tmp_path: Path,
) -> None:
    def open_models(config: Config, say: Any) -> OpenedModels:
        return opened_models(config, "x", model_name(config.completion.model))

    config = machine(tmp_path)
    status = await status_of(config, lambda: open_by_draw(config, print, lambda: 0.0, open_models))
    assert (status.model, status.message) == (CANDIDATE, "")
    (tmp_path / "mine.gguf").unlink()
    status = await status_of(config, lambda: open_by_draw(config, print, lambda: 0.0, open_models))
    assert status.model == USUAL
    assert "mine is not used" in status.message


def test_the_doctor_names_a_candidate_and_finds_one_that_is_worse(tmp_path: Path) -> None:
    findings: list[DoctorFinding] = []
    assert candidate_facts(load(write(tmp_path, "")), findings) is None
    config = machine(tmp_path)
    facts = candidate_facts(config, findings)
    assert facts is not None
    assert (facts["used"], facts["verdict"], findings) == (True, "cannot be told apart", [])
    count(config, CANDIDATE, 20, 400)
    count(config, USUAL, 60, 400)
    facts = candidate_facts(config, findings)
    assert facts is not None
    assert (facts["used"], facts["kept"], facts["model_shown"]) == (False, 20, 400)
    (finding,) = findings
    assert not finding.blocks
    assert "(20 of 400)" in finding.what


def test_a_missing_candidate_does_not_hide_that_the_usual_model_is_missing(tmp_path: Path) -> None:
    def missing(config: Config, say: Callable[[str], None]) -> OpenedModels:
        raise MissingModelError(config.completion.model)

    with pytest.raises(MissingModelError, match=USUAL):
        open_by_draw(machine(tmp_path, here=False), print, lambda: 0.0, missing)
