"""What a shell offers at the Tab key: commands, options, paths and symbols, and nothing that it would run."""

from pathlib import Path

import pytest
from command_runs import Assist, runner

from assist_server.cli.shell_completion import complete_file, complete_target


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("app.py", "apples.txt", "src/inner/a.py", ".hidden", "$(touch owned).py", "-x.py", "a*"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("x = 1\n")
    Path("loop").mkdir()
    Path("loop/again").symlink_to("../loop")
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("a", ["app.py", "apples.txt"]),
        ("s", ["src/inner/a.py"]),
        ("src/", ["src/inner/a.py"]),
        ("$", []),
        ("-", []),
        (".h", [".hidden"]),
        ("none/", []),
        ("loop", ["loop/" + "again/" * 8]),
    ],
)
def test_paths_are_offered_and_nothing_that_a_shell_would_run(
    folder: Path, typed: str, offered: list[str]
) -> None:
    assert complete_file(typed) == offered


def test_without_an_index_only_paths_are_offered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSIST_DATA_DIR", str(folder / "data"))
    assert complete_target("app") == ["app.py", "apples.txt"]


@pytest.mark.slow
def test_bash_is_offered_commands_options_and_symbols(
    assist: Assist, tmp_path: Path, home: dict[str, str]
) -> None:
    (tmp_path / "shape.py").write_text("class Circle:\n    def area(self):\n        return 1\n")
    assert assist("index").code == 0
    (tmp_path / "data" / "models").mkdir()
    (tmp_path / "data" / "models" / "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf").write_bytes(b"GGUF")
    for line, offered in (
        ("assist expl", "explain"),
        ("assist models use x --fo", "--for"),
        ("assist explain Ci", "Circle\nCircle.area"),
        ("assist explain shape.py --model qw", "qwen2.5-coder-0.5b"),
    ):
        words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_ASSIST_COMPLETE": "complete_bash"}
        assert runner(tmp_path, {**home, **words})().out.strip() == offered
