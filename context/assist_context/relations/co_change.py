"""Which files change together, by the commits that git has of a folder.

This module reads no file; `git_repository` asks git. It knows no ignore rules: the caller says which paths
exist.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace

from assist_context.files import git_repository
from assist_context.files.git_repository import Git, GitFailed, Stop

COMMITS = 500
MOST_FILES = 30  # a commit with more files is a rename, a reformatting or a release, and connects everything
LEAST_COMMON = 2  # commits: a single one means nothing
MOST_PARTNERS = 20  # of a file
HALF_AGE = 250  # commits until a change counts half: the oldest commit that is read counts a quarter
TIME_S = 20.0  # for a folder that rarely changes in a huge history


def pairs(
    git: Git, root: str, stop: Stop, live: Callable[[str], bool] = lambda _path: True
) -> list[tuple[str, str, float]]:
    """(path, path, weight) of files that were committed together at least twice, strongest first.

    Paths are relative to `root`; the first path of a pair sorts before the second, and each pair occurs once.
    A commit of n files gives each of its pairs 1/(n-1), less by age. Merges, commits without a parent (an
    import, or the end of a shallow clone) and paths that are not `live` count for nothing. If git has no
    answer, there are no pairs. Raises `git_repository.Stopped` if `stop` returns true.
    """
    root = os.path.realpath(root)
    git_program = git_repository.find_git(git, root)
    if git_program is None:
        return []
    try:
        tree = git_repository.open_tree(
            replace(git_program, timeout_s=min(TIME_S, git_program.timeout_s)), root, stop
        )
        commits = git_repository.history(tree, stop, COMMITS)
    except GitFailed:
        return []
    return _strongest(*_weigh(commits, live))


def _weigh(
    commits: list[list[str]], live: Callable[[str], bool]
) -> tuple[dict[tuple[str, str], float], Counter[tuple[str, str]]]:
    weights: dict[tuple[str, str], float] = defaultdict(float)
    common: Counter[tuple[str, str]] = Counter()
    for age, touched in enumerate(commits):
        if not 2 <= len(touched) <= MOST_FILES:
            continue
        weight = 0.5 ** (age / HALF_AGE) / (len(touched) - 1)
        paths = sorted(path for path in touched if path and live(path))
        for at, one in enumerate(paths):
            for other in paths[at + 1 :]:
                weights[one, other] += weight
                common[one, other] += 1
    return weights, common


def _strongest(
    weights: dict[tuple[str, str], float], common: Counter[tuple[str, str]]
) -> list[tuple[str, str, float]]:
    """The pairs by weight, as long as both files have fewer than `MOST_PARTNERS`."""
    partners: Counter[str] = Counter()
    kept = []
    for (one, other), weight in sorted(weights.items(), key=lambda row: (-row[1], row[0])):
        if common[one, other] < LEAST_COMMON or max(partners[one], partners[other]) >= MOST_PARTNERS:
            continue
        partners.update((one, other))
        kept.append((one, other, weight))
    return kept
