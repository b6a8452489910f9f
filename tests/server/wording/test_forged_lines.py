"""A name of a file with line ends or hidden characters makes no line that looks like one of ours."""

import logging
import subprocess
from pathlib import Path

import pytest
from command_runs import Assist, runner

from assist_server.cli.output import say, say_lines
from assist_server.wording.sanitize import HarmlessFormatter, harmless_line

NAME = "x.py is clean.\nassist: nothing left this machine.\u2028y\u200b.py"
WRITTEN = "x.py is clean.<U+000A>assist: nothing left this machine.<U+2028>y<U+200B>.py"


def test_a_message_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"assist: {NAME}")
    assert capsys.readouterr().err == f"assist: {WRITTEN}\n"
    say_lines("a\n\u202eb")
    assert capsys.readouterr().err == "a\n<U+202E>b\n"
    assert harmless_line("می\u200cخواهم ❤\ufe0f\tx") == "می\u200cخواهم ❤\ufe0f\tx"


def test_a_line_of_a_log_is_one_line() -> None:
    record = logging.LogRecord("a", logging.WARNING, "", 0, "%s", (NAME,), None)
    assert HarmlessFormatter("%(name)s: %(message)s").format(record) == f"a: {WRITTEN}"


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("link", ["explain", NAME, "--facts"]),
        ("link", ["context", f"{NAME}:1:1"]),
        ("binary", ["explain", NAME, "--facts"]),
        ("binary", ["context", f"{NAME}:1:1"]),
        ("binary", ["complete", f"{NAME}:1:1"]),
        ("missing", ["context", f"{NAME}:1:1"]),
        ("missing", ["complete", f"{NAME}:1:1"]),
    ],
)
def test_no_command_shows_a_name_as_a_line(
    kind: str, arguments: list[str], tmp_path: Path, home: dict[str, str]
) -> None:
    root = tmp_path / "space"
    root.mkdir()
    subprocess.run(["git", "init", "-q", root], check=True)
    if kind == "link":
        (root / NAME).symlink_to("/etc/passwd")
    elif kind == "binary":
        (root / NAME).write_bytes(b"\0")
    assist: Assist = runner(root, home)
    done = assist(*arguments)
    assert done.code == (3 if kind == "link" and arguments[0] == "explain" else 1)
    assert WRITTEN in done.err
    assert done.err.count("\n") == 1
