"""One script that is several: a number decides which text of a function's body runs.

So many planted mistakes can be tried in one start of a runner. The number is looked up in the global object
each time that the body runs; without it the body is the first text.
"""

from collections.abc import Iterator, Sequence

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_runner.scripts.script_functions import find_definition
from assist_runner.scripts.script_probes import PROBE
from assist_runner.scripts.script_tree import CLASSES, field, root_of, statements_in

NUMBER = "__assistPlanted"


def with_variants(
    text: str, path: str, place: tuple[str, int, int], variants: Sequence[str]
) -> tuple[str, frozenset[int]]:
    """The script with other bodies of the function that has a name on some lines (`place`).

    `variants` are whole texts of the script that differ in that function's body, or in the body of a method
    of that class; they run for the numbers from 1 on. The numbers say for which that could be done.

    >>> new, numbers = with_variants("const f = () => 1;", "a.js", ("f", 1, 1), ["const f = () => 2;"])
    >>> print(new)
    const f = () => (globalThis.__assistProbe?.(1), globalThis.__assistPlanted === 1 ? (2) : (1));
    """
    root = root_of(text, path)
    node = find_definition(root, *place) if root is not None else None
    data = text.encode("utf-8", "replace")
    bodies = list(_bodies(node)) if node is not None else []
    chosen: dict[int, list[tuple[int, bytes]]] = {}
    for number, variant in enumerate(variants, 1):
        other = variant.encode("utf-8", "replace")
        start, end = _difference(data, other)
        for at, row in enumerate(bodies):
            if row.start_byte <= start and end <= row.end_byte:
                new = other[row.start_byte : row.end_byte + len(other) - len(data)]
                chosen.setdefault(at, []).append((number, new))
                break
    whole = b"globalThis" if path.endswith(("js", "jsx")) else b"(globalThis as any)"
    for at in sorted(chosen, reverse=True):
        row = bodies[at]
        own = data[row.start_byte : row.end_byte]
        new = _choice(own, chosen[at], whole, block=row.type == "statement_block")
        data = data[: row.start_byte] + new + data[row.end_byte :]
    numbers = frozenset(number for rows in chosen.values() for number, _ in rows)
    return data.decode("utf-8", "replace"), numbers


def _bodies(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    body = field(node, "body")
    if body is None:
        return
    if node.type not in CLASSES:
        yield from [body] if "super(" not in node_text(body) else []
        return
    for member in statements_in(body):
        value = field(member, "value")
        inner = field(member, "body") or field(value, "body")
        if inner is not None and "super(" not in node_text(inner):
            yield inner


def _difference(one: bytes, other: bytes) -> tuple[int, int]:
    """Where the first of two texts differs from the second: from a first byte to the one after the last."""
    most = min(len(one), len(other))
    start = next((at for at in range(most) if one[at] != other[at]), most)
    tail = next((at for at in range(most - start) if one[-1 - at] != other[-1 - at]), most - start)
    return start, len(one) - tail


def _choice(own: bytes, others: Sequence[tuple[int, bytes]], whole: bytes, *, block: bool) -> bytes:
    probe = whole + f".{PROBE}?.(1)".encode()
    number = whole + f".{NUMBER} === ".encode()
    if block:
        arms = b"".join(b"if (%s%d) %s else " % (number, at, body) for at, body in others)
        return b"{ %s; %s%s }" % (probe, arms, own)
    arms = b"".join(b"%s%d ? (%s) : " % (number, at, body) for at, body in others)
    return b"(%s, %s(%s))" % (probe, arms, own)
