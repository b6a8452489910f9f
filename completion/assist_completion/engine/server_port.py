"""The port to a server of completions: a prompt goes out, and pieces of text come back.

This module holds no socket and knows no protocol. What may leave is decided on its other side.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from assist_completion.prompt.layout import Plan
from assist_context.documents import Context


@dataclass(frozen=True, slots=True)
class ServedPrompt:
    """One request. `plan` says what is where; its `typed` is what the server continues.

    The answer has to begin with `need`, a text that `typed` no longer holds. `one_line`: nothing after the
    end of the line is wanted. At most `most` tokens are.
    """

    plan: Plan
    need: str
    one_line: bool
    most: int


@dataclass(frozen=True, slots=True)
class ServedPiece:
    """The next piece of an answer. `chance` is its log-probability in nats, None if the server has none.

    `ended`: the model itself stopped after it. `prompt` and `cached` count the prompt's tokens, and which of
    them that the server did not compute again; 0 where it does not say. `likely` are the likeliest tokens in
    its place, each with its log-probability.
    """

    text: str
    chance: float | None = None
    ended: bool = False
    prompt: int = 0
    cached: int = 0
    likely: tuple[tuple[str, float], ...] = ()


class CompletionServer(Protocol):
    """A server, as the owner thread sees it. All methods run on the event loop of that thread."""

    @property
    def constrains(self) -> bool:
        """Return whether it can be made to begin its answer with a given text."""

    def admit(self, context: Context) -> Context:
        """The context without what may not be sent. Raises `ServedError` if the file itself may not."""

    def complete(self, prompt: ServedPrompt) -> AsyncGenerator[ServedPiece, None]:
        """The answer piece by piece. Closing it stops the server. Raises `ServedError`."""

    def rest(self) -> None:
        """There was no request for a while: write down what there is to write."""

    async def close(self) -> None:
        """Close the connections, and write down what there is to write."""
