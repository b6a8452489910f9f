"""The repository that tasks are mined from: its files at a commit, its commits, which paths are source code.

Only what is asked for is read: names first, then the texts of the files that were drawn.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TypeVar

from assist_context.files.exclusions import exclusions
from assist_context.files.git_repository import Git, GitFailed, GitTree, find_git, never, open_tree
from assist_context.languages import Language, language_of
from assist_evaluation.mining.patched_commits import (
    LARGEST_BLOB,
    PatchedCommit,
    commit_id,
    commits_by_id,
    files_at,
    patched_commits,
    texts_at,
)
from assist_server.errors import UserError

T = TypeVar("T")

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
MINING_S = 120.0  # seconds for one question to git; 250 commits of a compiler take 1 s
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
        return _from_git(lambda: files_at(self.tree, never, self.commit))

    def commits(self, skip: int, count: int) -> list[PatchedCommit]:
        """Commits with what they changed, newest first."""
        return _from_git(lambda: patched_commits(self.tree, never, self.commit, skip=skip, count=count))

    def texts(self, paths: Iterable[str]) -> dict[str, str]:
        """The texts of files at the commit, by path, as far as people wrote them."""
        places = [(self.commit, path) for path in paths]
        found = _from_git(lambda: texts_at(self.tree, never, places))
        return {path: text for (_, path), text in found.items() if is_written_by_people(text)}

    def texts_of(self, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The texts of files at other commits, by commit and path."""
        wanted = list(places)
        return _from_git(lambda: texts_at(self.tree, never, wanted))

    def changes(self, commits: Iterable[str]) -> dict[str, PatchedCommit]:
        """These commits by their ids; none of them if one is gone, as after a shallow clone."""
        try:
            return {commit.id: commit for commit in commits_by_id(self.tree, never, sorted(commits))}
        except GitFailed:
            return {}

    def filter_allowed(self, paths: Iterable[str]) -> list[str]:
        """The paths that no rule file and no deny list keeps out of an index."""
        given = list(dict.fromkeys(paths))
        barred = exclusions(self.root, given, self.git)
        return [path for path in given if path not in barred]


def _from_git(ask: Callable[[], T]) -> T:
    """What git answers. Raises `UserError` if it cannot."""
    try:
        return ask()
    except GitFailed as error:
        raise UserError(f"The history cannot be read: {error}. Is the clone complete?") from error


def open_repository(git: Git, root: str, revision: str = "HEAD") -> MinedRepository:
    """The repository of a folder, at a revision. Raises `UserError`."""
    git = replace(git, timeout_s=MINING_S)
    program = find_git(git, root)
    if program is None:
        raise UserError("git is not installed here: tasks are mined from a repository's history.")
    try:
        tree = open_tree(program, root, never)
        commit = commit_id(tree, never, revision)
    except GitFailed as error:
        if revision != "HEAD":
            raise UserError(f"{revision!r} is not a commit of this repository.") from error
        raise UserError(
            f"{root} is not a git repository with a commit ({error}): tasks are mined from the commit "
            "history."
        ) from error
    return MinedRepository(root, tree, git, commit)


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
