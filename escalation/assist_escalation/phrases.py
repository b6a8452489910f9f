"""Secrets that stand elsewhere than behind a name: in addresses, headers, command lines, SQL, calls, prose.

It knows where each of these puts its secret, and leaves to `values` what may be one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assist_escalation.findings import Finding
from assist_escalation.values import is_random, is_structured, stands_for_one
from assist_escalation.words import lowered


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A way to hand over a secret: its type, words that must occur (lower case), and an expression whose
    groups that begin with `v` are the secret. `structured`: only with a digit or a sign in it."""

    type: str
    words: tuple[str, ...]
    regex: re.Pattern[str]
    structured: bool = False


def _phrase(type_: str, words: str, expression: str, *, structured: bool = False) -> _Phrase:
    return _Phrase(type_, tuple(words.split(" ")), re.compile(expression), structured)


_Q = r"""\\?["'`]"""  # a quote, perhaps escaped
_ARG = r"""(?:\\?["'](?P<v1>[^"'\r\n]{4,120}?)\\?["']|(?P<v2>[^\s"'`;|&<>]{4,120}))"""
_STRING = r"""\\?["'](?P<v>[^"'\r\n]{4,200}?)\\?["']"""

_PHRASES = (
    # addresses
    _phrase("PASSWORD", "://",
               r"""\b[a-z][a-z0-9+.-]{1,30}://[^\s/:@"'<>`]{0,80}:(?P<v>[^\s"'<>`/]{1,120})@[\w.\[${%(-]"""),
    _phrase("TOKEN", "://",
               r"""\b(?:https?|git|ssh)://(?P<v>[a-z0-9_-]{20,255})(?::x-oauth-basic)?@[\w.-]"""),
    _phrase("PASSWORD", "jdbc:oracle sqlplus rman expdp impdp",
               r"""(?:jdbc:oracle:(?:thin|oci8?):|(?:sqlplus|rman|expdp|impdp)\b[^\n]{0,40}?[ =])"""
               r"""[\w$#]{1,30}/(?P<v>[^\s"'/@]{4,60})@"""),
    _phrase("TOKEN", "= %3d",
               r"""[?&;](?:access_|auth_|id_|refresh_|api_?)?(?:key|token|apikey|secret|passw(?:or)?d"""
               r"""|pwd|pass|code|sig|signature)=(?P<v>[^\s"'<>`&;#]{8,500})""", structured=True),
    _phrase("PASSWORD", "pwd password",
               r"""(?:[;"']|\A|\s)(?:pwd|password)\s?=\s?(?P<v>[^\s;"'<>]{4,100})(?=;)"""),
    _phrase("CREDENTIALS", "_auth", r"""(?<![\w.])_auth(?:token)?\s?=\s?["']?(?P<v>[a-z0-9+/=_.-]{8,400})"""),
    # headers
    _phrase("CREDENTIALS", "bearer basic token apikey digest",
               r"""\bauthorization\\?["'`]?\]?\s{0,4}(?:[:=,]|=>)\s{0,4}(?:[fbru]{0,2}\\?["'`])?"""
               r"""(?:bearer|basic|token|apikey|api-key|key|jwt|negotiate|aws|sso-key)[ :=]+(?:token=)?"""
               r"""(?P<v>[a-z0-9+/=_.~:-]{6,4000})"""),
    _phrase("TOKEN", "bearer", r"""\bbearer[ :]+(?P<v>[a-z0-9+/=_.~-]{16,4000})""", structured=True),
    _phrase("CREDENTIALS", "basic",
               r"""\bbasic[ ]+(?P<v>[a-z0-9+/]{12,400}={0,2})(?![\w-])""", structured=True),
    _phrase("TOKEN", "x- private-token api-key apikey",
               r"""\b(?:x-[a-z-]{0,30}(?:key|token|secret|auth)|private-token|api-?key"""
               r"""|ocp-apim-subscription-key)\\?["'`]?\s{0,4}[:,=]\s{0,4}(?:\\?["'`])?(?P<v>"""
               r"""[a-z0-9+/=_.~-]{8,400})""", structured=True),
    _phrase("COOKIE", "cookie:",
               r"""\b(?:set-)?cookie:[^\r\n]{0,300}?(?:sess|sid|auth|token|jwt|login|remember)"""
               r"""[\w.-]{0,30}=(?P<v>[^\s;"']{8,2000})""", structured=True),
    # command lines
    _phrase("PASSWORD", "curl wget http lftp xh",
               r"""\b(?:curl|wget|https?|lftp|xh)\b[^\n]{0,400}?\s(?:-u|--user|-a|--auth"""
               r"""|--proxy-user|-u)[ =]?(?:\\?["'])?[\w.@+-]{1,60}[:,](?P<v>[^\s"'`]{4,120})"""),
    _phrase("PASSWORD", "mysql mariadb",
               r"""\b(?:mysql|mariadb)[\w-]*\b[^\n|]{0,300}?\s-p(?:\\?["'](?P<v1>[^"'\n]{3,80})["']|"""
               r"""(?P<v2>[^\s"'`|;&-][^\s"'`|;&]{2,80}))"""),
    _phrase("PASSWORD", "sshpass", rf"""\bsshpass\s+-p\s*{_ARG}"""),
    _phrase("PASSWORD", "login",
               rf"""\b(?:docker|podman|helm|oc|az|registry|skopeo|buildah|nerdctl|cf|vault)\b"""
               rf"""[^\n]{{0,60}}?\blogin\b[^\n]{{0,200}}?\s-p[ =]?{_ARG}"""),
    _phrase("PASSWORD",
               "redis-cli mongo ldap htpasswd zip 7z unrar pdftk smbclient net sqlcmd bcp impacket psexec"
               " kinit ipmitool snmp xfreerdp rdesktop",
            rf"""\b(?:redis-cli\b[^\n]{{0,200}}?\s-a|mongo(?:sh|dump|restore|export|import)?\b"""
            rf"""[^\n]{{0,200}}?\s-p|ldap(?:search|add|modify|delete|passwd|whoami)\b"""
            rf"""[^\n]{{0,300}}?\s-w|(?:un)?zip\b[^\n]{{0,100}}?\s-p|sqlcmd\b[^\n]{{0,200}}?\s-p|bcp\b"""
            rf"""[^\n]{{0,200}}?\s-p|ipmitool\b[^\n]{{0,200}}?\s-p|rdesktop\b[^\n]{{0,200}}?\s-p"""
            rf"""|snmp\w*\b[^\n]{{0,100}}?\s-[cax]|htpasswd\s+-\w*b\w*\s+\S+\s+\S+)\s*{_ARG}"""),
    _phrase("PASSWORD", "7z unrar xfreerdp",
               r"""\b(?:7za?\b[^\n]{0,100}?\s-p|(?:un)?rar\b[^\n]{0,100}?\s-h?p|xfreerdp\b"""
               r"""[^\n]{0,200}?\s/p:)\\?["']?(?P<v>[^\s"'`]{4,80})"""),
    _phrase("PASSWORD", "net wmic schtasks smbclient runas",
               rf"""\b(?:net\s+user(?:\s+/add)?\s+[\w.-]+|net\s+use\b[^\n]{{0,80}}?/user:\S+|schtasks\b"""
               rf"""[^\n]{{0,300}}?\s/rp|smbclient\b[^\n]{{0,100}}?-u\s?[\w\\.-]+%)\s*{_ARG}""",
           structured=True),
    _phrase("PASSWORD", "pass:", r"""\s-?-pass(?:in|out|word)?\s+pass:(?P<v>[^\s"'`]{4,80})"""),
    _phrase("PASSWORD", "-storepass -keypass -srcstorepass",
               rf"""\s-(?:src|dest)?(?:store|key)pass\s+{_ARG}"""),
    _phrase("PASSWORD", "chpasswd passwd sudo su",
               r"""\becho\s+(?:-[ne]+\s+)?(?:\\?["'])?(?:[\w.-]+:)?(?P<v>[^\s"'|`$]{4,80})(?:\\?"""
               r"""["'])?\s*\|\s*(?:sudo\s+)?(?:chpasswd|passwd|sudo\s+-s|su\s|docker\s+login"""
               r"""|cryptsetup|openssl|kinit)"""),
    _phrase("PASSWORD", "-asplaintext",
               rf"""convertto-securestring\s+(?:-string\s+)?{_STRING}[^\n]*-asplaintext"""),
    _phrase("PASSWORD", "-asplaintext", r"""-asplaintext[^\n]{0,40}-string\s+["'](?P<v>[^"'\n]{4,80})"""),
    # files with fixed places
    _phrase("PASSWORD", "machine default",
               r"""\b(?:machine\s+\S+|default)\s+(?:login\s+\S+\s+)?(?:account\s+\S+\s+)?password\s+"""
               r"""(?P<v>\S{3,120})"""),
    _phrase("PASSWORD", "enable username neighbor snmp key-string",
               r"""(?:^|\n)\s*(?:enable\s+(?:secret|password)|username\s+\S+(?:\s+privilege\s+\d+)?\s+"""
               r"""(?:secret|password)|neighbor\s+\S+\s+password|snmp-server\s+community|(?:ppp|standby"""
               r"""|ip)\b[^\n]{0,60}?(?:password|authentication)|key-string|tacacs-server"""
               r"""[^\n]{0,40}?key|radius-server[^\n]{0,60}?key)\s+(?:[05789]\s+)?(?P<v>[^\s]{4,120})"""),
    _phrase("PASSWORD", "5432",
               r"""(?:^|\n)[\w.*-]{1,100}:(?:\d{2,5}|\*):[\w*-]{1,60}:[\w*-]{1,60}:(?P<v>[^\s:]{3,100})"""
               r"""(?=\s|$)"""),
    # SQL
    _phrase("PASSWORD", "identified",
               r"""\b(?:user|role|grant|to|for)\b[^\n]{0,200}?\bidentified\s+(?:with\s+\S+\s+)?(?:by"""
               r"""|as)\s+(?:password\s+)?(?:\\?["'](?P<v1>[^"'\n]{3,120}?)\\?["']|(?P<v2>[a-z]"""
               r"""[\w$#]{3,40})(?=\s*(?:;|$)))"""),
    _phrase("PASSWORD", "password(", rf"""\bpassword\(\s*{_STRING}\s*\)"""),
    _phrase("PASSWORD", "password",
               rf"""\b(?:create|alter)\s+(?:user|role|login)\b"""
               rf"""[^\n;]{{0,120}}?\bpassword\s*=?\s*n?{_STRING}"""),
    # calls that take a user's name and a password
    _phrase("PASSWORD",
               "login auth credential connect adduser createuser create_user set_password set_basic"
               " signin sign_in bind",
            r"""\b(?:login|log_?in|logon|sign_?in|authenticate|auth|basic_?auth|http(?:basic|digest"""
            r"""|proxy)auth|(?:set_?)?basic_?auth|(?:[a-z]*\.)?(?:network|usernamepassword"""
            r"""|usernamepassword|password)?credentials?|usernamepasswordcredentials"""
            r"""|passwordauthentication|usernamepasswordauthenticationtoken|create_(?:super)?user"""
            r"""|add_?user|simple_bind_s?|bind|set_basic_auth|setbasicauth|plainauth|connect"""
            r"""|getconnection|driver_?manager\.getconnection)\s{0,3}(?:=\s{0,3})?[(\[]\s{0,4}(?:"""
            r"""[fbru]?\\?["'][^"'\n]{0,120}\\?["']\s{0,3},\s{0,4}){1,4}[fbru]?\\?["'](?P<v>"""
            r"""[^"'\n]{4,80})\\?["']\s{0,3}[)\],]""", structured=True),
    _phrase("PASSWORD", "getconnection mysqli pdo mysql_connect pg_connect",
               rf"""(?:getconnection|mysqli(?:_connect|_real_connect)?|mysql_connect|\bpdo)\s?\((?:"""
               rf"""[^,()\n]{{1,120}},\s?){{2}}{_STRING}\s?[,)]"""),
    _phrase("PASSWORD", "credential httpbasicauth httpdigestauth sp_ passwordauthentication",
               rf"""(?:networkcredential|usernamepasswordcredentials|http(?:basic|digest)auth"""
               rf"""|passwordauthentication|usernamepasswordauthenticationtoken|sp_addlogin"""
               rf"""|sp_password)\s?[( ]\s?[^,()\n]{{1,80}},\s?{_STRING}"""),
    _phrase("SECRET", "fernet hmac aes.new jwt createhmac",
               rf"""(?:\bfernet\(|hmac\.new\(|\baes\.new\(|createhmac\([^,()\n]{{1,40}},|\bjwt\.(?:sign"""
               rf"""|encode|decode|verify)\([^,()\n]{{1,80}},)\s?b?{_STRING}"""),
    _phrase("PASSWORD", "fill( type( settext sendkeys",
               rf"""\.(?:fill|type|settext|sendkeys)\([^\n]{{0,60}}?(?:password|passwd|pwd)"""
               rf"""[^\n,]{{0,20}},\s?{_STRING}"""),
    _phrase("PASSWORD", "requirepass masterauth passwd password",
               r"""(?:^|\n)[ \t]*(?:requirepass|masterauth)[ \t]+(?P<v>[^\s"']{4,80})[ \t]*(?=\n|$)"""),
    _phrase("PASSWORD", "passwd password",
               r"""(?:^|\n)[ \t]*(?:passwd|password)[ \t]+(?P<v>[^\s"'(=]{4,80})[ \t]*(?=\n|$)""",
            structured=True),
    _phrase("PASSWORD", "send_keys sendkeys fill type setvalue sendline settext set_text",
               rf"""(?:password|passwd|pwd)\w{{0,20}}[^\n]{{0,60}}?(?:settext|set_text|send_keys"""
               rf"""|sendkeys|fill|type|setvalue|sendline)\s?\(\s?{_STRING}"""),
    # words
    _phrase("PASSWORD", "pass pwd secret login credentials pin",
               r"""(?:pass(?:word|phrase|code|wd)?|pwd|secret|\b(?:pw|credentials?|pin|login))s?\b"""
               r"""(?:\s+(?:for|of|to|on)\s+[\w.@/-]+(?:\s+[\w.@/-]+)??)?\s*(?:\b(?:is|was|are|to|as"""
               r"""|becomes)\b|->|→|:)\s*(?:now\s+|still\s+|set\s+to\s+)?[(:]?\s*(?:["'`“‘«](?P<v1>"""
               r"""[^"'`”’»\n]{4,80})["'`”’»]|(?P<v2>[^\s"'`“”‘’,;()<>\[\]{}]{4,80}+)(?![(\[{]))""",
            structured=True),
    _phrase("PASSWORD", "login log sign credentials user account",
               r"""\b(?:log ?in|sign in|credentials|user(?:name)?|account)(?![\w-])[^\n.]{0,30}?\s"""
               r"""(?:with|as|are|:|=)?\s*["'`]?[\w.@-]{2,40}["'`]?\s?(?:/|:|and|with(?: the)?"""
               r""" password)\s?["'`]?(?P<v>(?=\S{0,50}\d)(?![\w-]+(?:\.[\w-]+)+[^\w.])"""
               r"""[^\s"'`/,;()<>\[\]{}~]{6,60})["'`]?(?=[\s.,]|$)""", structured=True),
)  # fmt: skip
_INSERT = re.compile(
    r"insert\s+into\s+\S{1,80}\s*\((?P<names>[^()]{1,400})\)\s*values\s*(?P<rows>\([^\n]{1,2000})",
    re.IGNORECASE,
)
_ROW = re.compile(r"""'(?:[^'\\]|\\.|'')*+'|[^,()'\s]+|(?P<next>\)\s*,\s*\()""")
_COLUMN = re.compile(r"passw(?:or)?d|passwd|pwd|secret|token|api_?key", re.IGNORECASE)


