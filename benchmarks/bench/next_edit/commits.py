"""Commits of a repository as files with hunks, in an order in which a user may have made them: from the top.

Commits are not keystrokes: what was tried and taken back is invisible, and the order is a guess.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from assist_context.documents import split_lines
from assist_context.languages import language_of
from assist_evaluation.mining.patched_commits import PatchedCommit, PatchedFile
from assist_evaluation.mining.sources import MinedRepository, is_source, is_written_by_people

MAX_FILES = 12  # of a commit: what changes more was done by a program
HUNKS = range(1, 41)  # of a file
MAX_LINES = 6_000


@dataclass(slots=True)
class Piece:
    """Lines that a commit keeps, or a hunk: what is there now becomes `final`. `index` counts hunks."""

    now: list[str]
    final: tuple[str, ...]
    index: int = -1
    helped: bool = False  # whether an accepted offer changed it

    @property
    def is_done(self) -> bool:
        return tuple(self.now) == self.final


@dataclass(slots=True)
class EditedFile:
    """One file of a commit, in pieces from the top."""

    path: str
    pieces: list[Piece]
    first: int = 0  # the hunk with which the user begins: then down, and then from the top

    def lines(self) -> tuple[str, ...]:
        """The text now, as `split_lines` returns it."""
        return split_lines("".join(line for piece in self.pieces for line in piece.now))

    def start(self, wanted: Piece) -> int:
        """The first line of a piece, from 0."""
        at = 0
        for piece in self.pieces:
            if piece is wanted:
                break
            at += len(piece.now)
        return at

    def next_hunk(self) -> Piece | None:
        """The first hunk that is not made yet."""
        rest = [each for each in self.pieces if each.index >= 0 and not each.is_done]
        return min(rest, key=lambda each: (each.index < self.first, each.index), default=None)

    def hunks(self) -> list[Piece]:
        return [each for each in self.pieces if each.index >= 0]


def played_commits(
    repository: MinedRepository, count: int, *, wrap: bool = False
) -> Iterator[tuple[PatchedCommit, list[EditedFile]]]:
    """The newest `count` commits that change files of source code, with at least one file of two hunks.

    With `wrap`, the user begins with a hunk that is drawn, by the commit's id.
    """
    skip = 0
    found = 0
    while found < count and (batch := repository.commits(skip, 200)):
        skip += 200
        chosen = [(each, _files_of(each)) for each in batch]
        chosen = [(each, files) for each, files in chosen if any(len(file.hunks) > 1 for file in files)]
        places = [(each.parent, file.path) for each, files in chosen for file in files]
        texts = repository.texts_of(places)
        for commit, files in chosen:
            edited = [_edited_file(file, texts.get((commit.parent, file.path), "")) for file in files]
            known = [each for each in edited if each is not None]
            for each in known if wrap else ():
                each.first = Random(f"{commit.id}{each.path}").randrange(len(each.hunks()))
            if known:
                found += 1
                yield commit, known
                if found == count:
                    return


def _files_of(commit: PatchedCommit) -> list[PatchedFile]:
    files = [each for each in commit.files if is_source(each.path) and len(each.hunks) in HUNKS]
    languages = {language_of(each.path).name for each in files}
    return files if len(files) <= MAX_FILES and len(languages) == 1 else []


def _edited_file(file: PatchedFile, text: str) -> EditedFile | None:
    """The file before its commit, in pieces; None if the hunks do not fit the text."""
    lines = split_lines(text)
    if not text or len(lines) > MAX_LINES or not is_written_by_people(text):
        return None
    pieces: list[Piece] = []
    at = 0
    for index, hunk in enumerate(file.hunks):
        first = hunk.old - 1 if hunk.removed else hunk.old
        old = lines[first : first + len(hunk.removed)]
        if first < at or tuple(each.rstrip("\n") for each in old) != hunk.removed:
            return None
        pieces.append(Piece(list(lines[at:first]), lines[at:first]))
        final = tuple(f"{each}\n" for each in hunk.added)
        pieces.append(Piece(list(old), final, index))
        at = first + len(old)
    pieces.append(Piece(list(lines[at:]), lines[at:]))
    return EditedFile(file.path, pieces)


def edits_of(now: Sequence[str], final: Sequence[str]) -> Iterator[tuple[int, Sequence[str], Sequence[str]]]:
    """How a user types a hunk: line by line, as (line in the hunk, old lines, new lines)."""
    same = min(len(now), len(final))
    for at in range(same):
        if now[at] != final[at]:
            yield at, now[at : at + 1], final[at : at + 1]
    for at in range(same, len(final)):
        yield at, (), final[at : at + 1]
    for _ in range(same, len(now)):
        yield same, now[same : same + 1], ()
