"""The difference of a statement from its former text: a literal, a call, a condition, an argument."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from assist_context.code.trees.tokens import CodeToken, find_tokens, is_literal, is_name
from assist_context.code.units import CodeUnit
from assist_context.facts.statement_changes import OPERATORS
from assist_context.facts.statement_matches import StatementPair, TokenStep
from assist_diffs.messages.code_sides import CodeFile, CodeSide
from assist_diffs.messages.statement_texts import (
    LONGEST,
    NO_CALLS,
    SHORT,
    ToldChange,
    called_name,
    read_condition,
)
from assist_diffs.messages.things import code

_ALIKE = 0.55  # share of equal tokens from which a statement is said to be another one, changed
_MAX_STEPS = 2  # changed places of a statement, each of which is told
_MAX_TOKENS = 80  # of a statement that is compared
_MAX_PASSED = 12  # tokens of arguments that are named
_CALL = re.compile(r"(?:await)?[\w.:$]+\($")
_NO_NAMES = frozenset({"let", "const", "var", "mut", "self", "this", "return", "new", "def", "function"})
_PAIRS = ("()", "[]", "{}")


def are_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Say whether one statement is the other one, changed: most words are equal, or each is only a call."""
    if len(one) > 1 and one[:-1] == other[:-1]:
        return True
    if all(_is_call(words) for words in (one, other)):
        return True
    return 2 * (Counter(one) & Counter(other)).total() >= _ALIKE * (len(one) + len(other))


def _is_call(words: Sequence[str]) -> bool:
    head = words[: words.index("(") + 1] if "(" in words else ()
    if head[:1] and head[0] in NO_CALLS:
        return False
    return _CALL.match("".join(head)) is not None and not {"=", ":=", "=>", "return"} & {*words}


@dataclass(frozen=True, slots=True)
class StatementDifference:
    """A statement that was there and is another one now, with the texts of the definition around it.

    `names` are the words that are others in all files.
    """

    file: CodeFile
    pair: StatementPair
    around: tuple[str, str]
    names: Mapping[str, str]

    def sentences(self, local: Mapping[str, str], *, is_head: bool) -> Iterator[ToldChange]:
        """Yield the differences; of a function, its new last value. `local` names say nothing."""
        sides = (self.file.old, self.file.new)
        before, after = (_tokens(side, unit) for side, unit in zip(sides, self.pair, strict=True))
        if is_head:
            before, after = _cut_head(before), _cut_head(after)
        old, new = [token.text for token in before], [token.text for token in after]
        if max(len(old), len(new)) > _MAX_TOKENS or [local.get(word, word) for word in old] == new:
            return
        if _drop_type(new) == old:
            yield ToldChange("Add", "type annotations", kind="signature")
        elif [self.names.get(word, word) for word in old] == new:
            pairs = dict.fromkeys(pair for pair in zip(old, new, strict=True) if pair[0] != pair[1])
            for was, now in pairs:
                yield ToldChange("Rename", f"{code(was)} to {code(now)}", kind="renamed", less=30)
        elif not {*old} ^ {*new} <= _NO_NAMES and are_alike(old, new):
            yield from self._compare(before, after, is_head=is_head)

    def _compare(
        self, before: Sequence[CodeToken], after: Sequence[CodeToken], *, is_head: bool
    ) -> Iterator[ToldChange]:
        sides = (self.file.old, self.file.new)
        old, new = (read_condition(side.text(unit)) for side, unit in zip(sides, self.pair, strict=True))
        if old and new and not is_head:
            yield from _condition_told(old, new) if old != new else ()
            return
        words = [token.text for token in before], [token.text for token in after]
        if told := _calls_told(words, self.around):
            yield told
            return
        texts = tuple(_one_line(side, unit) for side, unit in zip(sides, self.pair, strict=True))
        whole = f"{_statement(texts[1])} instead of {_statement(texts[0])}" if all(texts) else ""
        whole = whole if max(map(len, texts)) <= SHORT and not is_head else ""
        steps = _steps(*words)
        found = [_step_told(before, after, step, whole) for step in steps[: _MAX_STEPS + 1]]
        if len(steps) <= _MAX_STEPS and all(found):
            yield from filter(None, dict.fromkeys(found))
        elif whole:
            yield ToldChange("Use", whole, less=3)


def _tokens(side: CodeSide, unit: CodeUnit) -> list[CodeToken]:
    lines = {*unit.lines}
    return [token for token in find_tokens(side.parsed, min(lines), max(lines)) if token.line in lines]


def _cut_head(tokens: Sequence[CodeToken]) -> list[CodeToken]:
    """Return the tokens in the block of a function."""
    at = next((at for at, token in enumerate(tokens) if token.text == "{"), len(tokens))
    return list(tokens[at:])


def _one_line(side: CodeSide, unit: CodeUnit) -> str:
    """The text of a statement that has a line for itself, "" for another one."""
    text = side.text(unit)
    return text if min(unit.lines) == max(unit.lines) and _is_closed(text) and "{" not in text else ""


