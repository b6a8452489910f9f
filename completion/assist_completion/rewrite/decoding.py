"""Rewrites a window: reads the prompt, and decodes greedily with the old text as draft.

Most of an answer repeats the draft. The model reads many tokens of the draft at once, and those that it would
have written itself are kept, so the text is that of plain greedy decoding, up to rounding: llama.cpp rounds a
batch otherwise than single tokens, so where two tokens are as good as equal, either may be taken. A run keeps
what was written, and an interrupted one goes on from there. Use it on the thread that owns the model.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from assist_completion.errors import ModelError, TooLongError
from assist_completion.inference.drafts import DraftReader
from assist_completion.inference.llama import SLICE, Llama, Logits
from assist_completion.inference.sequence import LlamaSequence
from assist_completion.prompt.next_edit_layout import (
    EditWindow,
    NextEditLayout,
    last_lines,
    lay_out,
    prompt_tokens,
    read_answer,
    unchanged_answer,
)
from assist_completion.rewrite.window_rewrite import RewrittenWindow
from assist_completion.suggestion import Millis, Tokens

GROWTH = 64  # tokens by which an answer may be longer than its draft: five new lines
# How the draft is followed, as `benchmarks/rewrite.py --policies` computes it for 14 windows. With the
# batches of two idle cores (1 token 29 ms, 8 112, 64 290) this takes 16.0 s, guesses of 32 tokens at first
# 15.4, but more where the cores are busy; guesses of 8, after one token that is the same, 18.5. Without a
# draft it is 70.8.
ALIKE = 3
LEAST = 16
MOST = SLICE - 1


@dataclass(eq=False, slots=True)
class RewriteRun:
    """A running, interrupted or ended rewrite.

    Without `drafted` the text is decoded token by token, for comparison.
    """

    window: EditWindow
    layout: NextEditLayout
    drafted: bool = True
    clock: Callable[[], float] = time.perf_counter
    prompt: list[int] = field(default_factory=list)
    room: int = 0
    last_lines: bytes = b""
    written: list[int] = field(default_factory=list)
    answer: bytes = b""
    draft: DraftReader = field(default_factory=lambda: DraftReader(()))
    ended: bool = False
    computed: int = 0
    alone: int = 0
    ms: Millis = field(default_factory=Millis)

    def begin(self, prompt: list[int], draft: list[int]) -> None:
        """Note the prompt and the draft, which fit the model's window."""
        self.prompt = prompt
        self.room = len(draft) + GROWTH
        self.last_lines = last_lines(self.layout, self.window).encode()
        self.draft = DraftReader(draft if self.drafted else (), alike=ALIKE, least=LEAST, most=MOST)

    def add(self, token: int, piece: bytes) -> None:
        """Take a token of the answer, which may end with it."""
        self.written.append(token)
        self.answer += piece
        if b"\n" in piece and self.last_lines:
            self.ended = (self.answer.rstrip(b"\n") + b"\n").endswith(self.last_lines)

    def end(self) -> None:
        """Note that the model itself ended the answer."""
        self.ended = True

    @property
    def goes_on(self) -> bool:
        """Whether the answer has not ended, and there is room for more of it."""
        return not self.ended and len(self.written) < self.room

    def guess(self) -> list[int]:
        """The tokens that probably come next."""
        return self.draft.guess(self.written)[: self.room - len(self.written)]

    def count(self, tokens: int) -> None:
        """Count tokens that the model computed."""
        self.computed += tokens
        self.alone += tokens == 1

    def count_read(self, tokens: int) -> None:
        """Count tokens that were read before the answer."""
        self.computed += tokens

    @contextmanager
    def timing(self, part: Literal["prefill", "decode"]) -> Iterator[None]:
        """Add the time that the block takes to a part of `ms`."""
        start = self.clock()
        try:
            yield
        finally:
            spent = 1e3 * (self.clock() - start)
            self.ms = replace(self.ms, total=self.ms.total + spent, **{part: getattr(self.ms, part) + spent})

    def result(self) -> RewrittenWindow:
        """The window after the answer."""
        answer = self.answer.decode("utf-8", "replace")
        text = read_answer(self.layout, self.window, answer) if self.ended else None
        tokens = Tokens(len(self.prompt), self.computed, len(self.written))
        return RewrittenWindow(text, "stop" if self.ended else "length", tokens, self.alone, self.ms)


def run_rewrite(sequence: LlamaSequence, run: RewriteRun) -> RewrittenWindow:
    """Write an answer to its end, also one that was interrupted before. `Aborted` may interrupt it again.

    Raises `TooLongError` and `ModelError`.
    """
    llama = sequence.llama
    with run.timing("prefill"):
        if not run.prompt:
            run.begin(*_prepare(llama, run))
        logits = read(sequence, [*run.prompt, *run.written], run.count_read)
    with run.timing("decode"):
        _write(llama, run, logits)
        while run.goes_on:
            _advance(sequence, run)
    return run.result()


def read(sequence: LlamaSequence, tokens: list[int], count: Callable[[int], object]) -> Logits:
    """Make the sequence hold these tokens, and count those that had to be computed."""
    known = sequence.computed
    try:
        return sequence.read(tokens)
    finally:
        count(sequence.computed - known)


def fitting_prompt(llama: Llama, layout: NextEditLayout, window: EditWindow, answer: int) -> list[int]:
    """The prompt for a window, with fewer edits if it would not leave room for `answer` tokens.

    Raises `TooLongError`, and `ModelError` if the vocabulary lacks a mark of the layout.
    """
    _check_marks(llama, layout)
    while True:
        parts = lay_out(layout, window)
        prompt = [*llama.head(), *prompt_tokens(parts, llama.tokenize)]
        excess = len(prompt) + answer - llama.load.context
        if excess <= 0:
            return prompt
        if not window.edits:
            raise TooLongError(
                f"the lines around the edit have {excess} tokens more than the {llama.load.context} of the "
                "model's window.",
                excess,
            )
        window = replace(window, edits=window.edits[1:])


def _prepare(llama: Llama, run: RewriteRun) -> tuple[list[int], list[int]]:
    """The prompt of a run, and the draft of its answer."""
    draft = llama.tokenize(unchanged_answer(run.layout, run.window))
    return fitting_prompt(llama, run.layout, run.window, len(draft) + GROWTH), draft


def _check_marks(llama: Llama, layout: NextEditLayout) -> None:
    for mark in layout.marks:
        if len(llama.tokenize(mark, special=True)) != 1:
            raise ModelError(
                f"{llama.load.path} has no token {mark}, so it cannot be asked for the next edit. "
                "Use a model of the Qwen2.5-Coder family."
            )


def _write(llama: Llama, run: RewriteRun, logits: Logits) -> None:
    """Take the likeliest token. A special one ends the answer."""
    token = int(logits.argmax())
    if llama.is_special(token):
        run.end()
    else:
        run.add(token, llama.piece(token))


def _advance(sequence: LlamaSequence, run: RewriteRun) -> None:
    """Write the next token, and after it those of the draft that the model would have written too."""
    guess = run.guess()
    following = sequence.append_guess(run.written[-1], guess)
    run.count(1 + len(guess))
    if guess:
        run.draft.judge(len(guess), len(following) - 1)
    for logits in following:
        if run.goes_on:
            _write(sequence.llama, run, logits)
