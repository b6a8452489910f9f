"""The commands on settings: `config show|check|path`, which report, `set|unset`, and `trust`, which asks."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assist_server.cli.flags import (
    AsJson,
    Offline,
    WorkspaceOption,
    Yes,
    argument,
    ask_first,
    directory,
    example,
    with_offline,
)
from assist_server.cli.output import out, say, show_view
from assist_server.config import config as configuration
from assist_server.config.config import Config, Problem
from assist_server.config.permissions import EffectivePermissions, effective_permissions
from assist_server.config.repository_file import repositories, trust
from assist_server.config.structure import SETTINGS, TABLES
from assist_server.config.toml_file import ConfigError
from assist_server.errors import FAILED
from assist_server.wording.permissions import (
    change_lines,
    permission_document,
    permission_lines,
    toml_value,
)
from assist_server.wording.views import CommandView

if TYPE_CHECKING:  # only for two commands
    from assist_server.cli.assignment import Assignment

SECTIONS = ("completion", "context", "answers", "escalation")
KeyArgument = Annotated[
    str, argument("KEY", "A table and a key with a dot between them, as in `completion.mode`.")
]

config_app = typer.Typer(
    help="The settings, where they come from, and whether they are valid.",
    short_help="The settings, and whether they are valid.",
    epilog=example("assist config show", "assist config set completion.mode quiet"),
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the command line."""
    app.add_typer(config_app, name="config")


@config_app.command(
    "show",
    short_help="Every setting in force.",
    epilog=example("assist config show", "assist config show --json"),
)
def show_config(
    workspace: WorkspaceOption = Path(), as_json: AsJson = False, offline: Offline = False
) -> None:
    """Show every setting, which ones are not the default, what may leave the machine, and who says so."""
    config = with_offline(configuration.load_lenient(), offline=offline)
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
        argument("VALUE", "Text, a number, true or false, a list with commas, or a value as TOML writes it."),
    ],
    workspace: WorkspaceOption = Path(),
    as_json: AsJson = False,
) -> None:
    """Change one setting in your config.toml. Other lines and comments stay as they are.

    The value is checked first, and nothing is written if it is not valid.
    """
    from assist_server.cli.assignment import (  # noqa: PLC0415
        assign,
        from_folder,
        parse_key,
        parse_value,
    )

    names = parse_key(key)
    written = from_folder(names, parse_value(names, value), directory(workspace))
    _change(assign(names, written), workspace, as_json=as_json)


@config_app.command(
    "unset",
    short_help="Take one setting out of config.toml.",
    epilog=example("assist config unset completion.mode"),
)
def unset_setting(key: KeyArgument, workspace: WorkspaceOption = Path(), as_json: AsJson = False) -> None:
    """Take one setting out of your config.toml, so that its default counts again."""
    from assist_server.cli.assignment import assign, parse_key  # noqa: PLC0415

    _change(assign(parse_key(key), None), workspace, as_json=as_json)


@config_app.command("path", short_help="Where config.toml is.", epilog=example("assist config path"))
def show_path(as_json: AsJson = False) -> None:
    """Print the path of your config.toml, which need not exist."""
    config = configuration.load_lenient()
    show_view(CommandView(_where(config), [str(config.paths.config_file)]), as_json=as_json)


@config_app.command(
    "check",
    short_help="Errors in config.toml and the other settings files.",
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
    right = f"{file} is in order." if file.exists() else f"There is no {file}: every setting has its default."
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

    Until then nothing leaves the machine from that repository. A file that changed must be accepted again.
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
        named = ", ".join(str(file.path) for file in pending)
        ask_first(f"Accept {named}?", "Nothing was accepted.", yes=yes)
        trust(pending, data)
    done = "Accepted." if pending else f"There is nothing to accept in {root}."
    show_view(CommandView({"accepted": documents}, [done]), as_json=as_json)


def _change(made: "Assignment", workspace: Path, *, as_json: bool) -> None:
    """Say what was written, and what others say about the same setting."""
    from assist_server.cli.assignment import assigned_line, overruled_by  # noqa: PLC0415

    others = list(overruled_by(made, directory(workspace)))
    document = {"key": ".".join(made.key), "value": made.value, "file": str(made.file), "notes": others}
    show_view(CommandView(document, [f"{made.file}: {assigned_line(made)}", *others]), as_json=as_json)


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
        told = "" if value == default else f"  # default: {toml_value(default)}"
        yield f"{key[1]} = {toml_value(value)}{told}" if value is not None else f"# {key[1]} is not set"


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
