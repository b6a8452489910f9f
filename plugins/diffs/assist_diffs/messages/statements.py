"""The changes of a diff in the statements of a definition that was there and still is, in words.

A statement that came says what it does: a guard, an error, a call. A changed one says by what
it differs. Only what is named in full is told; of the rest, that the definition changed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.symbols import Definition
from assist_context.code.units import CodeUnit
from assist_context.facts.statement_matches import (
    StatementMatches,
    StatementPair,
    rename_words,
    renamed_words,
)
from assist_diffs.messages.code_sides import CodeFile, CodeSide, weigh_change
from assist_diffs.messages.signatures import renamed_parameters
from assist_diffs.messages.statement_differences import StatementDifference, are_alike
from assist_diffs.messages.statement_texts import (
    LEAVES,
    LONGEST,
    SHORT,
    ToldChange,
    add_arguments,
    call_of_value,
    cut_condition,
    entry_key,
    error_name,
    find_block,
    first_call,
    leaving,
    new_options,
    read_condition,
    set_field,
    stated_call,
)
from assist_diffs.messages.things import WEIGHTS, ChangedThing, ThingPlace, code

_LONGEST_CONDITION = 100  # characters
_MAX_IN_BLOCK = 3  # statements of a block of which the last leaves
_LESS_OF_FILE = 20  # for what is in no definition
_LESS_OF_VALUE = 10  # for a constant or a type that changed
_HEAD = re.compile(
    r"attribute|parameter|func|method|class|decorat|impl|lambda|arrow|mod_|type_|struct|enum|interface|trait"
)
_MISSING = re.compile(
    r"(?:!|not )([\w.]+)|([\w.]+?)(?: is None| ={2,3} (?:undefined|null|nil)|\.is_none\(\))"
)
_ERROR_CHECK = re.compile(r"err(?:or)? != nil")
_ASSIGNED = re.compile(r"assignment|declaration$|let_")
_CASE = re.compile(r"_arm|case")
_CALLING = ("expression", "call", "defer", "go_", "await")
_SPACES = re.compile(r"\s+")
_VERBS = {"defer": "Defer", "go": "Start", "await": "Await"}


def statement_things(files: Sequence[CodeFile]) -> Iterator[ChangedThing]:
    """Yield the changes in statements, and for definitions that changed otherwise, that they did."""
    by_path = {file.new.path: file for file in files}
    old = {path: file.old.units for path, file in by_path.items()}
    new = {path: file.new.units for path, file in by_path.items()}
    names = renamed_words(StatementMatches(old, new))
    matches = StatementMatches(rename_words(old, names), new)
    if not matches.too_much:
        yield from _StatementReader(matches, by_path, names).things()


class _StatementReader:
    """The description of matched statements, with the texts of both sides."""

    def __init__(
        self, matches: StatementMatches, files: Mapping[str, CodeFile], names: Mapping[str, str]
    ) -> None:
        self._matches = matches
        self._files = files
        self._names = names
        self._pairs, self._gone, came = _match_again(matches)
        self._fresh = dict.fromkeys(came)
        self._renamed: dict[tuple[str, str], Mapping[str, str]] = {}
        self._skipped: set[CodeUnit] = set()  # what is told with the statement around it
        self._known = {word for units in matches.old.values() for unit in units for word in unit.words}

    def things(self) -> Iterator[ChangedThing]:
        """Yield all changes, and for each definition without one, that it changed."""
        changed = dict[tuple[str, str], tuple[CodeSide, Definition | None, int]]()
        told_of = set[tuple[str, str]]()
        for path, site, line, told in (*self._describe_new(), *self._describe_gone()):
            side = self._files[path].new
            key = (path, site.qualified if site else "")
            changed.setdefault(key, (side, site, line))
            for one in told:
                told_of.add(key)
                yield _thing(side, site, line, one)
        for key, row in changed.items():
            if key not in told_of:
                yield _plain_change(*row)

    def _describe_new(self) -> Iterator[tuple[str, Definition | None, int, list[ToldChange]]]:
        """Describe each statement that is new, or was another one, with its place."""
        for unit in self._fresh:
            side = self._files[unit.path].new
            site = side.around(unit.line)
            if not side.is_changed(unit) or self._is_told_as_a_whole(unit.path, site):
                continue
            if options := new_options(unit, self._known):
                told = [ToldChange("Add option", code(name), kind="option") for name in options]
                yield unit.path, site, unit.line, told
            elif not _HEAD.match(unit.type) and unit not in self._skipped:
                yield unit.path, site, unit.line, list(self._came(side, unit))
        for was, now in self._pairs:
            file = self._files[now.path]
            site = file.new.around(now.line)
            if was.path != now.path or self._is_told_as_a_whole(now.path, site):
                continue
            is_head = _HEAD.match(now.type) is not None
            difference = StatementDifference(
                file, (was, now), (file.old.body(file.before(site)), file.new.body(site)), self._names
            )
            told = list(difference.sentences(self._local_names(file, site), is_head=is_head))
            if told or not is_head:
                yield now.path, site, now.line, told

    def _describe_gone(self) -> Iterator[tuple[str, Definition | None, int, list[ToldChange]]]:
        """Describe each statement that is gone, with the definition that it was in."""
        for unit in self._gone:
            file = self._files[unit.path]
            site = file.old.around(unit.line)
            now = file.new.definitions.get((site.qualified, site.kind)) if site else None
            if not file.old.is_changed(unit) or (site and not now) or self._is_same(unit.path, now):
                continue
            yield unit.path, now, now.start_line if now else 1, list(self._went(unit, file.new.body(now)))

    def _is_told_as_a_whole(self, path: str, site: Definition | None) -> bool:
        """Say whether a definition is new, or has the same text: git's lines are then only next to it."""
        file = self._files[path]
        if site is None:
            return not file.compared.old
        known = {name for name, _ in file.old.definitions}
        return site.qualified not in known or self._is_same(path, site)

    def _is_same(self, path: str, site: Definition | None) -> bool:
        file = self._files[path]
        was = file.before(site)
        return was is not None and _SPACES.sub("", file.old.body(was)) == _SPACES.sub("", file.new.body(site))

    def _local_names(self, file: CodeFile, site: Definition | None) -> Mapping[str, str]:
        """The parameters of a definition that have another name now."""
        key = (file.new.path, site.qualified if site else "")
        if key not in self._renamed:
            self._renamed[key] = renamed_parameters(file, site) if site else {}
        return self._renamed[key]

    def _was_called(self, unit: CodeUnit, name: str) -> bool:
        """Say whether the definition around a statement called a function before."""
        file = self._files[unit.path]
        text = file.old.body(file.before(file.new.around(unit.line)))
        return re.search(rf"(?<![\w.]){re.escape(name)}\s*\(", text) is not None

    def _came(self, side: CodeSide, unit: CodeUnit) -> Iterator[ToldChange]:
        """Describe a new statement."""
        text = side.text(unit)
        condition = read_condition(text)
        if condition is not None and unit.type.startswith(("if", "elif", "expression")):
            yield from self._branch(side, unit, condition)
        elif "except" in unit.type or "catch" in unit.type:
            yield self._handler(side, unit, text)
        elif unit.words[0] in LEAVES and len(text) <= LONGEST:
            yield leaving(text, "")
        elif unit.type == "keyword_argument" and (called := self._call_before(unit)):
            argument = "".join(unit.words)
            if len(argument) <= SHORT:
                yield ToldChange("Pass", f"{code(argument)} to {code(called)}", less=5)
        elif unit.type.startswith("with") and len(text) <= LONGEST:
            yield ToldChange("Use", code(text.rstrip(":{ ")))
        else:
            yield from self._value_or_call(unit, text)

    def _value_or_call(self, unit: CodeUnit, text: str) -> Iterator[ToldChange]:
        """Describe the call of a new statement, or the target of its value."""
        called = stated_call(unit, text) if unit.type.startswith(_CALLING) else ""
        assigned = call_of_value(unit) if _ASSIGNED.search(unit.type) else ""
        if called:
            if not self._was_called(unit, called):
                yield ToldChange(_VERBS.get(unit.words[0], "Call"), code(add_arguments(text, called)), less=6)
        elif assigned and not self._was_called(unit, assigned):
            yield ToldChange("Call", code(assigned), less=9)
        elif (key := entry_key(unit, text)) is not None:
            is_case = _CASE.search(unit.type) is not None
            site = self._files[unit.path].new.around(unit.line)
            if is_case or (site is not None and site.kind not in FUNCTIONS):
                yield ToldChange("Handle" if is_case else "Add", code(key), kind="value", less=10)
        elif (target := set_field(text)) is not None:
            yield ToldChange("Set", target, less=10)

    def _branch(self, side: CodeSide, unit: CodeUnit, condition: str) -> Iterator[ToldChange]:
        """Describe the effect of a new condition on its block."""
        block = find_block(side, self._matches.new[unit.path], unit)
        if _ERROR_CHECK.fullmatch(condition):
            self._skipped.update(block)
            return
        if len(condition) > _LONGEST_CONDITION:
            return
        tail = f"when {code(condition)}"
        missing = _MISSING.fullmatch(condition)
        call = stated_call(block[0], side.text(block[0])) if len(block) == 1 else ""
        if 0 < len(block) <= _MAX_IN_BLOCK and block[-1].words[0] in LEAVES and block[-1] in self._fresh:
            self._skipped.update(block)
            is_one_line = min(block[-1].lines) == min(unit.lines)
            last = side.text(block[-1]).partition("}")[0]
            yield leaving(cut_condition(side.text(unit), condition) if is_one_line else last, tail)
        elif call:
            self._skipped.update(block)
            if block[0] in self._fresh:
                yield ToldChange("Call", code(add_arguments(side.text(block[0]), call)), tail)
            else:
                yield ToldChange("Call", code(call), f"only {tail}")
        elif missing and missing[2]:
            self._skipped.update(block)
            yield ToldChange("Handle", f"a missing {code(missing[2])}")
        else:
            yield ToldChange("Check", code(condition))

    def _handler(self, side: CodeSide, unit: CodeUnit, text: str) -> ToldChange:
        """Name the error that is caught now, and the call that raises it."""
        found = re.search(r"except\s*\(?\s*(\(.*?\)|[\w.]+)", text)
        units = self._matches.new[unit.path]
        before = [other for other in units[max(0, unit.place - 3) : unit.place] if other.words[0] == "try"]
        body = units[before[-1].place + 1 : unit.place] if before else []
        self._skipped.update(find_block(side, units, unit))
        called = first_call(body[0]) if len(body) == 1 else ""
        source = f" from {code(called)}" if called else ""
        return ToldChange("Catch", f"{code(found[1]) if found else 'errors'}{source}")

    def _call_before(self, unit: CodeUnit) -> str:
        """The call that an argument is of, if the statement before it was there and has just one."""
        units = self._matches.new[unit.path]
        others = (units[at] for at in range(unit.place - 1, -1, -1) if units[at].type != unit.type)
        before = next(others, None)
        if before is None or before in self._fresh or len(before.calls) != 1:
            return ""
        return first_call(before)

    def _went(self, unit: CodeUnit, now: str) -> Iterator[ToldChange]:
        """Describe a lost effect: its names are nowhere in the text of the definition now."""
        text = self._files[unit.path].old.text(unit)
        condition = read_condition(text)
        if unit.words[0] in {"raise", "throw"}:
            if (name := error_name(text)) not in now:
                yield ToldChange("No longer", f"{unit.words[0]} {code(name)}")
        elif condition is not None and unit.type.startswith(("if", "elif")):
            if len(condition) <= LONGEST and condition not in now and not _ERROR_CHECK.fullmatch(condition):
                yield ToldChange("No longer", f"check {code(condition)}", less=2)
        elif not _HEAD.match(unit.type) and (name := first_call(unit)) and name not in now:
            yield ToldChange("No longer", f"call {code(name)}", less=4)


