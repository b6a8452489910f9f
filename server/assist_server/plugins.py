"""Messages where a plugin is missing."""

from assist_server.errors import UserError


def lacks(what: str, package: str) -> UserError:
    """The error of something that needs a package which is not installed."""
    return UserError(
        f"{what} needs the package {package}, which is not installed: install assist again, as described in "
        "docs/install.md."
    )
