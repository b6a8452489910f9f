"""The language of a file, by its name alone. What is known of each language is a row of `languages.toml`.

This module loads no grammars; `code/trees/grammars` does that, and `code/language_rules` reads the queries.
"""

import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Language:
    """A language, as in its row of `languages.toml`, which says what the fields mean."""

    name: str
    comment: str = "#"
    blocks: str = "brace"
    grammar: str = ""
    suffixes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    outline: str = ""
    like: str = ""
    tags: tuple[str, ...] = ()
    wheel: tuple[str, ...] = ()
    markup: str = ""
    sigil: str = ""


def _rows() -> Iterator[Language]:
    table = tomllib.loads((files(__package__) / "languages.toml").read_text(encoding="utf-8"))
    for name, row in table.items():
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
        }
        yield Language(name, **values)


# What is before the name in a definition, in languages that have such a word, and before that.
DEFINERS = ("def", "class", "func", "function", "fn", "struct", "enum", "trait", "interface", "mod")
MODIFIERS = ("export", "default", "async", "pub")
ECMASCRIPT = ("javascript", "typescript", "tsx")  # the languages whose modules import one another
PLAIN = Language("plaintext", comment="", blocks="")
LANGUAGES = tuple(_rows())

BY_NAME = {language.name: language for language in LANGUAGES}
BY_GRAMMAR = {language.grammar or language.outline: language for language in LANGUAGES}
_BY_SUFFIX = {suffix: language for language in LANGUAGES for suffix in language.suffixes}
_BY_ID = {name: language for language in LANGUAGES for name in (language.name, *language.ids)}
_BY_FILE = {name: language for language in LANGUAGES for name in language.files}


def is_page(path: str) -> bool:
    """Return whether a file is documentation, which is divided by its headings.

    >>> is_page("docs/usage.rst"), is_page("src/app.py")
    (True, False)
    """
    return bool(language_of(path).markup)


def language_of(path: str, lsp_id: str = "") -> Language:
    """The language of a file by its name, else by the editor's id, else `PLAIN`.

    >>> language_of("src/app.py").name
    'python'
    >>> language_of("untitled", "go").name
    'go'
    """
    name = os.path.basename(path).lower()  # pathlib would take ten times as long
    dot = name.rfind(".")
    language = (_BY_SUFFIX.get(name[dot:]) if dot > 0 else None) or _BY_FILE.get(name)
    return language or _BY_ID.get(lsp_id.lower(), PLAIN)
