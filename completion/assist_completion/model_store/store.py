"""The models of this machine: verify and list them, and find them by name or path.

The store is one directory of model files, and `models.lock` in it, which pins the hash of every accepted
file. A file is used only while it looks as it did when its sha256 was checked; if it does not, it is hashed
again first. A file elsewhere, which the user named by its path, has no hash to compare: only its header is
checked. This module does not know how a model comes here (the plugin `installer`), which one the user chose
(config.toml), or how to run one.

    root/                      0700
      models.lock              {"NAME": {"sha256", "bytes", "source"}}, JSON
      models.hashed            {"FILE.gguf": {"sha256", "bytes", ...}}, JSON: how it looked when hashed
      FILE.gguf                a verified model, 0600
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from assist_completion.errors import MissingModelError, ModelError
from assist_completion.model_store.catalogue import ModelRow, find, rows
from assist_completion.model_store.gguf import read_header, unreadable_words
from assist_completion.model_store.models_lock import Pin, hash_file, known_hash, read_pins, record_hash
from assist_completion.settings import is_path

Say = Callable[[str], None]
"""Called with a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Store:
    """A directory of models, and the catalogue rows that it may hold."""

    root: Path
    rows: tuple[ModelRow, ...] = field(default_factory=rows)


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model on this machine. `pin` is None if the file was put there by hand."""

    row: ModelRow
    path: Path
    bytes: int
    pin: Pin | None


def get_path(store: Store, row: ModelRow) -> Path:
    """Find where the file of `row` is, or would be."""
    return store.root / row.file


def installed_models(store: Store) -> tuple[InstalledModel, ...]:
    """The models on this machine, in the catalogue's order. Sizes come from the disk. Nothing is hashed."""
    pins = read_pins(store.root)
    return tuple(
        InstalledModel(row, path, path.stat().st_size, pins.get(row.name))
        for row in store.rows
        if (path := get_path(store, row)).is_file()
    )


def resolve(store: Store, name_or_path: str) -> Path:
    """The file to load for a catalogue name or the path of a .gguf. Its header is checked (0.1 s).

    Raises ModelError if the name is unknown, or the file is not fetched, not GGUF, or cut short.
    A relative path starts at the working directory. `~` is the user's home.
    """
    if is_path(name_or_path):
        path = Path(name_or_path).expanduser()
        if not path.is_file():
            raise MissingModelError(
                f"There is no model file {path}. Check the path, or use a name from `assist models list`."
            )
    else:
        row = find(name_or_path, store.rows)
        path = get_path(store, row)
        if not path.is_file():
            raise MissingModelError(
                f"The model {row.name} is not on this machine: run `assist models pull {row.name}`."
            )
    read_header(path)
    return path


def verified_file(store: Store, name_or_path: str, say: Say = lambda _: None) -> Path:
    """The file to open, as `resolve` finds it. One of the store was hashed since it last changed.

    Blocks while it hashes (1 s for 500 MB), and says so before. Raises what `resolve` and `verify` raise.
    """
    path = resolve(store, name_or_path)
    row = _find_row(store, path)
    if row is None:
        return path
    row_hash = expected_hash(store, row)
    if not row_hash or known_hash(store.root, path) != row_hash:
        if row_hash:
            say(f"checking the sha256 of {path.name}, which is new or has changed")
        verify(store, row.name)
    return path


def verify(store: Store, name: str) -> InstalledModel:
    """Hash the file of `name`. ModelError unless it has the hash of the catalogue, else the pinned one."""
    row = find(name, store.rows)
    path = get_path(store, row)
    pin = read_pins(store.root).get(row.name)
    resolve(store, row.name)
    row_hash = expected_hash(store, row)
    if not row_hash:
        raise ModelError(
            f"{path} cannot be verified: assist did not fetch it, and the catalogue has no hash for it. "
            f"Run `assist models remove {row.name}`, then `assist models pull {row.name}`, or move the file "
            "elsewhere and use it by its path."
        )
    try:
        file_hash = hash_file(path)
    except OSError as error:
        raise ModelError(unreadable_words(path, error)) from error
    if file_hash.sha256 != row_hash:
        raise ModelError(
            f"{path} is damaged: its sha256 is {file_hash.sha256}, expected {row_hash}. "
            f"Run `assist models remove {row.name}`, then `assist models pull {row.name}`."
        )
    record_hash(store.root, path, file_hash)
    return InstalledModel(row, path, path.stat().st_size, pin)


def _find_row(store: Store, path: Path) -> ModelRow | None:
    """The row whose file this is, also if it was named by its path."""
    return next((row for row in store.rows if _same_file(get_path(store, row), path)), None)


def _same_file(one: Path, other: Path) -> bool:
    return one.name == other.name and one.parent.resolve() == other.parent.resolve()


def expected_hash(store: Store, row: ModelRow) -> str:
    """The hash that the file of `row` must have: the catalogue's, else that of the first fetch, else ""."""
    pin = read_pins(store.root).get(row.name)
    return row.sha256 or (pin.sha256 if pin else "")
