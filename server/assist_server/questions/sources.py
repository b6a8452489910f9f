"""The sources of an answer: which lines of which files the model that answered was shown.

It knows spans and their origins, not what is in them.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from assist_escalation.prompts import Origin, Span

GAP = 1  # lines between two pieces of a file that are one place for a reader: mostly an empty line


@dataclass(frozen=True, slots=True)
class ShownSource:
    """Lines of a file, from 1 and both included, in the folder `root`.

    `name` is the definition or heading that they are, "" if they are several or none. `outline`: of these
    lines the model saw only the ones that say most. `folder` is the path of a folder other than the one that
    the question is about, from the user's home on if it is there.
    """

    path: str
    first: int
    last: int
    name: str = ""
    root: str = ""
    outline: bool = False
    folder: str = ""

    @property
    def place(self) -> str:
        """The file and the lines.

        >>> ShownSource("app.py", 3, 9).place, ShownSource("app.py", 3, 3).place
        ('app.py:3-9', 'app.py:3')
        """
        lines = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.folder}/{self.path}:{lines}" if self.folder else f"{self.path}:{lines}"


def sources_of(spans: Iterable[Span], names: Mapping[Origin, str], root: str = "") -> tuple[ShownSource, ...]:
    """The files among the spans in their order, neighbouring pieces of one file merged.

    `names` says what pieces are called, where that is known. The question is about the folder `root`.
    """
    found: list[ShownSource] = []
    for origin in (span.origin for span in spans):
        if origin.source != "file" or not origin.first:
            continue
        name = names.get(origin, "")
        folder = _from_home(origin.root) if root and origin.root != root else ""
        piece = ShownSource(origin.path, origin.first, origin.last, name, origin.root, origin.outline, folder)
        neighbours = [each for each in found if _adjoin(each, piece)]
        if not neighbours:
            found.append(piece)
            continue
        at = found.index(neighbours[0])
        for each in neighbours:
            piece = _union(each, piece)
            found.remove(each)
        found.insert(at, piece)
    return tuple(found)


def _from_home(folder: str) -> str:
    home = os.path.join(os.path.expanduser("~"), "")
    return f"~/{folder.removeprefix(home)}" if folder.startswith(home) else folder


def _adjoin(one: ShownSource, other: ShownSource) -> bool:
    same = (one.root, one.path, one.outline) == (other.root, other.path, other.outline)
    return same and one.first - GAP <= other.last + 1 and other.first - GAP <= one.last + 1


def _union(one: ShownSource, other: ShownSource) -> ShownSource:
    """Both pieces as one: the name of the piece that holds the other, else both names."""
    first = min(one.first, other.first)
    last = max(one.last, other.last)
    if (one.first, one.last) == (first, last):
        name = one.name or other.name
    elif (other.first, other.last) == (first, last):
        name = other.name or one.name
    else:
        name = ", ".join(dict.fromkeys(each for each in (one.name, other.name) if each))
    return replace(one, first=first, last=last, name=name)
