"""The configuration: config.toml, the environment and the editor's settings, merged into one value.

Only this module reads the environment. It loads no model, opens no socket and does not know what a setting
does.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import platformdirs

from assist_completion.settings import CompletionSettings, check_model, is_path
from assist_context.settings import ContextSettings
from assist_escalation.policy.patterns import SecretRule
from assist_escalation.policy.permissions import OPEN, Layer
from assist_escalation.policy.settings import EscalationMode, EscalationSettings
from assist_server.config.layers import (
    Statement,
    close_egress,
    company_rules,
    make_statement,
    read_policies,
)
from assist_server.config.own_directories import can_change, is_moved, relative_problems, usual_directory
from assist_server.config.structure import (
    RUNS,
    SETTINGS,
    AnswersSettings,
    GatewaySettings,
    Problem,
    read,
    show,
)
from assist_server.config.toml_file import ConfigError, read_toml, write_settings

__all__ = [
    "AnswersSettings",
    "Config",
    "ConfigError",
    "Paths",
    "Problem",
    "Role",
    "Secrets",
    "answering_model",
    "list_roles",
    "load",
    "load_lenient",
    "merge_settings",
    "set_role",
    "write_settings",
]

Role = Literal["ghost-text", "answers", "both"]
ROLE_TABLES: Mapping[Role, tuple[str, ...]] = {
    "ghost-text": ("completion",),
    "answers": ("answers",),
    "both": ("completion", "answers"),
}
EDITOR = "editor settings"  # the `source` of a problem that is not in a file
_OFF = frozenset({"", "0", "false", "no", "off"})  # any other value of ASSIST_OFFLINE is on: it fails closed
_HARMLESS = frozenset({"completion", "context", "answers"})  # tables in which a mistake opens nothing
_TIGHTENING = frozenset({"escalation", "egress", "data_class"})  # where an editor can make rules stricter
# Where git is, and the user's own git settings, which include ignore files and trusted folders.
_FOR_GIT = frozenset(
    {"PATH", "HOME", "XDG_CONFIG_HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "SYSTEMROOT", "TMPDIR"}
    | {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH"}
    | {"GIT_CEILING_DIRECTORIES"}
)
# Where packages are installed that code imports.
_FOR_LIBRARIES = frozenset(
    {"VIRTUAL_ENV", "CONDA_PREFIX", "POETRY_VIRTUALENVS_PATH", "XDG_CACHE_HOME", "HOME", "USERPROFILE"}
    | {"GOROOT", "GOPATH", "GOMODCACHE"}
)
# Names of variables whose values are secrets wherever they occur.
_SECRET = re.compile(
    r"""
    TOKEN | SECRET | PASSW | PASSPHRASE | CREDENTIAL    # anywhere in the name
    | API_?KEY | ACCESS_?KEY | PRIVATE_?KEY             # kinds of keys
    | (?:^|_)(?:KEYS?|PASS|PAT|AUTH|DSN)(?:_|$)         # short words, only as a whole part of the name
    | _PWD$                                             # PWD alone is a directory
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SYSTEM_POLICIES = Path("/etc/xdg/assist")
_NOT_FROM_EDITOR = (
    "cannot be set by an editor, because a workspace can write its settings: set it in config.toml"
)
_LIMITS = ("mode", "max_escalation_rate", "max_cost_usd_per_request", "max_cost_usd_per_day")


@dataclass(frozen=True, slots=True)
class Paths:
    """The two directories that hold everything, and an organisation's policies. None need exist.

    All are absolute. A policy may also be in `config`. `moved` says which of the two, "config" and "data",
    are not where they usually are.
    """

    config: Path
    data: Path
    site: tuple[Path, ...] = ()
    moved: tuple[str, ...] = ()

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Environment variables that hold secrets: those that the settings name, and those that look like it.

    Its text representation shows no value. `values` is for finding these values in what would be sent.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> str:
        """The value of a variable that the settings name; "" if it is not set."""
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. `problems` says what was ignored on the way; `load` never returns any.

    `offline` forbids all sockets except those within this machine. `programs` is the part of the environment
    that git needs, `environments` the part that says where packages are installed. `escalation` is what the
    user wrote and no more, and `rules` come from the user's file of rules: `permissions_for` combines both
    with `organisation`, `editor` and the repository's file.
    """

    completion: CompletionSettings
    answers: AnswersSettings
    escalation: EscalationSettings
    paths: Paths
    offline: bool = False
    problems: tuple[Problem, ...] = ()
    context: ContextSettings = field(default_factory=ContextSettings)
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    programs: Mapping[str, str] = field(default_factory=dict, repr=False)
    environments: Mapping[str, str] = field(default_factory=dict, repr=False)
    organisation: tuple[Statement, ...] = ()
    editor: Layer | None = None
    rules: tuple[SecretRule, ...] = ()
    secrets: Secrets = field(default_factory=Secrets)


def load(environ: Mapping[str, str] | None = None) -> Config:
    """The user's configuration, for a command. Any problem raises `ConfigError`, which names them all."""
    config = load_lenient(environ)
    if config.problems:
        raise ConfigError(*map(str, config.problems))
    return config


