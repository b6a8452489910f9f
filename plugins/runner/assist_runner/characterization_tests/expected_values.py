"""What the user expects of code: a call, and the literal that it should give.

It is written as `CALL == VALUE`, or as the one sentence "CALL returns VALUE instead of VALUE". The grammar of
the language reads both; no other words are read, and nothing runs.
"""

import re
from dataclasses import dataclass, replace

from assist_context.languages import Language
from assist_runner.characterization_tests.comparisons import compared_call

_SENTENCE = re.compile(r"(?P<call>.+?) returns (?P<today>.+?) instead of (?P<value>.+?)\.?")


@dataclass(frozen=True, slots=True)
class ExpectedValue:
    """A call, the `value` that it should come to, and what it comes to `today`: "" if that is not said."""

    call: str
    value: str
    today: str = ""


def expected_value(text: str, language: Language, name: str) -> ExpectedValue | None:
    """What `CALL == VALUE` says of the function or class `name`; None if it is not of that form.

    >>> from assist_context.languages import language_of
    >>> expected_value("f('') == 0", language_of("a.py"), "f")
    ExpectedValue(call="f('')", value='0', today='')
    >>> expected_value("f('') == g(0)", language_of("a.py"), "f")
    """
    found = compared_call(language, text.strip())
    if found is None or not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", found[0]):
        return None
    return ExpectedValue(*found)


def expected_in_sentence(words: str, language: Language, name: str) -> ExpectedValue | None:
    """What the one sentence says that is read, and None for any other words.

    >>> from assist_context.languages import language_of
    >>> expected_in_sentence("`f('')` returns 1 instead of 0.", language_of("a.py"), "f")
    ExpectedValue(call="f('')", value='0', today='1')
    >>> expected_in_sentence("f('') should be 0", language_of("a.py"), "f")
    """
    said = _SENTENCE.fullmatch(" ".join(words.replace("`", "").split()))
    if said is None:
        return None
    today, wanted = (
        expected_value(f"{said['call']} == {value}", language, name)
        for value in (said["today"], said["value"])
    )
    return replace(wanted, today=today.value) if wanted is not None and today is not None else None
