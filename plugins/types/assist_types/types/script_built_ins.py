"""The members of the classes that every script has: `script_built_ins.toml`. It knows no text."""

import tomllib
from functools import lru_cache
from importlib.resources import files

from assist_types.types.members import Members

GLOBALS = "script:globals"  # the module of these classes; no import can name it


def global_class(name: str) -> str:
    """Return the class of a name, a type or a kind of literal, "" if not every script has it."""
    names, members = _table()
    known = names.get(name, name)
    return known if known in members else ""


def global_members(name: str) -> Members | None:
    """The members of a class and of its objects, None if there is no such class."""
    found = _table()[1].get(global_class(name))
    return Members(found, whole=True) if found is not None else None


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    table = tomllib.loads((files(__package__) / "script_built_ins.toml").read_text(encoding="utf-8"))
    return table["names"], {name: frozenset(words.split()) for name, words in table["members"].items()}
