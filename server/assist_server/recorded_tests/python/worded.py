"""What the user's words demand of a call, in Python: the value as code, or where the exception is from.

It reads texts, and runs nothing.
"""

import ast

from assist_server.recorded_tests.calls import CallObservation
from assist_server.recorded_tests.language import RecordingMaterial
from assist_server.recorded_tests.python.calls import PythonModule, definition_in, imports_for, module_of
from assist_server.recorded_tests.worded_values import WordedValue

_NAMES = {"null": "None", "nil": "None", "undefined": "None", "true": "True", "false": "False"}


def worded_outcome(
    material: RecordingMaterial, wanted: WordedValue, today: CallObservation
) -> CallObservation | None:
    """What a call should come to; without a value, that it ends. None for what its module does not know."""
    try:
        module = module_of(material.subject, material.packages)
        node = ast.parse(wanted.error or _NAMES.get(wanted.value, wanted.value) or "None", mode="eval").body
    except (SyntaxError, ValueError):
        return None
    needs = imports_for(node, module)
    if needs is None:
        return None
    how = today.how or _kind_of(material, module, wanted.call)
    if wanted.error:
        source = next(iter(needs), ("builtins", ""))
        name = ast.unparse(node)
        return CallObservation("raised", error=(source[0], name), how=how) if source[1] or not needs else None
    if not wanted.value:
        return CallObservation("value", how=how)
    return CallObservation("value", ast.unparse(node), needs, how)


def _kind_of(material: RecordingMaterial, module: PythonModule, call: str) -> str:
    """How the result of a call is got that has none today: is it waited for, or are its items listed?"""
    subject = material.subject
    node = definition_in(module, subject)
    if not call.endswith(")") or f"{subject.short}(" not in call or call.count("(") != call.count(")"):
        return ""
    if isinstance(node, ast.AsyncFunctionDef):
        return "await"
    makes = isinstance(node, ast.FunctionDef) and any(
        isinstance(part, (ast.Yield, ast.YieldFrom)) for part in ast.walk(node)
    )
    return "list" if makes else ""
