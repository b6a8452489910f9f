"""The counts of a session are written now and then, each once, and before models are freed."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest
from config_files import environ
from ghost_desk import URI, NoAnswers, writing

from assist_evaluation.feedback.usage_counts import UsageTable, UsageWriter
from assist_evaluation.usage import usage_rows
from assist_evaluation.usage.usage_rows import UsageKey
from assist_server.config.config import load_lenient
from assist_server.editor.session import Session

KEY = UsageKey("2026-01-31", model="m")


def test_counts_are_written_once_and_not_too_often(tmp_path: Path) -> None:
    usage = UsageTable(tuple)
    times = [0.0]
    writer = UsageWriter(usage, tmp_path, 600, lambda: times[-1])
    written = []
    for second in (599, 601, 1_200, 1_202, 1_900):
        times.append(second)
        usage.count(KEY, "shown")
        writer.write_if_due()
        writer.wait()
        written.append(usage_rows.read(tmp_path).get(KEY, {}).get("shown", 0))
    assert written == [0, 2, 2, 4, 5]
    writer.write()
    writer.wait()
    assert usage_rows.read(tmp_path) == {KEY: {"shown": 5}}


@pytest.mark.parametrize("moment", [lambda s: s.save_document(URI), lambda s: s.close_document(URI)])
@pytest.mark.parametrize(("write_after", "count"), [(0.0, 1), (600.0, 0)])
async def test_an_open_editor_writes_at_a_save_or_at_the_end_of_a_document(
    tmp_path: Path, moment: Callable[[Session], None], write_after: float, count: int
) -> None:
    async with writing(tmp_path, write_after=write_after) as desk:
        await desk.accept()
        moment(desk.session)
        desk.session.usage.writer.wait()
        assert _written(tmp_path, "accepted") == count
        assert desk.counts["accepted"] == 1
    assert _written(tmp_path, "accepted") == 1, "the end adds nothing twice"


async def test_counts_are_written_while_the_model_is_still_to_be_freed(tmp_path: Path) -> None:
    found: list[int] = []

    class SlowAnswers(NoAnswers):
        def close(self) -> None:
            end = monotonic() + 60
            while not _written(tmp_path, "kept-30s") and monotonic() < end:
                sleep(0.005)
            found.append(_written(tmp_path, "kept-30s"))

    async with writing(tmp_path, answers=SlowAnswers()) as desk:
        await desk.accept()
    assert found == [1]


def _written(folder: Path, name: str) -> int:
    rows = usage_rows.read(load_lenient(environ(folder)).paths.data)
    return sum(counts[name] for counts in rows.values())
