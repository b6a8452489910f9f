"""What replay drives: a completion policy, as an editor meets it. Values and one port; no model, no trace.

A policy decides when a model is asked, with which prompt, and what of older answers it uses again. It
owns a server process or an engine; the typist and the screen belong to `replay`.
"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One open document and its cursor: line from 0, column in code points."""

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
    """One change: `text` in place of what lies between two (line, column) positions."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """What a policy shows at a cursor; `text` is "" where it shows nothing.

    `inferred` says that the model was run for it, and not only memory read. `replace` counts characters
    behind the cursor that the text stands for. `tokens` are those of the text, where they are known.
    """

    text: str = ""
    inferred: bool = True
    replace: int = 0
    id: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What a policy's server did so far, work for cancelled requests and work ahead included.

    `evaluated` prompt tokens, `generated` tokens, `used` of these (None: counted by what was shown),
    `cpu` seconds of its process, `memory` its peak in bytes.
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
        """Start whatever it takes, load the model, open the document; returns when ready to answer."""

    def on_change(self, view: DocumentView, edit: DocumentEdit) -> None:
        """The document changed; `view` is its state now."""

    def on_move(self, view: DocumentView) -> None:
        """The cursor was put somewhere else."""

    async def ask(self, view: DocumentView) -> PolicyAnswer | None:
        """The answer at a cursor, debounce included; None: this request was given up for a newer one.

        Cancelled as soon as the next key comes, as editors do.
        """

    def on_show(self, view: DocumentView, answer: PolicyAnswer) -> None:
        """The screen shows this answer now."""

    def on_accept(self, view: DocumentView, answer: PolicyAnswer) -> None:
        """The typist took the whole answer; `view` is the state after it."""

    async def read(self) -> int:
        """Prompt tokens evaluated so far, without waiting for work on its way."""

    async def totals(self) -> Totals:
        """What was done so far."""

    async def close(self) -> None:
        """Stop everything."""
