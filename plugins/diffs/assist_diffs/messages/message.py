"""A commit message from the things that a diff changes, in the repository's own style.

The subject is the most important thing, the body one line for each. Nothing is said that the diff does not
say; what the user knows in addition is their note.
"""

import re
import textwrap
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from assist_context.relations.counterparts import is_test
from assist_diffs.messages.changed_things import FileInDiff, changed_things
from assist_diffs.messages.style import CommitStyle, apply_mood
from assist_diffs.messages.things import ChangedThing, collect_paths, enumeration
from assist_server.workspace.commit_style import LONGEST
from assist_server.workspace.compared_diff import ComparedDiff
from assist_server.workspace.folder_diff import ChangedFile

_WIDTH = 72
_NEAR = 20  # by which a thing may weigh less than the first one, to be told where that is too long
_FEWEST = 20  # characters of a sentence without its last clauses
_MAX_LINES = 12  # of a body
_MAX_OF_PLACE = 3  # lines about one definition
_MAX_DOC = 110  # characters of a line with what a definition says of itself
_PUBLIC = 160  # weight of a definition that other files may use
# Types that the kind of the most important thing decides.
_TYPES = {
    "dependency": "build",
    "version": "chore",
    "import": "style",
    "format": "style",
    "moved": "refactor",
    "renamed": "refactor",
    "removed": "refactor",
}
_CORRECTED = re.compile(r"(?:fix|correct|handle|no |prevent|avoid)", re.IGNORECASE)
_SMALL = 40  # changed lines of code, up to which a change with a test is a correction
# What begins a clause that a sentence is true without.
_CLAUSE = re.compile(r"[,;:] | - | \(| (?:when|while|because|since|so that) ")
_PACKAGE = re.compile(r"^package (\w+)$", re.MULTILINE)
_CI = re.compile(r"^(?:\.github/workflows/|\.circleci/|\.gitlab-ci|azure-pipelines|\.travis)")
# What is wrong without it: an error, a check, a value that is missing.
_CORRECTIONS = frozenset(
    {"Catch", "Handle", "Check", "Return", "Raise", "Throw", "Skip", "No longer", "Change", "Await"}
)


@dataclass(frozen=True, slots=True)
class CommitMessage:
    """A message, and the changes that it is made from."""

    text: str
    things: tuple[ChangedThing, ...] = ()


def commit_message(
    compared: ComparedDiff, style: CommitStyle, note: str = "", reverted: str = ""
) -> CommitMessage:
    """The message for a diff. `reverted` is the subject of the commit that it takes back, if it does."""
    texts = {file.path: file for file in compared.files}
    files = [
        FileInDiff(file.path, _state(file), file.was, texts.get(file.path)) for file in compared.diff.files
    ]
    things = tuple(changed_things(files))
    if reverted:
        return CommitMessage("\n\n".join(filter(None, (f'Revert "{reverted}"', note))), things)
    if not things:
        return CommitMessage(f"Change {enumeration([file.path for file in files])}")
    beginning = _beginning(things, compared, style)
    subject, whole = _subject(things, style, LONGEST - len(beginning) - style.full_stop)
    lines = list(_body(things, things[0] if whole else None))
    parts = [f"{beginning}{subject}{'.' * style.full_stop}", textwrap.fill(note, _WIDTH), "\n".join(lines)]
    return CommitMessage("\n\n".join(filter(None, parts)), things)


def _state(file: ChangedFile) -> str:
    """Return the state of a file; a changed one without changed lines has other permissions."""
    return "mode" if file.state == "changed" and not (file.lines or file.cut) else file.state


