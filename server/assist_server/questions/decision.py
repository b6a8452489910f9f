"""Everything about a question before a model is asked: its prompt, who may see that, and who answers.

What may leave is decided in four steps, each making a value from the one before it:

    Shown        what a provider would be shown, with all names of its files
    JudgedFiles  the files that rules about files keep here, and why the whole question stays, if it does
    Withheld     the request without those files, and without others that the policy forbids
    Leaving      the request as the gate prepared it, or the cause why nothing leaves

`--dry-run` ends here. It reads the index, files and the ledger, so it blocks; it sends nothing.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.policy.endpoints import Edits
from assist_escalation.policy.permissions import Permissions
from assist_escalation.prompts import Origin, Prompt, Span
from assist_escalation.routing import features
from assist_escalation.routing.router import Decision, RoutingRules, route
from assist_server.questions import code_facts
from assist_server.questions.code_facts import CodeFacts
from assist_server.questions.composition import (
    DecisionInputs,
    file_rules,
    gate_parts,
    moved_directories,
    permissions_within,
    random_token,
)
from assist_server.questions.draft import FRONTIER_TOKENS, Draft, Question, draft
from assist_server.questions.events import PlacesFound
from assist_server.questions.instructions import ANSWERS, EDITS
from assist_server.questions.outbound_files import (
    FileInFolder,
    NamedFile,
    barred_files,
    find_aliases,
    leaving_parts,
    list_files,
    list_names,
    list_origins,
    rule_folders,
    staying_reason,
    withheld_files,
)
from assist_server.questions.session import (
    BY_FACTS,
    AnswerStrategy,
    Applicability,
    AskedQuestion,
    check_runner,
    strategies,
)
from assist_server.questions.targets import QuestionFolders
from assist_server.threads.attachments import Attachment

if TYPE_CHECKING:
    from assist_escalation.gate.prepare import GateParts, Prepared, ProviderRequest


@dataclass(frozen=True, slots=True)
class Shown:
    """The draft for a provider if no rule were against it, with all names of the files in it.

    `asked` are the files that the user names: if one of them may not leave, the question does not.
    """

    draft: Draft
    asked: tuple[FileInFolder, ...]
    names: tuple[NamedFile, ...]


@dataclass(frozen=True, slots=True)
class JudgedFiles:
    """The files that rules keep here, each with the reason, and why the whole question stays, or ""."""

    barred: Mapping[FileInFolder, str]
    stays: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """The request without the files that no provider may see, and the other names of those in it."""

    draft: Draft
    aliases: Prompt
    request: "ProviderRequest"


@dataclass(frozen=True, slots=True)
class OutboundDraft:
    """A provider's request, and the gate that would send it; else the cause and reason in `barred`."""

    draft: Draft | None = None
    prepared: "Prepared | None" = None
    gate: "GateParts | None" = None
    barred: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """A question with its decision, and all that its answer starts from; a second request has its own.

    `leaving` is what a provider would get, if any may get it. `surroundings` are facts for the preview, by
    name: what was piped in, the folder, if the user asked from another one, and unusual directories. `facts`
    are what is certain about the code to explain, and `places` where the answer to a question is; they are
    shown, and no model sees them. `strategy` is the way that answers, and `found` what it answers from; none
    does if the decision is to refuse.
    """

    id: str
    question: Question
    root: str
    local: Draft
    decision: Decision
    rules: RoutingRules
    inputs: DecisionInputs = field(repr=False)
    leaving: OutboundDraft = field(default=OutboundDraft(), repr=False)
    surroundings: tuple[tuple[str, str], ...] = ()
    facts: CodeFacts | None = None
    places: PlacesFound | None = None
    strategy: AnswerStrategy | None = field(default=None, repr=False)
    found: object | None = field(default=None, repr=False)

    @property
    def frontier(self) -> Draft | None:
        """The prompt for a provider, if one was written."""
        return self.leaving.draft

    @property
    def prepared(self) -> "Prepared | None":
        """The request exactly as it would be sent, if it may be."""
        return self.leaving.prepared


