"""Models that are here: found by name or path, and used only while they have the hash that was accepted."""

import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from small_gguf import gguf

from assist_completion.errors import ModelError
from assist_completion.model_store.catalogue import ModelRow, rows
from assist_completion.model_store.models_lock import Pin, hash_file, record_hash, write_pin
from assist_completion.model_store.store import (
    Store,
    get_path,
    installed_models,
    resolve,
    verified_file,
    verify,
)

MODEL = gguf(bytes(range(256)) * 40)


@pytest.fixture
def row() -> ModelRow:
    sha256 = hashlib.sha256(MODEL).hexdigest()
    return replace(rows()[0], name="tiny", file="tiny.gguf", bytes=len(MODEL), sha256=sha256)


@pytest.fixture
def store(tmp_path: Path, row: ModelRow) -> Store:
    return Store(tmp_path / "data" / "models", (row,))


def place(directory: Path, model: bytes, name: str = "tiny.gguf") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(model)
    return directory / name


def accept(store: Store, row: ModelRow) -> Path:
    """The file of a row, in place and accepted, as a fetch leaves it."""
    path = place(store.root, MODEL)
    hashed = hash_file(path)
    write_pin(store.root, row.name, Pin(hashed.sha256, hashed.bytes, "a test"))
    record_hash(store.root, path, hashed)
    return path


def changed(path: Path, model: bytes) -> None:
    """Write a file of the same length in place, with the same time of modification."""
    facts = path.stat()
    path.write_bytes(model)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_verify_accepts_the_fetched_and_refuses_the_changed(store: Store, row: ModelRow) -> None:
    path = accept(store, row)
    assert verify(store, "tiny").path == path
    path.write_bytes(MODEL[:-1] + b"!")
    with pytest.raises(ModelError, match=r"is damaged: its sha256 is .* `assist models pull tiny`"):
        verify(store, "tiny")


def test_verify_needs_a_hash(store: Store, row: ModelRow) -> None:
    place(store.root.parent, b"")
    place(store.root, MODEL)
    with pytest.raises(ModelError, match="cannot be verified"):
        verify(Store(store.root, (replace(row, sha256=""),)), "tiny")


def test_a_broken_models_lock_is_named(store: Store, row: ModelRow) -> None:
    accept(store, row)
    (store.root / "models.lock").write_text("[1]")
    with pytest.raises(ModelError, match=r"models\.lock cannot be read"):
        installed_models(store)


def test_resolve_finds_names_and_paths(store: Store, row: ModelRow, tmp_path: Path) -> None:
    path = accept(store, row)
    assert resolve(store, "tiny") == path
    mine = place(tmp_path, MODEL, "mine.gguf")
    assert resolve(store, str(mine)) == mine


def test_resolve_expands_the_home(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    mine = place(tmp_path, MODEL, "mine.gguf")
    assert resolve(store, "~/mine.gguf") == mine


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("tiny", "The model tiny is not on this machine: run `assist models pull tiny`."),
        ("tinny", "There is no model 'tinny' in the catalogue: did you mean tiny?"),
        ("none/here.gguf", f"There is no model file {Path('none/here.gguf')}."),
    ],
)
def test_resolve_says_what_to_do(store: Store, asked: str, said: str) -> None:
    with pytest.raises(ModelError, match=re.escape(said)):
        resolve(store, asked)


def test_a_file_that_changed_after_its_fetch_is_not_used(store: Store, row: ModelRow) -> None:
    path = accept(store, row)
    assert verified_file(store, "tiny") == path
    changed(path, MODEL[:-1] + b"!")
    for named in ("tiny", str(path)):
        with pytest.raises(ModelError, match=r"is damaged: its sha256 is .* `assist models pull tiny`"):
            verified_file(store, named)
    changed(path, MODEL)
    assert verified_file(store, "tiny") == path


def test_a_file_is_hashed_only_if_it_changed(store: Store, row: ModelRow) -> None:
    path = accept(store, row)
    said: list[str] = []
    assert verified_file(store, "tiny", said.append) == path
    assert said == []
    path.touch()
    assert verified_file(store, "tiny", said.append) == path
    assert said == ["checking the sha256 of tiny.gguf, which is new or has changed"]
    assert verified_file(store, "tiny", said.append) == path
    assert len(said) == 1


@pytest.mark.parametrize("lost", ["models.lock", "models.hashed"])
def test_a_lost_list_lets_no_changed_file_through(store: Store, row: ModelRow, lost: str) -> None:
    path = accept(store, row)
    (store.root / lost).unlink()
    assert verified_file(store, "tiny") == path
    (store.root / lost).write_text("[1]" if lost == "models.hashed" else "{}")
    changed(path, MODEL[:-1] + b"!")
    with pytest.raises(ModelError, match="is damaged"):
        verified_file(store, "tiny")


def test_a_file_that_no_hash_is_known_for_is_not_used_under_its_name(store: Store, row: ModelRow) -> None:
    path = accept(store, row)
    unknown = Store(store.root, (replace(row, sha256=""),))
    assert verified_file(unknown, "tiny") == path  # by the hash of its first fetch
    (store.root / "models.lock").unlink()
    with pytest.raises(ModelError, match="cannot be verified: assist did not fetch it"):
        verified_file(unknown, "tiny")


def test_a_file_that_the_user_named_has_no_hash(store: Store, tmp_path: Path) -> None:
    mine = place(tmp_path, MODEL, "tiny.gguf")
    assert verified_file(store, str(mine)) == mine


def test_installed_lists_what_is_here(store: Store, row: ModelRow) -> None:
    assert installed_models(store) == ()
    accept(store, row)
    (found,) = installed_models(store)
    assert (found.row, found.path, found.bytes) == (row, get_path(store, row), len(MODEL))
    assert found.pin is not None
    assert found.pin.sha256 == row.sha256
