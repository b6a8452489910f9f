"""Which parts of a foreign request are from files that may not leave, and the text without them.

A part is from such a file if the request says so, or if an index of prints knows its lines. The rest is not
allowed by that: it is only not attributed. What becomes of it is decided elsewhere.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from assist_gateway.claims import claims_in_text
from assist_gateway.clean_text_cache import CleanTextCache
from assist_gateway.fingerprints.copied_spans import allowed_parts, compare
from assist_gateway.fingerprints.cut_edges import CopiedSpan
from assist_gateway.fingerprints.print_index import PrintIndex
from assist_gateway.fingerprints.prints import PrintKey, ShortHashes
from assist_gateway.restricted_paths import FileRule
from assist_gateway.sentences import quotable_line

_ESCAPED_LINE = re.compile(r"\n|\\+n")


@dataclass(frozen=True, slots=True)
class RestrictedFile:
    """A file that may not leave, and why; `path` is relative to one of the folders, or as it was claimed."""

    path: str
    rule: FileRule


@dataclass(frozen=True, slots=True)
class RestrictedFiles:
    """What a provider may not see of a tool's folders.

    The numbers in the index are those of `files`. `claimed` judges a path as a request writes it; it may read
    the disk. `incomplete` says which bound was reached, or is empty. `news` are what was new in each index
    that this one has grown out of, and in this one; `strange` are the texts that none of them has.
    """

    files: tuple[RestrictedFile, ...] = field(repr=False)
    index: PrintIndex = field(repr=False)
    key: PrintKey = field(repr=False)
    claimed: Callable[[str], RestrictedFile | None] = field(repr=False)
    incomplete: str = ""
    news: tuple[ShortHashes, ...] = field(repr=False, default=())
    strange: CleanTextCache = field(repr=False, default_factory=CleanTextCache)


@dataclass(frozen=True, slots=True)
class AttributedSpan:
    """A part of a text that may not leave: its characters, without the end; its file, and why in words.

    `data_class` is set if the file's class is the reason. Paths may hold secrets: redact them.
    """

    start: int
    end: int
    path: str
    rule: str
    data_class: str = ""


def attribute(
    text: str, claimed_paths: Collection[str] | None, restricted: RestrictedFiles
) -> tuple[AttributedSpan, ...]:
    """The parts of a text that are from restricted files, in order; no two overlap.

    `claimed_paths` are said to be where all of the text is from, as by a call whose result it is. A text that
    is nothing but such a path is no content. With None nothing counts that is said, in the text either. What
    the text itself says does not count for words that allowed files have, such as a sample of `.env`. Of a
    file that it names so, and says other words of, single lines are looked for in all of the text.
    """
    found: list[AttributedSpan] = []
    named: set[str] = set()
    if claimed_paths is not None:
        if text.strip() not in claimed_paths:
            for path in claimed_paths:
                file = restricted.claimed(path)
                if file is not None and text.strip():
                    return (_span(0, len(text), file),)
        claims = [
            (claim.start, claim.end, file)
            for claim in claims_in_text(text)
            if claim.end > claim.start and (file := restricted.claimed(claim.path)) is not None
        ]
        parts = [(start, end) for start, end, _ in claims]
        allowed = allowed_parts(text, parts, restricted.index, restricted.key)
        found = [_span(*claim) for claim, known in zip(claims, allowed, strict=True) if not known]
        named = {span.path for span in found}
    copied = _spans_by_index(text, named, restricted)
    found += [_span(span.start, span.end, restricted.files[span.file]) for span in copied]
    return join_spans(found)


def _spans_by_index(text: str, named: Collection[str], restricted: RestrictedFiles) -> Sequence[CopiedSpan]:
    """What the index knows of a text; `named` are paths of files that it is known to hold."""
    known = dict.fromkeys(restricted.index.numbers) if named else ()
    if numbers := [number for number in known if restricted.files[number].path in named]:
        return compare(text, restricted.index, restricted.key, numbers).spans
    return restricted.strange.spans(text, restricted.index, restricted.key, restricted.news)


def _span(start: int, end: int, file: RestrictedFile) -> AttributedSpan:
    return AttributedSpan(start, end, file.path, file.rule.words, file.rule.data_class)


def join_spans(spans: Sequence[AttributedSpan]) -> tuple[AttributedSpan, ...]:
    """The spans in order, those that overlap as one, which has the file of the longer one."""
    apart: list[AttributedSpan] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        last = apart[-1] if apart else None
        if last is None or span.start >= last.end:
            apart.append(span)
            continue
        longer = max(last, span, key=lambda one: one.end - one.start)
        end = max(last.end, span.end)
        apart[-1] = AttributedSpan(last.start, end, longer.path, longer.rule, longer.data_class)
    return tuple(apart)


def without_spans(text: str, spans: Sequence[AttributedSpan]) -> str:
    """The text with one line in place of each span, which names the file and the rule.

    The line has no sign that could end a string or a tag around it, and one that ends the last line of a span
    remains.
    """
    ends = [0, *(span.end for span in spans)]
    kept = [text[end:start] for end, start in zip(ends, [span.start for span in spans], strict=False)]
    parts = [part + notice(text, span) for part, span in zip(kept, spans, strict=True)]
    return "".join(parts) + text[ends[-1] :]


def notice(text: str, span: AttributedSpan) -> str:
    """The line that is sent in place of a span.

    >>> notice("a = 1", AttributedSpan(0, 5, "key.pem", "is on the list"))
    '[kept here by assist: 1 line of key.pem, which is on the list]'
    """
    count = line_count(text, span)
    lines = f"{count:,} line" if count == 1 else f"{count:,} lines"
    said = f"[kept here by assist: {lines} of {span.path}, which {span.rule}]"
    ended = "\n" if text[span.start : span.end].endswith("\n") else ""
    return quotable_line(said) + ended


def line_count(text: str, span: AttributedSpan) -> int:
    """How many lines a span has, also of those that are escaped in a string."""
    return len(_ESCAPED_LINE.findall(text[span.start : span.end].rstrip("\n"))) + 1


def refusal(spans: Sequence[AttributedSpan]) -> str:
    """Why a request with these spans is refused, in a sentence."""
    first = spans[0]
    others = len(dict.fromkeys(span.path for span in spans)) - 1
    more = f", and {others} more" if others else ""
    return f"the request contains text from {first.path}, which {first.rule}{more}"
