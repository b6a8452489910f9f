"""What the command in a sandbox uses: processes, memory, files in memory, and files in folders that are kept.

It is asked from outside of the sandbox, where no process of the command can reach who asks. It ends nothing,
and empties kept folders that are too large at the end.
"""

import errno
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from assist_runner.sandbox.limits import NO_MEMORY, NO_PROCESSES, NO_SIGHT, ConfinementPlan, SandboxLimits

_FOLDER_TICK = 1.0  # seconds between two looks at kept folders, at least
_FOLDER_SHARE = 10  # a look takes this part of the time at most: 0.2 s for 50,000 files
_FAST = 1 / 8  # of a limit since the last look: then the next one is at once
_NEARLY = 0.98  # of the memory for files: a file that does not fit leaves less than that
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})  # or a file or a link is in its place
# Of an exact sum, which takes 1 ms a process, and 0.1 s one with 65,000 areas of memory: more would be blind.
_PATIENCE_S = 1.0
_DEEPEST = 100  # folders in folders; cargo's `target` has 8, and what is deeper than this is no build's


class SandboxHandles:
    """Open folders of a sandbox: its /proc, and the file system in memory that has all changed files.

    `first` is its first process, which shows its memory. Raises OSError if they cannot be opened.
    """

    def __init__(self, first: int) -> None:
        self.proc = os.open(f"/proc/{first}/root/proc", _FOLDER)
        self.files = os.open(f"/proc/{first}/root/tmp", _FOLDER)


def excess(limits: SandboxLimits, handles: SandboxHandles, held: int) -> str:
    """Which limit all processes together have reached, or "". Raises OSError if it cannot be seen.

    `held` is by how many bytes `held_memory` has grown.
    """
    pids = [name for name in os.listdir(handles.proc) if name.isdigit() and name != "1"]
    if len(pids) >= limits.processes:
        return NO_PROCESSES
    facts = [_facts(handles.proc, pid) for pid in pids]
    if sum(threads for threads, _, _ in facts) >= limits.processes:
        return NO_PROCESSES
    # The pages of files in memory have their own limit, `disk`.
    hidden = held - _bytes_of_files(handles.files)
    if _sum(facts, hidden) <= limits.memory:
        return ""
    # Processes share pages after a fork. The exact sum takes milliseconds, so it is only a second look.
    until = time.monotonic() + _PATIENCE_S
    shares = []
    for pid in pids:
        shares.append(_shares(handles.proc, pid))
        if time.monotonic() > until:
            return NO_SIGHT
    return NO_MEMORY if _sum(shares, hidden) > limits.memory else ""


def _sum(facts: list[tuple[int, int, int]], hidden: int) -> int:
    """The memory in use. What is hidden has the shared pages that processes show, and more."""
    return sum(own for _, own, _ in facts) + max(sum(shared for _, _, shared in facts), hidden)


def _facts(proc: int, pid: str) -> tuple[int, int, int]:
    """The threads of a process, the bytes of memory of its own, and of shared memory."""
    rows = _rows(f"{pid}/status", proc)
    return rows.get("Threads", 0), rows.get("RssAnon", 0) * 1024, rows.get("RssShmem", 0) * 1024


def _shares(proc: int, pid: str) -> tuple[int, int, int]:
    """The same, of shared pages only its part; all if it does not let anyone look."""
    rows = _rows(f"{pid}/smaps_rollup", proc)
    if "Pss_Shmem" not in rows:
        return _facts(proc, pid)
    return 0, rows["Pss_Anon"] * 1024, rows["Pss_Shmem"] * 1024


def is_full(handles: SandboxHandles) -> bool:
    """Whether there is no room for more changed files."""
    used = os.statvfs(handles.files)
    return used.f_bavail < (1 - _NEARLY) * used.f_blocks or used.f_favail == 0


def _bytes_of_files(folder: int) -> int:
    used = os.statvfs(folder)
    return (used.f_blocks - used.f_bfree) * used.f_frsize


def _rows(file: str, folder: int | None = None) -> dict[str, int]:
    """The numbers in a table of the kernel; none if the process has ended, or does not let anyone look."""
    found = {}
    with (
        suppress(OSError),
        open(
            file,
            encoding="utf-8",
            errors="replace",
            opener=lambda path, flags: os.open(path, flags, dir_fd=folder),
        ) as lines,
    ):
        for line in lines:
            name, *values = line.replace(":", " ", 1).split()[:2] or [""]
            if values and values[0].isdigit():
                found[name] = int(values[0])
    return found


class MemoryGrowth:
    """By how many bytes `held_memory` has grown since this was made. Raises OSError if it is not known."""

    def __init__(self) -> None:
        self._group = _control_group()
        self._least = held_memory(self._group) - unused_memory(self._group)

    def at_most(self) -> int:
        """The growth, with memory that is put by: a quick first look."""
        held = held_memory(self._group)
        self._least = min(self._least, held)  # what an earlier sandbox had may still be on its way back
        return held - self._least

    def exact(self) -> int:
        """The growth."""
        return self.at_most() - unused_memory(self._group)


