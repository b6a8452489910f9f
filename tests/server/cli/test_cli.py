"""The command line without a model: help, exit codes, positions, and messages that say what to do."""

import os
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from command_runs import Assist, commands
from recording import configure
from typer.core import TyperGroup
from typer.main import get_command

from assist_server.cli.app import COMMANDS, command_line


@pytest.mark.parametrize("command", list(commands(groups=True)), ids=" ".join)
def test_every_command_has_help_with_an_example_in_80_columns(
    assist: Assist, command: tuple[str, ...]
) -> None:
    done = assist(*command, "--help")
    assert done.code == 0
    assert f"Usage: {' '.join(['assist', *command])}" in done.out
    assert "Example" in done.out
    assert not re.search(r"[\w,;]\.\.\.$", done.out, re.MULTILINE)  # nothing is cut off
    prose = [line for line in done.out.splitlines() if not line.startswith("    ")]
    assert max(map(len, prose)) <= 80
    assert not done.err


def test_of_a_command_only_its_module_is_loaded_and_for_help_all_are() -> None:
    shared = {"lsp", "help"}
    for names in COMMANDS.values():
        assert {*names, *shared} == top_commands(names[-1])
    listed = {name for names in COMMANDS.values() for name in names}
    plugins = distribution("assist-lsp").entry_points.select(group="assist.commands").names
    assert {*listed, *plugins, *shared} == top_commands("") == top_commands("nonsense")
    assert top_commands("--version") == shared


def top_commands(word: str) -> set[str]:
    group = get_command(command_line(word))
    assert isinstance(group, TyperGroup)
    return set(group.commands)


def test_the_version_is_the_distributions(assist: Assist) -> None:
    assert assist("--version").out.startswith("assist 0.")


def test_help_is_at_hand_in_each_of_its_usual_forms(assist: Assist) -> None:
    long = assist("models", "use", "--help").out
    assert assist("models", "use", "-h").out == long
    assert assist("help", "models", "use").out == long
    assert assist("help").out == assist("--help").out
    assert "There is no command `assist models nonsense`" in assist("help", "models", "nonsense").err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Usage: assist"),
        (("cost", "--by", "week"), "'week' is not one of 'day', 'repo', 'command', 'model', 'tool'"),
        (("cost", "--since", "yesterday"), "'yesterday' is not a date: write YYYY-MM-DD"),
        (("rate", "great"), "'great' is not one of 'good', 'bad'"),
        (("nonsense",), "No such command 'nonsense'. See `assist --help`."),
        (("models",), "Missing command: name one of "),
        (("models", "pull"), "Missing argument 'NAME', as in `assist models pull "),
        (("setup", "--fast"), "No such option: --fast"),
        (("complete",), "Give a cursor position, as in src/app.py:10:5"),
        (("complete", "a.py"), "'a.py' is not a position: write PATH:LINE:COL"),
        (("complete", "a.py:1"), "is not a position"),
        (("context", "a.py:1"), "is not a position"),
        (("complete", "a.py:0:1"), "both counted from 1"),
        (("complete", "a.py:1:-1"), "is not a position"),
        (("complete", ":1:1"), "is not a position"),
        (("models", "remove", "qwen2.5-coder-0.5b"), "add --yes"),
    ],
)
def test_wrong_usage_is_exit_2(
    assist: Assist, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    models = tmp_path / "data" / "models"
    models.mkdir(parents=True)
    (models / "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf").write_bytes(b"here")
    done = assist(*arguments)
    assert done.code == 2
    assert message in done.err
    assert not done.out


def test_a_batch_that_cannot_start_says_so_in_one_line(assist: Assist) -> None:
    for arguments, code in ((("complete", "--batch"), 1), (("complete", "a.py:1:1", "--batch"), 2)):
        done = assist(*arguments, stdin='{"path": "a.py", "text": "", "offset": 0}')
        assert done.code == code
        assert len(done.out.splitlines()) == 1
        assert done.json["error"] in done.err


def test_json_is_one_document_also_where_a_command_fails(assist: Assist) -> None:
    for arguments, code in ((("complete", "--json"), 2), (("complete", "a.py:1:1", "--json"), 1)):
        done = assist(*arguments)
        assert done.code == code
        assert done.json["error"] in done.err


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("absent.py:1:1", "There is no file"),
        ("folder:1:1", "is a directory: name a file in it"),
        ("binary.py:1:1", "is a binary file"),
        ("utf16.py:1:1", "is a binary file"),
        ("pipe:1:1", "is not a regular file"),
        ("two.py:4:1", "There is no line 4"),
        ("two.py:1:8", "which has 6 characters: use 1 to 7"),
        ("empty.py:1:2", "which has 0 characters: use 1 to 1"),
        ("two.py:1:1", "is not on this machine"),  # the position is valid, but there is no model
        ("latin1.py:1:7", "is not on this machine"),
        ("empty.py:1:1", "is not on this machine"),
    ],
)
def test_a_place_that_cannot_be_completed_says_why(
    assist: Assist, tmp_path: Path, place: str, message: str
) -> None:
    (tmp_path / "two.py").write_bytes(b"a = 10\r\nb = 2\r\n")
    (tmp_path / "empty.py").touch()
    (tmp_path / "latin1.py").write_bytes(b"s = '\xe9'")
    (tmp_path / "binary.py").write_bytes(b"\x7fELF\0\0")
    (tmp_path / "utf16.py").write_bytes("a = 1".encode("utf-16"))
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    done = assist("complete", place)
    assert done.code == 1
    assert message in done.err
    assert not done.out


