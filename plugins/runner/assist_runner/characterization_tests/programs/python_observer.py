"""Runs calls in a project's own interpreter, each in a process of its own, and writes what came of each.

It is a program that is run there, by its text: it uses nothing but Python's own library, of 3.8 or newer. A
value is written as an expression that means it anywhere; what cannot be, or depends on the machine, is left
out with a reason, as is a call that uses the network, other programs, or files outside of a temporary folder.
"""

from __future__ import annotations

import asyncio
import datetime
import dis
import importlib
import inspect
import io
import itertools
import json
import os
import sys
import tempfile
import time
import types
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from python_planted import PlantedCode, in_child
from python_values import CHANGES, ITEMS, TEXT, UnfitValue, returned, state, str_of

NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind")
PROGRAMS = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.kill",
    "os.putenv.none",
)
CHANGED = (
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.truncate",
    "shutil.rmtree",
)


NOTICING = 3  # calls that notice the same mistake, new ones and tested ones: more make the choice no better


class StoppedCall(BaseException):
    """A call that would do more than compute: it ends before it does."""


class CallWatch:
    """What a call would do beyond computing, by Python's audit events. It is stopped there."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.active = False
        self.temporary = os.path.join(os.path.realpath(tempfile.gettempdir()), "")
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active or not event.startswith(("socket.", "subprocess.", "os.", "open", "shutil.")):
            return
        before = len(self.found)
        if event in NETWORK:
            self.found.append("network")
        elif event in PROGRAMS:
            self.found.append("programs")
        elif event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & (
                os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
            )
            if writes and not self.is_temporary(path):
                self.found.append("files")
        elif event in CHANGED and not self.is_temporary(arguments[0]):
            self.found.append("files")
        if len(self.found) > before:
            if is_importing():
                self.found.pop()  # what a module does while it is imported is not the call's
            else:
                raise StoppedCall

    def is_temporary(self, path: Any) -> bool:
        if isinstance(path, int):
            return True
        text = os.path.realpath(os.fsdecode(path))
        return text.startswith(self.temporary) or text == os.devnull


def is_importing() -> bool:
    frame: Any = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


class LineTrace:
    """Which lines of the function run."""

    def __init__(self, path: str, first: int, last: int) -> None:
        self.path, self.first, self.last = path, first, last
        self.lines: set[int] = set()

    def enter(self, frame: Any, event: str, argument: Any) -> Any:
        code = frame.f_code
        inside = (
            self.first <= code.co_firstlineno <= self.last and os.path.realpath(code.co_filename) == self.path
        )
        return self.step if inside else None

    def step(self, frame: Any, event: str, argument: Any) -> Any:
        if event == "line":
            self.lines.add(frame.f_lineno)
        return self.step


def observe(case: dict[str, Any], plan: dict[str, Any], watch: CallWatch) -> dict[str, Any]:
    """What comes of one call."""
    names: dict[str, Any] = {"__name__": "calls"}
    local = [text for text in (plan["root"], os.path.expanduser("~"), sys.prefix) if len(text) > 3]
    trace = LineTrace(os.path.realpath(plan["path"]), plan["first"], plan["last"])
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(io.StringIO()):
        try:
            for line in case["imports"]:
                exec(line, names)
            imported = set(names)
            watch.active = True
            for line in case["setup"]:
                exec(line, names)
        except BaseException as error:
            return {"left": watch.found[0] if watch.found else "set-up", "why": type(error).__name__}
        own = {name: value for name, value in names.items() if name not in imported}
        before = state(own, local)
        printed.truncate(0)
        printed.seek(0)
        try:
            sys.settrace(trace.enter)
            value, how = called(case["call"], names)
        except BaseException as error:
            sys.settrace(None)
            stopped = list(watch.found)
            result = raised(error, plan["root"])
        else:
            sys.settrace(None)
            stopped = list(watch.found)
            result = returned(value, how, local)
            if "value" in result or "checks" in result:
                after = state(own, local)
                changed = [
                    [name, *after[name]]
                    for name in after
                    if after[name] != before.get(name) and name in after
                ]
                result["changes"] = changed[:CHANGES]
    text = printed.getvalue()
    if len(text) <= TEXT and not any(part in text for part in local) and text:
        result["printed"] = text
    if stopped:
        return {"left": stopped[0]}
    return {**result, "lines": sorted(trace.lines)}


def called(call: str, names: dict[str, Any]) -> tuple[Any, str]:
    """The value of a call, and whether it was awaited or its items listed."""
    value = eval(compile(call, "<call>", "eval"), names)
    how = ""
    if inspect.isawaitable(value):
        how = "await"

        async def waited() -> Any:
            return await value

        value = asyncio.run(waited())
    if isinstance(value, (types.GeneratorType, map, filter, zip, itertools.chain)) or (
        hasattr(value, "__next__") and hasattr(value, "__iter__") and not isinstance(value, io.IOBase)
    ):
        if how:
            raise UnfitValue("an iterator that is waited for")
        how = "list"
        value = list(itertools.islice(value, ITEMS + 1))
        if len(value) > ITEMS:
            raise UnfitValue("endless")
    return value, how


def raised(error: BaseException, root: str) -> dict[str, Any]:
    """An exception, and whether the project's code raises it on purpose."""
    if isinstance(error, UnfitValue):
        return {"left": str(error)}
    kind = type(error)
    explicit = False
    reached = False
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        file = os.path.realpath(code.co_filename)
        if file.startswith(os.path.join(root, "")) and "site-packages" not in file:
            reached = True
            explicit = trace.tb_next is None and dis.opname[code.co_code[trace.tb_lasti]].startswith("RAISE")
        trace = trace.tb_next
    found: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    return {
        "raised": [kind.__module__, kind.__qualname__],
        "message": str_of(error)[:TEXT],
        "explicit": explicit,
        "reached": reached,
        "named": found is kind,
    }


