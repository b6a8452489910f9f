"""Finds what a user says is secret: values that are known, and matches of the user's and a company's rules.

Known are the values in denied files, and in environment variables with the name of a secret. The caller
passes the texts and the variables. A value is recognized by syntax alone, so it need not look secret. A
company's rules are in the TOML of gitleaks and Betterleaks, `[[rules]]` with an `id`. Their expressions are
Go's, which differ little from ours: `go_expression` translates them. What only describes a rule, and what
narrows it by other means (`filter`, `validate`), is left out, so that it finds more and not less. This is the
only module that imports `regex`: a user's expression may run forever, and Python's `re` cannot be stopped.
"""

import base64
import binascii
import math
import re
import tomllib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any, cast, get_args

import regex

from assist_context.regular_files import read_regular
from assist_escalation.errors import EscalationError
from assist_escalation.policy.patterns import AllowedPart, Allowlist, SecretPattern, SecretRule
from assist_escalation.redaction.findings import Check, Finding, RedactionError
from assist_escalation.redaction.normalization import fold
from assist_escalation.redaction.rule_tables import Rule
from assist_escalation.redaction.secret_names import meaning

LEAST = 8  # characters: shorter values occur in ordinary text by chance
MAX_VALUES = 20_000

_FEW = 500  # values, each of which is looked for by a pass over the text; of more, those whose ends it has
_PIECE = 1 << 16  # characters, or 10 ms, after which the time is checked

_SPLIT = re.compile(
    r"""
    [ \t]*(?:(?:export|declare|typeset|set)[ \t]+(?:-\w+[ \t]+)?)?   # a shell's
    ["']?[\w.@/:*-]+?["']?                 # the name
    [ \t]*(?:=>|:=|[:=])[ \t]*
    (?P<value>\S.*?)[ \t,;]*$
    """,
    re.VERBOSE,
)
_SET = re.compile(r"[ \t]*set(?:env|[ \t]+-\w+)[ \t]+\w+[ \t]+(?P<value>\S.*?)[ \t;]*$")  # of csh and fish
_COMMENTED = re.compile(r"[#;/]+[ \t]*(?P<line>(?:export[ \t]+)?\w+=(?P<value>\S+))$")  # no prose
_ITEM = re.compile(r"[ \t]*(?:-[ \t]+)+")  # of a list in YAML
_IN_BRACES = re.compile(r"[{,][ \t]*[\w.-]+:[ \t]+([^\s,{}\[\]][^,{}\[\]]*)")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"|' r"'((?:[^'\\\n]|\\.)*)'")
_ELEMENT = re.compile(r">([^<>\n]+)</")
_USER_INFO = re.compile(r"://([^\s/:@]*):([^\s/@]+)@")
_PAIR = re.compile(r"(?:password|login|account|secret|token|key)[ \t]+(\S+)", re.IGNORECASE)
_PGPASS = re.compile(r"[\w.*-]+(?::[^:\s]+){3}:\S+\Z")  # host:port:database:user:password
_ENCODED = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{8,400}={0,2}(?![\w+/=])")
_PLAIN = re.compile(r"[A-Za-z]+|[\d.:/-]+|true|false")


@dataclass(frozen=True, slots=True)
class Known:
    """Values to find anywhere, the longest first. The `repr` shows none of them."""

    values: tuple[str, ...] = field(default=(), repr=False)


def known_values(
    files: Mapping[str, str], environ: Mapping[str, str], data_files: Mapping[str, str] | None = None
) -> Known:
    """The values of at least `LEAST` characters in denied files (path to text) and in `environ`.

    `data_files` are files of data that a user denies for any reason: their plain words are not secrets.
    Of more than `MAX_VALUES`, the values in `environ` come first, then some of each file.

    >>> known_values({".env": "A=correct-horse"}, {"DB_PASSWORD": "battery-staple"}).values
    ('battery-staple', 'correct-horse')
    """
    values = [value for name, value in environ.items() if meaning(name) is not None]
    of_files = [_values_in_file(text) for text in files.values()]
    of_files += [
        (value for value in _values_in_file(text) if not _PLAIN.fullmatch(value))
        for text in (data_files or {}).values()
    ]
    parts_found = set[str]()
    for value in chain(values, _alternate(of_files)):
        # The password in a URL is also a value of its own.
        parts = (value, *(part for match in _USER_INFO.finditer(value) for part in match.groups()))
        parts_found.update(plain for part in parts if len(plain := "".join(map(fold, part)).strip()) >= LEAST)
        if len(parts_found) >= MAX_VALUES:
            break
    return Known(tuple(sorted(parts_found, key=lambda value: (-len(value), value))))


