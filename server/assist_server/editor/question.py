"""A question from an editor, and what answering it needs from the editor, as values.

It knows no protocol and does no work: `question_tasks` runs the questions, `question_work` answers them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from assist_context.documents import Document
from assist_server.config.config import Config
from assist_server.threads.thread import ThreadMemory
from assist_server.workspace.documents import Encoding
from assist_server.workspace.folders import WorkspaceFolder

if TYPE_CHECKING:  # they load llama.cpp, numpy and tree-sitter
    from assist_completion.engine.answer_stream import Answerer
    from assist_escalation.edits.plan import EditPlan
    from assist_escalation.routing.router import Wish
    from assist_server.config.run_consent import RunRequest
    from assist_server.questions.computed_edits import NameToRename
    from assist_server.questions.decision import AnswerContext


@dataclass(frozen=True, slots=True)
class EditorQuestion:
    """A question of the editor about lines of a document, counted from 1.

    (0, 0) means the whole document, (n, 0) the definition at line n. `problems` are (line, message) of
    diagnostics. `thread` is the id of the conversation that the question goes on with, "" for a new one;
    `files` are the URIs of files and folders to show. `revision` is what a review compares with, "" for the
    last commit.
    """

    command: str
    uri: str = ""
    lines: tuple[int, int] = (0, 0)
    words: str = ""
    wish: "Wish" = "auto"
    provider: str = ""
    problems: tuple[tuple[int, str], ...] = ()
    thread: str = ""
    files: tuple[str, ...] = ()
    revision: str = ""


@dataclass(frozen=True, slots=True)
class DocumentState:
    """An open document, with its absolute path ("" for none) and its version."""

    document: Document
    real_path: str
    version: int


@dataclass(frozen=True, slots=True)
class WorkspaceSnapshot:
    """The workspace at the moment of a question; `opened` are the open documents by URI."""

    config: Config
    folders: tuple[WorkspaceFolder, ...]
    opened: Mapping[str, DocumentState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class ReplacedRange:
    """A range with its new text: lines from 0, columns in units of an encoding, the end not included."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True, slots=True)
class RenameByServer:
    """Changes that the editor's language server would make, by URI, with columns in units of `encoding`."""

    edits: Mapping[str, tuple[ReplacedRange, ...]]
    encoding: Encoding


class EditorPort(Protocol):
    """The port to an editor, for its questions."""

    def tell(self, message: dict[str, Any]) -> None:
        """Show a piece of an answer, or its end."""

    async def confirm_request(self, context: "AnswerContext") -> bool:
        """Ask the user whether a request may be sent."""

    async def confirm_run(self, request: "RunRequest") -> bool:
        """Ask the user whether code of the workspace may be run."""

    async def confirm_edit(self, plan: "EditPlan", *, again: bool = False) -> bool:
        """Ask the user whether an edit may be made, unless the editor itself will ask.

        `again`: the editor refused the edit, and may accept it after another action of the user.
        """

    async def rename(self, uri: str, line: str, name: "NameToRename") -> RenameByServer | None:
        """Ask the editor's language server to rename a name on this line; None if it cannot."""

    async def apply(self, plan: "EditPlan", root: str, versions: Mapping[str, tuple[str, int]]) -> bool:
        """Make an edit; False if it was not made. `versions`: URI and version of open documents, by path."""


@dataclass(frozen=True, slots=True)
class EditorContext:
    """The context of answers: the workspace as it is now, the local model, and the editor.

    `recovered` collects the folders whose interrupted edits are finished, `threads` the conversations.
    """

    snapshot: Callable[[], WorkspaceSnapshot]
    local: "Callable[[], Awaitable[Answerer[Any]]]"
    editor: EditorPort
    recovered: set[str] = field(default_factory=set)
    threads: ThreadMemory = field(default_factory=ThreadMemory)
