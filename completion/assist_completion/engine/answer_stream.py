"""Answers by the local model, piece by piece, on the event loop.

The owner thread's side is `inference.answer_generation`. A request for ghost text interrupts an answer at
once, and the answer goes on afterwards where it was. This module knows no editor, no terminal, and nothing of
what the question is about.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from assist_completion.engine.event_loop import call_on
from assist_completion.errors import CompletionError, DeviceError, ModelError
from assist_completion.inference.answer_generation import (
    AnsweringModel,
    AnswerOnly,
    AnswerRun,
    choose_answering_model,
    run_answer,
    weigh,
)
from assist_completion.inference.chat_template import estimate
from assist_completion.inference.conversation import Conversation, LocalAnswer
from assist_completion.inference.doubts import Doubt
from assist_completion.inference.llama import Aborted, Llama, Load
from assist_completion.inference.worker import Job, Lane, Resource, Worker

IDLE = 300.0  # seconds after an answer until its memory is given back: a follow-up comes sooner, or never
LOADING = 300.0  # seconds; a large model from a cold disk


class AnswerResource(Resource, Protocol):
    """The resource of an owner thread if it can answer questions."""

    @property
    def answering_model(self) -> AnsweringModel: ...


S = TypeVar("S", bound=AnswerResource)


@dataclass(frozen=True, slots=True)
class AnsweringFacts:
    """Facts about the model that answers. `window` is tokens for question and answer together.

    `prefill` is how many tokens it reads a second, 0 if that is not known. `file` is the model's file.
    `learn` returns the same after an answer, from what that took; it is called on any thread.
    """

    model: str
    window: int
    idle_s: float = IDLE
    prefill: float = 0.0
    file: Path | None = None
    learn: Callable[[AnswerRun], float] | None = None


class AnswerStream:
    """One answer while it is written: iterate over its pieces, then read `result`. Event loop only.

    Iterating raises `TooLongError` and `ModelError`. A cancelled answer just ends. Close the stream to stop
    the answer early:

        async with contextlib.aclosing(answers.answer(conversation)) as stream:
            async for piece in stream:
                print(piece, end="")
        print(stream.result.ended)

    `changed` is set on the event loop whenever there is more text.
    """

    def __init__(self, run: AnswerRun, change: asyncio.Event, cancel: Callable[[], None]) -> None:
        self._run = run
        self._changed = change
        self._cancel = cancel
        self._given = 0
        self._ended = asyncio.Event()

    def __aiter__(self) -> "AnswerStream":
        return self

    async def __anext__(self) -> str:
        while True:
            self._changed.clear()
            is_over = self._ended.is_set()
            piece = self._run.text[self._given :]
            if piece:
                self._given += len(piece)
                return piece
            if is_over and self._run.error is not None:
                raise self._run.error
            if is_over:
                raise StopAsyncIteration
            try:
                await self._changed.wait()
            except asyncio.CancelledError:
                self._cancel()
                raise

    async def unread(self) -> int:
        """Count the question's tokens that are read before the answer begins; waits until that is known."""
        while self._run.unread is None and not self._ended.is_set():
            self._changed.clear()
            if self._run.unread is None and not self._ended.is_set():
                await self._changed.wait()
        self._changed.set()  # there may be text by now
        return self._run.unread or 0

    @property
    def written(self) -> int:
        """Return how many tokens the answer has so far."""
        return len(self._run.written)

    async def aclose(self) -> None:
        """Stop the answer if it has not ended, and wait until the model no longer works on it."""
        if not self._ended.is_set():
            self._cancel()
            await self._ended.wait()

    @property
    def result(self) -> LocalAnswer:
        """The answer, once it has ended in any way. Raises what iterating raises."""
        if self._run.error is not None:
            raise self._run.error
        if not self._ended.is_set():
            raise CompletionError("the answer has not ended: read it to its end, or close it.")
        return self._run.answer()

    def end(self) -> None:
        """Note that the owner thread has finished the answer. Call it on the event loop."""
        self._ended.set()
        self._changed.set()


