"""What may stand between a secret's name and its value, and around a value, in the languages there are.

Expressions only: it decides nothing, and knows no names and no values.
"""

import re

from assist_escalation.words import word_set

# What ends the name, and the type that some languages write before or after it.
_CLOSE = r"""(?P<close>\\*["'`]|&quot;)?[ \t]{0,3}[\])}]{0,2}(?:\[\w{0,8}\])?"""
_TYPE = (
    r"""(?:[ \t]{1,4}(?:string|\[\]byte|&?str|char|text|varchar)(?=[ \t]{0,4}=[^=>])"""
    r"""|[ \t]{1,4}[Aa]s[ \t]{1,4}\w{1,20}(?=[ \t]{0,4}=)"""
    r"""|[ \t]{0,4}:[ \t]{0,3}[A-Za-z_&'*][\w.<>\[\]|&*?' ,]{0,40}?(?=[ \t]{0,4}=[^=>]))?"""
)
_SPACE = r"""[ \t]{0,60}+(?:\\?\r?\n[ \t]{0,60}+[+-]?[ \t]{0,60}+)?"""
SIGN = re.compile(
    _CLOSE
    + _TYPE
    + r"[ \t]{0,60}+(?P<sign>=>|:=|\|\|=|\?\?=|\?=|\+=|<-|->|[!=]==?|=|: |:(?=[\"'\t\r\n\\\[{@])|:(?![:/\w])"
    r"|:(?=\w)|,|\(|\|\||\?\?|\?:|\bor\b|>|\{(?=[\"'])|(?:"
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
    r"""|md5)\w{0,20}[ \t]{0,2}[({][ \t\r\n]{0,40}""",
    re.IGNORECASE,
)
QUOTED = re.compile(
    r"""(?P<prefix>[A-Za-z@$]{0,3})(?P<q>\"\"\"|'''|\\+["'`]|["'`]|&quot;)"""
    r"""(?P<value>(?:(?!(?P=q))(?:\\.|[^\\\r\n]))*+)(?P=q)"""
)
IN_LIST = re.compile(r"""[({\[][ \t\r\n]*[rbufL]?["']\Z""")
ITEM = re.compile(r"""["'][ \t]{0,9},[ \t\r\n]{0,60}[rbufL]?["'](?P<value>[^"'\\\n]{1,200})(?=["'])""")
OPEN = re.compile(r"""(?P<q>["'])(?P<value>[^"'\s]{6,200})\Z""")  # the quote ends on a line that is not here
ELEMENT = re.compile(
    r"[ \t\r\n]{0,40}(?:<!\[CDATA\[)?(?P<value>[^<>\r\n]{1,400}?)(?:\]\]>)?[ \t\r\n]{0,40}</"
)
BARE = re.compile(
    r"""(?P<value>[^\s"'`<>,;|&(){}\[\]\\]{1,400}+(?:(?:[(){}\[\]\\&](?!\w{1,40}=)|[;,|])"""
    r"""[^\s"'`<>,;|&(){}\[\]\\]{1,40}+){0,8})"""
)
LINE = re.compile(
    r"(?P<value>[^\s#\"'`<>{}\[\]()=;,|&*!][^\r\n\"'`<>{}\[\]()=;|]{2,80}?)[ \t]*(?=\r?\n|-->|\*/|\Z)"
)
OPENS_CALL = re.compile(r"""\([ \t\r\n]{0,8}[rbufL@]?\\?["'`]\Z""")
COMMAND_FOLLOWS = re.compile(r"[ \t]+[\"']")  # `password = Convert-It "..."`
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
