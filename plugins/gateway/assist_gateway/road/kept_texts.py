"""Text of files that may not leave, cut out of a request, or the reason to refuse it.

Each string is judged once as long as the files stay the same. This module cuts what it is told to cut.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from sys import getsizeof
from typing import Any

from assist_escalation.errors import RefusedError
from assist_escalation.policy.settings import MatchedText
from assist_gateway.attribution import AttributedSpan, refusal, without_spans
from assist_gateway.dialects.bodies import ARGUMENTS
from assist_gateway.dialects.json_places import JsonPlace, nested_json, rewrite
from assist_gateway.sentences import inert_line
from assist_gateway.strange_texts import ENTRY

# The parts of a text that may not leave, by the text and the files that it is said to come from; for None
# nothing counts that is said, only the lines. It is the same function as long as the files are the same.
JudgeText = Callable[[str, tuple[str, ...] | None], Sequence[AttributedSpan]]

_NAME = re.compile(r"\w{1,40}")  # of a field, between the lines that are its values
_REMEMBERED = 16_000_000  # bytes of judged strings


@dataclass(frozen=True, slots=True)
class KeptLines:
    """Lines of a file that are kept here, and the rule in words that follow the path."""

    path: str
    rule: str
    lines: int


@dataclass(slots=True)
class KeptTexts:
    """Cuts the strings of one tool for one provider, and remembers which were judged."""

    _judge: JudgeText | None = None
    _judged: OrderedDict[tuple[str, tuple[str, ...] | None], tuple[str, tuple[AttributedSpan, ...]]] = field(
        default_factory=OrderedDict, repr=False
    )
    _size: int = 0

    @property
    def size(self) -> int:
        """The bytes of the strings that were judged."""
        return self._size

    def cut(self, places: Sequence[JsonPlace], judge: JudgeText, matched: MatchedText) -> list[KeptLines]:
        """Cut what may not leave at these places, and say what was cut. Raises `RefusedError` to refuse."""
        if judge is not self._judge:
            self._judge = judge
            self._judged.clear()
            self._size = 0
        kept: list[KeptLines] = []
        items: dict[int, list[JsonPlace]] = {}
        boxes: list[tuple[JsonPlace, Any, dict[str, Any]]] = []
        for place in places:
            if place.is_word:
                continue

            def cut_text(text: str, name: str, claims: tuple[str, ...] = place.claims) -> str:
                del name
                clean, spans = self._look(text, claims, judge)
                kept.extend(_kept_lines(text, spans, matched))
                return clean

            inner = _arguments_of(place)
            if inner is None:
                place.put(rewrite(place.value, cut_text))
            else:  # a notice around it would end the JSON
                box = {"": rewrite(inner, cut_text)}
                boxes.append((place, inner, box))
                place = replace(place, holder=box, key="")  # noqa: PLW2901
            items.setdefault(place.item, []).append(place)
        for item in items.values():
            kept += self._cut_across(item, judge, matched)
        for place, inner, box in boxes:
            if box[""] != inner:
                place.put(json.dumps(box[""], ensure_ascii=False))
        return kept

    def _cut_across(
        self, places: Sequence[JsonPlace], judge: JudgeText, matched: MatchedText
    ) -> list[KeptLines]:
        """Cut lines of a file that a message has in a string each: one alone would say too little."""
        texts: list[str] = []

        def collect(text: str, name: str) -> str:
            del name
            texts.append("" if _NAME.fullmatch(text) else text)
            return text

        for place in places:
            rewrite(place.holder[place.key], collect)
        lines = [text for text in texts if text]
        joined = "\n".join(lines)
        spans = self._look(joined, None, judge)[1] if len(lines) > 1 else ()
        if not spans:
            return []
        starts = accumulate((len(text) + bool(text) for text in texts), initial=0)
        known = zip(starts, map(len, texts), strict=False)

        def cut(text: str, name: str) -> str:
            del name
            start, length = next(known)
            inside = [_part_of(span, start, length) for span in spans]
            return without_spans(text, [span for span in inside if span.start < span.end])

        for place in places:
            place.put(rewrite(place.holder[place.key], cut))
        return _kept_lines(joined, spans, matched)

    def _look(
        self, text: str, claims: tuple[str, ...] | None, judge: JudgeText
    ) -> tuple[str, tuple[AttributedSpan, ...]]:
        key = (text, claims)
        found = self._judged.get(key)
        if found is None:
            spans = tuple(judge(text, claims))
            found = (without_spans(text, spans) if spans else text, spans)
            self._judged[key] = found
            self._size += getsizeof(text) + ENTRY
            while self._size > _REMEMBERED and len(self._judged) > 1:
                (old, _), _ = self._judged.popitem(last=False)
                self._size -= getsizeof(old) + ENTRY
        self._judged.move_to_end(key)
        return found


def _arguments_of(place: JsonPlace) -> Any:
    """The arguments of a call that are JSON in a text, else None."""
    return nested_json(place.value) if place.kind == ARGUMENTS and isinstance(place.value, str) else None


def _kept_lines(text: str, spans: Sequence[AttributedSpan], matched: MatchedText) -> list[KeptLines]:
    """What was kept of a text, or `RefusedError` where that refuses the request."""
    if spans and matched == "refuse":
        raise RefusedError("kept", refusal(spans))
    return [KeptLines(span.path, span.rule, len(text[span.start : span.end].splitlines())) for span in spans]


def _part_of(span: AttributedSpan, start: int, length: int) -> AttributedSpan:
    """The part of a span in a text that begins at `start`."""
    return replace(span, start=max(0, span.start - start), end=min(length, span.end - start))


def kept_notice(kept: Sequence[KeptLines]) -> str:
    """What the tool's user is told about lines that were kept here."""
    lines: dict[tuple[str, str], int] = {}
    for part in kept:
        lines[part.path, part.rule] = lines.get((part.path, part.rule), 0) + part.lines
    said = (
        inert_line(
            f"[assist kept {count:,} {'line' if count == 1 else 'lines'} of {path} here, which {rule}]"
        )
        for (path, rule), count in lines.items()
    )
    text = "\n".join(said)
    return f"{text}\n\n" if text else ""
