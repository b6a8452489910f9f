"""No command opens a socket when it must not: offline, and wherever nothing may leave the machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_runs import GUARD, PATIENCE, Assist, commands
from hostile import Hostile
from vendor import configure_provider, scripted_answer, vendor

pytestmark = pytest.mark.slow

Home = dict[str, str]

PLACE = "shop/cart.py:5"
MODEL = "qwen2.5-coder-0.5b"
# Each command, with arguments that let it do as much as it can without a model.
RUNS: tuple[tuple[str, str], ...] = (
    ("setup", ""),
    ("demo", ""),
    ("index", ""),
    ("mcp", ""),
    ("context", f"{PLACE}:12"),
    ("complete", f"{PLACE}:12"),
    ("explain", PLACE),
    ("explain", f"{PLACE} --frontier --yes"),
    ("ask", "where?"),
    ("ask", "where? --provider acme --yes"),
    ("test", f"{PLACE} --yes"),
    ("test", f"{PLACE} --frontier --yes"),
    ("refactor", f"{PLACE} simpler --yes"),
    ("refactor", f"{PLACE} simpler --frontier --yes"),
    ("fix", f"{PLACE} --yes"),
    ("fix", f"{PLACE} IndexError --frontier --yes"),
    ("route explain", f"{PLACE} --frontier --json"),
    ("route ask", "where? --provider acme"),
    ("route test", PLACE),
    ("route refactor", f"{PLACE} simpler"),
    ("route fix", PLACE),
    ("help", ""),
    ("commit", ""),
    ("review", ""),
    ("chat", ""),
    ("threads", ""),
    ("threads forget", "--all"),
    ("undo", "--yes"),
    ("rate", "good"),
    ("calibrate", ""),
    ("doctor", ""),
    ("stats", ""),
    ("stats export", ""),
    ("report", ""),
    ("eval", "--minutes 0.05 --kinds lines"),
    ("eval mine", ""),
    ("eval run", "--minutes 0.05 -c provider:acme --max-usd 1 --yes"),
    ("eval report", ""),
    ("eval compare", "last-1 last"),
    ("eval fit", ""),
    ("eval clear", ""),
    ("models list", ""),
    ("config path", ""),
    ("config set", "completion.mode quiet"),
    ("config unset", "completion.mode"),
    ("models use", MODEL),
    ("models verify", ""),
    ("models compare", f"{MODEL} qwen2.5-coder-1.5b"),
    ("models remove", MODEL),
    ("models pull", MODEL),
    ("cost", ""),
    ("cost reconcile", ""),
    ("audit verify", ""),
    ("audit checkpoint", ""),
    ("audit show", ""),
    ("audit export", ""),
    ("config show", ""),
    ("config check", ""),
    ("config trust", "--yes"),
    ("policy test", ""),
    ("policy probe", ""),
    ("gateway token", "zed --workspace ."),
    ("gateway tokens", ""),
    ("gateway log", "--once"),
    ("gateway revoke", "zed"),
)
SERVERS = {"lsp", "gateway"}  # run on their own
LOCAL = {"gateway setup"}  # asks a port of this machine whether the gateway answers
FETCHING = ("setup", "models pull")  # use the network when the user says so, whatever the policy
PROBING = "policy probe"  # asks a gateway and a recorder of its own on this machine, if it is not offline

# Runs commands one after another in one process, as `assist` runs each, and records their exit codes.
SCRIPT = """
import json, sys
from assist_server.cli.main import run
codes = []
for arguments in json.load(open(sys.argv[1])):
    sys.stderr.write(f"\\n$ assist {' '.join(arguments)}\\n")
    try:
        codes.append(run(arguments))
    except SystemExit as end:
        codes.append(end.code)
