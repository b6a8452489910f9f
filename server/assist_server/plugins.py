"""What our plugins bring, by entry points of our own distribution. A plugin may be missing: all else works.

Those of strangers are not looked for: we could not answer for what they bring.
"""

from importlib.metadata import EntryPoint, distribution

from assist_server.errors import UserError


def plugin_points(group: str) -> list[EntryPoint]:
    """The entry points of a group, whether or not their packages are installed."""
    return list(distribution("assist-lsp").entry_points.select(group=group))


def package_of(point: EntryPoint) -> str:
    """The package that an entry point is in."""
    return point.module.partition(".")[0]


def lacks(what: str, package: str) -> UserError:
    """The error of something that needs a package which is not installed."""
    return UserError(
        f"{what} is a part of the package {package}, which this installation lacks: install assist again, as "
        "docs/install.md says."
    )
