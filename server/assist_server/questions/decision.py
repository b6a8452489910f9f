"""Everything about a question before a model is asked: its prompt, who may see that, and who answers.

`--dry-run` ends here. It reads the index, files and the ledger, so it blocks; it sends nothing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assist_context.evidence.mentions import is_test
from assist_context.relations.path_index import path_index_of
from assist_context.retrieval.corpus import Corpus
from assist_escalation.budget.ledger import Scope
from assist_escalation.edits.plan import Base, EditTarget, sha256_of
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.prepare import GateParts, Prepared, ProviderRequest, prepare
from assist_escalation.gate.withheld_files import FileInFolder, withheld_files
from assist_escalation.policy.endpoints import Edits
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.verdict import judge
from assist_escalation.prompts import Origin, Prompt, Span, fence
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.routing import features
from assist_escalation.routing.calibration import NONE, Calibration
from assist_escalation.routing.router import Decision, RoutingRules, Wish, route
from assist_server.questions.instructions import (
    ANSWERS,
    EDITS,
    Form,
    beginning,
    closing,
    form_of,
    instructions,
    request_of,
    test_place_words,
)
from assist_server.questions.leaving_files import (
    FileRules,
    NamedFile,
    aliases_of,
    barred_files,
    files_of,
    leaving_parts,
    names_of,
    origins_of,
    rule_folders,
    staying_reason,
)
from assist_server.questions.new_tests import PlaceForTests, head_of, place_for_tests
from assist_server.questions.prompt_spans import (
    Evidence,
    EvidenceSurroundings,
    QuestionFolders,
    evidence_for,
    evidence_of,
)
from assist_server.questions.targets import QuestionTarget
from assist_server.threads.attachments import Attachment, attached_spans
from assist_server.threads.thread import Thread
from assist_server.threads.thread_prompts import (
    asks_for_more,
    earlier_notes,
    earlier_turns,
    joined_spans,
    unseen,
)

# Tokens of code for a frontier model: enough for a change over several files, for a few cents.
FRONTIER_TOKENS = 8_000
# Tokens of what the user adds by name. A model of 1.5B reads the first number in 40 s on two cores.
ATTACHED_TOKENS = 3_000
ATTACHED_FRONTIER_TOKENS = 12_000


@dataclass(frozen=True, slots=True)
class Question:
    """What a user wants: a command, their words, the code it is about, and who should answer.

    `problems` are diagnostics and the like, and what the user piped in. `provider` is the name of one, "" for
    any. `piped` is the length of what was piped in, in bytes. `thread` is the conversation that the question
    goes on with, and `attachments` what the user added by name. `material` is shown in place of what the
    index finds: a diff by file.
    """

    command: str
    words: str = ""
    target: QuestionTarget | None = None
    problems: tuple[Span, ...] = ()
    wish: Wish = "auto"
    provider: str = ""
    piped: int = 0
    thread: Thread | None = None
    attachments: tuple[Attachment, ...] = ()
    material: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalModelFacts:
    """The model on this machine, as far as it is known before it is loaded.

    `tokens` is how much code it reads in the time that people wait for a first word; `window` is its limit.
    """

    available: bool
    tokens: int
    window: int


@dataclass(frozen=True, slots=True)
class DecisionInputs:
    """What decisions are made with.

    `within` gives the permissions together with the rules of these folders. `asked` is the folder that the
    user asks from, "" for none. `directories` are those of settings and data, if they are not where they
    usually are. `history` holds the scores of earlier requests, the newest last.
    `known` reads the values of the workspace's secret files.
    """

    local: LocalModelFacts
    permissions: Permissions
    scope: Scope
    offline: bool
    within: Callable[[Sequence[str]], Permissions]
    parts: Callable[[], GateParts]
    draw: Callable[[], str]
    files: FileRules
    asked: str = ""
    directories: tuple[tuple[str, str], ...] = ()
    history: Sequence[float] = ()
    calibration: Calibration = NONE
    known: Callable[[], Known] = Known


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt for one kind of model, the form that its answer must have, and what an edit starts from.

    An answer that is code begins with `beginning`, and repeats much of `old`. `turn` are the spans that are
    new in a conversation; without one, these are all. `left_out` names the files that rules keep out of the
    prompt, each with the reason in words, and `notes` says what is not shown whole.
    """

    prompt: Prompt
    form: Form
    evidence: Evidence
    whole: EditTarget | None = None
    create: frozenset[str] = frozenset()
    beginning: str = ""
    old: str = ""
    turn: tuple[Span, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def turn_prompt(self) -> Prompt:
        """What is new in the conversation, as a prompt."""
        return replace(self.prompt, spans=self.turn or self.prompt.spans)

    def bases(self, versions: Callable[[str], int | None] = lambda _: None) -> dict[str, Base]:
        """The files that an edit may change, as the model saw them."""
        texts = self.evidence.texts
        return {path: Base(path, text, sha256_of(text), versions(path)) for path, text in texts.items()}


@dataclass(frozen=True, slots=True)
class DecidedQuestion:
    """A question with its decision. `prepared` is what a provider would get, if any may get it.

    `surroundings` are facts for the preview, by name: what was piped in, the folder, if the user asked from
    another one, and unusual directories of settings.
    """

    id: str
    question: Question
    root: str
    local: Draft
    decision: Decision
    rules: RoutingRules
    frontier: Draft | None = None
    prepared: Prepared | None = None
    surroundings: tuple[tuple[str, str], ...] = ()


def decide(question: Question, folders: QuestionFolders, inputs: DecisionInputs) -> DecidedQuestion:
    """The decision about a question, with its reason in words. A refusal is a decision, not an error."""
    name = inputs.draw()
    local = draft(question, folders, inputs.local.tokens, small=True)
    frontier, prepared, barred = _prepare_frontier(name, question, folders, inputs)
    rules = _rules(question, inputs, prepared, barred)
    decision = route(_facts(question, local, frontier, inputs), rules, question.wish, inputs.history)
    root = folders.corpus.root
    elsewhere = inputs.asked and inputs.asked != root
    surroundings = (
        *([("Piped in", f"{question.piped:,} bytes")] if question.piped else []),
        *([("Folder", root)] if elsewhere else []),
        *inputs.directories,
    )
    return DecidedQuestion(name, question, root, local, decision, rules, frontier, prepared, surroundings)


def draft(
    question: Question, folders: QuestionFolders, tokens: int, *, small: bool, edits: Edits = "blocks"
) -> Draft:
    """The prompt of a question in about `tokens` tokens of code."""
    target = question.target
    command = question.command
    thread = question.thread if question.thread and question.thread.turns else None
    corpora = (folders.corpus, *folders.others)
    room = ATTACHED_TOKENS if small else ATTACHED_FRONTIER_TOKENS
    attached = attached_spans(corpora, question.attachments, question.words, room)
    evidence = _evidence(question, folders, attached.spans, tokens, small=small)
    form = form_of(command, evidence.texts.values(), small=small, edits=edits)
    place = _place_for_tests(form, target, folders.corpus)
    head = head_of(target, place, _shown_tests(evidence.spans)) if target and place else ""
    kind = "ask" if command == "explain" and target is None else command  # a folder is explained as a whole
    about, others = _apart(evidence.spans, target, folders.corpus.root)
    last = closing(command, form)
    turn = (
        Span(instructions(kind, form), Origin("assist")),
        *others,
        *about,
        *_test_place_span(folders, target, place, head),
        *question.problems,
        Span(request_of(command, question.words), Origin("user")),
        *((Span(last, Origin("assist")),) if last else ()),
    )
    if small:  # the model repeats the fence that it was shown the code in, so its answer is given that one
        form = replace(form, fence=fence(span.text for span in turn))
    earlier = earlier_turns(thread, thread.dropped if thread and small else 0)
    whole = _edit_target(form, target, place)
    return Draft(
        Prompt(command, joined_spans(earlier, turn)),
        form,
        evidence,
        whole,
        create=frozenset({place.path}) if place and not place.after else frozenset(),
        beginning=beginning(form, target) + head if whole else "",
        old=target.text if whole and target and not place else "",
        turn=turn,
        notes=(*attached.notes, *([] if small else earlier_notes(earlier))),
    )


def _evidence(
    question: Question, folders: QuestionFolders, attached: tuple[Span, ...], tokens: int, *, small: bool
) -> Evidence:
    """What helps to answer a question, or the material that it brings along."""
    if question.material:
        return evidence_of(question.material)
    command, words, target = question.command, question.words, question.target
    thread = question.thread if question.thread and question.thread.turns else None
    if thread is not None and target is None:
        tokens = tokens // 2 if asks_for_more(words) else 0
    whole_files = not small and command in EDITS  # a model must see exactly what it changes
    plan = "alone" if small and (command in EDITS or (command == "explain" and target)) else command
    around = EvidenceSurroundings(attached, follow_up=thread is not None, plan=plan)
    found = evidence_for(folders, words, target, tokens, whole_files=whole_files, around=around)
    return replace(found, spans=unseen(found.spans, thread)) if thread and command == "ask" else found


def _place_for_tests(form: Form, target: QuestionTarget | None, corpus: Corpus) -> PlaceForTests | None:
    """Where an answer that is new tests goes, None for other answers."""
    if form.kind != "file" or target is None:
        return None
    files = path_index_of([*corpus.files().paths, *corpus.opened])
    return place_for_tests((target.lines.path, target.document.text, target.name), files, Path(corpus.root))


def _shown_tests(spans: Sequence[Span]) -> str:
    return "".join(span.text for span in spans if is_test(span.origin.path))


def _apart(
    spans: Sequence[Span], target: QuestionTarget | None, root: str
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The spans of the code in question, and the others. A model reads the former last, next to the wish."""
    about = tuple(each for each in spans if target and _shows(each, target, root))
    return about, tuple(each for each in spans if each not in about)


def _shows(span: Span, target: QuestionTarget, root: str) -> bool:
    origin = span.origin
    overlap = origin.first <= target.lines.last and target.lines.first <= origin.last
    return overlap and (origin.root, origin.path) == (root, target.lines.path)


def _test_place_span(
    folders: QuestionFolders, target: QuestionTarget | None, place: PlaceForTests | None, head: str
) -> tuple[Span, ...]:
    """Where new tests go. Paths and names come from the workspace, so the origin is not our own text."""
    if target is None or place is None:
        return ()
    words = test_place_words(place, head)
    return (Span(words, Origin("editor", target.lines.path, folders.corpus.root)),)


def _edit_target(form: Form, target: QuestionTarget | None, place: PlaceForTests | None) -> EditTarget | None:
    """What an answer that is code alone replaces; after a line, it replaces nothing."""
    if place is not None:
        return EditTarget(place.path, place.after + 1, place.after or 1)
    if form.kind == "whole" and target is not None:
        last_name = target.name.rpartition(".")[2]
        return EditTarget(target.lines.path, target.lines.first, target.lines.last, last_name)
    return None


def _prepare_frontier(
    name: str, question: Question, folders: QuestionFolders, inputs: DecisionInputs
) -> tuple[Draft | None, Prepared | None, tuple[str, str]]:
    """What a provider would get, or why none may get it. Nothing is prepared if nothing may leave."""
    allowed = inputs.permissions
    if inputs.offline or question.wish == "local" or allowed.mode == "never" or not allowed.providers:
        return None, None, ("", "")
    first = question.provider or next(iter(allowed.providers))
    edits: Edits = allowed.providers[first].edits if first in allowed.providers else "blocks"
    drafted = draft(question, folders, FRONTIER_TOKENS, small=False, edits=edits)
    most = ANSWERS[question.command]
    names = _names(question, drafted, folders, inputs)
    barred = barred_files(names, _roots(folders), inputs.files)
    asked = _asked_files(question, folders)
    if why := next((barred[each] for each in asked if each in barred), ""):
        return drafted, None, ("hidden", f"{why}, so it does not leave")
    everywhere = inputs.within(rule_folders(leaving_parts(drafted.prompt.spans, barred).spans))
    if why := staying_reason(question.thread, everywhere.always_local):
        return drafted, None, ("hidden", why)
    drafted = _without(drafted, barred)
    aliases = aliases_of(question.command, names, barred)
    # Rule files may be anywhere between a file and its root; they can only forbid.
    allowed = inputs.within(rule_folders((*drafted.prompt.spans, *aliases.spans)))
    request = ProviderRequest(name, drafted.prompt, allowed, inputs.scope, most, question.provider)
    spared = _spared_files(question, drafted, names, asked)
    whole = replace(request.prompt, spans=(*request.prompt.spans, *aliases.spans))
    if withheld := withheld_files(replace(request, prompt=whole), spared):
        drafted = _without(drafted, withheld)
        aliases = aliases_of(question.command, names, barred | withheld)
        request = replace(request, prompt=drafted.prompt)
    try:
        prepared = prepare(request, inputs.parts())
        if aliases.spans and not (verdict := judge(aliases, allowed, prepared.provider)).allowed:
            raise RefusedError("policy", "; ".join(verdict.reasons))
        return drafted, prepared, ("", "")
    except RefusedError as error:
        return drafted, None, (error.cause, str(error).rstrip("."))
    except EscalationError as error:
        return drafted, None, ("gate", str(error).rstrip("."))


def _spared_files(
    question: Question, drafted: Draft, names: Sequence[NamedFile], asked: Collection[FileInFolder]
) -> dict[FileInFolder, list[Span]]:
    """The files that a question can do without, all but those that the user names: their spans and names.

    A file that only an earlier answer was made from is there by its name.
    """
    files: dict[FileInFolder, list[Span]] = {}
    for span in drafted.prompt.spans:
        for origin in origins_of(span):
            file = (origin.root, origin.path)
            own = span if origin is span.origin else Span("", Origin("file", origin.path, origin.root))
            if file not in asked:
                files.setdefault(file, []).append(own)
    for each in names:
        if each.file in files:
            files[each.file] += aliases_of(question.command, [each], ()).spans
    return files


def _without(drafted: Draft, barred: Mapping[FileInFolder, str]) -> Draft:
    """A draft without what it shows of some files: one of them must not prevent the question."""
    parts = leaving_parts(drafted.prompt.spans, barred)
    if not (parts.files or parts.answers):
        return drafted
    evidence = drafted.evidence
    spans = leaving_parts(evidence.spans, barred).spans
    shown = {each.origin.path for each in spans}
    structure = replace(evidence.structure, files=len(shown))
    texts = {path: text for path, text in evidence.texts.items() if path in shown}
    files = {path: barred[root, path] for root, path in parts.files}
    answers = [("an earlier answer", "it was made from files that rules keep here")] if parts.answers else []
    return replace(
        drafted,
        prompt=replace(drafted.prompt, spans=parts.spans),
        turn=leaving_parts(drafted.turn, barred).spans,
        evidence=replace(evidence, spans=spans, structure=structure, texts=texts),
        left_out=(*drafted.left_out, *files.items(), *answers),
    )


def _roots(folders: QuestionFolders) -> list[str]:
    return [corpus.root for corpus in (folders.corpus, *folders.others)]


def _names(
    question: Question, drafted: Draft, folders: QuestionFolders, inputs: DecisionInputs
) -> list[NamedFile]:
    """All names of the files that a draft shows, and of those that the user names."""
    found = names_of(_shown_files(question, drafted, folders), inputs.files)
    target = question.target
    if target is not None and target.alias:
        root = folders.corpus.root
        found.append(NamedFile(root, target.alias, (root, target.lines.path)))
    for each in question.attachments:
        found += _names_by_link(each, [place.file for place in found])
    return found


def _names_by_link(added: Attachment, files: Sequence[FileInFolder]) -> list[NamedFile]:
    """The names of a file, or of the files in a folder, that a user added by a link."""
    places = dict.fromkeys(each for each in files if added.alias and each[0] == added.root)
    return [
        NamedFile(root, added.alias + path[len(added.path) :], (root, path))
        for root, path in places
        if path == added.path or (added.folder and path.startswith(f"{added.path}/"))
    ]


def _shown_files(question: Question, drafted: Draft, folders: QuestionFolders) -> dict[str, dict[str, None]]:
    """The files of the prompt, and the one in question, by their folders."""
    found = {folders.corpus.root: dict[str, None]()} | files_of(drafted.prompt.spans)
    for root, path in _asked_files(question, folders):
        found.setdefault(root, {})[path] = None
    return found


def _asked_files(question: Question, folders: QuestionFolders) -> tuple[FileInFolder, ...]:
    """The files that the user names: if one of them may not leave, the question does not."""
    target = question.target
    named = [(folders.corpus.root, target.lines.path)] if target is not None else []
    return (*named, *((each.root, each.path) for each in question.attachments if not each.folder))


def _rules(
    question: Question, inputs: DecisionInputs, prepared: Prepared | None, barred: tuple[str, str]
) -> RoutingRules:
    allowed = prepared.request.permissions if prepared else inputs.permissions
    provider = prepared.provider if prepared else next(iter(allowed.providers), "")
    return RoutingRules(
        mode=allowed.mode,
        offline=inputs.offline,
        rate=allowed.max_escalation_rate,
        thresholds=allowed.thresholds,
        own_thresholds=allowed.own_thresholds,
        always_local=allowed.always_local,
        always_ask=_always_asked(question, allowed.always_ask),
        provider=provider,
        barred=barred,
        upper_micro=prepared.upper_micro if prepared else None,
        allow_unknown_price=allowed.allow_unknown_price,
        allow_unasked_retry=allowed.allow_unasked_retry,
        request_micro=allowed.request_micro,
        left_micro=prepared.left_micro if prepared else 0,
        local_model=inputs.local.available,
        classified=bool(prepared and prepared.marked),
        calibration=inputs.calibration,
    )


def _always_asked(question: Question, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds that the user is asked about: this one too if an earlier turn is one."""
    turns = question.thread.turns if question.thread else ()
    return (*kinds, question.command) if any(turn.command in kinds for turn in turns) else kinds


def _facts(
    question: Question, drafted: Draft, frontier: Draft | None, inputs: DecisionInputs
) -> features.RequestFacts:
    """The user's words, and counts. Files are counted in what would be sent, if anything would."""
    counts = drafted.evidence.structure
    structure = features.StructureCounts(
        symbols=counts.symbols,
        fan_out=counts.fan_out,
        edit_lines=counts.lines if question.command in EDITS else 0,
        diagnostics=sum(1 for each in question.problems if each.origin.source == "editor"),
    )
    facts = features.request_facts(drafted.prompt, structure, inputs.local.window)
    files = max(facts.files, frontier.evidence.structure.files if frontier else 0)
    return replace(facts, words=question.words, files=files)


def refusal_of(decision: Decision) -> RefusedError:
    """A decision to refuse, as the error."""
    return RefusedError(decision.cause, decision.why.rstrip(".") + ".")