def _subject(things: Sequence[ChangedThing], style: CommitStyle, room: int) -> tuple[str, bool]:
    """The most important thing in a line of the repository's style, and whether that says all of it."""
    top = _summary(things)
    for candidate in (*_name_added_call(things), *_name_changed_test(things), *_wordings(top)):
        text = _apply_style(candidate, style)
        if len(text) <= room:
            return text, top is things[0] and candidate == top.text
    near = [thing for thing in things[1:] if thing.weight >= top.weight - _NEAR or top.kind == "entry"]
    if near:
        return _subject(near, style, room)[0], False
    shortest = _apply_style(top.wording(1, place=False, tail=False), style).replace("`", "")
    return textwrap.shorten(shortest, room, placeholder=" ..."), False


def _apply_style(text: str, style: CommitStyle) -> str:
    text = apply_mood(text, style.mood)
    text = text if style.marked else text.replace("`", "")
    if not style.capital and re.match(r"[A-Z][a-z]*(?: |$)", text):
        text = text[:1].lower() + text[1:]
    return text


def _summary(things: Sequence[ChangedThing]) -> ChangedThing:
    """The thing that a subject is about; of several changes in tests alone, that they changed."""
    top = things[0]
    paths = list(collect_paths(things))
    if len(things) > 1 and top.weight < 0:
        place = ("in", tuple(f"`{path}`" for path in paths))
        return ChangedThing("test", top.path, 1, "Update", ("tests",), place)
    return top


def _name_added_call(things: Sequence[ChangedThing]) -> Iterator[str]:
    """A function that came, with the place where it is called now."""
    top = things[0]
    if top.kind != "added" or len(top.names) != 1:
        return
    own = top.names[0].strip("`").rpartition(".")[2]
    for thing in things[1:]:
        called = re.match(r"`(?:[\w.:>-]*\W)?(\w+)`", thing.names[0])
        if thing.verb in ("Call", "Use") and called and called[1] == own and len(thing.place[1]) == 1:
            for short in (False, True):
                place = thing.wording(short=short, tail=False).partition(" in ")[2]
                yield f"{top.wording(1, place=False)} and use it in {place}"


def _name_changed_test(things: Sequence[ChangedThing]) -> Iterator[str]:
    """Name a definition that is only known to have changed, with the one test that came with it."""
    top = things[0]
    tests = [thing for thing in things if thing.kind == "test" and thing.verb == "Add test"]
    if top.kind == "changed" and len(tests) == 1 and len(tests[0].names) == 1:
        for short in (False, True):
            yield f"{top.wording(2, short=short)}, tested by {tests[0].names[0]}"


def _wordings(thing: ChangedThing) -> Iterator[str]:
    """A thing in words, the longest first."""
    if thing.kind == "entry":
        yield from _clauses(thing.text)
        return
    for most in (3, 2, 1):
        yield thing.wording(most)
        yield thing.wording(most, short=True)
        yield thing.wording(most, tail=False)
        yield thing.wording(most, short=True, tail=False)
        if thing.verb not in ("Pass", "Return", "Use", "Update", "Sort"):
            yield thing.wording(most, place=False)
        yield thing.wording(most, place=False, tail=False)


def _clauses(text: str) -> Iterator[str]:
    """A sentence, and it without its last clauses."""
    yield text
    yield from (
        text[: found.start()] for found in reversed(list(_CLAUSE.finditer(text))) if found.start() > _FEWEST
    )


