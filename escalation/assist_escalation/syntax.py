"""What may stand between a secret's name and its value, and around a value, in the languages there are.

Expressions only: it decides nothing, and knows no names and no values.
"""

import re

from assist_escalation.words import word_set

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
VARIABLES = word_set(
    """
    value values val data result res word words line lines text name names arg args argument input item
    items elem element entry node tok match field key keys user users config settings options opts params
    self this cls obj object string bytes buffer response request payload content body message msg raw
    decoded encoded encrypted hashed plain plaintext cipher other another left right first second last
    current prev next default defaults parsed generated random new old found ret rv out output expr stmt
    child parent literal identifier number number symbol comment keyword operator expression statement true
    false none null undefined string integer float double boolean required optional secure sensitive
    description function return random uuid await async lambda yield static final
    """
)
