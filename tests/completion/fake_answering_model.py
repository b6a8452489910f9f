"""A model with one byte per token that answers every question with one script, and the objects around it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from fake_llama import END, FakeLlama, fake_model

from assist_completion.engine.answer_stream import Answerer, AnsweringFacts
from assist_completion.inference.answer_generation import AnsweringModel
from assist_completion.inference.generation import Model
from assist_completion.inference.llama import Abort, Load
from assist_completion.inference.worker import Worker

START = END + 1
MARKS = {"<|im_start|>": START, "<|im_end|>": END}


class FakeAnsweringLlama(FakeLlama):
    """A model that knows ChatML. `before_slice` runs before each slice of a decode."""

    def __init__(self, script: str, abort: Abort | None = None, window: int = 2000) -> None:
        super().__init__("", abort, sequences=1)
        self.script = script.encode()
        self.load = Load(Path("fake.gguf"), window, 1)
        self.template = "chatml"
        self.marks = MARKS
        self.bos: tuple[int, ...] = ()

    def head(self) -> tuple[int, ...]:
        return self.bos

    def is_special(self, token: int) -> bool:
        return token >= 256

    def chat_template(self) -> str:
        return self.template

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        if special:
            for mark, token in self.marks.items():
                before, found, after = text.partition(mark)
                if found:
                    return [*self.tokenize(before, special=True), token, *self.tokenize(after, special=True)]
        return list(text.encode())

    def piece(self, token: int) -> bytes:
        return bytes([token]) if token < 256 else b""

    def written(self) -> int:
        """How many tokens of the answer have been decoded."""
        begin = [START, *b"assistant\n"]
        cells = self.cells[0]
        at = next((at for at in range(len(cells), 0, -1) if cells[at - len(begin) : at] == begin), len(cells))
        return len(cells) - at

    def _logits(self, _seq: int) -> np.ndarray:
        logits = np.zeros(262, dtype=np.float32)
        at = self.written()
        logits[self.script[at] if at < len(self.script) else END] = self.sureness
        logits[0] = 1.0
        return logits


@dataclass
class TwoModels:
    """A worker with a model for ghost text and one for answers, as in the server."""

    worker: Worker[Model]
    answers: Answerer[Model]
    model: Model
    answering_llamas: list[FakeAnsweringLlama] = field(default_factory=list)
    before_slice: Callable[[], object] = lambda: None

    @property
    def answering_llama(self) -> FakeAnsweringLlama:
        return self.answering_llamas[-1]


@asynccontextmanager
async def open_two_models(script: str, window: int = 2000, idle_s: float = 60.0) -> AsyncIterator[TwoModels]:
    made: list[TwoModels] = []
    models: list[Model] = []

    def open_model(abort: Abort) -> Model:
        def open_llama() -> FakeAnsweringLlama:
            llama = FakeAnsweringLlama(script, abort, window)
            llama.before_slice = lambda: made[0].before_slice()  # noqa: PLW0108  (tests set another later)
            made[0].answering_llamas.append(llama)
            return llama

        models.append(replace(fake_model("", abort), answering_model=AnsweringModel(open_llama)))
        return models[0]

    worker = Worker(open_model)
    worker.opened.result(60)
    answers = Answerer(worker, AnsweringFacts("fake", window, idle_s))
    made.append(TwoModels(worker, answers, models[0]))
    yield made[0]
    answers.close()
    worker.close()
    assert all(each.closed for each in made[0].answering_llamas)
