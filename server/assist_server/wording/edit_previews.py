r"""The preview of an edit: every line that would change, so that what is shown is what is written.

It is a unified diff, one line for each line of the files. Nothing is left out: characters that no one sees
are written as `<U+202E>` (`unseen_characters.visible`). Lines end at "\n" alone, as git has them, and a "\r"
is shown, but for a file in which every line ends with "\r\n", of which a line says so.
This module draws nothing and asks nothing.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assist_context.unseen_characters import hidden_characters, names_of, visible
from assist_escalation.edits.plan import EditPlan, FileChange, pieces_of

UNENDED = "\\ No newline at end of file"
CRLF = "\\ All lines end with CR LF"

PreviewKind = Literal["head", "place", "same", "added", "removed", "note"]
_KINDS: dict[str, PreviewKind] = {"@": "place", " ": "same", "+": "added", "-": "removed"}


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One line of a preview, with its sign."""

    kind: PreviewKind
    text: str


def edit_preview(plan: EditPlan) -> tuple[PreviewLine, ...]:
    """The lines of an edit, as a person must see them before it is made. It blocks."""
    return tuple(line for change in plan.changes for line in _change_lines(change))


def edit_warnings(plan: EditPlan) -> tuple[str, ...]:
    """What a person should know before looking at an edit, one sentence each."""
    warnings = [_hidden_warning(change) for change in plan.changes]
    if plan.protected:
        named = ", ".join(map(visible, plan.protected))
        warnings.insert(0, f"It changes {named}, which can change what your tools run: look closely.")
    warnings += [f"{visible(removal)}: look whether that was asked for." for removal in plan.removals]
    warnings += [f"{visible(doubt)}: look whether that is right." for doubt in plan.unsure]
    return tuple(warning for warning in warnings if warning)


def _hidden_warning(change: FileChange) -> str:
    hidden = hidden_characters(change.before)
    if not hidden:
        return ""
    return (
        f"{visible(change.path)} already holds characters that no one sees ({names_of(hidden)}): look "
        "closely where <U+...> is shown."
    )


def _change_lines(change: FileChange) -> Iterator[PreviewLine]:
    new = change.base_sha256 == ""
    if not (new or change.removes or change.before != change.after):
        return
    path = visible(change.path)
    before, after = pieces_of(change.before), pieces_of(change.after)
    yield PreviewLine("head", f"diff --git a/{path} b/{path}")
    if new or change.removes:
        yield PreviewLine("head", f"{'new' if new else 'deleted'} file mode 100644")
    yield PreviewLine("head", "--- /dev/null" if new else f"--- a/{path}")
    yield PreviewLine("head", "+++ /dev/null" if change.removes else f"+++ b/{path}")
    ended = [piece for piece in (*before, *after) if piece.endswith("\n")]
    crlf = bool(ended) and all(piece.endswith("\r\n") for piece in ended)
    if crlf:
        yield PreviewLine("note", CRLF)
    for line in list(difflib.unified_diff(before, after))[2:]:
        bare = line.removesuffix("\n")
        sign, text = bare[:1], bare[1:]
        if crlf and line.endswith("\r\n"):
            text = text.removesuffix("\r")
        yield PreviewLine(_KINDS[sign], sign + (text if sign == "@" else visible(text)))
        if line == bare:
            yield PreviewLine("note", UNENDED)
