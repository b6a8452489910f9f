"""Tokens that the rules of another scanner describe: made up for each rule, and kept if it finds them.

The scanner is Kingfisher (the group `nightly` of pyproject.toml). Its expressions are Rust's: one that Python
cannot read is left out. Nothing of its rules is kept here.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from bench.redaction.score import is_found, taken_spans

_TRIES = 8  # texts made for a rule
_LONG, _SHORT = 36, 3  # characters of a part without an upper limit: of a large alphabet, and of a small one
_LARGE, _ENDLESS = 12, 1000
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_CATEGORIES = {"CATEGORY_DIGIT": "0123456789", "CATEGORY_WORD": _LETTERS + "_", "CATEGORY_SPACE": " "}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many tokens of a rule there are with a name and alone in a sentence, and which of them we miss."""

    rule: str
    named: int
    alone: int
    missed_named: list[str]
    missed_alone: list[str]


def load_scanner(name: str = "kingfisher_sdk") -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise ValueError("the scanner is missing: run `uv sync --group nightly`") from None


def verdicts(scanner: Any) -> Iterator[Verdict]:
    """What we find of the tokens of each rule of the scanner, which is a module."""
    rules = scanner.Rules()
    scan = scanner.Scanner().scan
    for rule in sorted(row["id"] for row in rules.metadata() if row["visible"]):
        secrets = list(_secrets(rule, rules.detail(rule)["pattern"], scan))
        words = re.split(r"\W", re.sub(r"\.\d+\Z", "", rule).rpartition(".")[2])
        named = [(f'{words[0]}_api_key = "{secret}"\n', secret) for secret in secrets]
        alone = [(f"see {secret} here\n", secret) for secret in secrets]
        alone = [pair for pair in alone if any(each.visible for each in scan(pair[0].encode()))]
        if secrets:
            yield Verdict(rule, len(named), len(alone), *map(_misses, (named, alone)))


def _misses(texts: Sequence[tuple[str, str]]) -> list[str]:
    """The secrets that we miss; of an address, only the last part that is as long as a key is one."""
    missed = list[str]()
    for text, secret in texts:
        address = re.match(r"(?:\w+://)?\w+(?:\.\w+)+/|\w+=\w+://", secret)
        parts = [part for part in re.split(r"/|Key=", secret) if address and len(part) >= 16]
        if not is_found(text, parts[-1] if parts else secret, taken_spans("", text)):
            missed.append(secret)
    return missed


def _secrets(rule: str, pattern: str, scan: Callable[[bytes], Sequence[Any]]) -> Iterator[str]:
    """The secrets that the scanner finds by this rule in texts made from its expression."""
    plain = re.sub(r"\(\?[imsxu]+\)", "", pattern.replace(r"\z", r"\Z").replace("[:alnum:]", "A-Za-z0-9"))
    try:
        flags = re.VERBOSE if re.search(r"\(\?[a-z]*x[a-z]*\)", pattern) else 0
        tree = import_module("re._parser").parse(plain, flags)
    except re.error:
        return
    source = random.Random(rule)  # so that no rule changes the tokens of another
    for _ in range(_TRIES):
        data = f"\n{_make_text(tree, source)}\n".encode()
        found = [each.location for each in scan(data) if each.visible and each.rule_id == rule]
        if found:
            yield data[found[0]["start_offset"] : found[0]["end_offset"]].decode()


def _make_text(tree: Any, source: random.Random, *, mixed: bool = False) -> str:
    """A text that a parsed expression matches, but for what must be around it; `mixed`: in either case."""
    text = ""
    for operator, value in tree:
        match str(operator):
            case "LITERAL":
                text += chr(value)
            case "ANY" | "NOT_LITERAL":  # mostly a dot that should have been escaped
                text += "."
            case "IN":
                character = source.choice(_characters(value))
                text += character.upper() if mixed and source.random() < 0.5 else character
            case "BRANCH":
                text += _make_text(source.choice(value[1]), source, mixed=mixed)
            case "SUBPATTERN":
                text += _make_text(value[3], source, mixed=mixed or bool(value[1] & re.IGNORECASE))
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, inner = value
                large = str(inner[0][0]) == "IN" and len(_characters(inner[0][1])) > _LARGE
                most = min(most, max(least, _LONG if large or most < _ENDLESS else _SHORT))
                count = source.randint(least, most)
                text += "".join(_make_text(inner, source, mixed=mixed) for _ in range(count))
    return text


def _characters(members: Sequence[tuple[Any, Any]]) -> list[str]:
    found = set[str]()
    for operator, value in members:
        match str(operator):
            case "LITERAL":
                found.add(chr(value))
            case "RANGE":
                found.update(map(chr, range(value[0], min(value[1], 126) + 1)))
            case "CATEGORY":
                found.update(_CATEGORIES.get(str(value), "a"))
    found = set(_LETTERS) - found if str(members[0][0]) == "NEGATE" else found
    if len(found) == 2 and max(found).upper() == min(found):
        return [max(found)]  # `[Ss]`: a mark, which is written in small letters
    return sorted(character for character in found if " " <= character <= "~") or ["a"]
