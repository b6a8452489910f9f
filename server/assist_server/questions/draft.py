"""A question, and the draft of its prompt for one kind of model: instructions, evidence, the user's words.

Evidence is the code in question and related code of the workspace, as spans with their origins. It reads the
index and files, so it blocks. It does not know who may see the prompt; `decision` does.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from assist_context.code.definitions import FUNCTIONS
from assist_context.documents import CHARS_PER_TOKEN, Snippet, split_lines
from assist_context.evidence.call_graph import TargetLines, callees, subjects
from assist_context.evidence.for_question import gather_evidence
from assist_context.evidence.intent import read_intent
from assist_context.evidence.token_budget import MARKS, TARGET_MOST
from assist_context.files.blobs import blob_id
from assist_context.languages import is_page
from assist_context.pages import BETWEEN, SECTION, page_lines
from assist_context.regular_files import read_regular
from assist_context.relations.counterparts import is_test
from assist_context.relations.path_index import make_path_index
from assist_context.retrieval.candidates import LONGEST_LINE
from assist_context.retrieval.corpus import Corpus
from assist_escalation.edits.plan import MARK, Base, EditTarget, hash_text
from assist_escalation.errors import EscalationError
from assist_escalation.policy.endpoints import Edits
from assist_escalation.prompts import Origin, Prompt, Span, fence, plain_line_ends
from assist_escalation.redaction.cut_pieces import hidden_parts
from assist_escalation.routing.router import Wish
from assist_server.questions.instructions import (
    CONVENTIONS,
    EDITS,
    LOCAL_CONVENTIONS,
    SENTENCES,
    AnswerForm,
    beginning,
    choose_form,
    closing,
    get_request,
    instructions,
    test_place_words,
)
from assist_server.questions.new_tests import PlaceForTests, place_for_tests, write_head
from assist_server.questions.targets import QuestionFolders, QuestionTarget
from assist_server.threads.attachments import AttachedSpans, Attachment, attached_spans
from assist_server.threads.thread import Thread
from assist_server.threads.thread_prompts import (
    add_meant_names,
    asks_for_more,
    covers,
    earlier_notes,
    earlier_turns,
    joined_spans,
    unseen,
)
from assist_server.workspace.compared_diff import ComparedDiff

# Tokens of code for a frontier model: enough for a change over several files, for a few cents.
FRONTIER_TOKENS = 8_000
# Tokens of what the user adds by name. A model of 1.5B reads the first number in 40 s on two cores.
ATTACHED_TOKENS = 3_000
ATTACHED_FRONTIER_TOKENS = 12_000
SMALL_CALLS = 4  # of libraries that a small model is shown: more takes its eyes off the code
PYTEST = "import pytest\n"
# A 1.5B's sentences about how code works, read by two people: docs/benchmarks.md, "Answers that people read"
GUESSED = (
    "Small models are often wrong about how code works (7 of 13 sentences in our test): check the lines."
)
WHOLE_FILE = 150  # lines; a file up to this length is shown whole for an edit: about 1,500 tokens at most


_SMALL_PLANS = {"refactor": "alone", "fix": "alone", "explain": "explained"}  # how code in question is shown


@dataclass(frozen=True, slots=True)
class Question:
    """A user's question: a command, their words, the code it is about, and who should answer.

    `problems` are diagnostics and the like, and what the user piped in. `provider` is the name of one, "" for
    any. `piped` is the length of what was piped in, in bytes. `thread` is the conversation that the question
    goes on with, and `attachments` what the user added by name. `material` is shown in place of what the
    index finds: a diff by file. With `run`, the user agrees that the code in question is run; `test_command`
    is what tests it, in the user's words, and `expect` a call with the value that it should give. With
    `asks_run`, the user is asked by itself, once. With `prose`, a small local model writes sentences too.
    `compared` is the diff, for a way that needs no model.
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
    run: bool = False
    test_command: str = ""
    expect: str = ""
    asks_run: bool = False
    prose: bool = False
    compared: ComparedDiff | None = None


