"""Finds values that are assigned to the name of a secret, as languages and file formats write it.

This module knows when a value is assigned, and when a word without quotes is a value. Values that are longer
than a window are looked for in the whole text, in time that grows with its length alone. The expressions are
in `assignment_syntax.toml`, the names of secrets in `secret_names`, and the values that can be one in
`secret_values`. Other ways to pass a secret, such as URLs and command lines, are in `phrases`.
"""

import re
from collections.abc import Iterator

from assist_escalation.prompts import PLACEHOLDER
from assist_escalation.redaction.contexts.named_expressions import (
    find_in_branches,
    find_returned,
    find_swapped,
)
from assist_escalation.redaction.contexts.named_places import NamedPlace, finding_if_secret, named_places
from assist_escalation.redaction.contexts.rows import find_in_rows, find_parallel
from assist_escalation.redaction.contexts.secret_groups import (
    find_in_accounts,
    find_in_group,
    find_in_sections,
)
from assist_escalation.redaction.detectors.token_formats import find_long_tokens
from assist_escalation.redaction.findings import Check, Finding, TextKind
from assist_escalation.redaction.rule_tables import read_expressions, read_words
from assist_escalation.redaction.secret_names import Meaning, meaning, parts
from assist_escalation.redaction.secret_values import (
    is_example,
    is_generated,
    is_jumbled,
    is_random,
    is_secret,
    is_structured,
)

_SYNTAX = read_expressions(__package__, "assignment_syntax.toml")
(VARIABLES,) = read_words(__package__, "assignments.toml", "variables")

_MAX_CONTEXTS = 60  # names of a text that are looked around: 4 KB of dense code have 30
_SECRET = Meaning("SECRET", "strong")
_CONTEXTS = (find_in_group, find_returned, find_in_branches, find_swapped, find_in_rows)


def find_assignments(text: str, kind: TextKind) -> Iterator[Finding]:
    """Every literal that is assigned to a secret's name.

    >>> text = "db_password: hunter2"
    >>> [text[finding.start : finding.end] for finding in find_assignments(text, "data")]
    ['hunter2']
    """
    for count, place in enumerate(named_places(text, kind)):
        parallel = list(find_parallel(place)) if count < _MAX_CONTEXTS else []
        if parallel:  # `user, password = "root", "..."`: the first value is the user's
            yield from parallel
            continue
        hit = _find_direct(place) or _find_indirect(place) or _find_after_blank(place) or _find_loose(place)
        if hit is not None:
            yield hit
            yield from _find_other_items(place, hit)
        for find in _CONTEXTS if count < _MAX_CONTEXTS else ():
            yield from find(place)
    yield from find_in_accounts(text)
    yield from find_in_sections(text, kind)


def _find_other_items(place: NamedPlace, hit: Finding) -> Iterator[Finding]:
    """The other items of a list whose first item was found."""
    item = (
        _SYNTAX["item"].match(place.text, hit.end)
        if _SYNTAX["in_list"].search(place.text, max(0, hit.start - 9), hit.start)
        else None
    )
    while item:
        each = finding_if_secret(place, item)
        if each:
            yield each
        item = _SYNTAX["item"].match(place.text, item.end("value"))


def _find_direct(place: NamedPlace) -> Finding | None:
    sign = _SYNTAX["sign"].match(place.text, place.end)
    if not sign or not _assigns(place, sign["sign"]):
        return None
    if sign["sign"] == "," and ")" in place.text[place.end : sign.start("sign")]:
        return None  # the call has ended
    operator = sign["sign"].replace("*", "")
    if operator.endswith(">") and operator not in ("=>", "->"):
        return _find_element(place, sign.end("sign"))
    is_comparison = operator in ("==", "!=", "===", "!==", "=~")
    hit = _find_quoted(place, sign.end(), call=operator in ("(", ","), is_comparison=is_comparison)
    if hit or operator not in ("=", ":", ": ", ":=", "=>", "?=", ":-"):
        return hit
    if "\n" not in place.text[sign.end("sign") : sign.end()]:
        return _find_unquoted(place, sign.end(), operator)
    line = (
        _SYNTAX["line"].match(place.text, sign.end()) if place.kind == "data" and operator[0] == ":" else None
    )
    return _find_unquoted(place, sign.end(), operator) if line and ":" not in line["value"] else None


def _find_element(place: NamedPlace, start: int) -> Finding | None:
    """The text of an element, or what Jenkins encrypted there."""
    brace = _SYNTAX["braced"].match(place.text, start)
    if brace and any(map(is_random, brace["value"].split())):
        return Finding(*brace.span("value"), place.meaning.type)
    return finding_if_secret(place, _SYNTAX["element"].match(place.text, start), bare=True)


