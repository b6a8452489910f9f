"""Which command tests a repository, by its files alone, what it sees, and how it is made to run some tests."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from assist_runner.sandbox import test_command as commands
from assist_runner.sandbox.installations import PYTHONS, python_of
from assist_runner.sandbox.proofs import proof_of
from assist_runner.sandbox.sandbox import login_home
from assist_server.errors import UserError

# The programs of Windows have other names.
FILES = {"python3": PYTHONS[0]}
if os.name == "nt":
    FILES |= {"npm": "npm.cmd", "node": "node.exe", "cargo": "cargo.exe", "go": "go.exe"}


def write(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    return root


@pytest.fixture
def programs(tmp_path: Path) -> str:
    """A PATH with every program, each in an installation of its own."""
    binary = "\x7fELF"
    names = ("python3", "npm", "node", "cargo", "go")
    write(tmp_path / "installed", {f"{name}/bin/{FILES.get(name, name)}": binary for name in names})
    write(tmp_path / "installed", {f"{name}/lib/x": "" for name in names} | {"go/src/runtime/x": ""})
    write(tmp_path / "installed", {f"shims/bin/{FILES['python3']}": "#!/bin/sh\n"})
    return os.pathsep.join(f"{tmp_path}/installed/{name}/bin" for name in ("shims", *names))


def words_of(root: Path, programs: str) -> list[str]:
    """The commands, without the folders of the programs."""
    found = commands.find_test_command(root, programs)
    return [" ".join([Path(each.words[0]).name, *each.words[1:]]) for each in found]


PYTEST = f"{PYTHONS[0]} -m pytest -x --verbosity=-1 -p no:cacheprovider"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pytest.ini": ""}, [PYTEST]),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, [PYTEST]),
        ({"setup.cfg": "[tool:pytest]\n"}, [PYTEST]),
        ({"tox.ini": "[pytest]\n"}, [PYTEST]),
        ({"pyproject.toml": "[project]\n"}, []),
        ({"tests/test_a.py": ""}, [f"{PYTHONS[0]} -m unittest -f"]),
        ({"package.json": '{"scripts": {"test": "jest"}}', "node_modules/x": ""}, ["npm test --silent"]),
        ({"package.json": '{"scripts": {"test": "jest"}}'}, []),
        ({"package.json": '{"scripts": {"test": "echo no test specified"}}', "node_modules/x": ""}, []),
        ({"package.json": "{broken", "node_modules/x": ""}, []),
        ({"package.json": "[]", "node_modules/x": ""}, []),
        ({"go.mod": ""}, ["go test -count=1 ./..."]),
        ({"README.md": ""}, []),
        ({"go.mod": "", "tests/test_a.py": ""}, [f"{PYTHONS[0]} -m unittest -f", "go test -count=1 ./..."]),
    ],
)
def test_the_command_follows_from_the_files(
    tmp_path: Path, programs: str, files: Mapping[str, str], expected: list[str]
) -> None:
    assert words_of(write(tmp_path / "shop", files), programs) == expected


def test_no_command_without_its_program(tmp_path: Path) -> None:
    root = write(tmp_path / "shop", {"pytest.ini": "", "go.mod": "", "Cargo.toml": ""})
    assert commands.find_test_command(root, str(tmp_path / "nothing")) == ()


def test_the_repository_s_own_environment_comes_first_and_is_shown_with_what_it_is_made_from(
    tmp_path: Path, programs: str
) -> None:
    base = write(tmp_path / "base", {f"bin/{PYTHONS[0]}": "\x7fELF", "lib/x": ""})
    files = {
        "tests/test_a.py": "",
        f"{python_of(Path('.venv'))}": "\x7fELF",
        ".venv/lib/python3.11/site-packages/pytest/x": "",
    }
    root = write(tmp_path / "shop", {**files, ".venv/pyvenv.cfg": f"home = {base / 'bin'}\nversion = 3.11\n"})
    (command,) = commands.find_test_command(root, programs)
    assert command.words[:3] == (str(python_of(root / ".venv")), "-m", "pytest")
    assert command.view.readable == (root / ".venv", base / "bin", base / "lib")
    assert command.view.place == root
    assert command.environ["PYTHONPYCACHEPREFIX"] == str(root / commands.BYTECODE)
    assert command.view.folders == (commands.BYTECODE,)


def test_a_script_in_place_of_the_interpreter_is_passed_over(tmp_path: Path, programs: str) -> None:
    (command,) = commands.find_test_command(write(tmp_path / "shop", {"pytest.ini": ""}), programs)
    assert command.words[0] == str(tmp_path / "installed" / "python3" / "bin" / PYTHONS[0])
    prefix = tmp_path / "installed" / "python3"
    assert command.view.readable == (prefix / "bin", prefix / "lib")


def test_cargo_sees_no_password_and_keeps_what_it_built(tmp_path: Path, programs: str) -> None:
    home = tmp_path / "installed" / "cargo"
    write(home, {"registry/x": "", "credentials.toml": "token"})
    (command,) = commands.find_test_command(write(tmp_path / "shop", {"Cargo.toml": ""}), programs)
    assert command.view.folders == ("target",)
    assert {home / "registry", home / "bin"} <= set(command.view.readable)
    assert not [each for each in command.view.readable if (each / "credentials.toml").exists()]
    assert login_home() not in command.view.readable


def test_a_user_s_own_command_wins_and_sees_what_the_others_would(tmp_path: Path, programs: str) -> None:
    root = write(tmp_path / "shop", {"go.mod": "", "pytest.ini": ""})
    (command,) = commands.find_test_command(root, programs, "make 'unit tests' FAST=1")
    assert (command.words, command.runner) == (("make", "unit tests", "FAST=1"), "own")
    assert {tmp_path / "installed" / name for name in ("python3/lib", "go/src")} <= set(command.view.readable)
    assert command.view.folders == (commands.BYTECODE, commands.GO_CACHE)
    assert commands.narrow(command, ["tests/test_a.py"]) == command
    with pytest.raises(UserError, match="close its quotes"):
        commands.find_test_command(root, programs, "make 'unit")
    with pytest.raises(UserError, match="is empty"):
        commands.find_test_command(root, programs, "  ")


def test_a_program_of_the_repository_does_not_cover_its_copy(tmp_path: Path, programs: str) -> None:
    root = write(tmp_path / "shop", {"bin/check": "\x7fELF", "lib/code.rb": "", "node_modules/x": ""})
    (command,) = commands.find_test_command(root, programs, str(root / "bin" / "check"))
    assert not [each for each in command.view.readable if each.is_relative_to(root)]


def test_a_script_of_package_json_says_how_passing_is_proven(tmp_path: Path, programs: str) -> None:
    files = {"package.json": '{"scripts": {"test": "tsc && mocha"}}', "node_modules/x": ""}
    root = write(tmp_path / "shop", files)
    (found,) = commands.find_test_command(root, programs)
    (own,) = commands.find_test_command(root, programs, "npm run test")
    assert found.proof == own.proof == proof_of("mocha") != ""


@pytest.mark.parametrize(
    ("files", "tests", "added"),
    [
        ({"pytest.ini": ""}, ["tests/test_a.py", "b_test.py"], ["tests/test_a.py", "b_test.py"]),
        ({"tests/test_a.py": ""}, ["tests/test_a.py"], ["tests/test_a.py"]),
        ({"jest": "jest --ci"}, ["a.test.ts"], ["--", "--runTestsByPath", "a.test.ts"]),
        ({"jest": "node node_modules/.bin/jest"}, ["a.test.ts"], ["--", "--runTestsByPath", "a.test.ts"]),
        ({"jest": "vitest run"}, ["a.test.ts"], ["--", "a.test.ts"]),
        ({"jest": "tsc && jest"}, ["a.test.ts"], []),
        ({"jest": "mocha"}, ["a.test.ts"], []),
        ({"Cargo.toml": ""}, ["tests/a.rs", "tests/b.rs"], ["--test", "a", "--test", "b"]),
        ({"Cargo.toml": ""}, ["tests/a.rs", "src/tests/b.rs"], []),
        ({"pytest.ini": ""}, [], []),
        ({"pytest.ini": ""}, ["--help"], []),
    ],
)
def test_only_some_tests_run_where_the_runner_can_do_it(
    tmp_path: Path, programs: str, files: Mapping[str, str], tests: list[str], added: list[str]
) -> None:
    if "jest" in files:
        files = {"package.json": json.dumps({"scripts": {"test": files["jest"]}}), "node_modules/x": ""}
    (command,) = commands.find_test_command(write(tmp_path / "shop", files), programs)
    assert list(commands.narrow(command, tests).words) == [*command.words, *added]


def test_go_runs_the_packages_of_test_files(tmp_path: Path, programs: str) -> None:
    (command,) = commands.find_test_command(write(tmp_path / "shop", {"go.mod": ""}), programs)
    narrow = commands.narrow(command, ["cart/a_test.go", "cart/b_test.go", "main_test.go"])
    assert narrow.words == ("go", "test", "-count=1", "./cart", "./.")


def test_tests_that_name_a_function_have_it_as_a_word() -> None:
    texts = {
        "tests/test_a.py": "total(1)",
        "tests/test_b.py": "total(1) + total(2) + subtotal(3)",
        "tests/test_c.py": "subtotal(1), totals, _total",
        "tests/binary": None,
        "src/cart.py": "def total(): ...",
    }
    assert commands.tests_that_name("total", texts, texts.get) == ["tests/test_b.py", "tests/test_a.py"]


def test_no_pipe_of_a_repository_is_waited_for(tmp_path: Path, programs: str) -> None:
    """Each name that is looked for, as a pipe."""
    names = ("package.json", "pyproject.toml", "setup.cfg", "tox.ini", "pytest.ini", "Cargo.toml", "go.mod")
    write(tmp_path / "repo", {"node_modules/x/index.js": "", "test_x.py": ""})
    write(tmp_path / "repo", {".venv/bin/python": "\x7fELF", ".venv/lib/x": ""})
    for name in (*names, ".venv/pyvenv.cfg"):
        os.mkfifo(tmp_path / "repo" / name)
    assert words_of(tmp_path / "repo", programs) == ["python -m unittest -f"]