def _is_closed(text: Sequence[str]) -> bool:
    return all(text.count(pair[0]) == text.count(pair[1]) for pair in _PAIRS)


def _statement(text: str) -> str:
    return code(text.rstrip("{:;, "))


def _drop_type(words: Sequence[str]) -> list[str]:
    """The words of an assignment without the type of its target."""
    if ":" not in words or "=" not in words or words.index("=") < words.index(":"):
        return list(words)
    return [*words[: words.index(":")], *words[words.index("=") :]]


def _steps(old: Sequence[str], new: Sequence[str]) -> list[TokenStep]:
    """The changed places; parts of one name are one place."""
    found = list[TokenStep]()
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        if found and old[found[-1][1] : first] in ([], ["."], ["::"]):
            found[-1] = (found[-1][0], last, found[-1][2], end)
        else:
            found.append((first, last, start, end))
    return found


def _step_told(
    old: Sequence[CodeToken], new: Sequence[CodeToken], step: TokenStep, whole: str
) -> ToldChange | None:
    """Describe one changed place of a statement; `whole` is the statement in words, if it is short."""
    gone, come = old[step[0] : step[1]], new[step[2] : step[3]]
    if len(gone) == len(come) == 1 and is_literal(gone[0].type) and is_literal(come[0].type):
        return _literal_told(gone[0].text, come[0].text, _owner(new, step[2]))
    if len(gone) == len(come) == 1 and {gone[0].text, come[0].text} & OPERATORS:
        return ToldChange("Use", whole or f"{code(come[0].text)} instead of {code(gone[0].text)}")
    if not gone or not come:
        return _one_sided(old, new, step)
    pieces = _piece(old, *step[:2]), _piece(new, *step[2:])
    if all(pieces) and max(map(len, pieces)) <= SHORT:
        return ToldChange("Use", f"{code(pieces[1])} instead of {code(pieces[0])}", less=2)
    return None


def _one_sided(old: Sequence[CodeToken], new: Sequence[CodeToken], step: TokenStep) -> ToldChange | None:
    """Describe a part that was only put in or only taken out: `await`, an argument, a part of a name."""
    come = [token.text for token in new[step[2] : step[3]]]
    if come == ["await"]:
        called = _chain(new, step[3])
        return ToldChange("Await", code(called)) if called else None
    argument = _argument(new, *step[2:]) if come else _argument(old, *step[:2])
    if argument is not None:
        words = f"{code(argument[0])} to {code(argument[1])}"
        return ToldChange("Pass", words, less=3) if come else ToldChange("No longer", f"pass {words}", less=3)
    pieces = _piece(old, *step[:2]), _piece(new, *step[2:])
    if come and all(pieces) and max(map(len, pieces)) <= SHORT:
        return ToldChange("Use", f"{code(pieces[1])} instead of {code(pieces[0])}", less=2)
    return None


def _literal_told(old: str, new: str, owner: str) -> ToldChange:
    """Another literal, with the name that it is the value of, or the part of a text that differs."""
    if max(len(old), len(new)) <= SHORT:
        words = (
            f"{code(owner)} from {code(old)} to {code(new)}"
            if owner
            else f"{code(new)} instead of {code(old)}"
        )
        return ToldChange("Change" if owner else "Use", words, kind="value")
    start, stop = _equal_ends(old, new)
    gone, come = old[start : len(old) - stop], new[start : len(new) - stop]
    named = code(owner) if owner else "a text"
    if not gone.strip() and 0 < len(come.strip()) <= SHORT:
        return ToldChange("Use", f"{code(come)} in {named}", kind="value", less=4)
    if not come.strip() and 0 < len(gone.strip()) <= SHORT:
        return ToldChange("No longer", f"use {code(gone)} in {named}", kind="value", less=4)
    if max(len(gone), len(come)) <= SHORT // 2 and not {*gone, *come} & {*"\"'{}"}:
        return ToldChange("Use", f"{code(come)} instead of {code(gone)} in {named}", kind="value", less=4)
    return ToldChange("Change", named, kind="value", less=8)


def _equal_ends(old: str, new: str) -> tuple[int, int]:
    """Count the equal characters at the start and at the end of two texts, without parts of words.

    >>> _equal_ends("is defined here", "is evaluated here")
    (3, 5)
    """
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    stop = 0
    while stop < min(len(old), len(new)) - start and old[-1 - stop] == new[-1 - stop]:
        stop += 1
    while start and old[start - 1].isalnum() and (old[start : start + 1] + new[start : start + 1]).isalnum():
        start -= 1
    while stop and old[-stop].isalnum() and (old[-1 - stop] + new[-1 - stop]).isalnum():
        stop -= 1
    return start, stop


