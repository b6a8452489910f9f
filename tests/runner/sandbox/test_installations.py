"""Programs that are installed in a home show their libraries to tests, and no data that lies next to them."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from confined import LIMITS

from assist_runner.sandbox.go_cache import GO_CACHE, seed_go_cache
from assist_runner.sandbox.installations import PYTHONS, node_packages, prefixes_of, without_shims
from assist_runner.sandbox.sandbox import NoSandboxError, SandboxView, login_home, run
from assist_runner.sandbox.test_command import TestCommand, find_test_command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
]
PRIVATE = ("share/assist/audit.jsonl", "share/keyrings/login.keyring", "state/assist/log")


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.fixture
def local() -> Iterator[Path]:
    """A folder like `~/.local`, in the real home: programs, a library, and data."""
    if not os.access(login_home(), os.W_OK):
        pytest.skip("this user has no home")
    with tempfile.TemporaryDirectory(dir=login_home(), prefix=".assist-test-") as folder:
        local = Path(folder)
        for name in PRIVATE:
            write(local / name, "hunter2\n")
        write(local / "lib" / "library.txt", "library\n")
        shown = " ".join(f"{local}/{name}" for name in ("lib/library.txt", *PRIVATE))
        for name in ("npm", "check"):
            write(local / "bin" / name, f"#!/bin/sh\ncat {shown}\nls {local}\n")
        write(local / "bin" / "python3", "\x7fELF")
        yield local


def output_of(command: TestCommand, tree: Path) -> str:
    return run(command.words, tree, LIMITS, command.environ, command.view).output


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "shop" / "package.json", '{"scripts": {"test": "jest"}}')
    (tmp_path / "shop" / "node_modules").mkdir()
    return tmp_path / "shop"


@pytest.mark.parametrize("place", ["src/", ""])
def test_a_package_that_is_not_installed_is_found(tmp_path: Path, place: str) -> None:
    root = tmp_path / "shop"
    write(root / f"{place}cart_of_shop/__init__.py", "TOTAL = 3\n")
    test = "from cart_of_shop import TOTAL\n\ndef test_total():\n    assert TOTAL == 3\n"
    write(root / "tests" / "test_cart.py", test)
    (command,) = find_test_command(root, f"{sys.prefix}/bin:/usr/bin:/bin", "pytest -q tests")
    assert "1 passed" in output_of(command, root)


@pytest.mark.parametrize("own", ["", "check", "env FAST=1 check"])
def test_a_program_in_the_home_sees_its_library_and_no_data(local: Path, root: Path, own: str) -> None:
    (command,) = find_test_command(root, f"{local}/bin:/usr/bin:/bin", own)
    output = output_of(command, root)
    assert output.count("hunter2") == 0
    assert output.startswith("library\n")
    assert output.split()[-2:] == ["bin", "lib"]


@pytest.mark.parametrize("linked", [False, True])
def test_an_environment_of_the_repository_opens_no_folder_of_the_home(
    local: Path, tmp_path: Path, linked: bool
) -> None:
    """It names an installation that is not the one of its interpreter, or is a link to a folder there."""
    root = tmp_path / "shop"
    copy = tmp_path / "copy"  # in which links that lead out are missing
    copy.mkdir()
    write(root / "tests" / "test_a.py", "")
    if linked:
        (local / "bin" / "python").symlink_to("/usr/bin/env")
        write(local / "pyvenv.cfg", "home = /usr/bin\n")
        (root / ".venv").symlink_to(local)
    else:
        write(root / ".venv" / "bin" / "python", "\x7fELF")
        write(root / ".venv" / "pyvenv.cfg", f"home = {local}/bin\n")
        (root / ".venv" / "lib").symlink_to(local / "share")
    (command,) = find_test_command(root, "/usr/bin:/bin", f"cat {' '.join(f'{local}/{x}' for x in PRIVATE)}")
    assert f"{root}/.venv" in " ".join(map(str, command.view.readable))
    assert "hunter2" not in output_of(command, copy)
    if not linked:
        assert not [each for each in command.view.readable if each.is_relative_to(local)]


def test_a_base_in_the_home_counts_if_the_interpreter_is_really_there(local: Path, tmp_path: Path) -> None:
    root = tmp_path / "shop"
    write(root / "pytest.ini", "")
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to(local / "bin" / "python3")
    write(root / ".venv" / "pyvenv.cfg", f"home = {local}/bin\n")
    (command,) = find_test_command(root, "/usr/bin:/bin")
    assert command.view.readable == (root / ".venv", local / "bin", local / "lib")


def test_a_part_that_leads_out_of_its_installation_is_not_shown(local: Path, root: Path) -> None:
    evil = root / "evil"
    write(evil / "bin" / "python3", "\x7fELF")
    (evil / "lib").symlink_to(local / "share")
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to(evil / "bin" / "python3")
    write(root / ".venv" / "pyvenv.cfg", f"home = {evil}/bin\n")
    (command,) = find_test_command(root, "/usr/bin:/bin", f"cat {local}/share/assist/audit.jsonl")
    assert "hunter2" not in output_of(command, root)


def test_a_link_in_the_place_of_packages_leads_to_packages_only(local: Path, tmp_path: Path) -> None:
    for name, target in (("evil", local / "share"), ("copy", tmp_path / "other" / "node_modules")):
        target.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).mkdir()
        (tmp_path / name / "node_modules").symlink_to(target)
    assert node_packages(tmp_path / "evil") is None
    assert node_packages(tmp_path / "copy") == tmp_path / "copy" / "node_modules"


def test_a_home_is_no_installation() -> None:
    assert prefixes_of(login_home() / "bin" / "npm") == []


def test_a_folder_with_all_data_of_the_home_is_never_shown(tmp_path: Path) -> None:
    for name in (".local", ".local/share", ".local/state", ".config", ".ssh"):
        with pytest.raises(NoSandboxError, match="name the folders in it"):
            run(["true"], tmp_path, LIMITS, {}, SandboxView((login_home() / name,)))


def test_scripts_of_pyenv_are_the_interpreter_that_they_start(tmp_path: Path) -> None:
    shims = tmp_path / ".pyenv" / "shims"
    for version in ("3.9.2", "3.11.7", "3.11.12"):
        programs = tmp_path / ".pyenv" / "versions" / version / "bin"
        programs.mkdir(parents=True)
        (programs / PYTHONS[0]).touch()
    shims.mkdir()
    (tmp_path / ".pyenv" / "version").write_text("3.9.2\n")
    root = tmp_path / "shop"
    root.mkdir()
    path = os.pathsep.join((str(shims), "/usr/bin"))

    assert Path(without_shims(path, root).split(os.pathsep)[0]).parts[-2:] == ("3.9.2", "bin")
    (root / ".python-version").write_text("3.11\n")
    assert Path(without_shims(path, root).split(os.pathsep)[0]).parts[-2:] == ("3.11.12", "bin")
    (root / ".python-version").write_text("../../../3.11.7\n")
    assert without_shims(path, root) == path  # a repository leads nowhere else


def test_the_newest_builds_of_go_are_copied_and_never_shared(tmp_path: Path) -> None:
    cache = tmp_path / "go-build"
    for age, name in enumerate(("aa/first-d", "ab/second-d", "ac/third-d")):
        file = cache / name
        file.parent.mkdir(parents=True)
        file.write_text("built")
        os.utime(file, (1_000 - age, 1_000 - age))
    (cache / "ac" / "link-d").symlink_to(tmp_path)

    seed_go_cache(tmp_path / "tree", cache, lambda: False, most=2 * len("built"))

    copied = sorted(path for path in (tmp_path / "tree" / GO_CACHE).rglob("*") if path.is_file())
    assert [path.name for path in copied] == ["first-d", "second-d"]
    assert all(path.stat().st_nlink == 1 for path in copied)