@dataclass(frozen=True, slots=True)
class ReachCounts:
    """Counts that say how far a question reaches; never any text of the workspace.

    `fan_out` counts what the code in question calls, `files` those that are shown, `lines` the code itself.
    """

    files: int = 0
    symbols: int = 0
    fan_out: int = 0
    lines: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The spans to show, the code in question first, and the whole texts of their files for edits.

    `names` are the definitions or headings that spans show, by origin, where they show one.
    """

    spans: tuple[Span, ...] = ()
    structure: ReachCounts = ReachCounts()
    texts: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[Origin, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EvidenceSurroundings:
    """Additions of the user, which comes after the code in question.

    The plan, a command or "alone", decides which signals are asked.
    """

    attached: tuple[Span, ...] = ()
    plan: str = "ask"


NOTHING = EvidenceSurroundings()


def evidence_for(
    folders: QuestionFolders,
    question: str,
    target: QuestionTarget | None,
    tokens: int,
    *,
    whole_files: bool = False,
    around: EvidenceSurroundings = NOTHING,
) -> Evidence:
    """Return what helps to answer, in about `tokens` tokens. The code in question is shown whole if possible.

    `whole_files` is for edits: short files that are shown at all are shown whole, once, as far as the tokens
    allow. The pieces of each other file are shown together.
    """
    corpus = folders.corpus
    lines = target.lines if target else None
    room = max(tokens, int(len(target.text) / CHARS_PER_TOKEN / TARGET_MOST) + MARKS) if target else tokens
    evidence = gather_evidence(corpus, question, lines, room, folders.others, around.plan)
    snippets: Sequence[Snippet] = evidence.snippets
    if whole_files:
        snippets = _group_by_file(folders, snippets, int(room * CHARS_PER_TOKEN) - evidence.characters)
    pieces = [_span(folders, snippet) for snippet in snippets]
    about = [at for at, snippet in enumerate(snippets) if snippet.signal == "target"]
    first = about[-1] + 1 if about else 0
    others = [span for span in pieces[first:] if not any(covers(other, span) for other in around.attached)]
    spans = (*pieces[:first], *around.attached, *others)
    structure = ReachCounts(
        files=len({span.origin.path for span in spans}),
        symbols=len(subjects(corpus, lines)) if lines else 0,
        fan_out=sum(1 for _ in callees(corpus, lines, folders.others)) if lines else 0,
        lines=lines.last - lines.first + 1 if lines else 0,
        tokens=int(sum(len(span.text) for span in spans) / CHARS_PER_TOKEN),
    )
    return Evidence(spans, structure, _texts(corpus, spans), _names(folders, spans))


def get_evidence(spans: tuple[Span, ...]) -> Evidence:
    """Pieces that the question brings along, such as a diff. No edit can start from them."""
    tokens = int(sum(len(span.text) for span in spans) / CHARS_PER_TOKEN)
    return Evidence(spans, ReachCounts(files=len({span.origin.path for span in spans}), tokens=tokens))


def _group_by_file(folders: QuestionFolders, snippets: Sequence[Snippet], budget: int) -> list[Snippet]:
    """The snippets by file, the code in question first; short files whole while `budget` characters last."""
    files: dict[tuple[str, str], list[Snippet]] = {}
    for snippet in snippets:
        files.setdefault((snippet.root, snippet.path), []).append(snippet)
    other: list[Snippet] = []
    for pieces in files.values():
        whole = _whole_file(folders, pieces[0])
        more = len(whole.text) - sum(len(piece.text) for piece in pieces) if whole else 0
        if whole and more <= budget:
            budget -= more
            other.append(whole)
        else:
            other += sorted(pieces, key=lambda piece: (piece.signal != "target", piece.start_line))
    return other


def _whole_file(folders: QuestionFolders, piece: Snippet) -> Snippet | None:
    """The whole file of a snippet, if it is short and an edit may change it."""
    corpus, path = _place(folders, piece)
    lines = corpus.lines(path) if corpus is folders.corpus else ()
    text = "".join(lines).removeprefix(MARK)
    count = len(lines) - (lines[-1] == "") if lines else 0
    if not 0 < count <= WHOLE_FILE or "\0" in text or max(map(len, lines)) > LONGEST_LINE:
        return None
    return replace(piece, start_line=1, end_line=count, text=text)


def _library_span(
    folders: QuestionFolders, target: QuestionTarget | None, *, small: bool
) -> tuple[Span, ...]:
    """Return what the code in question calls of installed libraries, at most a few lines."""
    oracle = folders.oracle_of(folders.corpus) if target is not None else None
    if target is None or oracle is None:
        return ()
    document = replace(target.document, path=target.lines.path)
    calls = oracle.library_calls(document, target.lines.first, target.lines.last)
    lines = calls[: SMALL_CALLS if small else None]
    return (Span("\n".join(lines), Origin("library")),) if lines else ()


def _place(folders: QuestionFolders, snippet: Snippet) -> tuple[Corpus, str]:
    """The folder of a snippet, and its path there without the folder's name in front."""
    for corpus in (folders.corpus, *folders.others):
        if corpus.root == snippet.root:
            return corpus, snippet.path.removeprefix(f"{corpus.name}/" if corpus.name else "")
    raise EscalationError(f"{snippet.path} is not in a folder that the question is about: ask again.")


