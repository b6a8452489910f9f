"""What all dialects share: the walk through a request's body, and the fields of it that are texts or words.

The walk collects places, and refuses what cannot be looked into. Fields that a dialect does not know are left
out, since no one here knows what a provider does with them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from assist_escalation.errors import RefusedError
from assist_gateway.claims import claimed_in_broken, claimed_in_call
from assist_gateway.dialects.json_places import LEAST_DIGITS, JsonPlace

_LONG = 20_000  # characters of arguments whose claims are not remembered
_THOUGHTS = ("reasoning", "thinking", "chat_template_kwargs")  # fields with settings of what a model thinks
_WORD = re.compile(r"[\w.:/@+|=-]{0,256}", re.ASCII)

# Kinds of places, as the road knows them.
ASSISTANT = "assistant"  # what a model wrote earlier
ARGUMENTS = "arguments"  # what a model gave to a tool
RESULT = "result"  # what a tool gave back
USER = "user"
OTHER = "other"  # instructions, descriptions of tools, and all else


@dataclass(frozen=True, slots=True)
class InspectedBody:
    """A request's body as a dialect reads it.

    `asked_output` is the tool's own limit of the answer in tokens, None without one. `first_words` are those
    with which the conversation begins. `dropped` are the fields that were left out.
    """

    places: tuple[JsonPlace, ...]
    stream: bool
    asked_output: int | None
    first_words: str
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutputBound:
    """What a body is made to ask for: the model, the most tokens, and how the provider takes the limit.

    `usage`: the provider can be asked for counts in a stream. `proved`: it has answered to that name of the
    limit, after it refused another one; else the tool's own name is used.
    """

    model: str
    max_output: int
    limit: str = "max_tokens"
    usage: bool = True
    proved: bool = False


class BadBodyError(RefusedError):
    """The body is not what its dialect says."""

    def __init__(self, message: str) -> None:
        super().__init__("malformed", message)


@dataclass(slots=True)
class BodyWalk:
    """The places that were found so far.

    With `uninspected`, the owner lets pass what cannot be looked into. `claims` are the files that each call
    of a tool names, by the call's id.
    """

    uninspected: bool = False
    places: list[JsonPlace] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    claims: dict[str, tuple[str, ...]] = field(default_factory=dict)
    item: int = -1
    _answered: set[str] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)

    def refuse(self, what: str) -> None:
        """Raise `RefusedError` for something that no rule and no redaction can judge."""
        if not self.uninspected:
            raise RefusedError(
                "not_inspectable",
                f"{what} cannot be looked into, so assist does not send it to a provider. The owner of this "
                "machine may allow that: [gateway] uninspected = true.",
            )

    def text(self, holder: Any, key: str | int, kind: str = OTHER, claims: tuple[str, ...] = ()) -> None:
        """A text. Anything else in its place is data."""
        value = holder[key]
        if value and (isinstance(value, (str, list, dict)) or _is_long_number(value)):
            self.places.append(JsonPlace(holder, key, value, kind, claims, item=self.item))

    def word(self, holder: Any, key: str | int) -> None:
        """A name or an id; what does not look like one is a text."""
        value = holder[key]
        if isinstance(value, str) and _WORD.fullmatch(value):
            self.places.append(JsonPlace(holder, key, value, is_word=True, item=self.item))
        else:
            self.text(holder, key)

    def rest(
        self,
        holder: dict[str, Any],
        done: Iterable[str],
        kind: str = OTHER,
        claims: tuple[str, ...] = (),
    ) -> None:
        """All other fields of an object: as texts. Their names stay, so they must be words."""
        known = set(done)
        for key in holder:
            if key not in known:
                self._name(key)
                self.text(holder, key, kind, claims)

    def _name(self, name: str) -> None:
        if name in self._names:
            return
        if not _WORD.fullmatch(name):
            raise BadBodyError("a field has a name that is no word")
        self._names.add(name)
        self.places.append(JsonPlace({name: name}, name, name, is_word=True))

    def call(self, number: Any, arguments: Any) -> None:
        """A call with these arguments, as JSON in a text or as an object; its result is of what they name."""
        if isinstance(number, str):
            named = claimed_in_json(arguments) if isinstance(arguments, str) else ()
            named = claimed_in_call(arguments) if isinstance(arguments, dict) else named
            others = () if number in self._answered else self.claims.get(number, ())
            self._answered.discard(number)
            self.claims[number] = tuple(dict.fromkeys((*others, *named)))

    def claims_of(self, number: Any) -> tuple[str, ...]:
        """The files that the call of this id names. Two calls of one id count both until a result comes."""
        if not isinstance(number, str):
            return ()
        self._answered.add(number)
        return self.claims.get(number, ())

    def fields(self, body: dict[str, Any], known: frozenset[str], refused: Mapping[str, str]) -> None:
        """Refuse the fields with a meaning at the provider alone, and leave out those that no one knows."""
        for name in list(body):
            value = body[name]
            if name in refused and value not in (None, False, [], {}, ""):
                self.refuse(refused[name])
                known |= {name} if self.uninspected else frozenset()
            if name not in known:
                del body[name]
                if name not in refused:
                    self.dropped.append(name)


def _is_long_number(value: Any) -> bool:
    return isinstance(value, int | float) and len(str(value)) >= LEAST_DIGITS


def dicts(value: Any, what: str) -> Iterator[dict[str, Any]]:
    """The objects of a list, which may be missing. Raises `BadBodyError` for any other shape."""
    if value is None:
        return
    if not isinstance(value, list):
        raise BadBodyError(f"{what} is no list")
    for item in value:
        if not isinstance(item, dict):
            raise BadBodyError(f"{what} holds something else than objects")
        yield item


def limit_of(body: Mapping[str, Any], *names: str) -> int | None:
    """The tool's own limit of the answer, the lowest if there are several."""
    found = [body[name] for name in names if isinstance(body.get(name), int) and body[name] > 0]
    return min(found, default=None)


def bound_budgets(body: dict[str, Any], most: int, *, least: int = 0) -> None:
    """Make every budget for what a model thinks less than `most` tokens, the limit of the answer.

    One that is more, or no number, becomes half of `most`, but at least `least`.

    >>> bound_budgets(body := {"reasoning": {"max_tokens": 9_000, "effort": "low"}}, 100)
    >>> body
    {'reasoning': {'max_tokens': 50, 'effort': 'low'}}
    """
    inside = [body[name] for name in _THOUGHTS if isinstance(body.get(name), dict)]
    for holder in (body, *inside):
        for name, value in holder.items():
            is_budget = "budget" in name or (holder is not body and "tokens" in name)
            if is_budget and value is not None and not (isinstance(value, int) and 0 <= value < most):
                holder[name] = max(least, most // 2)


def plain_text(content: Any) -> str:
    """The text of a message's content, however it is written."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    return ""


def claimed_in_json(arguments: str) -> tuple[str, ...]:
    """The files that the arguments of a call name. A name that comes twice counts twice."""
    return _known_claims(arguments) if len(arguments) <= _LONG else _find_claims(arguments)


def _find_claims(arguments: str) -> tuple[str, ...]:
    try:
        found = json.loads(arguments, object_pairs_hook=_all_values)
    except (ValueError, RecursionError):
        return claimed_in_broken(arguments)
    return claimed_in_call(found) if isinstance(found, dict) else ()


_known_claims = lru_cache(1_000)(_find_claims)  # of at most 20 million characters


def _all_values(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
