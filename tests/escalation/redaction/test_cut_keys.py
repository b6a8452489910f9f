"""A piece that is cut out of a private key, at any line, holds nothing of the key after redaction."""

import base64
import random

import pytest
from key_texts import KeyFile, body, key_files, pem

from assist_escalation.gate.ghost_text.incremental_redaction import CursorTexts, SessionRedactor
from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.cut_pieces import hidden_parts
from assist_escalation.redaction.findings import RedactionError
from assist_escalation.redaction.redactor import Known, redact

NONCE = "0a1b2c3d4e5f"
FILES = key_files()
SIZES = (1, 2, 7)


def redacted(span: Span) -> str:
    return redact([span], Known(), nonce=NONCE).spans[0].text


def cuts(file: KeyFile) -> list[tuple[int, int]]:
    count = len(file.lines)
    return [(at, min(at + size, count)) for size in SIZES for at in range(count)]


@pytest.mark.parametrize("kind", FILES)
def test_of_a_file(kind: str) -> None:
    file = FILES[kind]
    for first, last in cuts(file):
        piece = "".join(file.lines[first:last])
        hidden = hidden_parts(piece, file.path, file.lines, [(first + 1, last)])
        assert not file.left(redacted(Span(piece, Origin("file", file.path), hidden))), (first, last)


@pytest.mark.parametrize("kind", FILES)
def test_alone(kind: str) -> None:
    """What a user pipes in: one full line of base64 is enough, and two of hex."""
    file = FILES[kind]
    for first, last in cuts(file):
        piece = "".join(file.lines[first:last])
        full = [line for line in file.left(piece) if len(line) >= 60]
        if len(full) >= (2 if kind == "hex" else 1):
            assert not file.left(redacted(Span(f"```piped in\n{piece}```", Origin("user")))), (first, last)


@pytest.mark.parametrize("kind", FILES)
def test_around_a_cursor(kind: str) -> None:
    file = FILES[kind]
    lines = file.text.replace("\r\n", "\n").splitlines(keepends=True)
    origin = Origin("file", file.path)
    for cursor in range(1, len(lines)):
        top, end = max(0, cursor - 7), min(len(lines), cursor + 4)
        given = CursorTexts(
            (),
            Span("".join(lines[top : cursor - 1]), origin),
            Span(lines[cursor - 1], origin),
            "",
            Span("".join(lines[cursor:end]), origin),
            above="".join(lines[:top]),
            below="".join(lines[end:]),
        )
        try:
            found = SessionRedactor(Known(), (), NONCE).redact(given)
        except RedactionError:
            continue
        assert not file.left(found.head + found.typed + found.suffix), cursor


def test_of_another_file_at_a_cursor() -> None:
    file = FILES["ec"]
    piece = "".join(file.lines[5:6])
    hidden = hidden_parts(piece, file.path, file.lines, [(6, 6)])
    origin = Origin("file", "a.py")
    given = CursorTexts(
        (Span(piece, Origin("file", file.path), hidden),),
        Span("", origin),
        Span("x", origin),
        "",
        Span("", origin),
    )
    assert not file.left(SessionRedactor(Known(), (), NONCE).redact(given).files[0].text)


VALUES = [
    ("app.yaml", "db:\n  password: |\n    Wexa-Tulpe-49\n  port: 1\n", 3, "Wexa-Tulpe-49"),
    ("app.yaml", "- name: DB_PASSWORD\n  value: wexatulpe\n- name: COLOR\n", 2, "wexatulpe"),
    ("app.json", '{\n  "name": "DB_PASSWORD",\n  "value": "wexatulpe"\n}\n', 3, "wexatulpe"),
    ("app.json", '{\n  "value": "Wexa-Tulpe-49",\n  "name": "DB_PASSWORD"\n}\n', 2, "Wexa-Tulpe-49"),
    ("app.py", "connect(\n    password=\n    'wexatulpe',\n)\n", 3, "wexatulpe"),
    ("main.tf", 'variable "db_password" {\n  type = string\n  default = "wexatulpe"\n}\n', 3, "wexatulpe"),
    ("web.config", '<add key="Password"\n     value="wexatulpe" />\n', 2, "wexatulpe"),
]


@pytest.mark.parametrize(("path", "text", "number", "secret"), VALUES)
def test_a_value_without_the_line_that_names_it(path: str, text: str, number: int, secret: str) -> None:
    lines = text.splitlines(keepends=True)
    whole = redacted(Span(text, Origin("file", path)))
    for last in range(number, len(lines) + 1):
        piece = "".join(lines[number - 1 : last])
        hidden = hidden_parts(piece, path, lines, [(number, last)])
        assert secret not in redacted(Span(piece, Origin("file", path), hidden)) or secret in whole


