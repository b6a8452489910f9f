"""The processes around a command in the sandbox: the warden outside, the first process inside, the command.

The warden makes the namespaces, watches the clock, the output and the folders that are kept, and kills. The
first process inside makes the root, gives up its rights, starts the command, watches memory and the number
of processes, and takes all others with it when it ends: that is what Linux does with a process namespace.
The warden dies with the process that started it, and the first process with the warden.
This module knows no test.
"""

import json
import os
import resource
import select
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from assist_server.sandbox import kernel_calls
from assist_server.sandbox.limits import (
    NO_MEMORY,
    NO_PROCESSES,
    NO_PROCESSOR,
    NO_ROOM,
    STOPPED,
    TIMED_OUT,
    TOO_LARGE,
    TOO_MUCH_OUTPUT,
    ConfinementPlan,
    SandboxLimits,
    plan_of,
)
from assist_server.sandbox.private_root import HOST, build_root

_TICK = 0.05  # seconds between two looks: a fork bomb in C makes 500 processes meanwhile
_NICENESS = 5
_CHUNK = 65_536
_LONGEST_PLAN = 1 << 24
_FOLDER_TICK = 1.0  # seconds between two sums of the sizes of kept folders, at least
_FOLDER_SHARE = 10  # a sum takes this part of the time at most
_NEARLY = 0.98  # of the memory for files: a file that does not fit leaves less than that
_ABOVE = 8  # processes that the kernel allows above the limit, so that reaching the limit is seen
NOT_STARTED = 127  # the shell's exit status for a command that does not exist


def main() -> None:
    """The warden: reads a plan from stdin, confines its command, and writes how it ended to stdout."""
    kernel_calls.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    plan = plan_of(_read_line())
    if os.getppid() != plan.parent:  # it ended before the call above
        os._exit(1)
    try:
        _separate()
    except OSError as error:
        _answer({"problem": _words(error)})
        return
    _answer(_confine(plan))


def _read_line() -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST_PLAN:
        if not (data := os.read(0, _CHUNK)):
            os._exit(1)
        line += data
    return line


def _answer(row: Mapping[str, Any]) -> None:
    with open(1, "wb", closefd=False) as out:
        out.write(json.dumps(row).encode())


def _words(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)


def _separate() -> None:
    """Enters namespaces of its own, in which this user is the only one."""
    user, group = os.geteuid(), os.getegid()
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")  # if the machine runs out of memory, this goes first
    if user == 0:
        with suppress(OSError):  # a root without the right to do it
            os.setgroups([])
    kernel_calls.unshare(kernel_calls.NEW_USER | kernel_calls.NEW_REST)
    inner = user or 1000  # programs treat uid 0 as if it had all rights, which it has not
    rows = {"setgroups": "deny", "uid_map": f"{inner} {user} 1", "gid_map": f"{group or 1000} {group} 1"}
    for name, row in rows.items():
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(row)


def _confine(plan: ConfinementPlan) -> dict[str, Any]:
    output, their_output = os.pipe()
    status, their_status = os.pipe()
    ready, our_ready = os.pipe()
    first = os.fork()
    if first == 0:
        for end in (output, status, our_ready):
            os.close(end)
        _first_process(plan, their_output, their_status, ready)
    for end in (their_output, their_status, ready):
        os.close(end)
    os.write(our_ready, b"\n")
    began = time.monotonic()
    watch = _Watch(plan, first, output, status)
    watch.follow()
    os.waitpid(first, 0)
    row: dict[str, Any] = {
        "seconds": time.monotonic() - began,
        "output": watch.tail.decode("utf-8", "replace"),
    }
    for line in watch.said.splitlines():
        with suppress(ValueError):  # the first process was killed while it wrote
            row |= json.loads(line)
    if watch.reason:
        row |= {"code": None, "reason": watch.reason}
    return row


class _Watch:
    """What the warden sees: the last output, what the first process said, and why it was killed."""

    def __init__(self, plan: ConfinementPlan, first: int, output: int, status: int) -> None:
        self.plan = plan
        self.first = first
        self.output = output
        self.status = status
        self.tail = bytearray()
        self.said = b""
        self.reason = ""
        self._count = 0
        self._until = time.monotonic() + plan.limits.seconds
        self._next_sum = time.monotonic() + _FOLDER_TICK

    def follow(self) -> None:
        """Returns when the first process, and with it all others, has ended."""
        poll = select.poll()
        for descriptor in (0, self.output, self.status):
            poll.register(descriptor, select.POLLIN)
        open_ends = {self.output, self.status}
        while open_ends:
            for descriptor, _ in poll.poll(_TICK * 1000):
                data = os.read(descriptor, _CHUNK)
                if descriptor == 0:  # whoever started this has ended, or wants no more
                    self._kill(STOPPED)
                if not data:
                    poll.unregister(descriptor)
                    open_ends.discard(descriptor)
                elif descriptor == self.status:
                    self.said += data
                elif descriptor == self.output:
                    self._keep(data)
            if time.monotonic() > self._until:
                self._kill(TIMED_OUT)
            self._sum_folders()

    def _keep(self, data: bytes) -> None:
        self._count += len(data)
        self.tail += data
        del self.tail[: -self.plan.limits.tail]
        if self._count > self.plan.limits.output:
            self._kill(TOO_MUCH_OUTPUT)

    def _kill(self, reason: str) -> None:
        self.reason = self.reason or reason
        os.kill(self.first, signal.SIGKILL)  # it is not reaped before the end, so the number is its own

    def _sum_folders(self) -> None:
        """Kills if the folders whose changes are kept have grown too large; they are on the disk."""
        begin = time.monotonic()
        if not self.plan.folders or begin < self._next_sum:
            return
        sizes = (_size_of(os.path.join(self.plan.tree, folder)) for folder in self.plan.folders)
        if sum(sizes) > self.plan.limits.kept_bytes:
            self._kill(NO_ROOM)
        end = time.monotonic()
        self._next_sum = end + max(_FOLDER_TICK, (end - begin) * _FOLDER_SHARE)


