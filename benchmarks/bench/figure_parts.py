"""Shows the figures of a benchmark that has parts."""

import json
import sys
from collections.abc import Mapping
from typing import Any


def show_parts(figures: Mapping[str, Mapping[str, Any]], *, as_json: bool) -> None:
    """A line for each figure, or all of them as JSON."""
    if as_json:
        json.dump(figures, sys.stdout, indent=1)
        return
    for part, rows in figures.items():
        for name, value in rows.items():
            text = "  ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
            print(f"{part:12} {name:34} {text}")
