"""A terminal for a program, with its keys and its screen. It uses tmux, which needs no display."""

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PAUSE = 0.05  # seconds between two checks of the screen
PATIENCE = 90.0  # seconds until something must be visible


@dataclass(frozen=True, slots=True)
class Terminal:
    """A running tmux server for one test."""

    name: str

    def keys(self, *names: str) -> None:
        """Press keys, by tmux's names for them."""
        self._tmux("send-keys", "-t", "0", *names)

    def type(self, text: str) -> None:
        """Type characters."""
        if text:
            self._tmux("send-keys", "-t", "0", "-l", "--", text)

    def screen(self) -> str:
        """Return what the screen shows, without spaces at the ends of lines."""
        return self._tmux("capture-pane", "-t", "0", "-p")

    def until(self, seen: Callable[[str], object], poke: Sequence[str] = (), every: float = 2.0) -> str:
        """Return the screen once something is visible on it.

        Until then, press the keys in `poke` now and then.

        Each time after a longer pause: the keys may cancel what they request, and a slow machine needs time.
        """
        end = time.monotonic() + PATIENCE
        again = time.monotonic() + every
        while not seen(shown := self.screen()):
            assert time.monotonic() < end, f"not seen in {PATIENCE} s; the screen shows:\n{shown}"
            if poke and time.monotonic() > again:
                self.keys(*poke)
                every *= 1.5
                again = time.monotonic() + every
            time.sleep(PAUSE)
        return shown

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.name, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout


@contextmanager
def terminal(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Iterator[Terminal]:
    """Run a program in a terminal of 110 columns and 34 lines until the block ends."""
    running = Terminal(f"assist-{secrets.token_hex(4)}")
    start = ["tmux", "-L", running.name, "-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "34"]
    env = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", **environ}
    subprocess.run([*start, "-c", str(folder), *command], env=env, check=True)
    subprocess.run(["tmux", "-L", running.name, "set-option", "-s", "escape-time", "0"], check=True)
    try:
        yield running
    finally:
        subprocess.run(["tmux", "-L", running.name, "kill-server"], check=False, capture_output=True)


def wait_until_written(path: Path, before: bytes) -> bytes:
    """Wait until a file differs from before and stays the same: editors write in pieces.

    Returns its bytes.
    """
    end = time.monotonic() + PATIENCE
    last = before
    while (now := _bytes(path)) in (before, b"") or now != last:
        assert time.monotonic() < end, f"{path.name} was not wait_until_written"
        last = now
        time.sleep(4 * PAUSE)
    return now


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # an editor may rename the old file away before it writes the new one
        return b""
