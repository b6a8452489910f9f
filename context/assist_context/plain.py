"""What a parser process sends, as JSON holds it. JSON, not pickle: a grammar that went wrong may have written
over the heap."""

from typing import Any

from assist_context.imports import Import
from assist_context.parsed import Outlined, Parsed, Piece, Row


def to_plain(parsed: Parsed) -> list[object]:
    """A `Parsed` as JSON holds it; named tuples are lists there."""
    return [
        parsed.language,
        parsed.definitions,
        [(name, places.hex()) for name, places in parsed.references],
        [[each.module, each.names, each.line, each.level] for each in parsed.imports],
        parsed.chunks,
        parsed.problem,
    ]


def from_plain(value: Any) -> Parsed:
    """What `to_plain` was given; raises ValueError or TypeError for anything else."""
    language, definitions, references, imports, chunks, problem = value
    return Parsed(
        language,
        tuple(map(Row._make, definitions)),
        tuple([(name, bytes.fromhex(places)) for name, places in references]),
        tuple(Import(module, tuple(names), at, level) for module, names, at, level in imports),
        tuple(map(Piece._make, chunks)),
        problem,
    )


def outlined_to_plain(outlined: Outlined) -> list[object]:
    """An `Outlined` as JSON holds it."""
    return [to_plain(outlined.parsed), outlined.text, outlined.heads]


def outlined_from_plain(value: Any) -> Outlined:
    """What `outlined_to_plain` was given; raises ValueError or TypeError for anything else."""
    parsed, text, heads = value
    if not isinstance(text, str) or not all(isinstance(each, str) for each in dict(heads).values()):
        raise TypeError("a text is expected")
    return Outlined(from_plain(parsed), text, heads)
