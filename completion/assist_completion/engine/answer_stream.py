"""Answers by the local model, piece by piece: the event loop's side of the lane below ghost text.

The owner thread's side is `voice`. A request for ghost text interrupts an answer at once, and it goes on
where it was. It knows no editor, no terminal, and nothing of what is asked.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from assist_completion.errors import CompletionError, ModelError
from assist_completion.inference.answer_generation import (
    AnsweringModel,
    AnswerOnly,
    AnswerRun,
    run_answer,
    voice_of,
)
from assist_completion.inference.chat_template import estimate
from assist_completion.inference.conversation import Conversation, LocalAnswer
from assist_completion.inference.llama import Aborted, Llama, Load
from assist_completion.inference.worker import Job, Lane, Resource, Worker

IDLE = 300.0  # seconds after an answer until its memory is given back: a follow-up comes sooner, or never
LOADING = 300.0  # seconds; a large model from a cold disk


class AnswerResource(Resource, Protocol):
    """What an owner thread owns that can answer."""

    @property
    def voice(self) -> AnsweringModel: ...


S = TypeVar("S", bound=AnswerResource)


@dataclass(frozen=True, slots=True)
class AnsweringFacts:
    """Facts about the model that answers. `window` is tokens for question and answer together."""

    model: str
    window: int
    idle_s: float = IDLE


class AnswerStream:
    """One answer on its way: iterate over its pieces, then read `result`. Event loop only.

    Iterating raises `TooLongError` and `ModelError`; a cancelled answer just ends. Close it to stop it early:

        async with contextlib.aclosing(answers.answer(asked)) as stream:
            async for piece in stream:
                print(piece, end="")
        print(stream.result.ended)
    """

    def __init__(self, speech: AnswerRun, cancel: Callable[[], None]) -> None:
        self._speech = speech
        self._cancel = cancel
        self._given = 0
        self._changed = asyncio.Event()
        self._landed = asyncio.Event()

    def __aiter__(self) -> "AnswerStream":
        return self

    async def __anext__(self) -> str:
        while True:
            self._changed.clear()
            ended = self._landed.is_set()
            piece = self._speech.text[self._given :]
            if piece:
                self._given += len(piece)
                return piece
            if ended and self._speech.error is not None:
                raise self._speech.error
            if ended:
                raise StopAsyncIteration
            try:
                await self._changed.wait()
            except asyncio.CancelledError:
                self._cancel()
                raise

    async def aclose(self) -> None:
        """Stop the answer if it has not ended, and wait until the model has let go of it."""
        if not self._landed.is_set():
            self._cancel()
            await self._landed.wait()

    @property
    def result(self) -> LocalAnswer:
        """The answer, once it has ended, however it did. Raises what iterating raises."""
        if self._speech.error is not None:
            raise self._speech.error
        if not self._landed.is_set():
            raise CompletionError("the answer has not ended: read it to its end, or close it.")
        return self._speech.answered()

    def changed(self) -> None:
        """There is more text. Called on the event loop."""
        self._changed.set()

    def landed(self) -> None:
        """The owner thread is through with it. Called on the event loop."""
        self._landed.set()
        self._changed.set()


class Answerer(Generic[S]):
    """Asks the model that a worker's resource carries. Use it from one event loop only; `close` it at last.

    The model is opened at the first question, and given back when nobody has asked for a while. With
    `owned`, closing it closes the worker too.
    """

    def __init__(
        self,
        worker: Worker[S],
        answering: AnsweringFacts,
        *,
        owned: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.model = answering.model
        self.window = answering.window
        self._idle_s = answering.idle_s
        self._worker = worker
        self._owned = owned
        self._clock = clock
        self._running: dict[Job[S], AnswerStream] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        # For `count`. Unset here before the model is closed there: it is open while it is counted with.
        self._vocabulary: Llama | None = None

    def count(self, text: str) -> int:
        """Tokens of a text: exact while the model is open, before that an estimate from above.

        Waits for nobody. What a turn of the conversation costs beside its text is about 5 tokens.
        """
        if self._vocabulary is None or self._vocabulary.closed:
            return estimate(text)
        return len(self._vocabulary.tokenize(text))

    def answer(self, asked: Conversation) -> AnswerStream:
        """Begin an answer. Those that are asked for together are given one after the other."""
        self._rest_no_more()
        loop = asyncio.get_running_loop()
        speech = AnswerRun(asked, clock=self._clock, asked_at=self._clock())
        job = Job[S](Lane.ANSWER, lambda resource: self._speak(resource.voice, speech), resumable=True)
        stream = self._running[job] = AnswerStream(speech, lambda: self._worker.cancel(job))
        speech.on_text = lambda: loop.call_soon_threadsafe(stream.changed)
        job.done.add_done_callback(lambda _: loop.call_soon_threadsafe(self._landed, job, speech))
        self._worker.submit(job)
        return stream

    def load(self, timeout: float = LOADING) -> None:
        """Open the model now, so that counting is exact. Blocks; raises `ModelError`."""
        job = Job[S](Lane.ANSWER, lambda resource: self._open(resource.voice), resumable=True)
        self._worker.submit(job)
        try:
            job.done.result(timeout)
        except TimeoutError:
            self._worker.cancel(job)
            raise ModelError(
                f"{self.model} did not load within {timeout:.0f} s; choose a smaller model."
            ) from None

    def close(self) -> None:
        """Stop every answer and give the model's memory back."""
        self._closed = True
        self._rest_no_more()
        for job in list(self._running):
            self._worker.cancel(job)
        self._rest()
        if self._owned:
            self._worker.close()

    def _speak(self, voice: AnsweringModel, speech: AnswerRun) -> None:
        """On the owner thread. An error is the asker's, not the thread's."""
        try:
            self._open(voice)
            run_answer(voice, speech)
        except CompletionError as error:
            speech.error = error

    def _open(self, voice: AnsweringModel) -> None:
        self._vocabulary = voice.opened()

    def _landed(self, job: Job[S], speech: AnswerRun) -> None:
        error = job.done.exception()
        if error is not None and not isinstance(error, Aborted):
            speech.error = CompletionError(
                f"{self.model} cannot answer: {type(error).__name__}. See the log."
            )
        self._running.pop(job).landed()
        if not self._running and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(self._idle_s, self._rest)

    def _rest(self) -> None:
        """Close the model. Nothing runs or waits now, so nothing makes `_vocabulary` anew."""
        self._timer, self._vocabulary = None, None
        self._worker.submit(Job(Lane.ANSWER, lambda resource: resource.voice.close()))

    def _rest_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def open_answers(load: Load, model: str) -> Answerer[AnswerOnly]:
    """A model that only answers, on a thread of its own. Blocks until it is loaded; raises `ModelError`.

    Whether the file crashes llama.cpp was found out before, in a child process: see `probe.speed_of`.
    """
    worker = Worker(lambda abort: AnswerOnly(voice_of(load, abort)))
    answers = Answerer(worker, AnsweringFacts(model, load.context), owned=True)
    try:
        answers.load()
    except ModelError:
        answers.close()
        raise
    return answers
