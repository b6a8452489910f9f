"""The things that a diff changes: in code by its syntax, in pages and manifests, and files as a whole."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assist_context.code.units import CodeUnit
from assist_context.facts.compared_files import ComparedFile
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_diffs.messages.code_sides import CodeFile, code_file
from assist_diffs.messages.definitions import definition_things, first_sentence
from assist_diffs.messages.manifests import LOCKS, manifest_things
from assist_diffs.messages.pages import page_things
from assist_diffs.messages.quiet_changes import quiet_things
from assist_diffs.messages.statements import statement_things
from assist_diffs.messages.things import IN_TEST, WEIGHTS, ChangedThing, ThingKind, code, join_alike

_DATA = frozenset({"json", "yaml", "toml", "css", "html", "markdown", "rst", "shellscript", "sql"})
_TEST_CALL = re.compile(r"^(?:it|test)(?:\.\w+)?$")
_MANY = 3  # values that changed in one definition, from which only their names are told
_LOCK = 1  # the weight of a file that a program writes
_NEW_NAMED = 3  # definitions of a new file that are named; one with more goes by its path


@dataclass(frozen=True, slots=True)
class FileInDiff:
    """A file of a diff: what became of it, where it was before, and its texts, None if they are not known.

    `state` is "changed", "new", "deleted", "binary" or "mode".
    """

    path: str
    state: str
    was: str = ""
    texts: ComparedFile | None = None


def changed_things(files: Sequence[FileInDiff]) -> list[ChangedThing]:
    """All that changed, the most important first."""
    deleted = {file.path for file in files if file.state == "deleted"}
    moved = {file.was for file in files if file.was} & deleted
    things = list[ChangedThing]()
    coded = list[CodeFile]()
    for file in files:
        if file.path in moved:
            continue
        if file.was in moved:
            things.append(_moved_file(file))
        if file.texts is not None and file.state not in ("deleted", "binary") and _is_code(file.path):
            coded.append(code_file(file.texts))
        elif file.was not in moved:
            things += _other_things(file)
    return _sort_things([*things, *_code_things(coded)])


def _is_code(path: str) -> bool:
    language = language_of(path)
    return bool(language.grammar or language.outline) and language.name not in _DATA


def _sort_things(things: Sequence[ChangedThing]) -> list[ChangedThing]:
    """The things without those that say less than others: statements of tests, locks, imports and spaces."""
    rows = join_alike(_sum_values(things))
    if any(thing.weight >= 0 and thing.verb != "Change test" for thing in rows):
        rows = [thing for thing in rows if thing.weight >= 0]
    rows = [thing for thing in rows if thing.weight > _LOCK] or rows
    return [thing for thing in rows if thing.kind not in ("import", "format")] or rows


def _sum_values(things: Sequence[ChangedThing]) -> Iterator[ChangedThing]:
    """The things, with several values that changed in one definition as one."""
    values = Counter(
        (thing.path, thing.place) for thing in things if thing.kind == "value" and thing.place[1]
    )
    for thing in things:
        if thing.kind == "value" and thing.verb == "Change" and values[thing.path, thing.place] >= _MANY:
            yield replace(thing, names=(thing.names[0].partition(" from ")[0],))
        else:
            yield thing


def _moved_file(file: FileInDiff) -> ChangedThing:
    """A file with another name or in another folder."""
    old, new = file.was.rpartition("/"), file.path.rpartition("/")
    weight = WEIGHTS["moved"] - (IN_TEST if is_test(file.path) else 10)
    if old[2] == new[2]:
        folder = code(f"{new[0]}/") if new[0] else "the top"
        return ChangedThing("moved", file.path, 1, "Move", (code(file.was),), ("to", (folder,)), "", weight)
    words = f"{code(file.was)} to {code(file.path if old[0] != new[0] else new[2])}"
    return ChangedThing("renamed", file.path, 1, "Rename", (words,), weight=weight)


def _whole_file(file: FileInDiff, verb: str) -> ChangedThing:
    """A file as one thing."""
    kind: ThingKind = "file" if _is_code(file.path) else "setting"
    if is_test(file.path):
        kind = "test"
    elif language_of(file.path).markup:
        kind = "docs"
    weight = _LOCK if LOCKS.search(file.path) else WEIGHTS[kind]
    return ChangedThing(kind, file.path, 1, verb, (code(file.path),), weight=weight)


def _other_things(file: FileInDiff) -> Iterator[ChangedThing]:
    """Yield the change of a file that is not code, or whose text is not known."""
    is_page = bool(language_of(file.path).markup) or file.path.endswith((".txt", ".md", ".rst"))
    texts = file.texts
    if texts is None or file.state in ("deleted", "binary") or LOCKS.search(file.path):
        verbs = {"deleted": "Remove", "new": "Add", "mode": "Change the permissions of"}
        yield _whole_file(file, verbs.get(file.state, "Update"))
        return
    found = [
        *(page_things(texts) if is_page else ()),
        *(() if language_of(file.path).markup else manifest_things(texts)),
    ]
    told = [thing for thing in found if thing.kind in ("dependency", "version", "entry")]
    if told:
        yield from told
    elif file.state == "new" or is_test(file.path):
        yield _whole_file(file, "Add" if file.state == "new" else "Update")
    else:
        yield from found[:1] if is_page and not language_of(file.path).markup else found


def _code_things(files: Sequence[CodeFile]) -> Iterator[ChangedThing]:
    """Yield the changes in code."""
    changed = list[CodeFile]()
    for file in files:
        if file.compared.old.strip():
            changed.append(file)
        else:
            yield from _new_file_things(file)
    things = [*definition_things(changed), *statement_things(changed)]
    yield from (thing for thing in things if thing.kind != "changed" or not _is_told(thing, things))
    for file in changed:
        titled = list(_titled_tests(file))
        yield from titled
        if not titled and not any(thing.path == file.new.path for thing in things):
            yield from quiet_things(file)


def _is_told(changed: ChangedThing, things: Sequence[ChangedThing]) -> bool:
    """Say whether other things say more about a file or a definition that changed."""
    name = changed.names[0]
    others = [thing for thing in things if thing.path == changed.path and thing is not changed]
    if name == code(changed.path):
        return bool(others)
    return any(name in thing.place[1] or any(name in words for words in thing.names) for thing in others)


def _new_file_things(file: CodeFile) -> Iterator[ChangedThing]:
    """A new file: what it is for others, or its path."""
    side = file.new
    outer = [site for site in side.definitions.values() if not site.parent]
    public = [site for site in outer if side.is_public(site) and site.kind not in ("constant", "variable")]
    own = code(side.path)
    if side.is_test_code(None):
        yield ChangedThing("test", side.path, 1, "Add", (own,), weight=WEIGHTS["test"])
    elif 0 < len(public) <= _NEW_NAMED:
        for site in public:
            place = ("in", (own,))
            weight = WEIGHTS["added"]
            thing = ChangedThing(
                "added", side.path, site.start_line, "Add", (code(site.name),), place, "", weight
            )
            yield thing.add_doc(first_sentence(site.doc, site.name))
    else:
        yield ChangedThing("file", side.path, 1, "Add", (own,), weight=WEIGHTS["added"] - 5)


def _titled_tests(file: CodeFile) -> Iterator[ChangedThing]:
    """Tests that came, went or have another title, in languages where a test is a call with its title."""
    path = file.new.path
    if not is_test(path):
        return
    old, new = ({title for unit in side.units if (title := _title(unit))} for side in (file.old, file.new))
    verb = "Add test" if len(new) > len(old) or not old - new else "Change test"
    for title in (title for unit in file.new.units if (title := _title(unit)) and title not in old):
        yield ChangedThing("test", path, 1, verb, (f'"{title}"',), weight=WEIGHTS["test"])
    for title in sorted(old - new) if len(new) < len(old) else ():
        yield ChangedThing("test", path, 1, "Remove test", (f'"{title}"',), weight=WEIGHTS["test"])


def _title(unit: CodeUnit) -> str:
    """The title of the test that a statement is, "" for another one."""
    at = unit.words.index("(") if "(" in unit.words else 0
    title = unit.words[at + 1 : at + 2] if at and _TEST_CALL.match("".join(unit.words[:at])) else ()
    return title[0].strip('"') if title and title[0].startswith('"') else ""
