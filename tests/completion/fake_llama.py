"""A model with one byte per token that knows one text, and continues a prompt as that text does.

It has the same rules as `llama.Llama`: positions must follow, and `Aborted` cuts back to whole slices.
"""

import numpy as np

from assist_completion.inference.generation import Model, TokenBudget
from assist_completion.inference.llama import Abort, Aborted
from assist_completion.inference.prefix_cache import PrefixCache
from assist_completion.prompt.fim_tokens import Fim
from assist_completion.prompt.layout import Extent
from assist_completion.prompt.token_healing import Healer

PRE, SUF, MID, SEP, END = range(256, 261)
FIM = Fim(PRE, SUF, MID, sep=SEP, special=frozenset({PRE, SUF, MID, SEP, END}))
PIECES = [bytes([i]) for i in range(256)] + [b""] * 5
SLICE = 64


class FakeLlama:
    def __init__(self, text: str, abort: Abort | None = None, sequences: int = 2) -> None:
        self.text = text
        self.abort = abort or Abort()
        self.cells: list[list[int]] = [[] for _ in range(sequences)]
        self.evaluated: list[int] = []
        self.before_slice = lambda: None
        self.closed = False
        self.sureness = 14.0
        self.others: list[tuple[str, float]] = []  # further texts it knows, each with its sureness

    def tokenize(self, text: str) -> list[int]:
        return list(text.encode())

    def decode(self, seq: int, tokens: list[int], position: int) -> np.ndarray:
        assert tokens, "an empty batch has no logits"
        assert position == len(self.cells[seq]), "llama.cpp refuses positions that do not follow"
        for start in range(0, len(tokens), SLICE):
            self.before_slice()
            if self.abort.is_set():
                raise Aborted
            self.cells[seq] += tokens[start : start + SLICE]
        self.evaluated.append(len(tokens))
        return self._logits(seq)

    def decode_each(self, seq: int, tokens: list[int], position: int) -> list[np.ndarray]:
        assert len(tokens) <= SLICE, "a batch holds no more"
        assert position == len(self.cells[seq]), "llama.cpp refuses positions that do not follow"
        self.before_slice()
        if self.abort.is_set():
            raise Aborted
        found = []
        for token in tokens:
            self.cells[seq].append(token)
            found.append(self._logits(seq))
        self.evaluated.append(len(tokens))
        return found

    def truncate(self, seq: int, length: int) -> None:
        del self.cells[seq][length:]

    def length(self, seq: int) -> int:
        return len(self.cells[seq])

    def save(self, seq: int) -> bytes:
        return np.array(self.cells[seq], dtype=np.int32).tobytes()

    def restore(self, seq: int, state: bytes) -> bool:
        self.cells[seq] = np.frombuffer(state, dtype=np.int32).tolist()
        return True

    def close(self) -> None:
        self.closed = True

    def _logits(self, seq: int) -> np.ndarray:
        cells = self.cells[seq]
        middle = len(cells) - 1 - cells[::-1].index(MID) if MID in cells else len(cells) - 1
        head = cells[cells.index(PRE) + 1 : cells.index(SUF)] if SUF in cells else []
        seen = bytes([*head, *cells[middle + 1 :]])[-60:]
        logits = np.zeros(261, dtype=np.float32)
        for text, sureness in [*self.others, (self.text, self.sureness)]:
            at = text.encode().find(seen) if seen else -1
            follows = text.encode()[at + len(seen) :] if at >= 0 else b""
            if follows:
                logits[follows[0]] = sureness
        if not logits.any():
            logits[END] = self.sureness
        return logits


SMALL_BUDGET = TokenBudget(
    full=Extent(head=1500, suffix=30, lines_after=10, snapped=True),
    small=Extent(head=130, suffix=30, lines_after=3, snapped=False),
    line_tokens=80,
    block_tokens=300,
    context=8000,
)


def fake_model(
    text: str, abort: Abort | None = None, memory: int = 1 << 20, budget: TokenBudget = SMALL_BUDGET
) -> Model:
    llama = FakeLlama(text, abort)
    return Model(llama, FIM, Healer(PIECES, FIM.special), PIECES, PrefixCache(llama, memory), budget)  # type: ignore[arg-type]
