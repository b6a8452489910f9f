"""What may differ between both sides of an edit: what its wish names, and other ways to write the same.

The other ways are data (`logic.toml`). This module reads no code.
"""

import re
from collections import Counter
from dataclasses import dataclass

from assist_context.facts.logic.changed_names import ChangedNames
from assist_context.facts.logic.edit_sides import EditSide, LogicThing
from assist_context.syntax.scopes.logic.conditions import MIRRORED
from assist_context.syntax.scopes.logic.node_kinds import TABLE

_WORD = re.compile(r"[^\W_]+")
_PARTS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


@dataclass(frozen=True, slots=True)
class EditAllowance:
    """What may differ: what the wish names, what has another name, and ways out where a branch was turned."""

    wish: str
    names: ChangedNames
    turns: int
    divided: frozenset[str]  # functions of which a part is in another one now, or the other way round

    def explains(self, thing: LogicThing) -> bool:
        """Whether a thing may be gone or new."""
        kind, text = thing
        own = {word.lower() for word in _WORD.findall(self.wish)}
        match kind:
            case "leave":
                return text.rpartition(" ")[2] in self.divided
            case "call" | "argument":
                return self._explains_call(kind, text, own)
            case "store":
                return text.removeprefix(".") in self.names.removed or _is_named(text, own)
            case "literal":
                return bool(_WORD.search(text)) and _is_named(text, own)
            case "operator":
                return not text.isalpha() and f" {text} " in f" {self.wish.replace('`', ' ')} "
        return bool(own & set(TABLE["wish_words"].get(text, ())))

    def _explains_call(self, kind: str, name: str, own: set[str]) -> bool:
        names = self.names
        if name in names.added or name in names.removed or (kind == "argument" and name in names.resigned):
            return True
        return name not in names.renamed.values() and _is_named(name, own)


def _is_named(text: str, own: set[str]) -> bool:
    """Whether the words of a wish name something: by its name, or all parts of it.

    >>> _is_named("with_tax", {"the", "tax", "with"}), _is_named("getItem", {"item"})
    (True, False)
    """
    parts = [part.lower() for word in _WORD.findall(text) for part in _PARTS.findall(word) or [word]]
    joined = "".join(_WORD.findall(text.lower()))
    return joined in own or (bool(parts) and all(part in own for part in parts))


def is_said(name: str, wish: str) -> bool:
    """Whether a wish has a name as it is written, other than as a common word."""
    return bool(re.search(rf"(?:[.:`_]{re.escape(name)}\b|\b{re.escape(name)}(?:\(|`))", wish))


def drop_arguments(gone: Counter[LogicThing], fresh: Counter[LogicThing]) -> None:
    """The arguments of a call that is gone or new itself say nothing more."""
    for found in (gone, fresh):
        for kind, text in list(found):
            if kind == "argument" and (("call", text) in gone or ("call", text) in fresh):
                del found[kind, text]


def drop_members(old: EditSide, new: EditSide, gone: Counter[LogicThing], fresh: Counter[LogicThing]) -> None:
    """A text that became a name, or a name that became a text: `row["key"]` and `row.key`."""
    names = [_name_counts(side) for side in (old, new)]
    for found, at in ((gone, 0), (fresh, 1)):
        here = names[at]
        there = names[1 - at]
        for thing in [thing for thing in found if thing[0] == "literal" and there[thing[1]] > here[thing[1]]]:
            del found[thing]


def _name_counts(side: EditSide) -> Counter[str]:
    """How often each word is a name, and not a text."""
    words = Counter(word for _, unit in side.alone for word in unit.code.split())
    texts = Counter(token.text for _, unit in side.alone for token in unit.tokens if token.kind == "literal")
    return words - texts


def drop_mirrored(
    old: EditSide, new: EditSide, gone: Counter[LogicThing], fresh: Counter[LogicThing]
) -> None:
    """Comparisons whose sides are exchanged: `a < b` and `b > a`."""
    compared = [
        Counter(
            (token.text, token.sides) for _, unit in side.alone for token in unit.tokens if token.sides[0]
        )
        for side in (old, new)
    ]
    for (word, (left, right)), times in compared[0].items():
        mirrored = MIRRORED.get(word, word)
        turned = min(times, compared[1][mirrored, (right, left)])
        was, now = ("operator", word), ("operator", mirrored)
        for _ in range(turned if mirrored != word else 0):
            if gone[was] and fresh[now]:
                gone[was] -= 1
                fresh[now] -= 1


def drop_idioms(old: EditSide, new: EditSide, gone: Counter[LogicThing], fresh: Counter[LogicThing]) -> None:
    """What is only written in another way."""
    for idiom in TABLE["idioms"]:
        marks = [("shape", shape) for shape in idiom["shapes"]] + [("call", call) for call in idiom["by"]]
        needed = ("word", idiom.get("needs", ""))
        if all(old.most[mark] == new.most[mark] for mark in marks):
            continue
        if needed[1] and not gone[needed] and not fresh[needed]:
            continue
        calls = [
            call
            for call in idiom["calls"]
            if not idiom.get("kept") or (old.most["call", call] and new.most["call", call])
        ]
        other = {(kind, call) for call in calls for kind in ("call", "argument")}
        words = {(kind, word) for word in idiom["words"] for kind in ("operator", "word", "literal")}
        for thing in (*other, *words):
            gone.pop(thing, None)
            fresh.pop(thing, None)


def drop_trades(gone: Counter[LogicThing], fresh: Counter[LogicThing], turns: int) -> None:
    """A branch for an `and` or `or`; both truth values and a branch for the condition itself."""
    branch: LogicThing = ("branch", "if")
    for here, there in ((gone, fresh), (fresh, gone)):
        truths = [("literal", "true"), ("literal", "false")]
        while here[branch] and all(here[truth] for truth in truths):
            leaves = [thing for thing in here if thing[0] == "leave" and thing[1] != "return"]
            for thing in (branch, *truths, *leaves[:1]):
                here[thing] -= 1
        for word in ("and", "or"):
            least = min(here[branch], there["operator", word])
            here[branch] -= least
            there["operator", word] -= least
        for thing in [thing for thing in here if thing[0] == "leave" and thing[1] != "return"]:
            least = min(here[thing], there["leave", "return"])  # `return f()` and `f(); return`
            here[thing] -= least
            there["leave", "return"] -= least
        for thing in (("leave", "return"), ("word", "continue"), ("word", "break")):
            here[thing] -= turns
    for found in (gone, fresh):
        for thing in [thing for thing in found if found[thing] <= 0]:
            del found[thing]
