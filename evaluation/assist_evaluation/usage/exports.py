"""Exports of counts: one JSON document of sums that a person gives away, and many of them joined.

An export has no code, no path, no name of a repository, and of the person only the pseudonym that they chose.
A document from others is checked before anything in it is used. Nothing is sent.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from itertools import count, groupby
from pathlib import Path
from typing import Any, TypeVar

from assist_context.regular_files import read_regular
from assist_escalation.gate.request_marks import installation_key
from assist_evaluation.usage.departures import DepartureKey
from assist_evaluation.usage.plain_names import MAX_NAME, plain_name
from assist_evaluation.usage.usage_rows import UsageKey
from assist_evaluation.usage.usage_sums import FirstDays, UsageSums
from assist_server.config.config import Config
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.record_files import gate_files
from assist_server.records.answer_counts import AnswerKey, total

KIND = "assist usage"
VERSION = 1
MAX_BYTES = 50_000_000  # of one export; 400 days of heavy use take about 3 MB

_ID = re.compile(r"[0-9a-f]{16}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MADE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_COUNT = re.compile(r"[\w<=>-]{1,60}")
_TABLES: tuple[tuple[str, Any], ...] = (
    ("ghost_text", UsageKey),
    ("questions", AnswerKey),
    ("left", DepartureKey),
)

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class UsageExport:
    """An export: the sums of one installation for the days from `since` ("" for all) to the day of `made`.

    Each table is complete from its day in `sums.first` on: records of questions make room after a while.
    `id` tells installations apart, and is a hash of a random secret. `made` is a UTC time, as in
    "2026-01-31T12:00:00Z". `name` is the person's pseudonym, "" for none.
    """

    id: str
    name: str
    since: str
    made: str
    sums: UsageSums


@dataclass(frozen=True, slots=True)
class PersonUse:
    """The totals of one person: of ghost text, of answers, and of what left.

    Of several `machines` only the name tells that they are of one person: two may have chosen the same.
    """

    name: str
    ghost_text: Counter[str]
    answers: Counter[str]
    left: Counter[str]
    machines: int = 1


@dataclass(frozen=True, slots=True)
class JoinedExports:
    """All exports of a folder: their sums, each day of a table and an installation once, and the people.

    `files` counts the documents, and `repeated` those that came from an installation that had another one.
    """

    sums: UsageSums
    people: tuple[PersonUse, ...]
    files: int
    repeated: int


def export_of(config: Config, sums: UsageSums, name: str = "", since: str = "") -> UsageExport:
    """An export of this machine's sums. Raises `UserError` for a pseudonym that cannot be one."""
    if name != plain_name(name) or "@" in name:
        raise UserError(
            f"{name!r} is not a pseudonym: use up to {MAX_NAME} letters, digits, spaces and hyphens.",
            WRONG_USAGE,
        )
    key = installation_key(gate_files(config).marks)
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    id_ = hashlib.sha256(b"usage export" + key).hexdigest()[:16]
    return UsageExport(id_, name, since, made, sums)


def export_document(export: UsageExport) -> dict[str, Any]:
    """An export as JSON. Repositories are numbered, and of a model's path only its name is left."""
    sums = export.sums
    repos: dict[str, str] = {"": ""}
    for repo in (*(key.repo for key in sums.ghost_text), *(key.repo for key in sums.answers)):
        repos.setdefault(repo, f"repository {len(repos)}")

    def cell(field: str, text: str) -> str:
        return repos[text] if field == "repo" else plain_name(text)

    tables: tuple[Mapping[Any, Counter[str]], ...] = (sums.ghost_text, sums.answers, sums.left)
    first = (sums.first.ghost_text, sums.first.answers, sums.first.left)
    return {
        "kind": KIND,
        "version": VERSION,
        "id": export.id,
        "name": export.name,
        "since": export.since,
        "made": export.made,
        "first": {name: max(day, export.since) for (name, _), day in zip(_TABLES, first, strict=True)},
        **{name: list(_rows(rows, cell)) for (name, _), rows in zip(_TABLES, tables, strict=True)},
    }


