"""How much of labelled lines is found, how little of real code is taken for a secret, over every surface."""

import base64
import sysconfig
from pathlib import Path

import pytest
from secret_lines import HARMLESS, Line, assignment_lines, token_lines

from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.redactor import clean, redact

NOTHING = Known()
STDLIB = Path(sysconfig.get_paths()["stdlib"])


def missed(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.secret in shown(line.text, line.path)]


def shown(text: str, path: str = "") -> str:
    origin = Origin("file", path=path) if path else Origin("user")
    return redact([Span(text, origin)], NOTHING, nonce="zq81kd", deadline_s=60).spans[0].text


@pytest.mark.parametrize("seed", [1, 2])
def test_recall_of_published_formats(seed: int) -> None:
    lines = token_lines(seed, 500)
    assert len(missed(lines)) <= 0.02 * len(lines), missed(lines)[:10]


@pytest.mark.parametrize("seed", [3, 4])
def test_recall_of_assignments_in_eighteen_kinds_of_file(seed: int) -> None:
    lines = assignment_lines(seed, 800)
    assert len(missed(lines)) <= 0.05 * len(lines), missed(lines)[:10]


def test_recall_without_a_file_name() -> None:
    lines = [*assignment_lines(5, 500), *token_lines(6, 200)]
    misses = [line for line in lines if line.secret in clean(line.text)]
    assert len(misses) <= 0.05 * len(lines), misses[:10]


@pytest.mark.parametrize(("path", "text"), HARMLESS)
def test_what_only_looks_alike_stays(path: str, text: str) -> None:
    assert shown(text, path) == text
    assert clean(text) == text


@pytest.mark.slow
def test_real_code_is_hardly_touched() -> None:
    """The standard library without its tests, whose passwords are real ones for test servers."""
    files = [
        path for path in sorted(STDLIB.rglob("*.py"))
        if not {"test", "tests", "site-packages", "idle_test", "lib2to3", "encodings"} & set(path.parts)
    ][::5]  # fmt: skip
    lines = hits = 0
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        lines += text.count("\n")
        result = redact([Span(text, Origin("file", path=path.name))], NOTHING, nonce="zq81kd", deadline_s=60)
        hits += sum(count for _, count in result.found)
    assert lines > 30_000
    assert hits * 10_000 <= lines, hits


SURFACES = [
    lambda text: text,
    lambda text: f'File "a.py", line 3: invalid syntax near {text}',
    lambda text: f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-{text}\n+{text}  # new",
    lambda text: f'def f():\n    """Use it so:\n\n    {text}\n    """\n',
    lambda text: f"Why does this fail?\n```\n{text}\n```\nThanks.",
    lambda text: f"2024-05-06 12:00:00 INFO sent: {text}",
    lambda text: f"// {text}",
    lambda text: f"> {text}",
]


@pytest.mark.parametrize("surface", SURFACES)
def test_recall_on_every_surface(surface) -> None:
    lines = [*token_lines(7, 100), *(line for line in assignment_lines(8, 250) if "\n" not in line.text)]
    misses = [line for line in lines if line.secret in shown(surface(line.text))]
    assert len(misses) <= 0.1 * len(lines), misses[:10]


def test_a_remote_and_a_file_name() -> None:
    assert "hunter2" not in shown("origin\thttps://bob:hunter2@example.com/x.git (fetch)")
    for line in token_lines(9, 100):
        span = Span("x", Origin("file", path=f"backup/{line.secret.replace('/', '-')}.txt"))
        result = redact([span], NOTHING, nonce="zq81kd")
        assert line.secret not in result.spans[0].origin.path


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.8])
def test_recall_split_over_literals(cut: float) -> None:
    misses = []
    for line in token_lines(10, 100):
        place = max(1, int(len(line.secret) * cut))
        for joint in ('" + "', '"\n    "', '" \\\n    "', '" .\n  "'):
            found = shown(f'key_name = "{line.secret[:place]}{joint}{line.secret[place:]}"', "a.py")
            if line.secret[place:] in found and line.secret[:place] in found:
                misses.append(line)
    assert len(misses) <= 40, misses[:10]


def test_recall_in_base64() -> None:
    misses = [
        line for line in token_lines(11, 200)
        if not shown_types(base64.b64encode(f"x: {line.secret}\n".encode()).decode())
    ]  # fmt: skip
    assert len(misses) <= 10, misses[:10]


def shown_types(text: str) -> tuple[tuple[str, int], ...]:
    return redact([Span(text, Origin("user"))], NOTHING, nonce="zq81kd").found
