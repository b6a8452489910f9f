"""Where conversations are kept: private, few, not for long, and only if the user lets them."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from assist_escalation.prompts import Origin, Span
from assist_server.errors import UserError
from assist_server.threads.thread import Thread, ThreadMemory, ThreadTurn, add_turn, new_thread
from assist_server.threads.thread_files import DAY, MOST, ThreadFiles

PIECE = Span("def tax(): ...\n", Origin("file", "taxes.py", "/work", 1, 1, "b1"))
DERIVED = Span("It taxes.", Origin("answer", derived=(PIECE.origin,)))

TURN = ThreadTurn("ask", "Why?", (), "So.\n")


def thread_at(root: str = "/work", name: str = "") -> Thread:
    turn = ThreadTurn("ask", "What is taxed?", (PIECE, DERIVED), "All.\n")
    return add_turn(new_thread(root, name), turn, 0)


def test_a_conversation_comes_back_as_it_was_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    files = ThreadFiles(tmp_path / "data" / "threads")
    kept = thread_at()
    files.save(kept)
    assert files.last("/work") == kept
    (path,) = files.folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700


def test_a_conversation_belongs_to_its_workspace(tmp_path: Path) -> None:
    files = ThreadFiles(tmp_path)
    kept = thread_at(name="taxes")
    files.save(kept)
    assert files.find("taxes", "/work") == files.find(kept.id, "/work") == kept
    assert files.find("taxes", "/other").turns == ()
    for wrong in (kept.id, "t-00", "../x", "two words"):
        with pytest.raises(UserError):
            files.find(wrong, "/other")
    with pytest.raises(UserError, match="no conversation in /other"):
        files.last("/other")


def test_old_surplus_and_damaged_ones_are_removed(tmp_path: Path) -> None:
    now = thread_at().used
    files = ThreadFiles(tmp_path, 7, lambda: now)
    files.save(replace(thread_at(), used=now - 8 * DAY))
    (tmp_path / "t-1.json").write_text("{")
    for number in range(MOST + 2):
        files.save(replace(thread_at(), used=now - number))
    assert len(files.all()) == MOST == len(list(tmp_path.iterdir()))
    assert files.all()[0].used == now


def test_what_is_forgotten_is_gone_and_nothing_is_kept_for_no_days(tmp_path: Path) -> None:
    files = ThreadFiles(tmp_path)
    first, second = thread_at(), thread_at(name="two")
    files.save(first)
    files.save(second)
    assert files.forget("two") == 1
    assert files.all() == [first]
    assert (files.forget(), files.all(), files.forget("two")) == (1, [], 0)
    ThreadFiles(tmp_path, 0).save(first)
    assert list(tmp_path.iterdir()) == []


def test_a_server_keeps_the_conversations_that_were_used_last() -> None:
    memory = ThreadMemory(2)
    one, two, three = thread_at(), thread_at(), thread_at()
    for each in (one, two, one, three):
        memory.put(each)
    assert [memory.get(each.id) for each in (one, two, three)] == [one, None, three]


def test_no_days_remove_what_is_kept_and_what_a_crash_left_is_forgotten_too(tmp_path: Path) -> None:
    files = ThreadFiles(tmp_path)
    first, second = thread_at(), thread_at()
    for each in (first, second):
        files.save(each)
        (tmp_path / f"{each.id}.json.12.34").write_text("half a draft")
    assert files.forget(first.id) == 1
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} == {second.id}
    ThreadFiles(tmp_path, 0).save(second)
    assert list(tmp_path.iterdir()) == []


def edit_at(root: str = "/work", name: str = "", command: str = "fix") -> Thread:
    outline = replace(PIECE, origin=replace(PIECE.origin, path="other.py", outline=True))
    turn = ThreadTurn(command, "a  wrong\nsum", (PIECE, outline), "Done.\n")
    return add_turn(new_thread(root, name), turn, 0)


def test_an_edit_is_kept_until_the_next_conversation_unless_it_is_gone_on_with(tmp_path: Path) -> None:
    files = ThreadFiles(tmp_path)
    elsewhere, named, gone_on = edit_at("/other"), edit_at(name="mine"), add_turn(edit_at(), TURN, 0)
    for thread in (elsewhere, named, gone_on):
        files.save(thread)
    first, second = edit_at(), edit_at(command="test")
    files.save(first)
    assert files.last("/work") == first
    files.save(second)
    assert files.last("/work") == second
    question = thread_at()
    files.save(question)
    assert {thread.id for thread in files.all()} == {
        each.id for each in (elsewhere, named, gone_on, question)
    }


def test_a_conversation_says_what_it_began_with() -> None:
    assert thread_at().topic == "What is taxed?"
    assert edit_at().topic == "fix taxes.py:1 a wrong sum"
    assert replace(edit_at(), turns=(replace(edit_at().turns[0], words=""),)).topic == "fix taxes.py:1"
    assert new_thread("/work").topic == ""
