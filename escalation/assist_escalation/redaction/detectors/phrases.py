"""Secrets that are not assigned to a name: in URLs, headers, command lines, calls, SQL, prose and comments.

A phrase is an expression with a place for the secret. Which texts can be a secret is in `secret_values`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assist_escalation.redaction.detectors.call_arguments import find_calls
from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.secret_names import lowered
from assist_escalation.redaction.secret_values import (
    is_example,
    is_generated,
    is_random,
    is_structured,
    stands_for_one,
)

# What may be the secret. `structured`: only with a digit or a sign in it. `usual`: no word that stands for
# one. `certain`: nothing else can stand there, so any word but an example.
Sure = Literal["structured", "usual", "certain"]

ARGUMENT = r"""(?:\\?["'](?P<v1>[^"'\r\n]{4,120}?)\\?["']|(?P<v2>[^\s"'`;|&<>]{4,120}))"""
STRING = r"""\\?["'](?P<v>[^"'\r\n]{4,200}?)\\?["']"""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A way to hand over a secret: its type, words of which one must occur (lower case), and an expression
    over text in lower case whose groups that begin with `v` are the secret."""

    type: str
    words: tuple[str, ...]
    regex: re.Pattern[str]
    sure: Sure = "usual"


def phrase(type_: str, words: str, expression: str, sure: Sure = "usual") -> Phrase:
    """A phrase whose words stand in one text, with blanks between."""
    return Phrase(type_, tuple(words.split(" ")), re.compile(expression), sure)


def find_phrase(text: str, lower: str, sought: Phrase) -> Iterator[Finding]:
    """Every secret in `text` that the phrase hands over; `lower` is the text in lower case."""
    if not any(word in lower for word in sought.words):
        return
    for match in sought.regex.finditer(lower):
        for name, found in match.groupdict().items():
            if found is None:
                continue
            start, end = match.span(name)
            value = text[start:end]
            if sought.sure != "usual":
                value = value.rstrip(".,:")
            if _may_be(value, sought.sure):
                yield Finding(start, start + len(value), sought.type)


def _may_be(value: str, sure: Sure) -> bool:
    if sure == "certain":
        return not is_example(value)
    if sure == "structured" and not (is_structured(value) or is_random(value)):
        return False
    return not stands_for_one(value)


ADDRESSES = (
    # addresses
    phrase("PASSWORD", "://",
               r"""\b[a-z][a-z0-9+.-]{1,30}://[^\s/:@"'<>`]{0,80}:(?P<v>[^\s"'<>`/]{1,120})@[\w.\[${%(-]""",
           "certain"),
    phrase("TOKEN", "://",
               r"""\b(?:https?|git|ssh)://(?P<v>[a-z0-9_-]{20,255})(?::x-oauth-basic)?@[\w.-]"""),
    phrase("PASSWORD", "jdbc:oracle sqlplus rman expdp impdp",
               r"""(?:jdbc:oracle:(?:thin|oci8?):|(?:sqlplus|rman|expdp|impdp)\b[^\n]{0,40}?[ =])"""
               r"""[\w$#]{1,30}/(?P<v>[^\s"'/@]{4,60})@"""),
    phrase("TOKEN", "= %3d",
               r"""[?&;](?:access_|auth_|id_|refresh_|api_?)?(?:key|token|apikey|secret|passw(?:or)?d"""
               r"""|pwd|pass|code|sig|signature)=(?P<v>[^\s"'<>`&;#]{8,500})""", "structured"),
    phrase("PASSWORD", "password= passwd= pwd= pass=",
               r"""[\w%.@-]&(?:[a-z]{0,12}_?)(?:password|passwd|pwd|pass)=(?P<v>[^\s"'<>`&;#${%()+,\\]{4"""
               r""",100})(?=["'&#\\]|\s|$)""",
           "certain"),
    phrase("API_KEY", "=",
               r"""[?&](?:appid|app_id|app_key|appkey|subscription-key|hapikey|apikey|api-key|client_sec"""
               r"""ret|access_key)="""
               r"""(?P<v>[\w-]{20,200})(?=["'`&#\s]|$)""", "structured"),
    phrase("PASSWORD", "pwd password",
               r"""(?:[;"']|\A|\s)(?:pwd|password)\s?=\s?(?P<v>[^\s;"'<>]{4,100})(?=;)"""),
    phrase("CREDENTIALS", "_auth", r"""(?<![\w.])_auth(?:token)?\s?=\s?["']?(?P<v>[a-z0-9+/=_.-]{8,400})"""),
    # headers
    phrase("CREDENTIALS", "authorization",
               r"""\bauthorization\\?["'`]?\]?\s{0,4}(?:[:=,]|=>)\s{0,4}(?:[fbru]{0,2}\\?["'`])?"""
               r"""(?:bearer|basic|token|apikey|api-key|key|jwt|negotiate|aws|sso-key|ssws|splunk|genie"""
               r"""-?key|discogs|klaviyo-api-key|bot)[ :=]+(?:token=)?"""
               r"""(?P<v>[a-z0-9+/=_.~:-]{6,4000}+)(?!\()"""),
    phrase("TOKEN", "bearer", r"""\bbearer[ :]+(?P<v>[a-z0-9+/=_.~-]{16,4000})""", "structured"),
    phrase("CREDENTIALS", "basic",
               r"""\bbasic[ ]+(?P<v>[a-z0-9+/]{12,400}={0,2})(?![\w-])""", "structured"),
    phrase("TOKEN", "x- private-token api-key apikey",
               r"""\b(?:x-[a-z-]{0,30}(?:key|token|secret|auth)|private-token|api-?key"""
               r"""|ocp-apim-subscription-key)\\?["'`]?\s{0,4}[:,=]\s{0,4}(?:\\?["'`])?(?P<v>"""
               r"""[a-z0-9+/=_.~-]{8,400})""", "structured"),
    phrase("TOKEN", "-key: -token: -secret:",
               r"""\b[a-z][a-z-]{1,30}-(?:key|token|secret):\s{0,4}(?P<v>(?=[a-z_-]*\d)[\w.=+/~-]{20,40"""
               r"""0})(?=["'`\s]|$)""",
           "structured"),
    phrase("COOKIE", "cookie:",
               r"""\b(?:set-)?cookie:[^\r\n]{0,300}?(?:sess|sid|auth|token|jwt|login|remember)"""
               r"""[\w.-]{0,30}=(?P<v>[^\s;"']{8,2000})""", "structured"),
)  # fmt: skip


COMMANDS = (
    # command lines
    phrase("PASSWORD", "curl wget http lftp xh",
               r"""\b(?:curl|wget|https?|lftp|xh)\b[^\n]{0,400}?\s(?:-u|--user|-a|--auth"""
               r"""|--proxy-user|-u)[ =]?(?:\\?["'])?[\w.@+-]{1,60}[:,](?P<v>[^\s"'`]{4,120})"""),
    phrase("PASSWORD", "mysql mariadb",
               r"""\b(?:mysql|mariadb)[\w-]*\b[^\n|]{0,300}?\s-p(?:\\?["'](?P<v1>[^"'\n]{3,80})["']|"""
               r"""(?P<v2>[^\s"'`|;&-][^\s"'`|;&]{2,80}))"""),
    phrase("PASSWORD", "sshpass", rf"""\bsshpass\s+-p\s*{ARGUMENT}"""),
    phrase("PASSWORD", "login",
               rf"""\b(?:docker|podman|helm|oc|az|registry|skopeo|buildah|nerdctl|cf|vault)\b"""
               rf"""[^\n]{{0,60}}?\blogin\b[^\n]{{0,200}}?\s-p[ =]?{ARGUMENT}"""),
    phrase("PASSWORD",
               "redis-cli mongo ldap sqlcmd bcp ipmitool snmp rdesktop",
            rf"""\b(?:redis-cli\b[^\n]{{0,200}}?\s-a|mongo(?:sh|dump|restore|export|import)?\b"""
            rf"""[^\n]{{0,200}}?\s-p|ldap(?:search|add|modify|delete|passwd|whoami)\b"""
            rf"""[^\n]{{0,300}}?\s-w|sqlcmd\b[^\n]{{0,200}}?\s-p|bcp\b"""
            rf"""[^\n]{{0,200}}?\s-p|ipmitool\b[^\n]{{0,200}}?\s-p|rdesktop\b[^\n]{{0,200}}?\s-p"""
            rf"""|snmp\w*\b[^\n]{{0,100}}?\s-[cax])\s*{ARGUMENT}"""),
    phrase("PASSWORD", "7z unrar xfreerdp",
               r"""\b(?:7za?\b[^\n]{0,100}?\s-p|(?:un)?rar\b[^\n]{0,100}?\s-h?p|xfreerdp\b"""
               r"""[^\n]{0,200}?\s/p:)\\?["']?(?P<v>[^\s"'`]{4,80})"""),
    phrase("PASSWORD", "net wmic schtasks smbclient runas",
               rf"""\b(?:net\s+user(?:\s+/add)?\s+[\w.-]+|net\s+use\b[^\n]{{0,80}}?/user:\S+|schtasks\b"""
               rf"""[^\n]{{0,300}}?\s/rp|smbclient\b[^\n]{{0,100}}?-u\s?[\w\\.-]+%)\s*{ARGUMENT}""",
           "structured"),
    phrase("PASSWORD", "net smbclient rpcclient",
               r"""\bnet\s+user(?:\s+/add)?\s+[\w.-]+\s+(?P<v1>[^\s"'/*%-][^\s"']{3,80})(?=\s+/|\s*$)"""
               r"""|\bnet\s+use\s+\S+\s+\\\\\S+\s+(?P<v2>[^\s"'/*%][^\s"']{3,80})(?=\s+/)"""
               r"""|\b(?:smb|rpc)client\b[^\n]{0,100}?(?:-u|--user=)\s?["']?[\w\\.-]+%(?P<v3>[^\s"'`$]{4"""
               r""",80})""", "certain"),
    phrase("PASSWORD", "htpasswd",
               rf"""\bhtpasswd\s+(?:(?:-\w{{1,6}}\s+){{0,4}}-(?!\w*n)\w{{0,5}}b\w{{0,5}}\s+(?:-\w{{1,"""
               rf"""6}}\s+){{0,4}}[^\s-]\S{{0,100}}\s+[^\s-]\S{{0,60}}"""
               rf"""|-(?=\w*n)(?=\w*b)\w{{1,6}}\s+[^\s-]\S{{0,60}})\s+{ARGUMENT}"""),
    phrase("PASSWORD", "rabbitmqctl openssl psexec mosquitto_ cmdkey",
               rf"""(?:\brabbitmqctl\s+(?:add_user|change_password|authenticate_user)\s+\S{{1,60}}|\bope"""
               rf"""nssl\s[^\n]{{0,120}}?\s-k"""
               rf"""|\bpsexec\w*\b[^\n]{{0,120}}?\s-p|\bmosquitto_\w+\b[^\n]{{0,120}}?\s-u\s+\S{{1,6"""
               rf"""0}}\s+-p)\s+{ARGUMENT}"""),
    phrase("PASSWORD", "/pass: /password:", r"""\s/pass(?:word)?:["']?(?P<v>[^\s"'%]{4,80})"""),
    phrase("PASSWORD", "<<<",
               r"""\b(?:sudo\s+-s|\w{0,20}passwd|read\s+(?:-\w+\s+)?\w{0,20}(?:pw|pass|password|secret"""
               r"""|token))\b[^\n|;]{0,40}?"""
               r"""<<<\s*["']?(?P<v>[^\s"'$`]{4,80})"""),
    phrase("PASSWORD", "printf",
               r"""\bprintf\s+(?:["']%s(?:\\n)?["']\s+)?["']?(?P<v>[^\s"'$`%|]{4,80})["']?\s*\|\s*(?:s"""
               r"""udo\s+-s|passwd|chpasswd)"""),
    phrase("PASSWORD", "basic_auth",
               rf"""\bbasic_auth\s+["'][^"'\n]{{1,60}}["'],\s{{0,4}}{STRING}""", "certain"),
    phrase("PASSWORD", "zip",
               r"""\b(?:un)?zip\s(?:[^\n|;&]{0,100}?\s)?-p\s+["']?(?P<v>(?!\S+\.\w{2,4}(?:["'\s]|$))[^"""
               r"""\s"'`$-][^\s"'`]{3,80})""", "certain"),
    phrase("PASSWORD", "-d",
               r"""(?:\s|["'])-d[\w.-]{0,40}(?:password|passwd|passphrase|pwd)=["']?(?P<v>[^\s"'`$<"""
               r""">{}\\]{4,80})""",
           "certain"),
    phrase("TOKEN", "login auth",
               r"""\b(?:wandb|netlify|heroku|doppler|gh|huggingface-cli|vercel|npm|snyk|sentry-cli|flyct"""
               r"""l|ngrok|infracost)\b"""
               r"""[^\n]{0,40}?\b(?:login|auth|add-authtoken|authtoken)\s+(?:--\w+[ =])?(?P<v>[\w.-]{20,"""
               r"""120})""", "structured"),
    phrase("PASSWORD", "openssl",
               r"""\bopenssl\s+passwd\s+(?:-\w+\s+){0,4}["']?(?P<v>[^\s"'`$)-][^\s"'`)]{3,80})""", "certain"),
    phrase("SECRET", "base64",
               r"""\becho\s+(?:-n\s+)?["']?(?P<v>[a-z0-9+/]{8,400}={0,2})["']?\s*\|\s*base64\s+(?:-d|--d"""
               r"""ecode)\b"""
               r"""[^\n]{0,80}(?:password|secret|token|key|pw)"""),
    phrase("PASSWORD", "expect send",
               r"""(?:assword|passphrase)[^\n"']{0,20}["'{}]?[^\n"']{0,10}[\n;][ \t]*(?:exp_)?send(?:lin"""
               r"""e)?\s+(?:--\s+)?["'{](?P<v>[^\s"'$\\]{3,80})""",
           "certain"),
    phrase("PASSWORD", "pass:", r"""\s-?-pass(?:in|out|word)?\s+pass:(?P<v>[^\s"'`]{4,80})"""),
    phrase("PASSWORD", "-storepass -keypass -srcstorepass",
               rf"""\s-(?:src|dest)?(?:store|key)pass\s+{ARGUMENT}"""),
    phrase("PASSWORD", "echo",
               r"""\becho\s+(?:-[ne]+\s+)?(?:\\?["'])?(?:[\w.-]+:)?(?P<v>[^\s"'|`$]{4,80})(?:\\?"""
               r"""["'])?\s*\|\s*(?:sudo\s+)?(?:chpasswd|passwd|sudo\s+-s|su\s|docker\s+login"""
               r"""|cryptsetup|openssl|kinit)"""),
    phrase("PASSWORD", "-asplaintext",
               rf"""convertto-securestring\s+(?:-string\s+)?{STRING}[^\n]*-asplaintext"""),
    phrase("PASSWORD", "-asplaintext", r"""-asplaintext[^\n]{0,40}-string\s+["'](?P<v>[^"'\n]{4,80})"""),
    # files with fixed places
    phrase("PASSWORD", "password",
               r"""\b(?:machine\s+\S+|default)\s+(?:login\s+\S+\s+)?(?:account\s+\S+\s+)?password\s+"""
               r"""(?P<v>\S{3,120})"""),
    phrase("PASSWORD", "enable username neighbor snmp key-string",
               r"""(?:^|\n)\s*(?:enable\s+(?:secret|password)|username\s+\S+(?:\s+privilege\s+\d+)?\s+"""
               r"""(?:secret|password)|neighbor\s+\S+\s+password|snmp-server\s+community|(?:ppp|standby"""
               r"""|ip)\b[^\n]{0,60}?(?:password|authentication)|key-string|tacacs-server"""
               r"""[^\n]{0,40}?key|radius-server[^\n]{0,60}?key)\s+(?:[05789]\s+)?(?P<v>[^\s]{4,120})"""),
    phrase("PASSWORD", "setenv rootpw bindpw rocommunity rwcommunity cache_peer",
               r"""(?:^|\n)[ \t]*(?:(?:setenv|passenv)\s+\w{0,30}(?:password|passwd|pass|pwd|secret|toke"""
               r"""n)\w{0,10}\s+["']?(?P<v1>[^\s"'$]{4,100})"""
               r"""|(?:root)?bindpw\s+(?P<v5>[^\s"'$=-]\S{3,100})(?=[ \t]*(?:\n|$))|rootpw\s+(?:--plaint"""
               r"""ext\s+)?(?P<v2>[^\s"'$-]\S{3,100})|r[ow]community6?\s+(?P<v3>[^\s"']{4,60})"""
               r"""|cache_peer\s[^\n]{0,120}?\slogin=[\w.-]{1,40}:(?P<v4>[^\s"'*]{4,80}))""", "certain"),
    # a name and its value, alone on a line
    phrase("PASSWORD", "requirepass masterauth",
               r"""(?:^|\n)[ \t]*(?:requirepass|masterauth)[ \t]+(?P<v>[^\s"']{4,80})[ \t]*(?=\n|$)"""),
    phrase("PASSWORD", "passwd password",
               r"""(?:^|\n)[ \t]*(?:passwd|password)[ \t]+(?P<v>[^\s"'(=]{4,80})[ \t]*(?=\n|$)""",
           "structured"),
    phrase("PASSWORD", "_password _passwd _pass _pw",
               r"""(?:^|\n)[ \t]*(?:[a-z]{2,20}_(?:password|passwd|pass|pw))[ \t]+(?P<v>[^\s"'=:({$]{4,8"""
               r"""0})[ \t]*(?=\n|$)""",
           "structured"),
    phrase("PASSWORD", "pass",
               r"""(?:^|\n)[ \t]*pass(?:word|wd)?[ \t]+"(?P<v>[^\s"$]{4,80})"[ \t]*(?=\n|$)""", "certain"),
    phrase("PASSWORD", "chpasswd",
               r"""chpasswd:?[^\n]{0,40}\n(?:[ \t]*(?:list|users|expire):[^\n]{0,10}\n)?[ \t-]*[\w.-]{1,"""
               r"""32}:(?P<v>[^\s:"'$]{4,80})(?=\n|$)""",
           "certain"),
    phrase("PASSWORD", "5432",
               r"""(?:^|\n)[\w.*-]{1,100}:(?:\d{2,5}|\*):[\w*-]{1,60}:[\w*-]{1,60}:(?P<v>[^\s:]{3,100})"""
               r"""(?=\s|$)"""),
    # SQL
    phrase("PASSWORD", "identified",
               r"""\b(?:user|role|grant|to|for)\b[^\n]{0,200}?\bidentified\s+(?:with\s+\S+\s+)?(?:by"""
               r"""|as)\s+(?:password\s+)?(?:\\?["'](?P<v1>[^"'\n]{3,120}?)\\?["']|(?P<v2>[a-z]"""
               r"""[\w$#]{3,40})(?=\s*(?:;|$)))"""),
    phrase("PASSWORD", "password(", rf"""\bpassword\(\s*{STRING}\s*\)"""),
    phrase("PASSWORD", "password",
               rf"""\b(?:create|alter)\s+(?:user|role|login)\b"""
               rf"""[^\n;]{{0,120}}?\bpassword\s*=?\s*n?{STRING}"""),
)  # fmt: skip


CALLS = (
    phrase("SECRET", "fernet hmac aes.new jwt createhmac",
               rf"""(?:\bfernet\(|hmac\.new\(|\baes\.new\(|createhmac\([^,()\n]{{1,40}},|\bjwt\.(?:sign"""
               rf"""|encode|decode|verify)\([^,()\n]{{1,80}},)\s?(?:b|[\w.]{{0,20}}(?:fromhex|unhexlify|"""
               rf"""b64decode|encode)\()?(?:key\s?=\s?)?{STRING}"""),
    phrase("PASSWORD", "fill( type( settext sendkeys",
               rf"""\.(?:fill|type|settext|sendkeys)\([^\n]{{0,60}}?(?:password|passwd|pwd)"""
               rf"""[^\n,]{{0,20}},\s?{STRING}"""),
    phrase("PASSWORD", "send_keys sendkeys fill type setvalue sendline settext set_text",
               rf"""(?:password|passwd|pwd)\w{{0,20}}[^\n]{{0,60}}?(?:settext|set_text|send_keys"""
               rf"""|sendkeys|fill|type|setvalue|sendline)\s?\(\s?{STRING}"""),
    phrase("PASSWORD", "sp_addlogin sp_password",
               rf"""\bsp_(?:addlogin|password)\s?[( ]\s?[^,()\n]{{1,80}},\s?{STRING}"""),
)  # fmt: skip


REMARKS = (
    phrase("PASSWORD", "pass pwd secret login credentials pin",
               r"""(?:pass(?:word|phrase|code|wd)?|pwd|secret|\b(?:pw|credentials?|pin|login))s?\b"""
               r"""(?:\s+(?:for|of|to|on)\s+[\w.@/-]+(?:\s+[\w.@/-]+)??)?\s*(?:\b(?:is|was|are|to|as"""
               r"""|becomes)\b|->|→|:)\s*(?:now\s+|still\s+|set\s+to\s+)?[(:]?\s*(?:["'`“‘«](?P<v1>"""
               r"""[^"'`”’»\n]{4,80})["'`”’»]|(?P<v2>[^\s"'`“”‘’,;()<>\[\]{}]{4,80}+)(?![(\[{]))""",
            "structured"),
    phrase("PASSWORD", "login log sign credentials user account",
               r"""\b(?:log ?in|sign in|credentials|user(?:name)?|account)(?![\w-])[^\n.]{0,30}?\s"""
               r"""(?:with|as|are|:|=)?\s*["'`]?[\w.@-]{2,40}["'`]?\s?(?:/|:|and|with(?: the)?"""
               r""" password)\s?["'`]?(?P<v>(?=\S{0,50}\d)(?![\w-]+(?:\.[\w-]+)+[^\w.])"""
               r"""[^\s"'`/,;()<>\[\]{}~]{6,60})["'`]?(?=[\s.,]|$)""", "structured"),
    phrase("PASSWORD", "password passwd passphrase passcode pwd pw",
               r"""\b(?:pass(?:word|phrase|code|wd)?|pwd|pw)s?\s+(?:for|of|to|on|in)\s+(?:[\w.@/-]{1,4"""
               r"""0}\s+){1,5}?(?:is|was|:)\s+"""
               r"""(?:now\s+)?["'`“]{0,2}(?P<v>(?=\S{0,50}\d)[^\s"'`“”,;()<>\[\]{}]{5,80})""", "structured"),
    phrase("PASSWORD", "password passphrase passcode passwd pwd",
               r"""\b(?:pass(?:word|phrase|code|wd)|pwd|pw)\b[^\n"'`]{0,60}?\b(?:chang|reset|set|updat|r"""
               r"""otat|switch)\w{0,3}\s+(?:back\s+)?"""
               r"""to\s+["'`“]{0,2}(?P<v>(?=\S{0,50}\d)[^\s"'`“”,;()<>\[\]{}]{5,80})""", "structured"),
    phrase("PASSWORD", "password passphrase passcode passwd pwd",
               r"""\b(?:chang|reset|set|updat|rotat|switch)\w{0,3}\b[^\n"'`]{0,30}?\b(?:pass(?:word|phra"""
               r"""se|code|wd)|pwd|pw)\b[^\n"'`]{0,40}?"""
               r"""\bto\s+["'`“]{1,2}(?P<v>[^\s"'`“”]{5,80})["'`”]""", "structured"),
    phrase("PASSWORD", "password passwd passphrase passcode pwd pw",
               r"""\b(?:pass(?:word|phrase|code|wd)|pwd|pw)\s+(?:``?|“|‘)(?P<v>[^\s`”’]{4,80})(?:``?|”|’)""",
           "structured"),
    phrase("PASSWORD", "password passwd passphrase passcode pwd pw",
               r"""\b(?:login|user(?:name)?|account)\s+["'`]{0,2}[\w.@-]{2,40}["'`]{0,2},?\s+(?:and|with"""
               r"""|,)\s*(?:the\s+)?"""
               r"""(?:pass(?:word|wd|phrase)|pwd|pw)\s+["'`“]{0,2}(?P<v>(?=\S{0,50}\d)[^\s"'`“”,;()<>\["""
               r"""\]{}]{5,80})""", "certain"),
    phrase("PASSWORD", "password passphrase passcode pwd pw pin",
               r"""\b(?:temporary|initial|default|new|your|current|the)\s+(?:\w{2,20}\s+)?(?:pass(?:word"""
               r"""|phrase|code|wd)|pwd|pw|pin)\s+(?:is|was)"""
               r"""(?:\s+now)?:\s*["'`“]{0,2}(?P<v>[^\s"'`“”,;()<>\[\]{}]{4,80})["'`”]{0,2}(?=\s*(?:\n|$"""
               r"""|\.\s))""", "certain"),
    phrase("PASSWORD", "login credential user account",
               r"""\b(?:login|credentials?|user(?:name)?|account)s?\s*[:=]\s*["'`]?[\w.@-]{2,40}["'`]?[ """
               r"""\t]+/[ \t]+["'`]?"""
               r"""(?P<v>[^\s"'`,;()<>\[\]{}/|]{4,80})(?=["'`]?(?:\s*(?:\n|$)|[,.;)]))""", "certain"),
    phrase("PASSWORD", "login user account email e-mail",
               r"""\b(?:login|user(?:name)?|account|e-?mail)[ \t]{0,3}[:=][ \t]{0,3}[\w.@-]{2,40}[ \t]{1"""
               r""",8}(?:pass(?:word|wd|phrase)?|pwd|pw)"""
               r"""[ \t]{0,3}[:=][ \t]{0,3}(?P<v>[^\s"'`,;()<>\[\]{}/|.]{4,80})(?=[ \t]*(?:\n|$|-->|\*/))""",
           "certain"),
    phrase("PASSWORD", "password passwd passphrase passcode pwd pw",
               r"""(?:^|\n)[ \t]*(?:--|\#|//|;|<!--|/?\*)[^\n:"'=]{0,40}\b(?:prod|test|dev|stag|default|"""
               r"""root|admin|db|database|user|demo"""
               r"""|wifi|server|login|ftp|ssh|old|our)\w{0,8}[ \t]+(?:pass(?:word|wd|phrase)|pwd|pw)[ \t"""
               r"""]{0,3}[:=][ \t]{0,3}"""
               r"""(?P<v>[^\s"'`,;()<>\[\]{}/|.:]{4,80})(?=[ \t]*(?:\n|$|-->|\*/))""", "certain"),
    phrase("SECRET", "mfa totp 2fa otp authenticator two-factor",
               r"""\b(?:mfa|totp|2fa|otp|authenticator|two-factor)\b[^\n]{0,60}?[:=\s"'](?P<v>[a-z2-7]{1"""
               r"""6,64})(?=["'`\s.,]|$)""", "structured"),
    phrase("SECRET", "unseal recovery",
               r"""\b(?:unseal|recovery)\s+(?:key|share)\s*\d{0,2}\s*[:=]\s*(?P<v>[a-z0-9+/=_-]{20,120})""",
           "structured"),
    phrase("PASSWORD", "`",
               r"""\b(?:log|sign|user|use|cred|account)\w{0,9}[^\n]{0,40}?`[\w.@-]{2,40}`[ ]{0,2}/[ """
               r"""]{0,2}`(?P<v>[^\s`]{4,80})`""", "structured"),
    # what is compared with a password
    phrase("PASSWORD", ".equals",
               r"""(?<![\w"'])["'](?P<v>[^"'\n]{4,80})["']\.equals(?:ignorecase)?\(\s*[\w.$]{0,40}(?:pas"""
               r"""s(?:word|wd|phrase)?|pwd)(?:\(\))?\s*\)""",
           "certain"),
    phrase("PASSWORD", "password passwd passphrase pwd",
               r"""(?<![\w"'\[])["'](?P<v>[^"'\n]{4,80})["']\s?={2,3}\s?[\w.$>-]{0,40}(?:password|passwd"""
               r"""|passphrase|pwd)(?![\w\[(.])""",
           "certain"),
)  # fmt: skip


_PHRASES = (*ADDRESSES, *COMMANDS, *CALLS, *REMARKS)
_REMARK = re.compile(
    r"""["'`)\]};,][ \t]{1,40}(?:\#|//|--|/\*)[^\n"'`]{0,60}?\b(?:(?P<password>pass(?:word|wd|phrase)s?|"""
    r"""pwd|pw)|secret|token|api[ _-]?key|access"""
    r"""[ _-]?key|credentials?|secret[ _-]?key)\b""",
    re.IGNORECASE,
)
_LITERAL = re.compile(r"""(?P<q>["'`])(?P<v>[^"'`\s]{6,200})(?P=q)""")


def find_phrases(text: str) -> Iterator[Finding]:
    """Every secret that one of the known phrases hands over.

    >>> text = "git clone https://me:hunter2@host/x"
    >>> [text[each.start : each.end] for each in find_phrases(text)]
    ['hunter2']
    """
    lower = lowered(text)
    for phrase in _PHRASES:
        yield from find_phrase(text, lower, phrase)
    yield from find_calls(text)
    yield from _remarked(text)


def _remarked(text: str) -> Iterator[Finding]:
    """The literals of a line whose comment says that they are secret."""
    done = 0
    for remark in _REMARK.finditer(text):
        start = max(done, text.rfind("\n", 0, remark.start()) + 1)
        done = remark.start() + 1
        for literal in _LITERAL.finditer(text, start, done):
            value = literal["v"]
            typed = remark["password"] and _is_password(value)
            if is_generated(value) or typed:
                yield Finding(*literal.span("v"), "PASSWORD" if typed else "API_KEY")


def _is_password(value: str) -> bool:
    return is_structured(value) and any(map(str.isdigit, value)) and not stands_for_one(value)
