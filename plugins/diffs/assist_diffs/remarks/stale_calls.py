"""The check whether a call still fits a function whose parameters changed.

This module knows lines and parameters; who calls a function is for others.
"""

import re
from collections.abc import Sequence

from assist_context.code.calls import CallSite, Parameter, find_call_sites
from assist_context.code.symbols import Definition
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document
from assist_context.facts.code_uses import CodeUse
from assist_context.languages import language_of

Parameters = tuple[Parameter, ...] | None  # None where the language's are not known


def breaks_calls(old: Parameters, new: Parameters) -> str:
    """Explain why calls with the old parameters may be wrong now, "" if they are not."""
    if old is None or new is None:
        return ""
    names = [_name(one) for one in old]
    kept = [_name(one) for one in new if _name(one) in names]
    if gone := [name for name in names if name not in kept]:
        return f"`{gone[0]}` is gone"
    added = [one for one in new if _name(one) not in names and not one.optional and one.kind == "plain"]
    if added:
        return f"`{added[0].name}` is new"
    return "their order has changed" if kept != names else ""


def is_stale(
    lines: Sequence[str], use: CodeUse, site: Definition, sides: tuple[Parameters, Parameters]
) -> bool:
    """Say whether a line calls a function with arguments that fitted its parameters, and may no longer do.

    A constructor is called by its class. A line may only pass a function on.
    """
    names = {site.name, site.parent.rpartition(".")[2] or site.name}
    text = lines[use.line - 1] if use.line <= len(lines) else ""
    called = r"\s*(?:::)?(?:<.*>|\[.*\])?!?(?:\?\.)?\("
    if not any(re.search(rf"(?<![\w$]){re.escape(name)}{called}", text) for name in names):
        return False
    parsed = ParsedText(Document(use.path, tuple(lines), language_of(use.path)))
    calls = [
        call
        for name in names
        for call in find_call_sites(parsed, name)
        if parsed.source.line(call.name_span[0]) == use.line
    ]
    old, new = (side or () for side in sides)
    variadic = use.path.endswith(".go")
    broken = [
        call
        for call in calls
        if _fits(call, old, variadic=variadic) and not _fits(call, new, variadic=variadic)
    ]
    return bool(broken) or not calls or _common(old, new) != _common(new, old)


def _fits(call: CallSite, parameters: Sequence[Parameter], *, variadic: bool) -> bool:
    """Say whether a call has an argument for each parameter that needs one, and no other.

    What is spread may be any arguments; if `variadic`, only the last parameter's.
    """
    if call.broken or (any(argument.spread for argument in call.arguments) and not variadic):
        return True
    named = {argument.keyword for argument in call.arguments} - {""}
    count = sum(not argument.keyword and not argument.spread for argument in call.arguments)
    places = [one for one in parameters if one.kind in ("plain", "positional")]
    needed = [one for one in places if not one.optional and one.name not in named]
    is_open = any(one.kind == "variadic" for one in parameters)
    is_known = is_open or named <= {one.name for one in parameters}
    return is_known and len(needed) <= count and (count <= len(places) or is_open)


def _common(one: Sequence[Parameter], other: Sequence[Parameter]) -> list[str]:
    """The names of parameters that both sides have, in the order of the first."""
    names = {parameter.name for parameter in other}
    return [parameter.name for parameter in one if parameter.name in names]


def _name(parameter: Parameter) -> str:
    """The name of a parameter; one pattern of several names is like another."""
    return "{...}" if parameter.name.startswith("{") else parameter.name
