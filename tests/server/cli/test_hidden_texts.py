"""A completion of a hostile server at the terminal, and warnings and names that hold what a terminal obeys."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_runs import Assist
from hiding_server import HIDING, HidingServer, hiding_server, raw_in

from assist_server.cli.shell_completion import complete_file
from assist_server.wording.sanitize import HarmlessFormatter


@pytest.fixture
def server(home: dict[str, str]) -> Iterator[HidingServer]:
    with hiding_server(Path(home["ASSIST_CONFIG_DIR"], "config.toml")) as found:
        yield found


def test_a_completion_is_printed_without_what_hides(
    assist: Assist, tmp_path: Path, server: HidingServer
) -> None:
    space = tmp_path / "space"
    space.mkdir()
    (space / "a.py").write_text("def add(a, b):\n    return \n")
    words = ("complete", "a.py:2:12", "--manual", "--workspace", str(space))
    for text in HIDING[0], HIDING[3], HIDING[5]:
        server.answer(text)
        done = assist(*words)
        assert not done.out
        assert "invisible characters" in done.err
        assert not raw_in(done.err)
    (space / "a.py").write_text("X = '\x1b\u202e'\ndef add(a, b):\n    return \n")
    server.answer("'\u202e\x1b[2J'")
    words = ("complete", "a.py:3:12", "--manual", "--workspace", str(space))
    assert assist(*words).out == "'<U+202E><U+001B>[2J'\n"
    shown = assist(*words, "--json")
    assert shown.json["text"] == "'\u202e\x1b[2J'"
    assert not raw_in(shown.out)


def test_a_line_of_the_log_is_harmless() -> None:
    record = logging.makeLogRecord({"msg": "%s", "args": ("it said \x1b]52;c;Y3Vy\x07 so\u202e",)})
    assert HarmlessFormatter().format(record) == "it said <U+001B>]52;c;Y3Vy<U+0007> so<U+202E>"


def test_a_name_with_a_character_that_no_one_sees_is_not_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ab.py", "a\u3164b.py", "a\u202eb.py"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert complete_file("a") == ["ab.py"]
