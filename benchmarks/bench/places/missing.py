"""The names in texts at places that do not exist, as type checkers say.

At a place of a commit a name counts as missing if it is missing both in the newest tree and in the one before
all commits. What the commit's own text is blamed for is no fault of another text there.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.checkers.faults import Fault, FilePart, link_installed
from bench.checkers.selection import faults_in
from bench.places.commits import Place, check_out

INVENTED = ("member", "name", "import")  # kinds of faults; an argument that no parameter takes counts apart

PlacedText = tuple[Place, str, int]  # a text at a place, and how many characters after the cursor it replaces
Missing = dict[tuple[str, str], list[Fault]]  # by the place's id and the text


def missing_names(tools: Path, folder: Path, texts: Sequence[PlacedText]) -> Missing:
    """The faults of the texts and of what was written at their places; each text is checked once.

    Texts of a language without a checker are left out. Raises `OSError` if a checker cannot be run.
    """
    truths = [(place, place.truth, 0) for place, *_ in texts]
    wanted = {
        (place.id, text): part_of(place, text, size)
        for place, text, size in (*truths, *texts)
        if text.strip()
    }
    found: Missing = {}
    with _trees(folder) as trees:
        checked = [faults_in(tools, tree, list(wanted.values())) for tree in trees]
    for key, first, *others in zip(wanted, *checked, strict=True):
        if first is not None:
            found[key] = [fault for fault in first if all(fault in other for other in others)]
    return without_blame(found, {(place.id, text): (place.id, place.truth) for place, text, _ in texts})


def without_blame(found: Missing, truths: dict[tuple[str, str], tuple[str, str]]) -> Missing:
    """The faults without those that the commit's own text has as well."""
    kept = dict(found)
    for key, truth in truths.items():
        if key in found and key != truth:
            blamed = {fault.name for fault in found.get(truth, ())}
            kept[key] = [fault for fault in found[key] if fault.name not in blamed]
    return kept


def part_of(place: Place, text: str, replaced: int) -> FilePart:
    """A place's file with a text in it."""
    first = len(place.before)
    return FilePart(place.path, place.before + text + place.after[replaced:], first, first + len(text))


@contextmanager
def _trees(folder: Path) -> Iterator[list[Path]]:
    """The folder, and for a repository the tree before the commits of its places, too."""
    if not (folder / ".git").exists():
        yield [folder]
        return
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary, folder.name)
        base.mkdir()
        check_out(folder, base)
        link_installed(folder, base)
        yield [folder, base]
