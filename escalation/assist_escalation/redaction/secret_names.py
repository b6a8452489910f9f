"""Which names mean a secret: `db_password` does, `password_file` and `primary_key` do not.

It knows words, in several languages, and how a name is made of them. It knows no values and no syntax.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

# How sure a name is. `strong`: whatever stands there is secret. `medium`: unless it reads as a name.
# `weak`: only where the value looks random, since `key` and `token` mean many things in a program.
Strength = Literal["strong", "medium", "weak"]


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name says of its value: the type of a secret, and how sure that is."""

    type: str
    strength: Strength


_PASSWORDS = word_set(
    """
    password passwords passwd passwds passphrase passphrases passcode passwort kennwort pwd pswd psswd psw
    pword passw passwrd pasword userpass userpwd dbpass dbpwd rootpw rootpass adminpass pass pw senha
    contrasena contraseña clave mdp motdepasse wachtwoord heslo haslo hasło parola пароль 密码 密碼
    パスワード 비밀번호 psk wpapsk pincode masterpass storepass keypass sshpass smtppass mypass passe
    requirepass masterauth mnemonic
    """
)
_SECRETS = word_set("secret secrets geheimnis secretkey clientsecret appsecret")
_CREDENTIALS = word_set("credential credentials creds")
_TOKENS = word_set("token tokens accesstoken authtoken apitoken bearer jwt bottoken")
_KEYS = word_set(
    """
    apikey apikeys accesskey authkey privatekey privkey encryptionkey masterkey accountkey sharedkey
    appkey sharedaccesskey signingkey sessionkey secretaccesskey licensekey
    """
)
_RANDOM = word_set(
    """
    auth authorization cookie sessionid session salt nonce seed pepper otp totp hmac sid
    """
)
_PINS = word_set("pin cvv cvc passcode")
_SINGLE = {
    **dict.fromkeys(_PASSWORDS, Meaning("PASSWORD", "strong")),
    **dict.fromkeys(_SECRETS, Meaning("SECRET", "strong")),
    **dict.fromkeys(_KEYS, Meaning("API_KEY", "medium")),
    **dict.fromkeys(_CREDENTIALS, Meaning("CREDENTIALS", "medium")),
    **dict.fromkeys(_PINS, Meaning("PIN", "weak")),
    **dict.fromkeys(_RANDOM, Meaning("SECRET", "weak")),
}
_ENDINGS = {
    **dict.fromkeys(("password", "passwd", "passphrase", "passwort"), Meaning("PASSWORD", "strong")),
    **dict.fromkeys(("secret", "secretkey"), Meaning("SECRET", "strong")),
    **dict.fromkeys(("apikey", "accesskey"), Meaning("API_KEY", "medium")),
    "token": Meaning("TOKEN", "medium"),
}

# What makes a "key" a secret one.
_KEY_OWNERS = word_set(
    """
    api access secret private priv auth encryption encrypt decryption decrypt crypto cipher signing sign
    signature master account shared service license licence ssh hmac app application consumer
    deploy admin security subscription functions integration aes des jwt webhook client bearer developer
    server rest live prod stripe openai anthropic github gitlab google maps firebase twilio sendgrid
    mailgun datadog sentry algolia azure aws host publishable provider wallet eth tls ssl gpg pgp
    recaptcha captcha flask django rails app vault root user function write read ingest telemetry
    instrumentation merchant payment paypal slack cloudflare
    """
)
# What follows the word where a name speaks about a secret and holds none.
_ABOUT = word_set(
    """
    file files filename path paths dir directory folder url urls uri uris endpoint endpoints host name
    names type types typ len length size sizes width height field fields label labels title titles hint
    hints policy policies prompt prompts re regex regexp pattern patterns min max minimum maximum count
    counts num number numbers index idx pos position positions offset line column col row expiry expires
    expired expiration expire exp ttl timeout age lifetime format fmt header headers prefix suffix error
    errors err msg message messages help desc description descriptions reset changed change required
    require requires enabled enable disabled disable strength encoder encoding class style styles input
    box form view page tag tags ref refs reference selector location mode method methods algorithm
    algorithms alg algo kind kinds source sources provider providers manager service services store
    storage handler handlers callback func fn function functions cls obj object objects list lists map
    maps set sets dict table tables attr attribute option options opt param params parameter arg args
    argument flag flags env var vars variable rotation version versions status state states validator
    validation valid rule rules match id ids ident identifier request requests response responses parser
    reader writer stream scanner iterator iter generator gen builder factory cache queue stack buffer pool
    limit limits usage used budget cost price per rate ratio window estimate total estimated scope scopes
    audience issuer grant info meta metadata schema spec config settings is has node nodes tree group
    groups range ranges span spans start end stop begin next prev previous dialog modal page screen button
    icon link links hash hashes hashed hasher digest checksum event events manager modal login logins sub
    subs template templates text tooltip placeholder visible visibility toggle key_id keyid details detail
    bytes character characters char chars address addresses authentication authenticator encryption caching
    hashers aging quality complexity mgr realm color colors lexer rs py js ts
    """
)
# What stands before the word where a name speaks about it, as in `forgot_password`.
_DENIES = word_set(
    """
    public pub no non is has have show hide forgot forget forgotten lost need needs without invalid
    missing bad wrong requires required require allow verify validate check reset change expired primary
    foreign sort cache partition row group translation i18n locale css design color font keyword
    identifier skip expect consume per total
    """
)
# What stands before a key that anybody may see.
_OPEN_KEYS = word_set("public pub recv primary foreign sort partition row translation i18n locale css design")
# What stands before the token of a parser or a model.
_ORDERS = word_set(
    """
    next prev previous current last first peek eof eol start end open close closing opening begin left
    right op operator bos eos pad mask unk cls sep special lex syntax parse input prompt completion max
    min num
    """
)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zß-ɏ]+|\d+|[^\W\d_]+")
# Where a name may hold such a word at all; the search runs over every text, so it is short.
_STEMS = tuple(
    re.compile(stem)
    for stem in (
        "pass", "pwd", "psw", "pswd", "psswd", "pword", "psk", "pin(?![a-z])", "pw(?![a-z])", "secret",
        "senha", "token",
        "masterauth", "key", "cred(?=s|ential)", "auth", "cookie", "session", "sid(?![a-z])", "salt", "nonce",
        "seed", "pepper", "otp",
        "hmac", "jwt", "bearer", "cv[vc]", "mnemonic", "contrase", "clave", "mdp", "motdepasse", "kennwort",
        "wachtwoord", "heslo", "has[lł]o", "parola", "geheimnis", "пароль", "密[码碼]",
        "パスワード", "비밀번호",
    )
)  # fmt: skip
_FIRST = tuple(re.split(r"[(\[]", stem.pattern)[0] for stem in _STEMS)


