"""A model with one byte per token that is asked for next edits.

It knows its answer by heart. Once a text differs from that, it writes a nonsense that depends on all of it, so
that a wrong token in the sequence cannot stay unnoticed.
"""

import hashlib
from pathlib import Path

import numpy as np
from fake_llama import END, FakeLlama

from assist_completion.inference.llama import Abort, Load
from assist_completion.inference.sequence import LlamaSequence
from assist_completion.prompt.next_edit_layout import layouts

MARK = END + 1
MARKS = {mark: MARK + at for at, mark in enumerate(("<|file_sep|>", "<[fim-middle]>"))}
QWEN = layouts()["qwen"]


class FakeRewritingLlama(FakeLlama):
    """It answers after the last mark of a prompt and the line with the name of the file."""

    def __init__(self, script: str, abort: Abort | None = None, window: int = 4000) -> None:
        super().__init__("", abort, sequences=1)
        self.script = script.encode()
        self.load = Load(Path("fake.gguf"), window, 1)
        self.marks = dict(MARKS)

    def head(self) -> tuple[int, ...]:
        return ()

    def is_special(self, token: int) -> bool:
        return token >= 256

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        return [self.marks[text]] if special and text in self.marks else list(text.encode())

    def piece(self, token: int) -> bytes:
        return bytes([token]) if token < 256 else b""

    def written(self) -> bytes:
        """What has been decoded of the answer."""
        cells = self.cells[0]
        last = max((at for at, token in enumerate(cells) if token >= MARK), default=-1)
        after = bytes(cells[last + 1 :])
        return after[after.find(b"\n") :] if b"\n" in after else b""

    def _logits(self, _seq: int) -> np.ndarray:
        written = self.written()
        logits = np.zeros(MARK + len(MARKS), dtype=np.float32)
        if not self.script.startswith(written):
            nonsense = hashlib.sha256(bytes(token % 256 for token in self.cells[0])).digest()
            logits[nonsense[0]] = self.sureness
        elif len(written) < len(self.script):
            logits[self.script[len(written)]] = self.sureness
        else:
            logits[END] = self.sureness
        return logits


def sequence_of(llama: FakeRewritingLlama) -> LlamaSequence:
    return LlamaSequence(llama)  # type: ignore[arg-type]
