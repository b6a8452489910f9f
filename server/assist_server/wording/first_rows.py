"""What is shown of a question before any model is asked: facts, or the places that it probably is about."""

import os

from assist_server.questions.events import FactsFound, PlacesFound
from assist_server.wording.facts import FactPart, FactRow, fact_rows, visible_rows


def first_rows(event: FactsFound | PlacesFound) -> tuple[list[FactRow], str]:
    """What is shown before any model is asked, and the folder that its paths are in."""
    if isinstance(event, FactsFound):
        return fact_rows(event.facts), event.facts.root
    return _place_rows(event), event.root


def _place_rows(found: PlacesFound) -> list[FactRow]:
    """Where the answer to a question probably is, and what is there. A place elsewhere has its whole path."""
    rows = list[FactRow]()
    for place in found.places:
        path = place.path if place.root in ("", found.root) else os.path.join(place.root, place.path)
        name = (FactPart(f" {place.name}"),) if place.name else ()
        rows.append(FactRow("" if rows else "Looks like", (FactPart(place.place, path, place.first), *name)))
    rows += [
        FactRow("" if number else "It says", (FactPart(line),)) for number, line in enumerate(found.said)
    ]
    return visible_rows(rows)