def _assigns(place: NamedPlace, sign: str) -> bool:
    """Return whether the sign assigns a value, as in `put("password", "...")`, and not in a list of names."""
    if sign == ",":
        if place.name.startswith("--"):  # ["--password", "..."]
            return True
        opens = _SYNTAX["opens_call"].search(place.text, max(0, place.start - 60), place.start)
        # put("PASSWORD", "...") and put(PASSWORD, "..."), but not call(password, "...")
        return opens is not None and (not opens[0].rstrip().endswith("(") or _is_constant(place.name))
    if sign[0] == ":" and _SYNTAX["branch"].search(place.text, max(0, place.start - 20), place.start):
        return False  # `passed ? "PASS" : "FAIL"`
    return sign != "(" or _takes_one(place.name)


def _is_constant(name: str) -> bool:
    return name.rpartition(".")[2].isupper() and "_" in name


def _takes_one(name: str) -> bool:
    """Say if a function's name ends with the word for a secret: `db.setPassword`, not `pwd.getpwnam`."""
    words = parts(name.rpartition(".")[2])
    if name.endswith((".equals", ".equalsIgnoreCase")):
        words = parts(name.rpartition(".")[0])
    return bool(words) and (words[-1] == "key" or meaning(words[-1]) is not None)


def _find_indirect(place: NamedPlace) -> Finding | None:
    sign = _SYNTAX["indirect"].match(place.text, place.end)
    if not sign:
        return None
    return _find_quoted(place, sign.end()) or _find_unquoted(place, sign.end(), ":")


def _find_after_blank(place: NamedPlace) -> Finding | None:
    """`--password hunter2`, `ENV PASSWORD hunter2`, `PASSWORD 'hunter2'`."""
    sign = _SYNTAX["after_blank"].match(place.text, place.end)
    if not sign:
        return None
    head = place.text[max(0, place.start - 100) : place.start]
    dashes = place.name[: len(place.name) - len(place.name.lstrip("-"))]
    anchor = place.kind == "data" and head.endswith("&")  # key: &password value
    attribute = head.endswith(("@", " $")) and head.rpartition("\n")[2].strip() in ("@", "set $")
    prompt = anchor or attribute or _SYNTAX["flag"].search(head + dashes) or _SYNTAX["command"].search(head)
    if prompt or (place.meaning.strength == "strong" and place.name.lower() != "pass"):
        hit = _find_quoted(place, sign.end(), call=True)
        if hit:
            return hit
    if not prompt or place.name == "pass":
        return None
    match = _SYNTAX["bare"].match(place.text, sign.end())
    if match and (
        (match["value"].isupper() and not any(map(str.isdigit, match["value"]))) or match["value"][0] in "-=["
    ):
        return None  # usage: --password PASSWORD
    if match and match["value"].lower() in VARIABLES:
        return None
    return finding_if_secret(place, match, bare=True)


def _find_loose(place: NamedPlace) -> Finding | None:
    """A generated value near its name: `token - 'x'`, `API key x`, `|token|x|`."""
    match = _SYNTAX["loose"].match(place.text, place.end)
    if match is None or not is_random(match["value"]):
        return None
    is_generated_value = is_generated(match["value"]) or is_jumbled(match["value"])
    if not is_generated_value and meaning(match["value"]):
        return None  # the name of another one
    return Finding(*match.span("value"), place.meaning.type)


def _find_quoted(
    place: NamedPlace, start: int, *, call: bool = False, is_comparison: bool = False
) -> Finding | None:
    match = _SYNTAX["quoted"].match(place.text, start)
    opening = None if match or call or is_comparison else _SYNTAX["opened"].match(place.text, start)
    match = _SYNTAX["quoted"].match(place.text, opening.end()) if opening else match
    if opening and match and _SYNTAX["key_ends"].match(place.text, match.end()):
        match = None  # the key of a group
    if not match and not call:
        wrapper = _SYNTAX["wrapper"].match(place.text, start)
        match = _SYNTAX["quoted"].match(place.text, wrapper.end()) if wrapper else None
    if not match and not call and place.meaning.strength == "strong":
        fallback = _SYNTAX["fallback"].match(place.text, start)
        match = _SYNTAX["quoted"].match(place.text, fallback.end()) if fallback else None
    if not call and (not match or not match["value"]) and (other := _find_other_quoted(place, start)):
        return other
    if not match:
        return (
            finding_if_secret(place, _SYNTAX["open"].match(place.text, start))
            if place.kind == "data"
            else None
        )
    value = match["value"]
    if call and place.text[start - 1] == "(" and not _SYNTAX["ends_call"].match(place.text, match.end()):
        return None  # `add_password("realm", ...)`
    plain = not is_structured(value)
    if plain and (
        (call and place.meaning.strength != "strong")
        or (is_comparison and not (place.meaning.type == "PASSWORD" and len(value) >= 5))
    ):
        return None
    return finding_if_secret(place, match)