def _alternate(sources: Iterable[Iterator[str]]) -> Iterator[str]:
    """One value of each source, then the next of each, so that a long file leaves room for the others."""
    waiting = deque(sources)
    while waiting:
        source = waiting.popleft()
        for value in source:
            yield value
            waiting.append(source)
            break


def _values_in_file(text: str) -> Iterator[str]:
    for line in text.removeprefix("\ufeff").splitlines():
        yield from _values_in_line(line)
        if _ESCAPE.search(line):
            yield from _values_in_line(_ESCAPE.sub(lambda match: chr(int(match[1], 16)), line))


def _values_in_line(line: str) -> Iterator[str]:
    line = _ITEM.sub("", line.replace('"""', '"').replace("'''", "'"), count=1)
    bare = line.strip()
    if bare.startswith(("#", "//", ";")):
        comment = _COMMENTED.match(bare)
        if comment is None or _PLAIN.fullmatch(comment["value"]):
            return
        line = comment["line"]
        bare = line
    split = _SPLIT.match(line) or _SET.match(line)
    if split:
        yield from _unquote(split["value"])
    elif not re.search(r"\s", bare) and not bare.startswith(("-----", "[", "<")):
        yield bare.strip("\"'")  # a file that is only a token, or a line of a key
        yield from bare.split(":")
        yield from (cell.strip("\"'") for cell in re.split("[,;]", bare) if not _PLAIN.fullmatch(cell))
    if _PGPASS.match(bare):
        yield re.split(r"(?<!\\):", bare)[-1].replace("\\:", ":")
    for match in _ENCODED.finditer(line):
        yield from _decode_base64(match[0])
    for expression in (_QUOTED, _ELEMENT, _PAIR, _USER_INFO, _IN_BRACES):
        for match in expression.finditer(line):
            yield from (group for group in match.groups() if group)


