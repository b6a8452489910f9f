"""What is in the body of a request: the places of its texts, and what cannot be looked into.

Where a dialect has them is a table, `bodies.toml`. The walk collects places, and refuses what no rule and no
redaction can judge. Fields that a dialect does not know are left out, since no one here knows what a provider
does with them.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from assist_escalation.errors import RefusedError
from assist_escalation.policy.endpoints import Dialect
from assist_gateway.claims import claimed_in_broken, claimed_in_call
from assist_gateway.dialects.json_places import LEAST_DIGITS, JsonPlace

_LONG = 20_000  # characters of arguments whose claims are not remembered
_LONGEST_TYPE = 40  # characters of a type or a role in a refusal
_WORD = re.compile(r"[\w.:/@+|=-]{0,256}", re.ASCII)

# Kinds of places, as the road knows them.
ASSISTANT = "assistant"  # what a model wrote earlier
ARGUMENTS = "arguments"  # what a model gave to a tool; `result` is what a tool gave back
OTHER = "other"  # instructions, descriptions of tools, and all else; what a person wrote is of `user`


@dataclass(frozen=True, slots=True)
class ObjectForm:
    """A form that an object of a body has, with its places; `bodies.toml` says what each field means."""

    where: Mapping[str, str] = field(default_factory=dict)
    within: str = ""
    kind: str = ""
    rest: str = OTHER
    words: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    content: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    objects: Mapping[str, str] = field(default_factory=dict)
    inner: str = ""
    call: str = ""
    arguments: str = ""
    result: str = ""
    stays: str = ""
    malformed: str = ""

    def named_fields(self) -> set[str]:
        """The fields that are no part of the rest."""
        listed = f"{self.words} {self.stays} {self.content}".split()
        return {*listed, *self.texts, *self.refused, *self.lists, *self.objects}


@dataclass(frozen=True, slots=True)
class ObjectSet:
    """The forms of objects in one place, and what is said of an object that has none of them."""

    forms: tuple[ObjectForm, ...]
    unknown: str = ""
    named: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None

    def type_of(self, found: Mapping[str, Any]) -> str:
        """The type of an object, as a text."""
        return str(found.get("type", self.default))


@dataclass(frozen=True, slots=True)
class BodyTable:
    """Where a dialect has its texts; `bodies.toml` says what each field means."""

    name: Dialect
    fields: str
    refused: Mapping[str, str]
    history: str
    lists: Mapping[str, str]
    limits: str
    stays: str
    roles: Mapping[str, str]
    sets: Mapping[str, ObjectSet]
    thoughts: Mapping[str, str] = field(default_factory=dict)
    not_said: Sequence[str] = ()


@cache
def body_table(name: Dialect) -> BodyTable:
    """The table of a dialect."""
    text = resources.files("assist_gateway.dialects").joinpath("bodies.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)[name]
    sets = {
        key: ObjectSet(**{**row, "forms": tuple(ObjectForm(**form) for form in row["forms"])})
        for key, row in table.pop("sets").items()
    }
    return BodyTable(name, sets=sets, **table)


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


class BadBodyError(RefusedError):
    """The body is not what its dialect says."""

    def __init__(self, message: str) -> None:
        super().__init__("malformed", message)


def inspect(name: Dialect, body: dict[str, Any], *, uninspected: bool) -> InspectedBody:
    """The texts of a body. Raises `RefusedError` for what cannot be looked into.

    With `uninspected`, the owner lets pass what cannot be looked into.
    """
    table = body_table(name)
    walk = BodyWalk(table, uninspected)
    walk.fields(body)
    if name == "chat":
        _check_choices(walk, body)
    items = body.get(table.history)
    if name == "responses" and isinstance(items, str):
        items = [{"role": "user", "content": items}]
        body[table.history] = items
    items = list(dicts(items, table.history))
    if not items:
        raise BadBodyError(f"{table.history} is empty")
    for number, item in enumerate(items):
        walk.item = number
        walk.read_object(item, "item")
    walk.item = -1
    for path, objects in table.lists.items():
        holder, _, last = path.rpartition(".")
        inside = body.get(holder) if holder else body
        title = f"the {last} of {holder}" if holder else last
        walk.read_objects(inside.get(last) if isinstance(inside, dict) else None, objects, title)
    walk.rest(body, {table.history, *table.lists, *table.stays.split()})
    said = [plain_text(item.get("content")) for item in items if item.get("role") == "user"]
    first = (text for text in said if not text.lstrip().startswith(tuple(table.not_said)))
    limits = [body[limit] for limit in table.limits.split() if isinstance(body.get(limit), int)]
    return InspectedBody(
        tuple(walk.places),
        bool(body.get("stream")),
        min((limit for limit in limits if limit > 0), default=None),
        next(first, said[0] if said else ""),
        tuple(walk.dropped),
    )


def _check_choices(walk: "BodyWalk", body: Mapping[str, Any]) -> None:
    """Raise `RefusedError` for more answers than one, and for an answer that is no text."""
    if (number := body.get("n")) is not None and (type(number) is not int or number != 1):
        raise BadBodyError("n must be 1: assist limits the cost of a single answer")
    if body.get("modalities") not in (None, [], ["text"]):
        walk.refuse("An answer that is not text")


@dataclass(slots=True)
class BodyWalk:
    """The places that were found so far.

    `claims` are the files that each call of a tool names, by the call's id.
    """

    table: BodyTable
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
                f"{what} cannot be inspected, so assist does not send it to a provider. The owner of this "
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

    def read_objects(self, found: Any, objects: str, title: str) -> None:
        """The objects of a list, which may be missing; `title` is what a refusal calls it."""
        for item in dicts(found, title):
            self.read_object(item, objects)

    def read_object(
        self, found: dict[str, Any], objects: str, around: str = OTHER, claims: tuple[str, ...] = ()
    ) -> None:
        """An object of this set, in a text of the kind `around` that is from the files of `claims`."""
        form = self._form(found, self.table.sets[objects], around)
        if form is None or form.rest == "nothing":
            return
        kind = self._kind(form.kind, found) or around
        if form.result:
            claims = self.claims_of(_call_number(found, form.result))
        inner = self.table.sets[objects].type_of(found) if form.inner else ""
        if form.call:
            arguments = found[inner] if inner else found
            given = (arguments.get(name) for name in form.arguments.split())
            self.call(_call_number(found, form.call), next(filter(None, given), None))
        if form.content and form.content in found:
            self._content(found, form.content, kind, claims)
        if inner:
            self.read_object(found[inner], form.inner)
        for name in form.words.split():
            if name in found:
                self.word(found, name)
        for name, own in form.texts.items():
            if name in found:
                self.text(found, name, own)
        self._inside(found, form)
        rest = around if form.rest == "around" else self._kind(form.rest, found)
        named = {*form.named_fields(), inner} if inner else form.named_fields()
        self.rest(found, named, rest, claims if form.rest == "around" else ())

    def _inside(self, found: dict[str, Any], form: ObjectForm) -> None:
        """The objects within an object, and what of it is refused."""
        for name, what in form.refused.items():
            if found.get(name):
                self.refuse(what)
        for name, objects in form.lists.items():
            self.read_objects(found.get(name), objects, form.title or name)
        for name, objects in form.objects.items():
            if found.get(name) is not None and not isinstance(found[name], dict):
                raise BadBodyError(f"{name} is not an object")
            if found.get(name) is not None:
                self.read_object(found[name], objects)

    def _form(self, found: dict[str, Any], objects: ObjectSet, around: str) -> ObjectForm | None:
        """The form of an object; None for one that is refused, where the owner lets that pass."""
        kind = objects.type_of(found)
        known = {**found, "type": kind}
        for form in objects.forms:
            fits = all(re.fullmatch(value, str(known.get(name))) for name, value in form.where.items())
            if fits and form.within in ("", around) and (not form.inner or isinstance(found.get(kind), dict)):
                if form.malformed:
                    raise BadBodyError(form.malformed)
                return form
        self.refuse(objects.named.get(kind, objects.unknown.format(repr(kind[:_LONGEST_TYPE]))))
        return None

    def _kind(self, kind: str, found: Mapping[str, Any]) -> str:
        """A kind of text, by the role of a message if that is asked for."""
        if kind != "role":
            return kind
        role = found.get("role")
        if not isinstance(role, str) or role not in self.table.roles:
            raise BadBodyError(f"messages with the role {str(role)[:_LONGEST_TYPE]!r} are not supported")
        return self.table.roles[role]

    def _content(self, holder: dict[str, Any], name: str, kind: str, claims: tuple[str, ...]) -> None:
        if isinstance(holder[name], str):
            self.text(holder, name, kind, claims)
            return
        for part in dicts(holder[name], name):
            self.read_object(part, "part", kind, claims)

    def rest(
        self,
        holder: dict[str, Any],
        named: Iterable[str],
        kind: str = OTHER,
        claims: tuple[str, ...] = (),
    ) -> None:
        """All other fields of an object: as texts. Their names stay, so they must be words."""
        known = set(named)
        for key in holder:
            if key not in known:
                self._name(key)
                self.text(holder, key, kind, claims)

    def _name(self, name: str) -> None:
        if name in self._names:
            return
        if not _WORD.fullmatch(name):
            raise BadBodyError("the name of a field is not an identifier")
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

    def fields(self, body: dict[str, Any]) -> None:
        """Refuse the fields with a meaning at the provider alone, and leave out those that no one knows."""
        known = set(self.table.fields.split())
        for name in list(body):
            what = self.table.refused.get(name)
            if what and body[name] not in (None, False, [], {}, ""):
                self.refuse(what)
                known.add(name)
            if name not in known:
                del body[name]
                if not what:
                    self.dropped.append(name)


def _call_number(found: Mapping[str, Any], name: str) -> Any:
    """What identifies a call, and its result; older calls of functions are known by the function's name."""
    return f"function {found.get(name)}" if name == "name" else found.get(name)


