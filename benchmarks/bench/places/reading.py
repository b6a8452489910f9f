"""Texts for people to judge who do not know where they come from: a sheet to read, and its key.

It knows no model: rows are those of `places.py ask`.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ABOVE = 24  # lines of the file that a reader sees above the cursor
BELOW = 8


def write_sheet(arms: Sequence[Sequence[dict[str, Any]]], count: int, rng: random.Random, out: Path) -> None:
    """Write a sheet with the shown texts of `count` places, in any order, and the key next to it.

    A place comes once for each different text. The key tells for each number the place and the arms.
    """
    ids = [row["place"]["id"] for row in arms[0]]
    chosen = set(rng.sample(ids, min(count, len(ids))))
    texts: dict[tuple[str, str], tuple[dict[str, Any], list[int]]] = {}
    for arm, rows in enumerate(arms):
        for row in rows:
            if row["text"] and row["place"]["id"] in chosen:
                texts.setdefault((row["place"]["id"], row["text"]), (row, []))[1].append(arm)
    shuffled = rng.sample(sorted(texts), len(texts))
    out.write_text("\n".join(_entry(n, texts[key][0]) for n, key in enumerate(shuffled, 1)), encoding="utf-8")
    known = {str(n): {"id": key[0], "arms": texts[key][1]} for n, key in enumerate(shuffled, 1)}
    out.with_suffix(".key.json").write_text(
        json.dumps({"places": len(chosen), "texts": known}), encoding="utf-8"
    )


def _entry(number: int, row: dict[str, Any]) -> str:
    place = row["place"]
    above = place["before"].split("\n")[-ABOVE:]
    below = place["after"].split("\n")[1 : BELOW + 1]
    truth = "\n".join(place["truth"].split("\n")[:3])
    parts = (
        f"## {number}: {place['path']}",
        "```",
        "\n".join(above) + f"«{row['text']}»",
        *below,
        "```",
        f"What the author wrote there: `{truth}`",
        "",
    )
    return "\n".join(parts)