def _decode_base64(digits: str) -> Iterator[str]:
    """Decode base64, as in a Secret of Kubernetes; of `user:password`, as in Docker, the password too."""
    try:
        text = base64.b64decode(digits, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return
    user, colon, password = text.partition(":")
    if text.strip().isprintable():
        yield text
    if colon and user.isprintable() and password.isprintable():
        yield password


def _unquote(value: str) -> Iterator[str]:
    match = _QUOTED.match(value)
    if match:
        inner = match[1] or match[2] or ""
        yield inner
        yield inner.replace('\\"', '"').replace("\\\\", "\\").replace("\\n", "\n")
        return
    yield value
    yield re.split(r"[ \t]+[#;]", value)[0].rstrip()  # without a comment after it
    if ";" in value and "=" in value:  # a connection string
        yield from (part.partition("=")[2] for part in value.split(";"))


def find_known(text: str, values: Known, check: Check) -> Iterator[Finding]:
    """Every occurrence of every value in `text`. `check` is called now and then."""
    many = len(values.values) > _FEW
    ends = _ends_met(text, values, check) if many else frozenset()
    for number, value in enumerate(values.values):
        if number % _FEW == 0:
            check()
        if many and len(value) >= LEAST and not (value[:LEAST] in ends and value[-LEAST:] in ends):
            continue
        place = text.find(value)
        while place >= 0:
            yield Finding(place, place + len(value), "KNOWN")
            place = text.find(value, place + len(value))


def _ends_met(text: str, values: Known, check: Check) -> Set[str]:
    """The first and last `LEAST` characters of values, as far as they are in `text`: one pass over it."""
    ends = {end for value in values.values for end in (value[:LEAST], value[-LEAST:])}
    ends_in_text = set[str]()
    for first in range(0, len(text), _PIECE):
        check()
        for place in range(first, min(first + _PIECE, len(text))):
            if (part := text[place : place + LEAST]) in ends:
                ends_in_text.add(part)
    return ends_in_text


_LONGEST = 10_000  # characters of one expression
_SECONDS = 0.2  # for one expression over one window; a normal one takes under a millisecond


@dataclass(frozen=True, slots=True)
class _CompiledPattern:
    """A user's expression, or a company's rule with its expression. `name` is for messages."""

    name: str
    regex: Any
    rule: SecretRule | None = None


@dataclass(frozen=True, slots=True)
class Patterns:
    """Compiled expressions, for the texts of one file if `path` is not empty."""

    compiled: tuple[_CompiledPattern, ...] = ()
    path: str = ""

    def find_in_text(self, text: str) -> "Patterns":
        """Those one of whose keywords is in `text`."""
        lower = text.lower() if any(one.rule for one in self.compiled) else ""
        findings = (
            one for one in self.compiled
            if not (one.rule and one.rule.keywords) or any(word in lower for word in one.rule.keywords)
        )  # fmt: skip
        return Patterns(tuple(findings), self.path)

    def find_in_path(self, path: str) -> "Patterns":
        """Those that are for a file; all, if its path is not known."""
        findings = (
            one for one in self.compiled
            if not (path and one.rule and one.rule.path) or _has_match(one, one.rule.path, path)
        )  # fmt: skip
        return Patterns(tuple(findings), path)


def compile_patterns(patterns: Sequence[SecretPattern]) -> Patterns:
    """Compile expressions and rules. `RedactionError` names the invalid one.

    >>> len(compile_patterns(["ACME-[0-9]+"]).compiled)
    1
    """
    return Patterns(tuple(map(_compile_pattern, patterns)))


def _compile_pattern(pattern: SecretPattern) -> _CompiledPattern:
    if isinstance(pattern, str):
        return _CompiledPattern(f"pattern {pattern!r}", _compile(pattern, f"pattern {pattern!r}"))
    name = f"rule {pattern.id!r}"
    compiled_pattern = _compile(pattern.expression, name)
    if compiled_pattern.search("") or pattern.group > compiled_pattern.groups:
        raise RedactionError(
            f"redaction {name} matches an empty text, or has no group {pattern.group}: correct it"
        )
    for allowlist in pattern.allowlists:
        for expression in (*allowlist.regexes, *allowlist.paths, pattern.path):
            _compile(expression, name)
    return _CompiledPattern(name, compiled_pattern, pattern)


@cache
def _compile(expression: str, name: str) -> Any:
    if len(expression) > _LONGEST:
        raise RedactionError(f"redaction {name} has more than {_LONGEST:,} characters: split it")
    try:
        return regex.compile(expression)
    except (regex.error, RecursionError) as error:  # groups 1,000 deep
        raise RedactionError(f"redaction {name} cannot be read ({error}): correct it") from error


def find_patterns(text: str, patterns: Patterns) -> Iterator[Finding]:
    """Find what expressions match: the group that a rule names, else the first group, if there is one."""
    for one in patterns.compiled:
        try:
            for match in one.regex.finditer(text, timeout=_SECONDS):
                group = one.rule.group if one.rule else 0
                groups = range(1, one.regex.groups + 1)
                start, end = match.span(group or next((number for number in groups if match[number]), 0))
                secret = (start, end, "CUSTOM")
                if end > start and not (
                    one.rule and _is_allowed(one, one.rule, match, secret, patterns.path)
                ):
                    yield Finding(*secret)
        except TimeoutError as error:
            raise _too_slow(one) from error


def _is_allowed(
    one: _CompiledPattern, rule: SecretRule, match: Any, place: tuple[int, int, str], path: str
) -> bool:
    """Return whether a rule, or an allowlist of it, says that what it matched is not a secret."""
    text = match.string
    secret = text[place[0] : place[1]]
    if rule.entropy and _entropy(secret) <= rule.entropy:
        return True
    line = text[text.rfind("\n", 0, place[0]) + 1 : place[1]] + text[place[1] :].partition("\n")[0]
    for allowlist in rule.allowlists:
        target = {"secret": secret, "match": match[0], "line": line}[allowlist.target]
        checks = [
            any(_has_match(one, expression, target) for expression in allowlist.regexes),
            any(word in secret.lower() for word in allowlist.stopwords),
            bool(path) and any(_has_match(one, expression, path) for expression in allowlist.paths),
        ]
        lists = (allowlist.regexes, allowlist.stopwords, allowlist.paths)
        if any(checks) and not (allowlist.every and sum(checks) < sum(map(bool, lists))):
            return True
    return False


def _has_match(one: _CompiledPattern, expression: str, text: str) -> bool:
    try:
        return _compile(expression, one.name).search(text, timeout=_SECONDS) is not None
    except TimeoutError as error:
        raise _too_slow(one) from error


def _too_slow(one: _CompiledPattern) -> RedactionError:
    return RedactionError(f"redaction {one.name} took too long, so nothing is sent: make it simpler")


def _entropy(secret: str) -> float:
    """Bits a character, by Shannon."""
    shares = [count / len(secret) for count in Counter(secret).values()]
    return -sum(share * math.log2(share) for share in shares)


_MAX_BYTES = 1 << 19  # the rules of gitleaks take 120 KB; 1 MB of alternatives takes 6 s at each start
_MAX_RULES = 2000
_GO_QUOTE = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_POINT = re.compile(r"\\x\{([0-9A-Fa-f]{1,8})\}")
_UNKNOWN = re.compile(r"(?<!\\)(?:\\\\)*(?P<sign>\\C|\(\?[imsU]*U)")  # a byte, and lazy by default


def load_rules_file(path: str) -> tuple[SecretRule, ...]:
    """The rules of the file at `path`. `EscalationError` says what is wrong with it, and the remedy."""
    try:
        raw = read_regular(path, _MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise EscalationError(f"{path} is larger than {_MAX_BYTES:,} bytes: remove some of its rules")
        return read_rules_file(raw.decode(), path)
    except OSError as error:
        raise EscalationError(f"{path} cannot be read ({error.strerror}): make it readable") from error
    except UnicodeDecodeError as error:
        raise EscalationError(f"{path} is not in UTF-8: save it as UTF-8") from error


def read_rules_file(text: str, name: str) -> tuple[SecretRule, ...]:
    """The rules of a file `name`. `EscalationError` names the rule that cannot be used, and the remedy.

    >>> read_rules_file('[[rules]]\\nid = "acme"\\nregex = "acme-[0-9]{8}"', "x.toml")[0].expression
    'acme-[0-9]{8}'
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # lists 1,000 deep
        raise EscalationError(f"{name} is not valid TOML ({error}): correct it") from error
    if "path" in _table(document.get("extend", {}), name, "extend"):
        raise EscalationError(f"{name}: extend.path names a file, which is not read: copy its rules here")
    tables = document.get("rules")
    if not isinstance(tables, list) or not 0 < len(tables) <= _MAX_RULES:
        raise EscalationError(f"{name} has no [[rules]], or more than {_MAX_RULES}: correct it")
    everywhere = tuple(_allowlists(Rule(name, document)))
    rules = tuple(_rule(table, f"{name}, rule {at}", everywhere) for at, table in enumerate(tables, 1))
    compile_patterns(rules)
    return rules


def _rule(value: object, place: str, everywhere: tuple[Allowlist, ...]) -> SecretRule:
    table = _table(value, place, "rules")
    rule = Rule(f"{place} ({Rule(place, table).text('id')})", table)
    if "regex" not in table:
        raise EscalationError(f"{rule.name} has no regex: to block files by their names, use [egress] deny")
    group = table.get("secretGroup", 0)
    entropy = table.get("entropy", 0.0)
    if type(group) is not int or group < 0 or type(entropy) not in (int, float):
        raise rule.error("secretGroup", "and entropy must be numbers, 0 or more")
    return SecretRule(
        rule.text("id"),
        go_expression(rule.text("regex"), rule.name),
        group,
        _words(rule, "keywords"),
        float(entropy),
        go_expression(rule.text("path"), rule.name) if "path" in table else "",
        (*_allowlists(rule), *everywhere),
    )


def _allowlists(rule: Rule) -> Iterator[Allowlist]:
    """The allowlists of a rule or of a whole file; `[allowlist]` is the older way to write one."""
    for value in (*_several(rule, "allowlist"), *_several(rule, "allowlists")):
        table = Rule(rule.name, _table(value, rule.name, "allowlist"))
        target = table.values.get("regexTarget", "secret")
        condition = str(table.values.get("condition", "OR")).upper()
        if target not in get_args(AllowedPart) or condition not in ("OR", "||", "AND", "&&"):
            raise rule.error("regexTarget", "is secret, match or line, and condition OR or AND")
        if "targetRules" in table.values:
            raise rule.error("targetRules", "is not supported, so write the allowlist in each rule")
        row = Allowlist(
            tuple(go_expression(regex, rule.name) for regex in _words(table, "regexes")),
            _words(table, "stopwords"),
            tuple(go_expression(regex, rule.name) for regex in _words(table, "paths")),
            cast("AllowedPart", target),
            condition in ("AND", "&&"),
        )
        if row.regexes or row.stopwords or row.paths:  # else it is for commits
            yield row


def _words(rule: Rule, key: str) -> tuple[str, ...]:
    words = rule.words(key) if rule.values.get(key) else ()
    return tuple(map(str.lower, words)) if key in ("keywords", "stopwords") else words


def _several(rule: Rule, key: str) -> list[Any]:
    value = rule.values.get(key, [])
    return value if isinstance(value, list) else [value]


def go_expression(expression: str, place: str) -> str:
    r"""Go's regular expression as ours. Raises `EscalationError` for what we have not.

    >>> go_expression(r"\Qa.b\E[[:alnum:]]+\z", "x")
    'a\\.b[[:alnum:]]+\\Z'
    """
    if unknown := _UNKNOWN.search(expression):
        raise EscalationError(
            f"{place}: {unknown['sign']} in its expression is not supported: write it differently"
        )
    expression = _GO_QUOTE.sub(lambda match: re.escape(match[1]), expression)
    expression = _POINT.sub(lambda match: f"\\U{int(match[1], 16):08x}", expression)
    return re.sub(r"(?<!\\)((?:\\\\)*)\\z", r"\1\\Z", expression)


def _table(value: object, place: str, key: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise EscalationError(f"{place}: {key} must be a table: correct it")
    return value
