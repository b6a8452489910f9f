"""The repository that tasks are mined from: its files at a commit, its commits, which paths are source code.

Only what is asked for is read: names first, then the texts of the files that were drawn.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from assist_context.files.exclusions import exclusions
from assist_context.files.git_history import (
    LARGEST_BLOB,
    PatchedCommit,
    commits_by_id,
    files_at,
    patched_commits,
    texts_at,
)
from assist_context.files.git_repository import Git, GitFailed, GitTree, find_git, head, open_tree
from assist_context.languages import Language, language_of
from assist_server.errors import UserError

_FOREIGN = re.compile(
    r"""
    (?:^|/)(?:vendor|third[_-]?party|node_modules)/                   # code that others wrote
    | (?:^|/)(?:dist|build|generated|migrations)/                     # code that programs wrote
    | (?:^|/)(?:(?:__)?snapshots(?:__)?|fixtures?|testdata)/          # data of tests
    | \.(?:min\.\w+|pb\.go|d\.ts)$ | _pb2\.pyi?$                     # names that programs give
    """,
    re.VERBOSE,
)
_DATA = frozenset({"json", "yaml", "toml", "html", "css", "markdown"})  # with an outline, but no code
LONGEST_LINE = 400  # characters: a longer one was written by a program


@dataclass(frozen=True, slots=True)
class MinedRepository:
    """A folder in a git repository, at one commit. `git` is how git is asked about rules."""

    root: str
    tree: GitTree
    git: Git
    commit: str

    def files(self) -> Mapping[str, int]:
        """The paths of all files at the commit, and their sizes in bytes."""
        return files_at(self.tree, _never, self.commit)

    def commits(self, skip: int, count: int) -> list[PatchedCommit]:
        """Commits with what they changed, newest first."""
        return patched_commits(self.tree, _never, self.commit, skip=skip, count=count)

    def texts(self, paths: Iterable[str]) -> dict[str, str]:
        """The texts of files at the commit, by path."""
        found = texts_at(self.tree, _never, ((self.commit, path) for path in paths))
        return {path: text for (_, path), text in found.items() if is_written_by_people(text)}

    def texts_of(self, places: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """The texts of files at other commits, by commit and path."""
        return texts_at(self.tree, _never, places)

    def changes(self, commits: Iterable[str]) -> dict[str, PatchedCommit]:
        """These commits by their ids; none of them if one is gone, as after a shallow clone."""
        try:
            return {each.id: each for each in commits_by_id(self.tree, _never, sorted(commits))}
        except GitFailed:
            return {}

    def filter_allowed(self, paths: Iterable[str]) -> list[str]:
        """The paths that no rule file and no deny list keeps out of an index."""
        given = list(dict.fromkeys(paths))
        barred = exclusions(self.root, given, self.git)
        return [path for path in given if path not in barred]


def _never() -> bool:
    return False


def open_repository(git: Git, root: str, revision: str = "") -> MinedRepository:
    """The repository of a folder, at a revision or what is checked out. Raises `UserError`."""
    program = find_git(git, root)
    if program is None:
        raise UserError("git is not installed here: tasks are mined from a repository's history.")
    try:
        tree = open_tree(program, root, _never)
        commit = head(tree, _never) if not revision else _commit_of(tree, revision)
    except GitFailed as error:
        raise UserError(
            f"{root} is no git repository with a commit ({error}): tasks are mined from a history."
        ) from error
    return MinedRepository(root, tree, git, commit)


def _commit_of(tree: GitTree, revision: str) -> str:
    try:
        return patched_commits(tree, partial(bool, 0), revision, skip=0, count=1)[0].id
    except (GitFailed, IndexError):
        raise UserError(f"{revision!r} is no commit of this repository.") from None


def is_source(path: str, size: int = 1) -> bool:
    """Whether a file is code that people write here, in a language whose outline is known."""
    language = language_of(path)
    outlined = bool(language.grammar or language.outline) and language.name not in _DATA
    return outlined and not _FOREIGN.search(path) and 0 < size <= LARGEST_BLOB


def is_written_by_people(text: str) -> bool:
    """Whether no line is so long that only a program writes it."""
    return all(len(line) <= LONGEST_LINE for line in text.splitlines())


def language_at(path: str) -> Language:
    """The language of a path."""
    return language_of(PurePosixPath(path).name)
