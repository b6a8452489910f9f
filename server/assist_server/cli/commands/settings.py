"""The commands on settings: `config show|check|path`, which report, `set|unset`, and `trust`, which asks."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from assist_escalation.policy.permissions import restrictions
from assist_server.cli.flags import (
    AsJson,
    Offline,
    WorkspaceOption,
    Yes,
    argument,
    ask_first,
    directory,
    example,
    set_offline,
)
from assist_server.cli.output import out, say, show_view
from assist_server.config import config as configuration
from assist_server.config.config import Config, Problem, write_settings
from assist_server.config.permissions import EffectivePermissions, effective_permissions
from assist_server.config.repository_file import repositories, trust
from assist_server.config.structure import SETTINGS, TABLES, read, show
from assist_server.config.toml_file import ConfigError, literal, member, read_toml
from assist_server.errors import FAILED, WRONG_USAGE, UserError
from assist_server.wording.permissions import (
    change_lines,
    permission_document,
    permission_lines,
    toml_value,
)
from assist_server.wording.views import CommandView

SECTIONS = ("completion", "context", "answers", "escalation")
KeyArgument = Annotated[str, argument("KEY", "A table and a key, as in `completion.mode`.")]

config_app = typer.Typer(
    help="Show, change and check settings.",
    short_help="Show, change and check settings.",
    epilog=example("assist config show", "assist config set completion.mode quiet"),
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.add_typer(config_app, name="config")


@config_app.command(
    "show",
    short_help="Show the effective settings.",
    epilog=example("assist config show", "assist config show --json"),
)
def show_config(
    workspace: WorkspaceOption = Path(), as_json: AsJson = False, offline: Offline = False
) -> None:
    """Show every setting, those that you changed, what may leave the machine, and which file says so."""
    config = set_offline(configuration.load_lenient(), offline=offline)
    effective = effective_permissions(config, [str(directory(workspace))])
    problems = _problems(config, effective)
    document = {
        **_where(config),
        "settings": {name: asdict(getattr(config, name)) for name in SECTIONS},
        **permission_document(effective),
        "problems": [asdict(problem) for problem in problems],
    }
    file = config.paths.config_file
    head = [
        f"# {file}{'' if file.exists() else ' (does not exist: every setting has its default)'}",
        f"# data in {config.paths.data}; {'offline' if config.offline else 'online'}",
    ]
    words = [*head, *_setting_lines(config), "", *permission_lines(effective)]
    show_view(CommandView(document, words), as_json=as_json)
    for problem in () if as_json else problems:
        say(f"assist: {problem}")


@config_app.command(
    "set",
    short_help="Change one setting in config.toml.",
    epilog=example(
        "assist config set completion.mode quiet",
        "assist config set answers.model qwen2.5-coder-1.5b",
        "assist config set escalation.always_local test,fix",
        "assist config set context.docs ~/handbook",
    ),
)
def set_setting(
    key: KeyArgument,
    value: Annotated[
        str,
        argument("VALUE", "Text, a number, true or false, a comma-separated list, or a TOML value."),
    ],
    workspace: WorkspaceOption = Path(),
    as_json: AsJson = False,
) -> None:
    """Change one setting in your config.toml. Other lines and comments stay as they are.

    The value is checked first, and nothing is written if it is not valid.
    """
    names = parse_key(key)
    value_text = _from_folder(names, parse_value(names, value), directory(workspace))
    _change(names, value_text, workspace, as_json=as_json)


@config_app.command(
    "unset",
    short_help="Remove one setting from config.toml.",
    epilog=example("assist config unset completion.mode"),
)
def unset_setting(key: KeyArgument, workspace: WorkspaceOption = Path(), as_json: AsJson = False) -> None:
    """Remove one setting from your config.toml, so that its default applies again."""
    _change(parse_key(key), None, workspace, as_json=as_json)


@config_app.command("path", short_help="Print the path of config.toml.", epilog=example("assist config path"))
def show_path(as_json: AsJson = False) -> None:
    """Print the path of your config.toml, even if the file does not exist."""
    config = configuration.load_lenient()
    show_view(CommandView(_where(config), [str(config.paths.config_file)]), as_json=as_json)


@config_app.command(
    "check",
    short_help="Check config.toml and the other settings files.",
    epilog=example("assist config check"),
)
def check_config(workspace: WorkspaceOption = Path(), as_json: AsJson = False) -> None:
    """Check config.toml, policy.toml and .assist.toml. The exit code is 1 if anything is wrong."""
    config = configuration.load_lenient()
    effective = effective_permissions(config, [str(directory(workspace))])
    problems = _problems(config, effective)
    document = {
        **_where(config),
        "ok": not problems,
        **permission_document(effective),
        "problems": [asdict(problem) for problem in problems],
    }
    file = config.paths.config_file
    right = (
        f"{file} has no errors." if file.exists() else f"There is no {file}: every setting has its default."
    )
    show_view(CommandView(document, [*map(str, problems)] or [right]), as_json=as_json)
    if problems:
        raise typer.Exit(FAILED)


@config_app.command(
    "trust",
    short_help="Accept the .assist.toml of a repository.",
    epilog=example("assist config trust", "assist config trust --workspace ~/src/shop --yes"),
)
def trust_files(workspace: WorkspaceOption = Path(), yes: Yes = False, as_json: AsJson = False) -> None:
    """Show what a repository's .assist.toml forbids, or no longer forbids, and accept it if you agree.

    Until then nothing from that repository leaves the machine. If the file changes, it must be accepted
    again.
    """
    root = directory(workspace)
    data = configuration.load_lenient().paths.data
    pending = tuple(repository for repository in repositories(root, data) if repository.state != "trusted")
    documents = [
        {"path": str(file.path), "state": file.state, "says": list(change_lines(file))} for file in pending
    ]
    wrong = [str(problem) for file in pending if file.now for problem in file.now.problems]
    if wrong:
        raise ConfigError(*wrong, "Nothing was accepted: correct the file first.")
    for line in (line for file in pending for line in change_lines(file)):
        (say if as_json else out)(line)
    if pending:
        names = ", ".join(str(file.path) for file in pending)
        ask_first(f"Accept {names}?", "Nothing was accepted.", yes=yes)
        trust(pending, data)
    sentence = "Accepted." if pending else f"There is nothing to accept in {root}."
    show_view(CommandView({"accepted": documents}, [sentence]), as_json=as_json)


def _change(key: tuple[str, ...], value: Any, workspace: Path, *, as_json: bool) -> None:
    """Write a setting, or take it out if the value is None. Say so, and what others say about it."""
    file = _assign(key, value)
    others = list(_overruling_lines(key, directory(workspace)))
    document = {"key": ".".join(key), "value": value, "file": str(file), "notes": others}
    value_text = "is not set" if value is None else f"= {literal(value)}"
    line = f"{file}: [{'.'.join(key[:-1])}] {key[-1]} {value_text}"
    show_view(CommandView(document, [line, *others]), as_json=as_json)


def parse_key(text: str) -> tuple[str, ...]:
    """The tables and the name of a key such as `completion.mode`; a name with dots is in quotes.

    >>> parse_key('data_class."docs/*.md"')
    ('data_class', 'docs/*.md')
    """
    try:
        data: Any = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        data = {}
    names: list[str] = []
    while isinstance(data, dict) and len(data) == 1:
        [(name, data)] = data.items()
        names.append(name)
    if not names or data != 0:
        raise UserError(f"{text!r} is not a key: write TABLE.KEY, as in completion.mode.", WRONG_USAGE)
    return tuple(names)


def parse_value(key: tuple[str, ...], text: str) -> Any:
    """The value of a setting from its text: as TOML, or as it is for a setting that takes text.

    >>> parse_value(("escalation", "always_local"), "test, fix")
    ['test', 'fix']
    """
    hint = _write_hint(key)
    if get_origin(hint) is tuple and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, str) or not _takes_text(hint) else text


def _from_folder(key: tuple[str, ...], value: Any, folder: Path) -> Any:
    """The value of a setting whose relative paths start at a folder, as they do on a command line."""
    setting = SETTINGS.get(key[:2])
    if setting is None or not setting.item.metadata.get("path"):
        return value
    if isinstance(value, list):
        return [_from_folder(key, item, folder) for item in value]
    is_relative = isinstance(value, str) and value.strip() and not value.startswith("~")
    return str(folder / value) if is_relative else value


def _assign(key: tuple[str, ...], value: Any) -> Path:
    """Write a setting into the user's config.toml, whose path is returned, or take it out if it is None.

    The value is checked as if it had been read from the file. Raises `ConfigError` with what is wrong about
    the key or the value; then nothing is written.
    """
    config = configuration.load_lenient()
    file = config.paths.config_file
    _, data = read_toml(file)
    entry: Any = 0 if value is None else value
    for name in reversed(key):
        entry = {name: entry}
    if len(key) > 2 and value is not None:  # one field of a provider: it is valid only with the others
        table = member(data, key[:2]) or {}
        if not isinstance(table, dict):
            raise ConfigError(f"{'.'.join(key[:2])} is {show(table)}, not a table: unset it first")
        entry = {key[0]: {key[1]: {**table, **entry[key[0]][key[1]]}}}
    _, problems = read(config, entry, str(file), config.paths.config)
    if value is not None and problems:
        raise ConfigError(*(problem.message for problem in problems))
    if value is None and member(data, key) is None:
        for message in (problem.message for problem in problems if "no such" in problem.message):
            raise ConfigError(message)
        return file
    write_settings(file, {key: value})
    return file


def _overruling_lines(key: tuple[str, ...], root: Path) -> Iterator[str]:
    """Yield what an organisation or a repository says about the same setting: the strictest rule applies."""
    setting = SETTINGS.get(key[:2]) or SETTINGS.get(key[:1])
    if setting is None or setting.section != "escalation":
        return
    permissions = effective_permissions(configuration.load_lenient(), [str(root)])
    label = ".".join(key[:2])
    for layer in permissions.layers:
        limits = dict(restrictions(layer)) if layer.author not in ("user", "editor") else {}
        if setting.item.name in limits:
            yield (
                f"{layer.source} also sets {label}, to {show(limits[setting.item.name])}; the stricter holds."
            )


def _write_hint(key: tuple[str, ...]) -> Any:
    """The type of a setting, or of a field of a provider; None if there is no such setting."""
    whole = SETTINGS.get(key[:1])
    if whole is None:
        setting = SETTINGS.get(key)
        return setting.hint if setting else None
    entry = get_args(whole.hint)[1]
    return get_type_hints(entry).get(key[2]) if len(key) > 2 and is_dataclass(entry) else entry


def _takes_text(hint: Any) -> bool:
    choices = get_args(hint)
    return hint is str or (bool(choices) and all(isinstance(choice, str) for choice in choices))


def _where(config: Config) -> dict[str, Any]:
    paths = config.paths
    return {
        "file": str(paths.config_file),
        "exists": paths.config_file.exists(),
        "data": str(paths.data),
        "offline": config.offline,
    }


def _problems(config: Config, effective: EffectivePermissions) -> list[Problem]:
    return [*config.problems, *effective.problems]


def _setting_lines(config: Config) -> Iterator[str]:
    """The user's settings as TOML, under the names that they have in config.toml."""
    table = ""
    for key, setting in sorted(SETTINGS.items(), key=lambda each: TABLES.index(each[0][0])):
        section = getattr(config, setting.section)
        value = getattr(section, setting.item.name)
        if len(key) == 1:
            yield from _table_lines(key[0], value)
            continue
        if key[0] != table:
            table = key[0]
            yield f"\n[{table}]"
        default = getattr(type(section)(), setting.item.name)
        note = "" if value == default else f"  # default: {toml_value(default)}"
        yield f"{key[1]} = {toml_value(value)}{note}" if value is not None else f"# {key[1]} is not set"


def _table_lines(name: str, entries: Mapping[str, Any]) -> Iterator[str]:
    """The entries of a table whose names the user chooses: a line each, or a table each."""
    if entries and not any(map(is_dataclass, entries.values())):
        yield f"\n[{name}]"
        yield from (f"{toml_value(key)} = {toml_value(value)}" for key, value in entries.items())
        return
    for key, entry in entries.items():
        yield f"\n[{name}.{toml_value(key)}]"
        for item, value in asdict(entry).items():
            if value is not None:
                yield f"{item} = {toml_value(value)}"
