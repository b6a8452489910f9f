"""The one reader of what is known of a language: its folder in `queries`, or that of the language it is like.

`queries/README.md` explains the files and their keys. This module knows no text and no tree.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeVar, get_origin

from assist_context.languages import BY_GRAMMAR, BY_NAME

RulesT = TypeVar("RulesT")
_FOLDER = files(__package__) / "queries"


@lru_cache
def language_rules(language: str, subject: str) -> Mapping[str, Any] | None:
    """The rules of a language by its name, for a subject such as "calls"; `None` if there are none.

    A file with the key `like` is joined with the one of that folder: lists and `keywords` are added up.
    """
    row = BY_NAME.get(language)
    file = _FOLDER / (row.grammar or row.outline if row else language) / f"{subject}.toml"
    if not file.is_file():
        return language_rules(row.like, subject) if row and row.like else None
    rules = tomllib.loads(file.read_text(encoding="utf-8"))
    base = language_rules(rules["like"], subject) if "like" in rules else None
    return rules if base is None else _join(base, rules)


def as_rules(shape: type[RulesT], table: Mapping[str, Any], **computed: Any) -> RulesT:
    """Make rules, a dataclass, of a table and of computed fields; what has no field is left out."""
    kinds = {item.name: get_origin(item.type) for item in fields(shape)}  # type: ignore[arg-type]  # a dataclass
    read = {
        name: frozenset(value) if kinds[name] is frozenset else value
        for name, value in table.items()
        if name in kinds and name not in computed
    }
    return shape(**read, **computed)


@lru_cache
def built_in_names(language: str) -> frozenset[str]:
    """The names that every file of a language has without an import; none of an unknown language."""
    return frozenset((language_rules(language, "built_in") or {}).get("words", "").split())


def query_source(grammar: str) -> str:
    """The text of a grammar's query; missing files count as empty."""
    language = BY_GRAMMAR.get(grammar)
    folders = (language.tags if language else ()) or (grammar,)
    tags = [_FOLDER / folder / "tags.scm" for folder in folders]
    return "\n".join(file.read_text(encoding="utf-8") for file in tags if file.is_file())


def _join(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    union = dict(base)
    for key, value in own.items():
        before = base.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            union[key] = _join(before, value)
        elif isinstance(value, list) and isinstance(before, list):
            union[key] = [*before, *value]
        elif key == "keywords" and before:
            union[key] = f"{before} {value}"
        else:
            union[key] = value
    return union
