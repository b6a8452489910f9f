"""The examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import assist_completion
import assist_context
import assist_escalation
import assist_server

PACKAGES = (assist_completion, assist_context, assist_escalation, assist_server)
MODULES = [
    f"{package.__name__}.{each.name}"
    for package in PACKAGES
    for each in pkgutil.iter_modules(package.__path__)
    if each.name not in {"__main__", "demo_workspace"}
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
