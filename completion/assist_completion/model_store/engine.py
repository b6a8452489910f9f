"""The fetched engine: a llama.cpp with parts for many processors, and for a device, from a package of npm.

It is used only while each of its files has the hash that it had when it was unpacked. This module does not
know how it comes here (the plugin `installer`), and loads none of it: `inference` does.

    root/                            0700
      linux-x64-3.22.1/              0700
        libllama.v0.5.0.so ...       0600
        files.json                   {"NAME": "sha256"}, written last
        models.hashed                how each file looked when it was hashed (models_lock.py)
"""

from __future__ import annotations

import json
import platform
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from assist_completion.errors import ModelError
from assist_completion.model_store.models_lock import hash_file, known_hash, record_hash

FILES = "files.json"
_SYSTEMS = {"linux": "linux", "darwin": "mac", "win32": "win"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class EngineRow:
    """The package for one kind of machine and device, as in "linux-x64-vulkan", and its archive.

    `unpacked` is what it takes on the disk, in bytes, where that is much more than the archive.
    """

    machine: str
    package: str
    version: str
    sha256: str
    bytes: int
    unpacked: int = 0

    @property
    def build(self) -> str:
        """The package and version in words."""
        return f"{self.package} {self.version}"


@cache
def engine_rows() -> Mapping[str, EngineRow]:
    """All known packages, by the kind of machine."""
    text = files("assist_completion.model_store").joinpath("engines.toml").read_text(encoding="utf-8")
    return {name: EngineRow(machine=name, **row) for name, row in tomllib.loads(text).items()}


def machine_name() -> str:
    """The kind of this machine, as in "linux-x64"."""
    return f"{_SYSTEMS.get(sys.platform, sys.platform)}-{_MACHINES.get(platform.machine().lower(), '')}"


def installed_engine(root: Path, row: EngineRow | None = None) -> tuple[EngineRow, Path] | None:
    """The engine that was fetched for this machine, and its folder. None if there is none.

    A file that has changed is hashed again. Raises ModelError with the remedy if it is another one.
    """
    row = row or present_row(root)
    if row is None or not (engine_place(root, row) / FILES).is_file():
        return None
    folder = engine_place(root, row)
    try:
        hashes = dict(json.loads((folder / FILES).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        hashes = {}
    if not hashes or any(not _is_whole(folder, name, sha256) for name, sha256 in hashes.items()):
        raise ModelError(f"The engine in {folder} is damaged. Run `assist setup --engine` to fetch it again.")
    return row, folder


def present_row(root: Path) -> EngineRow | None:
    """The package that is here, for whichever device."""
    mine = (row for name, row in engine_rows().items() if name.startswith(machine_name()))
    return next((row for row in mine if (engine_place(root, row) / FILES).is_file()), None)


def _is_whole(folder: Path, name: str, sha256: str) -> bool:
    path = folder / name
    if known_hash(folder, path) == sha256:
        return True
    try:
        file_hash = hash_file(path)
    except OSError:
        return False
    if file_hash.sha256 == sha256:
        record_hash(folder, path, file_hash)
    return file_hash.sha256 == sha256


def engine_place(root: Path, row: EngineRow) -> Path:
    """Find where a package is, or would be."""
    return root / f"{row.machine}-{row.version}"
