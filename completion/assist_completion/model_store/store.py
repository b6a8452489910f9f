"""The models of this machine: fetch, verify, list and remove them, and find them by name or path.

The store owns one directory of model files, and `models.lock` in it, which pins the hash of every accepted
file. A file gets its final name only after its sha256 was checked. It is used only while it looks as it did
then; if it does not, it is hashed again first. A file elsewhere, which the user named by its path, has no
hash to compare: only its header is checked. This module does not know how bytes are fetched (sources.py),
which model the user chose (config.toml), or how to run one.

    root/                      0700
      models.lock              {"NAME": {"sha256", "bytes", "source"}}, JSON
      models.hashed            {"FILE.gguf": {"sha256", "bytes", ...}}, JSON: how it looked when hashed
      FILE.gguf                a verified model, 0600
      FILE.gguf.partial        a model that is being fetched, with .json (its notes) and .scratch (wheels)
      FILE.gguf.lock, .holder  the process that fetches it
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from assist_completion.errors import FetchError, MissingModelError, ModelError
from assist_completion.model_store import sources
from assist_completion.model_store.catalogue import ModelRow, find, rows
from assist_completion.model_store.gguf import read_header, unreadable_words
from assist_completion.model_store.models_lock import (
    FILE,
    HashedFile,
    Pin,
    hash_file,
    known_hash,
    read_pins,
    record_hash,
    record_renamed,
    write_pin,
)
from assist_completion.model_store.partial_download import (
    DownloadOffer,
    FetchOptions,
    Partial,
    Progress,
    UnavailableError,
    discard,
    no_progress,
    prepare,
)
from assist_completion.model_store.process_lock import Say, hold_lock, silent
from assist_completion.settings import is_path
from assist_context import durable_files

MARGIN = 64 * 2**20  # bytes that must stay free: logs, index and other programs need some too


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


def path_of(store: Store, row: ModelRow) -> Path:
    """Where the file of `row` is, or would be."""
    return store.root / row.file


def installed_models(store: Store) -> tuple[InstalledModel, ...]:
    """The models on this machine, in the catalogue's order. Sizes come from the disk. Nothing is hashed."""
    pins = read_pins(store.root)
    return tuple(
        InstalledModel(row, path, path.stat().st_size, pins.get(row.name))
        for row in store.rows
        if (path := path_of(store, row)).is_file()
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
                f"There is no model file {path}. Check the path, or use a name of `assist models list`."
            )
    else:
        row = find(name_or_path, store.rows)
        path = path_of(store, row)
        if not path.is_file():
            raise MissingModelError(
                f"The model {row.name} is not on this machine: run `assist models pull {row.name}`."
            )
    read_header(path)
    return path


def verified_file(store: Store, name_or_path: str, say: Say = silent) -> Path:
    """The file to open, as `resolve` finds it. One of the store was hashed since it last changed.

    Blocks while it hashes (1 s for 500 MB), and says so before. Raises what `resolve` and `verify` raise.
    """
    path = resolve(store, name_or_path)
    row = _row_of(store, path)
    if row is None:
        return path
    expected = _expected_hash(store, row)
    if not expected or known_hash(store.root, path) != expected:
        if expected:
            say(f"checking the sha256 of {path.name}, which is new or has changed")
        verify(store, row.name)
    return path


def verify(store: Store, name: str) -> InstalledModel:
    """Hash the file of `name`. ModelError unless it has the hash of the catalogue, else the pinned one."""
    row = find(name, store.rows)
    path = path_of(store, row)
    pin = read_pins(store.root).get(row.name)
    resolve(store, row.name)
    expected = _expected_hash(store, row)
    if not expected:
        raise ModelError(
            f"{path} cannot be verified: assist did not fetch it, and the catalogue has no hash for it. "
            f"Run `assist models remove {row.name}`, then `assist models pull {row.name}`, or move the file "
            "elsewhere and use it by its path."
        )
    try:
        hashed = hash_file(path)
    except OSError as error:
        raise ModelError(unreadable_words(path, error)) from error
    if hashed.sha256 != expected:
        raise ModelError(
            f"{path} is damaged: its sha256 is {hashed.sha256}, expected {expected}. "
            f"Run `assist models remove {row.name}`, then `assist models pull {row.name}`."
        )
    record_hash(store.root, path, hashed)
    return InstalledModel(row, path, path.stat().st_size, pin)


