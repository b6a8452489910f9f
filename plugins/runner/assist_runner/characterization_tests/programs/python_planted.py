"""Mistakes that are planted in functions of a module that is imported already: other code for the same functions.

It uses nothing but Python's own library, of 3.8 or newer. What a module does while it is imported stays.
"""

from __future__ import annotations

import ast
import gc
import json
import os
import select
import signal
import time
import types
from typing import Any, Callable


class PlantedCode:
    """The functions of a file as they are, and the code that they get by other texts of it."""

    def __init__(self, path: str, text: str) -> None:
        self.path = os.path.realpath(path)
        self.text = text
        self.known = code_by_place(compile(text, path, "exec", dont_inherit=True))
        self.functions: list[types.FunctionType] = []

    def look(self) -> None:
        """Find the functions of the file that exist now."""
        self.functions = [
            found
            for found in gc.get_objects()
            if type(found) is types.FunctionType and os.path.realpath(found.__code__.co_filename) == self.path
        ]

    def changes(self, text: str) -> list[tuple[types.FunctionType, types.CodeType]]:
        """The functions that another text changes, with their code; none if it cannot be put in their place."""
        try:
            new = code_by_place(compile(text, self.path, "exec", dont_inherit=True))
        except (SyntaxError, ValueError):
            return []
        found = []
        for function in self.functions:
            old = function.__code__
            key = (old.co_name, old.co_firstlineno)
            code = new.get(key)
            if code is None or key not in self.known or code == self.known[key]:
                continue
            if code.co_freevars != old.co_freevars:
                return []
            found.append((function, code))
        return found

    def lines(self, text: str) -> set[int]:
        """The lines of the statement in which another text differs."""
        old, new = self.text.splitlines(), text.splitlines()
        line = next(
            (number + 1 for number in range(min(len(old), len(new))) if old[number] != new[number]), 0
        )
        best: set[int] = {line}
        for node in ast.walk(ast.parse(self.text)):
            if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
                body = getattr(node, "body", None)
                end = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or 0
                if node.lineno <= line <= max(end, node.lineno):
                    best = set(range(node.lineno, max(end, node.lineno) + 1))
        return best


def code_by_place(code: types.CodeType) -> dict[tuple[str, int], types.CodeType]:
    """The code of all functions, by name and first line."""
    found = {}
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            found[inner.co_name, inner.co_firstlineno] = inner
            found.update(code_by_place(inner))
    return found


def in_child(work: Callable[[], Any], seconds: float) -> Any:
    """What work in a process of its own gives; {"left": ...} if it takes too long or crashes."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        try:
            data = json.dumps(work()).encode()
        except BaseException:
            data = b'{"left": "crash"}'
        while data:
            data = data[os.write(theirs, data) :]
        os._exit(0)
    os.close(theirs)
    until = time.monotonic() + seconds
    latest = until + 2 * seconds if os.getloadavg()[0] > (os.cpu_count() or 1) else until
    pieces = b""
    while True:
        ready, _, _ = select.select([ours], [], [], max(0.0, until - time.monotonic()))
        if not ready and until < latest and cpu_seconds(child) < seconds / 2:
            until += seconds / 2  # the machine is busy with others
            continue
        piece = os.read(ours, 65536) if ready else b""
        pieces += piece
        if not piece:
            break
    os.close(ours)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        return json.loads(pieces)
    except ValueError:
        return {"left": "time" if time.monotonic() >= until else "crash"}


def cpu_seconds(process: int) -> float:
    """How long a process has computed; much, where it waits or that is not known."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        if fields[0] not in "RD":
            return 1e9
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 1e9
