"""Without a plugin its commands say what is missing, and everything else works."""

import json
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from histories import make_history
from repositories import git

from assist_context.indexer.outliner import outliner_source
from assist_server.questions.session import strategies
from assist_server.workspace.members import type_analysis

COMMANDS = {
    point.name: point.module.partition(".")[0]
    for point in distribution("assist-lsp").entry_points.select(group="assist.commands")
}
SHOP = {
    "prices.py": 'def price(amount: int) -> int:\n    """The price of an amount."""\n    return 3 * amount\n',
    "bill.py": "from prices import price\n\nTOTAL = price(2)\n",
}


HIDE = """
import os, sys
package = sys.argv.pop(1)
sys.path = [each for each in sys.path if not os.path.isdir(os.path.join(each, package))]
from assist_server.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


def assist_without(package: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command where Python finds no such package."""
    command = [sys.executable, "-P", "-c", HIDE, package, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, with directories of its own for assist."""
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, text in SHOP.items():
        (folder / name).write_text(text)
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Add a shop"]):
        git(folder, *arguments)
    (folder / "bill.py").write_text(SHOP["bill.py"].replace("2", "4"))
    git(folder, "add", ".")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_whose_package_is_missing_says_so(shop: Path, command: str) -> None:
    done = assist_without(COMMANDS[command], shop, command, "--json", "whatever")
    assert done.returncode == 1
    assert done.stderr.startswith(f"assist: `assist {command}` needs the package {COMMANDS[command]}")
    assert json.loads(done.stdout)["error"] in done.stderr


@pytest.mark.parametrize(
    "package", sorted({*COMMANDS.values(), "assist_refactorings", "assist_runner", "assist_types"})
)
def test_without_a_plugin_everything_else_works(shop: Path, package: str) -> None:
    shown = assist_without(package, shop, "--help").stdout
    missing = {line.split()[0] for line in shown.splitlines() if f"Needs the package {package}." in line}
    assert missing == {command for command, needed in COMMANDS.items() if needed == package}
    ways = {
        "assist_refactorings": [["refactor", "price", "rename it to cost", "--yes"]],
        "assist_diffs": [["review"], ["commit", "--dry-run"]],
    }
    others = [arguments for needed, own in ways.items() for arguments in own if needed != package]
    facts = [["explain", "price", "--facts"], ["context", "bill.py:3:10"], ["config", "show"]]
    for arguments in (*facts, *others):
        done = assist_without(package, shop, *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        assert done.stdout
    assert ("price(" in (shop / "bill.py").read_text()) == (package == "assist_refactorings")


def test_without_the_runner_who_asks_for_a_run_is_told_what_is_missing(shop: Path) -> None:
    for arguments in (
        ["fix", "price", "--expect", "price(1) == 4"],
        ["refactor", "price", "simplify", "--run"],
        ["eval", "mine"],
    ):
        done = assist_without("assist_runner", shop, *arguments)
        assert done.returncode == 1
        assert "the package assist_runner, which is not installed" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gateway", "setup", "aider"], "http://127.0.0.1"),
        (["policy", "test"], "1 of 1 cases hold."),
        (["stats", "--json"], '"questions_kept_from"'),
        (["eval", "mine", "--count", "5", "--workspace", "history"], "tasks in"),
    ],
)
def test_each_plugin_works(shop: Path, arguments: list[str], said: str) -> None:
    """One look at each; their own suites are `make test-plugins`."""
    (shop / ".assist-policy-tests.toml").write_text('[[case]]\npath = "prices.py"\nexpect = "kept"\n')
    make_history(shop / "history", 2)
    done = assist_without("no_such_package", shop, *arguments)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


def test_the_plugins_of_ports_are_found() -> None:
    assert "runner" in [way.name for way in strategies("fix", models=True)]
    assert type_analysis() is not None
    assert outliner_source() is not None


def test_without_types_no_package_is_outlined_and_that_is_said(shop: Path) -> None:
    done = assist_without("assist_types", shop, "context", "bill.py:3:10", "--json")
    assert json.loads(done.stdout)["libraries"] == {"enabled": False, "packages": 0, "bytes": 0}
    told = assist_without("assist_types", shop, "doctor").stdout
    assert "needs the package assist_types, which is not installed" in " ".join(told.split())
