"""A benchmark that has parts: which of them are asked for, and their figures."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any


def known_part(parts: Mapping[str, object]) -> Callable[[str], str]:
    """A type of argument for argparse: the name of one of these parts."""

    def check(name: str) -> str:
        if name not in parts:
            raise argparse.ArgumentTypeError(f"there is no part {name!r}: choose from {', '.join(parts)}")
        return name

    return check


def show_parts(figures: Mapping[str, Mapping[str, Any]], *, as_json: bool) -> None:
    """A line for each figure, or all of them as JSON."""
    if as_json:
        json.dump(figures, sys.stdout, indent=1)
        return
    for part, rows in figures.items():
        for name, value in rows.items():
            text = "  ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
            print(f"{part:12} {name:34} {text}")
