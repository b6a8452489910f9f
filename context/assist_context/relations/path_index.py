"""The paths of a workspace, indexed by how they end, as names of modules and tests require.

This module reads no file and knows no language. 100,000 paths take 16 MB more than the paths themselves, and
a look-up is two bisections.
"""

import posixpath
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

# If so many files have the same ending, the ending alone means none of them: `utils.py` of a monorepo.
# This also limits the cost of one look-up.
MANY = 64

SOURCE_FOLDERS = frozenset({"src", "lib", "Lib", "app", "source", "include", "inc", "python", "lua", "java"})


@dataclass(frozen=True, slots=True)
class PathIndex:
    """Paths relative to one root, with "/". Made by `make_path_index`.

    `folders` lists the files of each folder in order; the root is "". `ends` and `folder_ends` are sorted,
    with each path reversed, so that paths with the same ending are neighbours.
    """

    paths: frozenset[str]
    folders: Mapping[str, Sequence[str]]
    ends: Sequence[str]
    folder_ends: Sequence[str]


def make_path_index(paths: Iterable[str]) -> PathIndex:
    """Builds the index of these paths; it is built again when the paths change: 0.12 s for 100,000."""
    path_set = frozenset(paths)
    folders: dict[str, list[str]] = {}
    ends = []
    for path in sorted(path_set):
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(path)
        dot = name.rfind(".")
        suffix = name[dot:] if dot > 0 else ""
        # "a/b.py" -> "b/a/\0.py": no path has a NUL, and it sorts before everything else.
        ends.append(f"{path[len(path) - len(suffix) - 1 :: -1]}/\0{suffix}")
    ends.sort()
    return PathIndex(path_set, folders, ends, sorted(folder[::-1] + "/" for folder in folders))


def find_by_tail(files: PathIndex, tail: str, suffixes: Collection[str], near: str) -> list[str]:
    """The files named `tail` with one of the suffixes, in any folder: "a/b" finds "x/a/b.py".

    If there are more than `MANY`, only those in the nearest folder above `near`, if any.
    """
    first, last = _span(files.ends, tail)
    if last - first > MANY:
        for folder in folders_above(near):
            if matches := [
                path for suffix in suffixes if (path := join(folder, tail) + suffix) in files.paths
            ]:
                return matches
        return []
    matches = []
    for end in files.ends[first:last]:
        stem, _, suffix = end.partition("/\0")
        if suffix in suffixes:
            matches.append(stem[::-1] + suffix)
    return matches


def folders_ending(files: PathIndex, tail: str) -> list[str]:
    """The folders with files whose path ends with `tail`: "a/b" finds "x/a/b". None if there are too many."""
    first, last = _span(files.folder_ends, tail)
    return [end[-2::-1] for end in files.folder_ends[first:last]] if last - first <= MANY else []


def _span(ends: Sequence[str], tail: str) -> tuple[int, int]:
    start = tail[::-1] + "/"
    return bisect_left(ends, start), bisect_left(ends, start[:-1] + "0")  # "0" follows "/"


def folders_above(path: str) -> list[str]:
    """The folders around a path, the innermost first.

    >>> folders_above("a/b/c.py")
    ['a/b', 'a', '']
    """
    folders = []
    while path:
        path = path.rpartition("/")[0]
        folders.append(path)
    return folders


def is_above(folder: str, path: str) -> bool:
    """Return whether the path is somewhere in the folder."""
    return not folder or (path.startswith(folder) and path[len(folder) : len(folder) + 1] == "/")


def is_root(folder: str, path: str) -> bool:
    """Say if paths written in `path` may begin at `folder`: it is above `path`, or a usual source folder."""
    return is_above(folder, path) or folder.rpartition("/")[2] in SOURCE_FOLDERS


def find_root(path: str, tail: str) -> str:
    """Find the start of a path ending in `tail`, ignoring the suffix: for "x/a/b.py" and "a/b" it is "x"."""
    return path[: max(0, f"/{path}".rfind(f"/{tail}") - 1)]


def join(folder: str, name: str) -> str:
    """`name` in a folder; the root is ""."""
    return f"{folder}/{name}" if folder and name else folder or name


def relative_path(path: str, name: str) -> str | None:
    """Find where a relative path leads from the folder of `path`; None if it leaves the root.

    >>> relative_path("a/b.js", "../c"), relative_path("a/b.js", "../../c"), relative_path("a/b.js", "..")
    ('c', None, '')
    """
    target = posixpath.normpath(join(path.rpartition("/")[0], name) or ".")
    return None if target.startswith(("..", "/")) else "" if target == "." else target


def count_shared_folders(one: str, other: str) -> int:
    """Return how many folders two paths have in common, starting from the root."""
    count = 0
    for first, right in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if first != right:
            break
        count += 1
    return count


def sort_by_distance(paths: Collection[str], path: str) -> list[str]:
    """Sorts paths: those that share most folders with `path` first, then the least deep."""
    if len(paths) < 2:
        return list(paths)
    return sorted(paths, key=lambda each: (-count_shared_folders(each, path), each.count("/"), each))
