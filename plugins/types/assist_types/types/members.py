"""The members of a type, and the source of the types outside of the workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Members:
    """The names of a type's members. Only if they are `whole`, another name is certainly none of them."""

    names: frozenset[str] = frozenset()
    whole: bool = False


def union_of(found: Sequence[Members | None]) -> Members | None:
    """The members of what may be any of some types; None if there is none, or if one is not known."""
    known = [members for members in found if members is not None]
    if not known or len(known) < len(found):
        return None
    names = frozenset(name for members in known for name in members.names)
    return Members(names, whole=all(members.whole for members in known))


class TypeSource(Protocol):
    """The source of types outside. A `module` is written as the language's imports write it."""

    def names(self, module: str) -> frozenset[str] | None:
        """The names that a module offers, `None` if that is not known for certain."""
        ...

    def heads(self, module: str, name: str) -> tuple[str, ...]:
        """The heads of a function, or of what makes the objects of a class; none if they are not known."""
        ...

    def members(self, module: str, name: str) -> Members | None:
        """The members of a class, struct or interface of a module; `None` if it is not known.

        The name may go on: "Client().get()!" is what waiting for a method of an object gives, "Client()%" is
        what `with` gives.
        """
        ...
