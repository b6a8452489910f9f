"""A file that becomes excluded later leaves the index to the last byte, and no event brings it back."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from indexing import indexer
from secret_words import bytes_of, text, traces, word
from workspaces import commit, put

from assist_context.files.gitignore import PEERS
from assist_context.index.reader import IndexReader

pytestmark = pytest.mark.slow

STALE = word(0)
Change = Callable[[Path, str], list[Path]]


def write_rule(root: Path, name: str) -> list[Path]:
    return [put(root, name, "a.py\n")]


def rename(root: Path, name: str) -> list[Path]:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    return [root / "a.py", (root / "a.py").rename(root / name)]


def rename_folder(root: Path, name: str) -> list[Path]:
    return [root / "c", (root / "c").rename(root / name)]


def hard_link(root: Path, name: str) -> list[Path]:
    os.link(root / "a.py", root / name)
    return [root / name]


def link_away(root: Path, name: str) -> list[Path]:
    (root / "a.py").rename(root / name)
    (root / "a.py").symlink_to(name)
    return [root / "a.py", root / name]


LATER = [
    *((write_rule, name) for name in (".gitignore", ".assistignore", *PEERS, ".git/info/exclude")),
    *((rename, name) for name in (".env", "a.pem", ".ssh/a.py", "secrets.yaml")),
    (rename_folder, ".ssh"),
    (hard_link, ".env"),
    (link_away, ".env"),
]


@pytest.mark.parametrize(("change", "name"), LATER, ids=lambda each: getattr(each, "__name__", each))
def test_what_is_excluded_later_leaves_the_index_to_the_last_byte(
    tmp_path: Path, change: Change, name: str
) -> None:
    root, database = tmp_path / "w", tmp_path / "index.sqlite"
    put(root, "b.py", "def other(a):\n    return a\n")
    commit(root)
    put(root, "c/a.py" if change is rename_folder else "a.py", text(STALE))
    with indexer(root, database) as live:
        live.ready()
        assert traces(bytes_of(database), STALE)
        live.update(*change(root, name))
        reader = IndexReader(str(database))
        assert not {"a.py", "c/a.py"}.intersection(reader.files())
        assert not reader.definitions(STALE)
        assert not traces(bytes_of(database), STALE)
        reader.close()
    assert not traces(bytes_of(database), STALE)


def test_what_git_tracks_keeps_its_contents_though_git_would_ignore_it(tmp_path: Path) -> None:
    root, database = tmp_path / "w", tmp_path / "index.sqlite"
    put(root, "a.py", text(STALE))
    commit(root)
    put(root, ".gitignore", "a.py\n")
    commit(root)
    with indexer(root, database) as live:
        live.ready()
        put(root, "a.py", "def other(a):\n    return a\n")
        live.tell("refresh")
        assert live.ready()["parses"] == 1
        put(root, "a.py", text(STALE))
        live.tell("refresh")
        assert live.ready()["parses"] == 0


@pytest.mark.parametrize(
    "path",
    [
        "sub/../.env",
        "./.env",
        "sub//../.env",
        ".ENV",
        "link/.env",
        "ignored.py",
        "private/a.py",
        "sub/../ignored.py",
        "../w/.env",
    ],
)
def test_an_event_for_an_excluded_path_indexes_nothing(tmp_path: Path, path: str) -> None:
    root, database = tmp_path / "w", tmp_path / "index.sqlite"
    put(root, "sub/b.py", "def other(a):\n    return a\n")
    put(root, ".gitignore", "ignored.py\n")
    put(root, ".cursorignore", "private/\n")
    (root / "link").symlink_to(root)
    commit(root)
    with indexer(root, database) as live:
        live.ready()
        for name in (".env", ".ENV", "ignored.py", "private/a.py"):
            put(root, name, text(STALE))
        put(root, "c.py", "def third(): pass\n")
        live.update(Path(f"{root}/{path}"), root / "c.py")
        reader = IndexReader(str(database))
        assert reader.definitions("third")
        assert not reader.definitions(STALE)
        reader.close()
        assert not traces(bytes_of(database), STALE)
