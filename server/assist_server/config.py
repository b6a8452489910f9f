"""The configuration: config.toml, the environment and the editor's settings, made into one value.

The only module that reads the environment.
It loads no model, opens no socket and does not know what a setting does.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import platformdirs

from assist_completion.settings import Settings as CompletionSettings
from assist_context.settings import Settings as ContextSettings
from assist_escalation.settings import Settings as EscalationSettings
from assist_escalation.settings import tighten
from assist_server.config_file import ConfigError, read_toml, set_model
from assist_server.config_read import Answers, Problem, read, show
from assist_server.config_reference import reference

__all__ = [
    "Answers",
    "Config",
    "ConfigError",
    "Paths",
    "Problem",
    "load",
    "load_lenient",
    "merge_settings",
    "reference",
    "set_model",
]

EDITOR = "editor settings"  # the `source` of a problem that stands in no file
_OFF = frozenset({"", "0", "false", "no", "off"})  # any other ASSIST_OFFLINE is on: it fails closed
_HARMLESS = frozenset({"completion", "context", "answers"})  # tables in which a slip opens nothing
_TIGHTENING = frozenset({"escalation", "egress"})  # tables an editor may tighten with
_OWNED = ("providers", "data_class")  # tables an editor may not write at all
# Where git is, and its user's own settings: with them its ignore files and the folders it trusts.
_FOR_GIT = frozenset(
    {"PATH", "HOME", "XDG_CONFIG_HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "SYSTEMROOT", "TMPDIR"}
    | {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH"}
    | {"GIT_CEILING_DIRECTORIES"}
)
_LIMITS = ("mode", "max_escalation_rate", "max_cost_usd_per_request", "max_cost_usd_per_day")


@dataclass(frozen=True, slots=True)
class Paths:
    """The two directories everything lives in, absolute; neither need exist."""

    config: Path
    data: Path

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. `problems` tells what was left out on the way; `load` never returns any.

    `offline` forbids any socket but for those of this machine itself. `programs` is what of the
    environment git needs.
    """

    completion: CompletionSettings
    answers: Answers
    escalation: EscalationSettings
    paths: Paths
    offline: bool = False
    problems: tuple[Problem, ...] = ()
    context: ContextSettings = field(default_factory=ContextSettings)
    programs: Mapping[str, str] = field(default_factory=dict, repr=False)


def load(environ: Mapping[str, str] | None = None) -> Config:
    """The user's configuration, for a command line: any problem at all raises `ConfigError`, naming each."""
    config = load_lenient(environ)
    if config.problems:
        raise ConfigError("\n".join(str(problem) for problem in config.problems))
    return config


def load_lenient(environ: Mapping[str, str] | None = None) -> Config:
    """The user's configuration, for a server that must start: what is wrong keeps its default.

    Where something that bears on egress is wrong, nothing leaves the machine.
    """
    environ = os.environ if environ is None else environ
    paths = Paths(
        _directory(environ.get("ASSIST_CONFIG_DIR"), platformdirs.user_config_path),
        _directory(environ.get("ASSIST_DATA_DIR"), platformdirs.user_data_path),
    )
    offline = environ.get("ASSIST_OFFLINE", "").strip().lower() not in _OFF
    programs = {name: value for name, value in environ.items() if name in _FOR_GIT}
    settings = CompletionSettings(), Answers(), EscalationSettings()
    defaults = Config(*settings, paths, offline, programs=programs)
    file = str(paths.config_file)
    try:
        _, data = read_toml(paths.config_file)
    except ConfigError as error:
        return replace(defaults, problems=(Problem("", file, str(error)),))
    config, problems = read(defaults, data, file, paths.config)
    config = replace(config, problems=tuple(problems))
    return config if all(_table(problem) in _HARMLESS for problem in problems) else _nothing_leaves(config)


def merge_settings(base: Config, settings: object) -> Config:
    """`base` with an editor's settings over it: the keys of config.toml, perhaps under "assist".

    `settings` is what JSON brought, of any shape; null counts as not given. `base` is what
    `load_lenient` gave, not an earlier merge, so that a setting taken back is gone; its problems stay.
    What bears on egress can only be tightened: a workspace can write its editor's settings.
    """
    if isinstance(settings, Mapping) and "assist" in settings:
        settings = settings["assist"]
    if not settings:
        return base
    if not isinstance(settings, Mapping):
        wrong = Problem("assist", EDITOR, f"assist = {show(settings)}: send a table of settings")
        return replace(base, problems=(*base.problems, wrong))
    data = {name: {} if table == [] else table for name, table in settings.items()}  # Lua's {} comes as []
    owned = [name for name in _OWNED if data.pop(name, None)]
    asked, problems = read(base, data, EDITOR, base.paths.config)
    slipped = any(_table(problem) in _TIGHTENING for problem in problems)
    escalation = tighten(base.escalation, asked.escalation)
    problems += [_refused(name, f"[{name}]", base.paths) for name in owned]
    problems += _loosened(asked.escalation, escalation, base.paths)
    merged = replace(asked, escalation=escalation, problems=(*base.problems, *problems))
    return _nothing_leaves(merged) if slipped else merged


def _loosened(asked: EscalationSettings, taken: EscalationSettings, paths: Paths) -> list[Problem]:
    pairs = [(name, getattr(asked, name), getattr(taken, name)) for name in _LIMITS]
    return [
        _refused(f"escalation.{name}", f"[escalation] {name} = {show(value)} (above {show(limit)})", paths)
        for name, value, limit in pairs
        if value != limit
    ]


def _refused(key: str, what: str, paths: Paths) -> Problem:
    why = "is not taken from an editor, whose settings a workspace can write"
    return Problem(key, EDITOR, f"{what} {why}: set it in {paths.config_file}")


def _nothing_leaves(config: Config) -> Config:
    """The same with egress off, and told so: a slip in a rule may have opened what it was to close."""
    if config.escalation.mode == "never":
        return config
    told = Problem(
        "escalation.mode",
        config.problems[-1].source,
        '[escalation] mode = "never" until these settings are corrected: nothing leaves this machine',
    )
    escalation = replace(config.escalation, mode="never")
    return replace(config, escalation=escalation, problems=(*config.problems, told))


def _table(problem: Problem) -> str:
    return problem.key.partition(".")[0]


def _directory(named: str | None, usual: Callable[..., Path]) -> Path:
    """The directory that the environment names, else the platform's."""
    return Path(os.path.expanduser(named)).absolute() if named else usual("assist", appauthor=False)
