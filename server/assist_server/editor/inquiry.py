"""A question of an editor, and what it needs from the editor, as values.

It knows no protocol and does no work: `inquiries` keeps the questions, `inquiry_work` answers them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from assist_context.documents import Document
from assist_server.config.config import Config
from assist_server.workspace.folders import WorkspaceFolder

if TYPE_CHECKING:  # they load llama.cpp, numpy and tree-sitter
    from assist_completion.engine.answer_stream import Answerer
    from assist_escalation.edits.plan import EditPlan
    from assist_escalation.routing.router import Wish
    from assist_server.questions.decision import DecidedQuestion


@dataclass(frozen=True, slots=True)
class EditorQuestion:
    """What the editor asks: lines from 1 of a document, (0, 0) for all of it, (n, 0) for what is there.

    `problems` are (line, message) of diagnostics.
    """

    command: str
    uri: str = ""
    lines: tuple[int, int] = (0, 0)
    words: str = ""
    wish: "Wish" = "auto"
    provider: str = ""
    problems: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentState:
    """A document that is open, with its absolute path ("" for none) and its version."""

    document: Document
    place: str
    version: int


@dataclass(frozen=True, slots=True)
class WorkspaceSnapshot:
    """The workspace at the moment of a question."""

    config: Config
    folders: tuple[WorkspaceFolder, ...]
    opened: Mapping[str, DocumentState] = field(default_factory=dict)


class EditorPort(Protocol):
    """What an editor does for its questions."""

    def tell(self, message: dict[str, Any]) -> None:
        """Show a piece of an answer, or its end."""

    async def confirm(self, ready: "DecidedQuestion") -> bool:
        """Whether the person lets a request out."""

    async def agrees(self, plan: "EditPlan", *, again: bool = False) -> bool:
        """Whether an edit may be made, as far as the editor itself will not ask the person about it.

        `again`: the editor did not take it, and may where the person acts once more.
        """

    async def apply(self, plan: "EditPlan", root: str, opened: Mapping[str, tuple[str, int]]) -> bool:
        """Make an edit; False where it was not made. `opened`: URI and version of what is open, by path."""


@dataclass(frozen=True, slots=True)
class EditorContext:
    """What questions are answered with: the workspace as it is now, the local model, and the editor.

    `settled` gathers the folders whose interrupted edits were finished.
    """

    view: Callable[[], WorkspaceSnapshot]
    local: "Callable[[], Awaitable[Answerer[Any]]]"
    editor: EditorPort
    settled: set[str] = field(default_factory=set)