def _thing(side: CodeSide, site: Definition | None, line: int, told: ToldChange) -> ChangedThing:
    """Make the change of a statement from its sentence, with its place."""
    weight = weigh_change(told.kind, side, site) - told.less - (_LESS_OF_FILE if site is None else 0)
    name = code(site.qualified if site else side.path)
    word = {"Return": "from", "Add": "to" if told.kind == "value" else "in"}.get(told.verb, "in")
    place: ThingPlace = (word, (name,))
    if site is not None and site.kind not in FUNCTIONS:
        told = replace(told, words=told.words.removesuffix(" in a text"))
        if told.kind == "value" and told.words.startswith(f"{name} from ") and told.verb == "Change":
            place = ("", ())
            if "version" in site.name.lower() and not site.parent:
                words = told.words.replace(name, "version", 1).translate({ord(mark): None for mark in "`\"'"})
                told = ToldChange("Bump", words, kind="version")
                weight = weigh_change("version", side, site)
    return ChangedThing(told.kind, side.path, line, told.verb, (told.words,), place, told.tail, weight)


def _plain_change(side: CodeSide, site: Definition | None, line: int) -> ChangedThing:
    """That a definition changed."""
    name = code(site.qualified if site else side.path)
    if site is not None and side.is_test(site):
        weight = WEIGHTS["test"] - 5
        return ChangedThing("test", side.path, line, "Change test", (code(site.name),), weight=weight)
    less = _LESS_OF_VALUE if site is None or site.kind not in FUNCTIONS else 0
    weight = weigh_change("changed", side, site) - less
    return ChangedThing("changed", side.path, line, "Change", (name,), weight=weight)


def _match_again(
    matches: StatementMatches,
) -> tuple[list[StatementPair], list[CodeUnit], list[CodeUnit]]:
    """The pairs that are alike, what is gone and what came. What only has another one's place is both."""
    pairs = [
        (was, now) for was, now in matches.pairs if was.type == now.type and are_alike(was.words, now.words)
    ]
    loose = [pair for pair in matches.pairs if pair not in pairs]
    came = [*matches.fresh, *(now for _, now in loose)]
    gone = list[CodeUnit]()
    for was in (*matches.gone, *(was for was, _ in loose)):
        near = (now for now in came if (now.path, now.type) == (was.path, was.type))
        found = next((now for now in near if are_alike(was.words, now.words)), None)
        if found is None:
            gone.append(was)
        else:
            pairs.append((was, found))
            came.remove(found)
    return pairs, gone, came
