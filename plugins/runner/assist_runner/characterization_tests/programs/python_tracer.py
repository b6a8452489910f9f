"""Runs a project's own tests, and writes with what they call a function: as calls that make the same again.

It is a program that is run in the project's own interpreter: it uses Python's own library, of 3.8 or newer,
and the pytest that is installed there. An object is written as the call of its class that made it, seen while
the tests ran; a call whose arguments cannot be written is told by the test that led to it.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from python_arguments import ArgumentWriter, MadeObject
from python_proposer import OPERATORS, snake
from python_values import UnfitValue

MAX_CALLS = 20
OF_ONE_TEST = 6
TRIED = 400  # calls that are looked at
SECONDS = 2.5  # of computing, for tests
WALL = 10.0
LONGEST = 500  # characters of a call with its set-up


class CallTracer:
    """A plugin of pytest that sees each call of the subject, and how objects of the project are made."""

    def __init__(self, plan: dict[str, Any], tell: Any) -> None:
        self.plan, self.tell = plan, tell
        self.path = os.path.realpath(plan["path"])
        self.made: dict[int, MadeObject] = {}
        self.known: set[str] = set()
        self.told: dict[str, int] = {}
        self.tried = 0
        self.test = ""
        self.ours: dict[str, bool] = {}
        self.until = self.latest = 0.0
        self.accesses: dict[str, Any] = {}  # by the name of the code

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """The tests that name the subject first."""
        words = [word for word in self.plan["name"].split(".") if not word.startswith("__")]

        def rank(item: Any) -> int:
            with suppress(Exception):
                text = inspect.getsource(item.function)
                return min((number for number, word in enumerate(words[::-1]) if word in text), default=9)
            return 9

        items.sort(key=rank)

    def pytest_runtestloop(self, session: Any) -> None:
        self.until, self.latest = time.process_time() + SECONDS, time.monotonic() + WALL
        with suppress(Exception):
            self.accesses = accesses_of(importlib.import_module(self.plan["module"]), self.plan["name"])

    pytest_runtestloop.pytest_impl = {"tryfirst": True}  # type: ignore[attr-defined]

    def pytest_runtest_setup(self, item: Any) -> None:
        self.test = item.nodeid
        late = time.process_time() > self.until or time.monotonic() > self.latest
        if late or len(self.known) >= MAX_CALLS or self.tried >= TRIED:
            item.session.shouldstop = "seen enough"
        if len(self.made) > 5000:
            self.made.clear()
        threading.settrace(self.trace)
        sys.settrace(self.trace)

    pytest_runtest_setup.pytest_impl = {"tryfirst": True}  # type: ignore[attr-defined]

    def pytest_runtest_teardown(self) -> None:
        sys.settrace(None)

    def trace(self, frame: Any, event: str, argument: Any) -> None:
        code = frame.f_code
        name = code.co_name
        if name != "__init__" and name not in self.accesses:
            return
        try:
            if name in self.accesses and code.co_filename == self.path:
                if self.plan["first"] <= code.co_firstlineno <= self.plan["last"]:
                    sys.settrace(None)
                    self.record(frame)
                    sys.settrace(self.trace)
            if name == "__init__" and self.is_ours(code.co_filename):
                self.note(frame)
        except Exception:
            sys.settrace(self.trace)

    def is_ours(self, path: str) -> bool:
        if path not in self.ours:
            own = path.startswith(os.path.join(self.plan["root"], ""))
            self.ours[path] = own and "site-packages" not in path
        return self.ours[path]

    def note(self, frame: Any) -> None:
        """How an object is made: by the outermost constructor."""
        code = frame.f_code
        values = frame.f_locals
        own = values[code.co_varnames[0]]
        first = getattr(inspect.unwrap(type(own).__init__), "__code__", None)
        if first is code:
            self.made[id(own)] = MadeObject(own, type(own), code, dict(values))

    def record(self, frame: Any) -> None:
        """A call of the subject, as text."""
        test = self.test.partition("[")[0]
        self.tried += 1
        if self.told.get(test, 0) >= OF_ONE_TEST:
            return
        writer = ArgumentWriter(self.plan["root"], self.made, self.plan["module"])
        try:
            row = self.call_of(frame, writer)
        except (UnfitValue, RecursionError):
            row = None
        place = test.split("::")
        text = json.dumps(row) if row else f"{place[0]}::{place[-1]}"
        if text in self.known or (row and len(text) > 2 * LONGEST):
            return
        self.known.add(text)
        self.told[test] = self.told.get(test, 0) + 1
        self.tell({"file": place[0], **(row or {"test": place[-1]})})

    def call_of(self, frame: Any, writer: ArgumentWriter) -> dict[str, Any]:
        code, values = frame.f_code, frame.f_locals
        name = code.co_name
        kind, owner, function = self.accesses[name]
        setup: list[str] = []
        skip = 0 if kind in ("function", "static") else 1
        made = MadeObject(None, None, code, dict(values))
        first = values[code.co_varnames[0]] if skip else None
        given = "" if kind == "property" else writer.arguments(made, function, skip)
        if kind == "function":
            call = f"{writer.importable(function)}({given})"
        elif kind == "made":
            call = f"{writer.named(owner)}({given})"
        elif kind in ("static", "class"):
            call = f"{writer.named(first if kind == 'class' else owner)}.{name}({given})"
        else:
            variable = snake(type(first).__name__) or "it"
            setup.append(f"{variable} = {writer.expression(first)}")
            if kind == "property":
                call = f"{variable}.{name}"
            elif name in OPERATORS:
                call = OPERATORS[name].format(variable, given)
            else:
                call = f"{variable}.{name}({given})"
        return {"call": call, "setup": [*writer.statements, *setup], "imports": writer.imports()}


def accesses_of(module: Any, qualified: str) -> dict[str, Any]:
    """How the functions of a subject are reached: itself, or the public methods of a class."""
    found: Any = module
    for part in qualified.split("."):
        found = getattr(found, part, None)
    names = [qualified]
    if isinstance(found, type):
        own = [name for name in vars(found) if not name.startswith("_") or name == "__init__"]
        names = [f"{qualified}.{name}" for name in own]
    rows = {name.rpartition(".")[2]: access_of(module, name) for name in names}
    return {name: row for name, row in rows.items() if row}


def access_of(module: Any, qualified: str) -> Any:
    """How a subject is reached: (kind, class, function); None for what is defined inside of a function."""
    *outer, name = qualified.split(".")
    owner: Any = module
    for part in outer:
        owner = getattr(owner, part, None)
    if owner is None or (outer and not isinstance(owner, type)):
        return None
    raw = inspect.getattr_static(owner, name, None)
    if raw is None:
        return None
    if not outer:
        return None if isinstance(raw, type) else ("function", None, raw)
    if name in ("__init__", "__new__", "__post_init__"):
        return "made", owner, getattr(owner, name)
    if isinstance(raw, staticmethod):
        return "static", owner, raw.__func__
    if isinstance(raw, classmethod):
        return "class", owner, raw.__func__
    if not callable(raw):
        return "property", owner, raw
    return "method", owner, raw


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    mark = sys.argv[2]
    sys.dont_write_bytecode = True
    sys.path[0] = os.getcwd()
    words = ["-q", "--no-header", "-p", "no:cacheprovider", "-W", "ignore", *plan["files"]]
    sys.argv = ["pytest", *words]
    pytest = importlib.import_module("pytest")
    out = os.dup(1)

    def tell(row: Any) -> None:
        os.write(out, f"\n{mark}{json.dumps(row)}\n".encode())

    return int(pytest.main(words, plugins=[CallTracer(plan, tell)]))


if __name__ == "__main__":
    sys.exit(main())
