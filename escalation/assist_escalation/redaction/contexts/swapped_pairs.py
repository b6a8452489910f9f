"""A value before its name: `keychain.set("...", forKey: "password")`, `{"value": "...", "key": "PIN"}`.

Also names that are an argument after others: `setattr(config, "password", "...")`.
"""

import re
from collections.abc import Iterator

from assist_escalation.redaction.contexts.named_places import NamedPlace, finding_in_context
from assist_escalation.redaction.findings import Finding

_AROUND = 400  # characters before the name
_CALL_BEFORE = re.compile(
    r"""
    [(:][ \t\r\n]{0,20}(?:\w{1,20}:[ ]?)?[b@]?(?P<q>["'])(?P<value>[^"'\n\\]{4,200})(?P=q)
    [ \t\r\n]{0,20},?[ \t\r\n]{0,20}
    (?:for)?(?:key|name|field|account|forkey|forhttpheaderfield|httpheaderfield|attribute|setting)\w{0,12}
    [ ]?[:=][ ]?\.?[@]?["']?\Z
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PAIR_BEFORE = re.compile(
    r"""
    (?<![\w.-])\\?["']?(?:value|content|val|default|defaultvalue|stringvalue)\\?["']?[ \t]{0,9}[:=][ \t]{0,9}
    \\?(?P<q>["'])(?P<value>[^"'\n\\]{4,400})\\?(?P=q)
    [ \t\r\n]{0,40}(?:,|where\b)?[ \t\r\n]{0,40}
    (?:   # other pairs
        \\?["']?[\w-]{1,30}\\?["']?[ ]{0,3}[:=][ ]{0,3}(?:\\?["'][^"'\n]{0,60}["']|\w{1,20})
        [ \t\r\n]{0,40},?[ \t\r\n]{0,40}
    ){0,3}?
    \\?["']?(?:name|key|id|property|variable|param|parameter)\\?["']?[ \t]{0,9}[:=][ \t]{0,9}\\?["']\Z
    """,
    re.IGNORECASE | re.VERBOSE,
)
_YAML_BEFORE = re.compile(
    r"""
    (?:^|\n)[ \t]*-?[ ]?(?:value|content):[ ]+
    (?P<q>["']?)(?P<value>[^\s"'{}$][^\n"']{3,200}?)(?P=q)[ \t]*\r?\n
    [ \t]*(?:name|key):[ ]+["']?\Z
    """,
    re.VERBOSE,
)
_SETTER = re.compile(
    r"""
    \w*(?:set|put|add|define|config|option|property|env|attr|default|store|save|write|header|insert|assign)\w*
    [ (][ \t\r\n]{0,8}
    (?:(?:[&:@$]?[\w.]{1,40}(?:\([^()\n]{0,30}\))?|["'][^"'\n]{0,40}["']),[ \t\r\n]{0,8}){0,2}
    [rbufL:@]?["'`]?\Z
    """,
    re.IGNORECASE | re.VERBOSE,
)
_VALUE_AFTER = re.compile(
    r"""
    (?:["'`]?,[ \t\r\n]{0,20}|"[ ](?="))(?:[\w.:]{1,30}!?\()?[rbufLN@$]{0,2}(?P<q>["'`])
    (?P<value>(?:(?!(?P=q))(?:\\.|[^\\\r\n])){4,300}+)(?P=q)[ \t\r\n]{0,20}[,)]?
    """,
    re.VERBOSE,
)
_OTHER_PAIRS = re.compile(
    r"""
    \\?["'][ \t]{0,9},?[ \t\r\n]{0,60}
    (?:
      \\?["']?(?!value\b|name\b|key\b)[\w-]{1,30}\\?["']?[ \t]{0,9}[:=][ \t]{0,9}
      (?:\\?["'][^"'\n]{0,80}["']|[\w.]{1,30})[ \t]{0,9},?[ \t\r\n]{0,60}
    ){1,4}
    \\?["']?(?:value|content|defaultvalue|default)\\?["']?[ \t]{0,9}[:=][ \t]{0,9}
    \\?(?P<q>["'])(?P<value>[^"'\n\\]{4,400})\\?(?P=q)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_COPY = re.compile(r"\b(?:str[nl]?cpy(?:_s)?|lstrcpy\w?|snprintf|sprintf|wcscpy|memcpy)\([\w.>&-]{0,30}\Z")
_COPIED = re.compile(
    r"""[ ]?,[ ]?(?:[\w() .>-]{1,40},[ ]?)?(?P<q>")(?P<value>[^"\n\\%]{4,100})"[ ]?[,)]""", re.VERBOSE
)
_ARROW = re.compile(r"""(?P<q>["'])(?P<value>[^"'\n\\]{4,100})(?P=q)[ ]{1,4}->[ ]{1,4}\Z""")
_TUPLE = re.compile(
    r"""(?:\{[ ]?[:"']?|\[["']|-?define\(|\((?:defconst|defvar|defparameter|def|puthash)[ ]["']?)\Z"""
)
_SECOND = re.compile(
    r"""
    ["']?[ ]?(?:,[ ]?|[ ])(?:<<)?
    (?P<q>["'])(?P<value>[^"'\n\\]{4,100})(?P=q)(?:>>)?[ ]?(?:[\]})]|[\w-]{1,20}\))
    """,
    re.VERBOSE,
)
_ASSERTED = re.compile(
    r"""
    ["']?(?:(?:\(\))?\)?\)|[ ]\})?(?:\.|[ ])
    (?:
        thenReturn|returns|Returns|and_return|mockReturnValue|mockResolvedValue|willReturn|toBe|toEqual
      | toStrictEqual|isEqualTo|to[ ]eq|toEq|shouldBe|shouldEqual|should[ ]be|equal|to\.equal|to\.be
      | Should\(\)\.Be
    )
    [ (]\(?(?P<q>["'])(?P<value>[^"'\n\\]{4,100})(?P=q)
    """,
    re.VERBOSE,
)
_LABELLED = re.compile(  # fill_in "Password", with: "..."; secureTextFields["Password"].typeText("...")
    r"""
    \]?["'\]/i)]{1,5}
    (?:
        ,[ ](?:with|value|text):[ ]
      | \)?\.(?:typeText|fill|type|set|send_keys|sendKeys|setValue|clearAndType)\(
    )
    (?P<q>["'])(?P<value>[^"'\n\\]{4,100})(?P=q)
    """,
    re.VERBOSE,
)
_PROPERTY = re.compile(r'''[ ]\{[ ]?get;[^{}\n]{0,40}\}[ ]?=[ ]?@?(?P<q>")(?P<value>[^"\n\\]{4,100})"''')
_VALUED = re.compile(
    r"""
    \w*[ ](?:[\w]{1,20}=["'][^"'\n]{0,40}["'][ ]){0,3}(?:value|defaultValue)=
    (?P<q>["'])(?P<value>[^"'\n\\]{4,100})(?P=q)
    """,
    re.VERBOSE,
)
_NESTED = re.compile(
    r"""
    \\?["'][ \t]{0,9}:[ \t]{0,9}\{[ \t\r\n]{0,60}
    (?:   # what describes the parameter
        \\?["'](?:type|description|label|title|displayname|sensitive|secure)\\?["'][ ]{0,3}:[ ]{0,3}
        (?:["'][^"'\n]{0,80}["']|\w{1,20}),?[ \t\r\n]{0,60}
    ){0,4}
    \\?["'](?:value|default|defaultvalue|stringvalue|secretvalue)\\?["'][ ]{0,3}:[ ]{0,3}
    \\?(?P<q>["'])(?P<value>[^"'\n\\]{4,400})\\?(?P=q)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TAGS = re.compile(
    r"""
    [ \t]{0,9}</[\w:.-]{1,40}>\s{0,60}<[\w:.-]{1,30}(?:value|string)[\w:.-]{0,10}(?:\s[^<>\n]{0,60})?>\s{0,40}
    (?P<value>[^<>\s][^<>\n]{2,200}?)\s{0,40}</
    |
    ["'][^<>\n]{0,60}>\s{0,40}<value>\s{0,40}(?P<value2>[^<>\s][^<>\n]{2,200}?)\s{0,40}</value
    |
    [ \t]{0,9}</\w{1,20}>\s{0,60}<value>\s{0,40}(?P<value3>[^<>\s][^<>\n]{2,200}?)\s{0,40}</value
    """,
    re.VERBOSE,
)


def find_swapped(place: NamedPlace) -> Iterator[Finding]:
    """The value whose name is written after it, or further before it than an assignment's."""
    match = _before(place) or _after(place)
    if match:
        group = next((name for name in _GROUPS if match.groupdict().get(name)), "value")
        found = finding_in_context(place, *match.span(group))
        if found:
            yield found


_GROUPS = ("value", "value2", "value3")


def _before(place: NamedPlace) -> re.Match[str] | None:
    text = place.text
    sign = text[max(0, place.start - 2) : place.start]
    low = max(0, place.start - _AROUND)
    if sign == "> ":
        return _ARROW.search(text, max(0, place.start - 120), place.start)
    if sign.endswith(('"', "'", "=", ": ")):
        match = _CALL_BEFORE.search(text, low, place.start) or _PAIR_BEFORE.search(text, low, place.start)
        if match:
            return match
    return _YAML_BEFORE.search(text, low, place.start)


def _after(place: NamedPlace) -> re.Match[str] | None:
    text = place.text
    for regex in (_OTHER_PAIRS, _NESTED, _TAGS, _ASSERTED, _LABELLED, _VALUED, _PROPERTY):
        match = regex.match(text, place.end)
        if match:
            return match
    for opener, following in ((_COPY, _COPIED), (_TUPLE, _SECOND), (_SETTER, _VALUE_AFTER)):
        match = following.match(text, place.end)
        if match and opener.search(text, max(0, place.start - 120), place.start):
            return match
    return None
