"""The user's own settings, with every address replaced by one of this machine and every key by a made-up one.

What may leave stays exactly as it is: modes, globs, classes, residencies, budgets. Only where it goes to, the
keys, and the places of records are others, so that a probe sends nothing and writes nothing of the user's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assist_escalation.budget import prices
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.settings import EscalationSettings
from assist_server.config.config import Config, Secrets

KEY = "ASSIST_PROBE_KEY"  # the variable that holds the made-up key
_SLOW_MS = 60_000  # a server is waited for: what leaves late leaves as well
_SAME = ("mode", "always_local", "always_ask", "ghost_text", "patterns", "yes_allowed", "max_escalation_rate")


@dataclass(frozen=True, slots=True)
class ProbePlace:
    """Where a probe keeps its data, the address of its recorder, and the values of variables it makes up."""

    data: Path
    address: str
    variables: Mapping[str, str]


def names_of_receivers(config: Config) -> tuple[str, ...]:
    """The providers and servers that the settings define, in an order that numbers them."""
    owners = [config.escalation, *(statement.layer.settings for statement in config.organisation)]
    return tuple(dict.fromkeys(name for owner in owners for name in (*owner.providers, *owner.servers)))


def probe_config(config: Config, place: ProbePlace) -> Config:
    """The settings of a probe: those of the user and the organisation, with other addresses."""
    numbers = {name: number for number, name in enumerate(names_of_receivers(config))}

    def redirect(settings: EscalationSettings) -> EscalationSettings:
        return _redirect(settings, {name: f"{place.address}/{at}" for name, at in numbers.items()})

    organisation = tuple(
        replace(statement, layer=replace(statement.layer, settings=redirect(statement.layer.settings)))
        for statement in config.organisation
    )
    return replace(
        config,
        escalation=redirect(config.escalation),
        organisation=organisation,
        paths=replace(config.paths, data=place.data),
        secrets=Secrets(place.variables),
        answers=replace(config.answers, run="never"),
        context=replace(config.context, index=True, docs=()),
        completion=replace(config.completion, mode="eager", debounce_ms_max=0, model="assist-probe"),
        editor=None,
    )


def _redirect(settings: EscalationSettings, addresses: Mapping[str, str]) -> EscalationSettings:
    elsewhere: dict[str, Any] = {"api_key_env": KEY, "proxy": "", "ca_file": ""}
    providers = {
        name: replace(
            provider, base_url=f"{addresses[name]}/v1", price=prices.find_price(provider), **elsewhere
        )
        for name, provider in settings.providers.items()
    }
    servers = {
        name: replace(server, base_url=addresses[name], timeout_ms=_SLOW_MS, **elsewhere)
        for name, server in settings.servers.items()
    }
    return replace(
        settings,
        providers=providers,
        servers=servers,
        audit_checkpoint="",
        audit_key_env="",
        collector_endpoint="",
        collector_key_env="",
    )


def without_price(permissions: Permissions) -> tuple[str, ...]:
    """The providers that are never asked, because what they cost is not known. The probe asks them."""
    if permissions.allow_unknown_price:
        return ()
    known = permissions.providers.items()
    return tuple(name for name, provider in known if prices.find_price(provider) is None)


def differences(mine: Permissions, probes: Permissions) -> tuple[str, ...]:
    """Where the rules of the probe's workspace are not those of the user's, by name; nothing, if all is well.

    Where nothing leaves at all, nothing else counts.
    """
    found = [name for name in _SAME if getattr(mine, name) != getattr(probes, name)]
    if "never" in (mine.mode, probes.mode):
        return tuple(name for name in found if name == "mode")
    compared: dict[str, Callable[[Permissions], Any]] = {
        "deny": lambda one: [glob.pattern for glob in one.deny],
        "classes": _classes,
        "providers": _residencies,
    }
    return (*found, *(name for name, of in compared.items() if of(mine) != of(probes)))


def _classes(permissions: Permissions) -> Sequence[Any]:
    return [
        ([(glob.pattern, name) for glob, name in author.globs], author.default)
        for author in permissions.classes
    ]


def _residencies(permissions: Permissions) -> Mapping[str, tuple[str, ...]]:
    receivers: Any = (*permissions.providers.items(), *permissions.servers.items())
    return {name: receiver.residency for name, receiver in receivers}
