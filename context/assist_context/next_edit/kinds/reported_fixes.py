"""Fixes that another tool's report names after an edit: "Did you mean y?", or an import that nothing uses.

Which messages name a fix is data (`reported_fixes.toml`). A report counts only if the document still holds
what it speaks of. This module runs no tool.
"""

import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from importlib import resources

from assist_context.code.import_removals import remove_import
from assist_context.code.import_statements import import_statements
from assist_context.documents import Cursor, Document
from assist_context.next_edit.offer import Change, Offer, Report, Situation

MAX_CHARACTERS = 2_000  # of a message; a longer one quotes code
MAX_REPORTS = 100  # as many as a client sends

_WORD = re.compile(r"[^\W\d]\w*")
_PLACEHOLDERS = {"QUOTE": "['\"`‘’“”]", "NAME": r"[^\W\d][\w$]*"}
_MEMBER = re.compile(r"(?:.*[.>:])?([^\W\d][\w$]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FixMessage:
    """A message that names a fix, of the tools that `source` matches; see `reported_fixes.toml`."""

    source: re.Pattern[str]
    says: re.Pattern[str]
    member: bool


@dataclass(frozen=True, slots=True)
class _Fix:
    """The fix that a report wants: a name that becomes another one, or an import less, if `new` is ""."""

    start: Cursor
    end: Cursor
    old: str
    new: str


def find_reported_fixes(situation: Situation) -> Iterator[Offer]:
    """One offer for each name that reports replace, with all its places, and one for each unused import."""
    fixes = [fix for report in situation.reports[:MAX_REPORTS] if (fix := _read(situation.document, report))]
    renamings = dict.fromkeys((fix.old, fix.new) for fix in fixes if fix.new)
    for old, new in renamings:
        places = {fix.start: fix for fix in fixes if (fix.old, fix.new) == (old, new)}
        yield _replacement(situation, old, new, list(places.values()))
    for fix in {fix.old: fix for fix in fixes if not fix.new}.values():
        if offer := _removal(situation, fix):
            yield offer


# --- What a report says ---


def _read(document: Document, report: Report) -> _Fix | None:
    """The fix that a report names, `None` if it names none, or if the document changed since."""
    for message in _messages():
        if report.source and not message.source.fullmatch(report.source.lower()):
            continue
        match = message.says.search(report.message[:MAX_CHARACTERS])
        if match is None:
            continue
        groups = match.groupdict()
        if unused_name := groups.get("unused") or groups.get("name"):
            return _Fix(report.start, report.end, unused_name, "")
        text = _covered_text(document, report)
        old = groups.get("old") or (text if _WORD.fullmatch(text) else "")
        whole = _MEMBER.fullmatch(text) if message.member else None
        if not old or (text != old and (whole is None or whole[1] != old)):
            return None
        start = Cursor(report.end.line, report.end.column - len(old))
        return _Fix(start, report.end, old, groups["new"]) if old != groups["new"] else None
    return None


def _covered_text(document: Document, report: Report) -> str:
    """The text that a report covers, if it is on one line."""
    if report.start.line != report.end.line or report.end.line >= len(document.lines):
        return ""
    return document.lines[report.start.line][report.start.column : report.end.column]


@lru_cache
def _messages() -> tuple[FixMessage, ...]:
    text = (resources.files(__package__) / "reported_fixes.toml").read_text(encoding="utf-8")
    for word, expression in _PLACEHOLDERS.items():
        text = text.replace(word, expression)
    return tuple(
        FixMessage(re.compile(row["source"]), re.compile(row["says"], re.DOTALL), row.get("member", False))
        for row in tomllib.loads(text)["message"]
    )


# --- Offers ---


def _replacement(situation: Situation, old: str, new: str, fixes: Sequence[_Fix]) -> Offer:
    path = situation.document.path
    last = situation.hunk.line + len(situation.hunk.new)
    fixes = sorted(
        fixes, key=lambda fix: (fix.start.line < situation.hunk.line, fix.start.line, fix.start.column)
    )
    changes = tuple(Change(path, fix.start, fix.end, new) for fix in fixes)
    before = set(_WORD.findall("".join(situation.hunk.old)))
    after = set(_WORD.findall("".join(situation.hunk.new)))
    line = changes[0].start.line
    features = {
        "examples": math.log1p(_count_examples(situation, old, new)),
        "places": math.log1p(len(changes)),
        "distance": math.log1p(abs(situation.cursor.line - line)),
        "written": float(old in after - before),
        "renamed": float(old in before - after and new in after - before),
        "inside": float(situation.hunk.line <= line < last),
        "alike": SequenceMatcher(None, old, new, autojunk=False).ratio(),
    }
    return Offer(
        "report",
        f"report {old} -> {new}",
        changes,
        "a tool reports this name and suggests another one",
        features,
    )


def _removal(situation: Situation, fix: _Fix) -> Offer | None:
    """An import less, if the report covers a part of its statement."""
    tree = situation.parse(situation.document)
    start, end = tree.byte(fix.start), tree.byte(fix.end)
    last = re.split(r"[./:]+", fix.old)[-1]
    for statement in import_statements(tree):
        if end < statement.span[0] or statement.span[1] < start or (statement.nested and not statement.loose):
            continue
        names = [
            name
            for name in statement.names
            if fix.old
            in (name.name, name.module, f"{name.module}.{name.original}", f"{name.module}::{name.original}")
            or (name.name == last and fix.old.endswith(name.original))
        ]
        change = remove_import(tree, statement, names[0]) if len(names) == 1 else None
        if change is not None:
            removal = Change(
                situation.document.path, tree.cursor(change[0]), tree.cursor(change[1]), change[2]
            )
            gone = set(_WORD.findall("".join(situation.hunk.old))) - set(
                _WORD.findall("".join(situation.hunk.new))
            )
            features = {
                "examples": 0.0,
                "places": math.log1p(1),
                "distance": math.log1p(abs(situation.cursor.line - removal.start.line)),
                "unused": 1.0,
                "written": float(fix.old in "".join(situation.hunk.new)),
                "gone": float(names[0].name in gone),
            }
            return Offer(
                "report",
                f"report unused {fix.old}",
                (removal,),
                "a tool reports that nothing uses this import",
                features,
            )
    return None


def _count_examples(situation: Situation, old: str, new: str) -> int:
    """Return how often the session already made one name of another."""
    count = 0
    for hunk in situation.hunks:
        before = _WORD.findall("".join(hunk.old))
        after = _WORD.findall("".join(hunk.new))
        count += before.count(old) > after.count(old) and after.count(new) > before.count(new)
    return count