def decide(
    question: Question,
    folders: QuestionFolders,
    inputs: DecisionInputs,
    *,
    needs_answer: bool = True,
    by_models: bool = False,
) -> AnswerContext:
    """The decision about a question, with its reason in words. A refusal is a decision, not an error.

    Without `needs_answer` no facts are read, unless they decide that no model is asked. With `by_models`,
    models make also what needs none: they are measured.
    """
    name = random_token()
    local = draft(question, folders, inputs.local.tokens, small=True)
    query = AskedQuestion(question, folders, inputs, local, needs_answer, by_models)
    ways = strategies(question.command, models=False)
    way, applicability = _first(ways, query)
    facts = applicability.facts
    leaving = OutboundDraft() if way is not None else _leaving(name, question, folders, inputs)
    rules = _rules(question, inputs, leaving)
    decision = route(_facts(question, local, leaving.draft, inputs), rules, question.wish, inputs.history)
    if way is not None:
        decision = _ask_no_model(decision, applicability.why, applicability.cause)
    elif decision.target != "frontier" and (why := _facts_alone(query, facts)):
        decision = answered_by_facts(decision, why, rules.barred[1])
        way = code_facts
    else:
        if needs_answer:
            check_runner(question)
        ways = strategies(question.command, models=True)
        way, applicability = _first(ways, replace(query, decision=decision))
        if way is not None and not way.asks_models:
            decision = _ask_no_model(decision, applicability.why, applicability.cause)
    return AnswerContext(
        name,
        question,
        folders.corpus.root,
        local,
        decision,
        rules,
        inputs,
        leaving,
        _surroundings(question, folders, inputs),
        facts,
        applicability.places,
        way,
        applicability.found,
    )


def _first(
    ways: Iterable[AnswerStrategy], query: AskedQuestion
) -> tuple[AnswerStrategy | None, Applicability]:
    """The first way that applies, if one does, with what is shown before any answer."""
    facts, places = None, None
    for way in ways:
        applicability = way.applies(query)
        facts = facts or applicability.facts
        places = places or applicability.places
        if applicability.applies:
            return way, replace(applicability, facts=facts, places=places)
    return None, Applicability(False, facts=facts, places=places)


def _surroundings(
    question: Question, folders: QuestionFolders, inputs: DecisionInputs
) -> tuple[tuple[str, str], ...]:
    root = folders.corpus.root
    elsewhere = inputs.asked and os.path.realpath(inputs.asked[0]) != root
    return (
        *([("Piped in", f"{question.piped:,} bytes")] if question.piped else []),
        *([("Folder", root)] if elsewhere else []),
        *moved_directories(inputs.config),
    )


def _facts_alone(query: AskedQuestion, facts: CodeFacts | None) -> str:
    """Return why facts are the whole answer, "" if not: a provider that is asked for, or is measured."""
    if query.question.wish == "frontier" or query.by_models:
        return ""
    return code_facts.facts_alone(query.question, query.inputs, facts)


def answered_by_facts(decision: Decision, why: str, reason: str) -> Decision:
    """The decision that facts are all of an answer; no provider writes more, for a `reason` or none."""
    return _ask_no_model(decision, f"{reason}, and {why}" if reason else why)


def _ask_no_model(decision: Decision, why: str, cause: str = BY_FACTS) -> Decision:
    return replace(decision, target="local", cause=cause, why=why, asks=False)


def _leaving(
    name: str, question: Question, folders: QuestionFolders, inputs: DecisionInputs
) -> OutboundDraft:
    """Return what a provider would get, or why none may get it. Nothing is prepared if nothing may leave."""
    rules = inputs.permissions
    stays = inputs.config.offline or question.wish == "local" or rules.mode == "never"
    if stays or not rules.providers:
        return OutboundDraft()
    draft_files = _draft_for_provider(question, folders, inputs)
    judgement = _judge_files(question, draft_files, folders, inputs)
    if judgement.stays:
        return OutboundDraft(draft_files.draft, barred=("hidden", judgement.stays))
    return _prepare_request(_withhold_files(name, question, draft_files, judgement, inputs), inputs)


def _draft_for_provider(question: Question, folders: QuestionFolders, inputs: DecisionInputs) -> Shown:
    """The draft for a provider, and all names of the files that it shows and that the user names."""
    providers = inputs.permissions.providers
    first = question.provider or next(iter(providers))
    edits: Edits = providers[first].edits if first in providers else "blocks"
    draft_text = draft(question, folders, FRONTIER_TOKENS, small=False, edits=edits)
    root = folders.corpus.root
    target = question.target
    about = [(root, target.lines.path)] if target is not None else []
    attached_names = [(file.root, file.path) for file in question.attachments if not file.folder]
    named_paths = (*about, *attached_names)
    files = {root: dict[str, None]()} | list_files(draft_text.prompt.spans)
    for folder, path in named_paths:
        files.setdefault(folder, {})[path] = None
    names = list_names(files, file_rules(inputs.config))
    if target is not None and target.alias:
        names.append(NamedFile(root, target.alias, (root, target.lines.path)))
    for attachment in question.attachments:
        names += _names_by_link(attachment, [name.file for name in names])
    return Shown(draft_text, named_paths, tuple(names))