def load_lenient(environ: Mapping[str, str] | None = None, site: tuple[Path, ...] | None = None) -> Config:
    """The user's configuration, for a server that must start: invalid settings keep their defaults.

    If something that concerns egress is invalid, nothing leaves the machine. Problems in an organisation's
    policy stay with it, in `organisation`: local work continues. `site` replaces the platform's directories
    of policies.
    """
    environ = os.environ if environ is None else environ
    paths = _paths(environ, _site() if site is None else site)
    config = _read_file(
        Config(
            CompletionSettings(),
            AnswersSettings(),
            EscalationSettings(),
            paths,
            offline=environ.get("ASSIST_OFFLINE", "").strip().lower() not in _OFF,
            programs={name: value for name, value in environ.items() if name in _FOR_GIT},
            environments={name: value for name, value in environ.items() if name in _FOR_LIBRARIES},
            organisation=_policies(paths),
        )
    )
    owners = config.escalation, *(layer.layer.settings for layer in config.organisation)
    config = replace(config, secrets=_secrets(environ, owners))
    if relative := tuple(relative_problems(environ)):
        config = _close_egress(replace(config, problems=(*config.problems, *relative)))
    return config


def _policies(paths: Paths) -> tuple[Statement, ...]:
    """The system's policies, as far as only an administrator can change them, and the one of the user."""
    own = [paths.config] if paths.config not in paths.site else []
    return (*read_policies(paths.site, can_change), *read_policies(own))


def _paths(environ: Mapping[str, str], site: tuple[Path, ...]) -> Paths:
    config = _directory("ASSIST_CONFIG_DIR", environ, platformdirs.user_config_path)
    data = _directory("ASSIST_DATA_DIR", environ, platformdirs.user_data_path)
    paths = {
        "config": is_moved("ASSIST_CONFIG_DIR", config, environ),
        "data": is_moved("ASSIST_DATA_DIR", data, environ),
    }
    return Paths(config, data, site, tuple(name for name, is_so in paths.items() if is_so))


def _read_file(defaults: Config) -> Config:
    paths = defaults.paths
    file = str(paths.config_file)
    try:
        _, data = read_toml(paths.config_file)
    except ConfigError as error:
        return replace(defaults, problems=(Problem("", file, str(error)),))
    config, problems = read(defaults, data, file, paths.config)
    rules, wrong = company_rules(config.escalation.rules_file, file)
    config = replace(config, rules=rules, problems=(*problems, *wrong))
    harmless = all(_table(problem) in _HARMLESS for problem in config.problems)
    return config if harmless else _close_egress(config)


def _secrets(environ: Mapping[str, str], owners: Iterable[EscalationSettings]) -> Secrets:
    values = {
        name
        for owner in owners
        for name in (
            owner.audit_key_env,
            owner.collector_key_env,
            *(provider.api_key_env for provider in owner.providers.values()),
            *(server.api_key_env for server in owner.servers.values()),
        )
    }
    return Secrets(
        {name: value for name, value in environ.items() if value and (name in values or _SECRET.search(name))}
    )


def _site() -> tuple[Path, ...]:
    """The directories of an organisation's policies. On Linux, no variable removes the system's own."""
    values = platformdirs.site_config_dir("assist", appauthor=False, multipath=True).split(os.pathsep)
    system = [] if sys.platform in ("win32", "darwin") else [_SYSTEM_POLICIES]
    return tuple(dict.fromkeys([*system, *map(Path, values)]))


def merge_settings(base: Config, settings: object) -> Config:
    """`base` with an editor's settings over it: the keys of config.toml, perhaps under "assist".

    `settings` is decoded JSON of any shape; null means not given. `base` must come from `load_lenient`, not
    from an earlier merge, so that a removed setting is gone; its problems are kept. Settings that concern
    egress can only be made stricter, because a workspace can write its editor's settings.
    """
    if isinstance(settings, Mapping) and "assist" in settings:
        settings = settings["assist"]
    if not settings:
        return base
    if not isinstance(settings, Mapping):
        wrong = Problem("assist", EDITOR, f"assist = {show(settings)}: send a table of settings")
        return replace(base, problems=(*base.problems, wrong))
    # An empty Lua table arrives as [].
    data = {name: {} if table == [] else table for name, table in settings.items()}
    own = {name: table for name, table in data.items() if name in _HARMLESS}
    others = {name: table for name, table in data.items() if name not in _HARMLESS}
    combined, problems = read(base, own, EDITOR, base.paths.config)
    combined, refusals = _keep_own_settings(base, combined)
    problems += refusals
    statement = make_statement(Layer("editor", EDITOR, OPEN), others, base.paths.config)
    if any(_table(problem) in _TIGHTENING for problem in statement.problems):
        statement = close_egress(statement)
    problems += [*statement.problems, *_loosening_problems(others, statement.layer.settings, base)]
    editor = statement.layer if statement.layer.settings != OPEN else None
    return replace(combined, editor=editor, problems=(*base.problems, *problems))


