"""Bare names that a document does not have, and may come from elsewhere.

It has to be imported, so files must be able to import it: what is defined at the top level of a file, or
what another file imports. `next_edit` offers the import then. A variable, a parameter or a method of another
file does not count. What runs the code may know more names: files use those without binding them. In Go, a
bare name of another file is one of the package. Of other languages nothing is known here: in Rust, macros and
modules bring names in that no import shows.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from assist_context.documents import Document
from assist_context.languages import ECMASCRIPT, language_of
from assist_context.retrieval.corpus import Corpus

MAX_DEFINITIONS = 50  # more of one name are not looked at: the name is common, and counts as known
MAX_MENTIONS = 200  # the same for files that refer to it
MAX_TEXTS = 5  # files that are read for a name: about 0.3 ms each

_FAMILIES = {
    "python": frozenset({"python"}),
    "go": frozenset({"go"}),
    **dict.fromkeys(ECMASCRIPT, frozenset(ECMASCRIPT)),
}
_BINDERS = r"(?:def|class|function\*?|const|let|var|enum|type|interface|namespace|for|as|import|lambda|del)"


def may_come(corpora: Sequence[Corpus], document: Document, name: str) -> bool:
    """Say if a name may be meant in a document without being in it. The first corpus is the document's."""
    family = _FAMILIES.get(document.language.name)
    if family is None:
        return any(corpus.definitions(name, 1) or corpus.references(name, 1) for corpus in corpora)
    return any(
        _is_offered(corpus, document, family, name, own=corpus is corpora[0])
        or ("go" not in family and _is_imported(corpus, family, name))
        for corpus in corpora
    )


def _is_offered(corpus: Corpus, document: Document, family: frozenset[str], name: str, *, own: bool) -> bool:
    """Return whether a file defines a name at its top level; in Go, a file of the same package."""
    definitions = corpus.few_definitions(name, MAX_DEFINITIONS)
    if definitions is None:
        return True
    paths = [definition.path for definition in definitions if not definition.parent]
    paths = [path for path in paths if language_of(path).name in family]
    if "go" in family:
        return own and any(_folder(path) == _folder(document.path) for path in paths)
    return bool(paths)


def _is_imported(corpus: Corpus, family: frozenset[str], name: str) -> bool:
    """Return whether a file imports a name, may do so with all names of a module, or uses it unbound."""
    mentions = corpus.reader.mentions(name, MAX_MENTIONS)
    if len(mentions) == MAX_MENTIONS:
        return True
    paths = [
        path
        for path in dict.fromkeys((*corpus.opened, *mentions))
        if language_of(path).name in family and not corpus.hides(path)
    ]
    if any({name, "*"} & {*import_.names} for path in paths for import_ in corpus.imports(path)):
        return True
    others = (path for path in paths if not corpus.outline(path, name))  # those have a method of this name
    return any(_is_unbound("".join(corpus.lines(path)), name) for path in islice(others, MAX_TEXTS))


def _is_unbound(text: str, name: str) -> bool:
    """Return whether a text uses a name without binding it, or imports something under this name.

    >>> _is_unbound("describe('a', () => 1)", "describe"), _is_unbound("def f(run):\\n    run()", "run")
    (True, False)
    >>> _is_unbound("import numpy as np\\nnp.zeros(3)", "np")
    True
    """
    word = re.escape(name)
    if re.search(rf"\bas {word}\b|^import {word}\b", text, re.MULTILINE):
        return True
    uses = list(_uses(text, word))
    return bool(uses) and all(uses)


def _uses(text: str, word: str) -> Iterator[bool]:
    """Of each place of a word that is not a member: whether it is called or looked into, not bound."""
    for match in re.finditer(rf"(?<![\w$.'\"`])({_BINDERS}\s+)?{word}\b(\s*[(.<\[!])?", text):
        yield match[1] is None and match[2] is not None


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
