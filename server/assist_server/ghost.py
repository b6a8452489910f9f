"""A suggestion as an editor takes it, and what its popup has selected meanwhile. It knows no protocol."""

from dataclasses import dataclass

from assist_completion.suggestion import Suggestion


@dataclass(frozen=True, slots=True)
class Selected:
    """What the editor's own popup has selected: `text` would stand from column `units` to the cursor."""

    text: str
    units: int


@dataclass(frozen=True, slots=True)
class Ghost:
    """A suggestion in the editor's terms: line from 0, columns in its units, its line ends."""

    suggestion: Suggestion
    text: str
    line: int
    start: int
    end: int
