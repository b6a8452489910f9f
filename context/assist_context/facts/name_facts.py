"""Facts of a name that the folder does not define, or defines often: the lines that use it."""

from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.evidence.call_graph import PLACES, apart
from assist_context.facts.code_uses import MAX_USES, CodeUse
from assist_context.index.reader import IndexedDefinition
from assist_context.retrieval.corpus import Corpus


@dataclass(frozen=True, slots=True)
class NameFacts:
    """The lines that call a name or use it as a type, of tests apart, and the names here that are like it.

    There are at most 15 of each; the counts say how many there are. `definitions` are those that it may mean.
    """

    name: str
    definitions: tuple[IndexedDefinition, ...] = ()
    callers: tuple[CodeUse, ...] = ()
    caller_count: int = 0
    tests: tuple[CodeUse, ...] = ()
    test_count: int = 0
    alike: tuple[str, ...] = ()


def name_facts(corpus: Corpus, name: str, alike: Sequence[str] = ()) -> NameFacts:
    """The uses of a name, whatever it means there."""
    definitions = corpus.definitions(name, PLACES)
    sites = sorted({(site.path, site.line, site.inside) for site in corpus.references(name, PLACES)})
    uses = [CodeUse(*site, sure=True) for site in sites]
    callers, tests = apart(corpus, uses)
    return NameFacts(
        name,
        definitions,
        tuple(callers[:MAX_USES]),
        len(callers),
        tuple(tests[:MAX_USES]),
        len(tests),
        tuple(alike) if not uses else (),
    )
