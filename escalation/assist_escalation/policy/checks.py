"""Checks of single settings. An error names one and what to do, and never shows what may be a secret."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

from assist_escalation.errors import EscalationError

# Capitals only, as in every provider's documentation. A key that was pasted by mistake does not match.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def is_loopback(host: str) -> bool:
    """Return whether the host of an address is this machine: `localhost`, or an address such as 127.0.0.2."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def check_url(url: str, name: str = "base_url") -> None:
    """Check an address for requests: https, or http to this machine, without user, password or query."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # a port that is no number raises here
    except ValueError as error:
        raise EscalationError(f"{name} is not an address ({error}): write https://HOST/PATH") from error
    if "@" in url or parts.query:
        # Not shown: it may hold a password or a key.
        raise EscalationError(f"{name} has a user or a query: name the key's variable in its own setting")
    is_allowed = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host or ""))
    if not host or not is_allowed or any(character <= " " for character in url):
        raise EscalationError(f"{name} = {url!r}: use https://HOST/PATH, or http only to this machine")


def check_words(name: str, words: tuple[str, ...]) -> None:
    """Check that no text is empty."""
    if not all(word.strip() for word in words):
        raise EscalationError(f"{name} contains an empty string: remove it, or fill it in")


def check_variable(name: str, variable: str) -> None:
    """Check the name of an environment variable, or ""."""
    if variable and not _VARIABLE.fullmatch(variable):
        # The value is not shown: it may be the key.
        raise EscalationError(
            f"{name} is not a variable name: write the name of one that holds the key, like OPENAI_API_KEY"
        )


def check_pattern(pattern: str) -> None:
    """Check that a regular expression can be compiled and does not match the empty text."""
    try:
        empty = re.compile(pattern).match("")
    except (re.error, RecursionError, OverflowError) as error:
        raise EscalationError(f"patterns: {pattern[:80]!r} is not a valid pattern: {error}") from error
    if empty:
        raise EscalationError(f"patterns: {pattern[:80]!r} matches an empty string: make it longer")


def check_thresholds(thresholds: Mapping[str, float], kinds: Sequence[str]) -> None:
    """Check that each threshold is for a known kind of request and is a probability."""
    for kind, value in thresholds.items():
        if kind not in kinds:
            raise EscalationError(f"threshold.{kind}: no such kind of request; use {', '.join(kinds)}")
        if not 0 <= value <= 1:  # also true of nan
            key = "threshold" if kind == kinds[0] else f"threshold.{kind}"
            raise EscalationError(f"{key} = {value!r}: use a number from 0 to 1")


def check_bounds(settings: Any) -> None:
    """Check each field against the `choices`, `min` and `max` of its metadata."""
    for item in fields(settings):
        value = getattr(settings, item.name)
        bounds = item.metadata
        name = bounds.get("key", item.name)
        if "choices" in bounds:
            for word in value if isinstance(value, tuple) else (value,):
                if word not in bounds["choices"]:
                    choices = ", ".join(bounds["choices"])
                    raise EscalationError(f"{name} = {word!r}: choose from {choices}")
        if "min" in bounds and not bounds["min"] <= value <= bounds["max"]:  # also true of nan
            low, high = bounds["min"], bounds["max"]
            raise EscalationError(f"{name} = {value!r}: use a number from {low:g} to {high:g}")
