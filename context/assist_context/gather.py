"""The one door through which a completion gets its context: the text around the cursor, and snippets."""

from assist_context.model import Context, Cursor, Document, Snippet

BEFORE_LINES, BEFORE_CHARS = 600, 40_000  # more than any prompt takes, so that anchors are found again
AFTER_LINES, AFTER_CHARS = 80, 8_000


def gather(document: Document, cursor: Cursor, snippets: tuple[Snippet, ...] = ()) -> Context:
    """What a completion at `cursor` may look at. A cursor outside the document counts as its nearest end."""
    line = max(0, min(cursor.line, len(document.lines) - 1))
    current = document.lines[line]
    bare = current.rstrip("\r\n")
    column = max(0, min(cursor.column, len(bare))) if cursor.line == line else len(bare)
    start, room = line, BEFORE_CHARS - column
    while start > 0 and line - start < BEFORE_LINES and room >= len(document.lines[start - 1]):
        start -= 1
        room -= len(document.lines[start])
    end, room = line + 1, AFTER_CHARS
    while end < len(document.lines) and end - line <= AFTER_LINES and room >= len(document.lines[end]):
        room -= len(document.lines[end])
        end += 1
    before = "".join(document.lines[start:line]) + current[:column]
    after = current[column:] + "".join(document.lines[line + 1 : end])
    return Context(document.path, document.language, _plain(before), _plain(after), start, snippets)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
