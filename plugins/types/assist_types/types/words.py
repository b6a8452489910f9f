"""The words of each family of languages that say what a type is; `type_words.toml` describes them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_NEVER = r"(?!)"
FAMILIES = {
    "python": "python",
    "javascript": "script",
    "typescript": "script",
    "tsx": "script",
    "go": "go",
    "rust": "rust",
}


@dataclass(frozen=True, slots=True)
class TypeWords:
    """The words of one family; `narrows` has the name of an object as `{0}`."""

    lists: Mapping[str, frozenset[str]]
    bases: Mapping[str, frozenset[str]]
    members: re.Pattern[str]
    dynamic: re.Pattern[str]
    dynamic_module: re.Pattern[str]
    narrows: str

    def has(self, kind: str, word: str) -> bool:
        """Say whether a word is in one of the lists."""
        return word in self.lists.get(kind, ())


@lru_cache
def words_of(family: str) -> TypeWords:
    """The words of a family of languages."""
    table = tomllib.loads((files(__package__) / "type_words.toml").read_text(encoding="utf-8"))[family]
    bases = {name: frozenset(members.split()) for name, members in table.pop("bases", {}).items()}
    patterns = {
        name: re.compile(table.pop(name, _NEVER), re.VERBOSE if name == "members" else 0)
        for name in ("members", "dynamic", "dynamic_module")
    }
    narrows = table.pop("narrows", _NEVER)
    lists = {kind: frozenset(words.split()) for kind, words in table.items()}
    return TypeWords(lists, bases, **patterns, narrows=narrows)
