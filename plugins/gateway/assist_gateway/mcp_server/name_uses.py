"""What an agent looks up about a name: the lines that use it, each once, whichever definition they mean.

What a line means is the context package's to say; where only the name tells, the line says so. A few lines
that may mean another definition are shown too: an agent that is told only their number searches for them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from assist_context.code.names.occurrences import NameReader
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document
from assist_context.evidence.call_graph import PLACES, apart
from assist_context.facts.code_uses import CodeUse, find_uses
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus
from assist_gateway.mcp_server.lookups import (
    FoundPlaces,
    definitions_of,
    last_part,
    line_place,
    no_such_name,
)
from assist_gateway.mcp_server.result_text import ShownPlace

MEANT = 3  # definitions of one name whose uses are looked up
FEW = 12  # lines that may mean another definition, and are shown; of more there is only the number
BY_NAME = "(by name)"


def references(corpus: Corpus, symbol: str, kind: str = "all") -> FoundPlaces:
    """The lines that use what a name means; `kind`: "all", or only "tests" or "code", which is all else."""
    found, unshown = definitions_of(corpus, symbol)
    if not found:
        return FoundPlaces((), (), unshown) if unshown else _uses_of_unknown(corpus, symbol, kind)
    meant = found[:MEANT]
    used = _meant_uses(corpus, meant)
    unshown = (*unshown, *(use.path for use in used if not corpus.lines(use.path)))
    used = [use for use in used if corpus.lines(use.path)]
    rest = _named_lines(corpus, meant, used)
    wanted = _of_kind(corpus, used, kind)
    unsure = _of_kind(corpus, rest, kind)
    if not wanted or len(unsure) <= FEW:
        wanted += unsure
        unsure = []
    other = len(used) + len(rest) - len(_of_kind(corpus, (*used, *rest), kind))
    notes = [f"({other} more in {'other code' if kind == 'tests' else 'tests'})"] if other else []
    if unsure:
        notes.append(
            f"({len(unsure)} other lines have the name {meant[0].name}, but may mean something else)"
        )
    if len(found) > MEANT:
        notes.append(f"({len(found) - MEANT} more definitions: name one as Owner.name or PATH:name)")
    by_name = bool(wanted) and not any(use.sure for use in wanted)
    heads = [ShownPlace(site.path, site.start_line, f"{site.kind} {site.qualified}") for site in meant]
    count = f", used {len(wanted)} times" + f" {BY_NAME}" * by_name
    heads[-1] = replace(heads[-1], label=heads[-1].label + count)
    uses = _use_places(corpus, wanted, marked=not by_name)
    return FoundPlaces((*heads, *uses), tuple(notes), unshown)


def _meant_uses(corpus: Corpus, meant: Sequence[IndexedDefinition]) -> list[CodeUse]:
    """The uses of definitions, each line once; it is sure if it is for one of them."""
    used: dict[tuple[str, int], CodeUse] = {}
    for site in meant:
        document = Document(site.path, tuple(corpus.lines(site.path)), language_of(site.path))
        for use in find_uses(corpus, site, NameReader(ParsedText(document)))[0]:
            at = (use.path, use.line)
            if use.sure or at not in used:
                used[at] = use
    return list(used.values())


def _named_lines(
    corpus: Corpus, meant: Sequence[IndexedDefinition], used: Sequence[CodeUse]
) -> list[CodeUse]:
    """Further lines that have the name, outside of the definitions, in files that may be shown."""
    known = {(use.path, use.line) for use in used}
    known |= {(site.path, line) for site in meant for line in range(site.start_line, site.end_line + 1)}
    found = {(at.path, at.line): at for at in corpus.references(meant[0].name, PLACES)}
    return [
        CodeUse(at.path, at.line, at.inside, sure=False)
        for place, at in found.items()
        if place not in known and corpus.lines(at.path)
    ]


def _use_places(corpus: Corpus, uses: Iterable[CodeUse], *, marked: bool = True) -> list[ShownPlace]:
    """The lines, by file, code before tests. What is around one is said where it is not that of the last."""
    places: list[ShownPlace] = []
    above = ("", "")
    ordered = sorted(uses, key=lambda use: (use.path, use.line))
    for use in _of_kind(corpus, ordered, "all"):
        around = (
            f"in {use.inside}" if use.inside else "at the top" if above[0] == use.path and above[1] else ""
        )
        words = ["" if above == (use.path, use.inside) else around, BY_NAME * (marked and not use.sure)]
        label = " ".join(filter(None, words))
        places.append(line_place(use.path, use.line, corpus.lines(use.path), label))
        above = (use.path, use.inside)
    return places


def _of_kind(corpus: Corpus, uses: Iterable[CodeUse], kind: str) -> list[CodeUse]:
    """The uses in code, in tests, or all, code before tests."""
    code, tests = apart(corpus, uses)
    return {"code": code, "tests": tests}.get(kind, [*code, *tests])


def _uses_of_unknown(corpus: Corpus, symbol: str, kind: str) -> FoundPlaces:
    """The uses of a name that nothing in the folder defines."""
    name = last_part(symbol)
    sites = sorted({(site.path, site.line, site.inside) for site in corpus.references(name, PLACES)})
    uses = _of_kind(corpus, [CodeUse(*site, sure=True) for site in sites], kind)
    shown = tuple(_use_places(corpus, [use for use in uses if corpus.lines(use.path)]))
    unshown = tuple(use.path for use in uses if not corpus.lines(use.path))
    if not shown:
        return FoundPlaces((), () if unshown else (no_such_name(corpus, symbol),), unshown)
    return FoundPlaces(shown, ("(nothing here defines it)",), unshown)