def read_export(path: Path) -> UsageExport:
    """An export from its file. Raises `UserError`, which names the file and what is wrong in it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES / 1e6:.0f} MB")
        return _export(json.loads(read_regular(path)))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is not an export of `assist stats export`, or was changed: {error}. "
            "Remove it from the folder, or ask for it again."
        ) from error


def join_exports(folder: Path, since: str = "") -> JoinedExports:
    """All `*.json` of a folder, from a day on, "" for all. Raises `UserError` for a bad file, or for none."""
    paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not paths:
        raise UserError(f"There is no export (*.json) in {folder}: `assist stats export --output` makes one.")
    exports = sorted(map(read_export, paths), key=lambda each: each.id)
    people: dict[str, list[UsageSums]] = {}
    installations = [list(found) for _, found in groupby(exports, key=lambda each: each.id)]
    chosen = [max(found, key=lambda each: each.made).name for found in installations]
    numbered = (name for number in count(1) if (name := f"person {number}") not in chosen)
    for name, found in zip(chosen, installations, strict=True):
        people.setdefault(name or next(numbered), []).append(_without_repeats(found, since))
    every = [sums for own in people.values() for sums in own]
    return JoinedExports(
        _sum_of(every),
        tuple(_person(name, own) for name, own in people.items()),
        len(paths),
        len(exports) - len(installations),
    )


def _person(name: str, machines: Sequence[UsageSums]) -> PersonUse:
    sums = _sum_of(machines)
    left = total(sums.left)
    return PersonUse(name, total(sums.ghost_text), total(sums.answers), left, len(machines))


def _without_repeats(exports: Sequence[UsageExport], since: str) -> UsageSums:
    """The sums of one installation: of each table each day from the newest export that covers it."""
    newest = sorted(exports, key=lambda each: each.made, reverse=True)
    firsts = [event.sums.first for event in newest]
    first = FirstDays(
        min(first.ghost_text for first in firsts),
        min(first.answers for first in firsts),
        min(first.left for first in firsts),
    )
    return UsageSums(
        _own_days([(event, event.sums.first.ghost_text, event.sums.ghost_text) for event in newest], since),
        _own_days([(event, event.sums.first.answers, event.sums.answers) for event in newest], since),
        _own_days([(event, event.sums.first.left, event.sums.left) for event in newest], since),
        first,
    )


def _own_days(
    tables: Sequence[tuple[UsageExport, str, Mapping[Any, Counter[str]]]], since: str
) -> dict[Any, Counter[str]]:
    """One table of all exports, the newest first, each with the first day that it has in full.

    A day that none has in full, such as the one when old records made room, is from the newest that has any.
    """
    rows: list[dict[str, dict[Any, Counter[str]]]] = []
    for _, _, table in tables:
        days: dict[str, dict[Any, Counter[str]]] = {}
        for key, counts in table.items():
            days.setdefault(key.day, {})[key] = counts
        rows.append(days)
    found: dict[Any, Counter[str]] = {}
    for day in {day for days in rows for day in days if day >= since}:
        covering = (at for at, (export, first, _) in enumerate(tables) if first <= day <= export.made[:10])
        having = (at for at, days in enumerate(rows) if day in days)
        owner = next(covering, None)
        found.update(rows[next(having) if owner is None else owner].get(day, {}))
    return found


def _sum_of(parts: Sequence[UsageSums]) -> UsageSums:
    """The sums of all parts, complete from the day on from which all are.

    Repositories are not told apart: each export numbers its own.
    """
    ghost_text: dict[UsageKey, Counter[str]] = {}
    answers: dict[AnswerKey, Counter[str]] = {}
    left: dict[DepartureKey, Counter[str]] = {}
    for part in parts:
        for ghost, counts in part.ghost_text.items():
            known = UsageKey(ghost.day, "", ghost.model, ghost.language)
            ghost_text.setdefault(known, Counter()).update(counts)
        for answer, counts in part.answers.items():
            asked = AnswerKey(answer.day, "", answer.command, answer.model, answer.language)
            answers.setdefault(asked, Counter()).update(counts)
        for place, counts in part.left.items():
            left.setdefault(place, Counter()).update(counts)
    firsts = [part.first for part in parts]
    first = FirstDays(
        max((first.ghost_text for first in firsts), default=""),
        max((first.answers for first in firsts), default=""),
        max((first.left for first in firsts), default=""),
    )
    return UsageSums(ghost_text, answers, left, first)


def _rows(rows: Mapping[Any, Counter[str]], cell: Callable[[str, str], str]) -> Iterator[dict[str, Any]]:
    """The rows of a table. Two keys that look alike without their paths become one row."""
    sums: dict[tuple[str, ...], Counter[str]] = {}
    names: list[str] = []
    for key, counts in rows.items():
        named = {name: cell(name, text) for name, text in asdict(key).items()}
        names = list(named)
        sums.setdefault(tuple(named.values()), Counter()).update(counts)
    for values, counts in sorted(sums.items()):
        yield {**dict(zip(names, values, strict=True)), "counts": dict(+counts)}


def _export(document: Any) -> UsageExport:
    """The export in a document. Raises ValueError."""
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise ValueError("its kind is missing or wrong")
    if document.get("version") != VERSION:
        raise ValueError(f"its version is {document.get('version')!r}, but this assist reads {VERSION}")
    since = _text(document, "since", _DAY) if document.get("since") else ""
    days = document.get("first", {name: since for name, _ in _TABLES})
    if not isinstance(days, dict):
        raise ValueError("its first_days is not a table")
    first = (_text(days, name, _DAY) if days.get(name) else "" for name, _ in _TABLES)
    sums = UsageSums(
        _table(document, "ghost_text", UsageKey),
        _table(document, "questions", AnswerKey),
        _table(document, "left", DepartureKey),
        FirstDays(*first),
    )
    return UsageExport(
        _text(document, "id", _ID), _text(document, "name"), since, _text(document, "made", _MADE), sums
    )


def _table(document: Mapping[str, Any], name: str, kind: Callable[..., K]) -> dict[K, Counter[str]]:
    rows = document.get(name)
    if not isinstance(rows, list):
        raise ValueError(f"it has no list {name!r}")
    columns = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    sums: dict[K, Counter[str]] = {}
    for row in rows:
        if not isinstance(row, dict) or set(row) != {*columns, "counts"}:
            raise ValueError(f"a row of {name!r} does not have its fields")
        key = kind(*(_text(row, column, _DAY if column == "day" else None) for column in columns))
        sums.setdefault(key, Counter()).update(_counts(row["counts"]))
    return sums


def _counts(value: Any) -> Counter[str]:
    if not isinstance(value, dict):
        raise ValueError("counts are not a table")
    for name, number in value.items():
        if not _COUNT.fullmatch(name) or type(number) is not int or not 0 <= number < 2**53:
            raise ValueError(f"{name[:60]!r} is not a count")
    return Counter(value)


def _text(row: Mapping[str, Any], name: str, form: re.Pattern[str] | None = None) -> str:
    value = row.get(name)
    if not isinstance(value, str) or value != plain_name(value) or (form and not form.fullmatch(value)):
        raise ValueError(f"its {name} cannot be {str(value)[:60]!r}")
    return value