def _find_other_quoted(place: NamedPlace, start: int) -> Finding | None:
    """A value in quotes that few languages have."""
    match = _SYNTAX["other_quoted"].match(place.text, start)
    if not match:
        return None
    group = next(name for name in ("value", "value2", "value3") if match[name] is not None)
    secret = is_secret(match[group], place.meaning.strength, literal=True)
    return Finding(*match.span(group), place.meaning.type) if secret else None


def _find_unquoted(place: NamedPlace, start: int, sign: str) -> Finding | None:
    text = place.text
    if sign[0] == ":" and place.kind != "code":
        block = _SYNTAX["block"].match(text, start)
        if block:
            return finding_if_secret(place, block, literal=True)
        anchor = _SYNTAX["anchor"].match(text, start)
        start = anchor.end() if anchor else start
    match = _SYNTAX["bare"].match(text, start)
    if not match or match["value"].startswith(("$", "?")):
        return None
    if match["value"].isdigit() and place.meaning.type != "PIN" and text[place.end : place.end + 1] == '"':
        return None  # a number in JSON
    return _find_rest_of_line(place, start, sign) or _find_bare(place, match, sign)


def _find_bare(place: NamedPlace, match: re.Match[str], sign: str) -> Finding | None:
    """A value without quotes, up to a blank or a sign."""
    text = place.text
    start = match.start()
    after = place.text[match.end() : match.end() + 1]
    tight = text[start - 1 : start] == "=" and text[place.end : place.end + 1] == "="
    if _is_certain(place, sign, after, tight=tight):
        return finding_if_secret(place, match, literal=True)
    if not _may_be_value(place, match["value"], after, tight=tight) or (
        sign == ":=" and place.kind == "code"
    ):
        return None
    if place.kind != "data" and not tight and _SYNTAX["command_follows"].match(text, match.end()):
        return None
    if place.kind == "code" or sign[0] != ":" or after not in (" ", "\t"):
        return finding_if_secret(place, match, bare=True)
    line = _SYNTAX["line"].match(text, start)  # YAML: words up to the end of the line
    if line and place.meaning.strength == "strong":
        return finding_if_secret(place, line, bare=True)
    return finding_if_secret(place, match, bare=True) if is_structured(match["value"]) else None


def _is_certain(place: NamedPlace, sign: str, after: str, *, tight: bool) -> bool:
    """Return whether the value cannot be a variable: `${PASSWORD:word}`, `user=word password=word`."""
    if after == "}" and sign in (":", ":-"):
        return place.text[max(0, place.start - 2) : place.start] == "${"
    return tight and _SYNTAX["paired"].search(place.text[max(0, place.start - 60) : place.start]) is not None


def _find_rest_of_line(place: NamedPlace, start: int, sign: str) -> Finding | None:
    """A value with blanks, up to the end of a line `NAME=value` in a file of data."""
    begin = place.text.rfind("\n", 0, place.start) + 1
    if (
        sign != "="
        or place.kind != "data"
        or not (place.meaning.type == "PASSWORD" or (place.meaning == _SECRET and place.name.isupper()))
        or place.text[begin : place.start].strip()
    ):
        return None
    return finding_if_secret(place, _SYNTAX["rest"].match(place.text, start), literal=True)


def _may_be_value(place: NamedPlace, value: str, after: str, *, tight: bool) -> bool:
    """Return whether characters without quotes are a value here, and not an expression."""
    if _SYNTAX["identifier"].match(value):
        return _may_be_word(place, value, after, tight=tight)
    if place.kind == "unknown":
        return after not in ("[", "(") and not _SYNTAX["attribute"].match(value)
    # `--password=old-oak-77` in a text of code is of a command: no language subtracts from such a name.
    shell = tight and (place.name.isupper() or (place.name.startswith("--") and is_structured(value)))
    return place.kind == "data" or shell or (is_structured(value) and not _is_expression(value))


def _may_be_word(place: NamedPlace, value: str, after: str, *, tight: bool) -> bool:
    """Return whether a word without quotes is a value here, and not a variable, a type or a keyword."""
    if after in ("(", "[", ".") or value.lower() in VARIABLES:
        return False
    if is_structured(value):
        # A variable is written more than once.
        return place.kind != "code" or place.text.count(value) == 1
    if place.kind == "code":
        return tight and place.name.isupper() and len(value) > 5 and "_" not in value
    if place.kind == "data":
        return True
    plain = value.islower() or value.istitle() or value.isupper()
    return (
        plain and "_" not in value and len(value) > (3 if tight else 5) and after not in (",", ")", ";", ":")
    )


def _is_expression(value: str) -> bool:
    """Return whether a value may be code: calls, attributes, arithmetic with names and numbers."""
    if _SYNTAX["attribute"].match(value):
        return True
    return re.fullmatch(r"[\w.()\[\]{}*/+:&!-]+", value, re.ASCII) is not None and not is_random(value)


