"""A server of completions as a token source sees it, asked in a session that begins with the first request.

It knows no rules: whose texts these are, and which of them may leave, is decided in each kind of server.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager

from assist_completion.engine.server_port import ServedPiece, ServedPrompt
from assist_completion.errors import ServedError
from assist_escalation.egress.ghost_text import GhostTextSession
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.ghost_text.incremental_redaction import CursorTexts
from assist_escalation.prompts import Origin, Span
from assist_escalation.provider.failures import Fault

# The server was not asked, or refused this text alone: it may be well for all others.
_UNASKED = ("refused", "context-length", "content-filter", "offline")


@contextmanager
def as_served_errors() -> Iterator[None]:
    """Turn the gate's errors into what a token source knows."""
    try:
        yield
    except Fault as fault:
        raise ServedError(str(fault), away=fault.kind not in _UNASKED) from None
    except RefusedError as error:
        raise ServedError(str(error), away=False, passing=error.cause == "redaction") from None
    except EscalationError as error:  # the log or the ledger: nothing may leave until that is repaired
        raise ServedError(str(error), away=True) from None


class SessionServer:
    """Owns the session, which `begin` makes for the first request, out of `texts`.

    `constrains`: whether the server can be made to begin its answer with a given text.
    """

    def __init__(
        self,
        begin: Callable[[], GhostTextSession],
        texts: Callable[[ServedPrompt], CursorTexts],
        *,
        constrains: bool,
    ) -> None:
        self._begin = begin
        self._texts = texts
        self._session: GhostTextSession | None = None
        self._constrains = constrains

    @property
    def constrains(self) -> bool:
        """Return whether the server can be made to begin its answer with a given text."""
        return self._constrains

    async def complete(self, prompt: ServedPrompt) -> AsyncGenerator[ServedPiece, None]:
        """The answer piece by piece. Raises `ServedError`."""
        line_ended = False
        counts = (0, 0)
        with as_served_errors():
            texts = self._texts(prompt)
            self._session = self._session or self._begin()
            answer = self._session.complete(texts, prompt.most, one_line=prompt.one_line)
            async with aclosing(answer) as pieces:
                async for piece in pieces:
                    line_ended = line_ended or piece.end == "line"
                    counts = (max(counts[0], piece.prompt), max(counts[1], piece.cached))
                    is_over = piece.end == "stop"
                    yield ServedPiece(piece.text, piece.chance, is_over, *counts, piece.likely)
            if line_ended:  # the end of the line is not in the answer; what is counted may come after it
                yield ServedPiece("\n", 0.0, False, *counts)

    def rest(self) -> None:
        """Write down what was sent so far."""
        if self._session is not None:
            self._session.roll()

    async def close(self) -> None:
        """End the connections, and write down what was sent. Raises `ServedError` if it cannot be."""
        if self._session is not None:
            with as_served_errors():
                await self._session.close()


def cursor_texts(
    prompt: ServedPrompt, origin: Origin, around: tuple[str, str], files: Sequence[Span] = ()
) -> CursorTexts:
    """The texts of a prompt. `around` is all of the document before and after the cursor."""
    plan = prompt.plan
    before, after = around
    return CursorTexts(
        tuple(files),
        Span(plan.head, origin),
        Span(plan.typed, origin),
        prompt.need,
        Span(plan.suffix, origin),
        far=plan.far,
        above=before.rpartition(plan.head)[0] if plan.head else "",
        below=after.partition(plan.suffix)[2] if plan.suffix else after,
    )
