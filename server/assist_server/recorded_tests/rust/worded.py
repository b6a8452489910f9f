"""What the user's words demand of a call, in Rust: a literal, or that it ends.

It reads texts, and runs nothing. A literal of another type does not compile, and then there is no test.
"""

import re

from assist_server.recorded_tests.calls import CallObservation
from assist_server.recorded_tests.language import RecordingMaterial
from assist_server.recorded_tests.rust.text import rust_string
from assist_server.recorded_tests.worded_values import WordedValue

_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^'\\]*)'")
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?|0[xX][\da-fA-F]+)")
_NAMES = {"nil": "None", "null": "None", "undefined": "None", "True": "true", "False": "false"}


def worded_outcome(
    _material: RecordingMaterial, wanted: WordedValue, _: CallObservation
) -> CallObservation | None:
    """What a call should come to by the user's words; None for what is no literal."""
    if wanted.error:
        return None
    if not wanted.value:
        return CallObservation("value", "()", how="kept")
    if wanted.value == "[]":
        return CallObservation("value", "", how="is_empty")
    code = rust_literal(wanted.value)
    return CallObservation("value", code) if code else None


def rust_literal(text: str) -> str:
    """A literal as Rust writes it, "" for what is none.

    >>> rust_literal("'a'"), rust_literal("[1, 2]"), rust_literal("null"), rust_literal("f(1)")
    ('"a"', '[1, 2]', 'None', '')
    """
    plain = _NAMES.get(text, text)
    if plain in ("true", "false", "None") or _NUMBER.fullmatch(plain):
        return plain
    if found := _STRING.fullmatch(plain):
        return plain if found[2] is None else rust_string(found[2])
    items = re.fullmatch(r"\[(.+)\]", plain)
    parts = re.findall(rf"\s*({_STRING.pattern}|[^,\s]+)\s*(?:,|$)", items[1]) if items else []
    codes = [rust_literal(part[0]) for part in parts]
    return f"[{', '.join(codes)}]" if codes and all(codes) else ""
