"""What a command writes: results on stdout, messages on stderr, one JSON document where it was asked for.

Plain text only; tables, bars and code are the business of `render`.
"""

import json
import sys
from typing import Any

from assist_server.wording.sanitize import harmless


def emit(document: Any) -> None:
    """One JSON document on stdout; ASCII, so that every terminal, pipe and stray byte survives it."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def emit_line(document: Any) -> None:
    """One line of JSON Lines on stdout, at once."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def out(text: str) -> None:
    """A line of the result on stdout."""
    sys.stdout.write(f"{text}\n")


def say(text: str) -> None:
    """A message for the person, on stderr; names and texts in it cannot command the terminal."""
    sys.stderr.write(f"{harmless(text)}\n")
    sys.stderr.flush()
