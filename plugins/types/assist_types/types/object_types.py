"""The types that an expression may have: the values that `lookup` works with. It knows no text."""

from dataclasses import dataclass, replace
from typing import Literal

TypeKind = Literal[
    "instance",
    "class",
    "module",
    "package",
    "function",
    "outside",
    "outside class",
    "holder",
    "promise",
    "entering",
]


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One thing that an expression may be.

    Of an instance, a class and a function, `path` is the file and `at` the byte where it is written, and
    `name` is what a function returns; of a package, `path` is the folder; of what is outside of the
    workspace, `path` is the module and `name` the class; of a container and a promise, `path` is the family
    of languages and `name` the class. `inside` is what a container holds, what a promise gives, or whose
    method a function is.
    """

    kind: TypeKind
    path: str = ""
    name: str = ""
    at: int = 0
    inside: tuple["ObjectType", ...] = ()


_INSTANCES: dict[TypeKind, TypeKind] = {"class": "instance", "outside class": "outside"}
_CLASSES: dict[TypeKind, TypeKind] = {instance: kind for kind, instance in _INSTANCES.items()}


def instance_of(kind: ObjectType) -> tuple[ObjectType, ...]:
    """An object of a class; none of anything else."""
    return (replace(kind, kind=_INSTANCES[kind.kind]),) if kind.kind in _INSTANCES else ()


def class_of(kind: ObjectType) -> tuple[ObjectType, ...]:
    """The class of an object; none of anything else."""
    return (replace(kind, kind=_CLASSES[kind.kind]),) if kind.kind in _CLASSES else ()
