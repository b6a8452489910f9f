"""The settings as they are now: those of the start, and read again when one of their files changes.

A rule that a person adds has to hold in a gateway that runs for weeks. This module judges nothing.
"""

import os
import threading
from dataclasses import replace
from pathlib import Path

from assist_server.config.config import Config, load_lenient
from assist_server.config.layers import POLICY

_Stamps = tuple[tuple[int, ...], ...]


class CurrentConfig:
    """The settings of one process. Threads may share it."""

    def __init__(self, config: Config) -> None:
        self._lock = threading.Lock()
        self._stamps = _stamps(config)
        self.value = config

    def renew(self) -> bool:
        """Read the files again if one of them has changed, and return whether one has."""
        with self._lock:
            stamps = _stamps(self.value)
            if stamps == self._stamps:
                return False
            self.value = _read_again(self.value)
            # Of the files before: if others count now, the next look reads them once more.
            self._stamps = stamps
            return True


def _read_again(before: Config) -> Config:
    """The settings by their files now, with the environment and the flags of `before`.

    If something is wrong in the user's own, the rules are those of before, and nothing leaves.
    """
    environ = {
        **before.secrets.values,
        **before.programs,
        **before.environments,
        "ASSIST_CONFIG_DIR": str(before.paths.config),
        "ASSIST_DATA_DIR": str(before.paths.data),
    }
    found = load_lenient(environ, before.paths.site)
    problems = found.problems
    found = replace(found, paths=before.paths, offline=before.offline, secrets=before.secrets, problems=())
    if problems:
        closed = replace(before.escalation, mode="never", ghost_text="local")
        found = replace(found, escalation=closed, rules=before.rules, problems=problems)
    return found


def _stamps(config: Config) -> _Stamps:
    """What tells a state of the files that hold rules from every other one."""
    owners = (config.escalation, *(statement.layer.settings for statement in config.organisation))
    files = [config.paths.config_file, config.paths.config / POLICY]
    files += [folder / POLICY for folder in config.paths.site]
    files += [Path(owner.rules_file) for owner in owners if owner.rules_file]
    return tuple(map(_stamp, files))


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError as error:
        return (error.errno or 0,)
    return found.st_dev, found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns
