"""A model or another setting is written into config.toml, and nothing else changes there."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from config_files import environ

from assist_completion.errors import CompletionError
from assist_server.config.config import ConfigError, load, load_lenient, set_role, write_settings


def set_model(path: Path, name: str, *others: str) -> None:
    """Write a model into `[completion]` and the other tables, as `set_role` does."""
    write_settings(path, {(table, "model"): name for table in ("completion", *others)})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[completion]\nmodel = "new"\n'),
        ("# mine", '# mine\n\n[completion]\nmodel = "new"\n'),
        ('[answers]\nmodel = "a"\n', '[answers]\nmodel = "a"\n\n[completion]\nmodel = "new"\n'),
        (
            '# top\n[completion] # c\n# why\nmodel = "old"  # because\nmode = "quiet"\n[answers]\nmodel = "a"\n',
            '# top\n[completion] # c\n# why\nmodel = "new"  # because\nmode = "quiet"\n[answers]\nmodel = "a"\n',
        ),
        ("[ 'completion' ]\n\"model\" = 'o#ld'", '[ \'completion\' ]\n"model" = "new"'),
        (
            '[completion]\nmode = "quiet"\n[answers]\nmodel = "a"\n',
            '[completion]\nmodel = "new"\nmode = "quiet"\n[answers]\nmodel = "a"\n',
        ),
        ("[completion]", '[completion]\nmodel = "new"\n'),
        ('[completion]\r\nmodel = "old"\r\n', '[completion]\r\nmodel = "new"\r\n'),
        ("[completion]\r\nthreads = 1\r\n", '[completion]\r\nmodel = "new"\r\nthreads = 1\r\n'),
        ('completion.model = "old" # c\n', 'completion.model = "new" # c\n'),
        ('completion = { model = "old" } # c\n', 'completion = { model = "new" } # c\n'),
        (
            'text = """\n[completion]\nmodel = "a"\n"""\n[completion]\nmodel = "old"\n',
            'text = """\n[completion]\nmodel = "a"\n"""\n[completion]\nmodel = "new"\n',
        ),
        (
            '[completion]\nmode = "quiet"\n[answers]\n[completion.x]\n',
            '[completion]\nmode = "quiet"\nmodel = "new"\n[answers]\n[completion.x]\n',
        ),
        ("a = 1\r\n[completion]", 'a = 1\r\n[completion]\r\nmodel = "new"\r\n'),
    ],
)
def test_set_model_changes_one_line(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(before.encode())
    set_model(path, "new")
    assert path.read_bytes().decode() == after


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("[a]\nb = [\n  1, # one\n  2,\n] # all\nc = 3\n", [4], "[a]\nb = [4] # all\nc = 3\n"),
        ('[a]\nb = "x # y" # z\n', "w", '[a]\nb = "w" # z\n'),
        ('[a]\nb = """\nx\n"""\n[c]\n', True, "[a]\nb = true\n[c]\n"),
        ("[a] # c\n[a.d]\ne = 1\n", 2.5, "[a] # c\nb = 2.5\n[a.d]\ne = 1\n"),
        ("[a]\nb = [\n  1,\n]\nc = 3\n", None, "[a]\nc = 3\n"),
        ("[a]\n# why\nb = 1\n", None, "[a]\n# why\n"),
        ("[a]\nc = 3\n", None, "[a]\nc = 3\n"),
        ("[a]\nc = 3\n\n# of d\n[d]\n", 4, "[a]\nb = 4\nc = 3\n\n# of d\n[d]\n"),
        ("", {"x": "y", "z w": 1}, '[a]\nb = { x = "y", "z w" = 1 }\n'),
    ],
)
def test_a_setting_is_written_or_removed_and_all_else_stays(
    tmp_path: Path, before: str, value: Any, after: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(before)
    write_settings(path, {("a", "b"): value})
    assert path.read_text() == after


def test_a_model_for_two_tables_is_written_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[answers]\nmodel = "a" # mine\n')
    set_model(path, "new", "answers")
    assert path.read_text() == '[answers]\nmodel = "new" # mine\n\n[completion]\nmodel = "new"\n'


@pytest.mark.parametrize(
    "text",
    [
        'completion.mode = "quiet"\n',
        '[completion.model]\nx = "old" # mine\n',
        'completion = "x"\n',
        '[[completion]]\nmodel = "old"\n',
    ],
)
def test_set_model_leaves_alone_what_it_cannot_edit_for_certain(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r'put model = "new" there by hand'):
        set_model(path, "new")
    assert path.read_text() == text


def test_set_model_makes_a_private_file_and_leaves_no_other(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "assist" / "config.toml"
    name = 'C:\\models\\it\'s "mine" é.gguf'
    set_model(path, name)
    set_model(path, name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["config.toml"]
    assert name in load(environ(path.parent)).completion.model


def test_set_model_writes_through_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    real.write_text("# mine\n")
    real.chmod(0o644)
    link.symlink_to(real)
    set_model(link, "new")
    assert link.is_symlink()
    assert 'model = "new"' in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_set_model_refuses_what_is_no_model_or_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[broken")
    with pytest.raises(ConfigError, match=r"config\.toml:1:8: not valid TOML"):
        set_model(path, "new")
    with pytest.raises(CompletionError, match="a path must end in"):
        set_role(load_lenient(environ(tmp_path)), "a/b", "ghost-text")
    assert path.read_text() == "[broken"
