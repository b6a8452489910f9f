"""The errors of this package: what a user is told when something cannot be fetched."""

from assist_server.errors import UserError


class FetchError(UserError):
    """Something could not be fetched: no source had it, the disk is full, or the file is wrong."""


class UnavailableError(FetchError):
    """This source cannot deliver now. Another one may."""
