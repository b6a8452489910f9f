"""Messages where a plugin is missing."""

from assist_server.errors import UserError


def lacks(what: str, package: str) -> UserError:
    """The error of something that needs a package which is not installed."""
    return UserError(
        f"{what} is a part of the package {package}, which this installation lacks: install assist again, as "
        "docs/install.md says."
    )