def _span(folders: QuestionFolders, snippet: Snippet) -> Span:
    """A snippet with its origin."""
    corpus, path = _place(folders, snippet)
    # A document in an editor may contain half a character (a lone surrogate), which no file can.
    blob = snippet.blob or blob_id("".join(corpus.lines(path)).encode("utf-8", "surrogatepass"))
    lines = snippet.start_line, snippet.end_line
    whole = page_lines(path, corpus.lines(path))
    other = whole[max(0, lines[0] - 1) : lines[1]]
    text = snippet.text.removeprefix(f"{snippet.name}\n\n")  # the headings above a section
    outline = _line_count(split_lines(text)) < _line_count(other)
    hidden = hidden_parts(snippet.text, path, whole, (lines,))
    return plain_line_ends(
        Span(snippet.text, Origin("file", path, corpus.root, *lines, blob, outline), hidden)
    )


def _line_count(lines: Sequence[str]) -> int:
    """Return how many lines say something: blank ones at the end of a section are not shown."""
    return sum(1 for line in lines if line.strip())


def _names(folders: QuestionFolders, spans: Sequence[Span]) -> dict[Origin, str]:
    """Return what spans are called: the one definition or heading, with those around it, that they show."""
    corpora = {corpus.root: corpus for corpus in (folders.corpus, *folders.others)}
    names = {}
    for origin in (span.origin for span in spans if span.origin.root in corpora):  # others have no index
        pieces = subjects(corpora[origin.root], TargetLines(origin.path, origin.first, origin.last))
        parents = {definition.parent for definition in pieces}
        outermost = [definition for definition in pieces if definition.parent == min(parents, key=len)]
        if len(outermost) == 1:
            between = BETWEEN if outermost[0].kind == SECTION else "."
            names[origin] = between.join(filter(None, (outermost[0].parent, outermost[0].name)))
    return names


def _texts(corpus: Corpus, spans: Sequence[Span]) -> dict[str, str]:
    """The whole files of the spans, byte for byte, which is what an edit starts from.

    If an editor has a file open, its text there counts.
    """
    paths = dict.fromkeys(span.origin.path for span in spans if span.origin.root == corpus.root)
    texts = {path: get_text(corpus, path) for path in paths}
    return {path: text for path, text in texts.items() if text is not None}


