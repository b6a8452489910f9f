"""A local model that gives scripted answers, used like an `Answerer`, and remembers what it was asked."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from assist_completion.inference.conversation import Conversation, Ended, LocalAnswer
from assist_completion.inference.doubts import Doubt


@dataclass
class ScriptedStream:
    """One answer, as `AnswerStream` gives it."""

    pieces: Sequence[str]
    result: LocalAnswer
    read: int
    written: int = 3

    async def unread(self) -> int:
        return self.read

    async def __aiter__(self) -> AsyncGenerator[str, None]:
        for piece in self.pieces:
            yield piece

    async def aclose(self) -> None:
        """Nothing is left open."""


@dataclass
class ScriptedModel:
    """`pieces_of` gives the pieces of an answer by its number, from 1; `doubts` are the same for any code."""

    pieces_of: Callable[[int], Sequence[str]]
    ended: Ended = "stop"
    doubts: tuple[Doubt, ...] = ()
    model: str = "small.gguf"
    window: int = 8192
    prefill: float = 60.0
    read: int = 100
    letters: int = 3  # of a token
    asked: list[Conversation] = field(default_factory=list)

    def count(self, text: str) -> int:
        return len(text) // self.letters

    def answer(self, conversation: Conversation) -> Any:
        self.asked.append(conversation)
        pieces = self.pieces_of(len(self.asked))
        return ScriptedStream(pieces, LocalAnswer("".join(pieces), self.ended), self.read)

    def close(self) -> None:
        """Nothing is left open."""

    async def weigh(self, conversation: Conversation, text: str) -> tuple[Doubt, ...]:
        assert text in conversation.user
        return self.doubts
