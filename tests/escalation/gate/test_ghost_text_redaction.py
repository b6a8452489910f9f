"""Redaction of ghost text's prompts: as much is found as in a question's, also while a secret is typed."""

import random
import re

import pytest
from secret_lines import assignment_lines, token_lines

from assist_escalation.gate.ghost_text.incremental_redaction import (
    CursorTexts,
    RedactedTexts,
    SessionRedactor,
)
from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.findings import RedactionError
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.redactor import redact
from assist_escalation.redaction.restorer import exact

NONCE = "0a1b2c3d4e5f"
HEAD = "import os\n\n\ndef connect(host, port):\n    return (host, port)\n\n\n"


def texts(head: str, typed: str = "", need: str = "", suffix: str = "", path: str = "app.py") -> CursorTexts:
    origin = Origin("file", path, "/r")
    return CursorTexts((), Span(head, origin), Span(typed, origin), need, Span(suffix, origin))


def everything(found: RedactedTexts) -> str:
    return "\n".join(
        [found.path, found.head, found.typed, found.suffix, *(each.text for each in found.files)]
    )


def redactor(*known: str) -> SessionRedactor:
    return SessionRedactor(Known(known), (), NONCE)


def test_secrets_around_the_cursor_get_placeholders_that_stay() -> None:
    session = redactor("battery-staple")
    given = texts(HEAD + 'password = "hunter2x"\n', "y = 1", suffix='key = "battery-staple"\n')
    first = session.redact(given)
    again = session.redact(texts(given.head.text, "y = 12", suffix=given.suffix.text))
    assert "hunter2x" not in everything(first)
    assert "battery-staple" not in everything(first)
    assert (first.head, first.suffix) == (again.head, again.suffix)
    assert exact(first.head, first.redacted) == given.head.text


def test_a_secret_across_the_border_to_the_typed_text_is_found() -> None:
    head, typed = HEAD + "token = (\n", '    "ghp_0123456789abcdefghijABCDEFGHIJ012345"\n)\nx = 1'
    found = redactor().redact(texts(head, typed))
    assert "ghp_" not in everything(found)
    assert found.typed.endswith("\n)\nx = 1")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("password = ", '"Tr0ub4dor&3xyz"\n'),
        ("api_key=", "sQ8vLw2mZr9tKx4b\n"),
        ('url = "postgres://admin:', 's3cr3tPassw0rd@db.example/app"\n'),
        ('key = "AKIAIOSF', 'ODNN7EXAMPLQ"\n'),
        ('token = "gh', 'p_0123456789abcdefghijABCDEFGHIJ012345"\n'),
        ("password = (\n    ", '"Tr0ub4dor&3xyz"\n)\n'),
        ("x = battery-", "staple-horse\n"),
    ],
)
def test_a_secret_on_both_sides_of_the_cursor_does_not_leave(before: str, after: str) -> None:
    given = texts(HEAD, before, suffix=after)
    secret = after.strip().strip('")\n')
    try:
        found = everything(redactor("battery-staple-horse").redact(given))
    except RedactionError:
        return
    assert secret not in found


def test_the_body_of_a_key_that_began_in_the_head_is_found() -> None:
    lines = ["".join(random.Random(n).choices("ABCDEFGHabcdefgh0123+/", k=64)) for n in range(60)]
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(lines)
    found = redactor().redact(texts(f"# a key\n{key}\n", f"{lines[0]}\n-----END RSA PRIVATE KEY-----\nx = 1"))
    assert not any(line in everything(found) for line in lines)


def test_a_value_found_in_one_place_is_replaced_in_all() -> None:
    given = texts(HEAD + 'db_password = "Tr0ub4dor&3"\n', "x = 1", suffix="# it was Tr0ub4dor&3 once\n")
    assert "Tr0ub4dor" not in everything(redactor().redact(given))


