"""Answers a question on the owner thread: reads what is new in the prompt, and writes until the end.

The text appears in an `AnswerRun` piece by piece, where the event loop reads it. All that an interrupted
answer needs is there and in the one sequence of the `AnsweringModel`, so it continues where it was.
An answer that has begun to repeat itself without end is stopped.
This module knows no event loop, and nothing of what the question is about.
"""

import codecs
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assist_completion.errors import CompletionError, ModelError, TooLongError
from assist_completion.inference.chat_template import prompt_of, template_of
from assist_completion.inference.conversation import (
    AnswerMillis,
    Conversation,
    Ended,
    LocalAnswer,
    margins_of,
)
from assist_completion.inference.llama import Abort, Llama, Load, Logits
from assist_completion.prompt.layout import common_prefix
from assist_completion.suggestion import Tokens

PERIOD = 80  # tokens of the longest repeated part: about eight lines
# So often, over at least so many tokens. Of 700 files of Python's library, its tests and Markdown (1.95
# million tokens) four hold such a run, all of them tables of data; with half of LEAST it would be nine.
TIMES = 4
LEAST = 64


def repeats(tokens: Sequence[int]) -> bool:
    """Whether the last tokens are one part, up to `PERIOD` long, over and over.

    >>> repeats([7, 8] * 31), repeats([7, 8] * 32)
    (False, True)
    """
    size = len(tokens)
    for period in range(1, min(PERIOD, size // TIMES) + 1):
        span = max(TIMES * period, LEAST)
        if span > size:
            continue
        if all(tokens[at] == tokens[at - period] for at in range(size - 1, size - span + period - 1, -1)):
            return True
    return False


class AnsweringModel:
    """The model that answers: opened at the first question, closed by whoever owns it. Owner thread only.

    Its tokens stay in the sequence, so a question over the same text reads only what is new.
    """

    def __init__(self, open_llama: Callable[[], Llama]) -> None:
        self._open = open_llama
        self.llama: Llama | None = None
        self.template = ""
        self.tokens: list[int] = []
        self.computed = 0  # prompt tokens so far, for interrupted prompts too

    def opened(self) -> Llama:
        """The model, loaded now if it is not. Raises `ModelError`, and `Aborted` from within the loading."""
        if self.llama is None:
            llama = self._open()
            try:
                self.template = template_of(llama)
            except ModelError:
                llama.close()
                raise
            self.llama = llama
            self.tokens = []
        return self.llama

    def read(self, prompt: list[int]) -> Logits:
        """Make the sequence hold `prompt`; the last token's logits. `Aborted` leaves a shorter one behind."""
        llama = self.opened()
        keep = min(common_prefix(self.tokens, prompt), len(prompt) - 1)
        llama.truncate(0, keep)
        try:
            return llama.decode(0, prompt[keep:], keep)
        finally:
            self.tokens = prompt[: llama.length(0)]
            self.computed += len(self.tokens) - keep

    def append(self, token: int) -> Logits:
        """Decode one more token at the end."""
        logits = self.opened().decode(0, [token], len(self.tokens))
        self.tokens.append(token)
        return logits

    def close(self) -> None:
        """Give the memory back; the next question opens the model again."""
        if self.llama is not None:
            self.llama.close()
        self.llama = None
        self.tokens = []


@dataclass(frozen=True, slots=True)
class AnswerOnly:
    """What an owner thread owns that only answers."""

    voice: AnsweringModel

    def close(self) -> None:
        self.voice.close()


def no_answering_model() -> Llama:
    """Where no model for answers is set: always `ModelError`."""
    raise ModelError("no model for answers is set; name one, for example qwen2.5-coder-1.5b.")


def voice_of(load: Load, abort: Abort, beside: Llama | None = None) -> AnsweringModel:
    """A voice that will open `load`, over the weights of `beside` where that is the same file.

    Two contexts, not a third sequence: all sequences of one have the same length, and who never asks
    would pay for it (99 MB for 8,192 tokens of the 0.5B, 224 MB of the 1.5B).
    """

    def open_llama() -> Llama:
        shared = beside is not None and beside.load.path.resolve() == load.path.resolve()
        return Llama(load, abort, beside if shared else None)

    return AnsweringModel(open_llama)


@dataclass(eq=False, slots=True)
class AnswerRun:
    """A running or finished answer. Written by the owner thread, read by others.

    `asked_at` is on the same clock as `clock`; times are milliseconds. `error` is why it could not be given.
    """

    asked: Conversation
    on_text: Callable[[], object] = lambda: None
    clock: Callable[[], float] = time.perf_counter
    asked_at: float = 0.0
    text: str = ""
    ended: Ended = "cancelled"
    error: CompletionError | None = None
    prompt: list[int] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    margins: list[float] = field(default_factory=list)
    evaluated: int = 0
    load_ms: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    first_ms: float = 0.0
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    def add(self, piece: bytes, *, final: bool = False) -> None:
        """Take in the bytes of a token; a character in parts appears with its last byte."""
        fresh = self._decoder.decode(piece, final)
        if fresh:
            self.first_ms = self.first_ms or 1e3 * (self.clock() - self.asked_at)
            self.text += fresh
            self.on_text()

    def answered(self) -> LocalAnswer:
        """The answer as far as it came."""
        return LocalAnswer(
            self.text,
            self.ended,
            margins_of(self.margins),
            Tokens(len(self.prompt), self.evaluated, len(self.written)),
            AnswerMillis(self.load_ms, self.prefill_ms, self.decode_ms, self.first_ms),
        )


def run_answer(voice: AnsweringModel, speech: AnswerRun) -> None:
    """Write the answer to its end, or go on with one that was interrupted; `Aborted` may interrupt it again.

    Raises `TooLongError` and `ModelError`.
    """
    start = speech.clock()
    llama = voice.opened()
    speech.load_ms += 1e3 * (speech.clock() - start)
    if not speech.prompt:
        prompt = prompt_of(llama, voice.template, speech.asked.turns())
        _check_room(llama, len(prompt), speech.asked.max_tokens)
        speech.prompt = prompt
    logits = _read(voice, speech)
    start = speech.clock()
    try:
        while not _write(llama, speech, logits):
            logits = voice.append(speech.written[-1])
    finally:
        speech.decode_ms += 1e3 * (speech.clock() - start)
    speech.add(b"", final=True)


def _check_room(llama: Llama, size: int, answer: int) -> None:
    excess = size + answer - llama.load.context
    if excess > 0:
        raise TooLongError(
            f"the question has {size} tokens and its answer may have {answer}: {excess} more than the "
            f"{llama.load.context} of the model's window. Ask about less.",
            excess,
        )


def _read(voice: AnsweringModel, speech: AnswerRun) -> Logits:
    start = speech.clock()
    known = voice.computed
    try:
        return voice.read([*speech.prompt, *speech.written])
    finally:
        speech.evaluated += voice.computed - known
        speech.prefill_ms += 1e3 * (speech.clock() - start)


def _write(llama: Llama, speech: AnswerRun, logits: Logits) -> bool:
    """Take the likeliest token; whether it was the last."""
    token, margin = _pick(logits)
    if llama.is_special(token):
        speech.ended = "stop"
        return True
    speech.written.append(token)
    speech.margins.append(margin)
    speech.add(llama.piece(token))
    if repeats(speech.written):
        speech.ended = "loop"
        return True
    if len(speech.written) == speech.asked.max_tokens:
        speech.ended = "length"
        return True
    return False


def _pick(logits: Logits) -> tuple[int, float]:
    """The likeliest token, and by how much it is before the next."""
    best = int(logits.argmax())
    rest = max(logits[:best].max(initial=-float("inf")), logits[best + 1 :].max(initial=-float("inf")))
    return best, float(logits[best] - rest)
