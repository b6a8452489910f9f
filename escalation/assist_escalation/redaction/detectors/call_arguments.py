"""Secrets among the arguments of calls that take credentials, found by the function's name and the position.

The functions are in `call_arguments.toml`. This module knows what a call and an argument look like. Calls
that name the secret, such as `setPassword("x")` and `connect(password="x")`, are in `assignments`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from assist_escalation.redaction.contexts.comparisons import compared_type
from assist_escalation.redaction.contexts.named_places import is_mixed, is_token_like, is_typed_password
from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.rule_tables import Rule, read_rules
from assist_escalation.redaction.secret_names import VOCABULARY, meaning, parts
from assist_escalation.redaction.secret_values import (
    is_example,
    is_generated,
    is_passphrase,
    is_placeholder,
    is_structured,
    looks_random,
)

_KEYS = "arguments functions"
_WORDS = "logins no_login makers users connects finders checks passwords cryptic sums"
_RULES = read_rules(
    __package__,
    "call_arguments.toml",
    {
        "sure": _KEYS,
        "often": _KEYS,
        "keys": _KEYS,
        "pairs": "names",
        "builders": "endings",
        "stores": "functions",
        "words": _WORDS,
        "comparisons": "functions",
    },
)


def _list_arguments(rules: tuple[Rule, ...]) -> dict[str, tuple[int, ...]]:
    """Return which arguments of each function may be a secret."""
    return {name: rule.numbers("arguments") for rule in rules for name in rule.words("functions")}


_SURE = _list_arguments(_RULES["sure"])
_OFTEN = _list_arguments(_RULES["often"])
_PAIRS = frozenset(name for rule in _RULES["pairs"] for name in rule.words("names"))
_SECRET_KEYS = _list_arguments(_RULES["keys"])
_BUILDERS = tuple(ending for rule in _RULES["builders"] for ending in rule.words("endings"))
_COMPARISONS = frozenset(name for rule in _RULES["comparisons"] for name in rule.words("functions"))

_TABLES = ((_SURE, True), (_SECRET_KEYS, True), (_OFTEN, False))
_STORES = frozenset(name for rule in _RULES["stores"] for name in rule.words("functions"))
_LOGINS, _NO_LOGIN, _MAKERS, _USERS, _CONNECTS, _FINDERS, _CHECKS, _PASSWORDS, _CRYPTIC, _SUMS = (
    frozenset(_RULES["words"][0].words(key)) for key in _WORDS.split()
)

_WITH_RECEIVER = {name.rpartition(".")[2] for name in (*_SURE, *_SECRET_KEYS, *_OFTEN) if "." in name}
_CALL = re.compile(
    r"""
    (?<!\w)(?P<name>[A-Za-z_]\w{1,40}+[?!]?)
    (?:
        (?<=require)\(["'][\w@/.-]{1,40}["']\)\(          # require("name")(
      | (?:!|\[\w{1,20}\]|<\w{1,30}>)?[ \t]{0,2}\(        # name(, name[Type](
      | [ ](?=["':][\w"'])                              # Ruby, Haskell: no brackets
      | (?P<list>\\?["']?[ \t]{0,2}(?:=>|[=:])[ \t]{0,2}[(\[{])   # name=[ or "name": [
    )
    (?=[ \t\r\n]{0,40}[\w$"'`@&\[{:(])                      # not an empty one
    """,
    re.VERBOSE,
)
_RECEIVER = re.compile(r"(\w{1,40})(?:\(\))?(?:\.|::|->|:)\Z")
_ARGUMENT = re.compile(
    r"""
    [ \t\r\n]{0,60}+
    (?:
        # a literal, which two calls may wrap: []byte("...")
        (?:(?:\[\]byte|(?:new[ ])?[A-Za-z_][\w.:]{0,40})\(){0,2}+[rbufLN@$]{0,2}(?P<q>\\?["'`])
        (?P<v>(?:(?!(?P=q))(?:\\.|[^\\\r\n])){0,200}+)(?P=q)
        (?:[ ]?(?:\.\w{1,20}(?:\([^()\n]{0,40}\))?|as[ ]\w+|\))){0,4}?
        # any other expression, with one call in it at most
      | [^,()"'`\r\n{]{0,80}+(?:(?:\([^()\r\n]{0,80}\)|\{[^{}\r\n]{0,160}\})[^,()"'`\r\n]{0,40}+)?
    )
    (?:[ \t\r\n]{0,60}+(?P<end>[,)\]};])|[ \t]{0,60}+$)
    """,
    re.MULTILINE | re.VERBOSE,
)
_NUMBER = re.compile(r"\s*\d{1,6}\s*[,)]")  # a port, a timeout
_DIGEST = re.compile(r"(?:sha-?\d{1,3}|md5)", re.IGNORECASE)
_SCHEMES = ("basic", "digest", "ntlm")
_MOST = 7  # arguments that are read
_ADDRESS = re.compile(
    r"""
      ://                                 # a URL
    | \A[\w.-]+(?::\d+|/[\w.-]+)+\Z       # host:port, a path
    | \A\d+(?:\.\d+){3}                  # an IPv4 address
    | \A[\w.+-]+@[\w-]+\.[\w.-]+\Z        # an e-mail address
    | \A[\w-]+(?:\.[\w-]+){2,}\Z          # a host
    | \A[\w-]+\.(?:com|org|net|io|dev|app|de|fr|uk|eu|ru|cn|local|internal|lan|test|example|host|svc)\Z
    | \A[\w.]+,|\A(?:cn|uid|dc|ou|o)=       # a name in a directory
    """,
    re.VERBOSE,
)
_CAMEL = re.compile(r"[a-z]+(?:[A-Z][a-z]+){2,}")  # a phrase, and not the name of a variable
_PHRASE = re.compile(r"[a-z]+[.-][a-z]+")
_USER = re.compile(r"[\w.@\\+-]{1,60}\Z")


def find_calls(text: str) -> Iterator[Finding]:
    """Every literal where a function takes a password or a key.

    >>> text = 'auth = HTTPBasicAuth("me", "hunter2")'
    >>> [text[finding.start : finding.end] for finding in find_calls(text)]
    ['hunter2']
    """
    for call in _CALL.finditer(text):
        name = _read_name(call)
        is_list = call["list"] is not None
        role = _role(name)
        if role is None or (is_list and not (role.listed or role.indexes or role.receivers)):
            continue
        arguments: list[re.Match[str]] | None = None
        secret_arguments = _secret_arguments(text, call, name, role)
        if secret_arguments:
            arguments = _read_arguments(text, call.end())
            third = arguments[2]["v"] if len(arguments) > 2 else None
            a_list = is_list and role.listed and third is not None and third not in _SCHEMES
            indexes, sure = secret_arguments
            sure &= not is_list or role.listed  # github: ["bob", "eve"] is no call
            finding = None if a_list else _find_among(arguments, indexes, sure)
            if finding:
                yield finding
                continue
        if is_list or not role.others:
            continue
        arguments = arguments or _read_arguments(text, call.end())
        if role.compares:
            yield from _find_compared(arguments)
        elif role.typed and (typed_finding := _find_typed(arguments, role.typed, parts(name))):
            yield typed_finding
        elif role.stores:
            yield from _find_stored(arguments)
        elif role.builds:
            yield from _find_generated(arguments, signs=name.lower().endswith(_BUILDERS))


@dataclass(frozen=True, slots=True)
class _ArgumentRole:
    """The use that a function makes of its arguments."""

    indexes: tuple[int, ...] = ()  # the arguments that may be the secret, whatever it is called on
    sure: bool = False
    receivers: bool = False  # it may be the secret if it is called on some objects
    listed: bool = False  # a name of an argument with a user and a password
    compares: bool = False
    builds: bool = False
    stores: bool = False
    typed: tuple[int, ...] = ()  # the arguments that may be a password which a person made

    @property
    def others(self) -> bool:
        return self.compares or self.builds or self.stores or bool(self.typed)


@lru_cache(maxsize=8192)
def _role(name: str) -> _ArgumentRole | None:
    """Return the function's role, by its name in lower case with the words still apart: None if nothing."""
    lower = name.lower()
    words = parts(name)
    indexes, sure = next(
        ((table[lower], sure) for table, sure in _TABLES if lower in table), ((), False)
    )  # fmt: skip
    role = _ArgumentRole(
        indexes,
        sure,
        receivers=lower in _WITH_RECEIVER,
        listed=lower in _PAIRS,
        compares=lower in _COMPARISONS,
        builds=lower.endswith(_BUILDERS) or (not _CRYPTIC.isdisjoint(words) and _SUMS.isdisjoint(words)),
        stores=lower in _STORES,
        typed=_typed_arguments(words),
    )
    return None if role == _NO_ROLE else role


_NO_ROLE = _ArgumentRole()


def _typed_arguments(words: list[str]) -> tuple[int, ...]:
    """Return which arguments may be a password that a person made, by the words of the function's name."""
    if not _NO_LOGIN.isdisjoint(words):
        return ()
    if not _LOGINS.isdisjoint(words):
        return (1, 2, 0)
    if not _MAKERS.isdisjoint(words) and not _USERS.isdisjoint(words):
        return (1, 2, 3)
    if not _FINDERS.isdisjoint(words):
        return ()
    if words[-1:] and (words[-1] in _USERS or not _CONNECTS.isdisjoint(words)):
        return (1, 2, 3, 4)
    return (0, 1) if not _CHECKS.isdisjoint(words) else ()


def _find_typed(
    arguments: Sequence[re.Match[str]], indexes: tuple[int, ...], words: Sequence[str]
) -> Finding | None:
    has_name = not _PASSWORDS.isdisjoint(words)
    sure = words[-1] in ("credential", "credentials") and len(arguments) == 2 and arguments[0]["v"]
    for index in indexes:
        value = arguments[index]["v"] if index < len(arguments) else None
        if value and sure and index == 1 and len(value) >= 4 and not (" " in value or is_placeholder(value)):
            return Finding(*arguments[index].span("v"), "PASSWORD")
        if value and "unlock" in words and value.isdigit() and 4 <= len(value) <= 8:
            return Finding(*arguments[index].span("v"), "PIN")
        if value and ((_is_typed(value) and (has_name or is_mixed(value))) or is_passphrase(value)):
            return Finding(*arguments[index].span("v"), "PASSWORD")
    return None


def _is_typed(value: str) -> bool:
    return is_typed_password(value) and not is_generated(value)


def _find_stored(arguments: Sequence[re.Match[str]]) -> Iterator[Finding]:
    """A generated value that is stored under a name, as a cookie or a header."""
    if len(arguments) < 2 or not arguments[0]["v"] or not arguments[1]["v"]:
        return
    if _SUMS.isdisjoint(parts(arguments[0]["v"])) and is_generated(arguments[1]["v"]):
        yield Finding(*arguments[1].span("v"), "SECRET")


def _read_name(call: re.Match[str]) -> str:
    """The name of what is called: the module's of `require("twilio")("...")`."""
    if call["name"] in ("new", "create", "build"):  # User.new("bob", "...")
        receiver = _RECEIVER.search(call.string, max(0, call.start() - 43), call.start())
        if receiver and parts(receiver[1])[-1:] and parts(receiver[1])[-1] in _USERS:
            return receiver[1]
    if call["name"] == "require":
        return call[0].partition("(")[2].strip("\"')(").rpartition("/")[2]
    return call["name"].rstrip("?!")


def _secret_arguments(
    text: str, call: re.Match[str], name: str, role: _ArgumentRole
) -> tuple[tuple[int, ...], bool] | None:
    """Return which arguments may be the secret, and whether they can be nothing else."""
    if call["list"] and role.listed:
        return (1,), True
    if role.receivers and (receiver := _RECEIVER.search(text, max(0, call.start() - 43), call.start())):
        bare = receiver[1].rstrip("0123456789")
        maker = re.search(rf"\b{receiver[1]} = (?:new )?(\w+)\(", text)  # encoder = new TextEncoder()
        for owner in dict.fromkeys((maker[1].lower() if maker else "", bare.lower(), *parts(bare)[-1:])):
            for functions, sure in _TABLES:
                if (whole := f"{owner}.{name.lower()}") in functions:
                    return functions[whole], sure
    return (role.indexes, role.sure) if role.indexes else None


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
    has_address = False
    for index in indexes:
        value = arguments[index]["v"] if index < len(arguments) else None
        if not value:
            continue
        if _ADDRESS.search(value):
            has_address = len(arguments) == 3  # connect("bob", "...", "host/database")
            continue
        literals = [argument["v"] for argument in arguments[: index + 1] if argument["v"]]
        pair = len(literals) == len(arguments) == 2 and "@" in literals[0]
        if (
            not (sure or pair or (has_address and len(literals) == 2 and _USER.match(literals[0])))
            and (" " in value or not is_structured(value))
            and (len(literals) < 3 or not _USER.match(literals[-2]))
        ):
            continue
        words = (
            sure
            and (_PHRASE.fullmatch(value) or is_passphrase(value))
            and VOCABULARY.isdisjoint(parts(value))
        )
        harmless = len(value) < 4 or (
            is_example(value) if words or _CAMEL.fullmatch(value) else is_placeholder(value)
        )
        return None if harmless else Finding(*arguments[index].span("v"), "PASSWORD")
    return None


def _find_compared(arguments: Sequence[re.Match[str]]) -> Iterator[Finding]:
    """The literal that is compared with a variable whose name means a password."""
    for one, two in pairwise(arguments[:4]):
        for literal, other in ((one, two), (two, one)):
            if other["v"] is None and literal["v"] and (type_ := compared_type(other[0], literal["v"])):
                yield Finding(*literal.span("v"), type_)
                continue
            names = re.findall(r"\w+", other[0]) if other["v"] is None else []
            meant = meaning(names[-1]) if names else None
            value = literal["v"]
            if not meant or not value or len(value) < 4 or is_placeholder(value):
                continue
            if meant.type in ("PASSWORD", "PIN") or (meant.type != "SECRET" and is_token_like(value)):
                yield Finding(*literal.span("v"), meant.type)


def _find_generated(arguments: Sequence[re.Match[str]], *, signs: bool) -> Iterator[Finding]:
    """The literals that a machine made. `signs`: one may have signs of many kinds, as JSON has."""
    if not signs and any(argument["v"] and _DIGEST.fullmatch(argument["v"]) for argument in arguments):
        return  # sign(lines, "sha256", "..."): the digest of what is signed
    for argument in arguments:
        if argument["v"] and (is_generated(argument["v"]) or (signs and looks_random(argument["v"]))):
            yield Finding(*argument.span("v"), "API_KEY")
