"""A model's file in the store: fetched and checked, or deleted.

A file gets its final name only after its sha256 was checked, and that hash is pinned. This module does not
know how bytes are fetched (sources.py), or which model the user wants.

    root/                      the store (`assist_completion.model_store.store`)
      FILE.gguf.partial        a model that is being fetched, with .json (its notes) and .scratch (wheels)
      FILE.gguf.lock, .holder  the process that fetches it
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

from assist_completion.errors import ModelError
from assist_completion.model_store.catalogue import ModelRow, find
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
from assist_completion.model_store.store import Say, Store, expected_hash, get_path
from assist_context import durable_files
from assist_installer.errors import FetchError, UnavailableError
from assist_installer.fetching import sources
from assist_installer.fetching.partial_download import (
    DownloadOffer,
    FetchOptions,
    Partial,
    Progress,
    discard,
    prepare,
)
from assist_installer.fetching.process_lock import hold_lock

MARGIN = 64 * 2**20  # bytes that must stay free: logs, index and other programs need some too


def fetch(
    store: Store,
    row: ModelRow,
    options: FetchOptions | None = None,
    progress: Progress = lambda *_: None,
    say: Say = lambda _: None,
    free: Callable[[Path], int] = lambda root: shutil.disk_usage(root).free,
) -> Path:
    """Fetch and verify the file of `row`, unless it is here already, and return its path.

    It continues where an earlier try stopped. Sources that cannot be reached are skipped, and `say` is told
    so. Raises FetchError if no source has the file, its hash is wrong, the disk is too full, or another
    process holds the lock too long.
    """
    options = options or FetchOptions()
    _make_root(store)
    with hold_lock(get_path(store, row), row.name, options.lock_wait, say):
        if _is_here(store, row, say):
            return get_path(store, row)
        reasons = []
        for source in sources.allowed_sources(row, options):
            name = sources.describe(source)
            try:
                offer = sources.reach(source, row, options)
                expected = _agreed_hash(store, row, offer)
                say(f"Fetching {row.name} from {name}{', to be checked by sha256' if expected else ''}.")
                if not expected:
                    say(
                        f"No hash is published for {row.name}: from now on, its file must have the hash of "
                        "this download."
                    )
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
            f"The directory for models {store.root} cannot be created: {error.strerror}. Set "
            "ASSIST_DATA_DIR to a directory you may write to."
        ) from error


def _partial(store: Store, row: ModelRow, sha256: str) -> Partial:
    return Partial(store.root / f"{row.file}.partial", sha256)


def is_accepted(store: Store, row: ModelRow) -> bool:
    """Whether the file of `row` is pinned and has not changed since it was hashed. Nothing is hashed."""
    pin = read_pins(store.root).get(row.name)
    known = known_hash(store.root, get_path(store, row))
    return pin is not None and pin.sha256 == expected_hash(store, row) == known


def _is_here(store: Store, row: ModelRow, say: Say) -> bool:
    """Whether the right file is in place. A file put there by hand is hashed once, and then pinned."""
    path = get_path(store, row)
    if is_accepted(store, row) or not path.is_file():
        return path.is_file()
    wanted = expected_hash(store, row)
    if wanted and (hashed := _fetched_hash(path)).sha256 == wanted:
        pin = read_pins(store.root).get(row.name)
        if pin is None or pin.sha256 != wanted:
            write_pin(store.root, row.name, Pin(wanted, hashed.bytes, "found in place"))
        record_hash(store.root, path, hashed)
        return True
    say(f"{path} is not the expected {row.name}: it is fetched again.")
    return False


def _fetched_hash(path: Path) -> HashedFile:
    """The hash of a fetched file. One that cannot be read is no wrong one: FetchError, and it stays."""
    try:
        return hash_file(path)
    except OSError as error:
        raise FetchError(unreadable_words(path, error)) from error


def _agreed_hash(store: Store, row: ModelRow, offer: DownloadOffer) -> str:
    """The hash that the file must have, from the catalogue, else an earlier fetch, else the source."""
    known = expected_hash(store, row)
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
        f"{there / 1e6:,.0f} MB are free. Free some space, or set ASSIST_DATA_DIR to another disk."
    )


def _accept(store: Store, row: ModelRow, partial: Partial, source: str) -> Path:
    """Give the file its final name if it is right. Delete it if it is not."""
    path = get_path(store, row)
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
        raise FetchError(f"{row.name} from {source} is not usable and was deleted: {error}") from error
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


def remove(store: Store, name: str) -> int:
    """Delete the file of `name` and what is left of a fetch, and return the bytes freed.

    The pinned hash stays, so a file that is fetched later must be the same. ModelError if there is nothing to
    delete.
    """
    row = find(name, store.rows)
    partial = _partial(store, row, "")
    files = [path for path in (get_path(store, row), partial.path) if path.is_file()]
    if not files:
        raise ModelError(f"The model {row.name} is not on this machine: there is nothing to remove.")
    with hold_lock(get_path(store, row), row.name, wait=0.0):
        freed = sum(path.stat().st_size for path in files if path.is_file())
        get_path(store, row).unlink(missing_ok=True)
        discard(partial)
    return freed
