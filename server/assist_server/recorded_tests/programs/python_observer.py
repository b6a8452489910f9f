"""Runs calls in a project's own interpreter, each in a process of its own, and writes what came of each.

It is a program that is run there, by its text: it uses nothing but Python's own library, of 3.8 or newer. A
value is written as an expression that means it anywhere; what cannot be, or depends on the machine, is left
out with a reason, as is a call that uses the network, other programs, or files outside of a temporary folder.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import dis
import enum
import importlib
import inspect
import io
import itertools
import json
import math
import os
import re
import select
import signal
import sys
import tempfile
import time
import types
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NoReturn

LONGEST = 300  # characters of an expression
ITEMS = 50  # of an iterator
CHANGES = 16  # of what a call changes, and of an object's attributes; few of them are asserted
DEPTH = 6
TEXT = 400  # characters of a message or of what was printed
BY_REPR = {
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "uuid": ("UUID",),
    "pathlib": ("PurePosixPath", "PosixPath", "PureWindowsPath"),
}
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


class UnfitValue(Exception):
    """A value that cannot be written as an expression."""


class Encoder:
    """Writes values as expressions, and collects the names that these need."""

    def __init__(self, local: list[str]) -> None:
        self.local = local
        self.needs: set[tuple[str, str]] = set()

    def expression(self, value: Any, depth: int = 0) -> str:
        """An expression that means the value. Raises UnfitValue."""
        kind = type(value)
        if depth > DEPTH:
            raise UnfitValue("deep")
        if value is None or kind in (bool, int) or value is Ellipsis:
            return repr(value)
        if kind in (range, complex, bytearray):
            return repr(value)
        if kind is float:
            if not math.isfinite(value):
                raise UnfitValue("no number")
            return repr(value)
        if isinstance(value, enum.Enum):
            return self.named(kind) + "." + str(value.name)
        if isinstance(value, (str, bytes)):
            return self.text(value)
        if kind in (list, tuple, set, frozenset, dict) or (
            isinstance(value, (list, tuple, dict)) and not dataclasses.is_dataclass(value)
        ):
            return self.collection(value, depth)
        if kind.__name__ in BY_REPR.get(kind.__module__.partition("._")[0], ()):
            return self.by_repr(value)
        if isinstance(value, type):
            return self.named(value)
        if dataclasses.is_dataclass(value):
            return self.dataclass(value, depth)
        if isinstance(value, int):
            return repr(int(value))
        raise UnfitValue("no literal")

    def text(self, value: Any) -> str:
        plain = str.__str__(value) if isinstance(value, str) else bytes(value)
        shown = plain if isinstance(plain, str) else plain.decode("latin-1")
        if any(text in shown for text in self.local) or re.search(r" at 0x[0-9a-f]{6}", shown):
            raise UnfitValue("of this machine")
        if not plain == value:
            raise UnfitValue("not comparable")
        return repr(plain)

    def collection(self, value: Any, depth: int) -> str:
        if isinstance(value, dict):
            if dict(value) != value:
                raise UnfitValue("not comparable")
            rows = [
                (self.expression(key, depth + 1), self.expression(row, depth + 1))
                for key, row in value.items()
            ]
            return "{" + ", ".join(f"{key}: {row}" for key, row in rows) + "}"
        parts = [self.expression(part, depth + 1) for part in itertools.islice(value, 500)]
        if isinstance(value, (set, frozenset)):
            inner = "{" + ", ".join(sorted(parts)) + "}" if parts else "set()"
            return inner if isinstance(value, set) else f"frozenset({inner})" if parts else "frozenset()"
        if isinstance(value, tuple):
            return "(" + ", ".join(parts) + ("," if len(parts) == 1 else "") + ")"
        return "[" + ", ".join(parts) + "]"

    def by_repr(self, value: Any) -> str:
        text = repr(value)
        if type(value).__module__ == "datetime":
            self.needs.add(("datetime", ""))
            return text
        self.needs.add((type(value).__module__.partition("._")[0], type(value).__name__))
        self.text(text)
        return text

    def dataclass(self, value: Any, depth: int) -> str:
        parts = []
        for field in dataclasses.fields(value):
            own = getattr(value, field.name)
            is_default = (
                field.default is not dataclasses.MISSING
                and type(own) is type(field.default)
                and own == field.default
            )
            if field.init and not is_default:
                parts.append(f"{field.name}={self.expression(own, depth + 1)}")
        return f"{self.named(type(value))}({', '.join(parts)})"

    def named(self, kind: type) -> str:
        """The name of a class that can be imported."""
        module, _, path = kind.__module__, "", kind.__qualname__
        found: Any = sys.modules.get(module)
        for part in path.split("."):
            found = getattr(found, part, None)
        if found is not kind or module == "__main__":
            raise UnfitValue("no name")
        if module != "builtins":
            self.needs.add((module, path.partition(".")[0]))
        return path


def encoded(value: Any, local: list[str]) -> tuple[str, list[tuple[str, str]]] | None:
    """A value as an expression with what it needs; None if it has none that is equal to it, or a long one."""
    encoder = Encoder(local)
    try:
        text = encoder.expression(value)
        if len(text) > LONGEST:
            return None
        names: dict[str, Any] = {}
        for module, name in encoder.needs:
            names[name or module] = (
                getattr(importlib.import_module(module), name) if name else importlib.import_module(module)
            )
        if (eval(text, names) == value) is not True:
            return None
    except BaseException:
        return None
    return text, sorted(encoder.needs)


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
        if not self.active:
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
            raise StoppedCall

    def is_temporary(self, path: Any) -> bool:
        if isinstance(path, int):
            return True
        text = os.path.realpath(os.fsdecode(path))
        return text.startswith(self.temporary) or text == os.devnull


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


def attributes(value: Any, local: list[str]) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """The attributes of an object, as expressions: the public ones first."""
    try:
        names = list(vars(value))
    except TypeError:
        names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    found = {}
    for name in sorted(names, key=lambda name: name.startswith("_")):
        if name.startswith("__") or not name.isidentifier() or "__" in name:
            continue
        try:
            text = encoded(getattr(value, name), local)
        except BaseException:
            continue
        if text is not None:
            found[name] = text
    return found


def state(names: dict[str, Any], local: list[str]) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """What the variables of a set-up hold, by expressions that read it."""
    found = {}
    for name, value in list(names.items()):
        if (
            name.startswith("__")
            or isinstance(value, (type, types.ModuleType))
            or (callable(value) and not hasattr(value, "__dict__"))
        ):
            continue
        if inspect.isroutine(value):
            continue
        text = encoded(value, local)
        if text is not None:
            found[name] = text
            continue
        for attribute, own in attributes(value, local).items():
            found[f"{name}.{attribute}"] = own
    return found


def observe(case: dict[str, Any], plan: dict[str, Any], watch: CallWatch) -> dict[str, Any]:
    """What comes of one call."""
    names: dict[str, Any] = {"__name__": "calls"}
    local = [text for text in (plan["root"], os.path.expanduser("~"), sys.prefix) if len(text) > 5]
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
            watch.active = False
            result = raised(error, plan["root"])
        else:
            sys.settrace(None)
            watch.active = False
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
    if watch.found:
        return {"left": watch.found[0]}
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


def returned(value: Any, how: str, local: list[str]) -> dict[str, Any]:
    """A value as an expression, else as what its attributes are."""
    text = encoded(value, local)
    shown = repr_of(value)
    if text is not None:
        return {"value": text[0], "needs": text[1], "how": how, "shown": shown}
    return looked_at(value, how, local)


def looked_at(value: Any, how: str, local: list[str]) -> dict[str, Any]:
    """An object that has no expression, by its attributes, its text or its length."""
    shown = repr_of(value)
    found = attributes(value, local)
    public = [name for name in found if not name.startswith("_")]
    checks = [[f".{name}", *found[name]] for name in (public or list(found))[:CHANGES]]
    kind = type(value)
    if not checks:
        for target, text in (("str", str_of(value)), ("repr", shown)):
            own = getattr(kind, f"__{target}__") is not getattr(object, f"__{target}__")
            own_text = encoded(text, local) if own and not re.search(r"<| at 0x", text) else None
            if own_text and not checks and kind.__module__ != "builtins":
                checks.append([target, *own_text])
    if not checks and isinstance(value, (list, tuple, dict, set, frozenset)):
        checks.append(["len", str(len(value)), []])
    encoder = Encoder(local)
    try:
        if kind.__module__ == "builtins" and not checks:
            raise UnfitValue("nothing to say of it")
        checks.append(["type", encoder.named(kind), sorted(encoder.needs)])
    except UnfitValue:
        pass
    return {"checks": checks, "how": how, "shown": shown} if checks else {"left": "no literal"}


def repr_of(value: Any) -> str:
    try:
        return repr(value)[:TEXT]
    except BaseException:
        return ""


def str_of(value: Any) -> str:
    try:
        return str(value)
    except BaseException:
        return "<>"


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


def in_child(case: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """The same in a process of its own, which may crash, hang or change what it likes."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        answer_and_exit(case, plan, theirs)
    os.close(theirs)
    until = time.monotonic() + plan["seconds"]
    data = b""
    while True:
        ready, _, _ = select.select([ours], [], [], max(0.0, until - time.monotonic()))
        piece = os.read(ours, 65536) if ready else b""
        data += piece
        if not piece:
            break
    os.close(ours)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        result: dict[str, Any] = json.loads(data)
        return result
    except ValueError:
        return {"left": "time" if time.monotonic() >= until else "crash"}


def answer_and_exit(case: dict[str, Any], plan: dict[str, Any], pipe: int) -> NoReturn:
    try:
        result = observe(case, plan, CallWatch())
    except BaseException:
        result = {"left": "crash"}
    data = json.dumps(result).encode()
    while data:
        data = data[os.write(pipe, data) :]
    os._exit(0)


def move_clock(seconds: float) -> None:
    """Another day, time zone, home and width of a terminal: what depends on them differs from the first run."""
    os.environ.update({"TZ": "Asia/Tokyo", "COLUMNS": "97", "USER": "someone", "LOGNAME": "someone"})
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


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    mark = sys.argv[2]
    out = os.dup(1)

    def tell(row: Any) -> None:
        os.write(out, f"\n{mark}{json.dumps(row)}\n".encode())

    sys.dont_write_bytecode = True
    sys.path.insert(0, os.getcwd())
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
    for number, case in enumerate(plan["cases"]):
        tell([number, in_child(case, plan)])


if __name__ == "__main__":
    main()
