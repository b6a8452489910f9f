"""models.lock: the hash of every model file that was accepted on this machine, by the model's name.

It reads the file and adds to it, also from two processes at once.
It does not decide what is accepted: store.py does. The file is JSON::

    {"qwen2.5-coder-7b": {"sha256": "5092...", "bytes": 4683073536, "source": "Hugging Face (...)"}}
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from assist_completion.errors import ModelError
from assist_completion.model_store.partial_download import write_private

FILE = "models.lock"


@dataclass(frozen=True, slots=True)
class Pin:
    """What was accepted under a name: hash, size in bytes, and the source in words."""

    sha256: str
    bytes: int
    source: str


def read_pins(root: Path) -> dict[str, Pin]:
    """The pins of the models in `root`, by name. There are none if there is no models.lock yet."""
    path = root / FILE
    try:
        return {name: Pin(**entry) for name, entry in json.loads(path.read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} cannot be read: {error}. Restore it, or delete it to accept the files again."
        ) from error


def write_pin(root: Path, name: str, pin: Pin) -> None:
    """Set the pin of `name`. All others stay as they are."""
    with FileLock(root / f"{FILE}.guard", mode=0o600):
        pins = read_pins(root) | {name: pin}
        text = json.dumps({key: asdict(value) for key, value in sorted(pins.items())}, indent=2)
        write_private(root / FILE, text + "\n")
