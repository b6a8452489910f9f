"""Which files were changed together, by the commits that git has of a folder.

It reads no file; `repository` asks git. It knows no ignore rules: the caller says which paths live.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace

from assist_context.files import git_repository
from assist_context.files.git_repository import Git, GitFailed, Stop

COMMITS = 500
MOST_FILES = 30  # of a commit: what touches more is a rename, a format or a release, and ties all to all
LEAST_COMMON = 2  # commits: one says nothing
MOST_PARTNERS = 20  # of a file
HALF_AGE = 250  # commits until a change counts half: the oldest one that is read counts a quarter
TIME_S = 20.0  # a folder that is rarely touched in a huge history


def pairs(
    git: Git, root: str, stop: Stop, live: Callable[[str], bool] = lambda _path: True
) -> list[tuple[str, str, float]]:
    """(path, path, weight) of files committed together at least twice, strongest first.

    Paths are relative to `root`, the first of a pair sorts ahead of the second, each pair is there once.
    A commit of n files gives each of its pairs 1/(n-1), less by age. Merges, commits without a parent (an
    import, or where a shallow clone ends) and paths that are not `live` give nothing. Where git has no
    answer there are no pairs. Raises `repository.Stopped` if `stop` says so.
    """
    root = os.path.realpath(root)
    found = git_repository.find_git(git, root)
    if found is None:
        return []
    try:
        tree = git_repository.open_tree(replace(found, timeout_s=min(TIME_S, found.timeout_s)), root, stop)
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
    """The pairs by weight, while both files have room for a partner."""
    partners: Counter[str] = Counter()
    kept = []
    for (one, other), weight in sorted(weights.items(), key=lambda row: (-row[1], row[0])):
        if common[one, other] < LEAST_COMMON or max(partners[one], partners[other]) >= MOST_PARTNERS:
            continue
        partners.update((one, other))
        kept.append((one, other, weight))
    return kept