def _control_group() -> str:
    """The folder of the control group that this process is in, "" if it counts no memory (cgroup 2)."""
    with suppress(OSError), open("/proc/self/cgroup", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            folder = f"/sys/fs/cgroup{line[3:].rstrip()}"
            if line.startswith("0::") and os.access(f"{folder}/memory.stat", os.R_OK):
                return folder
    return ""


def held_memory(group: str, table: str = "/proc/meminfo") -> int:
    """The bytes that the kernel holds and cannot drop, without the pages that processes show as their own.

    That is shared memory, also what nothing maps, files without a disk, all that is in sockets and pipes,
    page tables and other tables. It is of a control group, or of the whole machine if `group` is "": then
    other programs are in it too, and `unused_memory`. Raises OSError if it is not known.
    """
    if not group:
        rows = _rows(table)
        if "AnonPages" not in rows:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), table)
        free = rows["MemFree"] + rows["Buffers"] + rows["Cached"] - rows["Shmem"] + rows["AnonPages"]
        free += rows.get("KReclaimable", rows.get("SReclaimable", 0))
        return (rows["MemTotal"] - free + rows.get("SwapTotal", 0) - rows.get("SwapFree", 0)) * 1024
    rows = _rows(f"{group}/memory.stat")
    dropped = rows["anon"] + rows["file"] - rows["shmem"] + rows.get("slab_reclaimable", 0)
    return _number(f"{group}/memory.current") + _number(f"{group}/memory.swap.current") - dropped


def unused_memory(group: str, table: str = "/proc/zoneinfo") -> int:
    """The bytes that processors have put by, and that Linux does not call free: up to 0.5 GiB were seen.

    The table takes milliseconds on a machine with many processors.
    """
    if group:
        return 0
    with suppress(OSError), open(table, encoding="ascii") as lines:
        pages = sum(int(line.split()[1]) for line in lines if line.lstrip().startswith("count:"))
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def _number(file: str) -> int:
    with suppress(OSError, ValueError), open(file, encoding="ascii") as text:
        return int(text.read())
    return 0


class KeptFolders:
    """The folders of a copy whose changes are kept on the disk."""

    def __init__(self, plan: ConfinementPlan) -> None:
        self._tree = plan.tree
        self._folders = [os.path.join(plan.tree, folder) for folder in plan.folders]
        self._limits = plan.limits
        self._first = os.statvfs(plan.tree)
        self._last = self._first
        self._next = time.monotonic() + _FOLDER_TICK

    def are_too_large(self) -> bool:
        """Whether they have grown too large, if it is time for a look, or the disk fills fast."""
        if not self._folders:
            return False
        begin = time.monotonic()
        limits = self._limits
        now = os.statvfs(self._tree)
        bytes_taken = _bytes_left(self._last) - _bytes_left(now)
        files_made = self._last.f_ffree - now.f_ffree
        grows_fast = max(bytes_taken / limits.kept_bytes, files_made / limits.kept_files) > _FAST
        if begin < self._next and not grows_fast:
            return False
        is_filled = fills_disk(_bytes_left(self._first), _bytes_left(now), limits.kept_bytes)
        found = is_filled or is_too_large(self._folders, limits.kept_bytes, limits.kept_files)
        end = time.monotonic()
        self._last = now
        self._next = end + max(_FOLDER_TICK, (end - begin) * _FOLDER_SHARE)
        return found

    def empty_if_too_large(self) -> bool:
        """Whether they are too large once no process is left: then they are empty afterwards.

        A command may fill them and end between two looks.
        """
        try:
            found = is_too_large(self._folders, self._limits.kept_bytes, self._limits.kept_files)
        except OSError:
            found = True
        for folder in self._folders if found else ():
            with suppress(OSError):  # the run has failed anyway
                empty_folder(folder)
        return found


def empty_folder(folder: str) -> None:
    """Deletes all that is in a folder, however deep and closed it is; no process may change it meanwhile."""
    handle = os.open(folder, _FOLDER)
    try:
        waiting = [_delete_files(handle)]  # the folders that are left at each level above the open one
        names = list[str]()
        while waiting[-1] or names:
            name = waiting[-1].pop() if waiting[-1] else ""
            inner = os.open(name or "..", _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
            if name:
                names.append(name)
                waiting.append(_delete_files(handle))
            else:
                os.rmdir(names.pop(), dir_fd=handle)
                waiting.pop()
    finally:
        os.close(handle)


def _delete_files(folder: int) -> list[str]:
    """Deletes what is no folder in an open one. Returns the names of its folders, opened to us."""
    folders = []
    os.fchmod(folder, 0o700)
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.name, 0o700, dir_fd=folder)
                folders.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=folder)
    return folders


def fills_disk(before: int, left: int, most: int) -> bool:
    """Whether a disk has lost more than `most` of its free bytes, and has less than that left.

    A file that is open has no name in a folder once it is deleted, but it fills the disk. Others write to the
    disk too, so that it counts only where the disk is nearly full.
    """
    return before - left > most > left


def _bytes_left(disk: os.statvfs_result) -> int:
    return disk.f_bavail * disk.f_frsize


def is_too_large(folders: Iterable[str], bytes_left: int, files_left: int) -> bool:
    """Whether the files and folders below some folders have more bytes on the disk, or are more, than that.

    No link is followed, and no path is too long. What cannot be counted is too large.
    """
    for folder in folders:
        handle = os.open(folder, _FOLDER)
        try:
            for size in _sizes(handle, 0):
                bytes_left -= size
                files_left -= 1
                if bytes_left < 0 or files_left < 0:
                    return True
        finally:
            os.close(handle)
    return False


def _sizes(folder: int, depth: int) -> Iterator[int]:
    """The bytes on the disk of each entry below an open folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                yield entry.stat(follow_symlinks=False).st_blocks * 512
                if not entry.is_dir(follow_symlinks=False):
                    continue
                if depth == _DEEPEST:
                    yield sys.maxsize
                inner = os.open(entry.name, _FOLDER, dir_fd=folder)
            except OSError as error:
                if error.errno not in _GONE:
                    yield sys.maxsize
                continue
            try:
                yield from _sizes(inner, depth + 1)
            finally:
                os.close(inner)
