"""Plans on the disk: all files or none, despite crashes, full disks and other writers; and undo."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import edit_crashes
import pytest
from edit_crashes import NEW, OLD, found, lay_out

from assist_escalation.edits.apply import apply, forget, last, record, recover, undo, undo_plan
from assist_escalation.edits.journal import MAX_EDITS
from assist_escalation.edits.plan import EditError, EditPlan, FileChange, hash_text


def changing(path: str, before: str, after: str) -> EditPlan:
    return EditPlan((FileChange(path, hash_text(before), None, before, after),))


@pytest.mark.slow
@pytest.mark.parametrize("what", [["apply"], ["undo"], ["recover", "40"]])
def test_a_kill_at_any_system_call_leaves_all_old_or_all_new(tmp_path: Path, what: list[str]) -> None:
    command = [sys.executable, "-W", "error", edit_crashes.__file__, str(tmp_path), *what]
    counts = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert set(counts) == {"old", "new"}
    assert min(counts.values()) > 10


def test_apply_and_undo(tmp_path: Path) -> None:
    root, journal, plan = lay_out(tmp_path)
    (root / "a.py").chmod(0o754)
    applied = apply(plan, {"": root}, journal)
    assert found(root) == NEW
    assert applied.paths == tuple(NEW)
    assert stat.S_IMODE((root / "a.py").stat().st_mode) == 0o754
    assert undo(journal) == applied
    assert found(root) == OLD
    assert stat.S_IMODE((root / "a.py").stat().st_mode) == 0o754
    with pytest.raises(EditError, match="no edit to undo"):
        undo(journal)


def test_the_journal_is_private_and_bounded(tmp_path: Path) -> None:
    root, journal, _ = lay_out(tmp_path)
    for number in range(1, MAX_EDITS + 3):
        apply(changing("c.py", f"c = {number}\n", f"c = {number + 1}\n"), {"": root}, journal)
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (journal, *journal.rglob("*"))}
    assert modes == {0o700, 0o600}
    assert sum(each.is_dir() for each in journal.iterdir()) == MAX_EDITS
    undo(journal)
    undo(journal)
    assert (root / "c.py").read_text() == f"c = {MAX_EDITS + 1}\n"


@pytest.mark.parametrize("meanwhile", [b"c = 3\n", None, b"c = 1\r\n"])
def test_a_file_that_changed_meanwhile_stops_all(tmp_path: Path, meanwhile: bytes | None) -> None:
    root, journal, plan = lay_out(tmp_path)
    (root / "c.py").unlink()
    if meanwhile is not None:
        (root / "c.py").write_bytes(meanwhile)
    before = found(root)
    with pytest.raises(EditError, match=r"c\.py was (changed|deleted) since"):
        apply(plan, {"": root}, journal)
    assert found(root) == before


def test_a_new_file_that_exists_by_now_stops_all(tmp_path: Path) -> None:
    root, journal, plan = lay_out(tmp_path)
    (root / "d/e").mkdir(parents=True)
    (root / "d/e/new.py").write_text("mine")
    with pytest.raises(EditError, match="exists already"):
        apply(plan, {"": root}, journal)
    assert (root / "d/e/new.py").read_text() == "mine"


def test_undo_refuses_after_further_edits_and_touches_nothing(tmp_path: Path) -> None:
    root, journal, plan = lay_out(tmp_path)
    apply(plan, {"": root}, journal)
    (root / "b/b.py").write_text("mine")
    before = found(root)
    with pytest.raises(EditError, match=r"b/b\.py changed since the edit"):
        undo(journal)
    assert found(root) == before
    assert last(journal) is not None


def test_a_recovery_goes_around_what_somebody_else_wrote(tmp_path: Path) -> None:
    root, journal, plan = lay_out(tmp_path)
    apply(plan, {"": root}, journal)
    entry = next(journal.glob("*/entry.json"))
    entry.write_text(entry.read_text().replace('"done"', '"forward"'))
    (root / "b/b.py").write_bytes(b"mine")
    (said,) = recover(journal)
    assert "was undone, except for b/b.py" in said
    assert found(root) == {**OLD, "b/b.py": b"mine"}


@pytest.mark.parametrize("link", ["file", "folder"])
def test_nothing_is_written_outside_of_the_workspace(tmp_path: Path, link: str) -> None:
    root, journal, _ = lay_out(tmp_path / "in")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.py").write_text("x\n")
    (root / ("x.py" if link == "file" else "sub")).symlink_to(outside / "x.py" if link == "file" else outside)
    path = "x.py" if link == "file" else "sub/x.py"
    for plan in (changing(path, "x\n", "y\n"), EditPlan((FileChange("sub/new.py", "", None, "", "y\n"),))):
        if link == "folder" or plan.changes[0].before:
            with pytest.raises(EditError, match="leads out"):
                apply(plan, {"": root}, journal)
    assert found(outside) == {"x.py": b"x\n"}


def test_a_link_inside_is_followed_but_never_to_a_guarded_file(tmp_path: Path) -> None:
    root, journal, _ = lay_out(tmp_path)
    (root / "link.py").symlink_to("c.py")
    apply(changing("link.py", "c = 1\n", "c = 2\n"), {"": root}, journal)
    assert (root / "link.py").is_symlink()
    assert (root / "c.py").read_text() == "c = 2\n"
    for name, says in (("Makefile", "ask about that file"), (".env", "never edits")):
        (root / name).write_text("x\n")
        (root / f"to{name}").symlink_to(name)
        with pytest.raises(EditError, match=says):
            apply(changing(f"to{name}", "x\n", "y\n"), {"": root}, journal)


@pytest.mark.parametrize("path", ["../x.py", "/x.py", "a//b.py", "./c.py", "b\\b.py", "api/x.py"])
def test_a_path_that_is_none_is_refused(tmp_path: Path, path: str) -> None:
    root, journal, _ = lay_out(tmp_path)
    with pytest.raises(EditError, match=r"not a path inside|not in a folder"):
        apply(EditPlan((FileChange(path, "", None, "", "x"),)), {"web": root}, journal)


def test_folders_of_a_workspace_are_told_apart(tmp_path: Path) -> None:
    one, _, _ = lay_out(tmp_path / "1")
    two, journal, _ = lay_out(tmp_path / "2")
    apply(changing("two/c.py", "c = 1\n", "c = 2\n"), {"one": one, "two": two}, journal)
    assert ((one / "c.py").read_text(), (two / "c.py").read_text()) == ("c = 1\n", "c = 2\n")


def test_two_names_of_one_file_and_read_only_files_are_refused(tmp_path: Path) -> None:
    root, journal, _ = lay_out(tmp_path)
    (root / "link.py").symlink_to("c.py")
    both = changing("c.py", "c = 1\n", "c = 2\n").changes + changing("link.py", "c = 1\n", "c = 3\n").changes
    with pytest.raises(EditError, match="the same file"):
        apply(EditPlan(both), {"": root}, journal)
    (root / "c.py").chmod(0o444)
    with pytest.raises(EditError, match="read-only"):
        apply(changing("c.py", "c = 1\n", "c = 2\n"), {"": root}, journal)


_FULL = """
import resource, sys
from pathlib import Path
from edit_crashes import lay_out, found, OLD
from assist_escalation.edits.apply import apply, last
from assist_escalation.edits.plan import EditError, EditPlan, FileChange
root, journal, plan = lay_out(Path(sys.argv[1]))
big = EditPlan((*plan.changes, FileChange("big.py", "", None, "", "x" * 9_000)))
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
try:
    apply(big, {"": root}, journal)
