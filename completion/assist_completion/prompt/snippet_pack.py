"""Which snippets stand ahead of a file's text, kept still so that the prompt's beginning is not read again.

A pack only grows, at its end, until it is full; it is replaced as a whole when another set is clearly
better. All of that happens while nobody waits: a request takes the pack as it is. It knows no index.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.documents import CHARS_PER_TOKEN, Snippet

BETTER = 1.25  # times the score of what is kept, as the ranking of the moment sees it, to begin anew
GROWN = 2  # snippets that a pack takes in at a time: each growth costs a head


@dataclass(frozen=True, slots=True)
class Pack:
    """The snippets of one file, in the order of the prompt; `epoch` counts the beginnings."""

    snippets: tuple[Snippet, ...] = ()
    epoch: int = 0


def tokens_of(snippet: Snippet) -> int:
    """An estimate from above, path and marks included."""
    return int((len(snippet.text) + len(snippet.path)) / CHARS_PER_TOKEN) + 3


def offer(pack: Pack, ranked: Sequence[Snippet], budget: int) -> Pack:
    """The pack after a new ranking (best first), within `budget` tokens; the same one if nothing changes.

    The best stand last, nearest to the code.
    """
    fresh = _fitting(ranked, budget)
    if not fresh:
        return pack
    if not pack.snippets:
        return Pack(tuple(reversed(fresh)), pack.epoch + 1)
    kept = {_key(each) for each in pack.snippets}
    missing = [each for each in fresh if _key(each) not in kept]
    if not missing:
        return pack
    scores = {_key(each): each.score for each in ranked}
    value = sum(scores.get(_key(each), 0.0) for each in pack.snippets)
    room = budget - sum(map(tokens_of, pack.snippets))
    added = _fitting(missing, room)[:GROWN]
    gain = sum(each.score for each in added)
    if added and gain > (BETTER - 1) * value:
        return Pack((*pack.snippets, *reversed(added)), pack.epoch)
    if sum(each.score for each in fresh) > BETTER * value:
        return Pack(tuple(reversed(fresh)), pack.epoch + 1)
    return pack


def _fitting(ranked: Sequence[Snippet], budget: int) -> list[Snippet]:
    """The best that fit, best first; a smaller one may follow one that is too long."""
    taken: list[Snippet] = []
    for each in ranked:
        need = tokens_of(each)
        if need <= budget:
            taken.append(each)
            budget -= need
    return taken


def _key(snippet: Snippet) -> tuple[str, str]:
    return snippet.path, snippet.text