def move_clock(seconds: float) -> None:
    """Another day, time zone, home and width of a terminal: what depends on them differs from the first run."""
    os.environ.update(
        {
            "HOME": tempfile.gettempdir(),
            "TZ": "Asia/Tokyo",
            "COLUMNS": "97",
            "USER": "someone",
            "LOGNAME": "someone",
        }
    )
    time.tzset()
    real = time.time
    plain = {name: getattr(time, name) for name in ("gmtime", "localtime", "ctime", "strftime")}
    time.time = lambda: real() + seconds  # type: ignore[assignment]
    time.time_ns = lambda: int((real() + seconds) * 1e9)  # type: ignore[assignment]
    for name in ("gmtime", "localtime", "ctime"):
        setattr(time, name, lambda at=None, name=name: plain[name](time.time() if at is None else at))
    time.strftime = lambda text, at=None: plain["strftime"](text, time.localtime() if at is None else at)  # type: ignore[assignment]
    delta = datetime.timedelta(seconds=seconds)
    real_date, real_datetime = datetime.date, datetime.datetime

    class Later(type):
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, real_datetime if cls.__name__ == "datetime" else real_date)

        def __subclasscheck__(cls, kind: Any) -> bool:
            return issubclass(kind, real_datetime if cls.__name__ == "datetime" else real_date)

    body = {
        "now": classmethod(lambda cls, tz=None: real_datetime.now(tz) + delta),
        "utcnow": classmethod(lambda cls: real_datetime.utcnow() + delta),
        "today": classmethod(lambda cls: real_datetime.now() + delta),
        "__module__": "datetime",
    }
    datetime.datetime = Later("datetime", (real_datetime,), body)  # type: ignore[misc]
    day = {"today": classmethod(lambda cls: real_date.today() + delta), "__module__": "datetime"}
    datetime.date = Later("date", (real_date,), day)  # type: ignore[misc]


def noticing(own: PlantedCode, text: str, plan: dict[str, Any], rows: list[Any]) -> list[Any] | None:
    """The calls that come to something else with a planted mistake, few of them; None if it cannot be planted."""
    changes = own.changes(text)
    if not changes:
        return None
    lines = own.lines(text)

    def observe_changed(case: dict[str, Any]) -> dict[str, Any]:
        for function, code in changes:
            function.__code__ = code
        return observe(case, plan, CallWatch())

    found: list[Any] = []
    for number, case in enumerate(plan["cases"]):
        same = sum(plan["cases"][other]["tested"] == case["tested"] for other, _ in found)
        if same >= NOTICING or not lines & set(rows[number].get("lines", ())):
            continue
        row = in_child(lambda case=case: observe_changed(case), plan["seconds"] / 2)  # type: ignore[misc]
        if outcome(row) != outcome(rows[number]):
            found.append([number, row])
    return found


def outcome(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("lines", "shown", "needs")}


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    mark = sys.argv[2]
    out = os.dup(1)

    def tell(row: Any) -> None:
        os.write(out, f"\n{mark}{json.dumps(row)}\n".encode())

    sys.dont_write_bytecode = True
    sys.path[0] = os.getcwd()
    sys.argv = ["calls"]
    if plan["later"]:
        move_clock(plan["later"])
    try:
        with redirect_stdout(io.StringIO()):
            module = importlib.import_module(plan["module"])
    except BaseException as error:
        tell({"problem": f"{type(error).__name__}: {error}"[:TEXT]})
        return
    where = os.path.realpath(getattr(module, "__file__", None) or "")
    if where != os.path.realpath(plan["path"]):
        tell({"problem": f"{plan['module']} is {where}"})
        return
    tell({"ready": sys.version_info[:2]})
    own = PlantedCode(where, plan["text"])
    rows = []
    for number, case in enumerate(plan["cases"]):
        rows.append(in_child(lambda case=case: observe(case, plan, CallWatch()), plan["seconds"]))  # type: ignore[misc]
        tell([number, rows[-1]])
    if plan["planted"]:
        own.look()
    for number, text in enumerate(plan["planted"]):
        tell({"planted": number, "rows": noticing(own, text, plan, rows)})


if __name__ == "__main__":
    main()
