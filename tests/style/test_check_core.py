"""A package of the core may not grow."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).with_name("check_core.py")


def test_a_package_of_the_core_does_not_grow(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("check_core", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "door.py").write_text("x = 1\ny = 2\n")
    (tmp_path / "server" / "rows.toml").write_text("x = 1\n")
    paths = ["server/door.py", "server/rows.toml"]
    assert not list(script.excess(tmp_path, paths, {"server": 2, "context": 0}))
    found = list(script.excess(tmp_path, paths, {"server": 1}))
    assert found == ["server: 2 lines of Python, 1 at most: remove as many as you add"]
