"""Which names exist: in a document, or defined or used anywhere in some folders.

A name that is only ever written after a dot, such as an attribute that is assigned, is found in the document
alone. Each name takes two queries, about 0.1 ms.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from assist_context.documents import Document
from assist_context.retrieval.corpus import Corpus


def unknown_names(corpora: Sequence[Corpus], document: Document, names: Collection[str]) -> Iterator[str]:
    """Yields the names that neither the document nor a corpus has. The indexes must be complete."""
    text = document.text
    for name in names:
        here = re.search(rf"\b{re.escape(name)}\b", text)
        if not here and not any(_has(corpus, name) for corpus in corpora):
            yield name


def _has(corpus: Corpus, name: str) -> bool:
    return bool(corpus.definitions(name, 1) or corpus.references(name, 1))
