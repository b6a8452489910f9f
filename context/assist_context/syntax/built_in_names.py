"""The names that every file of a language has, without any import."""

import tomllib
from functools import lru_cache
from importlib.resources import files

_BUILT_IN = tomllib.loads((files(__package__) / "built_in_names.toml").read_text(encoding="utf-8"))


@lru_cache
def built_in_names(language: str) -> frozenset[str]:
    """The names that every file of a language has; none of a language that is not known."""
    names = _BUILT_IN.get(language, {})
    return frozenset(_BUILT_IN.get(names.get("like", language), {}).get("words", "").split())
