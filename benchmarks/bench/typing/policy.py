"""A completion policy, as an editor sees it: the values and the one port that replay drives.

A policy decides when to ask a model, with which prompt, and which older answers to use again. It owns a
server process or an engine. It knows no trace; the typist and the screen are in `bench.typing.typist` and
`bench.typing.screen`.
"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One open document and its cursor. The line counts from 0, the column counts code points."""

    path: str
    before: str
    after: str

    @property
    def line(self) -> int:
        return self.before.count("\n")

    @property
    def column(self) -> int:
        return len(self.before) - self.before.rfind("\n") - 1


@dataclass(frozen=True, slots=True)
class DocumentEdit:
    """One change: `text` replaces everything between two (line, column) positions."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """What a policy shows at a cursor; `text` is "" if it shows nothing.

    `inferred` means that the model ran for this answer, instead of only reading the cache. `replace` is the
    number of characters after the cursor that the text replaces. `tokens` counts those of the text, if known.
    """

    text: str = ""
    inferred: bool = True
    replace: int = 0
    id: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What a policy's server did so far, including work for cancelled requests and work ahead.

    `evaluated` prompt tokens, `generated` tokens, `used` of those (None: counted from what was shown), `cpu`
    seconds of its process, `memory` its peak in bytes.
    """

    evaluated: int = 0
    generated: int = 0
    used: int | None = None
    cpu: float = 0.0
    memory: int = 0
    extra: dict[str, float] = field(default_factory=dict)


class Policy(Protocol):
    """A policy under test. One document, one cursor, one event loop."""

    name: str

    async def open(self, view: DocumentView) -> None:
        """Start the server, load the model, open the document. Returns when ready to answer."""

    def on_change(self, view: DocumentView, edit: DocumentEdit) -> None:
        """The document changed; `view` is its new state."""

    def on_move(self, view: DocumentView) -> None:
        """The user moved the cursor somewhere else."""

    async def ask(self, view: DocumentView) -> PolicyAnswer | None:
        """Return the answer at a cursor, after any debounce; None if it was dropped for a newer request.

        The caller cancels it as soon as the next key comes, as editors do.
        """

    def on_show(self, view: DocumentView, answer: PolicyAnswer) -> None:
        """The screen now shows this answer."""

    def on_accept(self, view: DocumentView, answer: PolicyAnswer) -> None:
        """The typist accepted the whole answer; `view` is the state after it."""

    async def read(self) -> int:
        """Return the prompt tokens evaluated so far, without waiting for running work."""

    async def totals(self) -> Totals:
        """Return what was done so far."""

    async def close(self) -> None:
        """Stop everything."""
