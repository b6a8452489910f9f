"""What the user's words demand of a call, in JavaScript and TypeScript: a literal, or an error of theirs.

It reads texts, and runs nothing.
"""

import re

from assist_server.recorded_tests.calls import CallObservation
from assist_server.recorded_tests.language import RecordingMaterial
from assist_server.recorded_tests.worded_values import WordedValue

_ERRORS = frozenset(
    {"Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "URIError", "EvalError"}
)
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_NAMES = {"None": "null", "nil": "null", "True": "true", "False": "false"}
_WORD = re.compile(r"[A-Za-z_]\w*")
_LITERAL = re.compile(
    r"""(?:
      [\[\]{},\s]
    | ""[ ]*:?
    | [-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?(?!\w)
    | -?Infinity | true | false | null | undefined | NaN
    | [A-Za-z_]\w*[ ]*:
    )+""",
    re.VERBOSE,
)


def worded_outcome(
    _material: RecordingMaterial, wanted: WordedValue, today: CallObservation
) -> CallObservation | None:
    """What a call should come to; without a value, that it ends. None for what is no literal there."""
    how = today.how
    if wanted.error:
        return (
            CallObservation("raised", error=("", wanted.error), how=how) if wanted.error in _ERRORS else None
        )
    code = script_literal(wanted.value)
    return CallObservation("value", code, how=how) if code or not wanted.value else None


def script_literal(text: str) -> str:
    """A literal as scripts write it, "" for what is none.

    >>> script_literal("{'a': [1, None]}"), script_literal("(1, 2)"), script_literal("None")
    ('{"a": [1, null]}', '', 'undefined')
    """
    if text == "None":  # "nothing"
        return "undefined"
    strings = _STRING.findall(text)
    plain = _WORD.sub(lambda word: _NAMES.get(word[0], word[0]), _STRING.sub('""', text))
    if not _LITERAL.fullmatch(plain):
        return ""
    for written in strings:
        inner = written[1:-1]
        quoted = f'"{inner}"' if '"' not in inner else written
        plain = plain.replace('""', quoted.replace('""', "\0"), 1) if inner else plain.replace('""', "\0", 1)
    return plain.replace("\0", '""')
