"""What an agent works on: a repository with files that may not leave, under settings with three providers."""

import json
import os
import socketserver
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest
from planned_provider import PlannedProvider

SECRET = "hunter2-xyz"
DENIED = "".join(f'resource "aws_db_instance" "main_{n}" {{ size = {n * 37} }}\n' for n in range(6))
RESTRICTED = "".join(f"MARGIN_OF_CUSTOMER_{n} = {n * 53 + 11}  # sealed contract\n" for n in range(6))
WORDS_KEPT = ("aws_db_instance", "main_", "MARGIN_OF_CUSTOMER", "sealed contract")  # one of them in each line
KEPT = ("infra/db.tf", "billing/rates.py")
FILES = {
    "infra/db.tf": DENIED,
    "billing/rates.py": RESTRICTED,
    "settings.py": f'NAME = "shop"\npassword = "{SECRET}"\n',
}
EDITED = f'NAME = "shop"\nPASSWORD = "{SECRET}"\n'
WISH = "Read infra/db.tf, billing/rates.py and settings.py. Then write the name of the password in capitals."
SETTINGS = """
[escalation]
mode = "auto"
max_cost_usd_per_request = 5.0
max_cost_usd_per_day = 50.0
[egress]
deny = ["infra/**"]
[data_class]
"billing/**" = "restricted"
"""
PROVIDER = """
[providers.{dialect}]
base_url = "{url}"
model = "{model}"
dialect = "{dialect}"
residency = ["internal"]
context_tokens = 400000
max_output_tokens = 4000
price = {{ input_usd_per_mtok = 3.0, output_usd_per_mtok = 15.0 }}
"""
MODELS = {"chat": "frontier-1", "messages": "claude-sonnet-4-5", "responses": "gpt-5.5"}
PATIENCE = 240  # seconds for a whole session on a busy machine


@dataclass
class LostRequests:
    """The proxy that tools are told to use for all but this machine: what they asked it for."""

    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def lost_requests() -> Iterator[LostRequests]:
    """A proxy that writes down what it is asked for, and closes."""
    lost = LostRequests()

    class Closing(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            lost.asked.append(self.rfile.readline(1000).decode("latin-1").strip())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Closing) as server:
        lost.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield lost
        finally:
            server.shutdown()
            thread.join()


@dataclass
class AgentDesk:
    """The folder of one test: `root` is the repository, `home` that of the tool, `own` the environment of assist."""

    folder: Path
    provider: PlannedProvider
    lost: LostRequests
    url: str = ""
    token: str = ""

    @property
    def root(self) -> Path:
        return self.folder / "shop"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def own(self) -> dict[str, str]:
        folders = {"ASSIST_CONFIG_DIR": self.folder / "config", "ASSIST_DATA_DIR": self.folder / "data"}
        return {**os.environ, **{name: str(folder) for name, folder in folders.items()}}

    def make(self) -> None:
        """Write the repository, the settings, and a home for the tool."""
        for name, text in FILES.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        git = ["git", "-C", str(self.root), "-c", "user.name=a", "-c", "user.email=a@shop.example"]
        for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "Begin"]):
            subprocess.run([*git, *words], check=True)
        (self.folder / "config").mkdir()
        providers = "".join(
            PROVIDER.format(dialect=dialect, url=self.provider.url, model=model)
            for dialect, model in MODELS.items()
        )
        (self.folder / "config/config.toml").write_text(SETTINGS + providers)
        (self.home / ".config").mkdir(parents=True)

    def admit(self, tool: str) -> None:
        """Make the tool's token."""
        made = self.assist("gateway", "token", tool, "--workspace", str(self.root), "--allow", "unattributed")
        self.token = made.strip()

    def assist(self, *words: str) -> str:
        command = [sys.executable, "-P", "-m", "assist_server", *words]
        done = subprocess.run(
            command, env=self.own, cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout

    def run(self, *command: str | Path, **environ: str) -> str:
        """What a tool prints, in the repository; it fails the test if the tool does."""
        done = subprocess.run(
            [str(word) for word in command],
            env={**self._environ_of_tool(), **environ},
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def _environ_of_tool(self) -> dict[str, str]:
        """A home of its own, and a proxy for all that is not on this machine."""
        proxies = {
            "http_proxy": self.lost.url,
            "https_proxy": self.lost.url,
            "no_proxy": "127.0.0.1,localhost",
        }
        return {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            **proxies,
            **{name.upper(): value for name, value in proxies.items()},
        }

    def check(self, said: str, tool: str) -> None:
        """Nothing that may not leave has left, the tool says so, its edit is right, and the log knows it."""
        seen = self.provider.bytes_seen
        assert not [word for word in (*WORDS_KEPT, SECRET) if word.encode() in seen], said
        assert "[assist kept " in said, said
        assert not [path for path in KEPT if path not in said.partition("[assist kept ")[2]], said
        texts = {path: (self.root / path).read_text() for path in FILES}
        assert texts == {**FILES, "settings.py": EDITED}, said
        self._check_log(tool)

    def _check_log(self, tool: str) -> None:
        events = json.loads(self.assist("audit", "show", "--tool", tool, "--json"))["events"]
        intents = [event for event in events if event["kind"] == "intent"]
        assert {event["tool"] for event in intents} == {tool}
        named = {path for event in intents for path in event["files"]}
        assert named == set(FILES), named
        assert {part["path"] for event in intents for part in event["kept"]} == set(KEPT)
        assert len(intents) == len(self.provider.received)
        costs = [event["cost_micro"] for event in events if event["kind"] == "outcome"]
        assert len(costs) == len(intents)
        (row,) = json.loads(self.assist("cost", "--by", "tool", "--json"))["rows"]
        assert (row["key"], row["requests"], row["estimated"]) == (tool, len(intents), 0)
        assert row["usd"] * 1e6 == pytest.approx(sum(costs))
        assert min(costs) > 0
