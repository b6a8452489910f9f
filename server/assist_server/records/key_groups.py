"""Sums over rows of counts whose keys are values with fields: in all, and by one field. It reads nothing."""

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

GHOST_TEXT = "complete"  # the command of ghost text, as the audit log has it
NEXT_EDIT = "next-edit"  # and that of next edits

K = TypeVar("K", bound=Hashable)


def group(rows: Mapping[K, Counter[str]], by: str, command: str = GHOST_TEXT) -> dict[str, Counter[str]]:
    """The sums by one field of the keys; "" is unknown. Keys without a command are of this one."""
    sums: dict[str, Counter[str]] = {}
    for key, counts in rows.items():
        sums.setdefault(str(getattr(key, by, command)), Counter()).update(counts)
    return sums


def total(rows: Mapping[K, Counter[str]]) -> Counter[str]:
    """The sum over all keys."""
    found: Counter[str] = Counter()
    for counts in rows.values():
        found.update(counts)
    return found
