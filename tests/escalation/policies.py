"""Providers, layers, origins and prompts for the tests of the policy, some of them random."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from assist_escalation.policy.endpoints import ModelServer, Provider
from assist_escalation.policy.permissions import OPEN, Author, Layer, Permissions, permissions
from assist_escalation.policy.settings import REQUESTS, EscalationSettings
from assist_escalation.prompts import Origin, Prompt, Span

NAMES = ("eu", "us", "home")
CLASSES = ("public", "internal", "restricted")
GLOBS = ("src/**", "infra/prod/**", "*.md", "/docs", "src/pay/", "**/x.py", "*", "README.*")
PATHS = (
    "src/a.py",
    "src/pay/x.py",
    "infra/prod/main.tf",
    "README.md",
    "docs/index.html",
    "x.py",
    "deep/src/a.py",
)


def provider(*residency: str) -> Provider:
    return Provider("https://models.example/v1", "m", residency=residency)


USER = EscalationSettings(
    mode="auto",
    always_ask=(),
    max_cost_usd_per_request=1.0,
    providers={"eu": provider(*CLASSES), "us": provider("public", "internal"), "home": provider("internal")},
)


def layer(author: Author, settings: EscalationSettings, source: str = "") -> Layer:
    return Layer(author, source or author, settings)


def stranger(**said: object) -> Layer:
    """A repository's layer."""
    return layer("repository", replace(OPEN, **said))  # type: ignore[arg-type]


def allowed(root: Path | str, *layers: Layer) -> Permissions:
    """The permissions of a permissive user together with these layers."""
    return permissions([layer("user", USER), *layers], [str(root)])


def prompt(root: Path | str, *paths: str, command: str = "explain") -> Prompt:
    """A prompt with our own words, a question, and lines of each file."""
    files = (Span(f"text of {path}", Origin("file", path, str(root), 1, 1)) for path in paths)
    return Prompt(command, (Span("Explain.", Origin("assist")), Span("Why?", Origin("user")), *files))


def settings(chance: random.Random) -> EscalationSettings:
    """Random settings without providers. They use `random`, so that 5,000 cases take only seconds."""

    def some(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(chance.sample(words, chance.randrange(3)))

    def either(*values: Any) -> Any:
        return chance.choice(values)

    return EscalationSettings(
        mode=either("never", "ask", "auto", "auto", "auto"),
        max_escalation_rate=either(0.0, 0.1, 0.5, 1.0),
        max_cost_usd_per_request=either(0.0, 0.07, 1.0, 50.0),
        max_cost_usd_per_day=either(0.0, 0.29, 2.0, 100.0),
        always_local=some(REQUESTS),
        always_ask=some(REQUESTS),
        allowed_providers=either(("*",), ("*",), some((*NAMES, "nobody"))),
        residency=either(("*",), ("*",), some(CLASSES)),
        default_class=either("", "", *CLASSES),
        allow_unknown_price=either(False, True),
        allow_unasked_retry=either(False, True),
        yes_allowed=either(False, True),
        gateway_unattributed=either(False, True),
        gateway_uninspected=either(False, True),
        gateway_session_usd=either(0.0, 0.5, 10.0),
        gateway_matched=either("refuse", "cut"),
        deny=some(GLOBS),
        data_class={glob: either(*CLASSES) for glob in some(GLOBS)},
        ghost_text=either("local", "server", "server", "server"),
    )


def owner(chance: random.Random) -> EscalationSettings:
    """Settings that define providers, and a server for ghost text."""
    defined = {name: provider(*chance.sample(CLASSES, chance.randrange(4))) for name in NAMES}
    team = ModelServer(
        "vllm", "https://gpu.example", "m", residency=(*chance.sample(CLASSES, chance.randrange(4)),)
    )
    return replace(settings(chance), providers=defined, servers={"team": team}, ghost_server="team")
