"""How many edits of the default model are right, on a fixed set, by the product's own path.

"Right or refused" would not have seen that none could be used: each share below is a promise of the README.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from rounds import rounds

from assist_server.config.config import Config, load_lenient
from assist_server.local_model.opening import open_local
from bench.edits.askers import EditAnswer, ask_product
from bench.edits.tasks import EditTask, own_fixes, own_refactors

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(900)]

REFACTORINGS = ("rename", "annotate", "parameter")


def config_of(model: Path) -> Config:
    config = load_lenient()
    return replace(config, answers=replace(config.answers, model=str(model)))


async def outcomes(tasks: list[EditTask], model: Path) -> dict[str, str]:
    """What became of each task: right, wrong, or the reason why the edit was refused."""
    config = config_of(model)
    local = open_local(config)
    try:
        given = {task.id: await ask_product(task, config, local) for task in tasks}
    finally:
        local.close()
    return {task.id: _outcome(task, given[task.id]) for task in tasks}


def _outcome(task: EditTask, given: EditAnswer) -> str:
    if not given.after:
        return given.refused
    return "right" if task.judge(given.after) else "wrong"


async def test_mistakes_are_found(model_path: Path) -> None:
    every = 24 // rounds(24, 4)
    found = await outcomes(list(own_fixes())[::every], model_path)
    assert list(found.values()).count("right") * every >= 8, found


async def test_refactorings_are_done(model_path: Path) -> None:
    tasks = [task for task in own_refactors() if task.recipe in REFACTORINGS][:12][:: 12 // rounds(12, 4)]
    found = await outcomes(tasks, model_path)
    assert list(found.values()).count("right") * 2 >= len(tasks), found
