"""Literals that are compared with what a person typed: `if args[0] == "..."`, `getPassword().equals("...")`.

This module knows signs of comparison and what the other side says. Functions that compare, such as `strcmp`,
are in `call_arguments`, which asks here as well.
"""

import re
from collections.abc import Iterator

from assist_escalation.prompts import PLACEHOLDER
from assist_escalation.redaction.contexts.named_places import is_token_like, is_typed_password
from assist_escalation.redaction.contexts.secret_groups import LITERAL, read_group
from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.rule_tables import read_words
from assist_escalation.redaction.secret_names import VOCABULARY, lower_case, meaning, parts
from assist_escalation.redaction.secret_values import is_example, is_placeholder

_PASSWORDS, _KEYS, _INPUTS, _NEUTRAL = map(
    frozenset, read_words(__package__, "comparisons.toml", "passwords", "keys", "inputs", "neutral")
)
_SIGNS = (
    "==", "!=", "~=", "<>", "/= ", " eq ", " ne ", "-eq ", "-ne ", "-ceq ", "\" = ", "' = ", "] = ", ") = ",
    ".equals", ".contentEquals", ".eql?", ".equal?", ".isEqualToString",
)  # fmt: skip
_LITERAL_AFTER = re.compile(
    rf"""
    ["'\])]?[ ]?
    (?:={{1,3}}|!={{1,2}}|~=|<>|/=|-?c?eq|-?ne|\.\w{{3,16}}[?:]?\(?)
    [ \t]{{0,4}}
    {LITERAL}
    """,
    re.VERBOSE,
)
_LITERAL_BEFORE = re.compile(rf"""(?<![\w"'`]){LITERAL}[ \t]{{0,3}}\Z""", re.VERBOSE)
_OTHER_AFTER = re.compile(
    r"""
    [ ]?(?:={2,3}|!={1,2}|~=|<>|/=|-?c?eq|-?ne|\.(?:equals|equalsIgnoreCase|contentEquals|eql\?)\()
    [ \t]{0,3}(?P<other>[^\n"'`;{}&|]{2,60})
    """,
    re.VERBOSE,
)
_QUOTES = ('"', "'", "`")
_MOST = 150  # signs of a kind in a window; 4 KB of dense code have 60
_SIDE = 90  # characters of the other side
_SPLIT = re.compile(r"&&|\|\||\band\b|\bor\b|\bif\b|\bunless\b|[;{}]|\breturn\b|\bwhen\b|\?\s|(?<=\w) = ")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_DENIED = re.compile(r"denied|forbidden|unauthori[sz]ed|wrong|incorrect|<pass|unlock|no access|not allowed")
_COMMAND = re.compile(
    r"[!/.]?(?:unlock|login|auth|open|admin|password|pass)[ :](?P<secret>[^\s{}<>$%]{5,60})\Z"
)
_POSITION = re.compile(r"\$\{?\d\b|\barg[sv]?\b|\bargv?\[|\bsys\.argv|\bargs\(|\bARGV\b")


def find_comparisons(text: str) -> Iterator[Finding]:
    """Every literal that is compared with a password or with what a person typed.

    >>> text = 'if (args[0] == "hunter2004") {'
    >>> [text[finding.start : finding.end] for finding in find_comparisons(text)]
    ['hunter2004']
    """
    for sign in _SIGNS:
        at = text.find(sign)
        for _ in range(_MOST):
            if at < 0:
                break
            yield from _find_around(text, at)
            at = text.find(sign, at + 2)
    yield from _find_members(text)
    yield from _find_cases(text)


def _find_around(text: str, at: int) -> Iterator[Finding]:
    """The literals after and before the sign at `at`."""
    line = max(text.rfind("\n", 0, at) + 1, at - _SIDE)
    after = _LITERAL_AFTER.match(text, at)
    if after:
        yield from _if_secret(text, after, _SPLIT.split(text[line:at])[-1])
    elif text[at - 1 : at] in _QUOTES or text[at - 2 : at - 1] in _QUOTES:
        before = _LITERAL_BEFORE.search(text, line, at)
        other = _OTHER_AFTER.match(text, at)
        if before and other:
            yield from _if_secret(text, before, _SPLIT.split(other["other"])[0])


def _find_members(text: str) -> Iterator[Finding]:
    """The items of a list in which a password is sought: `if password in ("...", "...")`."""
    for sign in (" in (", " in [", " in {", ".includes(", ".include?(", ".contains("):
        at = text.find(sign)
        while at >= 0:
            end = at + len(sign)
            if sign[0] == " ":
                name = _LAST_NAME.search(text, max(0, at - 60), at)
                start = end - 1
            else:
                name = _ONLY_NAME.match(text, end)
                start = text.rfind("[", max(0, at - 200), at) if text[at - 1 : at] == "]" else -1
            meant = meaning(name["name"]) if name and start >= 0 else None
            if meant and meant.type == "PASSWORD" and meant.strength == "strong":
                for literal in read_group(text, start).literals():
                    if len(literal["value"]) >= 4 and not is_placeholder(literal["value"]):
                        yield Finding(*literal.span("value"), "PASSWORD")
            at = text.find(sign, end)


