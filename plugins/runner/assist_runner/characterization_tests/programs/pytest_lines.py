"""Runs tests of pytest, and writes for each of them whether it passed and which lines of the project it ran.

It is a program that runs in the project's own interpreter: it needs Python 3.8 and pytest there. Its arguments
are a file with JSON (pytest's words, and the seconds after which no more test begins) and the mark before each
line of JSON that it prints.
"""

import json
import os
import sys
import threading
import time

import pytest


class LinesOfTests:
    """A plugin of pytest that follows which lines run, from the set-up of a test to its end."""

    def __init__(self, until, tell):
        self.until, self.tell = until, tell
        self.top = os.path.join(os.getcwd(), "")
        self.ours = {}
        self.lines = set()
        self.failed = False

    def path_of(self, name):
        """The path of a file below the project's folder, "" for another one."""
        if name not in self.ours:
            path = os.path.realpath(name) if not name.startswith("<") else ""
            own = path.startswith(os.path.realpath(self.top)) and "site-packages" not in path
            self.ours[name] = os.path.relpath(path, os.path.realpath(self.top)) if own else ""
        return self.ours[name]

    def trace(self, frame, event, argument):
        path = self.path_of(frame.f_code.co_filename)
        if not path:
            return None

        def follow(frame, event, argument):
            self.lines.add((path, frame.f_lineno))
            return follow

        return follow

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        if time.monotonic() > self.until:
            item.session.shouldstop = "seen enough"
        self.lines, self.failed = set(), False
        threading.settrace(self.trace)
        sys.settrace(self.trace)
        yield
        sys.settrace(None)
        threading.settrace(None)
        found = {}
        for path, line in self.lines:
            found.setdefault(path, []).append(line)
        self.tell({"test": item.nodeid, "passed": not self.failed, "lines": found})

    def pytest_runtest_logreport(self, report):
        self.failed = self.failed or report.failed


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    mark = sys.argv[2]
    sys.dont_write_bytecode = True
    sys.path[0] = os.getcwd()
    out = os.dup(1)

    def tell(row):
        os.write(out, "\n{}{}\n".format(mark, json.dumps(row)).encode())

    return int(pytest.main(plan["words"], plugins=[LinesOfTests(time.monotonic() + plan["seconds"], tell)]))


if __name__ == "__main__":
    sys.exit(main())
