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
