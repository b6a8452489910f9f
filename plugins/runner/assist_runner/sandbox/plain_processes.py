"""A command that nothing confines, and the process around it, so that none of its processes is left.

The keeper is a process between us and the command. It ends all of them when the command ends, and when its
stdin is closed, so also when the process that started it is killed. On Linux those too that have left the
command's group, as daemons do: they become the keeper's children. On other systems they stay. It has no
limits and no filter; a command that wants to escape, can.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

from assist_runner.sandbox import kernel_calls
from assist_runner.sandbox.limits import NOT_STARTED

_TICK = 0.05  # seconds between two looks at what has ended
_PATIENCE = 5.0  # seconds in which killed processes are waited for


def main() -> None:
    """The keeper: runs the words in its arguments until they or stdin end; writes their exit code to stdout.

    Nothing is written if the command did not end by itself.
    """
    words = sys.argv[2:]
    on_linux = sys.platform == "linux"
    if on_linux:
        kernel_calls.adopt_orphans()
    try:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=2, start_new_session=True)
    except OSError as error:
        os.write(2, str(error).encode())
        os.write(1, json.dumps(NOT_STARTED).encode())
        return
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP)
    while process.poll() is None and not poll.poll(1000 * _TICK):
        pass
    code = process.poll()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if on_linux:
        _kill_children()
    if code is not None:
        os.write(1, json.dumps(code).encode())


def _kill_children() -> None:
    """Kill all that is left, of which each generation becomes ours when the one before has ended."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        for number in _children():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_TICK / 10)


def _children() -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
            if int(fields[1]) == os.getpid():
                found.append(int(name))
    return found
