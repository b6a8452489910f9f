"""The other files of the workspace, for the kinds of next edit: which use a name.

Open documents come first, as they are in the editor; the rest is read through the index as it was indexed,
and what a rule hides is not read. One thread uses it. It looks at few files, however many there are.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.documents import Document
from assist_context.index.terms import terms
from assist_context.languages import language_of
from assist_context.relations.path_index import sort_by_distance
from assist_context.retrieval.corpus import Corpus

MAX_MENTIONS = 200  # files with a name that are sorted by their distance
MAX_HITS = 30  # of a search for a name: a name is in several chunks of a file


@dataclass(frozen=True, slots=True)
class WorkspaceFiles:
    """The port `OtherFiles`, as seen from a document with an absolute path.

    `corpora` are the folders of the workspace; `opened` are the open documents that may be shown, by their
    absolute paths, those edited last first.
    """

    document: Document
    corpora: Sequence[Corpus] = ()
    opened: Sequence[Document] = ()

    def using(self, name: str, limit: int) -> list[Document]:
        """Documents that hold a name as a word: the open ones, then files that refer to it or define it.

        What is indexed as no reference, such as a constant, is searched for by the words of its name.
        """
        edge = r"\w" if self.document.language.sigil else r"[\w$]"
        word = re.compile(rf"(?<!{edge}){re.escape(name)}(?!{edge})")
        own = self.document.path
        documents = [
            document for document in self.opened if document.path != own and word.search(document.text)
        ][:limit]
        paths_taken = {own, *(document.path for document in self.opened)}
        for corpus in self.corpora:
            near = _inside(corpus, own) or ""
            mentions = sort_by_distance(corpus.reader.mentions(name, MAX_MENTIONS), near)
            if all(os.path.join(corpus.root, path) == own for path in mentions):
                mentions = _holding(corpus, name)  # constants are no references
            for path in mentions:
                if len(documents) >= limit:
                    return documents
                absolute = os.path.join(corpus.root, path)
                if absolute not in paths_taken and not corpus.hides(path):
                    lines = tuple(corpus.lines(path))
                    if any(word.search(line) for line in lines):
                        documents.append(Document(absolute, lines, language_of(path)))
        return documents


def _holding(corpus: Corpus, name: str) -> list[str]:
    """The files with the words of a name of several words; files with a single word would be too many."""
    words = list(dict.fromkeys(terms(name)))
    hits = corpus.search(words, MAX_HITS) if len(words) > 1 else ()
    return list(dict.fromkeys(hit.path for hit in hits))


def _inside(corpus: Corpus, path: str) -> str | None:
    """A path relative to a folder, with "/"; `None` if it is elsewhere."""
    root = corpus.root.rstrip(os.sep) + os.sep
    return path[len(root) :].replace(os.sep, "/") if path.startswith(root) else None
