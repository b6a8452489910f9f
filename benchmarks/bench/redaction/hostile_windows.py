"""Windows of text that are made to be slow: the literals of redaction's expressions, combined, repeated."""

import random
import re
from collections.abc import Iterator
from importlib import resources

from assist_escalation.redaction.detectors.assignments import find_assignments
from assist_escalation.redaction.detectors.phrases import PHRASES, find_phrases
from assist_escalation.redaction.detectors.tables import find_in_tables
from assist_escalation.redaction.detectors.token_formats import FORMATS, find_formats
from assist_escalation.redaction.findings import TextKind

SIZE = 4086
SEPARATORS = [
    " ", "  ", "\t", "=", ": ", ":", '"', "'", "`", ",", ", ", "(", ")", "{", "}", "[", "]", ";", "|", "&",
    "\\", '\\"', "+", "-", "--", "-p", " -p ", " -u ", ".", "/", "@", "://", "%41", "a", "A", "0", "aB3",
    "<", ">", "</", "$", "${", "#", "//", '" + "', '", "', "=>", ":=", "->", "\n", "\n  ", "\n\n", "é",
]  # fmt: skip
_WORD = re.compile(r"[a-z][a-z_-]{2,}")
_FOLDERS = ("detectors", "contexts")


def rule_literals() -> list[str]:
    """Every word that a rule looks for: those of the tables, and those in the expressions."""
    words = {word for rule in (*PHRASES, *FORMATS) for word in rule.words}
    for rule in PHRASES:
        words.update(_WORD.findall(rule.regex.pattern))
    package = resources.files("assist_escalation.redaction")
    for folder in _FOLDERS:
        for file in package.joinpath(folder).iterdir():
            if file.name.endswith((".py", ".toml")) and "token_formats" not in file.name:
                words.update(_WORD.findall(file.read_text(encoding="utf-8").lower()))
    return sorted(words)


def hostile_windows(chance: random.Random, count: int) -> Iterator[tuple[str, str]]:
    """`count` times a unit and the window that repeats it. Every word comes alone before any is combined."""
    words = rule_literals()
    alone = [word + separator for word in words for separator in ("", "-", " ", '"', "=")]
    for number in range(count):
        if number < len(alone):
            unit = alone[number]
        else:
            unit = "".join(
                chance.choice(words) if chance.random() < 0.5 else chance.choice(SEPARATORS)
                for _ in range(chance.randint(1, 6))
            )
        head = chance.choice(("", 'password = "', "password = {", "curl ", "mysql ", "# "))
        yield unit, (head + unit * SIZE)[:SIZE]


def _no_limit() -> None:
    """The check of a search that takes as long as it takes."""


def search_window(window: str, kind: TextKind) -> int:
    """Run every detector over one window, and count what they find."""
    return sum(
        1
        for finder in (
            find_formats(window), find_assignments(window, kind), find_phrases(window),
            find_in_tables(window, _no_limit, code=kind == "code"),
        )
        for _ in finder
    )  # fmt: skip