def test_relative_paths_start_at_the_workspace(assist: Assist, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.py").touch()
    assert "There is no file" in assist("complete", "a.py:1:1").err
    assert "not on this machine" in assist("complete", "a.py:1:1", "--workspace", "project").err
    assert "There is no directory" in assist("complete", "a.py:1:1", "--workspace", "absent").err


def test_a_broken_configuration_stops_a_command_and_names_the_key(assist: Assist, tmp_path: Path) -> None:
    configure(tmp_path, '[completion]\nmoddel = "x"\n')
    done = assist("complete", "a.py:1:1")
    assert done.code == 1
    assert "moddel" in done.err


def test_output_that_nobody_reads_is_no_error(tmp_path: Path, home: dict[str, str]) -> None:
    command = [sys.executable, "-P", "-m", "assist_server", "models", "list"]
    read, write = os.pipe()
    os.close(read)  # like `| head -1`, which closes the pipe early
    done = subprocess.run(
        command,
        stdout=write,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, **home},
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


HEAVY = {
    "typer",
    "rich",
    "assist_completion.inference.libllama",
    "numpy",
    "huggingface_hub",
    "pip",
    "tree_sitter",
    "asyncio",
}


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("assist_server.cli.main", HEAVY | {"pygls", "lsprotocol"}),
        ("assist_server.lsp.server", HEAVY - {"asyncio"}),
        ("assist_server.cli.app", HEAVY - {"typer", "asyncio"} | {"pygls", "lsprotocol"}),
        (  # the index is brought up to date while the rest is loaded
            "assist_server.cli.commands.question_place",
            HEAVY - {"typer"} | {"sqlite3", "assist_context.retrieval.corpus", "assist_context.index.reader"},
        ),
        (  # facts are there at once: nothing that a model or a provider needs
            "assist_server.cli.commands.question_facts",
            {
                "assist_completion.inference.libllama",
                "numpy",
                "rich.markdown",
                "rich.progress",
                "filelock",
                "importlib.metadata",
                "assist_escalation.redaction.scanner",
                "assist_server.questions.decision",
            },
        ),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(module: str, absent: set[str]) -> None:
    """An editor waits for `initialize`, a user for `--help`: 0.5 s each on the reference machine."""
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not absent & set(done.stdout.split())


def test_numpy_starts_no_threads() -> None:
    """Each of them would spin for a while at the start, one for each core."""
    program = (
        "import contextlib, sys, psutil; from assist_server.cli.main import main; sys.argv = ['assist', '--version']\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "before = psutil.Process().num_threads(); import numpy; print(psutil.Process().num_threads() - before)"
    )
    clean = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=clean
    )
    assert done.stdout.splitlines()[-1] == "0"
