"""Plugins of ours, by entry points of our own distribution. A plugin may be missing: all else works.

Plugins of strangers are not looked for: we could not answer for what they bring.
"""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def plugin_points(group: str) -> "list[EntryPoint]":
    """The entry points of a group, whether or not their packages are installed."""
    from importlib.metadata import distribution  # noqa: PLC0415 - 30 ms, and facts need no plugin

    return list(distribution("assist-lsp").entry_points.select(group=group))


def find_package(point: "EntryPoint") -> str:
    """The package that an entry point is in."""
    return point.module.partition(".")[0]


def plugins(group: str) -> Iterator[Any]:
    """Yield what the installed plugins of a group bring. Each is loaded when it is reached."""
    for point in plugin_points(group):
        try:
            yield point.load()
        except ModuleNotFoundError as error:
            if error.name != find_package(point):  # of a library that it needs
                raise


@cache
def plugin(group: str) -> Any:
    """Return what the one plugin of a group brings, None where it is not installed. It is loaded once."""
    return next(plugins(group), None)
