"""A sink that keeps what an answer tells."""

from collections.abc import Callable
from typing import Any

from assist_server.questions.decision import AnswerContext
from assist_server.questions.events import AnswerSink, FinalAnswer
from assist_server.questions.session import AnswerSession


class KeptAnswer:
    """All that was told, in its order: kinds with their values."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def sink(self) -> AnswerSink:
        def keep(kind: str) -> Callable[..., None]:
            return lambda *values: self.told.append((kind, values[-1]))

        return AnswerSink(*map(keep, ("text", "notice", "progress", "restart", "facts")))

    def all_of(self, kind: str) -> list[Any]:
        return [value for told, value in self.told if told == kind]

    @property
    def notices(self) -> list[str]:
        return self.all_of("notice")


async def answered(
    context: AnswerContext, load: Callable[[], Any], *, records: bool = False, **more: Any
) -> tuple[FinalAnswer, KeptAnswer]:
    """The end of an answer, and what was told before it."""
    kept = KeptAnswer()
    final = await AnswerSession(load, sink=kept.sink(), records=records, **more).answer(context)
    return final, kept