def get_text(corpus: Corpus, path: str) -> str | None:
    """A whole file, byte for byte, or as an editor has it open; `None` if it cannot be edited."""
    document = corpus.opened.get(path)
    text = None
    with suppress(OSError, ValueError):  # deleted, or not UTF-8: it is shown, but cannot be edited
        text = read_regular(Path(corpus.root, path)).decode("utf-8")
    if document and document.document.text != (text or "").removeprefix(MARK):
        text = document.document.text
    return text


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt for one kind of model, the form that its answer must have, and what an edit starts from.

    An answer begins with `beginning` and has at most so many `sentences`, 0 for any number; an answer of code
    repeats much of `old`. `turn` are the spans that are
    new in a conversation; without one, these are all. `left_out` names the files that rules keep out of the
    prompt, each with the reason in words, and `notes` says what is not shown whole.
    """

    prompt: Prompt
    form: AnswerForm
    evidence: Evidence
    whole: EditTarget | None = None
    create: frozenset[str] = frozenset()
    beginning: str = ""
    sentences: int = 0
    old: str = ""
    turn: tuple[Span, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def turn_prompt(self) -> Prompt:
        """Return what is new in the conversation, as a prompt."""
        return replace(self.prompt, spans=self.turn or self.prompt.spans)

    def bases(self, versions: Callable[[str], int | None] = lambda _: None) -> dict[str, Base]:
        """The files that an edit may change, as the model saw them."""
        texts = self.evidence.texts
        return {path: Base(path, text, hash_text(text), versions(path)) for path, text in texts.items()}


def _attachments(question: Question, folders: QuestionFolders, *, small: bool) -> AttachedSpans:
    """Return what the user added by name."""
    if not question.attachments:
        return AttachedSpans()
    room = ATTACHED_TOKENS if small else ATTACHED_FRONTIER_TOKENS
    return attached_spans((folders.corpus, *folders.others), question.attachments, question.words, room)


def conventions(corpus: Corpus, command: str, *, small: bool) -> tuple[Span, ...]:
    """Return what the project says of its own conventions, for commands that these help."""
    if command not in (LOCAL_CONVENTIONS if small else CONVENTIONS):
        return ()
    from assist_server.questions.project_instructions import project_instructions  # noqa: PLC0415

    return project_instructions(corpus, command, small=small)


def draft(
    question: Question, folders: QuestionFolders, tokens: int, *, small: bool, edits: Edits = "blocks"
) -> Draft:
    """The prompt of a question in about `tokens` tokens of code."""
    target = question.target
    command = question.command
    thread = question.thread if question.thread and question.thread.turns else None
    attachments = _attachments(question, folders, small=small)
    evidence = _evidence(question, folders, attachments.spans, tokens, small=small)
    form = choose_form(command, evidence.texts.values(), small=small, edits=edits)
    place = _place_for_tests(form, target, folders.corpus)
    shown_tests = "".join(span.text for span in evidence.spans if is_test(span.origin.path))
    head = write_head(target, place, shown_tests) if target and place else ""
    if place and place.text:
        evidence = replace(evidence, texts={**evidence.texts, place.path: place.text})
    kind = "ask" if command == "explain" and target is None else command  # a folder is explained as a whole
    project = unseen(conventions(folders.corpus, command, small=small), thread)
    about, others = _apart(evidence.spans, target, folders.corpus.root)
    others = tuple(span for span in others if not any(covers(other, span) for other in project))
    last = closing(command, form)
    turn = (
        Span(instructions(kind, form, small=small, conventions=bool(project)), Origin("assist")),
        *project,
        *others,
        *about,
        *_library_span(folders, target, small=small),
        *_test_place_span(folders, target, place, head),
        *question.problems,
        Span(get_request(command, question.words), Origin("user")),
        *((Span(last, Origin("assist")),) if last else ()),
    )
    if small:  # the model repeats the fence that it was shown the code in, so its answer is given that one
        form = replace(form, fence=fence(span.text for span in turn))
    earlier = earlier_turns(thread, thread.dropped if thread and small else 0)
    whole = _edit_target(form, target, place, head + PYTEST if "import pytest\n" in shown_tests else head)
    short = small and command == "explain" and target is not None
    return Draft(
        Prompt(command, joined_spans(earlier, turn)),
        form,
        evidence,
        whole,
        create=frozenset({place.path}) if place and not place.after else frozenset(),
        beginning=_first_words(form, target, folders.corpus) + head if whole or short else "",
        sentences=SENTENCES if short else 0,
        old=target.text.replace("\r\n", "\n") if whole and target and not place else "",
        turn=turn,
        notes=(*attachments.notes, *(_small_notes(question, evidence) if small else earlier_notes(earlier))),
    )


def _small_notes(question: Question, evidence: Evidence) -> tuple[str, ...]:
    """Return notes for a small model's answer: it is weak at how code works."""
    if question.command != "ask" or question.target is not None or question.material:
        return ()
    begins_with_page = any(is_page(span.origin.path) for span in evidence.spans[:1])
    asks_of_pages = read_intent(question.words).kind == "pages" or begins_with_page
    return () if asks_of_pages else (GUESSED,)


