"""Token healing: the last tokens of the typed text are chosen again, among those that fit their bytes.

A cursor in the middle of a word cuts the word where the tokenizer would not. Without healing, exact match at
such cursors falls from 0.56 to 0.25. One token is not always enough: "    retu" ends in " ret" and "u", and a
model does not write "return" as " ret" and another token. This module knows token bytes only.
"""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

MOST = 4  # tokens that are chosen again: "Optional" typed to its seventh letter has three

Ids = npt.NDArray[np.int64]


class Healer:
    """An index over the bytes of a vocabulary. Special tokens have no bytes and never match."""

    def __init__(self, pieces: Sequence[bytes], special: frozenset[int]) -> None:
        usable = [i for i, piece in enumerate(pieces) if piece and i not in special]
        usable.sort(key=pieces.__getitem__)
        self._pieces = pieces
        self._bytes = [pieces[i] for i in usable]
        self._ids: Ids = np.array(usable, dtype=np.int64)

    def give_back(self, tokens: Sequence[int]) -> tuple[list[int], bytes]:
        """The tokens to keep, and the bytes of those to choose again.

        The last tokens are given back, as many as together begin a longer token, and at least one.

        >>> Healer([b"re", b"t", b"return", b"x"], frozenset()).give_back([3, 0, 1])
        ([3], b'ret')
        """
        size = min(1, len(tokens))
        need = b""
        for count, token in enumerate(reversed(tokens[-MOST:]), 1):
            need = self._pieces[token] + need
            if self._begins(need):
                size = count
        size_left = len(tokens) - size
        return list(tokens[:size_left]), b"".join(self._pieces[token] for token in tokens[size_left:])

    def _begins(self, need: bytes) -> bool:
        """Return whether a longer token begins with these bytes."""
        at = bisect_left(self._bytes, need)
        while at < len(self._bytes) and self._bytes[at] == need:
            at += 1
        return bool(need) and at < len(self._bytes) and self._bytes[at].startswith(need)

    def allowed_tokens(self, need: bytes) -> Ids:
        """Ids of the tokens whose bytes start with `need`, or that `need` starts with.

        >>> Healer([b"a", b"ab", b"b", b"abc"], frozenset()).allowed_tokens(b"ab").tolist()
        [1, 3, 0]
        """
        low = bisect_left(self._bytes, need)
        high = bisect_left(self._bytes, _after(need)) if need != b"\xff" * len(need) else len(self._bytes)
        id_slices = [self._ids[low:high]]
        for size in range(1, len(need)):
            at = bisect_left(self._bytes, need[:size])
            if at < len(self._bytes) and self._bytes[at] == need[:size]:
                id_slices.append(self._ids[at : at + 1])
        return np.concatenate(id_slices)


def _after(prefix: bytes) -> bytes:
    """The smallest byte string that is greater than every byte string with this prefix."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1])