def _size_of(folder: str) -> int:
    """The bytes on the disk of all files below a folder; no link is followed."""
    size = 0
    open_folders = [folder]
    while open_folders:
        with suppress(OSError), os.scandir(open_folders.pop()) as entries:
            for entry in entries:
                with suppress(OSError):  # it is gone already
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        open_folders.append(entry.path)
    return size


def _first_process(plan: ConfinementPlan, output: int, status: int, ready: int) -> None:
    """Never returns."""
    try:
        kernel_calls.die_with_parent()
        if not os.read(ready, 1):  # the warden ended before the call above
            os._exit(1)
        kernel_calls.unshare(kernel_calls.NEW_MOUNTS)
        build_root(plan)
        kernel_calls.raise_loopback()
        kernel_calls.rename_host(HOST)
        os.chdir(plan.place)
        kernel_calls.give_up_rights()
        kernel_calls.hide_memory()
        kernel_calls.die_with_parent()  # a change of rights may have undone it
        kernel_calls.filter_calls()
        row = _run_command(plan, output)
    except OSError as error:
        row = {"problem": _words(error)}
    os.write(status, json.dumps(row).encode() + b"\n")
    os._exit(0)


def _run_command(plan: ConfinementPlan, output: int) -> dict[str, Any]:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    command = os.fork()
    if command == 0:
        _start(plan, output)
    os.close(output)
    while True:
        signal.sigtimedwait({signal.SIGCHLD}, _TICK)
        ended = _reap(command)
        used = os.statvfs("/tmp")  # noqa: S108  # the file system of all changed files
        full = used.f_bavail < (1 - _NEARLY) * used.f_blocks or used.f_favail == 0
        if ended is not None:
            return {**_outcome(ended), "full": full}
        if reason := _excess(plan.limits):
            return {"code": None, "reason": reason, "full": full}


def _reap(command: int) -> int | None:
    """Lets all processes that have ended go; how the command ended, if it did."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == command:
            return status
        if pid == 0:
            return None


def _outcome(status: int) -> dict[str, Any]:
    if os.WIFEXITED(status):
        return {"code": os.WEXITSTATUS(status)}
    number = os.WTERMSIG(status)
    known = {int(signal.SIGXCPU): NO_PROCESSOR, int(signal.SIGXFSZ): TOO_LARGE}
    return {"code": None, "reason": known.get(number, f"ended by signal {number}")}


def _excess(limits: SandboxLimits) -> str:
    """Which limit all processes together have reached, or ""."""
    pids = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    if len(pids) >= limits.processes:
        return NO_PROCESSES
    facts = [_facts(pid) for pid in pids]
    if sum(threads for threads, _ in facts) >= limits.processes:
        return NO_PROCESSES
    if sum(memory for _, memory in facts) <= limits.memory:
        return ""
    # Processes share pages after a fork. The exact sum takes milliseconds, so it is only a second look.
    return NO_MEMORY if sum(map(_share, pids)) > limits.memory else ""


def _facts(pid: str) -> tuple[int, int]:
    """The threads of a process, and the bytes of its memory that are not files on a disk."""
    rows = _rows(f"/proc/{pid}/status")
    return rows.get("Threads", 0), (rows.get("RssAnon", 0) + rows.get("RssShmem", 0)) * 1024


def _share(pid: str) -> int:
    """The bytes of memory of a process, of shared pages only its part; all if it does not let anyone look."""
    rows = _rows(f"/proc/{pid}/smaps_rollup")
    return (rows["Pss_Anon"] + rows["Pss_Shmem"]) * 1024 if "Pss_Shmem" in rows else _facts(pid)[1]


def _rows(file: str) -> dict[str, int]:
    """The numbers in a table of the kernel; none if the process has ended, or does not let anyone look."""
    found = {}
    with suppress(OSError), open(file, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            first = value.split()[:1]
            if first and first[0].isdigit():
                found[name] = int(first[0])
    return found


def _start(plan: ConfinementPlan, output: int) -> None:
    """Becomes the command; never returns."""
    try:
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.setsid()
        _limit(plan.limits)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):  # Python has changed these
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        os.execvpe(plan.command[0], plan.command, plan.environ)  # noqa: S606  # no shell is wanted
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        os.write(2, f"{plan.command[0]}: {reason}\n".encode())
    os._exit(NOT_STARTED)


def _limit(limits: SandboxLimits) -> None:
    os.nice(_NICENESS)
    # At the first number a signal that says so, at the second one an end without a word.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 2))
    bounds = {
        # The memory that can be written to. RLIMIT_AS would count what node and Go reserve and never use.
        resource.RLIMIT_DATA: limits.memory,
        resource.RLIMIT_FSIZE: limits.file,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: limits.processes + _ABOVE,
        resource.RLIMIT_MEMLOCK: 1 << 20,  # bytes, as the next one: no test needs more
        resource.RLIMIT_MSGQUEUE: 1 << 20,
    }
    for kind, bound in bounds.items():
        _, hard = resource.getrlimit(kind)
        most = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (most, most))
