"""Secrets among the arguments of calls that take credentials, told by the function's name and the place.

It knows functions and what an argument looks like. What hands over a secret by a name of its own,
`setPassword("x")` or `connect(password="x")`, is in `assignments`.
"""

import re
from collections.abc import Iterator, Sequence

from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.secret_names import meaning, word_set
from assist_escalation.redaction.secret_values import (
    is_generated,
    is_placeholder,
    is_structured,
    looks_random,
)

# Where a function has its secret: places of arguments from 0, the likeliest first. These take credentials
# and nothing else, so that any word there is one.
_SURE = {
    **dict.fromkeys(word_set("""
        httpbasicauth httpdigestauth httpproxyauth basicauthentication networkcredential
        usernamepasswordcredentials passwordauthentication usernamepasswordauthenticationtoken set_basic_auth
        setbasicauth basicauth basic_auth credentials.basic authtokens.basic simple_bind simple_bind_s
        userpassword plaincredentials plainauthprovider passwordcredential passwordcredentials
        usermanager.createasync addpasswordasync auth_password username_pw_set sqlcredential credentials.new
        ks.load keystore.load wifi.begin wifimulti.addap
        ftp.login imap.login smtp.login mail.login server.login
        conn.login client.login session.login sock.login usernamepassword usernamepasswordcredential
        """), (1,)),
    **dict.fromkeys(word_set("""
        create_superuser create_user pdo mysqli mysql_connect mysqli_connect mysqli_real_connect pg_connect
        oci_connect oci_pconnect getconnection dbi.connect sequelize plainauth ftplib.ftp database
        postgresql_connect odbc_connect ldap_bind ftp_login keyring.set_password
        """), (2, 1)),
    "fromdrivermanager": (3, 2), "newhikaritransactor": (3, 2),
    "mysql_real_connect": (3,), "credentials": (3, 1), "adoconnection.open": (1,),
    **dict.fromkeys(word_set("""
        cookieparser cookiesession red.auth redis.auth jedis.auth client.auth generate_password_hash
        password_hash hashpw verify_password password_verify bcrypt.hash bcrypt.hashsync
        """), (0,)),
}  # fmt: skip
# These take other things as well: a secret there has a digit or a sign, or is the last of three literals.
_OFTEN = {
    **dict.fromkeys(word_set("login log_in logon signin sign_in authenticate auth adduser add_user createuser"
                             " credential bind register"), (1,)),
    "connect": (2, 1), "createconnection": (2, 1),
}  # fmt: skip
_RECEIVED = {name.rpartition(".")[2] for name in _SURE if "." in name}
_CALL = re.compile(
    r"""(?<!\w)(?P<name>[A-Za-z_]\w{1,40}+)(?:\[\w{1,20}\])?+"""
    r"""(?:[ \t]{0,2}\(|(?P<list>\\?["']?[ \t]{0,2}[=:][ \t]{0,2}[(\[]))(?=[ \t\r\n]{0,40}[\w$"'`@&\[])"""
)
_RECEIVER = re.compile(r"(\w{1,40})(?:\.|::|->|:)\Z")
_ARGUMENT = re.compile(
    r"""[ \t\r\n]{0,60}+(?:(?P<wrap>(?:\[\]byte|[A-Za-z_][\w.:]{0,30})\()?[rbufLN@$]{0,2}(?P<q>\\?["'`])"""
    r"""(?P<v>(?:(?!(?P=q))(?:\\.|[^\\\r\n])){0,200}+)(?P=q)(?:\.\w{1,20}\(\))?(?(wrap)\))"""
    r"""|[^,()"'`\r\n]{0,80}+(?:\([^()\r\n]{0,80}\)[^,()"'`\r\n]{0,40}+)?)[ \t\r\n]{0,60}+(?P<end>[,)\]])"""
)
_NUMBER = re.compile(r"\s*\d{1,6}\s*[,)]")  # a port, a timeout
_MOST = 7  # arguments that are looked at
# Functions that build a client: a literal of a machine's making is its key.
_BUILDS = re.compile(
    r"(?:client|session|bot|api|auth|authentication|handler|credentials?|wallet|sdk|search|init|configur"
    r"e|github|gitlab"
    r"|stripe|twilio|mailgun|pusher)\Z"
)
_COMPARES = word_set(
    """
    strcmp strncmp strcasecmp strncasecmp stricmp strcasecmp_l compare_digest equals equalsignorecase areequal
    secure_compare hash_equals timingsafeequal constant_time_compare constanttimecompare safe_str_cmp
    """
)
_ADDRESS = re.compile(
    r"://|\A[\w.-]+(?::\d+|/[\w.-]+)+\Z|\A\d+(?:\.\d+){3}|\A[\w.+-]+@[\w-]+\.[\w.-]+\Z|\A[\w-]+(?:\.[\w-"
    r"]+)+\Z"
)
_USER = re.compile(r"[\w.@\\+-]{1,60}\Z")


