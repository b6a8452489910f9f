"""A program that imports modules once, and is forked for each `assist lsp` that a launcher asks for.

Its arguments are the socket's address and the modules. It ends with its stdin.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn


class ForkParent:
    """Owns the socket and the forks. One is killed if its launcher ends first."""

    def __init__(self, address: str, imported: dict[str, str]) -> None:
        self._imported = imported  # variables that the imports have set
        self._waits = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen(64)
        self._waits.register(0, selectors.EVENT_READ)
        self._waits.register(self._listener, selectors.EVENT_READ)
        # Process and launcher of each server, by the handle of the process.
        self._children: dict[int, tuple[int, socket.socket]] = {}

    def serve(self) -> bool:
        """Returns True in the process of each server, and False in this one at the end."""
        while True:
            for key, _ in self._waits.select():
                if key.fd == 0:
                    return False
                if key.fileobj is self._listener:
                    if self._start():
                        return True
                elif key.fd in self._children:
                    self._end(key.fd)
                elif key.fileobj.fileno() >= 0:  # a launcher was killed, and its server has not just ended
                    os.kill(key.data, signal.SIGKILL)
                    self._waits.unregister(key.fileobj)

    def _start(self) -> bool:
        launcher, _ = self._listener.accept()
        size, handles, _, _ = socket.recv_fds(launcher, 4, 3)
        length = int.from_bytes(size, "big")
        asked = launcher.recv(length, socket.MSG_WAITALL)
        child = os.fork() if len(asked) == length else None  # else the launcher was killed
        if child != 0:
            for handle in handles:
                os.close(handle)
        if child is None:
            launcher.close()
            return False
        if child:
            ended = os.pidfd_open(child)
            self._children[ended] = (child, launcher)
            self._waits.register(ended, selectors.EVENT_READ)
            self._waits.register(launcher, selectors.EVENT_READ, child)
            return False
        folder, environ = json.loads(asked)
        self._listener.close()
        self._waits.close()
        launcher.close()
        for ended, (_, other) in self._children.items():
            os.close(ended)
            other.close()
        for number, handle in enumerate(handles):
            os.dup2(handle, number)
            os.close(handle)
        os.environ.clear()
        os.environ.update(self._imported | environ)
        os.chdir(folder)
        return True

    def _end(self, ended: int) -> None:
        child, launcher = self._children.pop(ended)
        self._waits.unregister(ended)
        os.close(ended)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if launcher.fileno() in self._waits.get_map():
            self._waits.unregister(launcher)
            with suppress(OSError):  # it was killed just now
                launcher.sendall(bytes([code & 255]))
        launcher.close()


def _main(address: str, modules: Sequence[str]) -> NoReturn:
    before = dict(os.environ)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as `assist` sets it: a process with threads is not forked
    for module in modules:
        importlib.import_module(module)
    gc.freeze()
    parent = ForkParent(address, {name: value for name, value in os.environ.items() if name not in before})
    os.write(1, b"1")
    if not parent.serve():
        sys.exit(0)
    sys.path.append(os.path.dirname(__file__))
    from fake_lsp import use_fake_model  # noqa: PLC0415

    from assist_server.cli.main import main  # noqa: PLC0415

    use_fake_model()
    sys.argv = ["assist", "lsp"]
    main()
    raise AssertionError("`main` leaves by itself")


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2:])