except EditError as error:
    print("nothing" in str(error), found(root) == OLD, last(journal) is None)
"""


def test_a_full_disk_leaves_all_old(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _FULL, str(tmp_path)]
    environ = {"PYTHONPATH": str(Path(edit_crashes.__file__).parent)}
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    assert done.stdout == "True True True\n"


def test_a_folder_in_which_nothing_may_be_made_leaves_all_old(tmp_path: Path) -> None:
    root, journal, plan = lay_out(tmp_path)
    (root / "d").write_text("a file where a folder is needed")
    with pytest.raises(EditError):
        apply(plan, {"": root}, journal)
    assert found(root) == {**OLD, "d": b"a file where a folder is needed"}
    assert last(journal) is None
    assert os.listdir(root / "b") == ["b.py"]


def test_an_edit_that_the_editor_made_can_be_taken_back(tmp_path: Path) -> None:
    root, journal, plan = lay_out(tmp_path)
    record(plan, {"": root}, journal)
    with pytest.raises(EditError, match="was not saved"):
        undo(journal)
    for path, data in NEW.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    undo(journal)
    assert found(root) == OLD


def test_the_way_back_for_an_editor(tmp_path: Path) -> None:
    root, journal, plan = lay_out(tmp_path)
    applied = record(plan, {"": root}, journal)
    back = undo_plan(journal)
    assert {each.path: each.before.encode() for each in back.changes} == NEW
    assert {each.path: each.after.encode() for each in back.changes if not each.removes} == OLD
    forget(journal, applied.id)
    assert last(journal) is None
    with pytest.raises(EditError, match="no edit"):
        undo_plan(journal)