def _is_long_number(value: Any) -> bool:
    return isinstance(value, int | float) and len(str(value)) >= LEAST_DIGITS


def dicts(value: Any, what: str) -> Iterator[dict[str, Any]]:
    """The objects of a list, which may be missing. Raises `BadBodyError` for any other shape."""
    if value is None:
        return
    if not isinstance(value, list):
        raise BadBodyError(f"{what} is not a list")
    for item in value:
        if not isinstance(item, dict):
            raise BadBodyError(f"{what} contains values that are not objects")
        yield item


def drop_unknown_thoughts(name: Dialect, body: dict[str, Any], knows: Callable[[str], bool]) -> None:
    """Leave out what a model thought, unless this provider gave it."""
    table = body_table(name)
    holders = [(body, table.history)] if table.name == "responses" else []
    if table.name == "messages":
        holders = [(message, "content") for message in dicts(body.get(table.history), table.history)]
    for holder, key in holders:
        if isinstance(holder.get(key), list):
            holder[key] = [part for part in holder[key] if not _is_unknown(table, part, knows)]


def _is_unknown(table: BodyTable, part: Any, knows: Callable[[str], bool]) -> bool:
    is_thought = isinstance(part, dict) and part.get("type") in table.thoughts["types"].split()
    return is_thought and not knows(thought(table, part))


def thought(table: BodyTable, part: Mapping[str, Any]) -> str:
    """What identifies a thought, such as its text and its signature, or what is encrypted."""
    return "\0".join(str(part.get(name) or "") for name in table.thoughts["by"].split())


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
