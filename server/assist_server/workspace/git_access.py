"""Access to git for a user's files: by the program on the user's search path, and not for long."""

from assist_context.files.git_repository import Git
from assist_server.config.config import Config

GIT_S = 10.0  # seconds; git says in 4 ms what it ignores. Without its answer the files count as ignored


def make_git(config: Config) -> Git:
    """Return how git is asked about the files of one question, which must not wait for long."""
    return Git(config.programs, timeout_s=GIT_S)
