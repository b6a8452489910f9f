"""Tokens and values that are longer than what an expression sees at a time are taken out whole."""

import random
import string

import pytest

from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.redactor import redact

DIGITS = string.ascii_letters + string.digits + "_-"
PIECE = 30  # characters in a row that may not be left


def shown(path: str, text: str) -> str:
    span = Span(text, Origin("file", path=path))
    return redact([span], Known(), nonce="zq81kd", deadline_s=60).spans[0].text


def digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choices(DIGITS, k=count))


def is_left(secret: str, text: str) -> bool:
    return any(secret[place : place + PIECE] in text for place in range(0, len(secret) - PIECE, 10))


@pytest.mark.parametrize("length", [600, 1200, 2000, 3000, 5000, 8000])
def test_a_jwt_at_any_place_of_a_long_line(length: int) -> None:
    chance = random.Random(length)
    for _ in range(4):
        token = f"eyJ{digits(chance, 33)}.eyJ{digits(chance, length - 84)}.{digits(chance, 43)}"
        before = '"alpha":"two words",' * chance.randint(0, 500)
        text = f'{{{before}"id_token":"{token}",{before}"x":1}}'
        assert not is_left(token, shown("a.json", text))


FORMS = [
    ("a.py", 'access_token = "V"\n'),
    ("a.py", 'password = "V"\n'),
    ("a.yaml", "api_secret: V\n"),
    ("a.yaml", "api_secret: |\n  V\n"),
    ("a.env", "API_SECRET=V\n"),
    ("a.json", '{"x": 1, "refresh_token": "V", "y": 2}'),
    ("a.sh", 'curl -H "Authorization: Bearer V" https://example.com\n'),
    ("a.js", "const password = 'V';\n"),
]


@pytest.mark.parametrize("length", [1000, 1500, 4500, 9000])
@pytest.mark.parametrize(("path", "form"), FORMS)
def test_a_value_after_a_name_is_as_long_as_its_line(path: str, form: str, length: int) -> None:
    value = digits(random.Random(length), length)
    for before in ("", "x = 1;  " * 470):
        assert not is_left(value, shown(path, before + form.replace("V", value)))


@pytest.mark.parametrize("length", [1000, 4500, 9000])
def test_a_password_of_any_signs_is_as_long_as_its_quotes(length: int) -> None:
    value = "".join(random.Random(length).choices(DIGITS + "!@#$%^&*() ", k=length))
    assert not is_left(value, shown("a.py", f'password = "{value}"\n'))


def test_long_text_that_is_no_secret_stays() -> None:
    text = 'description = "' + "plain words of a manual, with commas " * 40 + '"\n'
    assert shown("a.py", text) == text
    text = 'password_help = "' + "how to choose one " * 60 + '"\n'
    assert shown("a.py", text) == text
