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
    each.name
    for package in PACKAGES
    for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not each.ispkg and not each.name.endswith(".__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