def _evidence(
    question: Question, folders: QuestionFolders, attachments: tuple[Span, ...], tokens: int, *, small: bool
) -> Evidence:
    """Return what helps to answer a question, or the material that it brings along."""
    if question.material:
        return get_evidence(question.material)
    command, words, target = question.command, question.words, question.target
    thread = question.thread if question.thread and question.thread.turns else None
    if thread is not None and target is None:
        tokens = tokens // 2 if asks_for_more(words) else 0
    whole_files = not small and command in EDITS  # a model must see exactly what it changes
    plan = _SMALL_PLANS.get(command, command) if small and target else command
    around = EvidenceSurroundings(attachments, plan=plan)
    if target is None:
        words = add_meant_names(words, thread)
    spans = evidence_for(folders, words, target, tokens, whole_files=whole_files, around=around)
    return replace(spans, spans=unseen(spans.spans, thread)) if thread and command == "ask" else spans


def _place_for_tests(form: AnswerForm, target: QuestionTarget | None, corpus: Corpus) -> PlaceForTests | None:
    """Find where an answer that is new tests goes, None for other answers."""
    if form.kind != "file" or target is None:
        return None
    files = make_path_index([*corpus.files().paths, *corpus.opened])
    source = target.lines.path, target.document.text, target.name

    def whole_text(path: str) -> str:
        return "" if corpus.hides(path) else get_text(corpus, path) or ""

    return place_for_tests(source, files, Path(corpus.root), whole_text)


def _apart(
    spans: Sequence[Span], target: QuestionTarget | None, root: str
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The spans of the code in question, and the others. A model reads the former last, next to the wish."""
    about = tuple(span for span in spans if target and _shows(span, target, root))
    return about, tuple(span for span in spans if span not in about)


def _shows(span: Span, target: QuestionTarget, root: str) -> bool:
    origin = span.origin
    overlap = origin.first <= target.lines.last and target.lines.first <= origin.last
    return overlap and (origin.root, origin.path) == (root, target.lines.path)


def _test_place_span(
    folders: QuestionFolders, target: QuestionTarget | None, place: PlaceForTests | None, head: str
) -> tuple[Span, ...]:
    """Find where new tests go. Paths and names come from the workspace, so the origin is not our own text."""
    if target is None or place is None:
        return ()
    words = test_place_words(place, head)
    about = place.path if place.text else target.lines.path  # a name leaves only if its file may
    return (Span(words, Origin("editor", about, folders.corpus.root)),)


def _first_words(form: AnswerForm, target: QuestionTarget | None, corpus: Corpus) -> str:
    about = subjects(corpus, target.lines) if target and not form.kind else ()
    return beginning(form, target, by_call=bool(about) and about[0].kind in FUNCTIONS)


def _edit_target(
    form: AnswerForm, target: QuestionTarget | None, place: PlaceForTests | None, imports: str
) -> EditTarget | None:
    """Return what an answer that is code alone replaces; after a line, it replaces nothing.

    `imports` are those that exist.
    """
    if place is not None and place.text:
        lines = tuple(imports.splitlines())
        return EditTarget(place.path, place.after + 1, place.after, tests=True, given=lines)
    if place is not None:
        return EditTarget(place.path, place.after + 1, place.after or 1)
    if form.kind == "whole" and target is not None:
        last_name = target.name.rpartition(".")[2]
        return EditTarget(target.lines.path, target.lines.first, target.lines.last, last_name)
    return None
