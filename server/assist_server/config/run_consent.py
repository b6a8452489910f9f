"""Consent to run a workspace's own code: by the settings, by its trust, and by the user's answer.

The user is asked once for each workspace, and again if there is no sandbox any more. Of a workspace whose
`.assist.toml` is not accepted nothing runs. This module asks no one; it reads and keeps the answer.
"""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assist_context.unseen_characters import visible
from assist_server.config.config import Config
from assist_server.config.repository_file import trust_state
from assist_server.config.toml_file import ConfigError, replace_file

RunVerdict = Literal["yes", "ask", "no"]
CONFINED = "It runs on a copy, in a sandbox: no network, no other files, and its changes are discarded."
UNCONFINED = "This system has no sandbox: it runs on a copy, but with your permissions and network access."
_FILE = "agreed-runs.json"
_NO = "declined"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A question to the user: may this command run the code of the workspace `root`, and what for?

    `checker` is the command of a type checker that runs too: its plugins and build scripts are code as well.
    """

    root: str
    words: tuple[str, ...]
    confined: bool
    purpose: str = "write tests"
    checker: tuple[str, ...] = ()


def may_run(config: Config, request: RunRequest, *, is_agreed: bool) -> tuple[RunVerdict, str]:
    """Return whether code may be run, and why not. `is_agreed`: the user has just agreed to it."""
    if config.answers.run == "never":
        return "no", '[answers] run is "never"'
    try:
        state = trust_state(Path(request.root), config.paths.data)
    except ConfigError as error:
        return "no", str(error)
    if state in ("new", "changed"):
        return "no", "the workspace's .assist.toml is not accepted: `assist config trust` shows it"
    if config.answers.run == "sandbox":  # a word for one command does not widen it
        return ("yes", "") if request.confined else ("no", "there is no sandbox on this system")
    if is_agreed:
        return "yes", ""
    answers = _agreements(config.paths.data).get(request.root, "")
    fits = answers == "plain" or (answers == "sandbox" and request.confined)
    return ("yes", "") if fits else ("ask", "")


def remember_agreed(config: Config, request: RunRequest) -> None:
    """Keep that the user agreed for this workspace. Raises OSError if it cannot be written."""
    answers = _agreements(config.paths.data)
    answers[request.root] = "sandbox" if request.confined else "plain"
    replace_file(config.paths.data / _FILE, json.dumps({"agreed": answers}, indent=1))


def remember_declined(config: Config, request: RunRequest) -> None:
    """Keep that the user was asked and did not agree, so that only `test` asks again. Raises OSError."""
    answers = _agreements(config.paths.data)
    replace_file(config.paths.data / _FILE, json.dumps({"agreed": {**answers, request.root: _NO}}, indent=1))


def was_declined(config: Config, root: str) -> bool:
    """Return whether the user was asked for this workspace and did not agree."""
    return _agreements(config.paths.data).get(root) == _NO


def _agreements(data: Path) -> dict[str, str]:
    """Return how the user agreed, by workspace. A damaged file counts as empty."""
    try:
        rows = json.loads((data / _FILE).read_text(encoding="utf-8"))["agreed"]
        return {str(root): str(how) for root, how in rows.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def consent_lines(request: RunRequest) -> list[str]:
    """Return what the user reads before the first run in a workspace."""
    top = f"{request.root}/"
    commands = [
        [word.removeprefix(top) for word in words] for words in (request.words, request.checker) if words
    ]
    return [
        f"To {request.purpose}, assist runs the code of {visible(request.root)}:",
        *(f"  {visible(shlex.join(words))}" for words in commands),
        CONFINED if request.confined else UNCONFINED,
    ]