def test_as_much_is_found_as_in_a_question() -> None:
    """Every labelled line, above, at and below the cursor, against the redaction of whole prompts."""
    for line in (*token_lines(11, 60), *assignment_lines(12, 60)):
        path = line.path or "notes.txt"
        whole = (
            redact([Span(line.text + "\n", Origin("file", path, "/r"))], Known(), nonce=NONCE).spans[0].text
        )
        for given in (
            texts(f"{line.text}\n", "x = 1", path=path),
            texts("x = 1\n", f"{line.text}\nx = 1", path=path),
            texts("x = 1\n", "x = 1", suffix=f"{line.text}\n", path=path),
        ):
            try:
                found = everything(redactor().redact(given))
            except RedactionError:
                continue  # nothing leaves
            assert line.secret not in found or line.secret in whole, (path, line.text)


def test_ordinary_code_is_sent_at_nearly_every_letter() -> None:
    """Rules about half-typed secrets must not keep everything here."""
    typed = "total = 0\nfor item in items:\n    total += item.price * 2\nreturn format(total, '.2f')\n"
    session = redactor()
    sent = 0
    for end in range(1, len(typed) + 1):
        try:
            sent += session.redact(texts(HEAD, typed[:end])).typed == typed[:end]
        except RedactionError:
            continue
    assert sent >= 0.95 * len(typed)


def test_a_secret_that_is_typed_letter_by_letter_does_not_leave_in_pieces() -> None:
    """Of 120 typed secrets at most one in ten shows more than half of itself before it is recognized."""
    lines = [*token_lines(21, 60), *assignment_lines(22, 60)]
    shown = [_most_shown(line.text, line.secret, line.path or "notes.txt") for line in lines]
    assert sum(share > 0.5 for share in shown) <= len(lines) / 10
    assert sum(share == 1.0 for share in shown) <= 2  # words such as "welcome1" in a URL without its host


TYPED = [
    ("a.py", 'key = "', "AKIA" + "QWERTZUIOPASDFGH"),
    ("a.sh", "aws configure set aws_secret_access_key ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzKEY9aQ12"),
    ("a.go", 'db, err := sql.Open("mysql", "app:', "Tulpe-Garten9"),
    ("a.md", "| user | password |\n|---|---|\n| bob | ", "Sommer2024!"),
    ("wp-config.php", "define('NONCE_SALT', '", "k~ 4R(8|u{{!w%s Zt@9 #Lq&&P+ x]2^e=>V:b0_ <N?7 $y"),
]


@pytest.mark.parametrize(("path", "before", "secret"), TYPED)
def test_no_more_than_half_of_it_leaves_while_it_is_typed(path: str, before: str, secret: str) -> None:
    assert _most_shown(before + secret, secret, path) <= 0.6


def _most_shown(text: str, secret: str, path: str) -> float:
    session, most = redactor(), 0
    for end in range(1, len(text) + 1):
        typed = "x = 1\n" + text[:end]
        last = re.search(r"[ ]?\w{1,40}\Z|[ ]\Z", typed)
        need = last[0] if last else ""
        try:
            found = session.redact(texts(HEAD, typed.removesuffix(need) if need else typed, need, path=path))
        except RedactionError:
            continue
        left = found.typed + need
        sizes = (size for size in range(len(secret), most, -1) if secret[:size] in left)
        most = max(most, next(sizes, 0))
    return most / len(secret) if most >= 4 else 0.0


def test_unchanged_texts_are_not_scanned_again() -> None:
    session = redactor()
    head, suffix = HEAD * 40, HEAD * 20
    session.redact(texts(head, "value", suffix=suffix))
    before = session.scanned
    session.redact(texts(head, "values", suffix=suffix))
    assert session.scanned - before < 5_500
    assert before > len(head) + len(suffix)


def test_a_text_with_the_nonce_stays_here() -> None:
    with pytest.raises(RedactionError):
        redactor().redact(texts(f"x = '{NONCE}'\n", "y"))
