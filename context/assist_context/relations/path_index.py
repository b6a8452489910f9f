"""The paths of a workspace, looked up by how they end: what names of modules and of tests ask for.

It reads no file and knows no language. 100,000 paths take 16 MB more than the paths themselves, and
a look-up is two bisections.
"""

import posixpath
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

# So many files end alike that none of them is meant by the ending alone: `utils.py` of a monorepo.
# It also bounds what one look-up costs.
MANY = 64

SOURCE_FOLDERS = frozenset({"src", "lib", "Lib", "app", "source", "include", "inc", "python", "lua", "java"})


@dataclass(frozen=True, slots=True)
class PathIndex:
    """Paths relative to one root, with "/". Made by `path_index_of`.

    `folders` has the files of each folder that has any, in order; the root is "". `ends` and `folder_ends`
    are sorted, each path backwards, so that what ends alike stands together.
    """

    paths: frozenset[str]
    folders: Mapping[str, Sequence[str]]
    ends: Sequence[str]
    folder_ends: Sequence[str]


def path_index_of(paths: Iterable[str]) -> PathIndex:
    """The look-up tables of these paths. Made anew when the paths change: 0.12 s for 100,000."""
    known = frozenset(paths)
    folders: dict[str, list[str]] = {}
    ends = []
    for path in sorted(known):
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(path)
        dot = name.rfind(".")
        suffix = name[dot:] if dot > 0 else ""
        # "a/b.py" -> "b/a/\0.py": no path has a NUL, and it sorts ahead of all else.
        ends.append(f"{path[len(path) - len(suffix) - 1 :: -1]}/\0{suffix}")
    ends.sort()
    return PathIndex(known, folders, ends, sorted(folder[::-1] + "/" for folder in folders))


def with_tail(files: PathIndex, tail: str, suffixes: Collection[str], near: str) -> list[str]:
    """The files named `tail` and one of the suffixes, in any folder: "a/b" finds "x/a/b.py".

    Of more than `MANY`, only those of the nearest folder above `near`; none if there is none.
    """
    first, last = _span(files.ends, tail)
    if last - first > MANY:
        for folder in above(near):
            if found := [path for suffix in suffixes if (path := join(folder, tail) + suffix) in files.paths]:
                return found
        return []
    found = []
    for end in files.ends[first:last]:
        stem, _, suffix = end.partition("/\0")
        if suffix in suffixes:
            found.append(stem[::-1] + suffix)
    return found


def folders_ending(files: PathIndex, tail: str) -> list[str]:
    """The folders with files that are called `tail`: "a/b" finds "x/a/b". None if they are too many."""
    first, last = _span(files.folder_ends, tail)
    return [end[-2::-1] for end in files.folder_ends[first:last]] if last - first <= MANY else []


def _span(ends: Sequence[str], tail: str) -> tuple[int, int]:
    start = tail[::-1] + "/"
    return bisect_left(ends, start), bisect_left(ends, start[:-1] + "0")  # "0" follows "/"


def above(path: str) -> list[str]:
    """The folders that a path lies in, its own first.

    >>> above("a/b/c.py")
    ['a/b', 'a', '']
    """
    folders = []
    while path:
        path = path.rpartition("/")[0]
        folders.append(path)
    return folders


def is_above(folder: str, path: str) -> bool:
    """Whether the path lies somewhere in the folder."""
    return not folder or (path.startswith(folder) and path[len(folder) : len(folder) + 1] == "/")


def is_root(folder: str, path: str) -> bool:
    """Whether paths that `path` names may begin at `folder`: it lies in it, or sources do by custom."""
    return is_above(folder, path) or folder.rpartition("/")[2] in SOURCE_FOLDERS


def root_of(found: str, tail: str) -> str:
    """Where a path begins that ends with `tail`, suffix aside: of "x/a/b.py" and "a/b" it is "x"."""
    return found[: max(0, f"/{found}".rfind(f"/{tail}") - 1)]


def join(folder: str, name: str) -> str:
    """`name` in a folder; the root is ""."""
    return f"{folder}/{name}" if folder and name else folder or name


def beside(path: str, name: str) -> str | None:
    """What a path from the folder of `path` leads to, or None outside of the root.

    >>> beside("a/b.js", "../c"), beside("a/b.js", "../../c"), beside("a/b.js", "..")
    ('c', None, '')
    """
    place = posixpath.normpath(join(path.rpartition("/")[0], name) or ".")
    return None if place.startswith(("..", "/")) else "" if place == "." else place


def shared(one: str, other: str) -> int:
    """How many folders two paths have in common from the root on."""
    count = 0
    for left, right in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count


def nearest(found: Collection[str], path: str) -> list[str]:
    """The paths in order: those that share most folders with `path`, then the least deep."""
    if len(found) < 2:
        return list(found)
    return sorted(found, key=lambda each: (-shared(each, path), each.count("/"), each))
