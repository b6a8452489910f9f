"""Settings from plain data: which key goes where, whether its value is valid, and the message if not.

Only this module imports cattrs. It reads no file and no environment, and does not know who wrote the data.
"""

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from cattrs import BaseValidationError, ClassValidationError, Converter, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from assist_completion.errors import CompletionError
from assist_completion.settings import CompletionSettings, check_model, is_path
from assist_context.settings import ContextSettings
from assist_escalation.errors import EscalationError
from assist_escalation.policy.settings import DEFAULT, EscalationSettings, Thresholds

Key = tuple[str, ...]
RunSetting = Literal["sandbox", "ask", "never"]  # the strictest is last
RUNS: tuple[RunSetting, ...] = get_args(RunSetting)
MODEL = "model"  # fields of this name hold a model or the path of its file
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AnswersSettings:
    """The `[answers]` table. An invalid value raises `CompletionError`."""

    model: str = field(
        default="",
        metadata={
            "doc": "The model on this machine that answers questions: a name or a path, as for ghost "
            "text. Empty: the model that writes ghost text."
        },
    )
    threads_days: int = field(
        default=7,
        metadata={
            "doc": "For how many days the terminal keeps conversations for `assist ask -c`, private in the "
            "data directory. 0 keeps none."
        },
    )

    run: RunSetting = field(
        default="ask",
        metadata={
            "choices": RUNS,
            "stricter": True,
            "doc": "Whether `assist test`, `fix` and `refactor` may run the workspace's code to see what it "
            "does: `ask` asks once for each workspace, `sandbox` runs it unasked but only in a sandbox, "
            "`never` does not.",
        },
    )

    def __post_init__(self) -> None:
        if self.model:
            check_model(self.model)
        if not 0 <= self.threads_days <= 365:
            raise CompletionError(f"threads_days = {self.threads_days}: use a number from 0 to 365")


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where the gateway listens, from the `[gateway]` table. An invalid value raises `CompletionError`."""

    port: int = field(
        default=8790,
        metadata={
            "min": 1,
            "max": 65_535,
            "own_file": True,
            "doc": "The port of this machine at which `assist gateway` answers other tools.",
        },
    )
    with_editor: bool = field(
        default=False,
        metadata={
            "own_file": True,
            "doc": "Whether the gateway also runs while an editor does, in a process of its own.",
        },
    )
    edit_servers: tuple[str, ...] = field(
        default=(),
        metadata={
            "own_file": True,
            "doc": "The MCP servers whose tools edit files here, by the names that agents give them: secrets "
            "are put back into what they write, as for an agent's own tools. `filesystem` is known.",
        },
    )

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65_535:
            raise CompletionError(f"port = {self.port}: use a number from 1 to 65535")


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that was ignored: its dotted key ("" for a whole file), where it was, and why."""

    key: str
    source: str
    message: str

    def __str__(self) -> str:
        return f"{self.source}: {self.message}" if self.key else self.message


@dataclass(frozen=True, slots=True)
class SettingField:
    """Where a key goes: a field of a section of the configuration, with the field's type."""

    section: str
    item: Field[Any]
    hint: Any


def _settings() -> Iterator[tuple[Key, SettingField]]:
    owners: Any = {
        "completion": CompletionSettings,
        "context": ContextSettings,
        "answers": AnswersSettings,
        "escalation": EscalationSettings,
        "gateway": GatewaySettings,
    }
    for section, owner in owners.items():
        hints = get_type_hints(owner)
        for item in fields(owner):
            table = item.metadata.get("table", section)
            key = (table,) if table == item.name else (table, item.metadata.get("key", item.name))
            yield key, SettingField(section, item, hints[item.name])


SETTINGS: Mapping[Key, SettingField] = dict(_settings())
TABLES = tuple(dict.fromkeys(key[0] for key in SETTINGS))


