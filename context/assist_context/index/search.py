"""Word search over the chunks, as it is asked for: the terms to look for, and what a hit is.

`ranking` finds the best chunks. It loads numpy, in 0.1 s, so this module does not: facts need no ranking.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from assist_context.index.database import Connection
from assist_context.index.encoding import NAME

MAX_TERMS, PATIENT_TERMS = 20, 40
# Postings of all terms together. A search in 250,000 chunks takes 4.8 ms at the median with 5,000,
# and 7.2 ms with 20,000. A question may take longer:
# sentences of docstrings that search for their functions in installed packages (80,000 chunks) reach an
# MRR@10 of 0.300 with 20,000 and 20 terms, and of 0.337 with 80,000 and 40.
MAX_POSTINGS, PATIENT_POSTINGS = 5_000, 80_000

Among = Literal["all", "pages", "code"]
FieldWeights = tuple[float, float, float, float]  # of name, path, body and signature


@dataclass(frozen=True, slots=True)
class SearchHit:
    """Lines of a file, from 1, both ends included; `name` is the definition's; a higher score is better.

    `coverage` is the share of the terms that are there, the rare ones counting more: 1 for all of them.
    """

    path: str
    start_line: int
    end_line: int
    name: str
    score: float
    coverage: float = 1.0


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search: `terms` are as `rarest` returns them.

    If `named` is false, hits have no names: looking up a name takes 0.05 ms. `among`: pages of documentation,
    or everything else, or all.
    """

    terms: Sequence[str]
    limit: int
    weights: FieldWeights
    named: bool = True
    among: Among = "all"


@dataclass(frozen=True, slots=True)
class Frequencies:
    """In how many of `chunks` each term is; terms of names and signatures have their prefix.

    `body`, `name` and `head`: their mean numbers of terms. `last`: the newest chunk at the time of counting.
    """

    terms: Mapping[str, int]
    chunks: int
    body: float
    name: float
    head: float
    last: int = 0

    def rarity(self, term: str) -> float:
        """BM25's weight of a term."""
        count = self.terms.get(term, 0)
        return math.log((max(self.chunks, count) - count + 0.5) / (count + 0.5) + 1)


def rarity_among(term: str, frequencies: Sequence[Frequencies]) -> float:
    """BM25's weight of a term in several indexes seen as one, so that scores in them can be compared."""
    together = Frequencies(
        {term: sum(index.terms.get(term, 0) for index in frequencies)},
        sum(index.chunks for index in frequencies),
        1,
        1,
        1,
    )
    return together.rarity(term)


def newest(db: Connection) -> int:
    """The first chunk of the content that was written last, 0 if there is none."""
    return int(db.execute("SELECT COALESCE(MAX(chunk), 0) FROM content").fetchone()[0])


def rarest(terms: Sequence[str], frequencies: Frequencies, *, patient: bool = False) -> list[str]:
    """The terms worth searching for, the rarest first; neighbours that form a known word count as one term
    too.

    Terms that occur nowhere come last: they cost little, and `frequencies` may be a little old. A `patient`
    search has more terms, and more common ones.
    """
    most_terms, most_postings = MAX_TERMS, MAX_POSTINGS
    if patient:
        most_terms, most_postings = PATIENT_TERMS, PATIENT_POSTINGS
    every = (pair for a, b in pairwise(terms) for pair in (a + b, f"{a}e{b}"))  # terms have lost their last e
    pairs = [pair for pair in every if pair in frequencies.terms]
    unique = [term for term in dict.fromkeys([*terms, *pairs]) if term.isalnum()]
    counts = {term: sum(frequencies.terms.get(mark + term, 0) for mark in ("", NAME)) for term in unique}
    selection: list[str] = []
    postings = 0
    for term in sorted(filter(counts.__getitem__, unique), key=counts.__getitem__):
        postings += counts[term]
        if len(selection) >= most_terms or (selection and postings > most_postings):
            break
        selection.append(term)
    return selection + [term for term in unique if not counts[term]][:most_terms]
