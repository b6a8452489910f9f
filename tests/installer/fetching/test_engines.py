"""The fetched engine: only the expected archive is unpacked, only libraries are kept, and a changed file is found."""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assist_completion.model_store.engine import EngineRow, engine_rows, installed_engine
from assist_installer.errors import FetchError
from assist_installer.fetching.engines import archive_name, engine_row, fetch_engine, forget_engine, npm_pack
from assist_installer.fetching.partial_download import FetchOptions

FILES = {
    "package/package.json": b"{}",
    "package/bins/linux-x64/llama-addon.node": b"addon",
    "package/bins/linux-x64/libllama-common.so": b"common",
    "package/bins/linux-x64/libggml-metal.so": b"metal",
    "package/bins/linux-x64/libggml-rpc.so": b"a part that opens a port",
    "package/bins/linux-x64/libllama.v0.5.0.so": b"llama",
    "package/bins/linux-x64/libggml.v0.5.0.so": b"ggml",
    "package/bins/linux-x64/libggml-base.so": b"base",
    "package/bins/linux-x64/libggml-cpu-zen4.so": b"zen4",
    "../../../libggml-cpu-evil.so": b"a name that would lead elsewhere",
}
KEPT = {
    "libggml-metal.so",
    "libllama.v0.5.0.so",
    "libggml.v0.5.0.so",
    "libggml-base.so",
    "libggml-cpu-zen4.so",
    "libggml-cpu-evil.so",
}


def archive_of(contents: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("package/bins/linux-x64/libggml-cpu-link.so")
        link.type = tarfile.SYMTYPE
        link.linkname = "/etc/passwd"
        tar.addfile(link)
    return out.getvalue()


ARCHIVE = archive_of(FILES)
ROW = EngineRow("linux-x64", "@maker/linux-x64", "1.0", hashlib.sha256(ARCHIVE).hexdigest(), len(ARCHIVE))


def packing(content: bytes, asked: list[str]) -> Callable[[EngineRow, Path], Path]:
    def pack(row: EngineRow, folder: Path) -> Path:
        asked.append(row.package)
        path = folder / archive_name(row)
        path.write_bytes(content)
        return path

    return pack


def test_the_expected_archive_is_unpacked_once_and_only_its_libraries(tmp_path: Path) -> None:
    asked: list[str] = []
    root = tmp_path / "engine"
    _, folder = fetch_engine(root, ROW, pack=packing(ARCHIVE, asked))
    assert {path.name for path in folder.iterdir() if path.suffix == ".so"} == KEPT
    assert folder.parent == root
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert fetch_engine(root, ROW, pack=packing(b"", asked)) == (ROW, folder)
    assert asked == ["@maker/linux-x64"]
    assert sorted(path.name for path in root.iterdir()) == ["linux-x64-1.0", "linux-x64-1.0.lock"]


def test_another_archive_is_never_unpacked(tmp_path: Path) -> None:
    other = archive_of({**FILES, "package/bins/linux-x64/libggml-base.so": b"evil"})
    with pytest.raises(FetchError, match="is not the file that was expected"):
        fetch_engine(tmp_path, ROW, pack=packing(other, []))
    assert not list(tmp_path.rglob("*.so"))
    assert installed_engine(tmp_path, ROW) is None


class _OverwrittenFile(type(Path())):  # type: ignore[misc]
    """A file that another program writes to as soon as it was opened."""

    def open(self, *args: Any, **named: Any) -> Any:
        before = Path(f"{self}.before")
        Path(self).rename(before)
        Path(self).write_bytes(archive_of({**FILES, "package/bins/linux-x64/libggml-base.so": b"evil"}))
        return before.open(*args, **named)


def test_what_is_unpacked_is_what_was_hashed(tmp_path: Path) -> None:
    usb = _OverwrittenFile(tmp_path / "usb.tgz")
    Path(usb).write_bytes(ARCHIVE)
    _, folder = fetch_engine(tmp_path / "engine", ROW, FetchOptions(offline_from=usb))
    assert (folder / "libggml-base.so").read_bytes() == b"base"


def test_an_engine_that_is_damaged_is_fetched_again(tmp_path: Path) -> None:
    _, folder = fetch_engine(tmp_path, ROW, pack=packing(ARCHIVE, []))
    (folder / "libggml-base.so").write_bytes(b"evil")
    said: list[str] = []
    fetch_engine(tmp_path, ROW, say=said.append, pack=packing(ARCHIVE, []))
    assert "is damaged" in said[0]
    assert (folder / "libggml-base.so").read_bytes() == b"base"


def test_an_older_version_goes_when_a_newer_one_is_there(tmp_path: Path) -> None:
    older = EngineRow("linux-x64", ROW.package, "0.9", ROW.sha256, ROW.bytes)
    _, old = fetch_engine(tmp_path, older, pack=packing(ARCHIVE, []))
    fetch_engine(tmp_path, ROW, pack=packing(ARCHIVE, []))
    assert not old.exists()
    forget_engine(tmp_path)
    assert installed_engine(tmp_path, ROW) is None


def test_the_package_with_a_device_takes_the_place_of_the_other_one_and_stays(tmp_path: Path) -> None:
    try:
        plain = engine_row()
    except FetchError:
        pytest.skip("no package for this machine")
    digest = hashlib.sha256(ARCHIVE).hexdigest()
    fetch_engine(tmp_path, replace(plain, sha256=digest), pack=packing(ARCHIVE, []))
    with_device = next(
        (row for row in engine_rows().values() if row.machine == f"{plain.machine}-vulkan"), None
    )
    if with_device is None:
        pytest.skip("no package with a device for this machine")
    fetch_engine(tmp_path, replace(with_device, sha256=digest), pack=packing(ARCHIVE, []))
    found = installed_engine(tmp_path)
    assert found is not None
    assert found[0] == with_device
    asked: list[str] = []
    assert fetch_engine(tmp_path, pack=packing(b"", asked))[0] == with_device
    assert asked == []
    assert len(list(tmp_path.glob("*/files.json"))) == 1


def test_without_a_network_the_archive_comes_from_a_folder(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    usb.mkdir()
    options = FetchOptions(offline=True)
    with pytest.raises(FetchError, match=r"cannot be fetched offline: give `--offline-from`"):
        fetch_engine(tmp_path / "engine", ROW, options)
    options = FetchOptions(offline=True, offline_from=usb)
    with pytest.raises(FetchError, match=r"holds no maker-linux-x64-1\.0\.tgz"):
        fetch_engine(tmp_path / "engine", ROW, options)
    (usb / archive_name(ROW)).write_bytes(ARCHIVE)
    assert fetch_engine(tmp_path / "engine", ROW, options)[1].is_dir()


def test_without_npm_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        FetchError, match=r"not on the PATH\. Install Node\.js, or .* `npm pack @maker/linux-x64@1\.0`"
    ):
        npm_pack(ROW, tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="uses a script instead of npm")
def test_what_npm_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code E404' >&2\nprintf 'npm error caf\\351' >&2\nexit 1\n")
    npm.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match=r"did not fetch @maker/linux-x64 1\.0 \(code E404\)"):
        npm_pack(ROW, tmp_path)
