"""A rename by the editor's own language server, which knows types, in place of the one by syntax.

It is asked only for a wish that is clearly a rename. What it would change becomes an edit like any other,
with the same preview and the same checks; where it has no answer, the edit by syntax stays.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from assist_context.documents import split_lines
from assist_context.retrieval.corpus import Corpus
from assist_escalation.edits.plan import MARK
from assist_server.editor.question import (
    EditorQuestion,
    RenameByServer,
    ReplacedRange,
    WorkspaceSnapshot,
)
from assist_server.editor.question_place import corpus_with, find_home, list_uris
from assist_server.questions.computed_edits import (
    MadeEdit,
    NameToRename,
    RefactoringEdit,
    RefactoringProblem,
    count_words,
    places_in_words,
)
from assist_server.questions.decision import AnswerContext
from assist_server.questions.draft import get_text
from assist_server.workspace.documents import Encoding, get_path, resolve_path, to_column
from assist_server.workspace.folders import WorkspaceFolder

# By the URI of a document, a line of it, and the name on this line: what `EditorPort.rename` says.
AskServers = Callable[[str, str, NameToRename], Awaitable[RenameByServer | None]]
RENAMED_WHY = "the editor's language server makes this rename"
WAIT = 8.0  # seconds; a language server that still loads a large project takes longer
MAX_FILES = 400  # in one rename: a preview of more is not read by anyone


@dataclass(frozen=True, slots=True)
class _RenamedFile:
    """A file of a rename: all of it, as it will be without a byte order mark, and how many places."""

    whole: str
    after: str
    places: int


async def ask_editor_rename(
    context: AnswerContext, question: EditorQuestion, snapshot: WorkspaceSnapshot, ask: AskServers
) -> AnswerContext:
    """The question with the rename of the editor's language server, if there is one and it has an answer."""
    own = context.found
    name = own.edit.renames if isinstance(own, MadeEdit) else None
    if name is None or not isinstance(own, MadeEdit):
        return context
    uri = list_uris(snapshot, context.root)(name.path)
    state = snapshot.opened.get(uri)
    if state is None or name.line >= len(state.document.lines):
        return context
    try:
        async with asyncio.timeout(WAIT):
            rename = await ask(uri, state.document.lines[name.line], name)
    except TimeoutError:
        return context
    if rename is None:
        return context
    folder = find_home(question, snapshot)
    edit = await asyncio.to_thread(_edit_by_server, own, name, rename, folder, snapshot)
    if edit is None:
        return context
    return replace(context, found=edit, decision=replace(context.decision, why=RENAMED_WHY))


def _edit_by_server(
    own: MadeEdit,
    name: NameToRename,
    rename: RenameByServer,
    folder: WorkspaceFolder,
    snapshot: WorkspaceSnapshot,
) -> MadeEdit | None:
    """The edit that a language server would make; None if it changes other files too. It blocks."""
    files: dict[str, _RenamedFile] = {}
    whole: dict[str, str] = {}
    with corpus_with(folder, snapshot) as corpus:
        for uri, edits in rename.edits.items():
            real_path = resolve_path(get_path(uri))
            path = folder.relative(real_path) if real_path and folder.holds(real_path) else ""
            edit_texts = _apply(corpus, path, edits, rename.encoding) if path else None
            if edit_texts is None:
                return None
            whole[path] = edit_texts.whole
            files[path] = edit_texts
    if name.path not in files or len(files) > MAX_FILES:
        return None
    texts = {path: file.after for path, file in files.items()}
    notes = () if isinstance(own.edit, RefactoringProblem) else own.edit.notes
    return MadeEdit(
        RefactoringEdit(_reading(name, files), texts, tuple(_places_left(own, name, files)), notes),
        whole,
        RENAMED_WHY,
    )


def _apply(
    corpus: Corpus, path: str, edits: Sequence[ReplacedRange], encoding: Encoding
) -> _RenamedFile | None:
    """A file with a server's edits; None if it cannot be read, or they overlap."""
    text = get_text(corpus, path)
    if text is None:
        return None
    before = text.removeprefix(MARK)
    lines = split_lines(before)
    starts = [0, *accumulate(map(len, lines))]

    def offset(line: int, units: int) -> int:
        return starts[line] + to_column(lines[line], units, encoding) if line < len(lines) else len(before)

    pieces: list[str] = []
    end = 0
    for edit in sorted(edits):
        start = offset(edit.line, edit.column)
        if start < end:
            return None
        pieces += [before[end:start], edit.text]
        end = offset(edit.end_line, edit.end_column)
    return _RenamedFile(text, "".join([*pieces, before[end:]]), len(edits))


def _reading(name: NameToRename, files: Mapping[str, _RenamedFile]) -> str:
    """Return how the wish was understood, as `refactorings` says it, and who makes it."""
    more = sum(file.places for file in files.values()) - 1
    follow = f", with {count_words(more, 'more place')}" if more > 0 else ""
    in_files = f" in {count_words(len(files), 'file')}" if len(files) > 1 else ""
    where = f"{name.path}:{name.line + 1}"
    by = "by the rename of the editor's language server"
    return f"rename `{name.old}` of {where} to `{name.new}`{follow}{in_files}, {by}"


def _places_left(own: MadeEdit, name: NameToRename, files: Mapping[str, _RenamedFile]) -> list[str]:
    """Find where syntax takes a place for the same name and the language server leaves it, in words."""
    if isinstance(own.edit, RefactoringProblem):
        return []
    places: list[tuple[str, int]] = []
    for path, text in own.edit.texts.items():
        before = own.before[path].removeprefix(MARK)
        file = files.get(path, _RenamedFile(before, before, 0))
        rows = list(zip(split_lines(before), split_lines(text), split_lines(file.after), strict=False))
        places += [(path, at + 1) for at, (old, mine, theirs) in enumerate(rows) if mine != old == theirs]
    if not places:
        return []
    return [f"the language server did not rename the `{name.old}` at {places_in_words(places)}"]
