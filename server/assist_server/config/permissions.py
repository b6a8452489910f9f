"""Permissions of some folders to leave the machine, by everyone who has a say; read again for each request.

It collects the layers and the problems; `assist_escalation.policy.permissions` merges the layers. It sends
nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assist_context.files.path_names import real_path
from assist_escalation.errors import EscalationError
from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.policy.permissions import CLOSED, Layer, Permissions, permissions, unknown_providers
from assist_server.config.config import Config
from assist_server.config.own_directories import RULES_FILE, exposed_problems, misplaced_problems
from assist_server.config.repository_file import Repository, repositories
from assist_server.config.structure import Problem, show
from assist_server.config.toml_file import ConfigError


@dataclass(frozen=True, slots=True)
class EffectivePermissions:
    """The permissions, the layers that they were made from, the problems, and the repositories' files."""

    permissions: Permissions
    layers: tuple[Layer, ...]
    problems: tuple[Problem, ...]
    repositories: tuple[Repository, ...]


def permissions_for(
    config: Config, roots: Sequence[str], folders: Sequence[str] = ()
) -> tuple[Permissions, tuple[Problem, ...]]:
    """Return what may leave from these folders, by the strictest rule of any folder, and the problems.

    Rule files in `folders` below them apply too: a repository may be a subfolder of the workspace.

    Never raises: if a rule cannot be read, nothing leaves, and a problem says why.
    """
    permissions = effective_permissions(config, roots, folders)
    return permissions.permissions, permissions.problems


def named_server(config: Config, roots: Sequence[str] = ()) -> tuple[str, ModelServer] | None:
    """The server that the settings name for ghost text, None if they name none.

    Raises `EscalationError` for a name without a server.
    """
    own = permissions_for(config, roots)[0]
    if not own.ghost_server:
        return None
    if own.ghost_server not in own.servers:
        names = ", ".join(own.servers) or "none"
        raise EscalationError(
            f"[completion] server names {own.ghost_server!r}, not a [servers.NAME] table: use {names}"
        )
    return own.ghost_server, own.servers[own.ghost_server]


def effective_permissions(
    config: Config, roots: Sequence[str], folders: Sequence[str] = ()
) -> EffectivePermissions:
    """The same, with its sources."""
    real = tuple(dict.fromkeys(map(real_path, roots)))
    layers = [layer.layer for layer in config.organisation]
    layers.append(Layer("user", str(config.paths.config_file), config.escalation, rules=config.rules))
    layers += [config.editor] if config.editor else []
    problems = [problem for layer in config.organisation for problem in layer.problems]
    files: dict[Path, Repository] = {}
    places = tuple(dict.fromkeys((*real, *map(real_path, folders))))
    own = _own_directories(config)
    exposed_files = exposed_problems([(variable, path) for variable, path in own if variable])
    wrong_places = (*misplaced_problems((*own, *_rules_files(config)), places), *exposed_files)
    layers += [Layer("repository", problem.source, CLOSED) for problem in wrong_places]
    # If nothing may leave anyway, nothing could be brought in.
    problems += wrong_places if config.escalation.mode != "never" else ()
    try:
        for root in places:
            files |= {
                repository.path: repository for repository in repositories(Path(root), config.paths.data)
            }
    except ConfigError as error:
        layers.append(Layer("repository", "what was accepted", CLOSED))
        problems.append(Problem("", "what was accepted", str(error)))
    for file in files.values():
        layers += [statement.layer for statement in (file.now, file.before) if statement]
        problems += file.now.problems if file.now else ()
        if file.state != "trusted":
            layers.append(Layer("repository", f"{file.path}, not accepted", CLOSED))
            # If nothing may leave anyway, there is nothing to accept.
            problems += [_acceptance_problem(file)] if config.escalation.mode != "never" else []
    before = [file.before.layer for file in files.values() if file.before]
    said_now = [layer for layer in layers if not any(layer is earlier for earlier in before)]
    problems += [_unknown_provider_problem(layer, name) for layer, name in unknown_providers(said_now)]
    return EffectivePermissions(
        permissions(layers, real), tuple(layers), tuple(dict.fromkeys(problems)), tuple(files.values())
    )


def _own_directories(config: Config) -> tuple[tuple[str, Path], ...]:
    """The directories that were read, with the variable that can move each."""
    policies = dict.fromkeys(Path(layer.layer.source).parent for layer in config.organisation)
    return (
        ("ASSIST_CONFIG_DIR", config.paths.config),
        ("ASSIST_DATA_DIR", config.paths.data),
        *(("", policy) for policy in policies if policy != config.paths.config),
    )


def _rules_files(config: Config) -> Iterator[tuple[str, Path]]:
    """The files of rules that are not next to the settings, with the setting that names each."""
    owners = (config.escalation, *(statement.layer.settings for statement in config.organisation))
    for file in (Path(owner.rules_file) for owner in owners if owner.rules_file):
        if file.resolve().parent != config.paths.config.resolve():
            yield RULES_FILE, file


def _acceptance_problem(file: Repository) -> Problem:
    state = "is new" if file.state == "new" else "has changed" if file.now else "is gone"
    return Problem(
        "",
        str(file.path),
        f"{file.path} {state}: nothing leaves from there until you accept that with `assist config trust`",
    )


def _unknown_provider_problem(layer: Layer, name: str) -> Problem:
    return Problem(
        "escalation.providers",
        layer.source,
        f"[escalation] providers names {show(name)}, which is not defined: define it in config.toml",
    )
