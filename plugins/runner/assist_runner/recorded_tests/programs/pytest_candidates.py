"""The program that tries candidates against tests of pytest, in the copy: one process forks for each of them.

It runs in the project's interpreter, so it needs nothing but Python 3.8 and pytest there. Its arguments are a
file with JSON (the path of the file to change, its text, the candidates as start, end, text and line, pytest's
arguments for the tests that fail and for all tests, the seconds for one run, for one of all tests and for
everything, and how many that pass are enough). It prints a line for each candidate, and ends once two in
different lines pass all tests: then the tests do not say which is right. A first run on the file as it is compiles what the tests import, and says what can be imported once
for all: all that is not the project's.
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
    """Try the candidates in their order until the time is up, and leave the file as it was."""
    with open(sys.argv[1], encoding="utf-8") as file:
        work = json.load(file)
    words = work["failing"]
    path, text = work["path"], work["text"]
    end = time.monotonic() + work["seconds"]
    begun = time.time() + LATER
    found = 0
    lines = set()
    sys.path.insert(0, os.getcwd())  # as `python -m` has it
    prepare(words, work["one"], sys.argv[1] + ".modules")
    try:
        for number, (start, stop, new, line) in enumerate(work["changes"]):
            left = end - time.monotonic()
            if left <= 0:
                break
            write(path, text[:start] + new + text[stop:], begun + number)
            how = "failed"
            if forked(words, min(left, work["one"])) == 0:
                how = "passed"
                found += 1
                if forked(work["every"], work["whole"]) == 0:
                    how = "accepted"
                    lines.add(line)
            sys.stdout.write(f"{MARK} {number} {how}\n")
            sys.stdout.flush()
            if len(lines) > 1 or found >= work["enough"]:
                break
    finally:
        write(path, text)


if __name__ == "__main__":
    main()