def find_calls(text: str) -> Iterator[Finding]:
    """Every literal that stands where a function takes a password or a key.

    >>> text = 'auth = HTTPBasicAuth("me", "hunter2")'
    >>> [text[each.start : each.end] for each in find_calls(text)]
    ['hunter2']
    """
    for call in _CALL.finditer(text):
        name = call["name"].lower()
        sought = _places(text, call, name)
        compares = not call["list"] and name in _COMPARES
        builds = not call["list"] and _BUILDS.search(name) is not None
        if not (sought or compares or builds):
            continue
        arguments = _arguments(text, call.end())
        if sought and (found := _at(arguments, *sought)):
            yield found
        elif compares:
            yield from _compared(arguments)
        elif builds:
            yield from _generated(arguments)


def _places(text: str, call: re.Match[str], name: str) -> tuple[tuple[int, ...], bool] | None:
    """Where the secret stands, and whether nothing else can stand there."""
    receiver = _RECEIVER.search(text, max(0, call.start() - 43), call.start()) if name in _RECEIVED else None
    whole = f"{receiver[1].lower().rstrip('0123456789')}.{name}" if receiver else name
    if whole in _SURE or name in _SURE:
        return _SURE.get(whole) or _SURE[name], True
    return (_OFTEN[name], False) if name in _OFTEN else None


def _arguments(text: str, start: int) -> list[re.Match[str]]:
    found = list[re.Match[str]]()
    while len(found) < _MOST and (match := _ARGUMENT.match(text, start)):
        start = match.end()
        if not found or not _NUMBER.match(match[0]):
            found.append(match)
        if match["end"] != ",":
            break
    return found


def _at(arguments: Sequence[re.Match[str]], places: tuple[int, ...], sure: bool) -> Finding | None:
    for place in places:
        value = arguments[place]["v"] if place < len(arguments) else None
        if not value or _ADDRESS.search(value):
            continue
        literals = [each["v"] for each in arguments[: place + 1] if each["v"]]
        if not sure and not is_structured(value) and (len(literals) < 3 or not _USER.match(literals[-2])):
            continue
        free = len(value) < 4 or is_placeholder(value)
        return None if free else Finding(*arguments[place].span("v"), "PASSWORD")
    return None


def _compared(arguments: Sequence[re.Match[str]]) -> Iterator[Finding]:
    if len(arguments) < 2:
        return
    for one, other in ((arguments[0], arguments[1]), (arguments[1], arguments[0])):
        names = re.findall(r"\w+", other[0]) if other["v"] is None else []
        means = meaning(names[-1]) if names else None
        if (
            means
            and means.type == "PASSWORD"
            and one["v"]
            and len(one["v"]) >= 4
            and not is_placeholder(one["v"])
        ):
            yield Finding(*one.span("v"), "PASSWORD")


def _generated(arguments: Sequence[re.Match[str]]) -> Iterator[Finding]:
    for each in arguments:
        if each["v"] and (is_generated(each["v"]) or looks_random(each["v"])):
            yield Finding(*each.span("v"), "API_KEY")