class _WrongTypeError(Exception):
    """A value of the wrong type: what it is, in words, and what to use."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected)
        self.found = found
        self.expected = expected


class _UnknownKeyError(Exception):
    """A key that is no setting."""


def read(base: T, data: Mapping[str, Any], source: str, home: Path) -> tuple[T, list[Problem]]:
    """`base` with every valid value of `data` put in. An invalid value is ignored, and is a problem.

    `base` is a dataclass with those of the fields `completion`, `context`, `answers`, `gateway` and
    `escalation` that `data` may set. `data` has the layout of config.toml; None means not given. Relative
    paths of models start at `home`.
    """
    problems: list[Problem] = []
    for key, value in _leaves(data):
        try:
            base = _put(base, key, value, home)
        except (
            _WrongTypeError,
            _UnknownKeyError,
            CompletionError,
            EscalationError,
            BaseValidationError,
        ) as error:
            problems += [Problem(".".join(at), source, why) for at, why in _explain(error, key)]
    return base, problems


def _leaves(data: Mapping[str, Any]) -> Iterator[tuple[Key, Any]]:
    """Each setting, and each entry of `[providers]` and `[data_class]`, by its key."""
    for name, table in data.items():
        if name in TABLES and isinstance(table, Mapping):
            yield from (((name, inner), value) for inner, value in table.items() if value is not None)
        elif table is not None:
            yield (name,), table


def _put(base: Any, key: Key, value: Any, home: Path) -> Any:
    if len(key) == 1 and key[0] in TABLES:
        raise _WrongTypeError(f"= {show(value)}", "a table")
    whole = SETTINGS.get(key[:1])  # [providers] and [data_class] are one setting each
    setting = whole or SETTINGS.get(key)
    if setting is None:
        raise _UnknownKeyError
    section = getattr(base, setting.section)
    if whole:
        converted = _CONVERTER.structure(value, get_args(setting.hint)[1])
        converted = {**getattr(section, setting.item.name), key[1]: converted}
    else:
        converted = _CONVERTER.structure(value, setting.hint)
        if setting.item.name == MODEL and is_path(converted):
            check_model(converted)  # before the path changes, so that the message shows what the user wrote
            converted = _absolute(converted, home, key[1])
        elif setting.item.metadata.get("path") and converted:
            one = isinstance(converted, str)
            paths = tuple(_absolute(path, home, key[1]) for path in ([converted] if one else converted))
            converted = paths[0] if one else paths
    return replace(base, **{setting.section: replace(section, **{setting.item.name: converted})})


def _absolute(path: str, home: Path, name: str) -> str:
    if not path.strip() or "\0" in path:
        raise CompletionError(f"{name} = {show(path)} is no path; name a file or a folder")
    try:
        return str(home / Path(path).expanduser())
    except RuntimeError as error:  # ~NAME of an unknown user
        raise CompletionError(f"{name} = {show(path)}: {error}; write the path in full") from error


def _strict(value: Any, kind: type) -> Any:
    """`value`, if it is already a `kind`: cattrs itself would make 1 of true and 5 of "5"."""
    if type(value) is kind:
        return value
    if kind is float and type(value) is int:
        return float(value)
    raise _WrongTypeError(f"= {show(value)}", _WORDS[kind])


def _texts(value: Any, _hint: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):  # cattrs itself would take a text for a list of letters
        raise _WrongTypeError(f"= {show(value)}", "a list of text")
    for item in value:
        if not isinstance(item, str):
            raise _WrongTypeError(f"holds {show(item)}", "a list of text")
    return tuple(value)


def _thresholds(value: Any, _hint: Any) -> Thresholds:
    """A number for all kinds of request, or a table of numbers."""
    table = value if isinstance(value, Mapping) else {DEFAULT: value}
    return Thresholds({str(kind): _strict(limit, float) for kind, limit in table.items()})


def _table(owner: type) -> Callable[[Any, Any], Any]:
    inner: Callable[[Any, Any], Any] = make_dict_structure_fn(
        owner, _CONVERTER, _cattrs_forbid_extra_keys=True
    )

    def structure(value: Any, hint: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _WrongTypeError(f"= {show(value)}", "a table")
        return inner(value, hint)

    return structure


def _is_a(origin: Any) -> Callable[[Any], bool]:
    return lambda hint: get_origin(hint) is origin


_WORDS: Mapping[type, str] = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_CONVERTER = Converter()
for _kind in _WORDS:
    _CONVERTER.register_structure_hook(_kind, _strict)
_CONVERTER.register_structure_hook_func(_is_a(tuple), _texts)
_CONVERTER.register_structure_hook_func(_is_a(Literal), lambda value, _: _strict(value, str))
_CONVERTER.register_structure_hook_func(lambda hint: hint is Thresholds, _thresholds)
_CONVERTER.register_structure_hook_factory(is_dataclass, _table)


def _explain(error: Exception, key: Key) -> Iterator[tuple[Key, str]]:
    """The key and the message for each error; an error of cattrs is a tree of several."""
    table = key[:-1]
    name = key[-1]
    match error:
        case ClassValidationError():
            noted, bare = error.group_exceptions()
            for inner, note in noted:
                yield from _explain(inner, (*key, note.name))
            for inner in bare:  # about the whole table, or about a field that the message names
                yield from _explain(inner, (*key, ""))
        case ForbiddenExtraKeysError():
            known = [item.name for item in fields(error.cl)]
            for extra in sorted(error.extra_fields):
                yield (*table, extra), _unknown_key_message((*table, extra), known)
        case KeyError():
            yield key, f"{_label(key)} is missing: write one"
        case _UnknownKeyError():
            known = (
                [known_key[-1] for known_key in SETTINGS if known_key[:-1] == table]
                if table
                else list(TABLES)
            )
            yield key, _unknown_key_message(key, known)
        case _WrongTypeError():
            setting = SETTINGS.get(key)
            expected = allowed_values(setting.item, setting.hint) if setting and table else error.expected
            yield key, f"{_label(key)} {error.found}: use {expected}"
        case _:  # a package's own check, whose message starts with the field
            yield key if name else table, f"{_label((*table, ''))}{error}"


def _unknown_key_message(key: Key, known: list[str]) -> str:
    """The message for an unknown key.

    >>> _unknown_key_message(("completion", "modle"), ["model", "mode", "threads"])
    '[completion] modle: no such setting; did you mean mode or model?'
    """
    matches = [_label(other) for other in SETTINGS if other[-1] == key[-1] and other[:-1]]
    matches = matches or difflib.get_close_matches(key[-1], known, n=2, cutoff=0.7)
    hint = f"did you mean {' or '.join(matches)}?" if matches else f"known are {', '.join(known)}"
    return f"{_label(key)}: no such {'setting' if key[:-1] else 'table'}; {hint}"


def _label(key: Key) -> str:
    return f"[{'.'.join(key[:-1])}] {key[-1]}" if key[:-1] else key[-1]


def show(value: Any) -> str:
    """A value as the user wrote it, shortened; the content of a list or a table is not shown."""
    match value:
        case str():
            return json.dumps(value if len(value) <= 60 else f"{value[:59]}…", ensure_ascii=False)
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a table"
        case bool() | None:
            return json.dumps(value)
        case _:
            return str(value)


def allowed_values(item: Field[Any], hint: Any) -> str:
    """The values a field takes, in words: "one of eager, balanced", "a whole number from 0 to 256"."""
    bounds = item.metadata
    if "takes" in bounds:
        return str(bounds["takes"])
    if "choices" in bounds:
        kind = "a list of" if get_origin(hint) is tuple else "one of"
        return f"{kind} {', '.join(bounds['choices'])}"
    if "min" in bounds:
        return f"{_WORDS[hint]} from {bounds['min']:g} to {bounds['max']:g}"
    return _WORDS.get(hint) or ("a list of text" if get_origin(hint) is tuple else "a table")
