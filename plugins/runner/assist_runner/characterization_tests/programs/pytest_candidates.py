"""The program that tries candidates against tests of pytest, in the copy: one process forks for each of them.

It runs in the project's interpreter, so it needs nothing but Python 3.8 and pytest there. Its arguments are a
file with JSON (the texts of the files by path, the candidates as path, start, end and text, pytest's arguments
for the tests that fail and for all tests, the seconds for one run, for one of all tests, and for everything)
and a file for the number of what was tried, and whether one passes all tests; it ends early once there is a
file `.assist-stop` next to that. It prints a line for each candidate. A first run on the files as they are compiles what the tests import, and says
what can be imported once for all: all that is not the project's.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import time

import pytest

MARK = "assist-candidate"
LATER = 10.0  # seconds: no candidate's file has the time of one that was compiled


def run_tests(words, modules):
    """Run the tests and end with what they end with; to `modules` go the names of what was imported."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    code = 1
    with contextlib.suppress(BaseException):
        code = int(pytest.main(words))
    with contextlib.suppress(BaseException):
        if modules:
            with open(modules, "w", encoding="utf-8") as file:
                json.dump(foreign_modules(), file)
    os._exit(code)


def foreign_modules():
    """The modules that are not below the project's folder, but for the tests' own runner."""
    top = os.path.join(os.getcwd(), "")
    found = []
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None) or ""
        own = path.startswith(top) and "site-packages" not in path
        if path and not own and name.split(".")[0] not in ("__main__", "_pytest", "pytest"):
            found.append(name)
    return found


def forked(words, seconds, modules=""):
    """The exit code of a run in a child, -1 if it takes longer."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        run_tests(words, modules)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1
        time.sleep(0.005)
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def prepare(words, seconds, modules):
    """Compile what is imported, and import here what is not the project's."""
    sys.dont_write_bytecode = False
    forked(words, seconds, modules)
    sys.dont_write_bytecode = True
    with contextlib.suppress(OSError, ValueError):
        with open(modules, encoding="utf-8") as file:
            names = json.load(file)
        for name in names:
            with contextlib.suppress(BaseException):
                importlib.import_module(name)


def write(path, text, at=0.0):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    if at:
        os.utime(path, (at, at))


def main():
    """Try the candidates in their order until the time is up, and leave the files as they were."""
    with open(sys.argv[1], encoding="utf-8") as file:
        work = json.load(file)
    texts = work["texts"]
    end = time.monotonic() + work["seconds"]
    begun = time.time() + LATER
    accepted = False
    sys.path.insert(0, os.getcwd())  # as `python -m` has it
    prepare(work["failing"], work["one"], sys.argv[1] + ".modules")
    for number, (path, start, stop, new) in enumerate(work["changes"]):
        left = end - time.monotonic()
        if left <= 0 or os.path.exists(os.path.join(os.path.dirname(sys.argv[2]), ".assist-stop")):
            break
        text = texts[path]
        write(path, text[:start] + new + text[stop:], begun + number)
        how = "failed"
        if forked(work["failing"], min(left, work["one"])) == 0:
            how = "accepted" if forked(work["every"], work["whole"]) == 0 else "passed"
        accepted = accepted or how == "accepted"
        write(path, text)
        sys.stdout.write("{} {} {}\n".format(MARK, number, how))
        sys.stdout.flush()
        with contextlib.suppress(OSError):
            write(sys.argv[2], "{} {}".format(number + 1, "accepted" * accepted))


if __name__ == "__main__":
    main()
