"""One repository with a history for the tests of this folder, opened as the evaluation opens it."""

from pathlib import Path

import pytest
from histories import GIT, make_history

from assist_evaluation.mining.mine import mine, texts_of
from assist_evaluation.mining.sources import MinedRepository, open_repository
from assist_evaluation.tasks import TaskSet, TaskTexts


@pytest.fixture(scope="session")
def shop_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_history(tmp_path_factory.mktemp("history") / "shop")


@pytest.fixture(scope="session")
def repository(shop_history: Path) -> MinedRepository:
    return open_repository(GIT, str(shop_history))


@pytest.fixture(scope="session")
def tasks(repository: MinedRepository) -> TaskSet:
    return mine(repository, 200, 1)


@pytest.fixture(scope="session")
def texts(repository: MinedRepository, tasks: TaskSet) -> dict[str, TaskTexts]:
    return texts_of(repository, tasks.tasks)
