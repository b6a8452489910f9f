"""The lines of other files that use a definition which their folder no longer has.

It looks names up as if the file still were as it was. It knows no diff.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assist_context.code.names.occurrences import NameReader
from assist_context.code.symbols import Definition, symbols
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document
from assist_context.facts.code_uses import sure_uses
from assist_context.relations.path_index import PathIndex, make_path_index
from assist_context.retrieval.corpus import Corpus, OpenFile, to_indexed


@dataclass(frozen=True, slots=True)
class LeftUse:
    """The first line of a file that uses a definition that is gone, and how many more lines of it do."""

    path: str
    line: int
    name: str
    more: int


class _FolderBefore(Corpus):
    """A folder in which one file is as it was, even if it is deleted."""

    def __init__(self, corpus: Corpus, document: Document) -> None:
        super().__init__(corpus.root, corpus.reader)
        self.set_open({document.path: OpenFile(document, symbols(document.language, document.text))})
        now = corpus.files()
        gone = document.path not in now.paths
        self._before = make_path_index({*now.paths, document.path}) if gone else now

    def files(self) -> PathIndex:
        return self._before


def left_uses(corpus: Corpus, before: ParsedText, gone: Sequence[Definition]) -> Iterator[LeftUse]:
    """The sure uses in other files of definitions at the top of a file as it was."""
    document = before.document
    folder = _FolderBefore(corpus, document)
    reader = NameReader(before)
    for site in gone:
        lines: dict[str, set[int]] = {}
        for use in sure_uses(folder, to_indexed(document.path, site), reader):
            lines.setdefault(use.path, set()).add(use.line)
        lines.pop(document.path, None)
        for path, used in sorted(lines.items()):
            yield LeftUse(path, min(used), site.qualified, len(used) - 1)
