"""What the editor and the command line use of an engine, whichever models it has."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Protocol

from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context


class GhostTextEngine(Protocol):
    """Answers requests. Use it from one event loop only, and `close` it at the end."""

    @property
    def counts(self) -> Counter[str]:
        """Everything counted so far."""

    @property
    def recent(self) -> Iterable[Suggestion]:
        """The last suggestions, without their texts."""

    @property
    def snippet_tokens(self) -> int:
        """The room that a prompt has for snippets of other files, in tokens."""

    async def complete(self, request: CompletionRequest) -> Suggestion:
        """One suggestion. Raises nothing but cancellation; `reason` says why nothing is shown."""

    async def complete_several(self, request: CompletionRequest) -> tuple[Suggestion, ...]:
        """What `complete` returns, and others that begin in another way."""

    def prewarm(self, context: Context, *, full: bool = False) -> Future[None] | None:
        """Read the prompt for a cursor before a request comes."""

    def record_shown(self, suggestion_id: int) -> None:
        """Count that the editor shows this suggestion."""

    def record_accepted(self, suggestion_id: int) -> None:
        """Count that the user accepted this suggestion or a part of it."""

    def close(self) -> None:
        """Stop everything and free the models."""
