"""Answers a question on the owner thread: reads what is new in the prompt, and writes until the end.

The text appears in an `AnswerRun` piece by piece, where the event loop reads it. The run and the sequence of
the `AnsweringModel` hold all that an interrupted answer needs to go on where it was.
An answer that has begun to repeat itself without end is stopped.
This module knows no event loop, and nothing of what the question is about.
"""

import codecs
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from assist_completion.errors import CompletionError, ModelError, TooLongError
from assist_completion.inference.chat_template import lay_out_prompt, read_template
from assist_completion.inference.conversation import (
    AnswerMillis,
    Conversation,
    Ended,
    LocalAnswer,
    Turn,
    count_margins,
    repeats_lines,
)
from assist_completion.inference.doubts import Doubt, WeighedToken, doubts
from assist_completion.inference.drafts import DraftReader
from assist_completion.inference.llama import SLICE, Abort, Llama, Load, Logits, open_llama
from assist_completion.inference.sentences import is_whole, sentences
from assist_completion.inference.sequence import LlamaSequence
from assist_completion.prompt.layout import common_prefix
from assist_completion.suggestion import Tokens

PERIOD = 80  # tokens of the longest repeated part: about eight lines
# A part must be repeated so often, over at least so many tokens. Of 700 files of Python's library, its tests
# and Markdown (1.95 million tokens) four hold such a run, all of them tables of data. With half of LEAST it
# would be nine.
TIMES = 4
LEAST = 64