class Answerer(Generic[S]):
    """Puts questions to a worker's answering model. Use it from one event loop, and `close` it at the end.

    The model is opened at the first question, and closed after some time without questions. With `owned`,
    closing the answerer closes the worker too.
    """

    def __init__(
        self,
        worker: Worker[S],
        answering: AnsweringFacts,
        *,
        is_owner: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.model = answering.model
        self.window = answering.window
        self.prefill = answering.prefill
        self.file = answering.file
        self._learn = answering.learn
        self._idle_s = answering.idle_s
        self._worker = worker
        self._owned = is_owner
        self._clock = clock
        self._running: dict[Job[S], AnswerStream] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        # For `count`. It is unset here before the owner thread closes the model, so `count` finds it open.
        self._vocabulary: Llama | None = None

    @property
    def busy(self) -> bool:
        """Return whether an answer is being written or waits."""
        return bool(self._running)

    def count(self, text: str) -> int:
        """Tokens of a text: exact while the model is open, before that an upper estimate. Never waits.

        In a conversation each turn costs about 5 tokens more than its text.
        """
        if self._vocabulary is None or self._vocabulary.closed:
            return estimate(text)
        return len(self._vocabulary.tokenize(text))

    def answer(self, conversation: Conversation) -> AnswerStream:
        """Begin an answer. Several answers at once are written one after the other."""
        self._stop_timer()
        loop = asyncio.get_running_loop()
        change = asyncio.Event()
        run = AnswerRun(
            conversation, on_text=lambda: call_on(loop, change.set), clock=self._clock, asked_at=self._clock()
        )
        job = Job[S](Lane.ANSWER, lambda resource: self._run(resource.answering_model, run), resumable=True)
        stream = AnswerStream(run, change, lambda: self._worker.cancel(job))
        self._running[job] = stream
        job.done.add_done_callback(lambda _: call_on(loop, self._end, job, run))
        self._worker.submit(job)
        return stream

    async def weigh(self, conversation: Conversation, text: str) -> tuple[Doubt, ...]:
        """Find what the model doubts in a text of the question. Raises `TooLongError` and `ModelError`."""
        self._stop_timer()
        doubts: list[Doubt] = []

        def run(resource: S) -> None:
            self._open(resource.answering_model)
            doubts[:] = weigh(resource.answering_model, conversation, text)

        job = Job[S](Lane.ANSWER, run, resumable=True)
        self._worker.submit(job)
        try:
            await asyncio.wrap_future(job.done)
        except asyncio.CancelledError:
            self._worker.cancel(job)
            raise
        finally:
            self._start_timer()
        return tuple(doubts)

    def load(self, timeout: float = LOADING) -> None:
        """Open the model now, so that counting is exact. Blocks; raises `ModelError`."""
        job = Job[S](Lane.ANSWER, lambda resource: self._open(resource.answering_model), resumable=True)
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
        self._stop_timer()
        for job in list(self._running):
            self._worker.cancel(job)
        self._close_model()
        if self._owned:
            self._worker.close()

    def _run(self, model: AnsweringModel, run: AnswerRun) -> None:
        """The job on the owner thread. An error goes to the stream, not to the thread."""
        try:
            self._open(model)
            run_answer(model, run)
        except DeviceError:
            raise  # the thread opens the model again, without the device, and the answer goes on
        except CompletionError as error:
            run.fail(error)

    def _open(self, model: AnsweringModel) -> None:
        self._vocabulary = model.open().llama

    def _end(self, job: Job[S], run: AnswerRun) -> None:
        error = job.done.exception()
        if error is not None and not isinstance(error, Aborted):
            run.fail(CompletionError(f"{self.model} cannot answer: {type(error).__name__}. See the log."))
        self._running.pop(job).end()
        self._start_timer()
        if self._learn is not None and run.has_ended():  # a thread, since it writes a file
            threading.Thread(target=self._note, args=(self._learn, run), name="assist-speed").start()

    def _note(self, learn: Callable[[AnswerRun], float], run: AnswerRun) -> None:
        with suppress(OSError):  # an estimate is not worth a failure
            self.prefill = learn(run) or self.prefill

    def _start_timer(self) -> None:
        if not self._running and not self._closed and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._idle_s, self._close_model)

    def _close_model(self) -> None:
        """Close the model on its thread. No answer runs or waits, so `_vocabulary` stays unset until then."""
        self._timer = None
        self._vocabulary = None
        self._worker.submit(Job(Lane.ANSWER, lambda resource: resource.answering_model.close()))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def open_answers(load: Load, facts: AnsweringFacts) -> Answerer[AnswerOnly]:
    """A model that only answers, on a thread of its own. Blocks until it is loaded; raises `ModelError`.

    Check first, in a child process, that the file does not crash llama.cpp: `measure_speeds` does.
    """
    worker = Worker(
        lambda abort: AnswerOnly(choose_answering_model(load, abort)), on_device=bool(load.device)
    )
    answers = Answerer(worker, facts, is_owner=True)
    try:
        answers.load()
    except ModelError:
        answers.close()
        raise
    return answers
