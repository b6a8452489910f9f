"""What a command writes: results on stdout, messages on stderr, and one JSON document with --json.

It writes plain text. Tables, bars and code are in the `terminal` wing.
"""

import json
import sys
from typing import Any

from assist_server.wording.sanitize import harmless


def emit(document: Any) -> None:
    """One JSON document on stdout, in ASCII, so that any terminal, pipe or stray byte can be written."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def emit_line(document: Any) -> None:
    """One line of JSON Lines on stdout, flushed at once."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def out(text: str) -> None:
    """A line of the result on stdout."""
    sys.stdout.write(f"{text}\n")


def say(text: str) -> None:
    """A message for the user, on stderr. Names and texts in it cannot control the terminal."""
    sys.stderr.write(f"{harmless(text)}\n")
    sys.stderr.flush()