def is_verified(store: Store, row: ModelRow) -> bool:
    """Whether the file of `row` is here and is known to have the right hash. Nothing is hashed."""
    expected = _expected_hash(store, row)
    return expected != "" and known_hash(store.root, path_of(store, row)) == expected


def _row_of(store: Store, path: Path) -> ModelRow | None:
    """The row whose file this is, also if it was named by its path."""
    return next((row for row in store.rows if _same_file(path_of(store, row), path)), None)


def _same_file(one: Path, other: Path) -> bool:
    return one.name == other.name and one.parent.resolve() == other.parent.resolve()


def _expected_hash(store: Store, row: ModelRow) -> str:
    """The hash that the file of `row` must have: the catalogue's, else that of the first fetch, else ""."""
    pin = read_pins(store.root).get(row.name)
    return row.sha256 or (pin.sha256 if pin else "")


def remove(store: Store, name: str) -> int:
    """Delete the file of `name` and what is left of a fetch, and return the bytes freed.

    The pinned hash stays, so a file that is fetched later must be the same. ModelError if there is nothing to
    delete.
    """
    row = find(name, store.rows)
    partial = _partial(store, row, "")
    files = [path for path in (path_of(store, row), partial.path) if path.is_file()]
    if not files:
        raise ModelError(f"The model {row.name} is not on this machine: there is nothing to remove.")
    with hold_lock(path_of(store, row), row.name, wait=0.0):
        freed = sum(path.stat().st_size for path in files if path.is_file())
        path_of(store, row).unlink(missing_ok=True)
        discard(partial)
    return freed


def free_bytes(directory: Path) -> int:
    """The bytes that this user can still write below `directory`."""
    return shutil.disk_usage(directory).free


def fetch(
    store: Store,
    row: ModelRow,
    options: FetchOptions | None = None,
    progress: Progress = no_progress,
    say: Say = silent,
    free: Callable[[Path], int] = free_bytes,
) -> Path:
    """Fetch and verify the file of `row`, unless it is here already, and return its path.

    It continues where an earlier try stopped. Sources that cannot be reached are skipped, and `say` is told
    so. Raises FetchError if no source has the file, its hash is wrong, the disk is too full, or another
    process holds the lock too long.
    """
    options = options or FetchOptions()
    _make_root(store)
    with hold_lock(path_of(store, row), row.name, options.lock_wait, say):
        if _is_here(store, row, say):
            return path_of(store, row)
        reasons = []
        for source in sources.allowed_sources(row, options):
            name = sources.describe(source)
            try:
                offer = sources.reach(source, row, options)
                expected = _agreed_hash(store, row, offer)
                say(f"Fetching {row.name} from {name}{', to be checked by sha256' if expected else ''}.")
                if not expected:
                    say(f"Nobody publishes a hash for {row.name}: that of this file is pinned.")
                return _accept(store, row, _deliver(store, row, offer, expected, progress, free), name)
            except UnavailableError as error:
                reasons.append(f"{name}: {error}")
                say(f"Skipped {name}: {error}.")
        raise FetchError(_no_source(row, options, reasons))


def _make_root(store: Store) -> None:
    try:
        store.root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        store.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        store.root.chmod(0o700)
    except OSError as error:
        raise FetchError(
            f"The directory for models {store.root} cannot be made: {error.strerror}. "
            "Set ASSIST_DATA_DIR to a directory you may write to."
        ) from error


def _partial(store: Store, row: ModelRow, sha256: str) -> Partial:
    return Partial(store.root / f"{row.file}.partial", sha256)


