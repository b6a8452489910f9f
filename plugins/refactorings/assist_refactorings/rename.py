"""Another name for a definition, a parameter or a local variable, at all places that surely mean it.

Where the new name already means something, or other code gives the old one its meaning, it says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import tree_sitter

from assist_context.code.names.bindings import Binding
from assist_context.code.names.occurrences import NameReader, Occurrence
from assist_context.code.names.scope_rules import scope_rules
from assist_context.code.trees.parsed_text import ByteEdit, ParsedText, node_text
from assist_context.next_edit.offer import Change
from assist_context.next_edit.renames.other_texts import OtherText
from assist_context.next_edit.renames.rename_chain import RenamedText, describe_change, follow_definition
from assist_context.next_edit.renames.replaced_names import ReplacedName, Replacements
from assist_refactorings.call_uses import keyword_uses
from assist_refactorings.code_texts import CodeTexts, WishedCode, apply_edits
from assist_refactorings.families import has_family, is_special, using_decorators
from assist_refactorings.reading import RenameWish
from assist_server.questions.computed_edits import (
    NameToRename,
    RefactoringEdit,
    RefactoringProblem,
    count_words,
    places_in_words,
)

_LOCALS = frozenset({"parameter", "argument", "param", "arg", "local variable", "local"})
_MEMBERS = frozenset({"attribute", "field", "property", "method"})
_BY_EDITOR = "the rename of your editor's language server knows types"
_TOP_ONLY = frozenset({"go", "rust"})  # languages whose members other types may share


@dataclass(slots=True)
class WishedRename:
    """A rename, and what comes of it: edits by file, and places that only the name speaks for.

    `place` defines the old name in the file `path`. Places are a path and a line from 1.
    """

    path: str
    old: str
    new: str
    place: Occurrence
    binding: Binding
    edits: dict[str, list[ByteEdit]] = field(default_factory=dict)
    unsure: list[tuple[str, int]] = field(default_factory=list)
    in_texts: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_member(self) -> bool:
        return self.binding.level == "member"

    @property
    def is_local(self) -> bool:
        return self.binding.level == "local"

    @property
    def name(self) -> NameToRename:
        at = self.place.start
        return NameToRename(self.path, at.line, at.column, self.old, self.new)

    def add(self, path: str, edit: ByteEdit) -> None:
        """Note an edit, once."""
        if edit not in self.edits.setdefault(path, []):
            self.edits[path].append(edit)

    def count(self) -> int:
        return sum(map(len, self.edits.values()))


def rename(
    texts: CodeTexts, code: WishedCode, wish: RenameWish
) -> RefactoringEdit | RefactoringProblem | None:
    """The edit of a rename, or why it cannot be made; `None` if it is not clear which name is meant."""
    path = code.lines.path
    reader = texts.reader(path)
    meant = _meant(reader, code, wish)
    if meant is None or meant[1].binding is None:
        return None
    found = WishedRename(path, meant[0], wish.new, meant[1], meant[1].binding)
    parsed = reader.parsed
    if problem := _hindrance(texts, found) or _own_clash(reader, found):
        return _problem(reader, found, problem)
    for place in reader.occurrences(found.old):
        if place.place == "code" and place.binding == found.binding:
            if place.sure:
                found.add(path, _edit(parsed, describe_change(parsed.document, place, found.old, found.new)))
            else:
                found.unsure.append((path, place.start.line + 1))
    if not found.is_local:
        _note_places(reader, found, known=True)
    follow = _rename_keywords if found.is_local else _rename_elsewhere
    if problem := follow(texts, found):
        return _problem(reader, found, problem)
    new_texts = {other: apply_edits(texts.parse(other), edits) for other, edits in found.edits.items()}
    remarks = tuple(_remarks(parsed, found))
    return RefactoringEdit(_reading(found), new_texts, remarks, tuple(_notes(found)), found.name)


def _problem(reader: NameReader, found: WishedRename, reason: str) -> RefactoringProblem:
    """Explain why a rename cannot be made here. If it only needs types, a language server may make it."""
    found.edits.clear()
    name = found.name if reason.endswith(_BY_EDITOR) and not _own_clash(reader, found) else None
    return RefactoringProblem(_reading(found), reason, name)


def _meant(reader: NameReader, code: WishedCode, wish: RenameWish) -> tuple[str, Occurrence] | None:
    """The name that the wish means, with the place that defines it."""
    own = code.last_name
    if (wish.owner and wish.owner != own) or (wish.own and wish.old != own):
        return None
    old = wish.old or own
    if not old:
        return None
    lines = range(code.lines.first - 1, code.lines.last)
    places = [
        place for place in reader.occurrences(old) if place.place == "code" and place.shorthand != "key"
    ]
    inside = [place for place in places if place.start.line in lines and _is_kind(place, wish.kind)]
    meant = {place.binding for place in inside if place.defines} - {None}
    if not meant and old != own:
        meant = {place.binding for place in inside} - {None}  # it is defined elsewhere in the file
    defining = [place for place in places if place.defines and place.binding in meant]
    return (old, defining[0]) if len(meant) == 1 and defining else None


def _is_kind(place: Occurrence, kind: str) -> bool:
    """Say whether a place may be what a wish calls it; a word such as "name" says nothing."""
    level = place.binding.level if place.binding is not None else ""
    if kind in _LOCALS:
        return level == "local"
    return kind not in _MEMBERS or level == "member"


def _hindrance(texts: CodeTexts, found: WishedRename) -> str:
    """Explain why something else than the code may give a name its meaning; "" if nothing does."""
    parsed = texts.parse(found.path)
    rules = scope_rules(parsed.document.language.name)
    if rules is None:
        return f"names in {parsed.document.language.name} cannot be resolved reliably; {_BY_EDITOR}"
    if found.place.what == "import":
        return f"`{found.old}` is imported: rename it where it is defined"
    for word in (found.old, found.new):
        if word in rules.keywords or word in rules.self_words or is_special(word):
            return f"`{word}` has a special meaning in the language or its tools; choose another name"
    if found.is_local and found.place.what == "parameter":
        decorators = using_decorators(parsed, found.place)
        return f"`{decorators[0].splitlines()[0][:60]}` may read the parameter's name" if decorators else ""
    return _other_owners(texts, found) if found.is_member else ""


def _other_owners(texts: CodeTexts, found: WishedRename) -> str:
    """Explain why a member may be another type's too."""
    parsed = texts.parse(found.path)
    if parsed.document.language.name in _TOP_ONLY:
        return f"other types may have `{found.old}` too; {_BY_EDITOR}"
    related = has_family(texts, found.path, found.old, parsed.byte(found.place.start))
    return f"related classes may have `{found.old}` too; {_BY_EDITOR}" if related else ""