def find_phrases(text: str) -> Iterator[Finding]:
    """Every secret that one of the known phrases hands over.

    >>> text = "git clone https://me:hunter2@host/x"
    >>> [text[each.start : each.end] for each in find_phrases(text)]
    ['hunter2']
    """
    lower = lowered(text)
    for phrase in _PHRASES:
        if any(word in lower for word in phrase.words):
            for match in phrase.regex.finditer(lower):
                yield from _found(text, phrase, match)
    if "insert" in lower:
        yield from _inserted(text)


def _found(text: str, phrase: _Phrase, match: re.Match[str]) -> Iterator[Finding]:
    for name, lower in match.groupdict().items():
        if lower is None:
            continue
        start, end = match.span(name)
        value = text[start:end]
        if phrase.structured:
            value = value.rstrip(".,:")
            if not (is_structured(value) or is_random(value)):
                continue
        if not stands_for_one(value):
            yield Finding(start, start + len(value), phrase.type)


def _inserted(text: str) -> Iterator[Finding]:
    """The literals of an INSERT that stand in a secret's column."""
    for match in _INSERT.finditer(text):
        names = match["names"].split(",")
        secret = {
            index for index, name in enumerate(names) if _COLUMN.search(name) and "id" not in name.lower()
        }
        index = 0
        for item in _ROW.finditer(text, *match.span("rows")) if secret else ():
            if item["next"]:
                index = 0
                continue
            if (
                index in secret
                and item[0].startswith("'")
                and len(item[0]) > 5
                and not stands_for_one(item[0][1:-1])
            ):
                yield Finding(item.start() + 1, item.end() - 1, "PASSWORD")
            index += 1
