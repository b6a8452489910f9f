"""Which lines of kept files were sent: by their letters alone, whatever is around them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.sessions.workspace_states import git

_SHORTEST = 16  # letters of a line that counts
_LONGEST = 200  # letters of a long line that are looked for
_SIGNS = re.compile(r"[\W_]")
_ESCAPES = re.compile(r"\\+[nrt]")


@dataclass(slots=True)
class WorkspaceLines:
    """The lines of kept files at all turns, each with a file that had it, and all that other files said."""

    kept: dict[str, str] = field(default_factory=dict, repr=False)
    others: dict[str, str] = field(default_factory=dict, repr=False)  # by path and time

    def note(self, root: Path, kept: Collection[str]) -> None:
        """Look at the files as they are."""
        for name in git(root, "ls-files", "-z", "-co").split("\0"):
            path = root / name
            if not name or not path.is_file():
                continue
            if name in kept:
                lines = map(_letters, path.read_text(encoding="utf-8", errors="replace").split("\n"))
                self.kept |= {line[:_LONGEST]: name for line in lines if len(line) >= _SHORTEST}
            elif (key := f"{name} {path.stat().st_mtime_ns}") not in self.others:
                self.others[key] = _letters(path.read_text(encoding="utf-8", errors="replace"))


def seen_lines(lines: WorkspaceLines, turns: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """By file, the lines that no other file ever had and that a turn sent."""
    pieces = dict.fromkeys(piece for turn in turns for piece in turn)
    sent = "\n".join(_letters(_ESCAPES.sub(" ", piece)) for piece in pieces)
    others = "\n".join(lines.others.values())
    found: dict[str, list[str]] = {}
    for line, name in lines.kept.items():
        if line in sent and line not in others:
            found.setdefault(name, []).append(line)
    return found


def _letters(text: str) -> str:
    return _SIGNS.sub("", text).lower()
