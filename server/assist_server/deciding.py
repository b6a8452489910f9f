"""Everything about a question before a model is asked: what it takes with it, who may see that, who answers.

`--dry-run` ends here. It reads the index, files and the ledger, and blocks while it does; it sends nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assist_context.files import files_of
from assist_escalation import features
from assist_escalation.calibration import Calibration
from assist_escalation.changes import Base, Target, sha256_of
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate import Parts, Prepared, Request, prepare
from assist_escalation.layers import Permissions
from assist_escalation.ledger import Scope
from assist_escalation.model import Origin, Prompt, Span
from assist_escalation.route import Decision, Rules, Wish, route
from assist_server.evidence import Evidence, Scene, evidence_for
from assist_server.instructions import ANSWERS, Form, fence_of, form_of, instructions, request_of
from assist_server.targets import Aim
from assist_server.tested import place_for_tests

FRONTIER_TOKENS = 8_000  # of code for a frontier: what a change over several files needs, for a few cents
EDITS = ("refactor", "fix")


@dataclass(frozen=True, slots=True)
class Question:
    """What a person wants: a command, his words, the code it is about, and who is to answer.

    `problems` are diagnostics and the like, for `fix`. `provider` is the name of one, "" for any.
    """

    command: str
    words: str = ""
    aim: Aim | None = None
    problems: tuple[Span, ...] = ()
    wish: Wish = "auto"
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Local:
    """The model on this machine, as far as it is known before it is loaded.

    `tokens` of code are read within the time that people wait for a first word; `window` is its bound.
    """

    available: bool
    tokens: int
    window: int


@dataclass(frozen=True, slots=True)
class Desk:
    """What decisions are made with. `history` are the scores of earlier requests, the newest last."""

    local: Local
    permissions: Permissions
    scope: Scope
    offline: bool
    parts: Callable[[], Parts]
    draw: Callable[[], str]
    history: Sequence[float] = ()
    calibration: Calibration = field(default_factory=lambda: Calibration(()))
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt for one kind of model, the form its answer has to have, and what an edit starts from."""

    prompt: Prompt
    form: Form
    evidence: Evidence
    whole: Target | None = None
    create: frozenset[str] = frozenset()

    def bases(self, versions: Callable[[str], int | None] = lambda _: None) -> dict[str, Base]:
        """The files that an edit may change, as the model saw them."""
        texts = self.evidence.texts
        return {path: Base(path, text, sha256_of(text), versions(path)) for path, text in texts.items()}


@dataclass(frozen=True, slots=True)
class Ready:
    """A question with its decision; `prepared` is what a provider would get, if any may get it."""

    id: str
    question: Question
    root: str
    local: Draft
    decision: Decision
    rules: Rules
    frontier: Draft | None = None
    prepared: Prepared | None = None


def decide(question: Question, scene: Scene, desk: Desk) -> Ready:
    """The decision about a question; it says why in words, and never raises for a refusal."""
    name = desk.draw()
    local = draft(question, scene, desk.local.tokens, small=True)
    frontier, prepared, barred = _for_frontier(name, question, scene, desk)
    rules = _rules(desk, prepared, barred)
    decision = route(_asked(question, local, desk), rules, question.wish, desk.history)
    return Ready(name, question, scene.corpus.root, local, decision, rules, frontier, prepared)


def draft(question: Question, scene: Scene, tokens: int, *, small: bool) -> Draft:
    """The prompt of a question in about `tokens` tokens of code."""
    aim, command = question.aim, question.command
    evidence = evidence_for(scene, question.words, aim, tokens)
    form = form_of(command, small=small, fence=fence_of(evidence.texts.values()))
    path = ""
    if form.kind == "file" and aim is not None:
        files = files_of([*scene.corpus.files().paths, *scene.corpus.opened])
        path = place_for_tests(aim.target.path, aim.name, files, Path(scene.corpus.root))
    spans = (
        Span(instructions(command, form, aim, path), Origin("assist")),
        *evidence.spans,
        *question.problems,
        Span(request_of(command, question.words, aim), Origin("user")),
    )
    return Draft(Prompt(command, spans), form, evidence, _whole(form, aim, path), _create(path))


def _whole(form: Form, aim: Aim | None, path: str) -> Target | None:
    if form.kind == "file" and path:
        return Target(path, 1, 1)
    if form.kind == "whole" and aim is not None:
        last_name = aim.name.rpartition(".")[2]
        return Target(aim.target.path, aim.target.first, aim.target.last, last_name)
    return None


def _create(path: str) -> frozenset[str]:
    return frozenset({path}) if path else frozenset()


def _for_frontier(
    name: str, question: Question, scene: Scene, desk: Desk
) -> tuple[Draft | None, Prepared | None, tuple[str, ...]]:
    """What a provider would get, or why none may get it. Nothing of it is made where nothing may leave."""
    allowed = desk.permissions
    if desk.offline or question.wish == "local" or allowed.mode == "never" or not allowed.providers:
        return None, None, ()
    made = draft(question, scene, FRONTIER_TOKENS, small=False)
    most = ANSWERS[question.command]
    request = Request(name, made.prompt, allowed, desk.scope, most, desk.actor, question.provider)
    try:
        return made, prepare(request, desk.parts()), ()
    except EscalationError as error:
        return made, None, (str(error),)


def _rules(desk: Desk, prepared: Prepared | None, barred: tuple[str, ...]) -> Rules:
    allowed = desk.permissions
    provider = prepared.provider if prepared else next(iter(allowed.providers), "")
    return Rules(
        mode=allowed.mode,
        offline=desk.offline,
        rate=allowed.max_escalation_rate,
        always_local=allowed.always_local,
        always_ask=allowed.always_ask,
        provider=provider,
        denied=barred,
        upper_micro=prepared.upper_micro if prepared else None,
        allow_unknown_price=allowed.allow_unknown_price,
        request_micro=allowed.request_micro,
        left_micro=prepared.left_micro if prepared else 0,
        local_model=desk.local.available,
        classified=bool(prepared and prepared.marked),
        calibration=desk.calibration,
    )


def _asked(question: Question, made: Draft, desk: Desk) -> features.Ask:
    counted = made.evidence.structure
    structure = features.Structure(
        symbols=counted.symbols,
        fan_out=counted.fan_out,
        edit_lines=counted.lines if question.command in EDITS else 0,
        diagnostics=len(question.problems),
    )
    return features.ask_of(made.prompt, structure, desk.local.window)


def refuse(decision: Decision) -> RefusedError:
    """The refusal that a decision is."""
    return RefusedError(decision.cause, f"{decision.why[:1].upper()}{decision.why[1:]}.")
