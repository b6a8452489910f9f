"""Events of an answer while it comes, for its sink, and its end.

The end holds what the answer cost, the edit that it makes, its sources, and the conversation with it, whoever
answered. No model is asked here, and no edit is made; how an answer is shown is not known.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from assist_server.threads.thread import Thread, ThreadTurn, add_turn, new_thread

if TYPE_CHECKING:
    from assist_escalation.edits.plan import EditError, EditPlan
    from assist_escalation.prompts import Origin, Span
    from assist_escalation.routing.router import Decision
    from assist_server.proof import Proof
    from assist_server.questions.code_facts import CodeFacts
    from assist_server.questions.decision import AnswerContext
    from assist_server.questions.draft import Draft

DocumentVersions = Callable[[str], int | None]  # by path, of documents that an editor has open

HIDDEN = (
    "In lines with a URL, secrets are shown as placeholders ({} here), so that no link or image can send one."
)
GAP = 1  # lines between two pieces of a file that are one place for a reader: mostly an empty line
PERIOD = 0.5  # seconds between two counts of what is written


@dataclass(frozen=True, slots=True)
class FactsFound:
    """Facts of the code in question: they comes before any model is asked."""

    facts: "CodeFacts"


@dataclass(frozen=True, slots=True)
class PlacesFound:
    """Lines that answer a question, the best first, before any model is asked.

    If they are not `sure`, they are guesses. `facts` are what is certain about what the question names.
    """

    places: tuple["FoundPlace", ...]
    root: str
    sure: bool = True
    facts: "CodeFacts | None" = None


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """Lines `first` to `last` of a file in the folder `root`, best matched by `line`.

    `inside` is the definition or heading that they are in, "" for none. Of a function `callers` are the names
    of those that certainly call it, and `tests` counts such lines in tests. `folder` is as in `ShownSource`.
    """

    path: str
    line: int
    first: int
    last: int
    inside: str = ""
    text: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    tests: int = 0
    root: str = ""
    folder: str = ""

    @property
    def place(self) -> str:
        """The file and the line."""
        path = f"{self.folder}/{self.path}" if self.folder else self.path
        return f"{path}:{self.line}"


@dataclass(frozen=True, slots=True)
class AnswerProgress:
    """A model reads or writes, or code runs.

    Reading: `tokens` that it reads, and the `seconds` that takes on this machine, None if that is not known.
    Writing: `tokens` so far, in so many `seconds`. Trying: so many changes of code, and the next in `words`.
    """

    phase: Literal["reading", "writing", "running", "trying"]
    tokens: int
    seconds: float | None = None
    words: str = ""


def reading(tokens: int, speed: float) -> AnswerProgress:
    """The progress of a model that begins to read, at `speed` tokens a second, 0 if that is not known.

    >>> reading(750, 75.0), reading(750, 0.0).seconds
    (AnswerProgress(phase='reading', tokens=750, seconds=10.0, words=''), None)
    """
    return AnswerProgress("reading", tokens, tokens / speed if speed else None)


class WritingPace:
    """Says when to tell again how much is written: at the first piece, and then every half second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun: float | None = None
        self._next = 0.0

    def after(self, tokens: int) -> tuple[AnswerProgress, ...]:
        """The progress to tell once so many tokens are written, or nothing."""
        now = self._clock()
        if self._begun is None:
            self._begun = now
            self._next = now
        if now < self._next:
            return ()
        self._next = now + PERIOD
        return (AnswerProgress("writing", tokens, now - self._begun),)


@dataclass(frozen=True, slots=True)
class AnswerCost:
    """The cost of an answer: tokens, micro-dollars, milliseconds. `ended` says why the model stopped.

    Of `tokens_in` the local model had to compute `evaluated`; the rest it had read before.
    """

    ended: str
    tokens_in: int
    tokens_out: int
    micro: int
    ms: float
    first_ms: float
    evaluated: int = 0


@dataclass(frozen=True, slots=True)
class ShownSource:
    """Lines of a file, from 1 and both included, in the folder `root`.

    `name` is the definition or heading that they are, "" if they are several or none. `outline`: of these
    lines the model saw only what says most. `folder` is the path of a folder other than the folder that
    the question is about, from the user's home on if it is there.
    """

    path: str
    first: int
    last: int
    name: str = ""
    root: str = ""
    outline: bool = False
    folder: str = ""

    @property
    def place(self) -> str:
        """The file and the lines.

        >>> ShownSource("app.py", 3, 9).place, ShownSource("app.py", 3, 3).place
        ('app.py:3-9', 'app.py:3')
        """
        lines = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.folder}/{self.path}:{lines}" if self.folder else f"{self.path}:{lines}"


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """The answer, who gave it and why, and what it took.

    `plan` is the answer as an edit; `problem` says why it is not an edit, although the command needs one.
    `sources` is what the model that answered was shown, `thread` the conversation with this answer.
    `proof` is what speaks for the edit, or for new tests. Of a local answer `doubtful` is the decision to ask
    a provider too, if nothing else speaks for the answer. `members` are what its document has as well.
    """

    text: str
    model: str
    decision: "Decision"
    cost: AnswerCost
    plan: "EditPlan | None" = None
    problem: "EditError | None" = None
    sources: tuple[ShownSource, ...] = ()
    thread: Thread | None = None
    proof: "Proof | None" = None
    doubtful: "Decision | None" = None
    members: Mapping[str, Any] = field(default_factory=dict)

    @property
    def proof_kind(self) -> str:
        """Return what speaks for the edit, in a word; "" if nothing was to check it."""
        return self.proof.kind if self.proof else ""


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """The edit that an answer makes, or why it makes none, and how many parse errors the edit adds.

    `turned` says where it changes what code does though the wish does not ask for that, and what the wish
    asks for that it does not do.
    """

    edit: "EditPlan | None" = None
    problem: "EditError | None" = None
    added: int = 0
    turned: tuple[str, ...] = ()


