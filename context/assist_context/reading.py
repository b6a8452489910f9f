"""What is asked of the index: definitions, references, outlines, words, links between files.

It writes nothing. While there is no database, or none that can be read, every answer is empty and
`status` says why: no question is worth an error in an editor.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from assist_context import asking, searching
from assist_context.asking import Found, Place, Status
from assist_context.database import Connection, Failure, damaged, mark, open_read, size_of
from assist_context.discover import Entry
from assist_context.imports import Import
from assist_context.searching import Frequencies, Hit, Query, Weights

__all__ = ["Found", "Hit", "Place", "Reader", "Status"]

# Without the signature MRR@10 of docstrings that look for their functions is lower by 0.017 to 0.022.
NAME_PATH_BODY_HEAD: Weights = (4.0, 2.0, 1.0, 2.0)
RECOUNT = 0.25  # of the chunks come or gone, and the terms are counted again

_Answer = TypeVar("_Answer")


class Reader:
    """One reader, for one thread at a time. It notices a new database in the old one's place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._db: Connection | None = None
        self._file = (0, 0)
        self._opened = 0
        self._problem = ""
        self._known: Frequencies | None = None
        self._paths: tuple[int, tuple[str, ...]] = (-1, ())

    def generation(self) -> int:
        """Another number whenever something was written; 0 while there is nothing to read."""

        def answer(db: Connection) -> int:
            version = int(db.execute("PRAGMA data_version").fetchone()[0])
            return (self._opened << 32) + version

        return self._ask(answer, 0)

    def definitions(self, name: str, limit: int = 50) -> tuple[Found, ...]:
        """What a name may mean, by path and line."""
        return self._ask(lambda db: asking.definitions(db, name, limit), ())

    def few_definitions(self, name: str, most: int) -> tuple[Found, ...] | None:
        """What a name may mean, `None` if there are more than `most`."""
        empty: tuple[Found, ...] | None = ()
        return self._ask(lambda db: asking.few_definitions(db, name, most), empty)

    def outline(self, path: str, name: str | None = None, parent: str | None = None) -> tuple[Found, ...]:
        """The definitions of a file, in order; perhaps only those of a name, or of a qualified parent."""
        return self._ask(lambda db: asking.outline(db, path, name, parent), ())

    def references(self, name: str, limit: int = 200) -> tuple[Place, ...]:
        """Where a name is called or used as a type, by path and line."""
        return self._ask(lambda db: asking.references(db, name, limit), ())

    def imports(self, path: str) -> tuple[Import, ...]:
        """What a file imports, in order."""
        return self._ask(lambda db: asking.imports(db, path), ())

    def file(self, path: str) -> Entry | None:
        """A file as it was listed, `None` if it was not."""
        return self._ask(lambda db: asking.file(db, path), None)

    def files(self) -> tuple[str, ...]:
        """All paths, in order of their bytes; read again only when something was written."""
        generation = self.generation()
        if self._paths[0] != generation:
            self._paths = generation, self._ask(asking.files, ())
        return self._paths[1]

    def latest(self, suffixes: Sequence[str], most: int) -> tuple[str, ...]:
        """The files with one of these endings that were changed last, the newest first."""
        return self._ask(lambda db: asking.latest(db, suffixes, most), ())

    def search(
        self,
        terms: Sequence[str],
        limit: int = 20,
        weights: Weights = NAME_PATH_BODY_HEAD,
        without: str = "",
        *,
        patient: bool = False,
        named: bool = True,
    ) -> tuple[Hit, ...]:
        """The chunks that fit terms best, as `terms.terms` gives them, but none of the path `without`.

        `patient`: for a question, whose common words count too; it takes some times as long.
        Hits that are not `named` have no names: a name takes 0.05 ms.
        """

        def answer(db: Connection) -> tuple[Hit, ...]:
            known = self._frequencies(db)
            chosen = searching.rarest(terms, known, patient=patient)
            query = Query(chosen, limit, weights, without, named)
            return tuple(searching.search(db, query, known))

        return self._ask(answer, ())

    def rarity(self, term: str) -> int:
        """In how many chunks a term is; 0 also for one that came up lately."""
        return self._ask(lambda db: self._frequencies(db).terms.get(term, 0), 0)

    def links(self) -> Iterator[tuple[str, str, float]]:
        """(referring path, defining path, weight): for each name 1, divided among those who define it."""
        found: tuple[tuple[str, str, float], ...] = self._ask(lambda db: tuple(asking.links(db)), ())
        return iter(found)

    def together(self, path: str) -> tuple[tuple[str, float], ...]:
        """The files that change together with one, the closest first."""
        return self._ask(lambda db: asking.together(db, path), ())

    def status(self) -> Status:
        """The state of the index, as people ask for it."""
        found = self._ask(lambda db: asking.status(db, self._path), None)
        return found or Status(bytes=size_of(self._path), problem=self._problem)

    def close(self) -> None:
        """Ends it; the next question opens it again."""
        if self._db is not None:
            self._db.close()
        self._db = self._known = None

    def _ask(self, question: Callable[[Connection], _Answer], empty: _Answer) -> _Answer:
        try:
            db = self._current()
            return empty if db is None else question(db)
        except Failure as error:
            self._give_up(error, damage=damaged(error))
        except UnicodeEncodeError:
            pass  # a path or name that no file system and no source can have
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            self._give_up(error, damage=True)  # a row that nobody wrote so
        return empty

    def _current(self) -> Connection | None:
        try:
            status = os.stat(self._path)
        except OSError:
            self.close()
            self._problem = f"{self._path}: there is no index yet"
            return None
        if self._db is None or self._file != (status.st_dev, status.st_ino):
            self.close()
            self._db, self._file = open_read(self._path), (status.st_dev, status.st_ino)
            self._opened += 1
            self._problem = (
                "" if self._db else f"{self._path}: damaged or of another version; it is made again"
            )
        return self._db

    def _give_up(self, error: Exception, damage: bool) -> None:
        self._problem = f"{self._path}: {error}"
        self.close()
        if damage:
            mark(self._path)

    def _frequencies(self, db: Connection) -> Frequencies:
        known = self._known
        if known is None or abs(searching.newest(db) - known.last) > RECOUNT * known.last:
            self._known = known = searching.frequencies(db)
        return known
