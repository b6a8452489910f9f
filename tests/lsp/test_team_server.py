"""A real `assist lsp` whose ghost text a real model server writes: llama.cpp's own, on loopback."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from command_runs import COMMAND
from fake_lsp import knowing
from forked_servers import ForkedClient
from frontier import frontier
from recording import configure

from bench.editors.lsp_client import Client, serving

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

HEAD = "import math\n\n\nclass Circle:\n    def __init__(self, radius):\n        self.radius = radius\n\n"
ASKED = HEAD + "    def area(self):\n        return math.p"
AT = (8, 21)
SLOW = 60_000  # milliseconds: on a busy machine the server is slow, and these tests are not about that
OPEN = "def load(path):\n    with open(path) as file:\n        "


@pytest.fixture(scope="module")
def url(model_path: Path) -> Iterator[str]:
    with frontier(model_path) as found:
        yield found


@pytest.fixture
def home(tmp_path: Path, home: Mapping[str, str], url: str) -> Mapping[str, str]:
    """The environment of a server with an entry for the team's; its local model knows one class."""
    return at_home(tmp_path, home, url)


def at_home(tmp_path: Path, home: Mapping[str, str], url: str) -> Mapping[str, str]:
    lines = ["[completion]", "mode = 'eager'", "server = 'team'"]
    lines += ["[servers.team]", "kind = 'llama.cpp'", f"base_url = '{url}'", "model = 'qwen2.5-coder-0.5b'"]
    lines += ["residency = ['internal']", f"timeout_ms = {SLOW}", ""]
    configure(tmp_path, "\n".join(lines))
    return knowing(home, ASKED + "i * self.radius**2\n", OPEN + "return file.read()\n")


@pytest.fixture
def space(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    root.mkdir()
    (root / "shapes.py").write_text(ASKED + "\n")
    return root


@pytest.fixture
async def client(home: Mapping[str, str], space: Path) -> AsyncIterator[Client]:
    async with serving(home, folders=[space], make=ForkedClient) as running:
        await running.until("ready")
        yield running


def uri(space: Path, name: str = "shapes.py") -> str:
    return (space / name).as_uri()


def texts(result: Any) -> list[str]:
    return [item.insert_text for item in result.items]


def events(home: Mapping[str, str]) -> list[dict[str, Any]]:
    log = Path(home["ASSIST_DATA_DIR"], "audit.jsonl")
    return [json.loads(line)["event"] for line in log.read_text().splitlines()] if log.exists() else []


def said(home: Mapping[str, str], space: Path, *words: str) -> Any:
    """What a command prints as JSON."""
    command = [*COMMAND, *words]
    found = subprocess.run(command, cwd=space, env={**os.environ, **home}, capture_output=True, check=False)
    assert found.returncode == 0, found.stderr.decode()
    return json.loads(found.stdout)


async def test_the_server_writes_ghost_text_and_what_left_is_written_down(
    home: Mapping[str, str], space: Path, url: str
) -> None:
    async with serving(home, folders=[space], make=ForkedClient) as client:
        await client.until("ready")
        client.show(uri(space), ASKED + "\n")
        first = texts(await client.ask(uri(space), AT))[0]
        assert first.startswith("i * self.radius")
        status = client.statuses[-1]
        shown = (status.tier, status.host, status.model)
        assert shown == ("team", urlsplit(url).netloc, "qwen2.5-coder-0.5b")
        assert [each["kind"] for each in events(home)] == ["intent"]  # before the first byte
        await _typed_along(client, space, first)
    intent, outcome = events(home)
    assert (intent["kind"], outcome["kind"]) == ("intent", "outcome")
    assert [each["path"] for each in outcome["files"]] == ["shapes.py"]
    assert outcome["usage"]["output"] > 0
    assert (await asyncio.to_thread(said, home, space, "audit", "verify", "--json"))["ok"]


async def _typed_along(client: Client, space: Path, first: str) -> None:
    """What is typed as it was shown asks nothing again."""
    asked = (await client.counts())["model-runs"]
    for size in range(1, 8):
        client.change(uri(space), size + 1, first[size - 1], (8, 20 + size), (8, 20 + size))
        assert texts(await client.ask(uri(space), (8, 21 + size))) == [first[size:]]
    assert (await client.counts())["model-runs"] == asked


async def test_a_denied_and_an_ignored_file_are_completed_here(
    client: Client, space: Path, home: Mapping[str, str]
) -> None:
    (space / ".gitignore").write_text("private.py\n")
    (space / "private.py").write_text(ASKED)
    for name in ("credentials.json", "private.py"):
        client.show(uri(space, name), ASKED + "\n")
        await client.ask(uri(space, name), AT, manual=True)
        assert client.statuses[-1].tier == "local"
    assert events(home) == []
    client.show(uri(space), ASKED + "\n")
    await client.ask(uri(space), AT)
    assert client.statuses[-1].tier == "team"


async def test_when_the_server_dies_the_local_model_goes_on(
    tmp_path: Path, home: Mapping[str, str], space: Path, model_path: Path
) -> None:
    with frontier(model_path) as own:
        home = at_home(tmp_path, home, own)
        async with serving(home, folders=[space], make=ForkedClient) as client:
            await client.until("ready")
            client.show(uri(space), ASKED + "\n")
            assert texts(await client.ask(uri(space), AT))
            _kill(urlsplit(own).port or 0)
            client.show(uri(space, "load.py"), OPEN + "\n")
            assert texts(await client.ask(uri(space, "load.py"), (2, 8), manual=True))
            assert client.statuses[-1].tier == "local"
            assert "no connection" in client.statuses[-1].message


def _kill(port: int) -> None:
    """Kill the server that listens on a port, as a machine that is switched off does."""
    import psutil  # noqa: PLC0415

    for each in psutil.net_connections("tcp"):
        if each.laddr and each.laddr.port == port and each.status == psutil.CONN_LISTEN and each.pid:
            os.kill(each.pid, signal.SIGKILL)


async def test_offline_asks_no_server(home: Mapping[str, str], space: Path) -> None:
    async with serving({**home, "ASSIST_OFFLINE": "1"}, folders=[space], make=ForkedClient) as client:
        await client.until("ready")
        client.show(uri(space), ASKED + "\n")
        assert texts(await client.ask(uri(space), AT))[0].startswith("i * self.radius")
        assert client.statuses[-1].tier == "local"
    assert events(home) == []


def test_setup_doctor_and_complete(own_data: Path, environ: Mapping[str, str], space: Path, url: str) -> None:
    """From an address to ghost text, with the commands of the team page."""
    home = {**environ, "ASSIST_OFFLINE": "0", "ASSIST_DATA_DIR": str(own_data)}
    made = said(home, space, "setup", "--server", url, "qwen2.5-coder-0.5b", "--yes", "--json")
    assert (made["kind"], made["log_probabilities"], made["residency"]) == ("llama.cpp", True, ["internal"])
    assert made["cached_share"] > 0.9
    report = said(home, space, "doctor", "--json")
    assert report["server"]["reachable"]
    assert report["server"]["cached_share"] > 0.9
    answer = said(home, space, "complete", "shapes.py:9:22", "--json")
    assert answer["text"].startswith("i * self.radius")
    assert events(home)[1]["requests"] >= 1
