"""Kills a process at every system call of an edit, an undo or a recovery that changes the disk, and checks the result.

Run as a script: `edit_crashes.py FOLDER apply|undo|recover`. It prints one JSON object. The n-th child
dies right before its n-th such call. For `recover`, an edit was killed before.
"""

import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from assist_escalation.edits.apply import apply, last, recover, undo
from assist_escalation.edits.plan import EditPlan, FileChange, hash_text

OLD = {"a.py": b"a = 1\r\n", "b/b.py": b"\xef\xbb\xbfb = 1", "c.py": b"c = 1\n"}
NEW = {"a.py": b"a = 2\r\n", "b/b.py": b"\xef\xbb\xbfb = 2", "c.py": b"c = 2\n", "d/e/new.py": b"d = 2\n"}
SYSTEM = {"posix", "fcntl"}
# Other calls do not change the disk.
CHANGING = {
    "open",
    "write",
    "fsync",
    "close",
    "replace",
    "unlink",
    "mkdir",
    "rmdir",
    "chmod",
    "ftruncate",
    "flock",
}


def lay_out(folder: Path) -> tuple[Path, Path, EditPlan]:
    """A workspace with all old files, a folder for the journal, and a plan that makes all files new."""
    shutil.rmtree(folder, ignore_errors=True)
    root = folder / "work"
    for path, data in OLD.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    changes = []
    for path, data in NEW.items():
        before = OLD.get(path, b"").decode()
        sha256 = hash_text(before) if path in OLD else ""
        changes.append(FileChange(path, sha256, None, before, data.decode()))
    return root, folder / "journal", EditPlan(tuple(changes))


def found(root: Path) -> dict[str, bytes]:
    return {
        each.relative_to(root).as_posix(): each.read_bytes()
        for each in sorted(root.rglob("*"))
        if each.is_file()
    }


def folders(root: Path) -> set[str]:
    return {each.relative_to(root).as_posix() for each in root.rglob("*") if each.is_dir()}


def killed(action: Callable[[], object], at: int) -> bool:
    """Run an action in a child that dies before its `at`-th system call, and return whether it died."""
    child = os.fork()
    if child == 0:
        count = 0

        def hook(frame: FrameType, event: str, called: object) -> None:
            nonlocal count
            if frame.f_code.co_name == "_open_folder":  # one for each part of a path: they change nothing
                return
            module, name = getattr(called, "__module__", ""), getattr(called, "__name__", "")
            if event == "c_call" and module in SYSTEM and name in CHANGING:
                count += 1
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(hook)
        action()
        sys.setprofile(None)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        assert os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def judged(root: Path, journal: Path) -> str:
    """The state after a recovery: "old", "new", or what is wrong."""
    recover(journal)
    once = found(root)
    if recover(journal) or found(root) != once:
        return "recovery is not idempotent"
    if once == OLD and folders(root) == {"b"}:
        return "old" if last(journal) is None else "old, but the journal has an edit"
    if once != NEW:
        return f"mixed: {once}"
    if last(journal) is None:
        return "new, but the journal has no edit"
    undo(journal)
    return "new" if found(root) == OLD and folders(root) == {"b"} else "undo left something"


def run(folder: Path, what: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for at in itertools.count(1):
        root, journal, plan = lay_out(folder)
        if what == "undo":
            apply(plan, {"": root}, journal)
            died = killed(partial(undo, journal), at)
        else:
            died = killed(partial(apply, plan, {"": root}, journal), at)
        result = judged(root, journal)
        counts[result] = counts.get(result, 0) + 1
        if not died:
            return counts
    raise AssertionError


def run_recover(folder: Path, every: int) -> dict[str, int]:
    """Kill the recovery too, for every `every`-th killed edit."""
    counts: dict[str, int] = {}
    for at in itertools.count(1, every):
        for second in itertools.count(1):
            root, journal, plan = lay_out(folder)
            if not killed(partial(apply, plan, {"": root}, journal), at):
                return counts
            died = killed(partial(recover, journal), second)
            result = judged(root, journal)
            counts[result] = counts.get(result, 0) + 1
            if not died:
                break
    raise AssertionError


if __name__ == "__main__":
    place, what = Path(sys.argv[1]), sys.argv[2]
    print(json.dumps(run_recover(place, int(sys.argv[3])) if what == "recover" else run(place, what)))
