"""The changes in the head of a function or a type: parameters, defaults, types, words such as `async`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assist_context.code.calls import Parameter, find_definitions
from assist_context.code.definitions import FUNCTIONS
from assist_context.code.symbols import SIGNATURE_CHARACTERS, SIGNATURE_LINES, Definition
from assist_diffs.messages.code_sides import CodeFile, CodeSide, weigh_change
from assist_diffs.messages.things import ChangedThing, ThingPlace, code

_SPACES = re.compile(r"\s+")
_RECEIVER = re.compile(r"func \((\w+) ([^)]*)\)")  # of a method in Go
_LONGEST = 30  # characters of a parameter or a type that is written out
_WORDS = {"async": "async", "export": "exported", "pub": "public", "static": "static", "const": "const"}

NamedText = tuple[str, str]  # the name of a parameter, and all of its text


@dataclass(frozen=True, slots=True)
class _Head:
    """A function or type that was there and still is."""

    file: CodeFile
    was: Definition
    now: Definition

    def thing(self, verb: str, words: str, word: str = "") -> ChangedThing:
        """Make a change of it; `word` is before its name, "" where the words have that."""
        place: ThingPlace = (word, (code(self.now.qualified),)) if word else ("", ())
        side = self.file.new
        weight = weigh_change("signature", side, self.now)
        return ChangedThing("signature", side.path, self.now.start_line, verb, (words,), place, "", weight)

    @property
    def heads(self) -> tuple[str, str]:
        """The text before the parameters, on both sides."""
        return self.was.signature.partition("(")[0], self.now.signature.partition("(")[0]


def signature_things(file: CodeFile, was: Definition, now: Definition) -> Iterator[ChangedThing]:
    """Yield the changes in the head of a function or a type."""
    head = _Head(file, was, now)
    if now.kind not in FUNCTIONS:
        yield from _type_things(head)
        return
    before, after = _parameters(file.old, was), _parameters(file.new, now)
    told = [*_parameter_things(head, before, after), *_word_things(head), *_result_things(head)]
    yield from told
    if not told and list(before) != list(after):
        yield head.thing("Change", "the order of the parameters", "of")


def _parameter_things(
    head: _Head, before: dict[str, NamedText], after: dict[str, NamedText]
) -> Iterator[ChangedThing]:
    """Parameters that came, went, have another name, or another type or default."""
    gone = [item for key, item in before.items() if key not in after]
    new = [item for key, item in after.items() if key not in before]
    if len(gone) == len(new) == 1 and _rest(gone[0]) == _rest(new[0]) and ":" in _rest(new[0]):
        yield head.thing("Rename", f"parameter {code(gone[0][0])} to {code(new[0][0])}", "of")
    else:
        yield from (head.thing("Add parameter", code(parameter), "to") for parameter, _ in new)
        yield from (head.thing("Remove parameter", code(parameter), "from") for parameter, _ in gone)
    for key, (parameter, text) in after.items():
        if key not in before or before[key][1] == text:
            continue
        is_renamed = (
            before[key][0].isidentifier() and parameter.isidentifier() and before[key][0] != parameter
        )
        if is_renamed and _rest(before[key]) == _rest(after[key]):
            yield head.thing("Rename", f"the receiver {code(before[key][0])} to {code(parameter)}", "in")
        else:
            yield _changed_parameter(head, before[key][1], text, parameter)


def _changed_parameter(head: _Head, old: str, new: str, parameter: str) -> ChangedThing:
    """A parameter with another type or default."""
    types, defaults = zip(
        *((part.strip() for part in text.partition("=")[::2]) for text in (old, new)), strict=True
    )
    if defaults[0] == defaults[1]:
        if re.fullmatch(rf"[*&]*{re.escape(parameter)}", types[0]) and ":" in types[1]:
            return head.thing("Add", "type annotations", "to")
        if max(len(old), len(new)) <= _LONGEST:
            return head.thing("Use", f"{code(new)} instead of {code(old)}", "in")
        return head.thing("Change", f"the type of {code(parameter)}", "in")
    if all(defaults) and max(map(len, defaults)) <= _LONGEST:
        words = f"the default of {code(parameter)} from {code(defaults[0])} to {code(defaults[1])}"
        return head.thing("Change", words, "in")
    if defaults[1] and types[0] == types[1] and len(defaults[1]) <= _LONGEST:
        return head.thing("Let", f"{code(parameter)} be {code(defaults[1])} by default", "in")
    return head.thing("Change", f"parameter {code(parameter)}", "of")


def _word_things(head: _Head) -> Iterator[ChangedThing]:
    """Words before a function that came or went."""
    for word, called in _WORDS.items():
        has = [re.search(rf"\b{word}\b", text) is not None for text in head.heads]
        if has[0] != has[1]:
            yield head.thing("Make" if has[1] else "No longer make", f"{code(head.now.qualified)} {called}")


def _result_things(head: _Head) -> Iterator[ChangedThing]:
    """Another type that is returned. A signature that is cut says nothing about it."""
    signatures = head.was.signature, head.now.signature
    if any(
        len(text) >= SIGNATURE_CHARACTERS or text.count("\n") >= SIGNATURE_LINES - 1 for text in signatures
    ):
        return
    results = _result(signatures[0]), _result(signatures[1])
    if results[0] == results[1]:
        return
    if not results[0] and head.file.new.path.endswith(".py"):
        yield head.thing("Add", "type annotations", "to")
    elif all(results) and max(map(len, results)) <= _LONGEST:
        yield head.thing("Change", f"the return type from {code(results[0])} to {code(results[1])}", "in")
    else:
        yield head.thing("Change", "the return type", "of")


def _type_things(head: _Head) -> Iterator[ChangedThing]:
    """Yield the changes in the head of a type."""
    words = list(_word_things(head))
    if words:
        yield from words
        return
    old, new = ({*re.findall(r"[\w.]+", site.signature)} for site in (head.was, head.now))
    added, gone = sorted(new - old), sorted(old - new)
    if len(added) == 1 and not gone:
        yield head.thing("Add", code(added[0]), "to the declaration of")
    elif len(gone) == 1 and not added:
        yield head.thing("Remove", code(gone[0]), "from the declaration of")
    elif added or gone:
        yield head.thing("Change", "the declaration", "of")


def renamed_parameters(file: CodeFile, site: Definition) -> dict[str, str]:
    """Parameters of a function that have another name and are otherwise the same: old names and new ones."""
    was = file.old.definitions.get((site.qualified, site.kind))
    if was is None or site.kind not in FUNCTIONS:
        return {}
    before, after = _parameters(file.old, was).values(), _parameters(file.new, site).values()
    pairs = zip(before, after, strict=True) if len(before) == len(after) else ()
    return {old[0]: new[0] for old, new in pairs if old[0] != new[0] and _rest(old) == _rest(new)}


def _parameters(side: CodeSide, site: Definition) -> dict[str, NamedText]:
    """The parameters of a function by their names, what a method is called on as "self"."""
    receiver = _RECEIVER.match(site.signature)
    first = {"self": (receiver[1], f"{receiver[1]} {receiver[2]}")} if receiver else {}
    for found in find_definitions(side.parsed, site.name):
        if side.parsed.source.line(found.name_span[0]) in range(site.start_line, site.end_line + 1):
            return first | {
                "self" if one.kind == "receiver" else one.name: (one.name, _text(side, one))
                for one in found.parameters
            }
    return first


def _text(side: CodeSide, parameter: Parameter) -> str:
    return _SPACES.sub(" ", side.parsed.source.text(*parameter.span)).strip()


def _rest(parameter: NamedText) -> str:
    """Return the text of a parameter without its name."""
    return parameter[1].replace(parameter[0], "", 1)


def _result(signature: str) -> str:
    """The type that a function returns, as it is written; "" for none.

    >>> _result("def f(a: int) -> str:"), _result("func (c *Cart) Total() int"), _result("f(): void")
    ('str', 'int', 'void')
    """
    text = re.sub(r"\bwhere\b.*", "", _SPACES.sub(" ", signature)).strip().rstrip("{:").strip()
    if "=>" in text:  # a function that is a value has its type elsewhere
        return ""
    if "->" in text:
        return text.rpartition("->")[2].strip()
    return text[text.rfind(")") + 1 :].removeprefix(":").strip() if not text.endswith(")") else ""
