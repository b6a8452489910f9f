"""Calls of a function, before and after they are run: what is proposed, and what the code did.

They know no language and run nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

# Who proposed a call: the docstring, a test that is there, code that calls it, a model, tests of other code,
# or types alone.
CallOrigin = Literal["example", "tested", "caller", "model", "around", "syntax"]
# What a call came to. "left" is left out of the tests.
ObservationKind = Literal["value", "raised", "left"]


@dataclass(frozen=True, slots=True)
class CallSubject:
    """The function or class that tests are for: lines `first` to `last` of a file with the text `text`.

    `name` is qualified, as in `Cart.total`; `path` is relative to the workspace.
    """

    path: str
    text: str
    name: str
    first: int
    last: int

    @property
    def short(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class CallPlace:
    """A line of a file that calls the subject."""

    path: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class ProposedCall:
    """A call, with the imports and the statements that it needs.

    `wanted` is what a docstring says that it gives, "" if it says nothing; `line` is where it says so. `path`
    is the file of a test that has it.
    """

    call: str
    imports: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    origin: CallOrigin = "model"
    wanted: str = ""
    line: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class ValueCheck:
    """An expression of the test that reads something, and the expression that it equals.

    `target` is a variable or an attribute of one, ".name" for an attribute of the result, "str", "repr" or
    "len" for what these give of the result, and "type" for its class. `needs` are names to import: (module,
    name), "" for all of it.
    """

    target: str
    equals: str
    needs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CallObservation:
    """What a call came to when it was run.

    A value is `value`, or only `checks` if it has no literal. `how` says that it was awaited ("await") or
    that its items were listed ("list"). `error` is the module and name of an exception, `message` its text.
    `lines` are the lines of the subject that ran, or numbers of places. `reason` says why it is left out.
    """

    kind: ObservationKind
    value: str = ""
    needs: tuple[tuple[str, str], ...] = ()
    how: str = ""
    checks: tuple[ValueCheck, ...] = ()
    changes: tuple[ValueCheck, ...] = ()
    printed: str = ""
    error: tuple[str, str] = ("", "")
    message: str = ""
    lines: frozenset[int] = frozenset()
    reason: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call with what it came to, and the name of its test."""

    proposed: ProposedCall
    seen: CallObservation
    test: str = ""


_BOUND = re.compile(r"(?:(?:let|const|var)\s+)?(?:mut\s+)?(\w+)\s*=\s*([^=\n].{0,80}?);?")


def call_key(call: ProposedCall, name: str) -> str:
    """What is the same of two calls that differ only in quotes, blanks, or the module before a `name`.

    What a variable holds counts, not what it is called.

    >>> call_key(ProposedCall("mi.take(3, 'a')"), "take") == call_key(ProposedCall('take(3,"a")'), "take")
    True
    >>> call_key(ProposedCall("f(n)", (), ("n = 3",)), "f")
    'f(3)'
    """
    text = call.call
    others: list[str] = []
    for line in reversed(call.setup):
        bound = _BOUND.fullmatch(line)
        if bound is None:
            others.insert(0, line)
        else:
            value = bound[2]
            text = re.sub(rf"(?<![\w.\"']){bound[1]}\b", value.replace("\\", r"\\"), text)
    plain = re.sub(r"\s+", "", "\n".join((*others, text))).replace("'", '"').replace(",)", ")")
    return re.sub(rf"(?<![\w.])(?:\w+(?:\.|::))+(?={re.escape(name)}\b)", "", plain)


def calls_in_turns(
    known: Sequence[ProposedCall], rows: Sequence[Sequence[ProposedCall]], most: int
) -> list[ProposedCall]:
    """The first call of each row, then the second ones: so many in all, without those that are known."""
    taken = {(call.setup, call.call) for call in known}
    found: dict[tuple[tuple[str, ...], str], ProposedCall] = {}
    for call in (call for turn in zip_longest(*rows) for call in turn if call is not None):
        if (call.setup, call.call) not in taken and len(found) < most:
            found.setdefault((call.setup, call.call), call)
    return list(found.values())
