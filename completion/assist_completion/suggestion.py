"""What goes in and what comes out of the engine: a request, and the suggestion that answers it."""

from dataclasses import dataclass, field

from assist_context.documents import Context


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A cursor and how the user got there. `gather_ms` is the time that making the context took."""

    context: Context
    manual: bool = False
    after_accept: bool = False
    max_lines: int = 0  # 0: as the settings say
    gather_ms: float = 0.0
    immediate: bool = False  # no debounce: a command line, not a typist


@dataclass(frozen=True, slots=True)
class Millis:
    """Where the time went, in milliseconds; `total` includes waiting."""

    total: float = 0.0
    gather: float = 0.0
    prefill: float = 0.0
    decode: float = 0.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """`evaluated` are prompt tokens that had to be computed, healed ones included."""

    prompt: int = 0
    evaluated: int = 0
    generated: int = 0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The answer to one request.

    `candidate` is the text before the show gate, `text` is "" when nothing is shown and `reason` says
    why. `replace` counts the characters behind the cursor, on its line, that the text stands for.
    """

    id: int = 0
    text: str = ""
    candidate: str = ""
    shown: bool = False
    reason: str = ""
    score: float = 0.0
    source: str = "model"  # model | cache | typed-through
    model: str = ""
    replace: int = 0
    ms: Millis = field(default_factory=Millis)
    tokens: Tokens = field(default_factory=Tokens)