def _owner(tokens: Sequence[CodeToken], at: int) -> str:
    """Return the target of an assignment, `name = value` or `name: value`; "" if it is not before it."""
    if at < 2 or tokens[at - 1].text not in ("=", ":", ":=", "=>"):
        return ""
    if is_name(tokens[at - 2].type) and at > 2 and tokens[0].text not in ("let", "const", "var"):
        names = [token.text for token in tokens[: at - 1]]
        whole = "".join(names)
        return whole if re.fullmatch(r"[\w.]+", whole) else tokens[at - 2].text
    return tokens[at - 2].text.strip("\"'")


def _chain(tokens: Sequence[CodeToken], at: int) -> str:
    """The dotted name that begins at a place, before a call."""
    end = next((end for end in range(at, len(tokens)) if tokens[end].text == "("), at)
    name = "".join(token.text for token in tokens[at:end])
    return name if re.fullmatch(r"[\w.:?$]+", name) else ""


def _argument(tokens: Sequence[CodeToken], start: int, end: int) -> tuple[str, str] | None:
    """The arguments that tokens are, and what they are passed to; None if they are something else."""
    texts = [token.text for token in tokens]
    piece = texts[start:end]
    is_first = texts[start - 1 : start] in (["("], [","]) or piece[:1] == [","]
    is_last = texts[end : end + 1] in ([")"], [","]) or piece[-1:] == [","]
    depth = 0
    for at in range(start - 1, -1, -1) if is_first and is_last and len(piece) <= _MAX_PASSED else ():
        depth += texts[at] in (")", "]", "}")
        if texts[at] in ("(", "[", "{"):
            if depth == 0:
                called = called_name(texts, at) if texts[at] == "(" else ""
                return (_join_tokens(piece).strip(", "), called) if called else None
            depth -= 1
    return None


def _calls_told(words: tuple[Sequence[str], Sequence[str]], around: tuple[str, str]) -> ToldChange | None:
    """Describe the calls that a statement gained or lost, if it is one function more, less or instead.

    The texts of the definition around it must agree.
    """
    was, now = around
    before, after = (
        dict.fromkeys(name for at, word in enumerate(side) if word == "(" and (name := called_name(side, at)))
        for side in words
    )
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    if len(gone) == len(come) == 1 and now.count(f"{gone[0]}(") < was.count(f"{gone[0]}("):
        return ToldChange("Use", f"{code(come[0])} instead of {code(gone[0])}")
    if len(come) == 1 and not gone and now.count(f"{come[0]}(") > was.count(f"{come[0]}("):
        return ToldChange("Call", code(come[0]), less=3)
    if len(gone) == 1 and not come and f"{gone[0]}(" not in now:
        return ToldChange("No longer", f"call {code(gone[0])}", less=3)
    return None


def _condition_told(old: str, new: str) -> Iterator[ToldChange]:
    """Describe the parts that a condition gained or lost, or both forms of it."""
    for word in (" and ", " && ", " or ", " || "):
        more, less = _extra(new, old, word), _extra(old, new, word)
        if 0 < len(more) <= LONGEST:
            yield ToldChange("Check", code(more))
            return
        if 0 < len(less) <= LONGEST:
            yield ToldChange("No longer", f"check {code(less)}")
            return
    if max(len(old), len(new)) <= SHORT:
        yield ToldChange("Check", f"{code(new)} instead of {code(old)}", less=3)


def _extra(longer: str, shorter: str, word: str) -> str:
    """The one part that a condition has, and another one has not.

    >>> _extra("a and b", "a", " and "), _extra("a", "a and b", " and ")
    ('b', '')
    """
    parts, rest = longer.split(word), shorter.split(word)
    left = [part for part in parts if part not in rest]
    return left[0] if len(parts) == len(rest) + 1 and len(left) == 1 else ""


def _piece(tokens: Sequence[CodeToken], first: int, last: int) -> str:
    """A changed piece with the rest of the names that it is in; "" if its brackets are not closed."""
    texts = [token.text for token in tokens]
    while first > 0 and (texts[first - 1] in (".", "::") or texts[first : first + 1] in (["."], ["::"])):
        first -= 1
    while last < len(texts) and (texts[last] in (".", "::") or texts[last - 1] in (".", "::")):
        last += 1
    piece = texts[first:last]
    names = [text for text in piece if re.search(r"\w", text) and text not in _NO_NAMES]
    return _join_tokens(piece) if names and _is_closed(piece) else ""


def _join_tokens(texts: Sequence[str]) -> str:
    """Tokens as one writes them.

    >>> _join_tokens(["f", "(", "a", ",", "b", ")", "+", "1"])
    'f(a, b) + 1'
    """
    text = re.sub(r"\s*(\.|::|\?\.|\(|\[)\s*", r"\1", " ".join(texts))
    text = re.sub(r"\s+([,)\];:])", r"\1", text)
    text = re.sub(r"([\"'`]) (.*?) \1", r"\1\2\1", text)
    text = re.sub(r"([=,:+*/<>|&-])(?=[(\[])", r"\1 ", text)
    return re.sub(r"^(\w+) = ", r"\1=", text) if text.count("=") == 1 else text
