"""What a question shows a model: the code in question and related code of the workspace, as spans.

It reads the index and files, so it blocks. It writes no instructions and asks no model.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from assist_context.documents import CHARS_PER_TOKEN, Snippet, split_lines
from assist_context.evidence.call_graph import TargetLines, callees, subjects
from assist_context.evidence.for_question import gather_evidence
from assist_context.evidence.room import MARKS, TARGET_MOST
from assist_context.files.blobs import blob_id
from assist_context.retrieval.candidates import LONGEST_LINE
from assist_context.retrieval.corpus import Corpus
from assist_escalation.edits.plan import MARK
from assist_escalation.errors import EscalationError
from assist_escalation.prompts import Origin, Span
from assist_server.questions.targets import QuestionTarget
from assist_server.threads.thread_prompts import covers

WHOLE_FILE = 150  # lines; a file up to this length is shown whole for an edit: about 1,500 tokens at most


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
class QuestionFolders:
    """The folder that a question is about, and the other folders of the workspace."""

    corpus: Corpus
    others: tuple[Corpus, ...] = ()

    @property
    def roots(self) -> tuple[str, ...]:
        """The paths of all of them."""
        return tuple(corpus.root for corpus in (self.corpus, *self.others))


@dataclass(frozen=True, slots=True)
class EvidenceSurroundings:
    """What the user added, which comes after the code in question, and what was asked before.

    The plan, a command or "alone", decides which signals are asked. A `follow_up` gets only what its words
    find, and no map.
    """

    attached: tuple[Span, ...] = ()
    follow_up: bool = False
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
    """What helps to answer, in about `tokens` tokens. The code in question is shown whole if possible.

    `whole_files` is for edits: short files that are shown at all are shown whole, once, as far as the tokens
    allow. The pieces of each other file are shown together.
    """
    corpus = folders.corpus
    lines = target.lines if target else None
    room = max(tokens, int(len(target.text) / CHARS_PER_TOKEN / TARGET_MOST) + MARKS) if target else tokens
    gathered = gather_evidence(corpus, question, lines, room, folders.others, around.plan)
    snippets: Sequence[Snippet] = gathered.snippets
    if around.follow_up:
        snippets = [snippet for snippet in snippets if snippet.signal != "map"]
    if whole_files:
        snippets = _by_file(folders, snippets, int(room * CHARS_PER_TOKEN) - gathered.characters)
    found = [_span(folders, snippet) for snippet in snippets]
    about = [at for at, snippet in enumerate(snippets) if snippet.signal == "target"]
    first = about[-1] + 1 if about else 0
    others = [span for span in found[first:] if not any(covers(shown, span) for shown in around.attached)]
    spans = (*found[:first], *around.attached, *others)
    structure = ReachCounts(
        files=len({span.origin.path for span in spans}),
        symbols=len(subjects(corpus, lines)) if lines else 0,
        fan_out=sum(1 for _ in callees(corpus, lines, folders.others)) if lines else 0,
        lines=lines.last - lines.first + 1 if lines else 0,
        tokens=int(sum(len(span.text) for span in spans) / CHARS_PER_TOKEN),
    )
    return Evidence(spans, structure, _texts(corpus, spans), _names(folders, spans))


def evidence_of(spans: tuple[Span, ...]) -> Evidence:
    """Pieces that the question brings along, such as a diff. No edit can start from them."""
    tokens = int(sum(len(span.text) for span in spans) / CHARS_PER_TOKEN)
    return Evidence(spans, ReachCounts(files=len({span.origin.path for span in spans}), tokens=tokens))


def _by_file(folders: QuestionFolders, snippets: Sequence[Snippet], left: int) -> list[Snippet]:
    """The snippets by file, the code in question first; short files whole while `left` characters last."""
    files: dict[tuple[str, str], list[Snippet]] = {}
    for snippet in snippets:
        files.setdefault((snippet.root, snippet.path), []).append(snippet)
    shown: list[Snippet] = []
    for pieces in files.values():
        whole = _whole_file(folders, pieces[0])
        more = len(whole.text) - sum(len(piece.text) for piece in pieces) if whole else 0
        if whole and more <= left:
            left -= more
            shown.append(whole)
        else:
            shown += sorted(pieces, key=lambda piece: (piece.signal != "target", piece.start_line))
    return shown


def _whole_file(folders: QuestionFolders, piece: Snippet) -> Snippet | None:
    """The whole file of a snippet, if it is short and an edit may change it."""
    corpus, path = _place(folders, piece)
    lines = corpus.lines(path) if corpus is folders.corpus else ()
    text = "".join(lines).removeprefix(MARK)
    count = len(lines) - (lines[-1] == "") if lines else 0
    if not 0 < count <= WHOLE_FILE or "\0" in text or max(map(len, lines)) > LONGEST_LINE:
        return None
    return replace(piece, start_line=1, end_line=count, text=text)


def _place(folders: QuestionFolders, snippet: Snippet) -> tuple[Corpus, str]:
    """The folder of a snippet, and its path there without the folder's name in front."""
    for corpus in (folders.corpus, *folders.others):
        if corpus.root == snippet.root:
            return corpus, snippet.path.removeprefix(f"{corpus.name}/" if corpus.name else "")
    raise EscalationError(f"{snippet.path} is of no folder that the question is about: ask again.")


def _span(folders: QuestionFolders, snippet: Snippet) -> Span:
    """A snippet with its origin."""
    corpus, path = _place(folders, snippet)
    # A document in an editor may contain half a character (a lone surrogate), which no file can.
    blob = snippet.blob or blob_id("".join(corpus.lines(path)).encode("utf-8", "surrogatepass"))
    lines = snippet.start_line, snippet.end_line
    shown = corpus.lines(path)[max(0, lines[0] - 1) : lines[1]]
    text = snippet.text.removeprefix(f"{snippet.name}\n\n")  # the headings above a section
    outline = _line_count(split_lines(text)) < _line_count(shown)
    return Span(snippet.text, Origin("file", path, corpus.root, *lines, blob, outline))


def _line_count(lines: Sequence[str]) -> int:
    """How many lines have a character, be it a line's end: the last of `split_lines` may have none."""
    return sum(1 for line in lines if line)


def _names(folders: QuestionFolders, spans: Sequence[Span]) -> dict[Origin, str]:
    """What spans are called: the one definition or heading, with those around it, that they show."""
    corpora = {corpus.root: corpus for corpus in (folders.corpus, *folders.others)}
    names = {}
    for origin in (span.origin for span in spans if span.origin.root in corpora):  # others have no index
        found = subjects(corpora[origin.root], TargetLines(origin.path, origin.first, origin.last))
        parents = {definition.parent for definition in found}
        outermost = [definition for definition in found if definition.parent == min(parents, key=len)]
        if len(outermost) == 1:
            names[origin] = ".".join(filter(None, (outermost[0].parent, outermost[0].name)))
    return names


def _texts(corpus: Corpus, spans: Sequence[Span]) -> dict[str, str]:
    """The whole files of the spans, byte for byte, which is what an edit starts from.

    If an editor has a file open, its text there counts.
    """
    texts: dict[str, str] = {}
    for path in dict.fromkeys(span.origin.path for span in spans if span.origin.root == corpus.root):
        opened = corpus.opened.get(path)
        with suppress(OSError, ValueError):  # deleted, or not UTF-8: it is shown, but cannot be edited
            texts[path] = Path(corpus.root, path).read_bytes().decode("utf-8")
        if opened and opened.document.text != texts.get(path, "").removeprefix(MARK):
            texts[path] = opened.document.text
    return texts
