"""A candidate as people write it: `local:NAME`, `server:NAME` or `provider:NAME`, each with options."""

from dataclasses import dataclass
from typing import Literal, get_args

from assist_completion.settings import Mode
from assist_evaluation.tasks import TaskKind
from assist_server.errors import WRONG_USAGE, UserError

CandidateSource = Literal["local", "server", "provider", "search", "next-edit", "known"]
KnownAnswer = Literal["oracle", "shuffled", "empty"]

# What each can be asked. `known` answers are controls: they show that the evaluation can tell good from bad.
ANSWERS: dict[CandidateSource, tuple[TaskKind, ...]] = {
    "local": ("lines", "typing", "bodies", "edits"),
    "server": ("lines", "typing", "bodies"),
    "provider": ("bodies", "edits"),
    "search": ("questions",),
    "next-edit": ("next",),
    "known": ("lines", "typing", "bodies", "edits", "next", "questions"),
}
NAMELESS: tuple[CandidateSource, ...] = ("search", "next-edit")  # there is one of each
_OPTIONS = "context=on|off, mode=eager|balanced|quiet, as=ghost|answers"


@dataclass(frozen=True, slots=True)
class CandidateSpec:
    """A candidate. `context` says whether it sees other files, `mode` is that of `[completion]`, "" for the
    user's. `answers`: a local model writes bodies as the answer to a question, not as ghost text."""

    source: CandidateSource
    name: str = ""
    context: bool = True
    mode: str = ""
    answers: bool = False

    @property
    def label(self) -> str:
        """The candidate as it is written, in one way."""
        options = [
            *([] if self.context else ["context=off"]),
            *([f"mode={self.mode}"] if self.mode else []),
            *(["as=answers"] if self.answers else []),
        ]
        named = f"{self.source}:{self.name}" if self.name else self.source
        return ",".join([named, *options])

    @property
    def kinds(self) -> tuple[TaskKind, ...]:
        """The kinds of task that it can be asked."""
        return ("bodies", "edits") if self.answers else ANSWERS[self.source]


def parse_candidate(text: str) -> CandidateSpec:
    """The candidate that a text names. Raises `UserError` (wrong usage) with what to write instead.

    >>> parse_candidate("local:qwen2.5-coder-0.5b,context=off")
    CandidateSpec(source='local', name='qwen2.5-coder-0.5b', context=False, mode='', answers=False)
    """
    named, *options = [part.strip() for part in text.split(",")]
    kind, colon, name = named.partition(":")
    source = next((answer for answer in ANSWERS if answer == kind), None)
    if source is None or (source not in NAMELESS and not (colon and name)):
        raise UserError(
            f"{text!r} is not a candidate: write local:NAME, server:NAME or provider:NAME, as in "
            "local:qwen2.5-coder-0.5b,context=off.",
            WRONG_USAGE,
        )
    if source == "known" and name not in get_args(KnownAnswer):
        raise UserError(f"{text!r}: known answers are {', '.join(get_args(KnownAnswer))}.", WRONG_USAGE)
    given = dict(option.partition("=")[::2] for option in options)
    context = _choice(text, given.pop("context", "on"), ("on", "off"))
    mode = given.pop("mode", "")
    mode = _choice(text, mode, get_args(Mode)) if mode else ""
    answers = _choice(text, given.pop("as", "ghost"), ("ghost", "answers")) == "answers"
    if given or (answers and source != "local"):
        raise UserError(f"{text!r} has an option that is not known: options are {_OPTIONS}.", WRONG_USAGE)
    return CandidateSpec(source, name, context == "on", mode, answers)


def _choice(text: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise UserError(
            f"{text!r}: {value!r} is not one of {', '.join(known)}. Options are {_OPTIONS}.", WRONG_USAGE
        )
    return value
