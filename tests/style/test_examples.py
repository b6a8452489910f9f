"""The examples in docstrings are true."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import assist_completion
import assist_context
import assist_diffs
import assist_escalation
import assist_gateway
import assist_installer
import assist_refactorings
import assist_runner
import assist_server
import assist_types
from assist_runner.characterization_tests import programs

PACKAGES = (
    assist_diffs,
    assist_completion,
    assist_context,
    assist_escalation,
    assist_gateway,
    assist_installer,
    assist_runner,
    assist_server,
    assist_refactorings,
    assist_types,
)
MODULES = [
    each.name
    for package in PACKAGES
    for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not each.ispkg and not each.name.endswith(".__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(programs.__file__).parent)  # they import each other where they run
    assert doctest.testmod(importlib.import_module(name)).failed == 0