DATA = "x y " * 5_200
LONG_LINES = [
    (f"blob: {DATA}\nb: 1\npassword:\n  Wexa-Tulpe-49\nother: 1\n", 4, 5),
    (f"password:\n  Wexa-Tulpe-49\nblob: {DATA}\nother: 1\n", 2, 3),
    (f'{{"blob": "{DATA}", "password":\n"Wexa-Tulpe-49",\n"a": 1}}\n', 2, 3),
    (f'{{"password":\n"Wexa-Tulpe-49", "blob": "{DATA}",\n"a": 1}}\n', 2, 3),
    (f"{DATA}\n" * 6 + "password:\n  Wexa-Tulpe-49\n" + f"{DATA}\n" * 6, 8, 9),
    (f'{{"blob": "{DATA}",  "value": "Wexa-Tulpe-49",\n"name": "DB_PASSWORD"}}\n', 1, 1),
    (" " * 21_000 + "\npassword:\n  Wexa-Tulpe-49\nother: 1\n", 3, 4),
]


@pytest.mark.parametrize(("text", "first", "last"), LONG_LINES)
def test_a_value_without_its_name_near_a_long_line(text: str, first: int, last: int) -> None:
    lines = text.splitlines(keepends=True)
    piece = "".join(lines[first - 1 : last])
    hidden = hidden_parts(piece, "app.yaml", lines, [(first, last)])
    shown = redacted(Span(piece, Origin("file", "app.yaml"), hidden))
    assert "Wexa-Tulpe-49" not in shown
    assert len(shown) > len(piece) - 20  # what else is there stays


TABLES = {
    "users.csv": ("name,password,mail\n", "bob{0},{1},b{0}@x.org\n"),
    "users.tsv": ("name\tpassword\n", "bob{0}\t{1}\n"),
    "users.md": ("| name | password |\n|---|---|\n", "| bob{0} | {1} |\n"),
    "users.sql": ("INSERT INTO users (name, password) VALUES\n", "('bob{0}', '{1}'),\n"),
}


@pytest.mark.parametrize("path", TABLES)
def test_rows_far_below_the_head_of_their_table(path: str) -> None:
    head, row = TABLES[path]
    values = [f"W{number * 7919 % 9973}-Tulpe-49" for number in range(400)]
    text = head + "".join(row.format(number, value) for number, value in enumerate(values))
    whole = redacted(Span(text, Origin("file", path)))
    assert not [value for value in values if value in whole]
    lines = text.splitlines(keepends=True)
    piece = "".join(lines[300:340])
    hidden = hidden_parts(piece, path, lines, [(301, 340)])
    left = redacted(Span(piece, Origin("file", path), hidden))
    assert "bob300" in left
    assert not [value for value in values if value in left]
    before, after = "".join(lines[300:320]), "".join(lines[320:340])
    origin = Origin("file", path)
    given = CursorTexts(
        (), Span(before, origin), Span("", origin), "", Span(after, origin),
        above="".join(lines[:300]), below="".join(lines[340:]),
    )  # fmt: skip
    found = SessionRedactor(Known(), (), NONCE).redact(given)
    assert not [value for value in values if value in found.head + found.suffix]


def test_what_a_diff_shows_of_a_key() -> None:
    file = FILES["rsa"]
    for number, mark in ((10, "+"), (120_000, "-")):
        piece = "".join(f"{number:>5} {mark} {line}" for line in file.lines[8:11])
        hidden = hidden_parts(piece, file.path, file.lines, [(9, 11)])
        assert not file.left(redacted(Span(piece, Origin("file", file.path), hidden)))
        assert not file.left(redacted(Span(piece, Origin("user"))))


def wrapped(data: bytes) -> str:
    return base64.encodebytes(data).decode()


PUBLIC = [
    pem("CERTIFICATE", body(7, 9)),
    "\n".join(body(7, 9)) + "\n-----END CERTIFICATE-----\n",
    pem("PGP PUBLIC KEY BLOCK", ["", *body(8, 9)]),
    "---- BEGIN SSH2 PUBLIC KEY ----\n" + "\n".join(body(9, 5, 70)) + "\n---- END SSH2 PUBLIC KEY ----\n",
    wrapped(b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(400)),
    wrapped(b"PK\x03\x04" + random.Random(2).randbytes(400)),
    wrapped(b"A letter of some length, which nothing in it makes secret. " * 6),
    "data:font/woff;base64,\\\n" + "\n".join(body(10, 5)) + "\n",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
    "self.check('sha512', b'',\n" + "+\n".join(f'"{line}"' for line in body(13, 2, 64, "0123456789abcdef", 0)) + ")\n",
    "".join(f"{line}  file-{line[:4]}.tar.gz\n" for line in body(11, 5, alphabet="0123456789abcdef")),
    "".join(f'"integrity": "sha512-{line}==",\n' for line in body(12, 4, 86)),
    "\n".join("".join(random.Random(3).choices("abcdefgh", k=64)) for _ in range(4)) + "\n",
    "// " + "=" * 70 + "\n// " + "/" * 70 + "\n",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_no_key_stays(text: str) -> None:
    assert redacted(Span(text, Origin("file", "notes.txt"))) == text
