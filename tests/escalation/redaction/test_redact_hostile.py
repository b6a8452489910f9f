"""Texts of 40 KB that are made to be slow: they are searched, or blocked, in bounded time."""

import contextlib
import time

import pytest

from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.redactor import RedactionError, redact

pytestmark = pytest.mark.slow

SIZE = 40_000
MOST = 0.8  # seconds of CPU; 0.1 is usual, 0.5 the slowest on a busy machine

UNITS = [
    "a", "=", '"', "\\", "/", "A", "0", " ", "\n", "%", "-", "_", ".", ":", "é", "\u200b", "password", "password=", 'password="', "password: ",
    "password : A[", 'password\\"', "password=(\n", "<password>", '{"password":"', 'name="password" value=', '"a" ', '"a"+\n', "a\\\n", "sk-a", "ghp_", "eyJ",
    "eyJaaaaaaa.", "AKIA", "://", "a://b:", "http://a:b@", "%41", "\\x41", "&#65;", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n",
    "-----END PRIVATE KEY-----\n", '"kty":"', 'login("a",', "insert into a (password) values (", "cookie: a=b; ", "curl -u ", "mysql -p", "x-api-key:",
    "authorization: bearer ", "user a ", "password is ", "MIIEpAIBAA", "aws ", "$2a$", "TGFib3Jh", "41", "Private-Lines: 9999\n", "export ", "token=", "[a", "(((", "${{",
    'connect("a",', 'client("', "user,password\n", "| user | password |\n", "kind: Secret\ndata:\n a: b\n", '["a",', '"".join(["a",', "htpasswd -b a a ", "net user a ", "login: a / ",
    "password for a a a ", "change password to ", 'x = "a" # token ', "password: |\n  a\n", "password = q{", "password = or ", "a=b password=a ", "zip -p ", "openssl passwd ", "'a' == password ",
]  # fmt: skip


def cpu_seconds(text: str, path: str) -> float:
    begin = time.process_time()
    with contextlib.suppress(RedactionError):  # to block it is as good
        redact([Span(text, Origin("file", path=path))], Known(), nonce="zq81kd", deadline_s=30)
    return time.process_time() - begin


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_many_times(unit: str) -> None:
    text = (unit * SIZE)[:SIZE]
    assert max(cpu_seconds(text, path) for path in ("a.py", "a.yaml")) <= MOST


@pytest.mark.parametrize("quote", ['"', "'", '"""'])
@pytest.mark.parametrize("filling", ["a", "\\", "a ", "'\"", "password="])
def test_a_string_that_never_ends(quote: str, filling: str) -> None:
    assert cpu_seconds(f"password = {quote}" + (filling * SIZE)[:SIZE], "") <= MOST


def test_a_million_equal_signs() -> None:
    assert cpu_seconds("password" + "=" * 1_000_000, "a.env") <= 12 * MOST
