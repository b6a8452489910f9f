"""Settings from plain data: which key goes where, whether its value is valid, and the message if not.

It reads no file and no environment, and does not know who wrote the data. The few types of the packages'
dataclasses are checked by hand: pydantic would take `assist lsp` 0.10 s of processor time before it answers
an editor that sends settings, and cattrs costs commands 0.05 s (medians of 15 starts with Python 3.11).
"""

import difflib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from assist_completion.errors import CompletionError
from assist_completion.settings import CompletionSettings, check_bounds, check_model, is_path
from assist_context.settings import ContextSettings, setting
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

    model: str = setting(
        "",
        "The local model that answers questions: a name or a path, as in `[completion]`. Empty: the model "
        "that writes ghost text.",
    )
    threads_days: int = setting(
        7,
        "The number of days that conversations from the terminal are kept, so that `assist ask -c` can "
        "continue them. They are stored in the data directory, readable only by you. 0: conversations are "
        "not kept.",
        min=0,
        max=365,
    )
    run: RunSetting = setting(
        "ask",
        "Whether `assist test`, `fix` and `refactor` may run the workspace's code. `ask`: assist asks you "
        "once per workspace. `sandbox`: it runs the code without asking, but only in a sandbox. `never`: it "
        "does not run the code.",
        choices=RUNS,
        stricter=True,
    )

    words: bool = setting(
        False,
        "Whether a local model with fewer than 7 billion parameters also writes prose if facts computed "
        "from the code already answer the question. `--words` turns this on for one command. Such models "
        "are often wrong: in about one in six sentences about a function, and in half of those that answer "
        "a free-form question.",
    )

    def __post_init__(self) -> None:
        if self.model:
            check_model(self.model)
        check_bounds(self)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """The address of the gateway, from the `[gateway]` table. An invalid value raises `CompletionError`."""

    port: int = setting(
        8790, "The port on this machine where `assist gateway` listens.", min=1, max=65_535, own_file=True
    )
    with_editor: bool = setting(
        False, "Whether an editor also starts the gateway, as a separate process.", own_file=True
    )
    edit_servers: tuple[str, ...] = setting(
        (),
        "The MCP servers whose tools edit files on this machine, by the names that agents use for them. If "
        "an agent writes to a file with such a tool, assist puts the original secrets back in the text, "
        "as it does for the agent's own tools. `filesystem` is built in.",
        own_file=True,
    )

    def __post_init__(self) -> None:
        check_bounds(self)


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
    """The destination of a key: a field of a section of the configuration, with the field's type."""

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
_WORDS: Mapping[type, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


class _InvalidError(Exception):
    """Values that cannot be taken: the key of each, and the message."""

    def __init__(self, *problems: tuple[Key, str]) -> None:
        super().__init__(*problems)
        self.problems = problems


def read(base: T, data: Mapping[str, Any], source: str, home: Path) -> tuple[T, list[Problem]]:
    """`base` with every valid value of `data` put in. An invalid value is ignored, and is a problem.

    `base` is a dataclass with fields out of `completion`, `context`, `answers`, `gateway` and
    `escalation` that `data` may set. `data` has the layout of config.toml; None means not given. Relative
    paths of models start at `home`.
    """
    problems: list[Problem] = []
    for key, value in _leaves(data):
        try:
            base = _put(base, key, value, home)
        except _InvalidError as error:
            problems += [Problem(".".join(at), source, why) for at, why in error.problems]
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
        raise _wrong_type(key, f"= {show(value)}", "a table")
    whole = SETTINGS.get(key[:1])  # [providers] and [data_class] are one setting each
    field = whole or SETTINGS.get(key)
    if field is None:
        names = [other[-1] for other in SETTINGS if other[:-1] == key[:-1]] if key[1:] else TABLES
        raise _InvalidError((key, _unknown_key_message(key, names)))
    section = getattr(base, field.section)
    name = field.item.name
    field_value = _field_value(value, get_args(field.hint)[1] if whole else field.hint, key)
    try:
        if whole:
            field_value = {**getattr(section, name), key[1]: field_value}
        elif name == MODEL and is_path(field_value):
            check_model(field_value)  # before the path changes, so that the message shows what the user wrote
            field_value = _absolute(field_value, home, key[1])
        elif field.item.metadata.get("path") and isinstance(field_value, tuple):
            field_value = tuple(_absolute(path, home, key[1]) for path in field_value)
        elif field.item.metadata.get("path") and field_value:
            field_value = _absolute(field_value, home, key[1])
        section = replace(section, **{name: field_value})
        if isinstance(section, ContextSettings):  # its package has no errors
            check_bounds(section)
    except (CompletionError, EscalationError) as error:  # the message starts with the name
        raise _InvalidError((key, f"[{key[0]}] {error}")) from error
    return replace(base, **{field.section: section})


def _absolute(path: str, home: Path, name: str) -> str:
    if not path.strip() or "\0" in path:
        raise CompletionError(f"{name} = {show(path)} is not a path; name a file or a folder")
    try:
        return str(home / Path(path).expanduser())
    except RuntimeError as error:  # ~NAME of an unknown user
        raise CompletionError(f"{name} = {show(path)}: {error}; write the path in full") from error


def _field_value(value: Any, hint: Any, key: Key) -> Any:
    """`value` as a field of the type `hint` holds it. Only a whole number is made into another type."""
    entry = next((part for part in (hint, *get_args(hint)) if is_dataclass(part)), None)  # it may be optional
    if entry is not None:
        return _entry(value, entry, key)
    if hint is Thresholds:  # a number for all kinds of request, or a table of numbers
        table = value if isinstance(value, Mapping) else {DEFAULT: value}
        return Thresholds({kind: _field_value(limit, float, key) for kind, limit in table.items()})
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise _wrong_type(key, f"= {show(value)}", "a list of strings")
        for item in value:
            if not isinstance(item, str):
                raise _wrong_type(key, f"holds {show(item)}", "a list of strings")
        return tuple(value)
    kind = str if get_origin(hint) is Literal else hint
    if type(value) is kind:  # true is no whole number
        return value
    if kind is float and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    raise _wrong_type(key, f"= {show(value)}", _WORDS[kind])


def _entry(value: Any, owner: Any, key: Key) -> Any:
    """An entry of `[providers]` or `[servers]`, or the price in one. All that is wrong in it is told."""
    if not isinstance(value, Mapping):
        raise _wrong_type(key, f"= {show(value)}", "a table")
    hints = get_type_hints(owner)
    field_value = {}
    problems: list[tuple[Key, str]] = []
    for item in fields(owner):
        place = (*key, item.name)
        try:
            if item.name in value:
                field_value[item.name] = _field_value(value[item.name], hints[item.name], place)
            elif item.default is MISSING and item.default_factory is MISSING:
                problems.append((place, f"{_label(place)} is missing: write one"))
        except _InvalidError as error:
            problems += error.problems
    for name in sorted(set(value) - set(hints)):
        problems.append(((*key, name), _unknown_key_message((*key, name), hints)))
    if problems:
        raise _InvalidError(*problems)
    try:
        return owner(**field_value)
    except EscalationError as error:  # the message starts with the name
        raise _InvalidError((key, f"[{'.'.join(key)}] {error}")) from error


def _wrong_type(key: Key, type_name: str, type_expected: str) -> _InvalidError:
    field = SETTINGS.get(key)
    values = allowed_values(field.item, field.hint) if field and key[1:] else type_expected
    return _InvalidError((key, f"{_label(key)} {type_name}: use {values}"))


def _unknown_key_message(key: Key, names: Iterable[str]) -> str:
    """The message for an unknown key.

    >>> _unknown_key_message(("completion", "modle"), ["model", "mode", "threads"])
    '[completion] modle: no such setting; did you mean mode or model?'
    """
    matches = [_label(other) for other in SETTINGS if other[-1] == key[-1] and other[:-1]]
    matches = matches or difflib.get_close_matches(key[-1], names, n=2, cutoff=0.7)
    hint = f"did you mean {' or '.join(matches)}?" if matches else f"choose from {', '.join(names)}"
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
        kind = "a list with any of" if get_origin(hint) is tuple else "one of"
        return f"{kind} {', '.join(bounds['choices'])}"
    if "min" in bounds:
        return f"{_WORDS[hint]} from {bounds['min']:.15g} to {bounds['max']:.15g}"
    return _WORDS.get(hint) or ("a list of strings" if get_origin(hint) is tuple else "a table")
