"""A `Parsed` as JSON holds it, so that a parser process can send it. JSON, not pickle: a grammar that went
wrong may have written over the heap."""

from typing import Any

from assist_context.imports import Import
from assist_context.parsed import Parsed, Piece, Row


def to_plain(parsed: Parsed) -> list[object]:
    """A `Parsed` as JSON holds it."""
    return [
        parsed.language,
        parsed.lines,
        [[e.name, e.kind, e.start_line, e.end_line, e.head_lines, e.parent] for e in parsed.definitions],
        parsed.references,
        [[each.module, each.names, each.line, each.level] for each in parsed.imports],
        [
            [each.start_line, each.end_line, each.name, each.terms, each.named, each.headed]
            for each in parsed.chunks
        ],
        parsed.problem,
    ]


def from_plain(value: Any) -> Parsed:
    """What `to_plain` was given; raises ValueError or TypeError for anything else."""
    language, lines, definitions, references, imports, chunks, problem = value
    return Parsed(
        language,
        lines,
        tuple(Row(*each) for each in definitions),
        tuple((name, at, inside) for name, at, inside in references),
        tuple(Import(module, tuple(names), at, level) for module, names, at, level in imports),
        tuple(Piece(*each) for each in chunks),
        problem,
    )
