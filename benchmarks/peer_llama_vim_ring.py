"""The ring of chunks of the llama.vim policy: pieces of the file that go in front of every prompt.

Written from ggml-org/llama.vim, autoload/llama.vim: s:pick_chunk, s:chunk_sim, s:ring_update, llama#fim.
Chosen by chance there, with a given seed here. Knows no time and no server.
"""

import random
import re
from collections.abc import Sequence

from policy import View

CHUNKS, CHUNK = 16, 64  # ring_n_chunks; ring_chunk_size: lines looked at, half of which are taken
SCOPE = 1024  # ring_scope: lines
QUEUED = 16
PREFIX, SUFFIX = 256, 64  # n_prefix, n_suffix
SIMILAR, ECHO = 0.9, 0.5  # s:pick_chunk; llama#fim: above, a chunk is like what is being written

Chunk = tuple[str, tuple[str, ...]]  # file and lines


class Ring:
    """`chunks` go with every request; `queued` ones wait until the server has time to read them."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.chunks: list[Chunk] = []
        self.queued: list[Chunk] = []

    def pick(self, path: str, lines: Sequence[str], *, evict: bool) -> None:
        """Queue a part of `lines`; of chunks much like it, the old ones go (`evict`) or the new one."""
        if len(lines) < 3:
            return
        chunk = tuple(lines) if len(lines) + 1 < CHUNK else self._part(lines)
        if any(chunk == old for _, old in [*self.chunks, *self.queued]):
            return
        for kept in (self.queued, self.chunks):
            for i in reversed(range(len(kept))):
                if similarity(kept[i][1], chunk) > SIMILAR:
                    if not evict:
                        return
                    del kept[i]
        del self.queued[: max(0, len(self.queued) - QUEUED + 1)]
        self.queued.append((path, chunk))

    def pick_far(self, view: View, line: int) -> None:
        """After a long move: a chunk from above what a prompt holds, and one from below."""
        lines = (view.before + view.after).split("\n")
        last = len(lines) - 1
        above = lines[max(0, line - SCOPE) : max(0, line - PREFIX) + 1]
        below = lines[min(last, line + SUFFIX) : min(last, line + SUFFIX + CHUNK) + 1]
        self.pick(view.path, above, evict=False)
        self.pick(view.path, below, evict=False)

    def around(self, view: View) -> list[str]:
        lines = (view.before + view.after).split("\n")
        return lines[max(0, view.line - CHUNK // 2) : view.line + CHUNK // 2 + 1]

    def evict(self, view: View) -> None:
        """Before a request: chunks like what surrounds the cursor go: the model would repeat them."""
        near = self._part(self.around(view))
        self.chunks = [chunk for chunk in self.chunks if similarity(chunk[1], near) <= ECHO]

    def advance(self) -> bool:
        """Move one chunk from the queue into the ring; False where none waits."""
        if not self.queued:
            return False
        self.chunks = [*self.chunks, self.queued.pop(0)][-CHUNKS:]
        return True

    def extra(self) -> list[dict[str, str]]:
        """`input_extra` of a request."""
        return [{"text": "\n".join(lines) + "\n", "filename": path} for path, lines in self.chunks]

    def _part(self, lines: Sequence[str]) -> tuple[str, ...]:
        start = self._rng.randint(0, max(0, len(lines) - CHUNK // 2))
        return tuple(lines[start : min(start + CHUNK // 2, len(lines)) + 1])


def similarity(old: Sequence[str], new: Sequence[str]) -> float:
    """s:chunk_sim: twice the words of `new` that `old` has too, over all words.

    >>> similarity(["a b"], ["b c"])
    0.5
    """
    words, others = _words(old), _words(new)
    if not words and not others:
        return 1.0
    return 2.0 * sum(word in set(words) for word in others) / (len(words) + len(others))


def _words(lines: Sequence[str]) -> list[str]:
    return [word for word in re.split(r"[^0-9A-Za-z_]+", "\n".join(lines)) if word]
