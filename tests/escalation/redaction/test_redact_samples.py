"""How people write secrets in many languages and formats: `«...»` is what must not survive.

`=1 PATH` in a file of samples begins lines that are a text each; `== PATH` begins one text of several lines.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.redactor import redact

FILES = sorted((Path(__file__).parent / "samples").glob("*.txt"))


def samples(file: Path) -> Iterator[tuple[str, str]]:
    for block in re.split(r"^(?==[1=] )", file.read_text(encoding="utf-8"), flags=re.MULTILINE):
        head, _, body = block.partition("\n")
        if head.startswith("=1 "):
            yield from ((head[3:], line) for line in body.splitlines() if line)
        elif head:
            yield head[3:], body


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_marked_secret_survives(file: Path) -> None:
    missed = []
    count = 0
    for path, marked in samples(file):
        count += 1
        span = Span(re.sub("[«»]", "", marked), Origin("file", path=path))
        text = redact([span], Known(), nonce="zq81kd", deadline_s=60).spans[0].text
        missed += [f"{path}: {marked}" for secret in re.findall("«(.*?)»", marked) if secret in text]
    assert count > 50
    assert missed == []


HARMLESS = [
    ("a.py", "user, password = get_user(), get_password()"),
    ("a.py", 'user, password = "user", "password"'),
    ("a.py", 'PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]'),
    ("a.py", 'tokens = ["if", "else", "while"]'),
    ("a.py", 'def password_hint():\n    return "the name of your first pet"\n'),
    ("a.py", 'def test_bad_password():\n    return "not accepted here"\n'),
    ("a.js", "const type = showPassword ? 'text' : 'password';"),
    ("a.js", "users = { name: 'bob', role: 'admin1', created: '2024-05-01' }"),
    ("a.js", '"js-tokens": { "version": "4.0.0", "integrity": "sha512-RdJUflcE3cUzKiMqQgsCu06FPu9UdIJO0beYbPhHN4k6=="}'),
    ("a.php", "'passwords' => ['users' => ['provider' => 'users', 'table' => 'password_resets', 'expire' => 60]],"),
    ("a.php", "return ['password' => ['label' => 'Password', 'type' => 'password']];"),
    ("a.yaml", "secrets:\n  - source: api_token\n    target: token\n"),
    ("a.yaml", "tokens:\n  access: 3600\n  refresh: 86400\n"),
    ("a.ini", "[passwords]\nminimum = 8\n"),
    ("a.go", 'url := fmt.Sprintf("%s:%s@tcp(%s)/%s", user, password, host, name)'),
    ("a.rb", "set :session_secret, format('%064x', Kernel.rand(2**256))"),
    ("a.sh", 'docker login -u "$USER" -p "$PASSWORD"'),
    ("a.md", "Community include: code of conduct"),
    ("a.py", 'if args[0] == "start" or args[0] == "v1.2.3" or mode == "password":'),
    ("a.py", 'if auth.method != "XOAUTH2" and token.type == "COMMENT":'),
    ("a.py", '@pytest.mark.parametrize(("name", "password", "message"), [("a", "", b"Password is required.")])'),
    ("a.py", 'hashlib.new("sha256"); hash("sha512"); get_user("item-12"); verify("RS256")'),
    ("a.js", "res.setHeader('ETag', 'c4f1a7e0b5d94a3c8e6b2f7d1a0c9e8b'); new Token('COMMENT2', 'x1')"),
    ("a.kt", '.setHeader("Sec-WebSocket-Accept", "ujmZX4KXZqjwy6vi1aQFH5p4Ygk=")'),
    ("a.go", 'switch token {\ncase "func1":\n}\nswitch code { case "200": }'),
    ("a.py", 'fields = ["user", "password", "email_2"]'),
    ("a.js", 'adapters.add("password", ["min", "letters", "regex"], f); x.decode("[1,2,{\\"foo\\":1}]", g)'),
    ("a.php", "'auth' => ['guards', 'providers', 'passwords'],"),
    ("a.yaml", "users:\n  bob: admin\n  eve: 2024-05-01\n"),
    ("a.py", "try:\n    x()\nexcept E:\n    pass\n\nprint('set -e')\nprint('autoconf')\n"),
    ("a.php", "'password' => env('DB_PASSWORD'),\n'sslmode' => 'prefer',\n'options' => loaded('pdo_mysql') ? f() : [],"),
    ("a.py", 'run(["git", "log", "--format=%H", "-n1"])'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text"), HARMLESS)
def test_what_only_looks_alike_stays(path: str, text: str) -> None:
    assert redact([Span(text, Origin("file", path=path))], Known(), nonce="zq81kd").spans[0].text == text


PAIRS = {
    "user": "bob",
    "password": "otter-elm-77",
    "region": "eu-west-1",
    "api-zone": "north-2",
    "port": 5432,
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PAIRS),
        json.dumps(PAIRS, separators=(",", ":")),
        json.dumps(json.dumps(PAIRS)),
        json.dumps({"body": json.dumps({"data": json.dumps(PAIRS)})}),
        str(PAIRS),
        f"body = '{json.dumps(PAIRS)}'",
        '{"password": "otter-elm-77", "mode": settings["mode"], "region": "eu-west-1"}',
    ],
)
def test_a_key_after_a_password_keeps_its_value(text: str) -> None:
    redacted = redact([Span(text, Origin("user"))], Known(), nonce="zq81kd")
    assert list(redacted.placeholders.values()) == ["otter-elm-77"]


@pytest.mark.parametrize(
    "text",
    [
        'password = is_live ? "otter-elm-77" : "maple-fox-31"',
        '{ "password": is_live ? "otter-elm-77" : "maple-fox-31", "region": "eu-west-1" }',
        'password = pick("a, b:c") ? "otter-elm-77" : "maple-fox-31"',
        'open({ password: is_live ? "otter-elm-77" : "maple-fox-31" })',
    ],
)
def test_a_password_after_a_colon_that_is_of_no_key_is_still_found(text: str) -> None:
    redacted = redact([Span(text, Origin("user"))], Known(), nonce="zq81kd")
    assert list(redacted.placeholders.values()) == ["otter-elm-77", "maple-fox-31"]