def _body(things: Sequence[ChangedThing], told: ChangedThing | None) -> Iterator[str]:
    """Yield a line for each thing but the subject's; for each definition its most important ones."""
    if told is not None and len(things) == 1:
        if told.doc:
            yield textwrap.fill(told.doc, _WIDTH)
        return
    places = Counter[tuple[str, tuple[str, ...]]]()
    lines = list[str]()
    for thing in things:
        places[thing.path, thing.place[1]] += 1
        if thing.kind in ("behaviour", "value") and places[thing.path, thing.place[1]] > _MAX_OF_PLACE:
            continue
        if thing is not told or thing.doc:
            lines.append(_line(thing))
    for line in lines[:_MAX_LINES]:
        yield textwrap.fill(
            f"- {line}", _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    if len(lines) > _MAX_LINES:
        yield f"- and {len(lines) - _MAX_LINES} more changes"


def _line(thing: ChangedThing) -> str:
    text = thing.text
    return f"{text}: {thing.doc}" if thing.doc and len(text) + len(thing.doc) <= _MAX_DOC else text


def _beginning(things: Sequence[ChangedThing], compared: ComparedDiff, style: CommitStyle) -> str:
    """Return the beginning of the subject in this repository: a type and a scope, or a package."""
    if style.types:
        kind = _type(things, compared)
        scope = _scope(things, style) if style.scoped else ""
        sign = style.types.get(kind, next(iter(style.types.values())) if kind == "fix" else "")
        return f"{sign}{kind}{f'({scope})' if scope else ''}: "
    if style.prefixes:
        prefix = _prefix(things, compared, style)
        return f"{prefix}: " if prefix else ""
    return ""


def _type(things: Sequence[ChangedThing], compared: ComparedDiff) -> str:
    """The type of a change by what happened."""
    kinds = {thing.kind for thing in things}
    own = [thing for thing in things if thing.kind not in ("test", "docs", "setting") and thing.weight >= 0]
    if all(_CI.match(file.path) for file in compared.diff.files):
        return "ci"
    if not own:
        is_test = "test" in kinds or things[0].weight < 0
        return "test" if is_test else "docs" if "docs" in kinds else "chore"
    first = own[0]
    if first.kind == "entry":
        return "fix" if _CORRECTED.match(first.text) or "fix" in first.path else "feat"
    if first.kind in ("option", "added"):
        return "feat" if first.weight > _PUBLIC else "refactor"
    return _TYPES.get(first.kind) or _type_of_behaviour(own, kinds, compared)


def _type_of_behaviour(own: Sequence[ChangedThing], kinds: Collection[str], compared: ComparedDiff) -> str:
    """The type of changes in statements: a small one with a test corrects something."""
    changed = sum(file.added + file.removed for file in compared.diff.files if not is_test(file.path))
    if "test" in kinds:
        return "fix" if changed <= _SMALL else "feat"
    return "fix" if any(thing.verb in _CORRECTIONS or thing.kind == "value" for thing in own) else "refactor"


def _main_path(things: Sequence[ChangedThing]) -> str:
    """Return the path of the most important thing outside of change logs, if there is one."""
    return next(collect_paths([thing for thing in things if thing.kind != "entry"] or things))


def _scope(things: Sequence[ChangedThing], style: CommitStyle) -> str:
    """The scope that the history has for the path, else the name of the file or its folder."""
    path = PurePosixPath(_main_path(things))
    parts = [path.stem.removeprefix("test_"), *reversed(path.parts[:-1])]
    for part in parts:
        if part in style.scopes:
            return part
    says_nothing = path.stem in ("index", "mod", "__init__", "lib", "main") and len(parts) > 1
    return parts[1] if says_nothing else parts[0]


def _prefix(things: Sequence[ChangedThing], compared: ComparedDiff, style: CommitStyle) -> str:
    """The package before the colon: as the history writes it for the path, else its folder."""
    path = _main_path(things)
    folders = path.split("/")[:-1]
    text = next((file.new for file in compared.files if file.path == path), "")
    package = _PACKAGE.search(text)
    nested = any("/" in prefix for prefix in style.prefixes)
    ends = ["/".join(folders[at:]) for at in range(len(folders))]
    starts = ["/".join(folders[:at]) for at in range(len(folders), 0, -1)]
    stem = path.rpartition("/")[2].partition(".")[0].removesuffix("_test")
    candidates = [*starts[:1], stem, *ends, *starts, *([package[1]] if package else [])]
    known = [candidate for candidate in candidates if style.prefixes.get(candidate)]
    if known:
        return known[0]
    fallback = [*(starts[:1] if nested else ends[-1:]), *([package[1]] if package else [])]
    return fallback[0] if fallback else ""
