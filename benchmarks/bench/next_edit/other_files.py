"""The other files of a repository at a commit's parent, as next edit asks for them.

Those of the commit are open, as they are at that moment of a play.
"""

import re
import time
from collections.abc import Sequence
from pathlib import PurePosixPath

from assist_context.documents import Document, split_lines
from assist_context.files.git_repository import GitFailed, run_git
from assist_context.languages import language_of
from assist_evaluation.mining.sources import MinedRepository
from bench.next_edit.simulation import Session

MAX_FOUND = 12  # files that git names; the ones of the commit come first, as if they were open


class FilesAtCommit:
    """The port `OtherFiles` in a play: answers are remembered for one commit."""

    def __init__(self, repository: MinedRepository, parent: str) -> None:
        self._repository = repository
        self._parent = parent
        self._named: dict[tuple[str, str], list[str]] = {}
        self._texts: dict[str, str] = {}
        self.seconds = 0.0  # that git took: the product asks an index

    def at(self, session: Session, path: str) -> "SeenFrom":
        """The other files as seen from one."""
        return SeenFrom(self, session, path)

    def paths(self, name: str, suffix: str) -> list[str]:
        """The files of a kind that hold a name as a word."""
        key = (name, suffix)
        if key not in self._named:
            how = ("grep", "-l", "-w", "-F", "-z", "-e", name, self._parent, "--", f"*{suffix}")
            try:
                answer = run_git(self._repository.tree, lambda: False, *how).decode("utf-8", "replace")
            except GitFailed:  # it ends with 1 if nothing is found
                answer = ""
            found = [each.split(":", 1)[1] for each in answer.split("\0") if ":" in each]
            self._named[key] = found[: 4 * MAX_FOUND]
        return self._named[key]

    def text(self, path: str) -> str:
        if path not in self._texts:
            place = (self._parent, path)
            self._texts[path] = self._repository.texts_of([place]).get(place, "")
        return self._texts[path]


class SeenFrom:
    """The files other than one document of a play."""

    def __init__(self, files: FilesAtCommit, session: Session, path: str) -> None:
        self._files = files
        self._session = session
        self._path = path

    def using(self, name: str, limit: int) -> Sequence[Document]:
        """Files of the commit first, as they are now; then others."""
        start = time.perf_counter()
        found = self._using(name, limit)
        self._files.seconds += time.perf_counter() - start
        return found

    def _using(self, name: str, limit: int) -> Sequence[Document]:
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        opened = [each for each in self._session.files if each != self._path]
        found = [self._session.document(path) for path in opened]
        result = [each for each in found if word.search(each.text)]
        suffix = PurePosixPath(self._path).suffix
        for path in self._files.paths(name, suffix) if len(result) < limit else ():
            if path not in self._session.files and (text := self._files.text(path)):
                result.append(Document(path, split_lines(text), language_of(path)))
                if len(result) >= limit:
                    break
        return result[:limit]
