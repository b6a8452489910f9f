"""Reads tables of rules from TOML files, and says what is wrong with one that cannot be used.

Rules are data, so that a security engineer can review and extend them without reading code. This module
knows how a table is written. It knows no rule and no secret.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

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
            raise self.error(key, f"is no regular expression ({error})") from error

    def error(self, key: str, problem: str) -> EscalationError:
        """What to raise for the value of `key`."""
        return EscalationError(f"{self.name}: {key} {problem}: correct the file")


def read_rules(package: str, name: str, keys: Mapping[str, str]) -> Sections:
    """The rules of the file `name` next to the code of `package`; see `parse_rules`."""
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    return parse_rules(text, name, keys)


def read_words(package: str, name: str, *sections: str) -> tuple[frozenset[str], ...]:
    """The words of each section of a file that holds nothing else."""
    rules = read_rules(package, name, dict.fromkeys(sections, "words"))
    return tuple(frozenset(word for rule in rules[section] for word in rule.words()) for section in sections)


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
        expected = {"source", *(key for key in keys.split() if not key.endswith("?"))}
        wrong_keys = (table.keys() ^ expected) - optional
        if wrong_keys:
            wrong = ", ".join(sorted(wrong_keys))
            raise EscalationError(f"{title}: these keys are missing or unknown: {wrong}: correct the file")
        rule = Rule(title, table)
        rule.text("source")
        rules.append(rule)
    return rules
