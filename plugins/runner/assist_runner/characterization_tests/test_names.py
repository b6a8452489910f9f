"""Names of tests that say what is called and with what, once each."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import chain, count

from assist_runner.characterization_tests.calls import RecordedCall

_WORDS = 4
_LONGEST = 32  # characters of what describes the arguments
_PLAIN = (
    (re.compile(r'""|\'\''), " empty text "),
    (re.compile(r"\[\]"), " empty list "),
    (re.compile(r"\{\}"), " empty mapping "),
    (re.compile(r"\b(?:None|null|nil)\b"), " none "),
    (re.compile(r"(?<!\w)-(?=\d)"), " minus "),
)


def snake(name: str) -> str:
    """A name in small letters with underscores.

    >>> snake("URLPath.makeAbsolute"), snake("__len__")
    ('url_path_make_absolute', 'len')
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W+|__+", "_", words).strip("_").lower()


def description(call: str) -> str:
    """What is given to a call, in a few words for a name.

    >>> description('total([], -1)'), description('f("Hello, world")'), description("Cart([1]).total()")
    ('empty_list_minus_1', 'hello_world', '1')
    """
    found = re.search(r"\((.*)\)", call, re.DOTALL)
    text = re.sub(r"[A-Za-z_][\w.]*\(|\|\w*\|", "(", found[1]) if found else ""  # not what else is called
    text = re.sub(r"\bb(?=[\"'])", "", text)  # bytes
    for pattern, words in _PLAIN:
        text = pattern.sub(words, text)
    parts = [part for part in re.findall(r"[A-Za-z0-9]+", text) if part.isascii()][:_WORDS]
    return "_".join(parts).lower()[:_LONGEST].strip("_")


def unused_name(base: str, used: set[str], form: str = "{}_{}") -> str:
    """The name, with a number if it is used, as in `test_a_2`; it is used then.

    >>> used = {"test_a"}
    >>> unused_name("test_a", used), unused_name("test_a", used), unused_name("b", used, "{} ({})")
    ('test_a_2', 'test_a_3', 'b')
    """
    numbered = (form.format(base, number) for number in count(2))
    name = next(name for name in chain([base], numbered) if name not in used)
    used.add(name)
    return name


def with_names(calls: Sequence[RecordedCall], name: str, taken: Collection[str]) -> list[RecordedCall]:
    """The calls with a name of a test each; none is `taken` by another test."""
    used = set(taken)
    named = []
    for call in calls:
        verb = "refuses" if call.seen.kind == "raised" else "with"
        given = description(call.proposed.call) or description("".join(call.proposed.setup[-1:]))
        base = f"test_{snake(name)}" + (
            f"_{verb}_{given}" if given else "_refuses" if verb == "refuses" else ""
        )
        named.append(replace(call, test=unused_name(base, used)))
    return named