def planned_edit(
    draft: "Draft", text: str, context: "AnswerContext", versions: DocumentVersions, secrets: Sequence[str]
) -> PlannedEdit:
    """The edit that an answer makes, or why it makes none; neither for commands that need no edit.

    `secrets` are those that the edit must not copy.
    """
    if not draft.form.kind:
        return PlannedEdit()
    from assist_server.questions.doubtful_edits import plan_edit  # noqa: PLC0415  (what makes edits, for edits)

    return plan_edit(draft, text, context, versions, secrets)


def _ignore(*_: object) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class AnswerSink:
    """The receiver of an answer while it comes. What is left out is not shown.

    `facts` gets what is known before any model is asked. `restart` says that an answer of a model begins, by
    which decision, and the model's name; an earlier shown one no longer counts. `text` is more of
    the answer, `notice` a message to the user about it, and `progress` how far it is.
    """

    text: Callable[[str], None] = _ignore
    notice: Callable[[str], None] = _ignore
    progress: Callable[[AnswerProgress], None] = _ignore
    restart: "Callable[[Decision, str], None]" = _ignore
    facts: Callable[[FactsFound | PlacesFound], None] = _ignore


SILENT = AnswerSink()


def add_cost(final: FinalAnswer, *answers: FinalAnswer) -> FinalAnswer:
    """An answer that was paid for by several requests."""
    costs = [answer.cost for answer in answers]
    whole = replace(
        final.cost,
        tokens_in=sum(cost.tokens_in for cost in costs),
        tokens_out=sum(cost.tokens_out for cost in costs),
        micro=sum(cost.micro for cost in costs),
        ms=sum(cost.ms for cost in costs),
    )
    return replace(final, cost=whole)


def grown_thread(context: "AnswerContext", spans: "tuple[Span, ...]", text: str, count: int) -> Thread:
    """The conversation with this answer."""
    question = context.question
    thread = question.thread or new_thread(context.root)
    rules = context.rules
    stays = question.wish == "local" or rules.offline or rules.mode == "never"
    turn = ThreadTurn(question.command, question.words, spans, text, stays=stays)
    return add_turn(thread, turn, count)


def end_without_model(context: "AnswerContext", text: str, note: str = "") -> FinalAnswer:
    """The end of a question that no model is asked; `note` is what the conversation keeps of it, or the text.

    The conversation goes on with the code that it is about.
    """
    thread = context.question.thread
    spans = context.local.turn_prompt.spans
    grown = grown_thread(context, spans, note or text, thread.dropped if thread else 0)
    return FinalAnswer(text, "", context.decision, AnswerCost("stop", 0, 0, 0, 0, 0), thread=grown)


def shown_sources(spans: "Sequence[Span]", draft: "Draft", root: str) -> tuple[ShownSource, ...]:
    """Return what a model was shown, the code in question first: in a prompt that is last."""
    order = {span: at for at, span in enumerate(draft.evidence.spans)}
    in_order = sorted(spans, key=lambda span: order.get(span, len(order)))
    return list_sources(in_order, draft.evidence.names, root)


def list_sources(
    spans: "Iterable[Span]", names: "Mapping[Origin, str]", root: str = ""
) -> tuple[ShownSource, ...]:
    """The files among the spans in their order, neighbouring pieces of one file merged.

    `names` says what pieces are called, where that is known. The question is about the folder `root`.
    """
    in_order: list[ShownSource] = []
    for origin in (span.origin for span in spans):
        if origin.source != "file" or not origin.first:
            continue
        name = names.get(origin, "")
        folder = folder_from_home(origin.root) if root and origin.root != root else ""
        piece = ShownSource(origin.path, origin.first, origin.last, name, origin.root, origin.outline, folder)
        neighbours = [source for source in in_order if _adjoin(source, piece)]
        if not neighbours:
            in_order.append(piece)
            continue
        at = in_order.index(neighbours[0])
        for neighbour in neighbours:
            piece = _union(neighbour, piece)
            in_order.remove(neighbour)
        in_order.insert(at, piece)
    return tuple(in_order)


def folder_from_home(folder: str) -> str:
    """A folder's path, from the user's home on if it is there."""
    home = os.path.join(os.path.expanduser("~"), "")
    return f"~/{folder.removeprefix(home)}" if folder.startswith(home) else folder


def _adjoin(one: ShownSource, other: ShownSource) -> bool:
    same = (one.root, one.path, one.outline) == (other.root, other.path, other.outline)
    return same and one.first - GAP <= other.last + 1 and other.first - GAP <= one.last + 1


def _union(one: ShownSource, other: ShownSource) -> ShownSource:
    """Both pieces as one: the name of the piece that holds the other, else both names."""
    first = min(one.first, other.first)
    last = max(one.last, other.last)
    if (one.first, one.last) == (first, last):
        name = one.name or other.name
    elif (other.first, other.last) == (first, last):
        name = other.name or one.name
    else:
        name = ", ".join(dict.fromkeys(name for name in (one.name, other.name) if name))
    return replace(one, first=first, last=last, name=name)


def hidden_notices(hidden: int) -> tuple[str, ...]:
    """Return what to know about an answer in which so many secrets are hidden in lines with an address."""
    return (HIDDEN.format(hidden),) if hidden else ()
