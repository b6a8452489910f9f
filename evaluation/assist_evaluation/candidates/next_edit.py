"""The next edit as the product offers it, after what a commit changed further up in the file.

It sees that file alone.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from assist_completion.settings import Mode
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Cursor, Document, split_lines
from assist_context.languages import language_of
from assist_context.next_edit.finder import choose, document_before, find_offers
from assist_context.next_edit.offer import Change, EditHunk, Offer, Situation
from assist_evaluation.answers import EvalAnswer
from assist_evaluation.tasks import EvalTask, TaskTexts


class NextEditCandidate:
    """Answers with the line that the offer of a mode makes. It holds nothing."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode

    async def open(self) -> None:
        """Nothing is needed."""

    async def answer(self, task: EvalTask, texts: TaskTexts) -> EvalAnswer:
        """The lines of the offered change, and where they are."""
        start = time.perf_counter()
        document = Document(task.path, split_lines(texts.asked), language_of(task.path))
        offer = await asyncio.to_thread(_offer, document, split_lines(texts.start), self._mode)
        ms = 1e3 * (time.perf_counter() - start)
        if offer is None:
            return EvalAnswer(reason="nothing is likely enough", ms=ms)
        first = offer.changes[0]
        text = _lines_after(document, first)
        return EvalAnswer(text=text, first=first.start.line + 1, confidence=offer.probability, ms=ms)

    async def close(self) -> None:
        """Nothing is held."""


class _NoFiles:
    """The port `OtherFiles` without any."""

    def using(self, _name: str, _limit: int) -> Sequence[Document]:
        return ()


def _offer(document: Document, start: Sequence[str], mode: Mode) -> Offer | None:
    hunks = tuple(_hunks(document.path, start, document.lines))
    if not hunks:
        return None
    trees: dict[int, ParsedText] = {}

    def parse(text: Document) -> ParsedText:
        if id(text) not in trees:
            trees[id(text)] = ParsedText(text)  # which holds the text, so its id stays its own
        return trees[id(text)]

    last = hunks[-1]
    before = document_before(document, last)
    cursor = Cursor(last.line, 0)
    return choose(find_offers(Situation(document, before, cursor, hunks, parse, _NoFiles())), mode)


def _hunks(path: str, old: Sequence[str], new: Sequence[str]) -> Iterator[EditHunk]:
    """What was changed, from the top: line by line where there are as many lines as before."""
    for tag, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal" and last - first == end - start:
            for at in range(last - first):
                yield EditHunk(path, start + at, (old[first + at],), (new[start + at],))
        elif tag != "equal":
            yield EditHunk(path, start, tuple(old[first:last]), tuple(new[start:end]))


def _lines_after(document: Document, change: Change) -> str:
    """The lines that a change touches, as they are after it."""
    head = document.lines[change.start.line][: change.start.column]
    return f"{head}{change.text}{document.lines[change.end.line][change.end.column :]}"
