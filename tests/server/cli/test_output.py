"""What a command writes while it works."""

import contextlib
import io
import re
from collections.abc import Callable

import pytest

from assist_installer.cli.downloads import show_download
from assist_server.cli import app, output
from assist_server.cli.commands.question_run import _Display
from assist_server.cli.terminal.tables import Column, facts, table
from assist_server.questions.events import AnswerProgress


def test_a_pipe_is_told_that_work_goes_on_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    output.begin_passing()
    for done in range(50):
        output.show_passing(f"indexing, {done} of 50 files")
    assert capsys.readouterr().err == "", "short work says nothing"
    output._PassingLine.told -= output.SIGN_S
    output.show_passing("indexing, 49 of 50 files")
    output.show_passing("indexing, 50 of 50 files")
    assert capsys.readouterr().err == "indexing, 49 of 50 files\n"


def test_a_pipe_is_told_once_that_a_model_reads_for_long(capsys: pytest.CaptureFixture[str]) -> None:
    output.begin_passing()
    display = _Display(None)
    display.restart("local", "/models/small.gguf")
    for tokens in (1_936, 1_949):  # a guess, and then the count
        display.progress(AnswerProgress("reading", tokens, 20.0))
    assert capsys.readouterr().err == "small.gguf: reading 1,936 tokens, about 20 s\n"


class Screen(io.StringIO):
    """Both streams of a terminal; `shown` is what is left to see."""

    def isatty(self) -> bool:
        return True

    def shown(self) -> list[str]:
        lines = []
        for line in self.getvalue().split("\n"):
            cells: list[str] = []
            for part in re.sub("\x1b\\[[0-9;]*m", "", line).split("\r"):
                cells[: len(part)] = part
            lines.append("".join(cells).rstrip())
        return lines


WRITTEN: list[tuple[str, Callable[[], None], list[str]]] = [
    ("out", lambda: output.out("found"), ["found", ""]),
    ("emit", lambda: output.emit(1), ["1", ""]),
    ("emit_line", lambda: output.emit_line(1), ["1", ""]),
    ("facts", lambda: facts([("What", "a function")]), ["What  a function", ""]),
    ("table", lambda: table([Column("NAME")], [["a"]]), ["NAME", "a", ""]),
]


@pytest.mark.parametrize(("write", "shown"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
def test_nothing_of_what_is_passing_is_left_next_to_a_result(
    write: Callable[[], None], shown: list[str]
) -> None:
    screen = Screen()
    with contextlib.redirect_stderr(screen), contextlib.redirect_stdout(screen):
        output.show_passing("looking for code that helps")
        write()
    assert screen.shown() == shown


def test_a_download_on_a_pipe_begins_with_nothing_of_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    with show_download("small") as show:
        for done in (0, 50_000_000, 550_000_000):
            show(done, 1_100_000_000)
    assert capsys.readouterr().err.splitlines() == ["small: 0 MB of 1.1 GB", "small: 550 MB of 1.1 GB"]


@pytest.mark.parametrize(("windows", "expected"), [(True, "a \u2192 b".encode()), (False, b"a ? b")])
def test_another_program_gets_every_character_on_windows(windows: bool, expected: bytes) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="cp1252")
    with contextlib.redirect_stdout(stream):
        app.accept_any_character(windows=windows)
        print("a \u2192 b", end="", flush=True)
    assert written.getvalue() == expected