def _own_clash(reader: NameReader, found: WishedRename) -> str:
    """Find where the new name means something already at the places of the old one, in its own text."""
    if _is_free(reader, found):
        return ""
    taken = [place.start.line + 1 for place in reader.occurrences(found.new) if place.place == "code"]
    return _taken_words(found.new, found.path, taken[0] if taken else found.place.start.line + 1)


def _taken_words(name: str, path: str, line: int) -> str:
    return f"`{name}` already has a meaning in {path}:{line}; choose another name"


def _is_free(reader: NameReader, found: WishedRename) -> bool:
    parsed = reader.parsed
    document = parsed.document
    place = found.place
    line = document.lines[place.start.line]
    edited = line[: place.start.column] + found.new + line[place.end.column :]
    lines = (*document.lines[: place.start.line], edited, *document.lines[place.start.line + 1 :])
    now = NameReader(ParsedText(replace(document, lines=lines), parsed))
    name = ReplacedName(found.old, found.new, place.start)
    text = RenamedText(Replacements((name,)), reader, now, place.start, frozenset())
    return follow_definition(name, place, text) is not None


def _edit(parsed: ParsedText, change: Change) -> ByteEdit:
    return parsed.byte(change.start), parsed.byte(change.end), change.text


def _rename_keywords(texts: CodeTexts, found: WishedRename) -> str:
    """Rename the keyword of calls, in other files too; returns why not, if not all can be looked at."""
    if found.place.what != "parameter":
        return ""
    uses = keyword_uses(texts, found.path, found.old, found.place)
    for path, span, sure in uses or ():
        if sure:
            found.add(path, (span[0], span[0] + len(found.old.encode()), found.new))
        else:
            found.unsure.append((path, texts.parse(path).source.line(span[0])))
    if uses is None:
        return f"calls may pass `{found.old}` by its name, and not all of them can be found; {_BY_EDITOR}"
    return ""


