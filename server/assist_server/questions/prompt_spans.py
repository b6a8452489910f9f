"""What a question takes with it: the code in question and what of the workspace belongs to it, as spans.

It reads the index and files, and blocks while it does. It writes no instructions and asks no model.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from assist_context.documents import CHARS_PER_TOKEN, Snippet
from assist_context.evidence.call_graph import callees, subjects
from assist_context.evidence.for_question import MARKS, TARGET_MOST, gather_evidence
from assist_context.files.blobs import blob_id
from assist_context.retrieval.candidates import LONGEST_LINE
from assist_context.retrieval.corpus import Corpus
from assist_escalation.edits.plan import MARK
from assist_escalation.errors import EscalationError
from assist_escalation.prompts import Origin, Span
from assist_server.questions.targets import QuestionTarget

WHOLE_FILE = 150  # lines of a file that is shown whole for an edit: about 1,500 tokens at most


@dataclass(frozen=True, slots=True)
class ReachCounts:
    """Counts that say how far a question reaches: never any text of the workspace.

    `fan_out` counts what the code in question calls, `callers` the files that use it.
    """

    files: int = 0
    symbols: int = 0
    fan_out: int = 0
    lines: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The spans to show, the code in question first, and the whole texts of their files for edits."""

    spans: tuple[Span, ...] = ()
    structure: ReachCounts = ReachCounts()
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuestionFolders:
    """Where a question is asked: the folder it is about, and the other folders of the workspace."""

    corpus: Corpus
    others: tuple[Corpus, ...] = ()


def evidence_for(
    scene: QuestionFolders,
    question: str,
    aim: QuestionTarget | None,
    tokens: int,
    *,
    whole_files: bool = False,
) -> Evidence:
    """What helps to answer, in about `tokens` tokens; the code in question is shown whole if it can be.

    `whole_files`, for edits: short files of which anything is shown are shown whole, once, as far as the
    tokens go, and the pieces of each other one stand together.
    """
    corpus = scene.corpus
    target = aim.target if aim else None
    room = max(tokens, int(len(aim.text) / CHARS_PER_TOKEN / TARGET_MOST) + MARKS) if aim else tokens
    gathered = gather_evidence(corpus, question, target, room, scene.others)
    snippets: Sequence[Snippet] = gathered.snippets
    if whole_files:
        snippets = _by_file(scene, snippets, int(room * CHARS_PER_TOKEN) - gathered.characters)
    spans = tuple(_span(scene, snippet) for snippet in snippets)
    about = subjects(corpus, target) if target else ()
    structure = ReachCounts(
        files=len({span.origin.path for span in spans}),
        symbols=len(about),
        fan_out=sum(1 for _ in callees(corpus, target, scene.others)) if target else 0,
        lines=target.last - target.first + 1 if target else 0,
        tokens=int(sum(len(span.text) for span in spans) / CHARS_PER_TOKEN),
    )
    return Evidence(spans, structure, _texts(corpus, spans))


def _by_file(scene: QuestionFolders, snippets: Sequence[Snippet], left: int) -> list[Snippet]:
    """The snippets file by file, the code in question first; short files whole while `left` lasts."""
    files: dict[tuple[str, str], list[Snippet]] = {}
    for each in snippets:
        files.setdefault((each.root, each.path), []).append(each)
    shown: list[Snippet] = []
    for pieces in files.values():
        whole = _whole_file(scene, pieces[0])
        more = len(whole.text) - sum(len(each.text) for each in pieces) if whole else 0
        if whole and more <= left:
            left -= more
            shown.append(whole)
        else:
            shown += sorted(pieces, key=lambda each: (each.signal != "target", each.start_line))
    return shown


def _whole_file(scene: QuestionFolders, piece: Snippet) -> Snippet | None:
    """The file of a piece, if it is short and an edit may change it."""
    corpus, inside = _place(scene, piece)
    lines = corpus.lines(inside) if corpus is scene.corpus else ()
    text = "".join(lines).removeprefix(MARK)
    count = len(lines) - (lines[-1] == "") if lines else 0
    if not 0 < count <= WHOLE_FILE or "\0" in text or max(map(len, lines)) > LONGEST_LINE:
        return None
    return replace(piece, start_line=1, end_line=count, text=text)


def _place(scene: QuestionFolders, snippet: Snippet) -> tuple[Corpus, str]:
    """The folder that a snippet is of, and its path there, without the folder's name ahead."""
    for corpus in (scene.corpus, *scene.others):
        if corpus.root == snippet.root:
            return corpus, snippet.path.removeprefix(f"{corpus.name}/" if corpus.name else "")
    raise EscalationError(f"{snippet.path} is of no folder that the question is about: ask again.")


def _span(scene: QuestionFolders, snippet: Snippet) -> Span:
    """A snippet with its origin."""
    corpus, inside = _place(scene, snippet)
    # An editor may hold half a character, which no file can.
    blob = snippet.blob or blob_id("".join(corpus.lines(inside)).encode("utf-8", "surrogatepass"))
    lines = snippet.start_line, snippet.end_line
    return Span(snippet.text, Origin("file", inside, corpus.root, *lines, blob))


def _texts(corpus: Corpus, spans: Sequence[Span]) -> dict[str, str]:
    """The whole files that the spans are of, to the last byte: what an edit starts from.

    What an editor has open counts as it stands there.
    """
    texts: dict[str, str] = {}
    for path in dict.fromkeys(span.origin.path for span in spans if span.origin.root == corpus.root):
        opened = corpus.opened.get(path)
        with suppress(OSError, ValueError):  # gone, or not UTF-8: it is shown, and cannot be edited
            texts[path] = Path(corpus.root, path).read_bytes().decode("utf-8")
        if opened and opened.document.text != texts.get(path, "").removeprefix(MARK):
            texts[path] = opened.document.text
    return texts