def stems(text: str) -> list[tuple[int, int]]:
    """Where in `text` a secret's name may be, in order: the search runs over every text, so it is fast.

    >>> stems("DB_PASSWORD and a Token")
    [(3, 7), (18, 23)]
    """
    lower = lowered(text)
    present = (stem for stem, first in zip(_STEMS, _FIRST, strict=True) if first in lower)
    return sorted(match.span() for stem in present for match in stem.finditer(lower))


def lowered(text: str) -> str:
    """`text` in lower case, character by character: offsets stay."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in text)


def parts(name: str) -> list[str]:
    """The words of a name, in lower case.

    >>> parts("db.userPassword_2")
    ['db', 'user', 'password', '2']
    """
    return [part.lower() for part in _PARTS.findall(name)]


@lru_cache(maxsize=8192)
def meaning(name: str) -> Meaning | None:
    """What a name says of its value, None where it means no secret.

    >>> meaning("DB_PASSWORD"), meaning("password_file")
    (Meaning(type='PASSWORD', strength='strong'), None)
    """
    words = parts(name)
    for place in range(len(words) - 1, -1, -1):
        found = _word(words, place)
        if found is not None:
            return found
        if words[place] in _ABOUT and words[place - 1 : place + 1] not in (
            ["secret", "id"],
            ["session", "id"],
        ):
            return None
    return None


def _word(words: list[str], place: int) -> Meaning | None:
    word = words[place]
    before = words[place - 1] if place else ""
    if word in ("key", "keys"):
        return _key(before)
    if [before, word] == ["security", "credentials"]:
        return Meaning("PASSWORD", "strong")  # of Java's directories
    if word in _TOKENS:
        return _token(words[:place])
    found = _SINGLE.get(word) or next(
        (
            each
            for ending, each in _ENDINGS.items()
            if word.endswith(ending) and word.removesuffix(ending) not in _DENIES
        ),
        None,
    )
    if found and found.strength == "strong" and before in _DENIES:
        return Meaning(found.type, "weak")
    return found


def _key(before: str) -> Meaning | None:
    if before in _OPEN_KEYS:
        return None
    if before in ("secret", "private", "priv"):
        return Meaning("SECRET", "strong")
    return Meaning("API_KEY", "medium" if before in _KEY_OWNERS else "weak")


def _token(before: list[str]) -> Meaning | None:
    if before[-2:] == ["public", "key"]:
        return None  # .NET's short name for a public key
    last = before[-1] if before else ""
    alone = not last or last.isdigit() or last in _DENIES or last in _ORDERS
    return Meaning("TOKEN", "weak" if alone else "medium")


VOCABULARY = (
    _PASSWORDS | _SECRETS | _CREDENTIALS | _TOKENS | _KEYS | _RANDOM
    | word_set("key keys api user username login")
) - {"pass", "pw"}  # fmt: skip
