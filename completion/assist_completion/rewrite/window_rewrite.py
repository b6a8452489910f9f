"""What goes into rewriting and what comes out. These are values only: they know no model."""

from dataclasses import dataclass, field
from typing import Literal

from assist_completion.prompt.next_edit_layout import EditWindow
from assist_completion.suggestion import Millis, Tokens


@dataclass(frozen=True, slots=True)
class RewrittenWindow:
    """The window's next text, with line ends. `text` is None if the answer cannot be used.

    `ended` is "length" if the answer had no end. Of the tokens, `prompt` is the size of the prompt,
    `evaluated` are all that the model computed, wrong guesses included, and `generated` those of the answer.
    `alone` of these were computed one at a time. `ms` is the time that the model worked.
    """

    text: str | None
    ended: Literal["stop", "length"]
    tokens: Tokens = field(default_factory=Tokens)
    alone: int = 0
    ms: Millis = field(default_factory=Millis)


@dataclass(frozen=True, slots=True)
class LineChange:
    """Asks how likely a line of a window becomes another one. `line` is its number in the file, from 0.

    `text` is the whole line with its line end.
    """

    window: EditWindow
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class RankedLine:
    """How much likelier the new text of a line is than the old one.

    `score` is the difference of their log-probabilities, in nats: above 0 the model prefers the new text.
    """

    score: float
    tokens: Tokens = field(default_factory=Tokens)
    ms: Millis = field(default_factory=Millis)
