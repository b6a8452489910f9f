"""Calls of a Go function: in tests, callers and answers, and with values of the types of its parameters.

This module reads texts, and runs nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assist_context.signatures.go_items import GoFunction, go_calls, go_literals
from assist_server.recorded_tests.calls import CallOrigin, ProposedCall
from assist_server.recorded_tests.go.package import GoPackage, imports_for
from assist_server.recorded_tests.go.values import (
    NUMBERS,
    GoHints,
    GoValue,
    combinations,
    concrete,
    values_of,
)

MOST_TYPED = 44
MOST_FOUND = 16  # calls of tests, callers or an answer
MOST_LITERALS = 40
RECEIVER = "value"
_STRING = r"`[^`]*`|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
_FREE = re.compile(rf"{_STRING}|(?<![\w.])([A-Za-z_]\w*)(?!\w|\s*:)")
_BUILT_IN = frozenset(
    (
        *NUMBERS, "true", "false", "nil", "append", "cap", "len", "make", "new", "string", "bool", "error",
        "any", "map", "func", "return", "struct", "interface",
    )
)  # fmt: skip


def calls_in_text(text: str, row: GoFunction, package: GoPackage, origin: CallOrigin) -> list[ProposedCall]:
    """The calls in a file of tests, of a caller or of an answer whose arguments need nothing around them."""
    found: dict[str, ProposedCall] = {}
    for call in go_calls(text, row.name):
        if row.owner or len(found) >= MOST_FOUND or "." in call.called.removeprefix(f"{package.name}."):
            continue
        given = ", ".join(own_names(argument, package) for argument in call.arguments)
        if _stands_alone(given, package) and "\n" not in given:
            whole = f"{row.name}({given})"
            imports = imports_for(given, package.imports)
            found.setdefault(whole, ProposedCall(whole, imports, (), origin, line=call.line))
    return list(found.values())


def own_names(text: str, package: GoPackage) -> str:
    """An expression of an outer package of tests as the package itself writes it."""
    return re.sub(rf"(?<![\w.]){re.escape(package.name)}\.(?=[A-Z])", "", text)


def _stands_alone(text: str, package: GoPackage) -> bool:
    known = {*_BUILT_IN, *package.types, *package.imports, *(row.name for row in package.functions)}
    known |= {name for names in package.constants.values() for name in names}
    return all(not match[1] or match[1] in known for match in _FREE.finditer(text))


def methods_in_text(text: str, row: GoFunction, package: GoPackage, origin: CallOrigin) -> list[ProposedCall]:
    """The calls of a method with arguments that need nothing around them, of objects made by their type."""
    if not row.owner:
        return []
    hints = hints_for(row, package, [])
    receivers = values_of(row.receiver[1], hints)[:2]
    found = []
    for call in go_calls(text, row.name)[:MOST_FOUND]:
        given = [own_names(argument, package) for argument in call.arguments]
        if receivers and _stands_alone(", ".join(given), package) and "\n" not in "".join(given):
            values = [GoValue(argument) for argument in given]
            found += [_call(row, receiver, values, package, origin) for receiver in receivers]
    return list(dict.fromkeys(found))


def hints_for(row: GoFunction, package: GoPackage, literals: Sequence[str]) -> GoHints:
    """What values of the function's parameters are made with."""
    return GoHints(package, tuple(dict.fromkeys(literals))[:MOST_LITERALS], tuple(row.bounds.items()))


def literals_near(row: GoFunction, text: str, others: Sequence[str]) -> list[str]:
    """The literals of tests that name the function, near to it, and those of its body, in turn."""
    own = go_literals(text, row.first, row.last)
    wanted = re.compile(rf"\b{re.escape(row.name)}\b")
    tested: list[str] = []
    for other in others:
        for match in wanted.finditer(other):
            line = other.count("\n", 0, match.start()) + 1
            tested += go_literals(other, max(1, line - 40), line + 12)
            if len(tested) > MOST_LITERALS:
                break
    tested = [literal for literal in dict.fromkeys(tested) if not re.search(r"%[a-z]", literal)]
    return [*tested[:: 1 + len(tested) // 8][:8], *own, *tested]


def calls_by_types(row: GoFunction, package: GoPackage, literals: Sequence[str]) -> list[ProposedCall]:
    """Calls with values of the types of parameters."""
    hints = hints_for(row, package, literals)
    kinds = [kind.removeprefix("...") for _, kind in row.parameters]
    rows = [values_of(kind, hints) for kind in kinds]
    if row.parameters and row.parameters[-1][1].startswith("...") and len(rows[-1]) < 1:
        rows.pop()  # none is given
    if row.owner:
        rows.insert(0, values_of(row.receiver[1], hints))
    found = []
    for given in combinations(rows, MOST_TYPED):
        receiver = given.pop(0) if row.owner else GoValue("")
        found.append(_call(row, receiver, given, package, "syntax"))
    return list(dict.fromkeys(found))


def _call(
    row: GoFunction, receiver: GoValue, given: Sequence[GoValue], package: GoPackage, origin: CallOrigin
) -> ProposedCall:
    setup = [line for value in (receiver, *given) for line in value.setup]
    texts = []
    for at, value in enumerate(given):
        kind = concrete(row.parameters[min(at, len(row.parameters) - 1)][1], tuple(row.bounds.items()))
        if (
            not row.results
            and kind.startswith(("[]", "map[", "*"))
            and not value.setup
            and value.text != "nil"
        ):
            setup.append(f"given{at or ''} := {value.text}")
            texts.append(f"given{at or ''}")
        else:
            texts.append(value.text)
    name = row.name
    if row.owner:
        setup.append(f"{RECEIVER} := {receiver.text}")
        name = f"{RECEIVER}.{row.name}"
    call = f"{name}({', '.join(texts)})"
    imports = imports_for("\n".join((*setup, call)), package.imports)
    return ProposedCall(call, imports, tuple(setup), origin)


def changed_places(call: ProposedCall, row: GoFunction, package: GoPackage) -> list[str]:
    """What a call may change: what is written to, its object's fields, and what it is given."""
    found = []
    for line in call.setup:
        name = re.match(r"(?:var )?(\w+)", line)
        if name is None:
            continue
        if line.startswith("var out "):
            found.append("out.String()")
        elif name[1] == RECEIVER and row.receiver[1].startswith("*"):
            fields = package.fields.get(row.owner, ())
            found += [f"{RECEIVER}.{word}" for word, _ in fields[:8] if word != "_"]
            found += [f"*{RECEIVER}"] if not fields else []
        elif name[1].startswith("given"):
            found.append(name[1])
    return found


def variations(calls: Sequence[ProposedCall]) -> Iterator[ProposedCall]:
    """The same calls at edges: another number, an empty text, or a text without its last character."""
    for call in calls:
        for match in re.finditer(rf"{_STRING}|(?<![\w.])\d+(?![\w.])", call.call):
            text = match[0]
            if text.isdigit():
                others = [str(int(text) + 1), "0", f"-{text}"]
            elif text[0] == "'" or len(text) < 3:
                continue
            else:
                others = [
                    text[0] + text[-1],
                    text[0] + " " + text[1:],
                    *([text[:-2] + text[-1]] * ("\\" not in text)),
                ]
            for other in others:
                yield replace(
                    call, call=call.call[: match.start()] + other + call.call[match.end() :], origin="syntax"
                )
