"""Which requests a local model answers rightly: it answers each one once, greedy, and the tests judge.

A `Writer` writes the answers; the rest is the same for any writer. Rows hold numbers and task ids, no text.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from assist_completion.inference.answer_generation import AnswerRun, choose_answering_model, run_answer
from assist_completion.inference.conversation import Conversation
from assist_completion.inference.llama import Abort, Load
from assist_escalation.prompts import Messages
from assist_escalation.routing.features import Confidence
from bench.infilling.tasks import passes
from bench.routing.tasks import WINDOW, RoutingRequest, code_of, fits

MAX_TOKENS = 200  # per requested function: 99 % of the canonical ones have fewer, the median is 56


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """An answer, how sure the model was of it, and its length."""

    text: str
    confidence: Confidence
    tokens: int


class Writer(Protocol):
    """A local model that answers with at most `most` tokens."""

    def write(self, messages: Messages, most: int) -> WrittenAnswer: ...


class LocalModelWriter:
    """The model that answers in the product. Always takes the likeliest token, on one thread."""

    def __init__(self, model: Path) -> None:
        load = Load(model, context=WINDOW, sequences=1, threads=1, decode_threads=1)
        self._model = choose_answering_model(load, Abort())

    def write(self, messages: Messages, most: int) -> WrittenAnswer:
        run = AnswerRun(Conversation(messages.system, messages.user, most))
        run_answer(self._model, run)
        given = run.answer()
        sure = given.margins
        stopped = given.ended != "stop"  # an answer that began to repeat itself did not end by itself either
        return WrittenAnswer(
            given.text, Confidence(sure.mean, sure.least, sure.worst8, stopped), given.tokens.generated
        )

    def close(self) -> None:
        self._model.close()


def label(request: RoutingRequest, writer: Writer) -> dict[str, Any]:
    """Return one row: whether the answer was right, and how sure the model was."""
    written = writer.write(request.messages, MAX_TOKENS * len(request.names))
    code = code_of(written.text)
    parsed, complete = fits(code, request.names)
    sure = written.confidence
    return {
        "id": request.id,
        "good": int(complete and passes(request.program(code))),
        "mean_margin": round(sure.mean_margin, 3),
        "least_margin": round(sure.least_margin, 3),
        "worst8_margin": round(sure.worst8_margin, 3),
        "length_stop": int(sure.length_stop),
        "parse_delta": int(not parsed),
        "edit_fits": int(complete),
        "tokens": written.tokens,
    }


def collect(requests: Sequence[RoutingRequest], writer: Writer, kept: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of all requests. Those that `kept` holds from an earlier run are not asked again."""
    known = {}
    if kept.is_file():
        rows = map(json.loads, kept.read_text(encoding="utf-8").splitlines())
        known = {row["id"]: row for row in rows}
    with kept.open("a", encoding="utf-8") as lines:
        for request in requests:
            row = known.get(request.id) or label(request, writer)
            if request.id not in known:
                lines.write(json.dumps(row) + "\n")
                lines.flush()
            yield row
