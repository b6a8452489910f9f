"""Several authors' settings merged into one: what all of them allow, and what any of them forbids.

An organisation, the user, a repository and an editor each write a layer. The most restrictive value wins,
whatever their order. Only the organisation and the user define providers, patterns and the place of the
audit log. This module reads nothing and judges no request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any, Literal, get_args

from assist_escalation.policy.endpoints import MAX_USD, ModelServer, Provider
from assist_escalation.policy.patterns import SecretPattern, SecretRule
from assist_escalation.policy.settings import (
    ANY,
    AuditContent,
    EscalationMode,
    EscalationSettings,
    GhostTextSource,
    MatchedText,
    Thresholds,
)

Author = Literal[
    "organisation", "user", "repository", "editor"
]  # if two define a provider, the first one counts

# A layer that forbids nothing. A setting that an author does not write has the value here.
OPEN = EscalationSettings(
    mode="auto",
    max_escalation_rate=1.0,
    max_cost_usd_per_request=MAX_USD,
    max_cost_usd_per_day=MAX_USD,
    always_ask=(),
    default_class="",
    allow_unknown_price=True,
    allow_unasked_retry=True,
    gateway_uninspected=True,
    gateway_session_usd=MAX_USD,
)
CLOSED = replace(OPEN, mode="never", ghost_text="local")  # replaces a layer that cannot be read

_PROVIDING = {
    "providers",
    "allowed_providers",
    "residency",
}  # the settings that decide `Permissions.providers`
_OWNERS = ("organisation", "user")


@dataclass(frozen=True, slots=True)
class Layer:
    """The most that one author allows.

    `source` tells the user where the settings are. Globs start at the folder `base`, which is absolute and
    resolved; if it is "", they start at each workspace folder. `rules` come from its file of rules.
    """

    author: Author
    source: str
    settings: EscalationSettings
    base: str = ""
    rules: tuple[SecretRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Glob:
    """A glob and the folder where it starts, as in `Layer`; `source` is the first layer that has it."""

    pattern: str
    base: str = ""
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of one author: the class of each glob, and the class of all other text, or "".

    `source` is the layer that says so.
    """

    globs: tuple[tuple[Glob, str], ...]
    default: str
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Permissions:
    """Permissions to leave the machine, for the workspace folders `roots`, which are absolute and resolved.

    Money is in micro-dollars. `day_micro` limits the repository, and `user_day_micro` limits the user, which
    no repository can lower. `providers` may be used, the preferred one first; each has the classes that it
    may see in the end. A text has every class that one of `classes` gives it. Of `thresholds` the lowest
    applies; `own_thresholds` are the user's own.
    """

    roots: tuple[str, ...]
    mode: EscalationMode
    max_escalation_rate: float
    thresholds: tuple[Thresholds, ...]
    own_thresholds: tuple[Thresholds, ...]
    request_micro: int
    day_micro: int
    user_day_micro: int
    always_local: tuple[str, ...]
    always_ask: tuple[str, ...]
    providers: Mapping[str, Provider]
    servers: Mapping[str, ModelServer]
    ghost_server: str
    ghost_text: GhostTextSource
    deny: tuple[Glob, ...]
    classes: tuple[Classes, ...]
    allow_unknown_price: bool
    allow_unasked_retry: bool
    yes_allowed: bool
    gateway_unattributed: bool
    gateway_uninspected: bool
    gateway_session_micro: int
    gateway_matched: MatchedText
    patterns: tuple[SecretPattern, ...]
    audit_content: AuditContent
    audit_checkpoint: str
    audit_key_env: str
    collector: str
    collector_key_env: str


def permissions(layers: Sequence[Layer], roots: Sequence[str] = ()) -> Permissions:
    """Combine what all layers allow. If an author has several, the first one's provider and paths count."""
    layers = _group_by_author(layers)
    every = [OPEN, *(layer.settings for layer in layers)]
    owners = [layer.settings for layer in layers if layer.author in _OWNERS]
    most = get_args(AuditContent).index(_least(every, "audit_content_max", get_args(AuditContent)))
    levels = [get_args(AuditContent).index(settings.audit_content) for settings in owners]
    return Permissions(
        roots=tuple(roots),
        mode=_least(every, "mode", get_args(EscalationMode)),
        max_escalation_rate=min(settings.max_escalation_rate for settings in every),
        thresholds=tuple(settings.threshold for settings in every if settings.threshold),
        own_thresholds=tuple(
            layer.settings.threshold
            for layer in layers
            if layer.author == "user" and layer.settings.threshold
        ),
        request_micro=_micro(min(settings.max_cost_usd_per_request for settings in every)),
        day_micro=_micro(min(settings.max_cost_usd_per_day for settings in every)),
        user_day_micro=_micro(min(settings.max_cost_usd_per_day for settings in (OPEN, *owners))),
        always_local=_union(settings.always_local for settings in every),
        always_ask=_union(settings.always_ask for settings in every),
        providers=_providers(layers),
        servers=_servers(layers),
        ghost_server=next((settings.ghost_server for settings in owners if settings.ghost_server), ""),
        ghost_text=_ghost_text(layers),
        deny=_union(
            [Glob(glob, layer.base, layer.source) for glob in layer.settings.deny] for layer in layers
        ),
        classes=tuple(author for author in map(_classes, layers) if author.globs or author.default),
        allow_unknown_price=all(settings.allow_unknown_price for settings in every),
        allow_unasked_retry=all(settings.allow_unasked_retry for settings in every),
        yes_allowed=all(settings.yes_allowed for settings in every),
        gateway_unattributed=all(settings.gateway_unattributed for settings in every),
        gateway_uninspected=all(settings.gateway_uninspected for settings in every),
        gateway_session_micro=_micro(min(settings.gateway_session_usd for settings in every)),
        gateway_matched=_least(every, "gateway_matched", get_args(MatchedText)),
        patterns=_union([*layer.settings.patterns, *layer.rules] for layer in layers),
        audit_content=get_args(AuditContent)[min(most, max(levels, default=0))],
        audit_checkpoint=next(
            (settings.audit_checkpoint for settings in owners if settings.audit_checkpoint), ""
        ),
        audit_key_env=next((settings.audit_key_env for settings in owners if settings.audit_key_env), ""),
        collector=next(
            (settings.collector_endpoint for settings in owners if settings.collector_endpoint), ""
        ),
        collector_key_env=next(
            (settings.collector_key_env for settings in owners if settings.collector_endpoint), ""
        ),
    )


