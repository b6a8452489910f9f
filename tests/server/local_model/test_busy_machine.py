"""A speed that was measured while other programs kept the cores busy is marked, and measured again without them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from config_files import environ, write

from assist_completion.engine.idle_probe import IdleProbe
from assist_completion.inference.generation import Model
from assist_completion.inference.speed_probe import (
    budget_for,
    ghost_text_load,
    measure_again,
    measure_speeds,
    opener,
)
from assist_completion.inference.speed_trial import Speed, SpeedTrial
from assist_completion.inference.worker import Worker
from assist_completion.settings import CompletionSettings
from assist_installer.doctor.report import examine
from assist_server.config.config import load_lenient


@contextmanager
def busy_cores() -> Iterator[None]:
    """Other programs on all cores and one more: a thread then never has a core for itself."""
    command = [sys.executable, "-c", "while True: pass"]
    programs = [subprocess.Popen(command) for _ in range((os.cpu_count() or 1) + 1)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def processor(trial: SpeedTrial, memory: Path) -> Speed:
    return measure_speeds(trial, "cpu", memory).processor


@pytest.mark.model
async def test_a_quiet_minute_measures_a_speed_of_a_busy_machine_again(
    model_path: Path, tmp_path: Path
) -> None:
    """Whether the machine is quiet by then, others decide: the mark and the speed are those of the better figures."""
    memory = tmp_path / "speed.json"
    trial = SpeedTrial(str(model_path), 1)
    settings = CompletionSettings(threads=1, snapshot_mb=0)
    with busy_cores():
        hasty = processor(trial, memory)
    assert (hasty.quiet, hasty.tries) == (False, 1)
    worker = Worker(opener(ghost_text_load(model_path, hasty, 1), settings, budget_for(hasty, settings)))
    await asyncio.wrap_future(worker.opened)
    measured: asyncio.Future[Speed] = asyncio.get_running_loop().create_future()

    def measure(model: Model) -> bool:
        measured.get_loop().call_soon_threadsafe(measured.set_result, measure_again(trial, memory, model))
        return True

    probe = IdleProbe(worker, measure, lambda: False, after=0.1)
    probe.start()
    again = await measured
    probe.close()
    worker.close(60)
    assert again.tries == 2
    assert again.prefill >= hasty.prefill
    kept = processor(trial, memory)
    assert (kept.prefill, kept.quiet, kept.tries) == (again.prefill, again.quiet, again.tries)


def test_the_doctor_has_no_figures_of_another_library_than_it_names(tmp_path: Path, model_path: Path) -> None:
    text = f'[completion]\nmodel = "{model_path}"\nlibrary = "{tmp_path / "none"}"\n'
    report = examine(load_lenient({**environ(tmp_path), **write(tmp_path, text)}), tmp_path)
    assert report.facts["machine"]["llama"]["source"] == ""
    assert report.facts["model"]["path"] == str(model_path)
    assert "prefill_tokens_per_s" not in report.facts["model"]
    [problem] = [finding for finding in report.findings if finding.blocks]
    assert str(tmp_path / "none") in problem.what
