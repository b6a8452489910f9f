"""The figures of a run over places where a member follows, as tables of Markdown; intervals of 95 %."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from assist_evaluation.proportions import wilson

Row = dict[str, Any]


def table(rows: Sequence[Row]) -> list[str]:
    """The figures by arm, for all places and for groups of them; then what was refused."""
    lines = [
        "| places | n | arm | shown | identifier right | text right | of shown: invented | tokens | ms p50 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, own in _groups(rows):
        lines += [_line(name, own, arm) for arm in own[0]["arms"]]
    return [*lines, "", *_refusals(rows), *_cost(rows)]


def _groups(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    for key in ("language", "from", "kind"):
        for value in dict.fromkeys(row[key] for row in rows):
            yield value, [row for row in rows if row[key] == value]
    yield "all", list(rows)


def _line(name: str, rows: Sequence[Row], arm: str) -> str:
    own = [row["arms"][arm] for row in rows]
    shown = sum(one["shown"] for one in own)
    invented = sum(bool(one["invented"]) for one in own)
    tokens = sum(one["tokens"] for one in own) / len(own)
    ms = sorted(one["ms"] for one in own)[len(own) // 2]
    cells = (
        name, len(rows), arm, shown, share(sum(one["identifier"] for one in own), len(own)),
        share(sum(one["right"] for one in own), len(own)), share(invented, shown), f"{tokens:.1f}", ms,
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def share(part: int, whole: int) -> str:
    """A proportion with its interval.

    >>> share(8, 24)
    '8 of 24, 33.3 % (18.0 to 53.3)'
    """
    if not whole:
        return "0 of 0"
    low, high = wilson(part, whole)
    return f"{part} of {whole}, {part / whole:.1%} ({100 * low:.1f} to {100 * high:.1f})".replace("%", " %")


def _refusals(rows: Sequence[Row]) -> Iterator[str]:
    pairs = [(row["arms"]["nothing"], row["arms"]["check"]) for row in rows]
    refused = Counter(row["refused"] for row in rows if row["refused"])
    total = sum(refused.values())
    yield f"refused: {total}; rightly {share(refused['rightly'], total)}"
    kinds = Counter(found.partition(" ")[0] for row in rows for found in set(row["refuted"]))
    yield f"names refuted, by kind: {dict(kinds.most_common())}"
    bad = [after for before, after in pairs if before["invented"]]
    caught = sum(not after["invented"] for after in bad)
    yield f"texts with an invented name that the check took away: {share(caught, len(bad))}"
    gained = [after for before, after in pairs if after["shown"] and not before["shown"]]
    right = sum(after["identifier"] for after in gained)
    yield f"shown only with the check: {len(gained)}, in {right} the identifier is right"
    lost = sum(before["right"] and not after["right"] for before, after in pairs)
    yield f"right texts that the check took away: {lost}"
    arguments = {arm: sum(bool(row["arms"][arm]["arguments"]) for row in rows) for arm in rows[0]["arms"]}
    yield f"texts with an invented argument: {arguments}"
    yield f"places whose own text the checkers blame: {sum(bool(row['truth_blamed']) for row in rows)}"


def _cost(rows: Sequence[Row]) -> Iterator[str]:
    took = sorted(row["look_up_ms"] for row in rows)
    middle = took[len(took) // 2]
    high = took[int(0.95 * (len(took) - 1))]
    late = sum(row["late"] for row in rows)
    yield f"look-ups: p50 {middle} ms, p95 {high} ms, most {took[-1]} ms; late {late} of {len(rows)}"
