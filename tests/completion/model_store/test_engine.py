"""The engine that is here: which one it is, and whether its files are the ones that were unpacked."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from assist_completion.errors import ModelError
from assist_completion.model_store.engine import FILES, EngineRow, engine_place, engine_rows, installed_engine

ROW = EngineRow("linux-x64", "@maker/linux-x64", "1.0", "", 0)
LIBRARIES = {"libllama.so": b"llama", "libggml-base.so": b"base"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An engine as a fetch leaves it."""
    found = engine_place(tmp_path, ROW)
    found.mkdir()
    for name, content in LIBRARIES.items():
        (found / name).write_bytes(content)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in LIBRARIES.items()}
    (found / FILES).write_text(json.dumps(hashes))
    return found


def test_it_is_found_by_its_list_of_files(tmp_path: Path, folder: Path) -> None:
    assert installed_engine(tmp_path, ROW) == (ROW, folder)
    (folder / FILES).unlink()
    assert installed_engine(tmp_path, ROW) is None


@pytest.mark.parametrize("damage", [{"libggml-base.so": b"evil"}, {"libggml-base.so": None}, {FILES: b"{}"}])
def test_a_file_that_is_another_one_is_refused(
    tmp_path: Path, folder: Path, damage: dict[str, bytes | None]
) -> None:
    for name, content in damage.items():
        (folder / name).unlink()
        if content is not None:
            (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=r"is damaged\. Run `assist setup --engine`"):
        installed_engine(tmp_path, ROW)


def test_a_file_with_other_times_is_hashed_again_and_used(tmp_path: Path, folder: Path) -> None:
    assert installed_engine(tmp_path, ROW) == (ROW, folder)
    os.utime(folder / "libggml-base.so", (1, 1))
    assert installed_engine(tmp_path, ROW) == (ROW, folder)


def test_each_system_has_its_package_and_a_hash() -> None:
    rows = engine_rows()
    machines = {f"{system}-{machine}" for system in ("linux", "mac", "win") for machine in ("x64", "arm64")}
    assert set(rows) == machines | {"linux-x64-vulkan", "linux-x64-cuda", "win-x64-vulkan", "mac-arm64-metal"}
    assert len({row.sha256 for row in rows.values()}) == len(rows) - 1
    assert rows["mac-arm64"].sha256 == rows["mac-arm64-metal"].sha256
    assert all(len(row.sha256) == 64 and row.machine in row.package for row in rows.values())
