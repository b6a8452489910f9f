"""What the user's words demand of a call, in Go: the first of its results as a literal, or that it ends.

It reads texts, and runs nothing.
"""

import json
import re
from collections.abc import Sequence

from assist_server.recorded_tests.calls import CallObservation
from assist_server.recorded_tests.worded_values import WordedValue

_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?|0[xX][\da-fA-F]+)")
_NAMES = {"None": "nil", "null": "nil", "undefined": "nil", "True": "true", "False": "false"}
_PLAIN = re.compile(r"(?:u?int(?:8|16|32|64)?|float(?:32|64)|byte|rune|string|bool)")


def go_outcome(wanted: WordedValue, results: Sequence[str]) -> CallObservation | None:
    """What a call should come to whose function gives results of some types; None for what is no literal.

    >>> import json
    >>> json.loads(go_outcome(WordedValue("f(1)", "[1, 2]"), ["[]int", "error"]).value)[0]["text"]
    '[]int{1, 2}'
    """
    if wanted.error or (wanted.value and not results):
        return None
    first = _literal(wanted.value, results[0]) if wanted.value else ("", "")
    if first is None:
        return None
    rows = [
        {"how": how, "text": text, "needs": []} for how, text in (first, *[("", "")] * (len(results) - 1))
    ]
    return CallObservation("value", json.dumps(rows) if results else "")


def _literal(text: str, kind: str) -> tuple[str, str] | None:
    """How a test compares a literal of a type, and the literal."""
    plain = _NAMES.get(text, text)
    if plain == "nil":
        return "nil", ""
    if plain in ("[]", "{}"):
        return "empty", ""
    if plain.startswith("["):
        return _slice_literal(plain, kind)
    if _STRING.fullmatch(plain) and kind == "string":
        return "basic", _in_quotes(plain)
    known = plain in ("true", "false") or _NUMBER.fullmatch(plain)
    return ("basic", plain) if known and _PLAIN.fullmatch(kind) else None


def _slice_literal(text: str, kind: str) -> tuple[str, str] | None:
    items = re.fullmatch(r"\[(.*)\]", text)
    inner = kind.removeprefix("[]")
    if items is None or inner == kind or not _PLAIN.fullmatch(inner):
        return None
    parts = re.findall(rf"\s*({_STRING.pattern}|[^,\s]+)\s*(?:,|$)", items[1])
    found = [_literal(part, inner) for part in parts]
    if not all(row is not None and row[0] == "basic" for row in found):
        return None
    return "deep", f"{kind}{{{', '.join(row[1] for row in found if row)}}}"


def _in_quotes(text: str) -> str:
    inner = text[1:-1]
    return text if text[0] == '"' else json.dumps(inner, ensure_ascii=False)