def _names_by_link(attachment: Attachment, files: Sequence[FileInFolder]) -> list[NamedFile]:
    """The names of a file, or of the files in a folder, that a user added by a link."""
    places = dict.fromkeys(file for file in files if attachment.alias and file[0] == attachment.root)
    return [
        NamedFile(root, attachment.alias + path[len(attachment.path) :], (root, path))
        for root, path in places
        if path == attachment.path or (attachment.folder and path.startswith(f"{attachment.path}/"))
    ]


def _judge_files(
    question: Question, draft_files: Shown, folders: QuestionFolders, inputs: DecisionInputs
) -> JudgedFiles:
    """Return what the rules of all folders around the files say, and earlier turns of the conversation."""
    reasons = barred_files(draft_files.names, folders.roots, file_rules(inputs.config))
    if why := next((reasons[file] for file in draft_files.asked if file in reasons), ""):
        return JudgedFiles(reasons, f"{why}, so it is not sent")
    spans = leaving_parts(draft_files.draft.prompt.spans, reasons).spans
    always_local = permissions_within(inputs, rule_folders(spans)).always_local
    return JudgedFiles(reasons, staying_reason(question.thread, always_local))


def _withhold_files(
    name: str, question: Question, draft_files: Shown, judgement: JudgedFiles, inputs: DecisionInputs
) -> Withheld:
    """The request without what may not leave: first by rules about files, then by the policy.

    A file with two names, only the second denied by a glob, is withheld as well: the names without
    text are judged together with the spans.
    """
    from assist_escalation.gate.prepare import ProviderRequest  # noqa: PLC0415  (only if something may leave)

    command = question.command
    remaining = _without(draft_files.draft, judgement.barred)
    rules = permissions_within(inputs, rule_folders(remaining.prompt.spans))
    remaining = _drop_libraries(remaining, rules, question.provider)
    aliases = find_aliases(command, draft_files.names, judgement.barred)
    # Rule files may be anywhere between a file and its root; they can only forbid.
    rules = permissions_within(inputs, rule_folders((*remaining.prompt.spans, *aliases.spans)))
    request = ProviderRequest(
        name, remaining.prompt, rules, inputs.scope, ANSWERS[command], question.provider
    )
    with_names = replace(remaining.prompt, spans=(*remaining.prompt.spans, *aliases.spans))
    forbidden = withheld_files(
        replace(request, prompt=with_names), _spared_files(command, remaining, draft_files)
    )
    if not forbidden:
        return Withheld(remaining, aliases, request)
    rest = _without(remaining, forbidden)
    others = find_aliases(command, draft_files.names, {*judgement.barred, *forbidden})
    return Withheld(rest, others, replace(request, prompt=rest.prompt))


def _drop_libraries(draft_text: Draft, rules: Permissions, provider: str) -> Draft:
    """A draft without what libraries say of themselves, unless every provider in question may see it.

    An earlier answer that was made from it is left out too.
    """
    from assist_escalation.policy.verdict import LIBRARY  # noqa: PLC0415

    providers = [provider] if provider else list(rules.providers)
    rest = [rules.providers[name] for name in providers if name in rules.providers]
    if rest and all(LIBRARY in one.residency for one in rest):
        return draft_text

    def stay(spans: Sequence[Span]) -> tuple[Span, ...]:
        origins = {span: (span.origin, *span.origin.derived) for span in spans}
        return tuple(span for span in spans if all(one.source != "library" for one in origins[span]))

    return replace(
        draft_text,
        prompt=replace(draft_text.prompt, spans=stay(draft_text.prompt.spans)),
        turn=stay(draft_text.turn),
    )


def _spared_files(command: str, draft_text: Draft, draft_files: Shown) -> dict[FileInFolder, list[Span]]:
    """The files that a question can do without, all but those that the user names: their spans and names.

    A file that only an earlier answer was made from is there by its name.
    """
    files: dict[FileInFolder, list[Span]] = {}
    for span in draft_text.prompt.spans:
        for origin in list_origins(span):
            file = (origin.root, origin.path)
            own = span if origin is span.origin else Span("", Origin("file", origin.path, origin.root))
            if file not in draft_files.asked:
                files.setdefault(file, []).append(own)
    for name in draft_files.names:
        if name.file in files:
            files[name.file] += find_aliases(command, [name], ()).spans
    return files


