"""A store for the row that a test file has as its fixture."""

from pathlib import Path

import pytest

from assist_completion.model_store.catalogue import ModelRow
from assist_completion.model_store.store import Store


@pytest.fixture
def store(tmp_path: Path, row: ModelRow) -> Store:
    return Store(tmp_path / "data" / "models", (row,))
