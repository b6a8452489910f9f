"""Input and output of an engine: a request, and the suggestion that answers it.

These are values, and the port through which editors and the command line use an engine. They know no model
and no editor.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal, Protocol

from assist_context.documents import Context, TextNames

# Why a request ends without a text. The server has words for each.
Reason = Literal[
    "low-confidence",
    "model-stopped",
    "empty",
    "repetition",
    "echo",
    "duplicates-suffix",
    "duplicate-closer",
    "extra-closing-bracket",
    "open-bracket",
    "unknown-name",
    "contradiction",
    "syntax",
    "too-short",
    "special-token",
    "unseen",
    "manual-only",
    "in-comment",
    "long-line",
    "superseded",
    "model-failed",
    "server-away",
    "not-for-server",
]


LookUp = Callable[[TextNames], Awaitable[TextNames]]


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A cursor and how the user got there. `gather_ms` is the time that it took to gather the context.

    `refute` gives the names in a text with which it cannot be right; None if nothing can tell. `in_comments`:
    a text inside a comment is welcome although the user did not ask. `ahead`: the model may read on while the
    user rests, as it does on mains.
    """

    context: Context
    manual: bool = False
    after_accept: bool = False
    max_lines: int = 0  # 0: the limit in the settings
    gather_ms: float = 0.0
    immediate: bool = False  # no debounce: the request comes from a command line, not from typing
    refute: LookUp | None = None
    in_comments: bool = True
    ahead: bool = True


@dataclass(frozen=True, slots=True)
class Millis:
    """Time spent, in milliseconds. `total` includes waiting."""

    total: float = 0.0
    gather: float = 0.0
    prefill: float = 0.0
    decode: float = 0.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """Numbers of tokens. `evaluated` prompt tokens had to be computed, healed ones included."""

    prompt: int = 0
    evaluated: int = 0
    generated: int = 0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The answer to one request.

    `candidate` is the text before the show gate. If nothing is shown, `text` is "" and `reason` says why.
    `score` estimates the chance that the line is right, and `needed` is the least that is shown.
    The text takes the place of the first `replace` characters after the cursor, on its line. `refuted` is a
    name of the model's text that does not exist here: what is shown ends before it, or has it where a user
    asked by hand and nothing else is left. `owner` is the type that has no such member, "" for other names;
    `by_editor` tells that the editor's own language servers know it. `signature` is
    what a refuted call does not fit. `guess`: it was written from a small prompt, and a better one may come.
    """

    id: int = 0
    text: str = ""
    candidate: str = ""
    shown: bool = False
    reason: Reason | Literal[""] = ""
    score: float = 0.0
    needed: float = 0.0
    refuted: str = ""
    owner: str = ""
    by_editor: bool = False
    signature: str = ""
    guess: bool = False
    source: str = "model"  # model | cache | typed-through
    model: str = ""
    replace: int = 0
    ms: Millis = field(default_factory=Millis)
    tokens: Tokens = field(default_factory=Tokens)


class GhostTextEngine(Protocol):
    """The port of an engine, whichever models it has. One event loop only; `close` it at the end."""

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
        """Return what `complete` returns, and others that begin in another way."""

    def prewarm(self, context: Context, *, full: bool = False) -> Future[None] | None:
        """Read the prompt for a cursor before a request comes."""

    def record_shown(self, suggestion_id: int) -> None:
        """Count that the editor shows this suggestion."""

    def record_accepted(self, suggestion_id: int, *, ahead: bool = True) -> None:
        """Count that the user accepted this suggestion or a part of it; `ahead`: go on from there."""

    def close(self) -> None:
        """Stop everything and free the models."""