json.dump(codes, open(sys.argv[2], "w"))
"""


def named(*, offline: bool = False) -> set[str]:
    """The commands by their words; not `assist` itself, which shows its help."""
    return {" ".join(command) for command in commands(offline=offline) if command}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "cart.py").write_text(
        "from shop.prices import gross\n\n\ndef total(items):\n    return gross(items)\n"
    )
    (root / "shop" / "prices.py").write_text("def gross(net):\n    return net * 1.2\n")
    (root / ".assist-policy-tests.toml").write_text("[[case]]\ntext = 'x = 1'\nexpect = 'leaves'\n")
    return root


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Hostile]:
    """A provider that is configured, would answer, and counts its requests."""
    with vendor(scripted_answer("It adds up.")) as server:
        configure_provider(tmp_path / "config", server.url)
        yield server


def run_all(tmp_path: Path, home: Home, folder: Path, runs: list[list[str]]) -> tuple[list[int], str]:
    """The exit codes and the output of commands, under a guard that ends any use of a socket."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    (tmp_path / "runs.json").write_text(json.dumps(runs))
    done = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT, str(tmp_path / "runs.json"), str(tmp_path / "codes.json")],
        input=b"",
        capture_output=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "guard"), "ACME_KEY": "k-0123456789", **home},
        timeout=PATIENCE,
        check=False,
    )
    written = tmp_path / "codes.json"
    return json.loads(written.read_text()) if written.exists() else [], done.stderr.decode()


def test_the_table_has_all_commands() -> None:
    assert {name for name, _ in RUNS} | SERVERS | LOCAL == named()


def test_no_help_opens_a_socket(tmp_path: Path, home: Home, shop: Path, acme: Hostile) -> None:
    runs = [[*name.split(), "--help"] for name in sorted(named())]
    codes, said = run_all(tmp_path, home, shop, [["--version"], *runs])
    assert "Traceback" not in said, said
    assert (set(codes), acme.connections) == ({0}, 0)


def refused(codes: list[int], runs: list[list[str]]) -> None:
    """No command failed by wrong usage, which would have tested nothing, and no provider was asked."""
    for code, arguments in zip(codes, runs, strict=True):
        told = " ".join(arguments)
        assert code in (0, 1, 3), told
        assert code == 3 or "--frontier --yes" not in told, told


@pytest.mark.parametrize("how", ["--offline", "ASSIST_OFFLINE"])
def test_offline_no_command_opens_a_socket(
    tmp_path: Path, home: Home, shop: Path, acme: Hostile, how: str
) -> None:
    flag, more = ([how], {}) if how == "--offline" else ([], {how: "1"})
    able = named(offline=bool(flag))
    runs = [[*name.split(), *arguments.split(), *flag] for name, arguments in RUNS if name in able]
    codes, said = run_all(tmp_path, {**home, **more}, shop, runs)
    assert "Traceback" not in said, said
    refused(codes, runs)
    assert acme.connections == 0


def test_where_nothing_may_leave_no_command_opens_a_socket(
    tmp_path: Path, home: Home, shop: Path, acme: Hostile
) -> None:
    configure_provider(tmp_path / "config", acme.url, mode="never")
    runs = [[*name.split(), *rest.split()] for name, rest in RUNS if name not in (*FETCHING, PROBING)]
    codes, said = run_all(tmp_path, home, shop, runs)
    assert "Traceback" not in said, said
    refused(codes, runs)
    assert acme.connections == 0


@pytest.mark.parametrize("flags", [["--offline"], []])
def test_the_language_server_opens_none_either(
    assist_without_sockets: Assist, acme: Hostile, flags: list[str]
) -> None:
    assist_without_sockets("lsp", *flags)
    assert acme.connections == 0


def test_the_guard_sees_a_question_that_is_sent(
    tmp_path: Path, home: Home, shop: Path, acme: Hostile
) -> None:
    _, said = run_all(tmp_path, home, shop, [["explain", PLACE, "--frontier", "--yes"]])
    assert "Traceback: socket.connect" in said