def _find_cases(text: str) -> Iterator[Finding]:
    """The cases of a switch over a password."""
    for switch in _SWITCH.finditer(text):
        meant = meaning(switch["name"])
        if not meant or meant.strength != "strong" or meant.type != "PASSWORD":
            continue
        end = min(len(text), switch.end() + _CASES)
        for case in _CASE.finditer(text, switch.end(), end):
            if len(case["value"]) >= 4 and not is_placeholder(case["value"]):
                yield Finding(*case.span("value"), "PASSWORD")


_LAST_NAME = re.compile(r"(?<![\w\"'])(?P<name>[A-Za-z_$][\w.$]*)(?:[ ]not)?\Z")
_ONLY_NAME = re.compile(r"[ ]?(?P<name>[A-Za-z_$][\w.$]*)[ ]?\)")
_SWITCH = re.compile(
    r"""
    \b(?:switch|match|case|when|select)[ ]?\(?(?P<name>[A-Za-z_$][\w.$]{1,60})\)?[ ]?
    (?:[{:\n]|do\b|of\b|in\b)
    """,
    re.VERBOSE,
)
_CASES = 300  # characters of a switch that are read
_CASE = re.compile(
    rf"""(?:\b(?:case|when)|\n)[ \t]{{0,40}}{LITERAL}(?=[ ]?(?:=>|->|:|\)|then\b|\n|\|))""", re.VERBOSE
)


def _if_secret(text: str, match: re.Match[str], other: str) -> Iterator[Finding]:
    value = match["value"]
    # The other side is a literal, too, where a name in quotes gets a value: `"line.text" = "green130"`.
    if not 4 <= len(value) <= 80 or PLACEHOLDER.search(value) or other.lstrip()[:1] in _QUOTES:
        return
    start, end = match.span("value")
    type_ = compared_type(other, value)
    if type_ is None and _POSITION.search(other):
        command = _COMMAND.match(value)
        rest = _rest_of_line(text, start, end)
        if not command and value.isalpha() and len(value) >= 5 and _DENIED.search(rest):
            type_ = None if is_example(value) or not VOCABULARY.isdisjoint(parts(value)) else "PASSWORD"
    command = _COMMAND.match(value) if _is_input(other) else None
    if command and not is_placeholder(command["secret"]):
        yield Finding(start + command.start("secret"), end, "PASSWORD")
    elif type_:
        yield Finding(start, end, type_)


def _rest_of_line(text: str, start: int, end: int) -> str:
    """The line of a literal without the literal, in lower case."""
    first = max(text.rfind("\n", 0, start) + 1, start - 200)
    last = text.find("\n", end, end + 200)
    return lower_case(text[first:start] + text[end : last if last >= 0 else end + 200])


def compared_type(other: str, value: str) -> str | None:
    """Return what a literal is that is compared with the expression `other`; None if it is not a secret.

    >>> compared_type("pinController.text", "4711"), compared_type("code", "404")
    ('PIN', None)
    """
    names = _NAME.findall(other)
    words = [word for name in names for word in parts(name)]
    if not words and not _POSITION.search(other):
        return None
    if value.isdigit():
        pin = "pin" in words or "passcode" in words
        is_pin = pin and 4 <= len(value) <= 12
        return "PIN" if is_pin or ("code" in words and len(value) >= 6 and len(set(value)) > 3) else None
    if not _PASSWORDS.isdisjoint(words):
        return _type_of_named(names, words, value)
    if not _KEYS.isdisjoint(words):
        return "TOKEN" if is_token_like(value) and len(value) >= 12 else None
    if _is_input(other) and is_typed_password(value) and _is_certain(value):
        return "PASSWORD"
    return None


def _type_of_named(names: list[str], words: list[str], value: str) -> str | None:
    while len(words) > 1 and words[-1] in _NEUTRAL:
        words = words[:-1]
    last = next((meant for name in reversed(names) if (meant := meaning(name))), None) or meaning(
        "_".join(words)
    )
    if last and last.type == "PASSWORD" and last.strength == "strong" and " " not in value:
        return None if is_placeholder(value) else "PASSWORD"
    is_password = is_typed_password(value) and any(map(str.isdigit, value))
    return "PASSWORD" if is_password and ("hash" not in words or _is_certain(value)) else None


def _is_input(other: str) -> bool:
    words = [word for name in _NAME.findall(other) for word in parts(name)]
    return not _INPUTS.isdisjoint(words) or _POSITION.search(other) is not None


def _is_certain(value: str) -> bool:
    """Say if a value is clearly a password without a name that says so: letters, and digits or signs."""
    digits = sum(map(str.isdigit, value))
    letters = sum(map(str.isalpha, value))
    signs = sum(1 for character in value if character in "!@#$%^&*+~?")
    return len(value) >= 8 and letters >= 4 and (digits >= 2 or (digits >= 1 and signs >= 1))
