"""A team's server on loopback that answers what a test says, such as texts with what no one sees."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hostile import Hostile, Part, Seen
from team_servers import pieces
from vendor import vendor

from assist_context.unseen_characters import LONGEST_RUN, is_unseen

ASKED = 'def add(a, b):\n    """Return the sum of a and b."""\n    return'
HIDING = (
    "a + b  # \x1b]52;c;Y3VybCBldmls\x07 sum",
    "a + b  # \x1b[2J\x1b[31mred",
    "a + b  # \x9b31m",
    "a + b  # \u202e } fi \u2066 x",
    "a + b  # \U000e0041\U000e0042 so\u00adft \u2028import os",
    "a + b" + " " * 300 + "; __import__('os').system('id')",
    "a + b  #" + " " * 3000 + "x",
)
_GAP = re.compile(rf"\S[^\S\n]{{{LONGEST_RUN + 1},}}\S")


class HidingServer:
    """The server, and what it answers now. It is the act that its vendor plays for each request."""

    def __init__(self) -> None:
        self._text = ""
        self._waits: Callable[[], bool] = bool
        self.hostile: Hostile | None = None

    def __iter__(self) -> Iterator[Part]:
        while self._waits():
            yield 0.01
        yield from pieces(self._text)

    def answer(self, text: str, waits: Callable[[], bool] = bool) -> None:
        """Answer with this text from now on, each time once it need not wait any more."""
        self._text = text
        self._waits = waits

    @property
    def requests(self) -> list[Seen]:
        """What it was asked so far."""
        assert self.hostile
        return self.hostile.requests


@contextmanager
def hiding_server(config: Path) -> Iterator[HidingServer]:
    """Run it, and let a config.toml name it, and no local model."""
    server = HidingServer()
    with vendor(server) as server.hostile:
        url = server.hostile.url.removesuffix("/v1")
        lines = ["[completion]", "model = '/nowhere/missing.gguf'", "server = 'team'", "mode = 'eager'"]
        lines += ["[servers.team]", "kind = 'llama.cpp'", f"base_url = '{url}'", "model = 'qwen'"]
        lines += ["residency = ['internal']", "timeout_ms = 60000", ""]
        config.parent.mkdir(exist_ok=True)
        config.write_text("\n".join(lines))
        yield server


def raw_in(text: str) -> list[str]:
    """The unseen characters and the long gaps of a text, but line ends."""
    plain = text.replace("\r\n", "\n")
    return [hex(ord(character)) for character in plain if is_unseen(character)] + _GAP.findall(plain)
