"""Runs this machine's git for the `git.exe` that programs under wine find: no git for Windows is a package.

A call comes by loopback: a word that only `git.exe` knows, the folder, variables, arguments and standard input; output
goes back as it comes. When `git.exe` ends, its git is ended too. It is no git for Windows: names, modes and line ends
are those of this machine.
"""

import contextlib
import os
import secrets
import socketserver
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

COMPILER = "x86_64-w64-mingw32-gcc"
_KEPT = {b"PATH": b"/usr/local/bin:/usr/bin:/bin", b"LANG": b"C.UTF-8"}
_TOP = b"GIT_CEILING_DIRECTORIES"  # the drives of wine are in a folder of our own repository
_CODE, _OUT, _ERR = range(3)  # kinds of what goes back


class _Call(socketserver.StreamRequestHandler):
    """One call of git."""

    server: "_Relay"

    def handle(self) -> None:
        if self._field() != self.server.word:
            return
        folder = self._field()
        variables = dict(text.split(b"=", 1) for text in iter(self._field, b""))
        variables.setdefault(b"HOME", variables.pop(b"USERPROFILE", b"/"))  # as git for Windows does
        words = [self._field() for _ in iter(self._field, b"")]
        given = b"".join(iter(self._field, b""))
        process = subprocess.Popen(
            [b"git", *words], cwd=folder, env={**_KEPT, _TOP: self.server.top, **variables},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin and process.stdout and process.stderr  # noqa: PT018  # asked for
        writing = threading.Lock()
        readers = [
            threading.Thread(target=self._forward, args=(stream, kind, writing))
            for kind, stream in ((_OUT, process.stdout), (_ERR, process.stderr))
        ]
        for thread in (
            *readers,
            threading.Thread(target=self._end_with_caller, args=(process,), daemon=True),
        ):
            thread.start()
        with contextlib.suppress(OSError), process.stdin:
            process.stdin.write(given)
        for reader in readers:
            reader.join()
        with contextlib.suppress(OSError):
            self.wfile.write(struct.pack("<II", _CODE, process.wait() & 0xFF))

    def _field(self) -> bytes:
        head = self.rfile.read(4)
        return self.rfile.read(struct.unpack("<I", head)[0]) if len(head) == 4 else b""

    def _forward(self, stream: IO[bytes], kind: int, writing: threading.Lock) -> None:
        while data := stream.read1(65536):  # type: ignore[attr-defined]
            with writing, contextlib.suppress(OSError):
                self.wfile.write(struct.pack("<II", kind, len(data)) + data)

    def _end_with_caller(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(OSError):
            self.connection.recv(1)
        process.kill()


class _Relay(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, word: bytes, top: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.word = word
        self.top = top


def make_program(folder: Path) -> None:
    """`git.exe` in the folder, compiled."""
    folder.mkdir(exist_ok=True)
    source = str(Path(__file__).with_name("git.c"))
    command = [COMPILER, "-O1", "-Wall", "-s", "-municode", "-o", str(folder / "git.exe"), source, "-lws2_32"]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)


@contextlib.contextmanager
def relay(folder: Path) -> Iterator[None]:
    """Answers the `git.exe` in the folder."""
    word = secrets.token_hex(16)
    with _Relay(word.encode(), os.fsencode(folder.parent)) as server:
        facts = folder / "relay"
        facts.touch(mode=0o600)
        facts.write_text(f"{server.server_address[1]} {word}\n")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            facts.unlink()
            server.shutdown()
