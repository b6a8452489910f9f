"""Forty questions that an agent asks about four public repositories, each with its truth.

The table next to this module has them. A question is answered when the lines of its truth were shown.
"""

import subprocess
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

QuestionKind = Literal["definition", "callers", "tests", "decided", "meet"]
KINDS: tuple[QuestionKind, ...] = ("definition", "callers", "tests", "decided", "meet")
FilePlace = tuple[str, int]  # a path and a line, from 1
TABLE = Path(__file__).with_name("agent_questions.toml")


@dataclass(frozen=True, slots=True)
class AgentQuestion:
    """What is asked, which symbols it names, and what is true.

    The truth are lines that must all be shown; with `last`, any line from the only one to that one will do.
    """

    kind: QuestionKind
    text: str
    names: tuple[str, ...]
    truth: tuple[FilePlace, ...]
    last: int = 0


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions about one repository, `owner/name`, at a commit."""

    repository: str
    commit: str
    questions: tuple[AgentQuestion, ...]


def question_sets(table: Path = TABLE) -> list[QuestionSet]:
    """What the table asks."""
    found = tomllib.loads(table.read_text())
    return [
        QuestionSet(
            one["name"], one["commit"], tuple(_question(row) for row in found["questions"][one["name"]])
        )
        for one in found["repository"]
    ]


def _question(row: Mapping[str, Any]) -> AgentQuestion:
    truth = tuple(place for text in row["truth"] for place in _places(text))
    return AgentQuestion(row["kind"], row["asks"], tuple(row["names"]), truth)


def _places(text: str) -> Iterator[FilePlace]:
    path, _, lines = text.rpartition(":")
    first, _, last = lines.partition("-")
    yield from ((path, number) for number in range(int(first), int(last or first) + 1))


def set_for(root: Path, sets: Iterable[QuestionSet]) -> QuestionSet:
    """The questions about a clone, by the name of its folder. Ends the program if it is at another commit."""
    known = {one.repository.partition("/")[2]: one for one in sets}
    if root.name not in known:
        raise SystemExit(f"There are no questions about {root.name}: there are about {', '.join(known)}.")
    commit = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD"],  # noqa: S607
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    wanted = known[root.name].commit
    if commit != wanted:
        raise SystemExit(f"{root.name} is at {commit[:12]}: run `git -C {root} checkout {wanted}`.")
    return known[root.name]


def covers(question: AgentQuestion, places: Collection[FilePlace]) -> float:
    """Which share of the truth is among places."""
    if question.last:
        path, first = question.truth[0]
        return float(any(at == path and first <= line <= question.last for at, line in places))
    return len({*question.truth} & {*places}) / len({*question.truth})
