"""Counts in its own process, which may open no socket and write no file: `python counting_child.py [missing]`.

With "missing" there is no file with the vocabulary. Prints the counts for stdin.
"""

import json
import os
import sys

from assist_escalation.budget import token_count

MISSING = "missing" in sys.argv
NAME = "cl100k_base.tiktoken"


def watch(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith(("socket.", "urllib.", "http.")):
        raise PermissionError(f"{event} {arguments}")
    if event == "open":
        path, mode, flags = arguments
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        if writes or mode not in (None, "r", "rb") or "data-gym" in str(path):
            raise PermissionError(f"{event} {arguments}")
        if MISSING and str(path).endswith(NAME):
            raise FileNotFoundError(path)


text = sys.stdin.read()
sys.addaudithook(watch)
print(json.dumps([token_count.count(text), token_count.upper_count(text)]))
