"""Secrets among the arguments of calls that take credentials, found by the function's name and the position.

The functions are in `call_arguments.toml`. This module knows what a call and an argument look like. Calls
that name the secret, such as `setPassword("x")` and `connect(password="x")`, are in `assignments`.
"""

import re
from collections.abc import Iterator, Sequence

from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.rule_tables import Rule, read_rules
from assist_escalation.redaction.secret_names import meaning
from assist_escalation.redaction.secret_values import (
    is_generated,
    is_placeholder,
    is_structured,
    looks_random,
)

_KEYS = "arguments functions"
_RULES = read_rules(
    __package__,
    "call_arguments.toml",
    {"sure": _KEYS, "often": _KEYS, "builders": "endings", "comparisons": "functions"},
)


def _arguments_of(rules: tuple[Rule, ...]) -> dict[str, tuple[int, ...]]:
    """Which arguments of each function may be a secret."""
    return {name: rule.numbers("arguments") for rule in rules for name in rule.words("functions")}


_SURE = _arguments_of(_RULES["sure"])
_OFTEN = _arguments_of(_RULES["often"])
_BUILDERS = tuple(ending for rule in _RULES["builders"] for ending in rule.words("endings"))
_COMPARISONS = frozenset(name for rule in _RULES["comparisons"] for name in rule.words("functions"))

_WITH_RECEIVER = {name.rpartition(".")[2] for name in _SURE if "." in name}
_CALL = re.compile(
    r"""
    (?<!\w)(?P<name>[A-Za-z_]\w{1,40}+)(?:\[\w{1,20}\])?+   # a name, and a type in brackets
    (?:
        [ \t]{0,2}\(                                      # name(
      | (?P<list>\\?["']?[ \t]{0,2}[=:][ \t]{0,2}[(\[])   # name=[ or "name": [
    )
    (?=[ \t\r\n]{0,40}[\w$"'`@&\[])                      # not an empty one
    """,
    re.VERBOSE,
)
_RECEIVER = re.compile(r"(\w{1,40})(?:\.|::|->|:)\Z")
_ARGUMENT = re.compile(
    r"""
    [ \t\r\n]{0,60}+
    (?:
        # a literal, which one call may wrap: []byte("...")
        (?P<wrap>(?:\[\]byte|[A-Za-z_][\w.:]{0,30})\()?[rbufLN@$]{0,2}(?P<q>\\?["'`])
        (?P<v>(?:(?!(?P=q))(?:\\.|[^\\\r\n])){0,200}+)(?P=q)(?:\.\w{1,20}\(\))?(?(wrap)\))
        # any other expression, with one call in it at most
      | [^,()"'`\r\n]{0,80}+(?:\([^()\r\n]{0,80}\)[^,()"'`\r\n]{0,40}+)?
    )
    [ \t\r\n]{0,60}+(?P<end>[,)\]])
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"\s*\d{1,6}\s*[,)]")  # a port, a timeout
_MOST = 7  # arguments that are read
_ADDRESS = re.compile(
    r"""
      ://                                 # a URL
    | \A[\w.-]+(?::\d+|/[\w.-]+)+\Z       # host:port, a path
    | \A\d+(?:\.\d+){3}                  # an IPv4 address
    | \A[\w.+-]+@[\w-]+\.[\w.-]+\Z        # an e-mail address
    | \A[\w-]+(?:\.[\w-]+)+\Z             # a host
    """,
    re.VERBOSE,
)
_USER = re.compile(r"[\w.@\\+-]{1,60}\Z")


def find_calls(text: str) -> Iterator[Finding]:
    """Every literal where a function takes a password or a key.

    >>> text = 'auth = HTTPBasicAuth("me", "hunter2")'
    >>> [text[each.start : each.end] for each in find_calls(text)]
    ['hunter2']
    """
    for call in _CALL.finditer(text):
        name = call["name"].lower()
        secret_arguments = _secret_arguments(text, call, name)
        compares = not call["list"] and name in _COMPARISONS
        builds = not call["list"] and name.endswith(_BUILDERS)
        if not (secret_arguments or compares or builds):
            continue
        arguments = _read_arguments(text, call.end())
        if secret_arguments and (finding := _find_among(arguments, *secret_arguments)):
            yield finding
        elif compares:
            yield from _find_compared(arguments)
        elif builds:
            yield from _find_generated(arguments)


def _secret_arguments(text: str, call: re.Match[str], name: str) -> tuple[tuple[int, ...], bool] | None:
    """Which arguments may be the secret, and whether they can be nothing else."""
    receiver = (
        _RECEIVER.search(text, max(0, call.start() - 43), call.start()) if name in _WITH_RECEIVER else None
    )
    whole = f"{receiver[1].lower().rstrip('0123456789')}.{name}" if receiver else name
    if whole in _SURE or name in _SURE:
        return _SURE.get(whole) or _SURE[name], True
    return (_OFTEN[name], False) if name in _OFTEN else None


def _read_arguments(text: str, start: int) -> list[re.Match[str]]:
    arguments = list[re.Match[str]]()
    while len(arguments) < _MOST and (match := _ARGUMENT.match(text, start)):
        start = match.end()
        if not arguments or not _NUMBER.match(match[0]):
            arguments.append(match)
        if match["end"] != ",":
            break
    return arguments


def _find_among(arguments: Sequence[re.Match[str]], indexes: tuple[int, ...], sure: bool) -> Finding | None:
    for index in indexes:
        value = arguments[index]["v"] if index < len(arguments) else None
        if not value or _ADDRESS.search(value):
            continue
        literals = [each["v"] for each in arguments[: index + 1] if each["v"]]
        if not sure and not is_structured(value) and (len(literals) < 3 or not _USER.match(literals[-2])):
            continue
        harmless = len(value) < 4 or is_placeholder(value)
        return None if harmless else Finding(*arguments[index].span("v"), "PASSWORD")
    return None


def _find_compared(arguments: Sequence[re.Match[str]]) -> Iterator[Finding]:
    """The literal that is compared with a variable whose name means a password."""
    if len(arguments) < 2:
        return
    for literal, other in ((arguments[0], arguments[1]), (arguments[1], arguments[0])):
        names = re.findall(r"\w+", other[0]) if other["v"] is None else []
        meant = meaning(names[-1]) if names else None
        value = literal["v"]
        if meant and meant.type == "PASSWORD" and value and len(value) >= 4 and not is_placeholder(value):
            yield Finding(*literal.span("v"), "PASSWORD")


def _find_generated(arguments: Sequence[re.Match[str]]) -> Iterator[Finding]:
    for argument in arguments:
        if argument["v"] and (is_generated(argument["v"]) or looks_random(argument["v"])):
            yield Finding(*argument.span("v"), "API_KEY")