def repeats(tokens: Sequence[int]) -> bool:
    """Return whether the last tokens are one part, up to `PERIOD` long, over and over.

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
    """The model that answers questions. It is opened at the first one, and its owner closes it.

    Its tokens stay in the sequence, so a question over the same text reads only what is new. Use it on the
    owner thread only.
    """

    def __init__(self, open_model: Callable[[], Llama]) -> None:
        self._open_model = open_model
        self.sequence: LlamaSequence | None = None
        self.template = ""

    def open(self) -> LlamaSequence:
        """The sequence of the model, which is loaded now if it is not open.

        Raises `ModelError`, and `Aborted` if loading is interrupted.
        """
        if self.sequence is None:
            llama = self._open_model()
            try:
                self.template = read_template(llama)
            except ModelError:
                llama.close()
                raise
            self.sequence = LlamaSequence(llama)
        return self.sequence

    def close(self) -> None:
        """Give the memory back. The next question opens the model again."""
        if self.sequence is not None:
            self.sequence.llama.close()
        self.sequence = None


@dataclass(frozen=True, slots=True)
class AnswerOnly:
    """The resource of an owner thread if it only answers questions."""

    answering_model: AnsweringModel

    def close(self) -> None:
        self.answering_model.close()


def no_answering_model() -> Llama:
    """Return what opens the model where no model for answers is set: always raises `ModelError`."""
    raise ModelError("no model for answers is set; name one, for example qwen2.5-coder-1.5b.")


def choose_answering_model(load: Load, abort: Abort, lender: Llama | None = None) -> AnsweringModel:
    """An answering model that will open `load`, with the weights of `lender` if that is the same file.

    It gets a context of its own. A third sequence in the first context would not do: all sequences of a
    context have the same length, and users who never ask would pay for it (99 MB for 8,192 tokens of the
    0.5B, 224 MB of the 1.5B).
    """

    return AnsweringModel(lambda: open_llama(load, abort, lender))


@dataclass(eq=False, slots=True)
class AnswerRun:
    """A running or ended answer. The owner thread writes it, other threads read it.

    `asked_at` is on the same clock as `clock`. `error` is why there is no answer.
    """

    conversation: Conversation
    on_text: Callable[[], object] = lambda: None
    clock: Callable[[], float] = time.perf_counter
    asked_at: float = 0.0
    text: str = ""
    ended: Ended = "cancelled"
    error: CompletionError | None = None
    prompt: list[int] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    margins: list[float] = field(default_factory=list)
    unread: int | None = None  # tokens that have to be read, once that is known
    evaluated: int = 0
    ms: AnswerMillis = field(default_factory=AnswerMillis)
    draft: DraftReader = field(default_factory=lambda: DraftReader(()))
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    def add_bytes(self, piece: bytes, *, final: bool = False) -> None:
        """Append the bytes of a token to the text. A character in parts appears with its last byte."""
        fresh = self._decoder.decode(piece, final)
        if fresh:
            first = self.ms.first or 1e3 * (self.clock() - self.asked_at)
            self.ms = replace(self.ms, first=first)
            self.text += fresh
            self.on_text()

    def add_token(self, token: int, piece: bytes, margin: float) -> None:
        """Append a token, and set `ended` if the answer must end with it."""
        self.written.append(token)
        self.margins.append(margin)
        self.add_bytes(piece)
        if (self.conversation.ending and self._is_closed()) or self._is_said():
            self.ended = "stop"
        elif repeats(self.written) or (b"\n" in piece and repeats_lines(self.text)):
            self.ended = "loop"
        elif len(self.written) == self.conversation.max_tokens:
            self.ended = "length"

    def has_ended(self) -> bool:
        """Return whether the answer is complete, or may not go on."""
        return self.ended != "cancelled"

    def _is_closed(self) -> bool:
        """Return whether the last whole line ends the answer."""
        whole, newline, _ = self.text.rpartition("\n")
        return bool(newline) and whole.rpartition("\n")[2].rstrip() == self.conversation.ending

    def _is_said(self) -> bool:
        """Say if the answer has as many whole sentences as it may have; the next one may have begun."""
        most = self.conversation.sentences
        if not most:
            return False
        parts = list(sentences(self.text))
        return len(parts) > most or (len(parts) == most and is_whole(parts[-1]))

    def stop(self) -> None:
        """Note that the model itself ended the answer."""
        self.ended = "stop"

    def fail(self, error: CompletionError) -> None:
        """Note why there is no answer."""
        self.error = error

    def set_prompt(self, prompt: list[int], draft: DraftReader) -> None:
        """Note the tokens of the conversation, which fit the window, and what the answer may repeat."""
        self.prompt = prompt
        self.draft = draft
        self.text = self.conversation.beginning

    def expect(self, unread: int) -> None:
        """Note how many tokens will be read. An interrupted answer keeps its first number."""
        self.unread = unread if self.unread is None else self.unread
        self.on_text()

    def count_evaluated(self, tokens: int) -> None:
        """Count prompt tokens that had to be computed."""
        self.evaluated += tokens

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        """Add the time that the block takes to a part of `ms`: load, prefill or decode."""
        start = self.clock()
        try:
            yield
        finally:
            milliseconds = 1e3 * (self.clock() - start)
            self.ms = replace(self.ms, **{part: getattr(self.ms, part) + milliseconds})

    def answer(self) -> LocalAnswer:
        """The answer as far as it came."""
        tokens = Tokens(len(self.prompt), self.evaluated, len(self.written))
        return LocalAnswer(self.text, self.ended, count_margins(self.margins), tokens, self.ms)


def run_answer(model: AnsweringModel, run: AnswerRun) -> None:
    """Write an answer to its end, also after an interruption. `Aborted` may interrupt it again.

    Raises `TooLongError` and `ModelError`.
    """
    with run.timing("load"):
        sequence = model.open()
    llama = sequence.llama
    if not run.prompt:
        conversation = run.conversation
        prompt = lay_out_prompt(llama, model.template, conversation.turns())
        prompt += llama.tokenize(conversation.beginning)
        _check_room(llama, len(prompt), conversation.max_tokens)
        run.set_prompt(prompt, DraftReader(llama.tokenize(conversation.draft), llama.load.batches))
    logits = _read(sequence, run)
    with run.timing("decode"):
        while not (run.has_ended() or _write(llama, run, logits)):
            logits = _advance(sequence, run)
    run.add_bytes(b"", final=True)


def _advance(sequence: LlamaSequence, run: AnswerRun) -> Logits:
    """The logits after the last token, and after a guess's right tokens."""
    guess = run.draft.guess(run.written)[: run.conversation.max_tokens - len(run.written)]
    if not guess:
        return sequence.append(run.written[-1])
    following = sequence.append_guess(run.written[-1], guess)
    count = 0
    while count < len(following) - 1 and not run.has_ended():
        _write(sequence.llama, run, following[count])
        count += 1
    run.draft.judge(len(guess), count)
    return following[count]


