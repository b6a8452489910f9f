"""Finds what is assigned to a name that means a secret, in the ways that languages and file formats write it.

It knows what may be between a name and its value, and around a value, and where a bare word is a value.
Which names mean a secret is in `secret_names`, which values can be one in `secret_values`.
Other ways to pass a secret, such as URLs and command lines, are in `phrases`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assist_escalation.redaction.findings import PLACEHOLDER, Finding, Kind
from assist_escalation.redaction.rule_tables import read_words
from assist_escalation.redaction.secret_names import Meaning, meaning, parts, stems
from assist_escalation.redaction.secret_values import is_random, is_secret, is_structured, stands_for_one

# What ends the name, and the type that some languages write before or after it.
_CLOSE = r"""(?P<close>\\*["'`]|&quot;|\*\*(?=:))?[ \t]{0,3}[\])}]{0,2}(?:\[\w{0,8}\])?"""
_TYPE = (
    r"""(?:[ \t]{1,4}(?:string|\[\]byte|&?str|char|text|varchar)(?=[ \t]{0,4}=[^=>])"""
    r"""|[ \t]{1,4}[Aa]s[ \t]{1,4}\w{1,20}(?=[ \t]{0,4}=)"""
    r"""|[ \t]{0,4}[!?]?:[ \t]{0,3}[A-Za-z_&'*][\w.<>\[\]|&*?' ,]{0,40}?(?=[ \t]{0,4}=[^=>]))?"""
)
_SPACE = r"""[ \t]{0,60}+(?:\\?\r?\n[ \t]{0,60}+[+-]?[ \t]{0,60}+)?"""
SIGN = re.compile(
    _CLOSE + _TYPE + r"[ \t]{0,60}+(?P<sign>=>|:=|:-(?=\w)|:\*\*(?= )|\|\|=|\?\?=|\?=|\+=|<-|->|[!=]==?|=|: "
    r"|:(?=[\"'\t\r\n\\\[{@])|:(?![:/\w])"
    r"|:(?=\w)|,|\(|\|\||\?\?|\?:|\bor\b|>|\{(?=[\"'])"
    r"|\.(?:unwrap_or|unwrap_or_else|get_or|getOrElse|orElse|or_else|valueOr)\([ \t]{0,4}(?:\|_?\|)?|(?:"
    r"[\w:.-]{1,30}=\"[^\"<>\n]{0,60}\"[ \t]{0,9}+){1,5}+>|</key>\s{0,40}<string>)" + _SPACE
)
# {"name": "PASSWORD", "value": "..."}, name="password" value="...", variable "password" { default = "..."
INDIRECT = re.compile(
    _CLOSE + r"""[ \t]{0,8},?\{?[ \t]{0,8}(?:\r?\n[ \t+-]{0,60}+)?(?:(?:type|description|sensitive)[ \t]*="""
    r"""[^\n]{0,100}\n[ \t]{0,40}){0,3}"""
    r"""\\?["']?(?:value|content|default|defaultValue|val|stringValue)\\?["']?[ \t]{0,20}[:=]"""
    r"""[ \t]{0,20}(?P<sign>)""",
    re.IGNORECASE,
)
BESIDE = re.compile(r"(?P<sign>[ \t]{1,40})(?=[^ \t\r\n=:])")
OPENED = re.compile(r"[({\[][ \t\r\n]{0,40}+")  # the first of a list, or brackets around a long line
WRAPPER = re.compile(
    r"""(?:new[ \t]+)?[\w.:\[\]<>&*]{0,40}(?:bytes?|str|string|encode|decode|from|new|secret|literal"""
    r"""|b64\w*|buffer"""
    r"""|atob|btoa|utf8|some|ok|box|wrap|securestring|secretstr|toCharArray|\[\]byte|make|sha\w*"""
    r"""|md5|hex|field|setting|option|column|param)\w{0,20}[ \t]{0,2}[({][ \t\r\n]{0,40}"""
    r"""(?:(?:default|value|initial|const)[ \t]{0,3}=[ \t]{0,3})?""",
    re.IGNORECASE,
)
QUOTED = re.compile(
    r"""(?P<prefix>[A-Za-z@$]{0,3}#{0,2})(?P<q>\"\"\"|'''|\\+["'`]|["'`]|&quot;)"""
    r"""(?P<value>(?:(?!(?P=q))(?:\\.|[^\\\r\n]))*+)(?P=q)"""
)
# Perl's and Ruby's own quotes, and the strings of several lines that hold one.
OTHER_QUOTED = re.compile(
    r"""(?P<q>%?q[qw]?(?:\{(?=[^{}\n]{0,200}\})|\((?=[^()\n]{0,200}\))|\[(?=[^\[\]\n]{0,200}\])|[|!/](?=[^|!/\n]{0,200}[|!/])))"""
    r"""(?P<value>[^{}()\[\]|!/\n]{1,200})"""
    r"""|(?P<q2>\"\"\"|\'\'\')\\?\r?\n[ \t]{0,40}(?P<value2>[^\n"']{1,200}?)\s{0,60}(?P=q2)"""
)
# YAML: a block of one line, and an anchor or a tag before the value.
BLOCK = re.compile(
    r"""[|>][+-]?\d?[ \t]{0,9}(?:#[^\n]{0,80})?\r?\n(?P<indent>[ \t]{1,40})(?P<value>[^\s#][^\r\n]{0,20"""
    r"""0}?)[ \t]*"""
    r"""(?=\r?\n(?!(?P=indent))|\r?\n[ \t]*\r?\n|\Z|\r?\n\Z)"""
)
ANCHOR = re.compile(r"(?:&[\w-]{1,40}|!!str|!unsafe)[ \t]{1,9}")
IN_LIST = re.compile(r"""[({\[][ \t\r\n]*[rbufL]?["']\Z""")
ITEM = re.compile(r"""["'][ \t]{0,9},[ \t\r\n]{0,60}[rbufL]?["'](?P<value>[^"'\\\n]{1,200})(?=["'])""")
OPEN = re.compile(r"""(?P<q>["'])(?P<value>[^"'\s]{6,200})\Z""")  # the quote ends on a line that is not here
ELEMENT = re.compile(
    r"[ \t\r\n]{0,40}(?:<(?:value|string|data)>[ \t\r\n]{0,40})?(?:<!\[CDATA\[)?(?P<value>[^<>\r\n]{1,40"
    r"0}?)(?:\]\]>)?[ \t\r\n]{0,40}</",
    re.IGNORECASE,
)
BARE = re.compile(
    r"""(?P<value>[^\s"'`<>,;|&(){}\[\]\\]{1,400}+(?:(?:[(){}\[\]\\&](?!\w{1,40}=)|[;,|])"""
    r"""[^\s"'`<>,;|&(){}\[\]\\]{1,40}+){0,8})"""
)
LINE = re.compile(
    r"(?P<value>[^\s#\"'`<>{}\[\]()=;,|&*!][^\r\n\"'`<>{}\[\]()=;|]{2,80}?)[ \t]*(?=\r?\n|-->|\*/|\Z)"
)
OPENS_CALL = re.compile(
    r"""\([ \t\r\n]{0,8}(?:(?:&[\w.]{1,40}|(?<=set\()["'][\w.-]{1,30}["']|(?<=opt\()\$?\w{1,20})[ \t]*,["""
    r""" \t]*)?(?:[rbufL@]?\\?["'`])?\Z"""
)
COMMAND_FOLLOWS = re.compile(r"[ \t]+[\"']")  # `password = Convert-It "..."`
FALLBACK = re.compile(
    r"[\w.$\[\]\"':>-]{1,60}+(?:\([^()\n]{0,60}\))?[ \t]{1,4}(?:or|\|\||\?\?|\?:)[ \t]{1,4}"
)
REST = re.compile(
    r"(?P<value>[^\s\"'`$<{\[#][^\r\n#;$<{\"]{3,80}?)[ \t]*(?=\r?\n|\Z)"
)  # of a line, blanks included
PAIRED = re.compile(
    r"""(?:\A|[\s"'`;?(])[A-Za-z][\w-]{1,30}=[^\s"'`=;&]{1,60}[ ;&]\Z"""
)  # user=bob password=x
ENDS_CALL = re.compile(r"[ \t]{0,9}\)")
IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")
ATTRIBUTE = re.compile(r"[A-Za-z_]\w*(?:(?:\.|->|::)[A-Za-z_]\w*)+\Z|\w+\[")
FLAG = re.compile(r"(?:\A|[\s\"'`(\[,])--?[\w-]*\Z")
COMMAND = re.compile(
    r"(?:^|[;&|({]|\bRUN)[ \t]*(?:(?:ENV|ARG|export|setx?|define|declare)[ \t(]+[\"']?"
    r"|(?:machine|login|default|user"
    r"|username|account|enable|snmp-server)\b[^\n=]{0,60})\Z",
    re.IGNORECASE | re.MULTILINE,
)
(VARIABLES,) = read_words(__package__, "assignments.toml", "variables")
_BETWEEN = ("; ", ", ", ") ", "], ")  # what stands between two literals, and is none


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A name that means a secret: where it stands, and what kind of text it stands in."""

    text: str
    kind: Kind
    start: int
    end: int
    name: str
    meaning: Meaning


def finding_if_secret(
    place: NamedPlace, match: re.Match[str] | None, *, bare: bool = False, literal: bool = False
) -> Finding | None:
    """The value that was matched, where it is a secret; `bare`: without quotes, `literal`: surely no name."""
    if match is None:
        return None
    value = match["value"]
    (start, end) = match.span("value")
    if value.startswith(_BETWEEN):
        return None
    literal = literal or _is_literal(place, match)
    if _is_mnemonic(place.name, value):
        return Finding(start, end, "SECRET")
    if not (
        is_secret(value, place.meaning.strength, literal=literal)
        or _is_pin(place, value)
        or _is_token(place, value)
    ):
        return None
    name = place.name.lower()
    lower = value.lower()
    if (
        lower == name
        or lower.startswith((name + "=", name + ":"))
        or (bare and not literal and stands_for_one(value))
    ):
        return None
    return Finding(start, end, place.meaning.type)


def _is_literal(place: NamedPlace, match: re.Match[str]) -> bool:
    """Whether a value stands where only a literal may: in quotes, or bare in a file of data."""
    value = match["value"]
    type_ = place.meaning.type
    if "q" in match.re.groupindex:
        if value.startswith("$") and match["q"] not in ("'", "\\'") and not re.search(r"\$[a-z]+\d\Z", value):
            return False  # a shell's or PHP's variable
        return type_ != "SECRET" or place.kind != "data" or " " in value
    sure = type_ == "PASSWORD" or (type_ == "SECRET" and place.name.isupper())
    return place.kind == "data" and sure and value[0].isalnum() and " " not in value


def _is_pin(place: NamedPlace, value: str) -> bool:
    return place.meaning.type == "PIN" and value.isdigit() and 4 <= len(value) <= 12


def _is_token(place: NamedPlace, value: str) -> bool:
    """A parser's tokens have no digits in them, and more than one of them."""
    if place.meaning.type != "TOKEN" or len(value) < 8:
        return False
    digits = sum(map(str.isdigit, value))
    plain = value.isascii() and value.replace("-", "").replace("_", "").isalnum() and not value.isdigit()
    return digits >= 2 and plain and not stands_for_one(value)


def _is_mnemonic(name: str, value: str) -> bool:
    """The words that a wallet's key is made from."""
    words = value.split(" ")
    return "mnemonic" in name.lower() and len(words) in (12, 15, 18, 21, 24) and all(map(str.islower, words))


_LONGEST_NAME = 80
_REST = re.compile(r"[\w.-]{0,60}+")


def find_assignments(text: str, kind: Kind) -> Iterator[Finding]:
    """Every literal that is assigned to a secret's name.

    >>> text = "db_password: hunter2"
    >>> [text[each.start : each.end] for each in find_assignments(text, "data")]
    ['hunter2']
    """
    done = 0
    for start, end in stems(text):
        if start < done:
            continue
        place = _place(text, kind, start, end)
        if place is None:
            continue
        done = place.end
        found = _direct(place) or _indirect(place) or _beside(place)
        if found is not None:
            yield found
            yield from _others(place, found)


def _others(place: NamedPlace, found: Finding) -> Iterator[Finding]:
    """The other items of a list whose first item was found."""
    item = (
        ITEM.match(place.text, found.end)
        if IN_LIST.search(place.text, max(0, found.start - 9), found.start)
        else None
    )
    while item:
        each = finding_if_secret(place, item)
        if each:
            yield each
        item = ITEM.match(place.text, item.end("value"))


def _place(text: str, kind: Kind, start: int, end: int) -> NamedPlace | None:
    least = max(0, start - _LONGEST_NAME)
    while start > least and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
        start -= 1
    rest = _REST.match(text, end)
    end = rest.end() if rest else end
    name = text[start:end].rstrip(".-")
    before = text[max(0, start - 7) : start].lower()
    if before == "public " or PLACEHOLDER.search(name) or (before.endswith("$") and name == "PWD"):
        return None
    found = meaning(name[-_LONGEST_NAME:])
    return NamedPlace(text, kind, start, start + len(name), name, found) if found else None


def _direct(place: NamedPlace) -> Finding | None:
    sign = SIGN.match(place.text, place.end)
    if not sign or not _assigns(place, sign["sign"]):
        return None
    spelled = sign["sign"].replace("*", "")
    if spelled.endswith(">") and spelled not in ("=>", "->"):
        return finding_if_secret(place, ELEMENT.match(place.text, sign.end("sign")), bare=True)
    compared = spelled in ("==", "!=", "===", "!==", "=~")
    found = _quoted(place, sign.end(), call=spelled in ("(", ","), compared=compared)
    if found or spelled not in ("=", ":", ": ", ":=", "=>", "?=", ":-"):
        return found
    if "\n" not in place.text[sign.end("sign") : sign.end()]:
        return _unquoted(place, sign.end(), spelled)
    line = LINE.match(place.text, sign.end()) if place.kind == "data" and spelled[0] == ":" else None
    return _unquoted(place, sign.end(), spelled) if line and ":" not in line["value"] else None


def _assigns(place: NamedPlace, sign: str) -> bool:
    """Whether the sign hands a value over: `put("password", "...")` does, a list of names does not."""
    if sign == ",":
        if place.name.startswith("--"):  # ["--password", "..."]
            return True
        opens = OPENS_CALL.search(place.text, max(0, place.start - 60), place.start)
        # put("PASSWORD", "...") and put(PASSWORD, "..."), but not call(password, "...")
        return opens is not None and (not opens[0].rstrip().endswith("(") or _is_constant(place.name))
    return sign != "(" or _takes_one(place.name)


def _is_constant(name: str) -> bool:
    return name.rpartition(".")[2].isupper() and "_" in name


def _takes_one(name: str) -> bool:
    """Whether a function's name ends in the secret's word: `db.setPassword` does, `pwd.getpwnam` does not."""
    words = parts(name.rpartition(".")[2])
    if name.endswith((".equals", ".equalsIgnoreCase")):
        words = parts(name.rpartition(".")[0])
    return bool(words) and (words[-1] == "key" or meaning(words[-1]) is not None)


def _indirect(place: NamedPlace) -> Finding | None:
    sign = INDIRECT.match(place.text, place.end)
    if not sign:
        return None
    return _quoted(place, sign.end()) or _unquoted(place, sign.end(), ":")


def _beside(place: NamedPlace) -> Finding | None:
    """`--password hunter2`, `ENV PASSWORD hunter2`, `PASSWORD 'hunter2'`."""
    sign = BESIDE.match(place.text, place.end)
    if not sign:
        return None
    head = place.text[max(0, place.start - 100) : place.start]
    dashes = place.name[: len(place.name) - len(place.name.lstrip("-"))]
    anchor = place.kind == "data" and head.endswith("&")  # key: &password value
    asked = anchor or FLAG.search(head + dashes) or COMMAND.search(head)
    if asked or (place.meaning.strength == "strong" and place.name.lower() != "pass"):
        found = _quoted(place, sign.end(), call=True)
        if found:
            return found
    if not asked or place.name == "pass":
        return None
    match = BARE.match(place.text, sign.end())
    if match and (
        (match["value"].isupper() and not any(map(str.isdigit, match["value"]))) or match["value"][0] in "-=["
    ):
        return None  # usage: --password PASSWORD
    if match and match["value"].lower() in VARIABLES:
        return None
    return finding_if_secret(place, match, bare=True)


def _quoted(place: NamedPlace, start: int, *, call: bool = False, compared: bool = False) -> Finding | None:
    match = QUOTED.match(place.text, start)
    opened = None if match or call or compared else OPENED.match(place.text, start)
    match = QUOTED.match(place.text, opened.end()) if opened else match
    if not match and not call:
        wrapper = WRAPPER.match(place.text, start)
        match = QUOTED.match(place.text, wrapper.end()) if wrapper else None
    if not match and not call and place.meaning.strength == "strong":
        fallback = FALLBACK.match(place.text, start)
        match = QUOTED.match(place.text, fallback.end()) if fallback else None
    if not call and (not match or not match["value"]) and (found := _other_quoted(place, start)):
        return found
    if not match:
        return finding_if_secret(place, OPEN.match(place.text, start)) if place.kind == "data" else None
    value = match["value"]
    if call and place.text[start - 1] == "(" and not ENDS_CALL.match(place.text, match.end()):
        return None  # `add_password("realm", ...)`
    plain = not is_structured(value)
    if plain and (
        (call and place.meaning.strength != "strong") or (compared and not _is_compared(place, value))
    ):
        return None
    return finding_if_secret(place, match)


def _other_quoted(place: NamedPlace, start: int) -> Finding | None:
    """Quotes that few languages have."""
    match = OTHER_QUOTED.match(place.text, start)
    if not match:
        return None
    group = "value" if match["q"] else "value2"
    secret = is_secret(match[group], place.meaning.strength, literal=True)
    return Finding(*match.span(group), place.meaning.type) if secret else None


def _is_compared(place: NamedPlace, value: str) -> bool:
    """Whether a word that a password is compared with is one: `if password == "calvin"`."""
    return place.meaning.type == "PASSWORD" and len(value) >= 5


def _unquoted(place: NamedPlace, start: int, sign: str) -> Finding | None:
    text = place.text
    if sign[0] == ":" and place.kind != "code":
        block = BLOCK.match(text, start)
        if block:
            return finding_if_secret(place, block, literal=True)
        anchor = ANCHOR.match(text, start)
        start = anchor.end() if anchor else start
    match = BARE.match(text, start)
    if not match or match["value"].startswith(("$", "?")):
        return None
    if match["value"].isdigit() and place.meaning.type != "PIN" and text[place.end : place.end + 1] == '"':
        return None  # a number in JSON
    return _rest(place, start, sign) or _bare(place, match, sign)


def _bare(place: NamedPlace, match: re.Match[str], sign: str) -> Finding | None:
    """Characters without quotes, up to a blank or a sign."""
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
    if place.kind != "data" and not tight and COMMAND_FOLLOWS.match(text, match.end()):
        return None
    if place.kind == "code" or sign[0] != ":" or after not in (" ", "\t"):
        return finding_if_secret(place, match, bare=True)
    line = LINE.match(text, start)  # YAML: words up to the end of the line
    if line and place.meaning.strength == "strong":
        return finding_if_secret(place, line, bare=True)
    return finding_if_secret(place, match, bare=True) if is_structured(match["value"]) else None


def _is_certain(place: NamedPlace, sign: str, after: str, *, tight: bool) -> bool:
    """Whether no variable can stand there: `${PASSWORD:word}`, `user=word password=word`."""
    if after == "}" and sign in (":", ":-"):
        return place.text[max(0, place.start - 2) : place.start] == "${"
    return tight and PAIRED.search(place.text[max(0, place.start - 60) : place.start]) is not None


def _rest(place: NamedPlace, start: int, sign: str) -> Finding | None:
    """A value with blanks in it, up to the end of a line `NAME=value` in a file of data."""
    begin = place.text.rfind("\n", 0, place.start) + 1
    if (
        sign != "="
        or place.kind != "data"
        or place.meaning.type != "PASSWORD"
        or place.text[begin : place.start].strip()
    ):
        return None
    return finding_if_secret(place, REST.match(place.text, start), literal=True)


def _may_be_value(place: NamedPlace, value: str, after: str, *, tight: bool) -> bool:
    """Whether bare characters are a value where they stand, and not an expression."""
    if IDENTIFIER.match(value):
        return _may_be_word(place, value, after, tight=tight)
    if place.kind == "unknown":
        return after not in ("[", "(") and not ATTRIBUTE.match(value)
    shell = tight and place.name.isupper()
    return place.kind == "data" or shell or (is_structured(value) and not _is_expression(value))


def _may_be_word(place: NamedPlace, value: str, after: str, *, tight: bool) -> bool:
    """Whether a bare word is a value where it stands, and not a variable, a type or a keyword."""
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
    """Whether it may be code: calls, attributes, arithmetic of names and numbers."""
    if ATTRIBUTE.match(value):
        return True
    return re.fullmatch(r"[\w.()\[\]{}*/+:&!-]+", value, re.ASCII) is not None and not is_random(value)