def unknown_providers(layers: Sequence[Layer]) -> tuple[tuple[Layer, str], ...]:
    """The names that a layer allows and no layer defines. They allow nothing."""
    names = {ANY, *_defined_providers(_group_by_author(layers))}
    return tuple(
        (layer, name) for layer in layers for name in layer.settings.allowed_providers if name not in names
    )


def restrictions(layer: Layer) -> tuple[tuple[str, Any], ...]:
    """Compare a layer with `OPEN`: the names of fields of `EscalationSettings`, and their values."""
    pairs = ((item.name, getattr(layer.settings, item.name)) for item in fields(EscalationSettings))
    return tuple((name, value) for name, value in pairs if value != getattr(OPEN, name))


def sources(layers: Sequence[Layer]) -> dict[str, tuple[str, ...]]:
    """For each field of the permissions, the `source` of the layers that decide its value."""
    merged = permissions(layers)
    nothing = permissions([])
    alone = [(layer, permissions([layer])) for layer in _group_by_author(layers)]
    bearing = {}
    for item in fields(Permissions):
        value, open_value = getattr(merged, item.name), getattr(nothing, item.name)
        several = isinstance(value, tuple)  # each layer adds its own values; else the strictest layer decides
        bearing[item.name] = tuple(
            layer.source
            for layer, its in alone
            if (own := getattr(its, item.name)) != open_value and (several or own == value)
        )
    bearing["providers"] = tuple(
        layer.source for layer, _ in alone if _PROVIDING & dict(restrictions(layer)).keys()
    )
    return bearing


def _group_by_author(layers: Sequence[Layer]) -> list[Layer]:
    return sorted(layers, key=lambda layer: get_args(Author).index(layer.author))


def _least(layers: Sequence[EscalationSettings], name: str, order: tuple[Any, ...]) -> Any:
    return min((getattr(settings, name) for settings in layers), key=order.index)


def _union(texts: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(text for several in texts for text in several))


def _micro(usd: float) -> int:
    """Micro-dollars, rounded down, from the decimal as it was written: 0.07 is exactly 70,000."""
    return int(Decimal(repr(usd)) * 1_000_000)


def _classes(layer: Layer) -> Classes:
    classes = layer.settings.data_class.items()
    default = layer.settings.default_class
    if layer.author == "user" and not default:
        # Else the only class of all text could be one from a repository's file, which would let it out.
        default = EscalationSettings().default_class
    globs = tuple((Glob(glob, layer.base, layer.source), name) for glob, name in classes)
    return Classes(globs, default, layer.source)


def _defined_providers(layers: Sequence[Layer]) -> dict[str, Provider]:
    """Providers by name. The organisation's definition counts, so an allowed name has one fixed meaning."""
    providers: dict[str, Provider] = {}
    for layer in layers:
        if layer.author in _OWNERS:
            servers = {name: settings.as_provider() for name, settings in layer.settings.servers.items()}
            providers = {**servers, **layer.settings.providers, **providers}
    return providers


def _providers(layers: Sequence[Layer]) -> dict[str, Provider]:
    providers = _defined_providers(layers)
    lists = [layer.settings.allowed_providers for layer in layers if layer.author == "user"]
    order = [name for names in lists for name in names if name in providers]
    allows = _member(layers, "allowed_providers")
    may_leave = _member(layers, "residency")
    return {
        name: replace(providers[name], residency=tuple(filter(may_leave, providers[name].residency)))
        for name in dict.fromkeys((*order, *providers))
        if allows(name)
    }


def _servers(layers: Sequence[Layer]) -> dict[str, ModelServer]:
    """Servers by name, with the classes that each may see in the end. The organisation's definition wins."""
    servers: dict[str, ModelServer] = {}
    for layer in layers:
        if layer.author in _OWNERS:
            servers = {**layer.settings.servers, **servers}
    may_leave = _member(layers, "residency")
    allows = _member(layers, "allowed_providers")
    return {
        name: replace(server, residency=tuple(filter(may_leave, server.residency)))
        for name, server in servers.items()
        if allows(name)
    }


def _ghost_text(layers: Sequence[Layer]) -> GhostTextSource:
    """Find where ghost text may be written. Whoever lets no question leave lets no ghost text leave either.

    The user is the exception, since their mode is `never` until they write another.
    """
    is_closed = any(layer.settings.mode == "never" for layer in layers if layer.author != "user")
    settings = [OPEN, *(layer.settings for layer in layers)]
    return "local" if is_closed else _least(settings, "ghost_text", get_args(GhostTextSource))


def _member(layers: Sequence[Layer], name: str) -> Callable[[str], bool]:
    """A function that returns whether each layer's list of this name allows a word."""
    lists = [getattr(layer.settings, name) for layer in layers]
    return lambda word: all(ANY in names or word in names for names in lists)
