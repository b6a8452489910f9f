"""Everything about a question before a model is asked: what it takes with it, who may see that, who answers.

`--dry-run` ends here. It reads the index, files and the ledger, and blocks while it does; it sends nothing.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from assist_context.relations.path_index import path_index_of
from assist_escalation.budget.ledger import Scope
from assist_escalation.edits.plan import Base, EditTarget, sha256_of
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.prepare import GateParts, Prepared, ProviderRequest, prepare
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.settings import Edits
from assist_escalation.prompts import Origin, Prompt, Span
from assist_escalation.routing import features
from assist_escalation.routing.calibration import NONE, Calibration
from assist_escalation.routing.router import Decision, RoutingRules, Wish, route
from assist_server.questions.instructions import (
    ANSWERS,
    EDITS,
    Form,
    form_of,
    instructions,
    place_of_tests,
    request_of,
)
from assist_server.questions.new_test_path import place_for_tests
from assist_server.questions.prompt_spans import Evidence, QuestionFolders, evidence_for
from assist_server.questions.targets import QuestionTarget

FRONTIER_TOKENS = 8_000  # of code for a frontier: what a change over several files needs, for a few cents


@dataclass(frozen=True, slots=True)
class Question:
    """What a person wants: a command, his words, the code it is about, and who is to answer.

    `problems` are diagnostics and the like, for `fix`. `provider` is the name of one, "" for any.
    """

    command: str
    words: str = ""
    aim: QuestionTarget | None = None
    problems: tuple[Span, ...] = ()
    wish: Wish = "auto"
    provider: str = ""


@dataclass(frozen=True, slots=True)
class LocalModelFacts:
    """The model on this machine, as far as it is known before it is loaded.

    `tokens` of code are read within the time that people wait for a first word; `window` is its bound.
    """

    available: bool
    tokens: int
    window: int


@dataclass(frozen=True, slots=True)
class DecisionInputs:
    """What decisions are made with. `within` gives the permissions with what holds in these folders besides;
    `history` are the scores of earlier requests, the newest last.
    """

    local: LocalModelFacts
    permissions: Permissions
    scope: Scope
    offline: bool
    within: Callable[[Sequence[str]], Permissions]
    parts: Callable[[], GateParts]
    draw: Callable[[], str]
    history: Sequence[float] = ()
    calibration: Calibration = NONE


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt for one kind of model, the form its answer has to have, and what an edit starts from."""

    prompt: Prompt
    form: Form
    evidence: Evidence
    whole: EditTarget | None = None
    create: frozenset[str] = frozenset()

    def bases(self, versions: Callable[[str], int | None] = lambda _: None) -> dict[str, Base]:
        """The files that an edit may change, as the model saw them."""
        texts = self.evidence.texts
        return {path: Base(path, text, sha256_of(text), versions(path)) for path, text in texts.items()}


@dataclass(frozen=True, slots=True)
class DecidedQuestion:
    """A question with its decision; `prepared` is what a provider would get, if any may get it."""

    id: str
    question: Question
    root: str
    local: Draft
    decision: Decision
    rules: RoutingRules
    frontier: Draft | None = None
    prepared: Prepared | None = None


def decide(question: Question, scene: QuestionFolders, desk: DecisionInputs) -> DecidedQuestion:
    """The decision about a question; it says why in words, and never raises for a refusal."""
    name = desk.draw()
    local = draft(question, scene, desk.local.tokens, small=True)
    frontier, prepared, barred = _for_frontier(name, question, scene, desk)
    rules = _rules(desk, prepared, barred)
    decision = route(_asked(question, local, frontier, desk), rules, question.wish, desk.history)
    return DecidedQuestion(name, question, scene.corpus.root, local, decision, rules, frontier, prepared)


def draft(
    question: Question, scene: QuestionFolders, tokens: int, *, small: bool, edits: Edits = "blocks"
) -> Draft:
    """The prompt of a question in about `tokens` tokens of code."""
    aim, command = question.aim, question.command
    whole_files = not small and command in EDITS  # what is changed has to be seen as it stands
    evidence = evidence_for(scene, question.words, aim, tokens, whole_files=whole_files)
    form = form_of(command, evidence.texts.values(), small=small, edits=edits)
    path = ""
    if form.kind == "file" and aim is not None:
        files = path_index_of([*scene.corpus.files().paths, *scene.corpus.opened])
        path = place_for_tests(aim.target.path, aim.name, files, Path(scene.corpus.root))
    spans = (
        Span(instructions(command, form, aim), Origin("assist")),
        *evidence.spans,
        *_for_tests(scene, aim, path),
        *question.problems,
        Span(request_of(command, question.words, aim), Origin("user")),
    )
    return Draft(Prompt(command, spans), form, evidence, _whole(form, aim, path), _create(path))