def _is_here(store: Store, row: ModelRow, say: Say) -> bool:
    """Whether the right file is in place. A file put there by hand is hashed once, and then pinned."""
    path = path_of(store, row)
    pin = read_pins(store.root).get(row.name)
    if not path.is_file():
        return False
    wanted = _expected_hash(store, row)
    if pin and pin.sha256 == wanted and known_hash(store.root, path) == wanted:
        return True
    if wanted and (hashed := _fetched_hash(path)).sha256 == wanted:
        if pin is None or pin.sha256 != wanted:
            write_pin(store.root, row.name, Pin(wanted, hashed.bytes, "found in place"))
        record_hash(store.root, path, hashed)
        return True
    say(f"{path} is not the {row.name} that is expected: it is fetched again.")
    return False


def _fetched_hash(path: Path) -> HashedFile:
    """The hash of a fetched file. One that cannot be read is no wrong one: FetchError, and it stays."""
    try:
        return hash_file(path)
    except OSError as error:
        raise FetchError(unreadable_words(path, error)) from error


def _agreed_hash(store: Store, row: ModelRow, offer: DownloadOffer) -> str:
    """The hash that the file must have, from the catalogue, else an earlier fetch, else the source."""
    known = _expected_hash(store, row)
    if known and offer.sha256 and offer.sha256 != known:
        remedy = (
            "" if row.sha256 else f"; if you trust the new file, delete {row.name} from {store.root / FILE}"
        )
        raise UnavailableError(f"publishes sha256 {offer.sha256}, but {known} is expected{remedy}")
    return known or offer.sha256


def _deliver(
    store: Store,
    row: ModelRow,
    offer: DownloadOffer,
    expected: str,
    progress: Progress,
    free: Callable[[Path], int],
) -> Partial:
    partial = _partial(store, row, expected)
    try:
        needed = offer.size - prepare(partial) + offer.scratch + MARGIN
        if (there := free(store.root)) < needed:
            raise FetchError(_too_full(store, row, needed, there))
        offer.deliver(partial, progress)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise FetchError(_too_full(store, row, offer.size + MARGIN, free(store.root))) from error
        raise FetchError(
            f"{partial.path} cannot be written: {error}. Check the disk and its permissions."
        ) from error
    return partial


def _too_full(store: Store, row: ModelRow, needed: int, there: int) -> str:
    return (
        f"The disk is too full for {row.name}: {needed / 1e6:,.0f} MB are needed in {store.root} and "
        f"{there / 1e6:,.0f} MB are free. Make room, or set ASSIST_DATA_DIR to another disk."
    )


def _accept(store: Store, row: ModelRow, partial: Partial, source: str) -> Path:
    """Give the file its final name if it is right. Delete it if it is not."""
    path = path_of(store, row)
    hashed = _fetched_hash(partial.path)
    actual = hashed.sha256
    if partial.sha256 and actual != partial.sha256:
        discard(partial)
        raise FetchError(
            f"{row.name} from {source} is not the file that was expected: its sha256 is {actual}, "
            f"expected {partial.sha256}. It was deleted. Try again, or use `--offline-from` with a good file."
        )
    try:
        read_header(partial.path)
    except ModelError as error:
        discard(partial)
        raise FetchError(f"{row.name} from {source} is no usable model and was deleted: {error}") from error
    write_pin(store.root, row.name, Pin(actual, partial.path.stat().st_size, source))
    partial.path.chmod(0o600)
    durable_files.rename(partial.path, path)
    record_renamed(store.root, path, hashed)
    discard(partial)
    durable_files.sync(store.root)
    return path


def _no_source(row: ModelRow, options: FetchOptions, reasons: list[str]) -> str:
    tried = "; ".join(reasons) or "offline, no source on this machine is known"
    remedy = (
        "Check the directory."
        if options.offline_from
        else f"Check the network, or give `--offline-from DIR` a directory with {row.file}."
    )
    return f"The model {row.name} could not be fetched. {tried}. {remedy}"
