"""Which paths of edits are names of files on Windows, tried on every system."""

from pathlib import Path

import pytest

from assist_escalation.edits.edit_paths import find_place
from assist_escalation.edits.plan import EditError


@pytest.mark.parametrize(
    "path",
    [
        "src/aux.py",
        "NUL",
        "com1.txt",
        "con .py/a.py",
        "src/a.py:10",
        "a.py::$DATA",
        "a.py.",
        "src /a.py",
        "a?.py",
    ],
)
def test_what_windows_takes_for_a_device_or_another_file_is_refused_there(tmp_path: Path, path: str) -> None:
    with pytest.raises(EditError, match="not a valid file name on Windows"):
        find_place(path, {"": tmp_path}, is_confirmed=True, windows=True)


@pytest.mark.parametrize(
    "path", ["src/auxiliary.py", "console/con_a.py", "nullable.ts", "com/a.b.py", "a b.py"]
)
def test_names_that_only_begin_like_these_are_files(tmp_path: Path, path: str) -> None:
    assert find_place(path, {"": tmp_path}, is_confirmed=True, windows=True) == tmp_path.resolve() / path
    assert find_place("src/aux.py", {"": tmp_path}, is_confirmed=True, windows=False).name == "aux.py"