def _without(draft_text: Draft, reasons: Mapping[FileInFolder, str]) -> Draft:
    """A draft without what it shows of some files: one of them must not prevent the question."""
    parts = leaving_parts(draft_text.prompt.spans, reasons)
    if not (parts.files or parts.answers):
        return draft_text
    evidence = draft_text.evidence
    spans = leaving_parts(evidence.spans, reasons).spans
    paths = {span.origin.path for span in spans}
    structure = replace(evidence.structure, files=len(paths))
    texts = {path: text for path, text in evidence.texts.items() if path in paths}
    files = {path: reasons[root, path] for root, path in parts.files}
    answers = [("an earlier answer", "it was made from files that are kept here")] if parts.answers else []
    return replace(
        draft_text,
        prompt=replace(draft_text.prompt, spans=parts.spans),
        turn=leaving_parts(draft_text.turn, reasons).spans,
        evidence=replace(evidence, spans=spans, structure=structure, texts=texts),
        left_out=(*draft_text.left_out, *files.items(), *answers),
    )


def _prepare_request(withheld: Withheld, inputs: DecisionInputs) -> OutboundDraft:
    """The request as the gate prepares it, if the provider may also see the other names of its files."""
    from assist_escalation.egress.exchange import name_cause  # noqa: PLC0415
    from assist_escalation.gate.prepare import prepare  # noqa: PLC0415
    from assist_escalation.policy.verdict import judge  # noqa: PLC0415

    aliases = withheld.aliases
    gate = None
    try:
        gate = gate_parts(inputs.config, inputs.permissions, inputs.more_secrets)
        request = prepare(withheld.request, gate)
        if aliases.spans:
            verdict = judge(aliases, withheld.request.permissions, request.provider)
            if not verdict.allowed:
                raise RefusedError("policy", "; ".join(verdict.reasons))
    except EscalationError as error:
        return OutboundDraft(withheld.draft, gate=gate, barred=(name_cause(error), str(error).rstrip(".")))
    return OutboundDraft(withheld.draft, request, gate)


def _rules(question: Question, inputs: DecisionInputs, leaving: OutboundDraft) -> RoutingRules:
    request = leaving.prepared
    rules = request.request.permissions if request else inputs.permissions
    provider = request.provider if request else next(iter(rules.providers), "")
    return RoutingRules(
        mode=rules.mode,
        offline=inputs.config.offline,
        rate=rules.max_escalation_rate,
        thresholds=rules.thresholds,
        own_thresholds=rules.own_thresholds,
        always_local=rules.always_local,
        always_ask=_always_asked(question, rules.always_ask),
        provider=provider,
        barred=leaving.barred,
        upper_micro=request.upper_micro if request else None,
        allow_unknown_price=rules.allow_unknown_price,
        allow_unasked_retry=rules.allow_unasked_retry,
        request_micro=rules.request_micro,
        left_micro=request.left_micro if request else 0,
        local_model=inputs.local.available,
        classified=bool(request and request.marked),
        calibration=inputs.calibration,
    )


def _always_asked(question: Question, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds that the user is asked about: this one too if an earlier turn is one."""
    turns = question.thread.turns if question.thread else ()
    return (*kinds, question.command) if any(turn.command in kinds for turn in turns) else kinds


def _facts(
    question: Question, draft_text: Draft, frontier: Draft | None, inputs: DecisionInputs
) -> features.RequestFacts:
    """The user's words, and counts. Files are counted in what would be sent, if anything would."""
    counts = draft_text.evidence.structure
    structure = features.StructureCounts(
        symbols=counts.symbols,
        fan_out=counts.fan_out,
        edit_lines=counts.lines if question.command in EDITS else 0,
        diagnostics=sum(1 for span in question.problems if span.origin.source == "editor"),
    )
    facts = features.request_facts(draft_text.prompt, structure, inputs.local.window)
    files = max(facts.files, frontier.evidence.structure.files if frontier else 0)
    return replace(facts, words=question.words, files=files)


def describe_refusal(decision: Decision) -> RefusedError:
    """A decision to refuse, as the error."""
    return RefusedError(decision.cause, decision.why.rstrip(".") + ".")
