"""How languages and file formats write an assignment: what is between a name and its value, and around it.

These are expressions only. What they mean for a name is in `assignments`.
"""

import re

# What ends the name, and the type that some languages write before or after it.
_CLOSE = r"""(?P<close>\\*["'`]|&quot;|\*\*(?=:))?[ \t]{0,3}[\])}]{0,2}(?:\[\w{0,8}\])?"""
_TYPE = r"""
(?:
    [ \t]{1,4}(?:string|\[\]byte|&?str|char|text|varchar)(?=[ \t]{0,4}=[^=>])             # Go, SQL
  | [ \t]{1,4}[Aa]s[ \t]{1,4}\w{1,20}(?=[ \t]{0,4}=)                                      # Basic
  | [ \t]{0,4}[!?]?:[ \t]{0,3}[A-Za-z_&'*\[][\w.<>\[\]|&*?' ,;]{0,40}?(?=[ \t]{0,4}=[^=>])   # name: type
)?
"""
# Blanks, comments and one line end.
_NOTE = r"""(?:/\*[^*\n]{0,100}\*/[ \t]{0,20}+)?"""
_LINE_NOTE = r"""(?:(?:[#]|//)[ \t][^\n]{0,120}(?=\n))?"""
_SPACE = rf"""[ \t]{{0,400}}+{_NOTE}(?:{_LINE_NOTE}\\?\r?\n[ \t]{{0,60}}+[+-]?[ \t]{{0,60}}+)?"""
SIGN = re.compile(
    rf"""
    {_CLOSE}
    {_TYPE}
    [ \t]{{0,400}}+{_NOTE}
    (?P<sign>
        =>                                  # PHP, Ruby
      | :=                                  # Go, Pascal
      | :-(?=\w)                            # a shell's ${{NAME:-value}}
      | :\*\*(?=[ ])                        # Markdown: **name:** value
      | \|\|=|\?\?=|\?=|\+=                 # assigned if there is no value, or added to it
      | <-|->                               # R
      | (?<=["'][ ])to(?=[ ]["'])           # Kotlin: "name" to "value"
      | [!=]==?                             # comparisons
      | =
      | :[ ]                                # YAML
      | :(?=[\"'\t\r\n\\\[{{@])             # JSON, Ruby
      | :(?![:/\w])
      | :(?=\w)
      | ,                                   # put("name", "value")
      | \(                                  # setName("value")
      | \|\||\?\?|\?:|\bor\b                # the value if there is no other
      | >                                   # <name>value</name>
      | \{{(?=[\"'])                        # C++: name{{"value"}}
      | \.(?:unwrap_or|unwrap_or_else|get_or|getOrElse|orElse|or_else|valueOr)\([ \t]{{0,4}}(?:\|_?\|)?
      | (?:[\w:.-]{{1,30}}=\"[^\"<>\n]{{0,60}}\"[ \t]{{0,9}}+){{1,5}}+>   # <name attribute="x">value
      | </key>\s{{0,40}}<string>            # property lists
    )
    {_SPACE}
    """,
    re.VERBOSE,
)
# {"name": "PASSWORD", "value": "..."}, name="password" value="...", variable "password" { default = "..."
INDIRECT = re.compile(
    rf"""
    {_CLOSE}[ \t]{{0,8}},?\{{?[ \t]{{0,8}}(?:\r?\n[ \t+-]{{0,60}}+)?
    (?:
      (?:type|description|sensitive)[ \t]*=[^\n]{{0,100}}\n[ \t]{{0,40}}   # other lines of the block
    ){{0,3}}
    \\?["']?(?:value|content|default|defaultValue|val|stringValue)\\?["']?
    [ \t]{{0,20}}[:=][ \t]{{0,20}}(?P<sign>)
    """,
    re.IGNORECASE | re.VERBOSE,
)
AFTER_BLANK = re.compile(r"(?P<sign>[ \t]{1,40})(?=[^ \t\r\n=:])")
# The first of a list, or brackets around a long line.
OPENED = re.compile(rf"[({{\[][ \t]{{0,40}}+{_LINE_NOTE}[ \t\r\n]{{0,40}}+")
WRAPPER = re.compile(
    r"""
    (?:new[ \t]+)?(?:\w{1,30}\(\)\.)?[\w.:\[\]<>&*]{0,40}   # new TextEncoder().encode(
    (?:  # a call that makes a string, bytes or a setting of a literal
        bytes?|str|string|encode|decode|from|new|secret|literal|b64\w*|buffer|atob|btoa|utf8|some|ok
      | box|wrap|securestring|secretstr|toCharArray|\[\]byte|make|sha\w*|md5|hex|field|setting|option
      | column|param
    )
    \w{0,20}[ \t]{0,2}[({][ \t\r\n]{0,40}
    (?:(?:default|value|initial|const)[ \t]{0,3}=[ \t]{0,3})?   # of a named argument
    """,
    re.IGNORECASE | re.VERBOSE,
)
QUOTED = re.compile(
    r"""
    (?P<prefix>(?:String\.raw|[*&]?[A-Za-z@$]{0,3}[#]{0,2}))(?P<q>\"\"\"|\'\'\'|\\+["'`]|["'`]|&quot;)
    (?P<value>(?:(?!(?P=q))(?:\\.|[^\\\r\n]))*+)
    (?P=q)
    """,
    re.VERBOSE,
)
OTHER_QUOTED = re.compile(
    r"""
      # Perl's and Ruby's own quotes
      (?P<q>
        %?q[qw]?
        (?:
            \{(?=[^{}\n]{0,200}\})
          | \((?=[^()\n]{0,200}\))
          | \[(?=[^\[\]\n]{0,200}\])
          | [|!/](?=[^|!/\n]{0,200}[|!/])
        )
      )
      (?P<value>[^{}()\[\]|!/\n]{1,200})
      # a string over several lines that has text on one of them
      # a text of one line in PHP or PowerShell
    | (?:<<<["']?\w{1,20}["']?|@["'])\r?\n[ \t]{0,40}(?P<value3>[^\n"']{1,200}?)[ \t]*(?=\r?\n)
    | (?P<q2>\"\"\"|\'\'\')\\?\r?\n[ \t]{0,40}(?P<value2>[^\n"']{1,200}?)\s{0,60}(?P=q2)
    """,
    re.VERBOSE,
)
# YAML: a block of one line, and an anchor or a tag before the value.
BLOCK = re.compile(
    r"""
    [|>][+-]?\d?[ \t]{0,9}(?:[#][^\n]{0,80})?\r?\n         # the sign of a block, and a comment
    (?P<indent>[ \t]{1,40})(?P<value>[^\s#][^\r\n]{0,200}?)[ \t]*
    (?=
        \r?\n(?!(?P=indent))                               # the next line is indented less
      | \r?\n[ \t]*\r?\n                                   # or empty
      | \Z|\r?\n\Z                                         # or there is none
    )
    """,
    re.VERBOSE,
)
ANCHOR = re.compile(r"(?:&[\w-]{1,40}|!!str|!unsafe)[ \t]{1,9}")
IN_LIST = re.compile(r"""[({\[][ \t\r\n]*[rbufL]?["']\Z""")
ITEM = re.compile(r"""["'][ \t]{0,9},[ \t\r\n]{0,60}[rbufL]?["'](?P<value>[^"'\\\n]{1,200})(?=["'])""")
BRANCH = re.compile(r"\?[ \t]*[\"'`][^\"'`\n]{0,9}\Z")  # what a condition gives is in quotes, and no name
KEY_ENDS = re.compile(r"[ \t]{0,20}(?:=>|:)")
OPEN = re.compile(r"""(?P<q>["'])(?P<value>[^"'\s]{6,200})\Z""")  # the quote ends on a line that is not here
ELEMENT = re.compile(
    r"""
    [ \t\r\n]{0,40}(?:<(?:value|string|data)>[ \t\r\n]{0,40})?   # an element around the value
    (?:<!\[CDATA\[)?(?P<value>[^<>\r\n]{1,400}?)(?:\]\]>)?
    [ \t\r\n]{0,40}</
    """,
    re.IGNORECASE | re.VERBOSE,
)
# A generated value after its name, with less between them than an assignment has: token - 'x', KEY x.
LOOSE = re.compile(
    r"""
    ["'`*)\]]{0,3}[ \t]{0,4}
    (?:is[ \t]|was[ \t]|->|→|[-–—|:=]{1,2})?
    [ \t]{0,4}["'`“]{0,3}[ ]?
    (?P<value>[A-Za-z0-9][\w+/=.~:@!^*%-]{14,200}+)
    (?=["'`”]|[,;.)\]}|]?(?:\s|\Z))
    """,
    re.VERBOSE,
)
# The encrypted value of a Jenkins file: <secret>{AQAAABAAAA...}</secret>
BRACED = re.compile(r"[ \t\r\n]{0,40}\{(?P<value>[^{}<>\r\n]{12,400})\}[ \t\r\n]{0,40}</")
_PLAIN = r"""[^\s"'`<>,;|&(){}\[\]\\]"""
_SIGNED = rf"""(?:(?:(?!\\[nrt](?:["'\\\s]|\Z))[(){{}}\[\]\\&](?!\w{{1,40}}=)|[;,|]){_PLAIN}{{1,40}}+)"""
BARE = re.compile(  # with brackets and signs inside, unless so many that it is a list of values
    rf"(?P<value>{_PLAIN}{{1,400}}+(?:{_SIGNED}{{0,8}}+(?!{_SIGNED}))?)"
)
LINE = re.compile(
    r"""
    (?P<value>[^\s#\"'`<>{}\[\]()=;,|&*!][^\r\n\"'`<>{}\[\]()=;|]{2,80}?)[ \t]*
    (?=\r?\n|-->|\*/|\Z)   # the line or the comment ends
    """,
    re.VERBOSE,
)
OPENS_CALL = re.compile(
    r"""
    \([ \t\r\n]{0,8}
    (?:  # an argument before the name
      (?:&[\w.]{1,40}|(?<=set\()["'][\w.-]{1,30}["']|(?<=opt\()\$?\w{1,20})[ \t]*,[ \t]*
    )?
    (?:[rbufL@]?\\?["'`])?\Z
    """,
    re.VERBOSE,
)
COMMAND_FOLLOWS = re.compile(r"[ \t]+[\"']")  # `password = Convert-It "..."`
FALLBACK = re.compile(
    r"""
    [\w.$\[\]\"':>-]{1,60}+(?:\([^()\n]{0,60}\))?                 # a name or a call
    [ \t]{1,4}(?:or|\|\||\?\?|\?:)[ \t]{1,4}
    """,
    re.VERBOSE,
)
REST = re.compile(  # of a line, blanks included
    r"(?P<value>[^\s\"'`$<{\[#][^\r\n#;$<{\"]{3,80}?)[ \t]*(?=\r?\n|\Z)"
)
PAIRED = re.compile(  # user=bob password=x
    r"""(?:\A|[\s"'`;?(])[A-Za-z][\w-]{1,30}=[^\s"'`=;&]{1,60}[ ;&]\Z"""
)
ENDS_CALL = re.compile(r"[ \t]{0,9}\)")
IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")
ATTRIBUTE = re.compile(r"[A-Za-z_]\w*(?:(?:\.|->|::)[A-Za-z_]\w*)+\Z|\w+\[")
FLAG = re.compile(r"(?:\A|[\s\"'`(\[,])--?[\w-]*\Z")
COMMAND = re.compile(
    r"""
    (?:^|[;&|({]|\bRUN)[ \t]*                                        # a command begins
    (?:
        (?:ENV|ARG|export|setx?|[#]?define|declare)[ \t(]+[\"']?         # the name follows
      | (?:machine|login|default|user|username|account|enable|snmp-server)\b[^\n=]{0,60}
    )
    \Z
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
