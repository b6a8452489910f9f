"""What a command writes while it works."""

import contextlib
import io

import pytest

from assist_server.cli import app, output
from assist_server.cli.commands.question_run import _Display
from assist_server.cli.terminal.tables import show_download
from assist_server.questions.events import AnswerProgress, AnswerStart


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
    display.show(AnswerStart("local", "/models/small.gguf"))
    for tokens in (1_936, 1_949):  # a guess, and then the count
        display.show(AnswerProgress("reading", tokens, 20.0))
    assert capsys.readouterr().err == "small.gguf: reading 1,936 tokens, about 20 s\n"


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
