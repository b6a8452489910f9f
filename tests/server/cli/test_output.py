"""What a command writes while it works."""

import pytest

from assist_server.cli import output


def test_a_pipe_is_told_that_work_goes_on_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    output.begin_passing()
    for done in range(50):
        output.show_passing(f"indexing, {done} of 50 files")
    assert capsys.readouterr().err == "", "short work says nothing"
    output._PassingLine.told -= output.SIGN_S
    output.show_passing("indexing, 49 of 50 files")
    output.show_passing("indexing, 50 of 50 files")
    assert capsys.readouterr().err == "indexing, 49 of 50 files\n"
