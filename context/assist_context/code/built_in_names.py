"""The names that every file of a language has, without any import."""

from functools import lru_cache

from assist_context.code.language_rules import language_rules


@lru_cache
def built_in_names(language: str) -> frozenset[str]:
    """The names that every file of a language has; none of a language that is not known."""
    return frozenset((language_rules(language, "built_in") or {}).get("words", "").split())
