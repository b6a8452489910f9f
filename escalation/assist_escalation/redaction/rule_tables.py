"""Reads tables of rules from TOML files, says what is wrong with one, and which of their words a text holds.

Rules are data, so that a security engineer can review and extend them without reading code. This module
knows how a table is written. It knows no rule and no secret.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Protocol

import numpy as np
import numpy.typing as npt

from assist_escalation.errors import EscalationError

Sections = Mapping[str, tuple["Rule", ...]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One table of a file of rules. Its methods raise `EscalationError` for a value of the wrong kind."""

    name: str  # for messages, as in "token_formats.toml, format 3"
    values: Mapping[str, object]

    def text(self, key: str, choices: tuple[str, ...] = ()) -> str:
        """A string that is not empty, and one of `choices` where any are given."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "must be a string that is not empty")
        if choices and value not in choices:
            raise self.error(key, f"is {value!r}, but must be one of {', '.join(choices)}")
        return value

    def words(self, key: str = "words") -> tuple[str, ...]:
        """The words of a string with blanks between them, or the strings of an array; at least one."""
        value = self.values.get(key)
        words = value.split() if isinstance(value, str) else value
        if not isinstance(words, list) or not words:
            raise self.error(key, "must be words: a string of them, or an array of strings")
        if not all(isinstance(word, str) and word for word in words):
            raise self.error(key, "must hold strings that are not empty")
        return tuple(words)

    def numbers(self, key: str) -> tuple[int, ...]:
        """An array of whole numbers from 0; at least one."""
        value = self.values.get(key)
        if not isinstance(value, list) or not value:
            raise self.error(key, "must be an array of whole numbers")
        if not all(type(number) is int and number >= 0 for number in value):
            raise self.error(key, "must hold whole numbers from 0")
        return tuple(value)

    def regex(self, expression: str, key: str = "expression") -> re.Pattern[str]:
        """`expression`, which was made from the value of `key`, compiled in verbose mode."""
        try:
            return re.compile(expression, re.VERBOSE)
        except (re.error, OverflowError) as error:
            raise self.error(key, f"is not a regular expression ({error})") from error

    def error(self, key: str, problem: str) -> EscalationError:
        """Return what to raise for the value of `key`."""
        return EscalationError(f"{self.name}: {key} {problem}: correct the file")


def read_rules(package: str, name: str, keys: Mapping[str, str]) -> Sections:
    """The rules of the file `name` next to the code of `package`; see `parse_rules`."""
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    return parse_rules(text, name, keys)


def read_words(package: str, name: str, *sections: str) -> tuple[frozenset[str], ...]:
    """The words of each section of a file that holds nothing else."""
    rules = read_rules(package, name, dict.fromkeys(sections, "words"))
    return tuple(frozenset(word for rule in rules[section] for word in rule.words()) for section in sections)


def read_expressions(package: str, name: str) -> dict[str, re.Pattern[str]]:
    """The `[expressions]` of a file by their names, with its `[parts]` in them."""
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    keys = {section: " ".join(table.keys() - {"source"}) for section, table in tomllib.loads(text).items()}
    rules = parse_rules(text, name, keys)
    (parts,) = rules["parts"]
    (expressions,) = rules["expressions"]
    names = keys["expressions"].split()
    return {key: expressions.regex(insert_parts(expressions.text(key), parts), key) for key in names}


def insert_parts(expression: str, parts: Rule) -> str:
    """An expression with each part in the places that it has as `(?&name)`; parts may have parts."""
    while used_names := [name for name in parts.values if f"(?&{name})" in expression]:
        for name in used_names:
            expression = expression.replace(f"(?&{name})", f"{parts.text(name)}\n")
    return expression


def parse_rules(text: str, name: str, keys: Mapping[str, str]) -> Sections:
    """The rules of each section in the order of the file: `[section]` is one, `[[section]]` any number.

    `keys` names the sections that the file must have, and the keys of a rule in each, with blanks between.
    A rule may lack a key that ends with "?". Every rule has a `source` as well. Raises `EscalationError` for
    a file that differs.

    >>> parse_rules('[owners]\\nsource = "common usage"\\nwords = "user host"', "x.toml", {"owners": "words"})
    {'owners': (Rule(name='x.toml, owners', values={'source': 'common usage', 'words': 'user host'}),)}
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise EscalationError(f"{name}: is not valid TOML ({error}): correct the file") from error
    if document.keys() != keys.keys():
        wrong = ", ".join(sorted(document.keys() ^ keys.keys()))
        raise EscalationError(f"{name}: these sections are missing or unknown: {wrong}: correct the file")
    return {section: tuple(_rules(name, section, document[section], keys[section])) for section in keys}


def _rules(name: str, section: str, value: object, keys: str) -> list[Rule]:
    tables = value if isinstance(value, list) else [value]
    rules = list[Rule]()
    for number, table in enumerate(tables, 1):
        title = f"{name}, {section} {number}" if isinstance(value, list) else f"{name}, {section}"
        if not isinstance(table, dict):
            raise EscalationError(f"{title}: must be a table: correct the file")
        optional = {key.removesuffix("?") for key in keys.split() if key.endswith("?")}
        keys_needed = {"source", *(key for key in keys.split() if not key.endswith("?"))}
        wrong_keys = (table.keys() ^ keys_needed) - optional
        if wrong_keys:
            wrong = ", ".join(sorted(wrong_keys))
            raise EscalationError(f"{title}: these keys are missing or unknown: {wrong}: correct the file")
        rule = Rule(title, table)
        rule.text("source")
        rules.append(rule)
    return rules


_SHORT = 500  # characters: in a shorter text it is faster to look for each word
_GRAM = 3

_Grams = npt.NDArray[np.uint16]


class WordSieve:
    """Finds these words. A text can hold one only if it has every three bytes in a row that the word has.

    300 of them in 4,000 characters take 0.07 ms; to look for each takes 0.5 ms.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = tuple(dict.fromkeys(words))
        self._short = tuple(word for word in self._words if len(word.encode()) < _GRAM)
        self._long = tuple(word for word in self._words if len(word.encode()) >= _GRAM)
        grams = [_list_grams(word) for word in self._long]
        self._grams = np.array([np.resize(row, max(map(len, grams))) for row in grams])

    def find(self, text: str) -> Iterator[str]:
        """The words that are in the text."""
        if len(text) < _SHORT:
            maybe: Iterable[str] = self._words
        else:
            grams = np.zeros(1 << 16, np.bool_)
            grams[_list_grams(text)] = True
            hits = np.flatnonzero(grams[self._grams].all(axis=1)).tolist()
            maybe = (*self._short, *(self._long[number] for number in hits))
        return (word for word in maybe if word in text)


class _Worded(Protocol):
    @property
    def words(self) -> tuple[str, ...]: ...


def numbers_by_word(rules: Iterable[tuple[int, _Worded]]) -> dict[str, tuple[int, ...]]:
    """The numbers of the rules that have a word: a word is searched for once."""
    numbers = dict[str, tuple[int, ...]]()
    for number, rule in rules:
        for word in rule.words:
            numbers[word] = (*numbers.get(word, ()), number)
    return numbers


def _list_grams(text: str) -> _Grams:
    """A number for each three bytes in a row; others may have the same one."""
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8).astype(np.uint16)
    return (data[:-2] * np.uint16(961) + data[1:-1] * np.uint16(31)) ^ data[2:]