LONG = 300  # characters; the expressions for an assignment take up to 200 to 400
_LONGEST = 65_536  # characters of one value: tokens with the groups of a user have 2 to 16 KB
_JUMBLED = 55  # different characters of the first `LONG`: only a machine mixes so many
_EXPRESSION = re.compile(r"://|\]\(|=[A-Z_]+&|[({]\w+[,)]|&&|\|\|")
_NAME_OF_LONG = re.compile(
    r"""
    (?P<name>[\w.-]{1,80}+)
    \\?["'`]?[\])}]?[ \t]{0,9}+
    (?:[!?]?:[ ]?(?:string|str|String|&str|text)[ ]?(?==))?       # a type
    (?:=>|:=|\?\?=|\|\|=|<-|[:=,(>]|[ ]bearer|[ ]basic|[ ]token)
    [ \t]{0,9}+(?:[|>][+-]?)?(?:\\?\r?\n[ \t]{0,60}+)?
    (?:[\w.:\[\]]{0,30}\()?[fbruLN@$]{0,2}\\?["'`]?
    (?:(?:bearer|basic|token|apikey|negotiate)[ ]|AUTH[ ])?\Z
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LEADING = re.compile(r"[\w.-]{1,80}+[=:]")  # access_token=...
_RUN = re.compile(rf"""(?<![^\s"'`<>\\])[^\s"'`<>\\]{{{LONG},{_LONGEST}}}+""")
_LONG_LINE = re.compile(rf"^[^\n]{{{LONG},}}+", re.MULTILINE)
_QUOTE = re.compile(
    r"""
    (?P<name>(?:pass|pwd|secret|token|key|cred|auth|cookie|jwt)[\w.-]{0,40}+)\\?["']?\]?
    [ \t]{0,9}(?:=>|:=|[:=,])[ \t]{0,9}[fbru@]{0,2}(?P<q>["'])
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NAME_BEFORE = re.compile(r"[\w.-]+\Z")
_UP_TO = {sign: re.compile(rf"(?:[^\\\r\n{sign}]++|\\.){{1,{_LONGEST}}}+") for sign in ('"', "'")}


def find_long_values(text: str, check: Check) -> Iterator[Finding]:
    """Every value of at least `LONG` characters after the name of a secret.

    >>> found = next(find_long_values("api_secret: " + "x9KqTb7mWz" * 160, lambda: None))
    >>> found.end - found.start
    1600
    """
    for line in _LONG_LINE.finditer(text):
        check()
        for run in _RUN.finditer(text, *line.span()):
            yield from find_long_tokens(text, run.start(), run.end())
            yield from _find_long_named(text, run)
        yield from _find_long_quoted(text, line, check)


def _find_long_named(text: str, run: re.Match[str]) -> Iterator[Finding]:
    """The run if a secret's name is before it, or in its beginning."""
    name_match = _NAME_OF_LONG.search(text, max(0, run.start() - 160), run.start())
    leading = None if name_match else _LEADING.match(text, run.start())
    if name_match:
        yield from _if_long_secret(text, run.start(), run.end(), name_match["name"])
    elif leading:
        yield from _if_long_secret(text, leading.end(), run.end(), leading[0][:-1])


def _find_long_quoted(text: str, line: re.Match[str], check: Check) -> Iterator[Finding]:
    """Values with blanks or escapes in them, up to the quote that ends them."""
    end = 0
    for count, match in enumerate(_QUOTE.finditer(text, *line.span())):
        if not count % 100:
            check()
        if match.end() < end:
            continue
        value = _UP_TO[match["q"]].match(text, match.end())
        if value is None:
            continue
        end = value.end()
        if end - value.start() >= LONG and text[end : end + 1] == match["q"]:
            before = _NAME_BEFORE.search(text, max(0, match.start() - 40), match.start())
            name = (before[0] if before else "") + match["name"]
            yield from _if_long_secret(text, value.start(), end, name)


def _if_long_secret(text: str, start: int, end: int, name: str) -> Iterator[Finding]:
    value = text[start:end].rstrip(",;.)}]")
    meant = meaning(name[-80:])
    if meant is None or len(value) < LONG or PLACEHOLDER.search(value):
        return
    head = value[:LONG]
    digits = sum(map(str.isdigit, head))
    letters = sum(map(str.isalpha, head))
    if head.count(" ") * 20 > len(head) or letters * 4 < len(head):
        return
    if len(set(head)) < _JUMBLED and (is_example(head) or _EXPRESSION.search(head)):
        return
    if meant.strength != "strong" and digits < 10:
        return
    if len(set(head)) > 8:
        yield Finding(start, start + len(value), meant.type)