def _rename_elsewhere(texts: CodeTexts, found: WishedRename) -> str:
    """Rename in other files; returns why not: the new name is taken there, or not all can be read."""
    others = texts.relatives(found.path, found.old)
    if others is None:
        return f"too many files have the name `{found.old}`; {_BY_EDITOR}"
    ways = texts.ways(found.path)
    origin = texts.parse(found.path).document
    top = found.binding.owner.partition("@")[0] if found.is_member else found.old
    for reader in others:
        parsed = reader.parsed
        path = parsed.document.path
        for way in (found.path, *ways.packages(path, top)):
            for place in OtherText(reader, replace(origin, path=way)).places(found.old, found.binding):
                if not place.sure:
                    found.unsure.append((path, place.start.line + 1))
                elif reader.bound(found.new, place.start, place.end) is not None:
                    return _taken_words(found.new, path, place.start.line + 1)
                else:
                    found.add(
                        path, _edit(parsed, describe_change(parsed.document, place, found.old, found.new))
                    )
        _note_places(reader, found, known=path in found.edits or ways.is_imported(path))
    return ""


def _note_places(reader: NameReader, found: WishedRename, *, known: bool) -> None:
    """Note the places of the name that were not changed: code that may mean it, entries of `__all__`, texts.

    A file is `known` if it can name the definition.
    """
    parsed = reader.parsed
    path = parsed.document.path
    edited = {edit[0] for edit in found.edits.get(path, ())}
    for place in reader.occurrences(found.old):
        start = parsed.byte(place.start)
        at = (path, place.start.line + 1)
        if start in edited:
            continue
        if place.place != "code":
            if known and not found.is_member and _is_exported(parsed, place, found.old):
                found.add(path, (start, parsed.byte(place.end), found.new))
            elif known:
                (found.unsure if _is_whole_text(parsed, place, found.old) else found.in_texts).append(at)
        elif place.binding is None and (place.member if found.is_member else known):
            found.unsure.append(at)


def _is_exported(parsed: ParsedText, place: Occurrence, name: str) -> bool:
    """Say whether a place is a whole entry of Python's `__all__`."""
    node = _text_around(parsed, place)
    listing = node.parent if node is not None else None
    around = listing.parent if listing is not None else None
    exported = around is not None and node_text(around.child_by_field_name("left")) == "__all__"
    return exported and _is_whole_text(parsed, place, name)


def _is_whole_text(parsed: ParsedText, place: Occurrence, name: str) -> bool:
    """Say whether a place is all of a string, by which code may look the name up."""
    return node_text(_text_around(parsed, place)).strip("\"'`") == name


def _text_around(parsed: ParsedText, place: Occurrence) -> tree_sitter.Node | None:
    node = parsed.node(parsed.byte(place.start), parsed.byte(place.end))
    while node is not None and node.type not in ("string", "template_string", "interpreted_string_literal"):
        node = node.parent
    return node


def _reading(found: WishedRename) -> str:
    """Say how the wish was understood, with how many places follow."""
    what = (found.place.what or "name").replace("_", " ")
    uses = found.count() - 1
    follow = f", with {count_words(uses, 'more place')}" if uses > 0 else ""
    in_files = f" in {count_words(len(found.edits), 'file')}" if len(found.edits) > 1 else ""
    where = f"{found.path}:{found.place.start.line + 1}"
    return f"rename the {what} `{found.old}` of {where} to `{found.new}`{follow}{in_files}"


def _remarks(parsed: ParsedText, found: WishedRename) -> Iterator[str]:
    """Name the places that may belong to the rename and were left as they are."""
    places = list(dict.fromkeys(found.unsure))
    if places:
        stay = "stay" if len(places) > 1 else "stays"
        yield (
            f"{count_words(len(places), 'use')} of `{found.old}` matched by name only {stay} unchanged: "
            f"{places_in_words(places)}"
        )
    if found.place.what in ("function", "method", "class") and not found.is_local:
        for decorator in using_decorators(parsed, found.place):
            yield f"`{decorator.splitlines()[0][:60]}` may use the name `{found.old}`"


def _notes(found: WishedRename) -> Sequence[str]:
    places = list(dict.fromkeys(found.in_texts))
    return (f"comments and strings still say `{found.old}`: {places_in_words(places)}",) if places else ()
