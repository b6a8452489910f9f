"""Runs tests by pytest, before that with each of some mistakes planted in the code, in processes of their own.

It is a program that is run in the project's own interpreter: it uses Python's own library, of 3.8 or newer,
and the pytest that is installed there. It writes which tests fail with which mistake, and then which fail
without any.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from typing import Any

from python_planted import PlantedCode, in_child

# A mistake may make the tests slower, so many times and some seconds; with more they hang, and 10 s of waiting
# for each were most of a run of 11 s.
TIMES = 10.0
SLACK = 2.0


class PlantedRuns:
    """A plugin of pytest."""

    def __init__(self, plan: dict[str, Any], tell: Any) -> None:
        self.plan = plan
        self.tell = tell
        self.failed: list[str] = []

    def pytest_runtestloop(self, session: Any) -> Any:
        plan = self.plan
        if session.testsfailed or not session.items:
            return None
        try:
            importlib.import_module(plan["module"])
            own = PlantedCode(plan["path"], plan["text"])
            own.look()
        except Exception:
            return None
        began = time.monotonic()
        in_child(lambda: self.failing(session, []), plan["seconds"])
        seconds = min(plan["seconds"], SLACK + TIMES * (time.monotonic() - began))
        for number, text in enumerate(plan["planted"]):
            changes = own.changes(text)
            if changes:
                row = in_child(lambda changes=changes: self.failing(session, changes), seconds)  # type: ignore[misc]
                self.tell({"planted": number, "failed": row})
        return None

    pytest_runtestloop.pytest_impl = {"tryfirst": True}  # type: ignore[attr-defined]

    def failing(self, session: Any, changes: list[Any]) -> list[str]:
        """The tests that fail with other code for some functions."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            session.config.pluginmanager.unregister(reporter)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        for function, code in changes:
            function.__code__ = code
        items = session.items
        for number, item in enumerate(items):
            following = items[number + 1] if number + 1 < len(items) else None
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return self.failed

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid.rpartition("::")[2])

    def pytest_sessionfinish(self, session: Any) -> None:
        self.tell({"failed": self.failed})


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    mark = sys.argv[2]
    sys.dont_write_bytecode = True
    sys.path[0] = os.getcwd()
    sys.argv = ["pytest", *plan["words"]]
    pytest = importlib.import_module("pytest")
    out = os.dup(1)

    def tell(row: Any) -> None:
        os.write(out, f"\n{mark}{json.dumps(row)}\n".encode())

    return int(pytest.main(plan["words"], plugins=[PlantedRuns(plan, tell)]))


if __name__ == "__main__":
    sys.exit(main())
