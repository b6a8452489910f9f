"""That a program is one of the folders of PATH, and never one of the current folder."""

import os
from pathlib import Path

import pytest

from assist_context.programs import find_program


def test_a_program_of_the_current_folder_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("repository/npm.cmd", "repository/bin/npm.exe", "node/npm.cmd", "node/npm"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("")
        (tmp_path / place).chmod(0o755)
    monkeypatch.chdir(tmp_path / "repository")
    ends = (".exe", ".cmd")
    assert find_program("npm", os.pathsep.join(("", ".", "bin")), ends) is None
    path = os.pathsep.join((".", str(tmp_path / "none"), str(tmp_path / "node")))
    assert find_program("npm", path, ends) == find_program("npm.cmd", path, ends)
    assert find_program("npm", path, ends) == str(tmp_path / "node" / "npm.cmd")
    assert find_program("npm", path, ("",)) == str(tmp_path / "node" / "npm")


@pytest.mark.skipif(os.name == "nt", reason="links and rights of files")
def test_a_program_of_a_workspace_is_none_however_it_is_reached(tmp_path: Path) -> None:
    for place in ("workspace/.venv/bin/ruff", "tools/ruff"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("")
        (tmp_path / place).chmod(0o755)
    inside = tmp_path / "workspace" / ".venv" / "bin"
    (tmp_path / "linked").symlink_to(inside)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "ruff").symlink_to(inside / "ruff")
    (inside / "led-out").symlink_to(tmp_path / "tools" / "ruff")
    folders = [str(tmp_path / name) for name in ("workspace/.venv/bin", "linked", "own", "tools")]
    workspace = (str(tmp_path / "workspace"),)
    assert find_program("ruff", os.pathsep.join(folders), outside=workspace) == str(
        tmp_path / "tools" / "ruff"
    )
    assert find_program("ruff", os.pathsep.join(folders[:3]), outside=workspace) is None
    assert find_program("led-out", folders[0], outside=workspace) is None
