"""Which model does what, as an editor shows and changes it."""

from pathlib import Path

import pytest
from config_files import environ
from small_gguf import gguf

from assist_completion.errors import ModelError
from assist_completion.model_store.catalogue import find
from assist_server.config.config import Config, load, load_lenient
from assist_server.errors import UserError
from assist_server.local_model.roles import roles_document, set_model, use_model

SMALL = "qwen2.5-coder-0.5b"
MIDDLE = "qwen2.5-coder-1.5b"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = load_lenient(environ(tmp_path))
    models = config.paths.data / "models"
    models.mkdir(parents=True)
    for name in (SMALL, MIDDLE, "qwen2.5-coder-1.5b-base"):
        (models / find(name).file).write_bytes(gguf(b"weights"))
    return config


def test_the_document_says_what_each_installed_model_can_do(config: Config) -> None:
    document = roles_document(config)
    assert (document["ghost_text"], document["answers"]) == (SMALL, SMALL)
    can = {each["name"]: (each["completes"], each["answers"]) for each in document["installed"]}
    assert can == {SMALL: (True, True), MIDDLE: (True, True), "qwen2.5-coder-1.5b-base": (True, False)}


def test_a_role_is_written_into_the_users_file(config: Config, tmp_path: Path) -> None:
    changed = use_model(config, MIDDLE, "answers")
    assert roles_document(changed)["answers"] == MIDDLE
    assert roles_document(changed)["ghost_text"] == SMALL
    assert load(environ(tmp_path)).answers.model == MIDDLE


@pytest.mark.parametrize(
    ("name", "role", "message"),
    [
        (MIDDLE, "everything", "use one of ghost-text, answers, both"),
        ("/work/theirs.gguf", "answers", "is a path"),
        ("qwen2.5-coder-7b-instruct", "answers", "assist models pull qwen2.5-coder-7b-instruct"),
        ("qwen2.5-coder-1.5b-base", "both", "cannot answer questions"),
        ("qwen-9", "answers", "qwen-9"),
    ],
)
def test_what_cannot_have_a_role_changes_nothing(config: Config, name: str, role: str, message: str) -> None:
    with pytest.raises((UserError, ModelError), match=message):
        use_model(config, name, role)
    assert not config.paths.config_file.exists()


def test_a_model_for_one_command_is_in_no_file(config: Config) -> None:
    completing = set_model(config, MIDDLE, "ghost-text")
    assert (completing.completion.model, completing.answers.model) == (MIDDLE, MIDDLE)
    answering = set_model(config, MIDDLE, "answers")
    assert (answering.completion.model, answering.answers.model) == (SMALL, MIDDLE)
    assert not config.paths.config_file.exists()


def test_a_path_for_one_command_starts_at_the_working_directory(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.gguf").write_bytes(gguf(b"weights"))
    monkeypatch.chdir(tmp_path)
    assert set_model(config, "./mine.gguf", "answers").answers.model == str(tmp_path / "mine.gguf")
    with pytest.raises(ModelError, match="There is no model file"):
        set_model(config, "theirs.gguf", "answers")
