"""What a question takes with it: the code in question and what of the workspace belongs to it, as spans.

It reads the index and files, and blocks while it does. It writes no instructions and asks no model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assist_context.blobs import blob_id
from assist_context.calls import callees, subjects
from assist_context.corpus import Corpus
from assist_context.model import CHARS_PER_TOKEN, Snippet
from assist_context.questions import MARKS, TARGET_MOST, answerable
from assist_escalation.model import Origin, Span
from assist_server.targets import Aim


@dataclass(frozen=True, slots=True)
class Structure:
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
    structure: Structure = Structure()
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a question is asked: the folder it is about, and the other folders of the workspace."""

    corpus: Corpus
    others: tuple[Corpus, ...] = ()


def evidence_for(scene: Scene, question: str, aim: Aim | None, tokens: int) -> Evidence:
    """What helps to answer, in about `tokens` tokens; the code in question is shown whole if it can be."""
    corpus, target = scene.corpus, aim.target if aim else None
    room = max(tokens, int(len(aim.text) / CHARS_PER_TOKEN / TARGET_MOST) + MARKS) if aim else tokens
    gathered = answerable(corpus, question, target, room, scene.others)
    spans = tuple(_span(scene, snippet) for snippet in gathered.snippets)
    about = subjects(corpus, target) if target else ()
    structure = Structure(
        files=len({span.origin.path for span in spans}),
        symbols=len(about),
        fan_out=sum(1 for _ in callees(corpus, target, scene.others)) if target else 0,
        lines=target.last - target.first + 1 if target else 0,
        tokens=int(sum(len(span.text) for span in spans) / CHARS_PER_TOKEN),
    )
    return Evidence(spans, structure, _texts(corpus, spans))


def _span(scene: Scene, snippet: Snippet) -> Span:
    """A snippet with its origin; the name of its folder is taken off its path again."""
    for corpus in (scene.corpus, *scene.others):
        inside = snippet.path.removeprefix(f"{corpus.name}/") if corpus.name else snippet.path
        if corpus.entry(inside) is not None:
            break
    blob = snippet.blob or blob_id("".join(corpus.lines(inside)).encode())
    lines = snippet.start_line, snippet.end_line
    return Span(snippet.text, Origin("file", inside, corpus.root, *lines, blob))


def _texts(corpus: Corpus, spans: Sequence[Span]) -> dict[str, str]:
    """The whole files that the spans are of, to the last byte: what an edit starts from.

    What an editor has open counts as it stands there.
    """
    texts: dict[str, str] = {}
    for path in dict.fromkeys(span.origin.path for span in spans if span.origin.root == corpus.root):
        opened = corpus.opened.get(path)
        try:
            with Path(corpus.root, path).open(encoding="utf-8", newline="") as file:
                texts[path] = file.read()
        except (OSError, ValueError):  # gone, or not UTF-8: it is shown, and cannot be edited
            texts.pop(path, None)
        if opened and opened.document.text != texts.get(path, "").removeprefix("\ufeff"):
            texts[path] = opened.document.text
    return texts
