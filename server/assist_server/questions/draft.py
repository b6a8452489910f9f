"""A question, and the draft of its prompt for one kind of model: instructions, evidence, the user's words.

It reads the index and files, so it blocks. It does not know who may see the prompt; `decision` does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assist_context.evidence.mentions import is_test
from assist_context.relations.path_index import path_index_of
from assist_context.retrieval.corpus import Corpus
from assist_escalation.edits.plan import Base, EditTarget, sha256_of
from assist_escalation.policy.endpoints import Edits
from assist_escalation.prompts import Origin, Prompt, Span, fence
from assist_escalation.routing.router import Wish
from assist_server.questions.instructions import (
    EDITS,
    AnswerForm,
    beginning,
    closing,
    form_of,
    instructions,
    request_of,
    test_place_words,
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
class Draft:
    """A prompt for one kind of model, the form that its answer must have, and what an edit starts from.

    An answer that is code begins with `beginning`, and repeats much of `old`. `turn` are the spans that are
    new in a conversation; without one, these are all. `left_out` names the files that rules keep out of the
    prompt, each with the reason in words, and `notes` says what is not shown whole.
    """

    prompt: Prompt
    form: AnswerForm
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


def _place_for_tests(form: AnswerForm, target: QuestionTarget | None, corpus: Corpus) -> PlaceForTests | None:
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
    about = tuple(span for span in spans if target and _shows(span, target, root))
    return about, tuple(span for span in spans if span not in about)


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


def _edit_target(
    form: AnswerForm, target: QuestionTarget | None, place: PlaceForTests | None
) -> EditTarget | None:
    """What an answer that is code alone replaces; after a line, it replaces nothing."""
    if place is not None:
        return EditTarget(place.path, place.after + 1, place.after or 1)
    if form.kind == "whole" and target is not None:
        last_name = target.name.rpartition(".")[2]
        return EditTarget(target.lines.path, target.lines.first, target.lines.last, last_name)
    return None
