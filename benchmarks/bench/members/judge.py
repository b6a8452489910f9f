"""What each arm's text at a place is worth: its first name, its line, and names that do not exist."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.places.commits import Place
from bench.places.missing import INVENTED, Missing, missing_names

_TOKEN = re.compile(r"\w+|[^\w\s]")
_NAME = re.compile(r"\w+")


def judge_rows(tools: Path, folders: Sequence[Path], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the judgement of each arm, in order. Raises `OSError` if a checker cannot be run."""
    of_folder: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        of_folder[row["place"]["repository"]].append(number)
    done: dict[int, dict[str, Any]] = {}
    for folder in folders:
        own = of_folder.get(folder.name, [])
        done.update(zip(own, _judge_folder(tools, folder, [rows[number] for number in own]), strict=True))
    return [done[number] for number in range(len(rows))]


def _judge_folder(tools: Path, folder: Path, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    places = [Place(**row["place"]) for row in rows]
    texts = [
        (place, arm["text"], arm["replace"])
        for row, place in zip(rows, places, strict=True)
        for arm in row["arms"].values()
    ]
    known = missing_names(tools, folder, texts) if rows else {}
    return [with_judgement(row, place, known) for row, place in zip(rows, places, strict=True)]


def with_judgement(row: dict[str, Any], place: Place, known: Missing) -> dict[str, Any]:
    blamed = known.get((place.id, place.truth), ())
    arms = {}
    for name, arm in row["arms"].items():
        is_right = _line(arm["text"]) == _line(place.truth)  # without its next lines it may be blamed
        faults = () if is_right else known.get((place.id, arm["text"]), ())
        arms[name] = {
            **{key: value for key, value in arm.items() if key != "faults"},
            "shown": bool(arm["text"].strip()),
            "identifier": first_name(arm["text"]) == first_name(place.truth) != "",
            "right": is_right,
            "invented": sum(fault.kind in INVENTED for fault in faults),
            "arguments": sum(fault.kind == "argument" for fault in faults),
            "faults": [asdict(fault) for fault in faults],
        }
    refused = _refusal(arms["nothing"], arms["check"])
    return {**row, "truth_blamed": len(blamed), "refused": refused, "arms": arms}


def _refusal(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Whether a text that would be shown was refused "rightly" or "wrongly"; "" if it was not.

    Rightly: something in it that is not shown any more does not exist.
    """
    text = before["text"]
    if not text.strip() or after["text"].startswith(text):
        return ""
    kept = next((at for at, (a, b) in enumerate(zip(text, after["text"], strict=False)) if a != b), None)
    kept = min(len(text), len(after["text"])) if kept is None else kept
    missing = any(
        fault["kind"] in INVENTED and fault["at"] + len(fault["name"]) > kept for fault in before["faults"]
    )
    return "rightly" if missing else "wrongly"


def first_name(text: str) -> str:
    """The first word of a text, "" for none."""
    found = _NAME.search(text)
    return found[0] if found else ""


def _line(text: str) -> list[str]:
    return _TOKEN.findall(text.partition("\n")[0].rstrip(" ;"))
