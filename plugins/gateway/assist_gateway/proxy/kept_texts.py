"""Text of files that may not leave, cut out of a request, or the reason to refuse it.

Each string is judged once as long as the files stay the same. This module cuts what it is told to cut.
"""

import json
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from sys import getsizeof
from typing import Any

from assist_escalation.errors import RefusedError
from assist_escalation.policy.settings import MatchedText
from assist_gateway.attribution import (
    AttributedSpan,
    join_spans,
    line_count,
    refusal,
    without_spans,
)
from assist_gateway.clean_text_cache import ENTRY
from assist_gateway.dialects.bodies import ARGUMENTS
from assist_gateway.dialects.json_places import JsonPlace, nested_json, rewrite, says_twice
from assist_gateway.sentences import inert_line

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
    _judged: OrderedDict[tuple[str, tuple[str, ...] | None], tuple[AttributedSpan, ...]] = field(
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
            inner = _arguments_of(place)
            if inner is not None:  # a notice around it would end the JSON
                box = {"": inner}
                boxes.append((place, inner, box))
                place = replace(place, holder=box, key="", value=inner)  # noqa: PLW2901
            items.setdefault(place.item, []).append(place)
        for item in items.values():
            kept += self._cut_item(item, judge, matched)
        for place, inner, box in boxes:
            if box[""] != inner or says_twice(place.value):  # only `inner` was judged
                place.put(json.dumps(box[""], ensure_ascii=False))
        return kept

    def _cut_item(
        self, places: Sequence[JsonPlace], judge: JudgeText, matched: MatchedText
    ) -> list[KeptLines]:
        """Cut the strings of a message: each by itself, and all together, as one line may say too little."""
        texts = [text for place in places for text in _strings_of(place.value)]
        lines = ["" if _NAME.fullmatch(text) else text for text in texts]
        shown = [line for line in lines if line]
        together = self._look("\n".join(shown), None, judge) if len(shown) > 1 else ()
        starts = accumulate((len(line) + bool(line) for line in lines), initial=0)
        parts = iter([_parts_of(together, *line) for line in zip(starts, map(len, lines), strict=False)])
        kept: Counter[tuple[str, str]] = Counter()
        for place in places:

            def cut(text: str, name: str, claims: tuple[str, ...] = place.claims) -> str:
                del name
                spans = join_spans((*self._look(text, claims, judge), *next(parts)))
                kept.update(_kept_lines(text, spans, matched))
                return without_spans(text, spans) if spans else text

            place.put(rewrite(place.value, cut))
        return [KeptLines(*file, count) for file, count in kept.items()]

    def _look(
        self, text: str, claims: tuple[str, ...] | None, judge: JudgeText
    ) -> tuple[AttributedSpan, ...]:
        key = (text, claims)
        found = self._judged.get(key)
        if found is None:
            found = tuple(judge(text, claims))
            self._judged[key] = found
            self._size += getsizeof(text) + ENTRY
            while self._size > _REMEMBERED and len(self._judged) > 1:
                (old, _), _ = self._judged.popitem(last=False)
                self._size -= getsizeof(old) + ENTRY
        self._judged.move_to_end(key)
        return found


def _strings_of(value: Any) -> list[str]:
    """All that `rewrite` changes in a value, in its order."""
    found: list[str] = []

    def collect(text: str, name: str) -> str:
        del name
        found.append(text)
        return text

    rewrite(value, collect)
    return found


def _arguments_of(place: JsonPlace) -> Any:
    """The arguments of a call that are JSON in a text, else None."""
    return nested_json(place.value) if place.kind == ARGUMENTS and isinstance(place.value, str) else None


def _kept_lines(text: str, spans: Sequence[AttributedSpan], matched: MatchedText) -> Counter[tuple[str, str]]:
    """How many lines are kept of a text, by file and rule, or `RefusedError` to refuse the request."""
    if spans and matched == "refuse":
        raise RefusedError("kept", refusal(spans))
    kept: Counter[tuple[str, str]] = Counter()
    for span in spans:
        kept[span.path, span.rule] += line_count(text, span)
    return kept


def _parts_of(spans: Sequence[AttributedSpan], start: int, length: int) -> list[AttributedSpan]:
    """The parts of spans that are in a text which begins at `start`."""
    return [
        replace(span, start=max(0, span.start - start), end=min(length, span.end - start))
        for span in spans
        if length and span.start < start + length and span.end > start
    ]


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
