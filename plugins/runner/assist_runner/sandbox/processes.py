"""The processes around a command in the sandbox: the warden outside, the first process inside, the command.

The warden makes the namespaces, watches what the command uses, and kills. No process inside can name it, so
none can slow it down or lower its limits. The first process inside makes the root, gives up its rights,
starts the command, and takes all others with it when it ends: that is what Linux does with a process
namespace.
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

from assist_runner.sandbox import kernel_calls
from assist_runner.sandbox.limits import (
    NO_MEMORY,
    NO_PROCESSOR,
    NO_ROOM,
    NO_SIGHT,
    NOT_STARTED,
    STOPPED,
    TIMED_OUT,
    TOO_LARGE,
    TOO_MUCH_OUTPUT,
    ConfinementPlan,
    SandboxLimits,
    plan_of,
)
from assist_runner.sandbox.private_root import HOST, build_root
from assist_runner.sandbox.resource_use import KeptFolders, MemoryGrowth, SandboxHandles, excess, is_full

_TICK = 0.05  # seconds between two looks: a fork bomb in C makes 500 processes meanwhile
_NICENESS = 5
_CHUNK = 65_536
_LONGEST_PLAN = 1 << 24
_WAITING = b"\n"  # what the first process says when only the command is still to be started
_ABOVE = 8  # processes that the kernel allows above the limit, so that reaching the limit is seen


def main() -> None:
    """The warden: reads a plan from stdin, confines its command, and writes how it ended to stdout."""
    kernel_calls.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    plan = plan_of(_read_line())
    if os.getppid() != plan.parent:  # it ended before the call above
        os._exit(1)
    try:
        _separate()
        row = _confine(plan)
    except OSError as error:
        row = {"problem": _words(error)}
    _answer(row)


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
    began = time.monotonic()
    watch = _Watch(plan, first, output, status, our_ready)
    os.write(our_ready, b"\n")
    watch.follow()
    _, code = os.waitpid(first, 0)
    row: dict[str, Any] = {
        "seconds": time.monotonic() - began,
        "output": watch.tail.decode("utf-8", "replace"),
        "full": watch.handles is not None and is_full(watch.handles),
    }
    if os.WIFSIGNALED(code):  # by us, or by a machine without memory
        row |= _outcome(code)
    for line in watch.said.splitlines():
        with suppress(ValueError):  # the first process was killed while it wrote
            row |= json.loads(line)
    if watch.kept.empty_if_too_large():
        watch.reason = watch.reason or NO_ROOM
    if watch.reason:
        row |= {"code": None, "reason": watch.reason}
    return row


class _Watch:
    """What the warden sees: the last output, what the first process said, and why it was killed."""

    def __init__(self, plan: ConfinementPlan, first: int, output: int, status: int, ready: int) -> None:
        self.plan = plan
        self.first = first
        self.output = output
        self.status = status
        self.ready = ready
        self.tail = bytearray()
        self.said = b""
        self.reason = ""
        self.handles: SandboxHandles | None = None
        self._count = 0
        self._until = time.monotonic() + plan.limits.seconds
        self._next_look = 0.0
        self._growth = MemoryGrowth()
        self.kept = KeptFolders(plan)

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
                    self._hear(data)
                elif descriptor == self.output:
                    self._keep(data)
            if time.monotonic() > self._until:
                self._kill(TIMED_OUT)
            try:
                self._look()
            except OSError:  # such as a machine that can open no more files
                self._kill(NO_SIGHT)

    def _hear(self, data: bytes) -> None:
        """Keeps what the first process says. Before it starts the command, it waits until we can watch it."""
        self.said += data
        if data != _WAITING:
            return
        try:
            self.handles = SandboxHandles(self.first)
        except OSError as error:
            self.said += json.dumps({"problem": _words(error)}).encode()
            self._kill(NO_SIGHT)
        else:
            os.write(self.ready, b"\n")

    def _keep(self, data: bytes) -> None:
        self._count += len(data)
        self.tail += data
        del self.tail[: -self.plan.limits.tail]
        if self._count > self.plan.limits.output:
            self._kill(TOO_MUCH_OUTPUT)

    def _kill(self, reason: str) -> None:
        self.reason = self.reason or reason
        os.kill(self.first, signal.SIGKILL)  # it is not reaped before the end, so the number is its own

    def _look(self) -> None:
        """Kills if all processes together, or the folders whose changes are kept, use too much."""
        now = time.monotonic()
        if self.handles is None or now < self._next_look:
            return
        reason = excess(self.plan.limits, self.handles, self._growth.at_most())
        if reason == NO_MEMORY:
            reason = excess(self.plan.limits, self.handles, self._growth.exact())
        if self.kept.are_too_large():
            reason = reason or NO_ROOM
        if reason:
            self._kill(reason)
        self._next_look = now + _TICK


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
        kernel_calls.show_memory()
        os.write(status, _WAITING)
        if not os.read(ready, 1):
            os._exit(1)
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
    command = os.fork()
    if command == 0:
        _start(plan, output)
    os.close(output)
    while True:
        pid, status = os.waitpid(-1, 0)  # others that have lost their parents are let go
        if pid == command:
            return _outcome(status)


def _outcome(status: int) -> dict[str, Any]:
    if os.WIFEXITED(status):
        return {"code": os.WEXITSTATUS(status)}
    number = os.WTERMSIG(status)
    known = {int(signal.SIGXCPU): NO_PROCESSOR, int(signal.SIGXFSZ): TOO_LARGE}
    return {"code": None, "reason": known.get(number, f"ended by signal {number}")}


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
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes + _ABOVE,
        resource.RLIMIT_MEMLOCK: 1 << 20,  # bytes, as the next one: no test needs more
        resource.RLIMIT_MSGQUEUE: 1 << 20,
    }
    for kind, bound in bounds.items():
        _, hard = resource.getrlimit(kind)
        most = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (most, most))
