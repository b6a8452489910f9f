"""What the arguments of a call become when the parameters of its function become others.

Arguments are texts here, and nothing is made up: what a new parameter gets is for the caller to say. A call
that cannot be told apart, or that would have to name what its language cannot name, stays as it is.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assist_context.syntax.grammars import ByteSpan
from assist_context.syntax.scopes.call_sites import Parameter

_POSITIONS = ("plain", "positional")
_SEPARATOR = re.compile(r"\s*,\s*")


@dataclass(frozen=True, slots=True)
class PassedText:
    """An argument: its text, and the name it is passed by, "" for none."""

    text: str
    keyword: str = ""

    def __str__(self) -> str:
        return f"{self.keyword}={self.text}" if self.keyword else self.text


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """Parameters that became others. `sources` has the old index of each new one, `None` for an added one."""

    old: tuple[Parameter, ...]
    new: tuple[Parameter, ...]
    sources: tuple[int | None, ...]

    @property
    def added(self) -> tuple[Parameter, ...]:
        return tuple(
            parameter for parameter, source in zip(self.new, self.sources, strict=True) if source is None
        )

    @property
    def removed(self) -> tuple[Parameter, ...]:
        return tuple(parameter for at, parameter in enumerate(self.old) if at not in self.sources)

    @property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        pairs = [
            (self.old[source].name, parameter.name)
            for parameter, source in zip(self.new, self.sources, strict=True)
            if source is not None
        ]
        return tuple((old, new) for old, new in pairs if old != new)

    @property
    def reordered(self) -> bool:
        known = [source for source in self.sources if source is not None]
        return known != sorted(known)

    @property
    def key(self) -> str:
        """The change as text, without types."""
        old = ", ".join(parameter.name for parameter in self.old)
        new = ", ".join(parameter.name for parameter in self.new)
        return f"({old}) -> ({new})"


def compare_parameters(old: Sequence[Parameter], new: Sequence[Parameter]) -> ParameterChange | None:
    """What changed, `None` if no call can notice it."""
    before = tuple(parameter for parameter in old if parameter.kind != "receiver")
    after = tuple(parameter for parameter in new if parameter.kind != "receiver")
    names = {parameter.name: at for at, parameter in enumerate(before) if parameter.name}
    if len(names) != len(before) or len({parameter.name for parameter in after}) != len(after):
        return None  # being typed, or without names
    sources = [names.get(parameter.name) for parameter in after]
    gone = [at for at in range(len(before)) if at not in sources]
    fresh = [at for at, source in enumerate(sources) if source is None]
    if len(gone) == len(fresh):
        for source, at in zip(gone, fresh, strict=True):
            if before[source].kind == after[at].kind and (
                source == at or (before[source].type and before[source].type == after[at].type)
            ):
                sources[at] = source
    change = ParameterChange(before, after, tuple(sources))
    kinds = [(parameter.kind, parameter.optional) for parameter in before] != [
        (parameter.kind, parameter.optional) for parameter in after
    ]
    if change.added or change.removed or change.renamed or change.reordered or kinds:
        return change
    return None


def fits(parameters: Sequence[Parameter], arguments: Sequence[PassedText]) -> bool:
    """Whether a call can have these arguments."""
    return _assign(parameters, arguments) is not None


def pass_arguments(
    change: ParameterChange,
    arguments: Sequence[PassedText],
    keywords: bool,
    added: Callable[[Parameter], str],
) -> list[PassedText] | None:
    """The arguments for the new parameters, `None` if a call cannot be changed with certainty.

    `keywords` says whether the language can pass arguments by name. `added` says what an added parameter
    gets, "" if that is not known.
    """
    found = _assign(change.old, arguments)
    if found is None:
        return None
    by_parameter, rest = found
    positions: list[PassedText] = []
    named: list[tuple[int, PassedText]] = []
    by_position = True
    for parameter, source in zip(change.new, change.sources, strict=True):
        if parameter.kind == "variadic":
            continue
        at = by_parameter.get(source) if source is not None else None
        given = arguments[at] if at is not None else None
        text = given.text if given else "" if source is not None else added(parameter)
        if not text:
            if not parameter.optional:
                return None
            by_position = False
        elif by_position and parameter.kind in _POSITIONS and not (given and given.keyword):
            positions.append(PassedText(text))
        elif keywords and parameter.kind in ("plain", "keyword"):
            by_position = False
            place = at if at is not None and given and given.keyword else _after(named)
            named.append((place, PassedText(text, parameter.name)))
        else:
            return None
    extra = [arguments[at] for at in rest if not arguments[at].keyword]
    if extra and (not by_position or named):
        return None
    named += [(at, arguments[at]) for at in rest if arguments[at].keyword]
    named.sort(key=lambda item: item[0])
    return [*positions, *extra, *(argument for _, argument in named)]


def replace_items(text: str, spans: Sequence[ByteSpan], new: Sequence[str]) -> tuple[int, int, str] | None:
    """The least change of a list with brackets that gives it other items: from, to, and the text between.

    `spans` are the items in `text`, which begins and ends with a bracket. `None` if nothing changes, or if
    there is more than white space and a comma between items.

    >>> replace_items("(a, b)", [(1, 2), (4, 5)], ["a", "c", "b"])
    (2, 2, ', c')
    >>> replace_items("(a, b)", [(1, 2), (4, 5)], ["b"])
    (1, 4, '')
    """
    old = [text[start:end] for start, end in spans]
    gaps = [text[end:start] for (_, end), (start, _) in pairwise(spans)]
    if old == list(new) or any(_SEPARATOR.fullmatch(gap) is None for gap in gaps):
        return None
    if not spans:
        return (1, len(text) - 1, ", ".join(new))
    lead = text[1 : spans[0][0]]
    gap = gaps[-1] if gaps else "," + (lead if "\n" in lead else " ")
    if not new:
        return (1, len(text) - 1, "")
    same = _common(old, new)
    tail = _common(old[same:][::-1], new[same:][::-1])
    middle = gap.join(new[same : len(new) - tail])
    kept = len(old) - tail  # the first old item of the common end
    if same:
        start = spans[same - 1][1]
        end = spans[kept - 1][1]
        return (start, end, gap + middle if middle else "")
    end = spans[kept][0] if tail else spans[-1][1]
    return (spans[0][0], end, middle + gap if middle and tail else middle)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    most = min(len(one), len(other))
    return next((at for at in range(most) if one[at] != other[at]), most)


def _after(named: Sequence[tuple[int, PassedText]]) -> int:
    """The place of a new argument with a name: after the one before it, else after all others."""
    return named[-1][0] if named else 1_000


def _assign(
    parameters: Sequence[Parameter], arguments: Sequence[PassedText]
) -> tuple[dict[int, int], list[int]] | None:
    """Which parameter gets which argument, and the arguments of variadic ones; `None` if they do not fit."""
    places = iter([at for at, parameter in enumerate(parameters) if parameter.kind in _POSITIONS])
    names = {
        parameter.name: at
        for at, parameter in enumerate(parameters)
        if parameter.kind in ("plain", "keyword")
    }
    found: dict[int, int] = {}
    rest: list[int] = []
    for at, argument in enumerate(arguments):
        place = names.get(argument.keyword) if argument.keyword else next(places, None)
        if place is None:
            rest.append(at)
        elif place in found:
            return None
        else:
            found[place] = at
    if rest and not any(parameter.kind == "variadic" for parameter in parameters):
        return None
    needed = {
        at
        for at, parameter in enumerate(parameters)
        if not parameter.optional and parameter.kind != "variadic"
    }
    return None if needed - found.keys() else (found, rest)