def _keep_own_settings(base: Config, combined: Config) -> tuple[Config, list[Problem]]:
    """`combined` with the user's own values where the editor's are not taken, and a problem for each.

    A workspace can write its editor's settings, and llama.cpp must not parse any file it brings.
    """
    own = [
        (table, "model")
        for table, model in (("completion", combined.completion.model), ("answers", combined.answers.model))
        if is_path(model) and not _is_own_model(base, model)
    ]
    if RUNS.index(combined.answers.run) < RUNS.index(base.answers.run):
        own.append(("answers", "run"))
    own += [("completion", "library"), ("context", "docs"), ("completion", "server")]
    problems = []
    for key in own:
        name = SETTINGS[key].item.name
        section = getattr(combined, SETTINGS[key].section)
        value = getattr(section, name)
        mine = getattr(getattr(base, SETTINGS[key].section), name)
        if value != mine:
            combined = replace(combined, **{SETTINGS[key].section: replace(section, **{name: mine})})
            setting = f"[{key[0]}] {key[1]} = {show(value)} {_NOT_FROM_EDITOR}"
            problems.append(Problem(".".join(key), EDITOR, setting))
    return combined, problems


def _is_own_model(base: Config, model: str) -> bool:
    """Return whether the user's configuration names this file, or it is in the user's directory of models."""
    if model in (base.completion.model, base.answers.model):
        return True
    place = Path(os.path.realpath(os.path.expanduser(model)))
    return place.is_relative_to(os.path.realpath(base.paths.data / "models"))


def _loosening_problems(
    data: Mapping[str, object], editor_settings: EscalationSettings, base: Config
) -> list[Problem]:
    """A problem for each limit that the editor sets above the user's own. The user's limit stays in force."""
    table = data.get("escalation")
    names = [name for name in _LIMITS if isinstance(table, Mapping) and table.get(name) is not None]
    pairs = [(name, getattr(editor_settings, name), getattr(base.escalation, name)) for name in names]
    return [
        Problem(
            f"escalation.{name}",
            EDITOR,
            f"[escalation] {name} = {show(value)} (above {show(limit)}) {_NOT_FROM_EDITOR}",
        )
        for name, value, limit in pairs
        if _rank(value) > _rank(limit)
    ]


def _rank(limit: float | str) -> float:
    return get_args(EscalationMode).index(limit) if isinstance(limit, str) else limit


def _close_egress(config: Config) -> Config:
    """The same with egress off, and a problem that says so: a mistake in a rule may have opened something."""
    settings = config.escalation
    escalation = replace(settings, mode="never", ghost_text="local")
    if settings.mode == "never" and not settings.ghost_server:  # nothing was open
        return replace(config, escalation=escalation)
    problem = Problem(
        "escalation.mode",
        config.problems[-1].source,
        '[escalation] mode = "never" until these settings are corrected: nothing leaves this machine',
    )
    return replace(config, escalation=escalation, problems=(*config.problems, problem))


def _table(problem: Problem) -> str:
    return problem.key.partition(".")[0]


def _directory(variable: str, environ: Mapping[str, str], platform: Callable[..., Path]) -> Path:
    """The directory that a variable names, else the platform's. A relative one is never taken."""
    values = os.path.expanduser(environ.get(variable, ""))
    if os.path.isabs(values):
        return Path(values)
    path = platform("assist", appauthor=False)
    return path if path.is_absolute() else usual_directory(variable) or path.absolute()


def answering_model(config: Config) -> str:
    """The model on this machine that answers questions."""
    return config.answers.model or config.completion.model


def list_roles(config: Config, model: str) -> tuple[str, ...]:
    """Return the uses of a model, as `Role` names it: ghost text, answers, both or none."""
    models = {"ghost-text": config.completion.model, "answers": answering_model(config)}
    return tuple(role for role, name in models.items() if name == model)


def set_role(config: Config, name: str, role: Role) -> Config:
    """Write into config.toml that this model has this role; return the configuration with it.

    Raises what `write_settings` does, and `CompletionError` for an invalid name.
    """
    check_model(name)
    write_settings(config.paths.config_file, {(table, "model"): name for table in ROLE_TABLES[role]})
    for table in ROLE_TABLES[role]:
        config = replace(config, **{table: replace(getattr(config, table), model=name)})
    return config