def weigh(model: AnsweringModel, conversation: Conversation, text: str) -> tuple[Doubt, ...]:
    """Return what the model doubts in a `text` that the question holds. Raises what `run_answer` does.

    It reads the question up to the end of the text, so that an answer afterwards reads only the rest.
    """
    sequence = model.open()
    llama = sequence.llama
    before, answer_text, _ = conversation.user.rpartition(text)
    if not answer_text:
        return ()
    user = llama.tokenize(before + text)
    prompt = lay_out_prompt(llama, model.template, (*conversation.turns()[:-1], Turn("user", before + text)))
    ends = [at for at in range(len(user), len(prompt) + 1) if prompt[at - len(user) : at] == user]
    if not ends:
        return ()
    prompt = prompt[: ends[-1]]
    _check_room(llama, len(prompt), conversation.max_tokens)
    start = ends[-1] - len(user) + common_prefix(user, llama.tokenize(before))
    return doubts(_weigh_tokens(sequence, prompt, max(1, start)))


def _weigh_tokens(sequence: LlamaSequence, prompt: list[int], start: int) -> list[WeighedToken]:
    """The tokens of a prompt from `start` on, each with the expected one."""
    llama = sequence.llama
    logits = sequence.read(prompt[:start])
    tokens: list[WeighedToken] = []
    for at in range(start, len(prompt), SLICE):
        part = prompt[at : at + SLICE]
        tokens.append(_weigh_token(llama, part[0], logits))
        each = sequence.append_each(part)
        tokens += [_weigh_token(llama, token, before) for token, before in zip(part[1:], each, strict=False)]
        logits = each[-1].copy()
    return tokens


def _weigh_token(llama: Llama, token: int, logits: Logits) -> WeighedToken:
    best = int(logits.argmax())
    own_text, best_text = (llama.piece(id_).decode("utf-8", "replace") for id_ in (token, best))
    return WeighedToken(own_text, best_text, float(logits[best] - logits[token]))


def _check_room(llama: Llama, size: int, answer: int) -> None:
    excess = size + answer - llama.load.context
    if excess > 0:
        raise TooLongError(
            f"the question has {size} tokens and its answer may have {answer}: {excess} more than the "
            f"{llama.load.context} of the model's window. Ask about less.",
            excess,
        )


def _read(sequence: LlamaSequence, run: AnswerRun) -> Logits:
    computed_tokens = sequence.computed
    run.expect(sequence.unread([*run.prompt, *run.written]))
    with run.timing("prefill"):
        try:
            return sequence.read([*run.prompt, *run.written])
        finally:
            run.count_evaluated(sequence.computed - computed_tokens)


def _write(llama: Llama, run: AnswerRun, logits: Logits) -> bool:
    """Take the likeliest token. Returns whether the answer has ended."""
    token, margin = _pick(logits)
    if llama.is_special(token):
        run.stop()
    else:
        run.add_token(token, llama.piece(token), margin)
    return run.has_ended()


def _pick(logits: Logits) -> tuple[int, float]:
    """The likeliest token, and its margin over the next one."""
    best = int(logits.argmax())
    rest = max(logits[:best].max(initial=-float("inf")), logits[best + 1 :].max(initial=-float("inf")))
    return best, float(logits[best] - rest)
