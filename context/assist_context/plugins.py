"""What our plugins bring, by entry points of our own distribution. A plugin may be missing: all else works.

Those of strangers are not looked for: we could not answer for what they bring.
"""

from functools import cache
from importlib.metadata import EntryPoint, distribution
from typing import Any


def plugin_points(group: str) -> list[EntryPoint]:
    """The entry points of a group, whether or not their packages are installed."""
    return list(distribution("assist-lsp").entry_points.select(group=group))


def package_of(point: EntryPoint) -> str:
    """The package that an entry point is in."""
    return point.module.partition(".")[0]


@cache
def plugin(group: str) -> Any:
    """What the one plugin of a group brings, None where it is not installed. It is loaded once."""
    for point in plugin_points(group):
        try:
            return point.load()
        except ModuleNotFoundError as error:
            if error.name != package_of(point):  # of a library that it needs
                raise
    return None
