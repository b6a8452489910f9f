"""What goes into answering and what comes out: a conversation, and the answer that continues it.

These are values only. They know no model.
"""

from dataclasses import dataclass, field
from typing import Literal

from assist_completion.errors import CompletionError
from assist_completion.suggestion import Tokens

Role = Literal["system", "user", "assistant"]
Ended = Literal["stop", "length", "loop", "cancelled"]

WORST = 8  # the smallest margins of an answer: about a line of code


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A question: `system` says how to answer, `history` is the conversation so far, `user` is the question.

    `max_tokens` bounds the answer, and the window keeps that room free. No text in here can command the
    model: special tokens in it are read as plain characters.

    The answer begins with the text `beginning`, and ends with the first line that is `ending`, if any.
    `draft` is a text that much of the answer repeats: it makes the answer faster, and changes no word.

    >>> Conversation("Be brief.", "What is 2 + 2?", max_tokens=0)
    Traceback (most recent call last):
    assist_completion.errors.CompletionError: max_tokens = 0: use a number from 1 on
    """

    system: str
    user: str
    max_tokens: int = 512
    history: tuple[Turn, ...] = ()
    beginning: str = ""
    ending: str = ""
    draft: str = ""

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise CompletionError(f"max_tokens = {self.max_tokens}: use a number from 1 on")

    def turns(self) -> tuple[Turn, ...]:
        """The whole conversation, oldest first."""
        system = (Turn("system", self.system),) if self.system else ()
        return (*system, *self.history, Turn("user", self.user))


@dataclass(frozen=True, slots=True)
class Margins:
    """By how many logits the best token of each step led the second best: small margins are a sign of doubt.

    `worst8` is the mean of the eight smallest margins. All are 0 for an empty answer.
    """

    mean: float = 0.0
    least: float = 0.0
    worst8: float = 0.0


@dataclass(frozen=True, slots=True)
class AnswerMillis:
    """Where the time of an answer went, in milliseconds.

    `first` is the time from the question to the first piece of text. It includes waiting and loading.
    """

    load: float = 0.0
    prefill: float = 0.0
    decode: float = 0.0
    first: float = 0.0


@dataclass(frozen=True, slots=True)
class LocalAnswer:
    """An answer, whole or as far as it came.

    `ended` says why it ended: "stop" if the model itself ended it, "length" at `max_tokens`, "loop" if it had
    begun to repeat itself, or "cancelled".
    """

    text: str
    ended: Ended
    margins: Margins = field(default_factory=Margins)
    tokens: Tokens = field(default_factory=Tokens)
    ms: AnswerMillis = field(default_factory=AnswerMillis)


def margins_of(each: list[float]) -> Margins:
    """The margins of an answer from the margins of its tokens.

    >>> margins_of([4.0, 1.0, 1.0])
    Margins(mean=2.0, least=1.0, worst8=2.0)
    """
    if not each:
        return Margins()
    worst = sorted(each)[:WORST]
    return Margins(sum(each) / len(each), worst[0], sum(worst) / len(worst))
