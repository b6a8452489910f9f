"""A diff as pieces of a prompt: a span for each file with the file as its origin, so that its rules hold.

The most changed files come first. What does not fit is left out, and said.
"""

from dataclasses import dataclass

from assist_context.documents import CHARS_PER_TOKEN
from assist_escalation.prompts import Origin, Span
from assist_server.workspace.folder_diff import ChangedFile, FolderDiff

# Tokens of a diff that a local model is shown: 30 to 40 s of reading with a 1.5B on two cores.
LOCAL_TOKENS = {"commit": 2_000, "review": 3_000}
FRONTIER_TOKENS = 8_000
LONGEST = 1_000  # characters of a line; a longer one is left out whole, since redaction misses a cut secret


@dataclass(frozen=True, slots=True)
class DiffPieces:
    """The spans that are shown, and what is left out, as a path and the reason."""

    spans: tuple[Span, ...]
    left_out: tuple[tuple[str, str], ...]


def pieces_for(command: str, diff: FolderDiff, *, local: bool) -> DiffPieces:
    """The diff as a command shows it to a model on this machine, or to a provider's."""
    tokens = LOCAL_TOKENS[command] if local else FRONTIER_TOKENS
    return pieces_of(diff, tokens, numbered=command == "review")


def pieces_of(diff: FolderDiff, tokens: int, *, numbered: bool) -> DiffPieces:
    """The diff in about `tokens` tokens, by file. `numbered` writes each line's number before it."""
    room = int(tokens * CHARS_PER_TOKEN)
    spans: list[Span] = []
    left_out = list(diff.left_out)
    for file in diff.files:
        text = _text(file, numbered=numbered)
        if len(text) > room:
            cut = text[: text.rfind("\n", 0, max(0, room)) + 1]
            if spans or not cut:
                left_out.append((file.path, "the diff is longer than the model reads"))
                continue
            left_out.append((file.path, "only its first changes fit"))
            text = cut
        room -= len(text)
        spans.append(Span(text, _origin(diff.root, file)))
    return DiffPieces(tuple(spans), tuple(left_out))


def _text(file: ChangedFile, *, numbered: bool) -> str:
    if not file.lines:
        return f"({file.state} file)\n"
    rows = []
    for line in file.lines:
        number = f"{line.number or '':>5} " if numbered else ""
        size = len(line.text)
        shown = line.text if size <= LONGEST else f"(a line of {size:,} characters)"
        rows.append(f"{number}{line.mark} {shown}".rstrip() + "\n")
    return "".join(rows)


def _origin(root: str, file: ChangedFile) -> Origin:
    numbers = [line.number for line in file.lines if line.number]
    first = numbers[0] if numbers else 1
    last = numbers[-1] if numbers else 1
    return Origin("file", file.path, root, first, last, outline=True)