def _for_tests(scene: QuestionFolders, aim: QuestionTarget | None, path: str) -> tuple[Span, ...]:
    """Where new tests go. Paths and names are the workspace's, so they are no words of ours."""
    if aim is None or not path:
        return ()
    return (Span(place_of_tests(aim, path), Origin("editor", aim.target.path, scene.corpus.root)),)


def _whole(form: Form, aim: QuestionTarget | None, path: str) -> EditTarget | None:
    if form.kind == "file" and path:
        return EditTarget(path, 1, 1)
    if form.kind == "whole" and aim is not None:
        last_name = aim.name.rpartition(".")[2]
        return EditTarget(aim.target.path, aim.target.first, aim.target.last, last_name)
    return None


def _create(path: str) -> frozenset[str]:
    return frozenset({path}) if path else frozenset()


def _for_frontier(
    name: str, question: Question, scene: QuestionFolders, desk: DecisionInputs
) -> tuple[Draft | None, Prepared | None, tuple[str, str]]:
    """What a provider would get, or why none may get it. Nothing of it is made where nothing may leave."""
    allowed = desk.permissions
    if desk.offline or question.wish == "local" or allowed.mode == "never" or not allowed.providers:
        return None, None, ("", "")
    first = question.provider or next(iter(allowed.providers))
    edits = allowed.providers[first].edits if first in allowed.providers else "blocks"
    made = draft(question, scene, FRONTIER_TOKENS, small=False, edits=edits)
    most = ANSWERS[question.command]
    if hidden := _hidden(question, made, scene):
        return made, None, ("hidden", f"{hidden} is excluded by a rule file, so it does not leave")
    # Rules may stand anywhere between a file and the folder; they can only forbid.
    allowed = desk.within(_folders(made))
    request = ProviderRequest(name, made.prompt, allowed, desk.scope, most, question.provider)
    try:
        return made, prepare(request, desk.parts()), ("", "")
    except RefusedError as error:
        return made, None, (error.cause, str(error).rstrip("."))
    except EscalationError as error:
        return made, None, ("gate", str(error).rstrip("."))


def _hidden(question: Question, made: Draft, scene: QuestionFolders) -> str:
    """A file of the prompt that a rule file excludes, the one that is asked about included; "" for none."""
    corpora = {corpus.root: corpus for corpus in (scene.corpus, *scene.others)}
    shown = [(each.origin.root, each.origin.path) for each in made.evidence.spans]
    if question.aim is not None:
        shown.append((scene.corpus.root, question.aim.target.path))
    return next((path for root, path in shown if root not in corpora or corpora[root].hides(path)), "")


def _folders(made: Draft) -> tuple[str, ...]:
    """The folders between the files of a prompt and their roots, both included."""
    found: dict[str, None] = {}
    for origin in (span.origin for span in made.prompt.spans if span.origin.path):
        folders = PurePosixPath(origin.path).parents
        found |= dict.fromkeys(os.path.normpath(os.path.join(origin.root, each)) for each in folders)
    return tuple(found)


def _rules(desk: DecisionInputs, prepared: Prepared | None, barred: tuple[str, str]) -> RoutingRules:
    allowed = prepared.request.permissions if prepared else desk.permissions
    provider = prepared.provider if prepared else next(iter(allowed.providers), "")
    return RoutingRules(
        mode=allowed.mode,
        offline=desk.offline,
        rate=allowed.max_escalation_rate,
        always_local=allowed.always_local,
        always_ask=allowed.always_ask,
        provider=provider,
        barred=barred,
        upper_micro=prepared.upper_micro if prepared else None,
        allow_unknown_price=allowed.allow_unknown_price,
        request_micro=allowed.request_micro,
        left_micro=prepared.left_micro if prepared else 0,
        local_model=desk.local.available,
        classified=bool(prepared and prepared.marked),
        calibration=desk.calibration,
    )


def _asked(
    question: Question, made: Draft, frontier: Draft | None, desk: DecisionInputs
) -> features.RequestFacts:
    """The person's words and counts; how many files are in hand is what would be sent, if anything would."""
    counted = made.evidence.structure
    structure = features.StructureCounts(
        symbols=counted.symbols,
        fan_out=counted.fan_out,
        edit_lines=counted.lines if question.command in EDITS else 0,
        diagnostics=len(question.problems),
    )
    asked = features.request_facts(made.prompt, structure, desk.local.window)
    files = max(asked.files, frontier.evidence.structure.files if frontier else 0)
    return replace(asked, words=question.words, files=files)


def refuse(decision: Decision) -> RefusedError:
    """The refusal that a decision is."""
    return RefusedError(decision.cause, decision.why.rstrip(".") + ".")
