"""Knowledge of providers, kept in small files: accepted parameters, and models that answered.

Providers that speak the same protocol differ in two parameters. Which of them a provider accepts is found
out once. The first model that answers under a name counts as expected, and a later change is reported.
This module sees no text of an answer. If a file is broken or cannot be written, that costs one more attempt
or the comparison of models, but no call fails.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assist_context import durable_files

_MAX_ENTRIES = 200
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Parameters that one model of a provider accepts.

    `max_tokens` is tried first: servers that do not know `max_completion_tokens` may ignore it and write
    without a limit, while servers that no longer accept `max_tokens` say so.
    """

    stream_usage: bool = True
    max_completion_tokens: bool = False

    def parameters(self, max_output: int) -> dict[str, Any]:
        """The part of a request that depends on them.

        >>> Capabilities().parameters(100)
        {'max_tokens': 100, 'stream_options': {'include_usage': True}}
        """
        request_parameters: dict[str, Any] = {self.limit: max_output}
        if self.stream_usage:
            request_parameters["stream_options"] = {"include_usage": True}
        return request_parameters

    @property
    def limit(self) -> str:
        """The name of the parameter that limits the answer."""
        return "max_completion_tokens" if self.max_completion_tokens else "max_tokens"

    def without(self, parameter: str) -> "Capabilities":
        """Return how to ask after `parameter` was refused."""
        if parameter == "stream_options":
            return replace(self, stream_usage=False)
        return replace(self, max_completion_tokens=not self.max_completion_tokens)


def model_key(provider: str, base_url: str, model: str) -> str:
    """The name of the entry for one model of one provider."""
    return " ".join((provider, base_url, model))


class CapabilityStore:
    """The entries of one file, or of this process only if `path` is None."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._entries: dict[str, Capabilities] = {}

    def recall(self, name: str) -> Capabilities:
        """Return how to ask, or the defaults if nothing is known."""
        return self.find(name) or Capabilities()

    def find(self, name: str) -> Capabilities | None:
        """Find how the provider was asked when it answered after a refusal; None without a refusal."""
        if name not in self._entries and self._path:
            self._entries = {**_read(self._path), **self._entries}
        return self._entries.get(name)

    def remember(self, name: str, abilities: Capabilities) -> None:
        """Store one entry, and drop the oldest if there are too many. Only the owner can read the file."""
        self._entries[name] = abilities
        if not self._path:
            return
        entries = _read(self._path)
        entries.pop(name, None)
        entries[name] = abilities
        newest = list(entries.items())[-_MAX_ENTRIES:]
        _write_object(self._path, {"found": {key: asdict(row) for key, row in newest}})


def _read(path: Path) -> dict[str, Capabilities]:
    entries = _read_object(path).get("found")
    if not isinstance(entries, dict):
        return {}
    return {name: Capabilities(**entry) for name, entry in entries.items() if _is_abilities(entry)}


def _is_abilities(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and entry.keys() == asdict(Capabilities()).keys()
        and all(isinstance(value, bool) for value in entry.values())
    )


FILE = "frontier.lock"  # in the data directory


class AnsweringModels:
    """The entries of one file: the provider and the requested model, and the model that answered."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def update(self, provider: str, requested_model: str, answering_model: str) -> str:
        """The model that answered before, or "" if it is the same, the first, or unnamed.

        The new one is stored, so that a change is reported only once.
        """
        if not answering_model:
            return ""
        pins = _read_object(self._path)
        if not all(isinstance(pin, str) for pin in pins.values()):
            pins = {}
        name = f"{provider} {requested_model}"
        before = str(pins.get(name, answering_model))
        if pins.get(name) != answering_model:
            _write_object(self._path, {**pins, name: answering_model})
        return before if before != answering_model else ""


def _read_object(path: Path) -> dict[str, Any]:
    """Return what is in a file, nothing if it is not there or broken."""
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _write_object(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a file, which only its owner can read, if that can be done."""
    with suppress(OSError):
        durable_files.make_folder(path.parent)
        durable_files.replace(path, json.dumps(value, indent=1).encode())
